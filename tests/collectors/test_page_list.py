from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from collectors.contract import State
from collectors.kinds import _reading
from collectors.kinds.page_list import KIND, PageList
from tests.collectors.site import NOW, Answer, Site, article

HOUR = timedelta(hours=1)


def source(site: Site, **changes: object) -> PageList:
    fields: dict[str, object] = {
        "kind": "page_list",
        "name": "gov",
        "url": f"{site.url}/news/",
        "links": "ul a",
    }
    return KIND.model_validate(fields | changes)


def listing(*numbers: int, following: str = "") -> str:
    items = "".join(
        f"<li><a href='/news/{n}.html'>清岚区第{n}号通报发布</a> "
        f"<span>2026-05-{n % 12 + 1:02d}</span></li>"
        for n in numbers
    )
    more = f"<a href='{following}'>下一页</a>" if following else ""
    return f"<html><body><ul>{items}</ul>{more}</body></html>"


def published(site: Site, *numbers: int) -> None:
    site.pages |= {f"/news/{n}.html": article(f"清岚区第{n}号通报发布") for n in numbers}


def read(site: Site, numbers: list[int]) -> list[str]:
    return [f"{site.url}/news/{n}.html" for n in numbers]


def test_listed_articles_are_read_once(site: Site) -> None:
    site.pages["/news/"] = listing(1, 2)
    published(site, 1, 2)
    first = site.collect(source(site))
    assert [entry.external_id for entry in first.entries] == read(site, [1, 2])
    assert first.entries[0].title == "清岚区第1号通报发布"
    assert first.entries[0].published == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
    assert first.entries[0].origin == "清岚发布"
    site.pages["/news/"] = listing(3, 1, 2)
    published(site, 3)
    assert [e.external_id for e in site.collect(source(site), first.state).entries] == read(
        site, [3]
    )


def test_the_list_tells_the_day_where_the_article_does_not(site: Site) -> None:
    site.pages["/news/"] = listing(4)
    words = "今晚八点恢复供水，请居民放心。" * 20
    site.pages["/news/4.html"] = f"<html><body><h1>恢复供水</h1><p>{words}</p></body></html>"
    (entry,) = site.collect(source(site)).entries
    assert (entry.published, entry.date_flag) == (
        datetime(2026, 5, 4, 16, 0, tzinfo=UTC),
        "from_list",
    )


def test_pages_are_read_until_one_brings_nothing_new(site: Site) -> None:
    site.pages |= {
        "/news/": listing(6, 5, following="/news/p2"),
        "/news/p2": listing(4, 3, following="/news/p3"),
        "/news/p3": listing(2, 1, following="/news/p4"),
        "/news/p4": listing(0),
    }
    published(site, *range(10))
    first = site.collect(source(site))
    assert [entry.external_id for entry in first.entries] == read(site, [6, 5, 4, 3, 2, 1])
    site.asked.clear()
    site.collect(source(site, check_gone=False), first.state)
    assert site.asked == ["/news/"]


def test_what_waits_behind_known_articles_is_read_next(site: Site) -> None:
    site.pages |= {"/news/": listing(4, 3, following="/news/p2"), "/news/p2": listing(2, 1)}
    published(site, 1, 2, 3, 4)
    few = source(site, articles_at_most=2)
    first = site.collect(few)
    assert first.problems == ("2 further articles wait for the next round",)
    second = site.collect(few, first.state)
    assert [entry.external_id for entry in second.entries] == read(site, [2, 1])
    assert second.problems == ()


def test_a_list_page_that_fails_is_told_and_read_next(site: Site) -> None:
    site.pages |= {"/news/": listing(2, following="/news/p2"), "/news/p2": Answer(status=502)}
    published(site, 1, 2)
    first = site.collect(source(site))
    assert f"{site.url}/news/p2" in first.problems[0]
    site.pages["/news/p2"] = listing(1)
    assert [e.external_id for e in site.collect(source(site), first.state).entries] == read(
        site, [1]
    )


def test_an_unchanged_list_is_not_sent_again_unless_an_article_is_missing(site: Site) -> None:
    site.pages["/news/"] = Answer(listing(1, 2).encode(), etag='"1"')
    published(site, 1)
    site.pages["/news/2.html"] = Answer(status=503)
    first = site.collect(source(site))
    assert len(first.problems) == 1
    published(site, 2)
    second = site.collect(source(site), first.state)
    assert len(second.entries) == 1
    assert site.collect(source(site), second.state).not_modified


def test_once_a_day_the_list_is_read_in_full(site: Site) -> None:
    site.pages["/news/"] = Answer(listing(1).encode(), etag='"1"')
    published(site, 1, 2)
    first = site.collect(source(site))
    # The server lies: the list has changed and the mark has not.
    site.pages["/news/"] = Answer(listing(2, 1).encode(), etag='"1"')
    state = {**first.state, "full_at": NOW.isoformat()}
    assert site.collect(source(site), state, NOW + 23 * HOUR).not_modified
    assert len(site.collect(source(site), state, NOW + 24 * HOUR).entries) == 1


def test_a_link_that_leads_nowhere_is_given_up(site: Site) -> None:
    site.pages["/news/"] = Answer(listing(1).encode(), etag='"1"')
    state: State = {}
    for hours in (0, 1, 3, 15):
        collected = site.collect(source(site), state, NOW + hours * HOUR)
        state = {**collected.state, "full_at": NOW.isoformat()}
    assert collected.problems[0].endswith("given up after 4 tries")
    assert site.collect(source(site), state, NOW + 16 * HOUR).not_modified


def test_a_site_that_refuses_everything_for_hours_costs_no_article(site: Site) -> None:
    site.pages["/news/"] = listing(1)
    site.pages["/news/1.html"] = Answer(status=403)
    state: State = {}
    for quarter in range(40):
        state = site.collect(source(site), state, NOW + quarter * HOUR / 4).state
    assert site.asked.count("/news/1.html") == 3
    published(site, 1)
    assert len(site.collect(source(site), state, NOW + 15 * HOUR).entries) == 1


def test_a_round_without_time_left_keeps_what_it_has(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages["/news/"] = listing(1, 2)
    published(site, 1, 2)
    monkeypatch.setattr(_reading, "ROUND_SECONDS", -1.0)
    late = site.collect(source(site))
    assert late.problems == ("2 further articles wait for the next round",)
    monkeypatch.undo()
    assert len(site.collect(source(site), late.state).entries) == 2


# Originals that disappear


def known(site: Site, *numbers: int) -> State:
    """Return the state of a round in which these articles were read."""
    site.pages["/news/"] = Answer(listing(*numbers).encode(), etag='"1"')
    published(site, *numbers)
    return {**site.collect(source(site)).state, "full_at": NOW.isoformat()}


def test_an_article_that_says_it_is_gone_is_gone(site: Site) -> None:
    state = known(site, 1)
    site.pages["/news/1.html"] = Answer(status=410)
    assert site.collect(source(site), state, NOW + 5 * HOUR).gone == ()
    assert site.collect(source(site), state, NOW + 6 * HOUR).gone == tuple(read(site, [1]))


def test_one_404_is_no_proof_and_two_six_hours_apart_are(site: Site) -> None:
    state = known(site, 1)
    site.pages["/news/1.html"] = Answer(status=404)
    first = site.collect(source(site), state, NOW + 6 * HOUR)
    assert first.gone == ()
    soon = site.collect(source(site), first.state, NOW + 7 * HOUR)
    assert soon.gone == ()
    second = site.collect(source(site), soon.state, NOW + 12 * HOUR)
    assert second.gone == tuple(read(site, [1]))
    assert site.collect(source(site), second.state, NOW + 20 * HOUR).gone == ()


@pytest.mark.parametrize("status", [200, 403, 500, 503])
def test_an_article_that_came_back_or_is_refused_is_not_gone(site: Site, status: int) -> None:
    state = known(site, 1)
    site.pages["/news/1.html"] = Answer(status=404)
    state = site.collect(source(site), state, NOW + 6 * HOUR).state
    site.pages["/news/1.html"] = Answer(status=status)
    state = site.collect(source(site), state, NOW + 12 * HOUR).state
    site.pages["/news/1.html"] = Answer(status=404)
    assert site.collect(source(site), state, NOW + 18 * HOUR).gone == ()


def test_three_a_round_are_looked_at_those_seen_longest_ago_first(site: Site) -> None:
    state = known(site, 1, 2, 3, 4)
    site.asked.clear()
    state = site.collect(source(site), state, NOW + 6 * HOUR).state
    assert len(site.asked) == 1 + 3
    site.asked.clear()
    site.collect(source(site), state, NOW + 7 * HOUR)
    assert len(site.asked) == 1 + 1


def test_nobody_looks_where_that_is_switched_off(site: Site) -> None:
    state = known(site, 1)
    site.asked.clear()
    site.collect(source(site, check_gone=False), state, NOW + 9 * HOUR)
    assert site.asked == ["/news/"]


# What cannot be read


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(status=404), "404"),
        (Answer(b""), "no links found"),
        (Answer(b"<html><body><p>busy</p></body></html>"), "no links found"),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_a_list_that_names_nothing_is_a_failure_in_one_line(
    site: Site, answer: Answer, says: str
) -> None:
    site.pages["/news/"] = answer
    collected = site.collect(source(site), {"seen": {"a": "b"}})
    assert says in collected.failure
    assert collected.state == {"seen": {"a": "b"}}


def test_a_selector_that_is_none_is_refused(site: Site) -> None:
    with pytest.raises(ValidationError, match="links"):
        source(site, links="ul > > a[")

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from collectors.kinds import _reading
from collectors.kinds.sitemap import KIND, SAME_TIME_AT_MOST, SitemapSource
from tests.collectors.site import NOW, Answer, Site, article

URLSET = (
    "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' "
    "xmlns:n='http://www.google.com/schemas/sitemap-news/0.9'>"
)
HOUR = timedelta(hours=1)


def source(site: Site, **changes: object) -> SitemapSource:
    fields: dict[str, object] = {
        "kind": "sitemap",
        "name": "gov",
        "url": f"{site.url}/sitemap.xml",
    }
    return KIND.model_validate(fields | changes)


def listed(site: Site, *pages: tuple[str, datetime | None], path: str = "/sitemap.xml") -> None:
    """Put a sitemap on the site, and a page for each address it names."""
    inner = ""
    for name, changed in pages:
        stands = f"<lastmod>{changed.isoformat()}</lastmod>" if changed else ""
        inner += f"<url><loc>{site.url}/{name}</loc>{stands}</url>"
        site.pages.setdefault(f"/{name}", article(f"清岚区通报{name}"))
    site.pages[path] = f"<?xml version='1.0'?>{URLSET}{inner}</urlset>"


def index(site: Site, *children: tuple[str, datetime | None]) -> None:
    inner = ""
    for name, changed in children:
        stands = f"<lastmod>{changed.isoformat()}</lastmod>" if changed else ""
        inner += f"<sitemap><loc>{site.url}/{name}</loc>{stands}</sitemap>"
    site.pages["/sitemap.xml"] = f"<sitemapindex>{inner}</sitemapindex>"


def test_new_pages_are_read_as_articles_the_latest_first(site: Site) -> None:
    listed(site, ("a", NOW - 2 * HOUR), ("b", NOW - HOUR), ("old", NOW - 72 * HOUR))
    collected = site.collect(source(site))
    assert [entry.title for entry in collected.entries] == ["清岚区通报b", "清岚区通报a"]
    first = collected.entries[0]
    assert (first.external_id, first.origin) == (f"{site.url}/b", "清岚发布")
    assert first.published == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
    assert "送水车" in first.text


def test_a_page_is_read_once_and_again_when_it_changes(site: Site) -> None:
    listed(site, ("a", NOW - 2 * HOUR), ("b", NOW - HOUR))
    source_ = source(site)
    first = site.collect(source_)
    assert site.collect(source_, first.state).entries == ()
    listed(site, ("a", NOW), ("b", NOW - HOUR))
    again = site.collect(source_, first.state, NOW + HOUR)
    assert [entry.external_id for entry in again.entries] == [f"{site.url}/a"]


def test_a_sitemap_that_did_not_change_is_not_sent_again(site: Site) -> None:
    listed(site, ("a", NOW - HOUR))
    body = site.pages["/sitemap.xml"]
    assert isinstance(body, str)
    site.pages["/sitemap.xml"] = Answer(body.encode(), etag='"1"')
    first = site.collect(source(site))
    assert site.collect(source(site), first.state).not_modified


def test_what_one_round_cannot_read_the_next_one_does(site: Site) -> None:
    listed(site, *((f"p{n}", NOW - n * HOUR) for n in range(5)))
    few = source(site, articles_at_most=2)
    first = site.collect(few)
    assert first.problems == ("3 further articles wait for the next round",)
    second = site.collect(few, first.state, NOW + HOUR)
    third = site.collect(few, second.state, NOW + 2 * HOUR)
    found = [e.external_id for c in (first, second, third) for e in c.entries]
    assert found == [f"{site.url}/p{n}" for n in range(5)]
    assert third.problems == ()


def test_pages_missed_while_the_site_was_away_are_read_when_it_is_back(site: Site) -> None:
    listed(site, ("a", NOW - HOUR))
    first = site.collect(source(site))
    later = NOW + timedelta(days=9)
    listed(site, ("a", NOW - HOUR), ("b", NOW + timedelta(days=1)))
    assert len(site.collect(source(site), first.state, later).entries) == 1


def test_a_failing_page_is_told_and_tried_four_times_in_a_day(site: Site) -> None:
    listed(site, ("a", NOW - HOUR), ("b", NOW - HOUR))
    site.pages["/b"] = Answer(status=404)
    state, told = {}, []
    for hours in (0, 1, 2, 3, 14, 15, 16):
        collected = site.collect(source(site), state, NOW + hours * HOUR)
        state = dict(collected.state)
        told.append(collected.problems)
    assert [len(problems) for problems in told] == [1, 1, 0, 1, 0, 1, 0]
    assert told[5][0].endswith("given up after 4 tries")


def test_a_page_that_fails_for_a_while_is_read_when_it_is_back(site: Site) -> None:
    listed(site, ("a", NOW - HOUR))
    site.pages["/a"] = Answer(status=503)
    state = dict(site.collect(source(site)).state)
    for n in range(1, 5):
        state = dict(site.collect(source(site), state, NOW + timedelta(days=n)).state)
    site.pages["/a"] = article("恢复")
    assert len(site.collect(source(site), state, NOW + timedelta(days=5)).entries) == 1


def test_pages_without_a_time_are_new_when_they_appear(site: Site) -> None:
    listed(site, *((f"p{n}", None) for n in range(6)))
    few = source(site, articles_at_most=2)
    first = site.collect(few)
    assert len(first.entries) == 2
    assert first.problems[-1] == "4 addresses without a time are taken as known"
    listed(site, *((f"p{n}", None) for n in range(7)))
    second = site.collect(few, first.state, NOW + HOUR)
    assert [entry.external_id for entry in second.entries] == [f"{site.url}/p6"]


def test_a_site_that_stamps_every_page_anew_is_not_read_over_and_over(site: Site) -> None:
    many = range(SAME_TIME_AT_MOST + 1)
    few = source(site, articles_at_most=2)
    listed(site, *((f"p{n}", NOW) for n in many))
    first = site.collect(few)
    assert len(first.entries) == 2
    listed(site, *((f"p{n}", NOW + HOUR) for n in many), ("new", NOW + HOUR))
    second = site.collect(few, first.state, NOW + HOUR)
    assert [entry.external_id for entry in second.entries] == [f"{site.url}/new"]


def test_an_index_leads_to_the_sitemaps_that_changed(site: Site) -> None:
    index(site, ("s1.xml", NOW - HOUR), ("s2.xml", NOW - 100 * HOUR), ("s3.xml", None))
    listed(site, ("a", NOW - HOUR), path="/s1.xml")
    listed(site, ("b", NOW - HOUR), path="/s3.xml")
    collected = site.collect(source(site))
    assert {entry.external_id for entry in collected.entries} == {
        f"{site.url}/a",
        f"{site.url}/b",
    }
    assert "/s2.xml" not in site.asked


def test_a_sitemap_of_an_index_that_fails_is_told_and_hides_nothing(site: Site) -> None:
    index(site, ("s1.xml", NOW), ("s2.xml", NOW))
    listed(site, ("a", NOW - HOUR), path="/s1.xml")
    first = site.collect(source(site))
    assert len(first.entries) == 1
    assert f"{site.url}/s2.xml" in first.problems[0]
    listed(site, ("b", NOW - HOUR), path="/s2.xml")
    later = site.collect(source(site), first.state, NOW + timedelta(days=6))
    assert [entry.external_id for entry in later.entries] == [f"{site.url}/b"]


def test_an_index_that_names_itself_ends(site: Site) -> None:
    index(site, ("sitemap.xml", NOW))
    collected = site.collect(source(site))
    assert collected.problems == (f"{site.url}/sitemap.xml: an index inside an index is not read",)
    assert site.asked == ["/sitemap.xml", "/sitemap.xml"]


def test_a_long_index_is_cut_and_the_cut_is_told(site: Site) -> None:
    index(site, *((f"s{n}.xml", NOW) for n in range(4)))
    for n in range(4):
        listed(site, (f"p{n}", NOW - HOUR), path=f"/s{n}.xml")
    collected = site.collect(source(site, sitemaps_at_most=3))
    assert len(collected.entries) == 3
    assert "1 further sitemaps" in collected.problems[0]


def test_a_news_sitemap_tells_title_time_and_origin_where_the_page_does_not(site: Site) -> None:
    site.pages["/a"] = (
        "<html><body><p>" + "今晚八点恢复供水，请居民放心。" * 20 + "</p></body></html>"
    )
    site.pages["/sitemap.xml"] = (
        f"{URLSET}<url><loc>{site.url}/a</loc><n:news><n:publication><n:name>清岚日报</n:name>"
        "<n:language>zh</n:language></n:publication><n:publication_date>2026-05-13T11:30:00+08:00"
        "</n:publication_date><n:title>柳湾恢复供水</n:title></n:news></url></urlset>"
    )
    (entry,) = site.collect(source(site)).entries
    assert entry.origin == "清岚日报"
    assert entry.published == datetime(2026, 5, 13, 3, 30, tzinfo=UTC)
    assert entry.date_flag == "from_sitemap"


def test_only_matching_addresses_are_read(site: Site) -> None:
    listed(site, ("zwgk/1", NOW - HOUR), ("shop/1", NOW - HOUR))
    collected = site.collect(source(site, match="/zwgk/"))
    assert [entry.external_id for entry in collected.entries] == [f"{site.url}/zwgk/1"]
    with pytest.raises(ValidationError, match="no regular expression"):
        source(site, match="(")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(status=404), "404"),
        (Answer(b"<html><p>busy</p></html>"), "not a sitemap"),
        (Answer(b"\x1f\x8b\x00\x01"), "unreadable sitemap"),
        (Answer(b""), "empty body"),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_what_is_no_sitemap_is_a_failure_in_one_line(site: Site, answer: Answer, says: str) -> None:
    site.pages["/sitemap.xml"] = answer
    collected = site.collect(source(site), {"floor": NOW.isoformat()})
    assert says in collected.failure
    assert collected.state == {"floor": NOW.isoformat()}


def test_a_round_without_time_left_keeps_what_it_has(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(site, ("s1.xml", NOW))
    listed(site, ("a", NOW - HOUR), path="/s1.xml")
    monkeypatch.setattr(_reading, "ROUND_SECONDS", -1.0)
    late = site.collect(source(site))
    assert "waits for the next round" in late.problems[0]
    monkeypatch.undo()
    assert len(site.collect(source(site), late.state, NOW + 72 * HOUR).entries) == 1

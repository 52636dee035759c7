from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from collectors.json_presets import PRESETS
from collectors.kinds import _reading
from collectors.kinds.json_api import KIND, KNOWN_KEPT, JsonApi
from tests.collectors.site import NOW, Answer, Site

RECORDED = Path(__file__).parent / "presets"
HOUR = timedelta(hours=1)
FIELDS = {"external_id": "id", "title": "title", "published": "at"}


def source(site: Site, path: str = "/rows", **changes: object) -> JsonApi:
    fields: dict[str, object] = {
        "kind": "json_api",
        "name": "board",
        "url": site.url + path,
        "items": "rows",
        "fields": FIELDS,
    }
    return KIND.model_validate(fields | changes)


def rows(*ids: int, **more: object) -> str:
    listed = [{"id": n, "title": f"第{n}条", "at": "2026-05-13 10:12"} for n in ids]
    return json.dumps({"rows": listed} | more)


def titles(ids: range | list[int]) -> list[str]:
    return [f"第{n}条" for n in ids]


# Presets: each with an answer of the shape its service sends, written for this test

FIRST = {
    "gdelt_doc": ("清岚区 柳湾街道 恢复 供水", "2026-05-13T02:45:00+00:00", "news.qinglan.example"),
    "hot_list": ("清岚夜市开街", "2026-05-13T02:12:00+00:00", ""),
    "mastodon_tag": ("", "2026-05-13T02:40:00+00:00", ""),
    "newsnow": ("清岚区停水原因", "None", ""),
    "open311_json": ("路灯不亮", "2026-05-11T11:20:00+00:00", "区城管局"),
    "open311_xml": ("路灯不亮", "2026-05-11T11:20:00+00:00", "区城管局"),
    "rsshub": ("关于柳湾街道夜间停水的通知", "2026-05-13T01:30:00+00:00", ""),
    "v2ex_hot": ("小区停水两天，物业只让等通知", "2026-05-13T02:12:00+00:00", "问与答"),
    "weibo_hot": ("清岚区停水", "2026-05-13T02:12:00+00:00", ""),
    "zhihu_hot": ("如何看待清岚区老小区加装电梯的补贴标准？", "2026-05-13T02:12:00+00:00", ""),
}
COUNT = {"mastodon_tag": 1, "v2ex_hot": 1}


def recorded(name: str) -> Answer:
    form = PRESETS[name].mapping.form
    return Answer((RECORDED / f"{name}.{form}").read_bytes(), kind=f"application/{form}")


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_reads_its_recorded_answer(site: Site, name: str) -> None:
    site.pages["/answer"] = recorded(name)
    preset = KIND.model_validate(
        {"kind": "json_api", "name": "p", "preset": name, "url": f"{site.url}/answer"}
    )
    collected = site.collect(preset)
    assert (collected.failure, collected.problems) == ("", ())
    assert len(collected.entries) == COUNT.get(name, 2)
    assert len({entry.external_id for entry in collected.entries}) == len(collected.entries)
    first = collected.entries[0]
    when = first.published.isoformat() if first.published else "None"
    assert (first.title, when, first.origin) == FIRST[name]
    assert first.url.startswith("https://")


def test_both_forms_of_open311_say_the_same_with_reply_and_its_time(site: Site) -> None:
    found = []
    for name in ("open311_json", "open311_xml"):
        site.pages["/answer"] = recorded(name)
        preset = {"kind": "json_api", "name": "p", "preset": name, "url": f"{site.url}/answer"}
        found.append(site.collect(KIND.model_validate(preset)).entries)
    assert found[0] == found[1]
    answered, waiting = found[0]
    assert answered.reply == "已更换灯具，当晚恢复照明。"
    assert answered.replied_at == datetime(2026, 5, 12, 13, 5, tzinfo=UTC)
    assert (waiting.reply, waiting.replied_at) == ("", None)


def test_a_preset_takes_what_the_settings_name_instead(site: Site) -> None:
    site.pages["/answer"] = recorded("newsnow")
    named = source(site, "/answer", preset="newsnow", items="", fields={"origin": "'微博热搜'"})
    (first, _) = site.collect(named).entries
    assert (first.title, first.origin) == ("清岚区停水原因", "微博热搜")


def test_a_preset_without_address_says_what_it_looks_like() -> None:
    with pytest.raises(ValidationError, match="NEWSNOW_HOST"):
        KIND.model_validate({"kind": "json_api", "name": "p", "preset": "newsnow"})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"preset": "gdlet"}, "there is no preset 'gdlet'; there is: gdelt_doc"),
        ({"items": ""}, "name `items` and `fields`, or a `preset`"),
        ({"fields": {}}, "name at least `title` or `text`"),
        ({"fields": {"titel": "a"}}, "unknown field 'titel'"),
        ({"items": "a..b"}, "is no JMESPath"),
        ({"next_page": "a..b"}, "is no JMESPath"),
        ({"zone": "Mars/Base"}, "there is no zone 'Mars/Base'"),
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused(
    site: Site, changes: dict[str, object], says: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        source(site, **changes)
    assert says in str(refused.value)


# One page


def test_rows_are_read_and_an_unchanged_answer_is_not_sent_again(site: Site) -> None:
    site.pages["/rows"] = Answer(rows(1, 2).encode(), etag='"1"')
    first = site.collect(source(site))
    assert [entry.title for entry in first.entries] == titles([1, 2])
    assert first.entries[0].published == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
    assert site.collect(source(site), first.state).not_modified


def test_times_without_a_zone_are_those_of_the_endpoint(site: Site) -> None:
    site.pages["/rows"] = rows(1)
    (entry,) = site.collect(source(site, zone="UTC")).entries
    assert entry.published == datetime(2026, 5, 13, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(status=500), "500"),
        (Answer(b"<html>busy</html>"), "an HTML page"),
        (Answer(b'{"rows": 3}'), "finds no list"),
        (Answer(b"{"), "not JSON"),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_an_answer_without_rows_is_a_failure_in_one_line(
    site: Site, answer: Answer, says: str
) -> None:
    site.pages["/rows"] = answer
    collected = site.collect(source(site), {"known": ["x"]})
    assert says in collected.failure
    assert "\n" not in collected.failure
    assert collected.state == {"known": ["x"]}


def test_a_bad_row_is_told_and_the_rest_goes_in(site: Site) -> None:
    site.pages["/rows"] = json.dumps({"rows": [{"id": 1, "title": "一"}, {"id": 2}]})
    collected = site.collect(source(site))
    assert len(collected.entries) == 1
    assert collected.problems == ("page 1: row 2: neither title nor text",)


# Pages


def test_pages_are_read_until_one_brings_nothing_new(site: Site) -> None:
    site.pages |= {"/rows?p=1": rows(1, 2), "/rows?p=2": rows(3), "/rows?p=3": rows(3)}
    collected = site.collect(source(site, "/rows?p={page}"))
    assert [entry.title for entry in collected.entries] == titles([1, 2, 3])
    assert site.asked == ["/rows?p=1", "/rows?p=2", "/rows?p=3"]


def test_an_offset_counts_rows(site: Site) -> None:
    site.pages |= {"/rows?o=0": rows(1, 2), "/rows?o=2": rows()}
    site.collect(source(site, "/rows?o={offset}", page_rows=2))
    assert site.asked == ["/rows?o=0", "/rows?o=2"]


def test_a_cursor_leads_on_and_the_first_page_has_none(site: Site) -> None:
    site.pages |= {
        "/rows?n=2": rows(1, 2, next="a b&c"),
        "/rows?n=2&c=a%20b%26c": rows(3, next=None),
    }
    collected = site.collect(source(site, "/rows?n=2&c={cursor}", next_page="next"))
    assert [entry.title for entry in collected.entries] == titles([1, 2, 3])


def test_an_address_of_the_next_page_is_followed_at_the_same_host_only(site: Site) -> None:
    site.pages |= {
        "/rows": rows(1, next="/rows?from=2"),
        "/rows?from=2": rows(2, next="http://127.0.0.1:1/rows"),
    }
    collected = site.collect(source(site, next_page="next"))
    assert [entry.title for entry in collected.entries] == titles([1, 2])
    assert collected.problems == ()


def test_pages_end_where_everything_is_known(site: Site) -> None:
    listing = source(site, "/rows?p={page}")
    site.pages |= {f"/rows?p={n}": rows(20 - 2 * n, 21 - 2 * n) for n in range(1, 9)}
    first = site.collect(listing)
    assert len(site.asked) == listing.pages_at_most
    assert first.problems == ()
    site.asked.clear()
    again = site.collect(listing, first.state)
    assert site.asked == ["/rows?p=1"]
    assert len(again.entries) == 2  # their changes and replies are new versions


def test_more_new_rows_than_may_be_read_are_told(site: Site) -> None:
    listing = source(site, "/rows?p={page}", pages_at_most=2)
    site.pages |= {f"/rows?p={n}": rows(n) for n in range(1, 9)}
    first = site.collect(listing)
    site.pages |= {f"/rows?p={n}": rows(n + 100) for n in range(1, 9)}
    again = site.collect(listing, first.state)
    assert again.problems == (
        "more was new than was read: raise `pages_at_most` or ask more often",
    )


def test_a_page_that_fails_is_told_and_met_again(site: Site) -> None:
    listing = source(site, "/rows?p={page}")
    site.pages |= {"/rows?p=1": rows(1), "/rows?p=2": Answer(status=503)}
    first = site.collect(listing)
    assert len(first.entries) == 1
    assert first.problems[0].startswith("page 2: ")
    site.pages |= {"/rows?p=2": rows(2), "/rows?p=3": rows()}
    again = site.collect(listing, first.state)
    assert [entry.title for entry in again.entries] == titles([1, 2])


def test_what_is_remembered_of_a_long_list_is_bounded(site: Site) -> None:
    site.pages["/rows"] = rows(*range(KNOWN_KEPT + 50))
    kept = site.collect(source(site)).state["known"]
    assert isinstance(kept, list)
    assert len(kept) == KNOWN_KEPT


# Windows


def test_each_round_asks_for_what_came_after_the_last_one(site: Site) -> None:
    since = source(site, "/rows?s={since}&e={until}", overlap_minutes=60)
    site.pages["/rows?s=2026-05-11T04:00:00Z&e=2026-05-13T04:00:00Z"] = rows(1)
    site.pages["/rows?s=2026-05-13T03:00:00Z&e=2026-05-13T06:00:00Z"] = rows(2)
    first = site.collect(since)
    assert first.failure == ""
    again = site.collect(since, first.state, NOW + 2 * HOUR)
    assert [entry.title for entry in again.entries] == titles([2])


def test_a_failed_round_moves_no_window(site: Site) -> None:
    since = source(site, "/rows?s={since}&e={until}")
    state = {"until": NOW.isoformat()}
    assert site.collect(since, state, NOW + HOUR).state == state
    site.pages["/rows?s=2026-05-13T03:00:00Z&e=2026-05-13T06:00:00Z"] = rows(2)
    assert site.collect(since, state, NOW + 2 * HOUR).failure == ""


def test_a_window_that_is_cut_goes_on_where_it_ended(site: Site) -> None:
    since = source(site, "/rows?s={since:%s}&e={until:%s}&p={page}", pages_at_most=2)
    start, end = int((NOW - 48 * HOUR).timestamp()), int(NOW.timestamp())
    window = f"/rows?s={start}&e={end}&p="
    site.pages |= {f"{window}{n}": rows(n) for n in range(1, 4)} | {f"{window}4": rows()}
    first = site.collect(since)
    assert first.problems == ("further pages wait for the next round",)
    second = site.collect(since, first.state, NOW + HOUR)
    assert [e.title for e in (*first.entries, *second.entries)] == titles([1, 2, 3])
    assert second.state == {"until": NOW.isoformat()}


def test_a_place_to_go_on_from_that_is_gone_starts_the_window_anew(site: Site) -> None:
    since = source(site, "/rows?s={since:%s}&e={until:%s}&p={page}", pages_at_most=1)
    start, end = int((NOW - 48 * HOUR).timestamp()), int(NOW.timestamp())
    site.pages[f"/rows?s={start}&e={end}&p=1"] = rows(1)
    first = site.collect(since)
    failed = site.collect(since, first.state, NOW + HOUR)
    assert "404" in failed.failure
    assert failed.state == {}


def test_a_round_without_time_left_keeps_what_it_has(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = source(site, "/rows?s={since:%s}&e={until:%s}&p={page}")
    start, end = int((NOW - 48 * HOUR).timestamp()), int(NOW.timestamp())
    site.pages[f"/rows?s={start}&e={end}&p=1"] = rows(1)
    monkeypatch.setattr(_reading, "ROUND_SECONDS", -1.0)
    late = site.collect(since)
    assert [entry.title for entry in late.entries] == titles([1])
    assert late.problems == ("further pages wait for the next round",)

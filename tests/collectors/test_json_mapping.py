from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.dates import SHANGHAI
from collectors.json_mapping import (
    MOST_ROWS,
    PageRequest,
    RowMapping,
    Rows,
    check_mapping,
    fill_url,
    placeholders,
    read_rows,
)
from collectors.json_presets import PRESETS
from models.records import Entry

NOW = datetime(2026, 5, 20, 8, 0, tzinfo=UTC)
HOST = "https://api.qinglan.example"
SIMPLE = RowMapping(items="rows", fields={"title": "title", "text": "body", "published": "at"})


def read(document: Any, mapping: RowMapping = SIMPLE) -> Rows:
    """Map a document as it would come from an endpoint (text is sent as it stands)."""
    body = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    return read_rows(body.encode(), mapping, "qinglan_api", NOW)


def preset(name: str, document: Any) -> Entry:
    """Return the first entry that a preset makes of a recorded answer."""
    found = read(document, PRESETS[name].mapping)
    assert (found.error, found.problems) == (None, ())
    return found.entries[0]


# --- presets: each with an answer of the shape its service sends ---------------------------------


def test_rsshub_route() -> None:
    entry = preset(
        "rsshub",
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "清岚区政务公开",
            "items": [
                {
                    "id": f"{HOST}/1",
                    "url": f"{HOST}/1",
                    "title": "停水通知",
                    "content_html": "<p>今晚停水。</p>",
                    "date_published": "2026-05-13T02:12:00.000Z",
                    "authors": [{"name": "水务站"}],
                }
            ],
        },
    )
    assert (entry.title, entry.text, entry.author) == ("停水通知", "今晚停水。", "水务站")
    assert entry.published == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)


def test_gdelt_article_list() -> None:
    entry = preset(
        "gdelt_doc",
        {
            "articles": [
                {
                    "url": f"{HOST}/news/1",
                    "url_mobile": "",
                    "title": "清岚 停水 通知",
                    "seendate": "20260513T101500Z",
                    "socialimage": "",
                    "domain": "qinglan.example",
                    "language": "Chinese",
                    "sourcecountry": "China",
                }
            ]
        },
    )
    assert (entry.external_id, entry.origin) == (f"{HOST}/news/1", "qinglan.example")
    assert entry.published == datetime(2026, 5, 13, 10, 15, tzinfo=UTC)


def test_gdelt_without_matches_is_no_failure() -> None:
    assert read({}, PRESETS["gdelt_doc"].mapping) == Rows()


def test_newsnow_hot_list() -> None:
    entry = preset(
        "newsnow",
        {
            "status": "success",
            "id": "weibo",
            "updatedTime": 1778638320000,
            "items": [
                {
                    "id": "清岚停水",
                    "title": "清岚停水",
                    "url": f"{HOST}/weibo?q=1",
                    "mobileUrl": f"{HOST}/m?q=1",
                    "extra": {"hover": "多个小区停水", "info": "热"},
                    "pubDate": 1778638320000,
                }
            ],
        },
    )
    assert (entry.title, entry.text, entry.origin) == ("清岚停水", "多个小区停水", "热")
    assert entry.published == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)


def test_mastodon_tag_timeline_takes_public_posts_and_the_next_page() -> None:
    post = {
        "id": "1171",
        "created_at": "2026-05-13T02:12:00.000Z",
        "visibility": "public",
        "uri": f"{HOST}/users/a/statuses/1171",
        "url": f"{HOST}/@a/1171",
        "content": "<p>停水了 <a href='x'>#<span>清岚</span></a></p>",
        "spoiler_text": "",
        "account": {"acct": "a@qinglan.example"},
    }
    found = read(
        [post, post | {"id": "1170", "visibility": "private"}], PRESETS["mastodon_tag"].mapping
    )
    assert [entry.text for entry in found.entries] == ["停水了 #清岚"]
    assert found.entries[0].author == "a@qinglan.example"
    assert found.next_page == "1170"


OPEN311 = {
    "service_request_id": "638344",
    "status": "closed",
    "status_notes": "已抢修。",
    "service_name": "供水",
    "service_code": "006",
    "description": "新和小区停水两天",
    "agency_responsible": "水务站",
    "requested_datetime": "2026-05-13T10:12:00+08:00",
    "updated_datetime": "2026-05-14T10:12:00+08:00",
    "address": "清岚区新和小区",
    "media_url": "",
}


@pytest.mark.parametrize("wrapped", [False, True])
def test_open311_json(*, wrapped: bool) -> None:
    entry = preset("open311_json", {"service_requests": [OPEN311]} if wrapped else [OPEN311])
    assert (entry.external_id, entry.title, entry.place) == ("638344", "供水", "清岚区新和小区")
    assert (entry.reply, entry.origin) == ("已抢修。", "水务站")
    assert entry.replied_at == datetime(2026, 5, 14, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("count", [1, 2])
def test_open311_xml_says_the_same(count: int) -> None:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in OPEN311.items())
    requests = f"<request>{inner}</request>" * count
    body = f"<?xml version='1.0'?><service_requests>{requests}</service_requests>"
    found = read(body, PRESETS["open311_xml"].mapping)
    assert list(found.entries) == [preset("open311_json", [OPEN311])] * count


def test_open311_xml_without_requests_is_no_failure() -> None:
    assert read("<service_requests/>", PRESETS["open311_xml"].mapping) == Rows()


def test_zhihu_hot_list_in_both_shapes() -> None:
    areas = {
        "title_area": {"text": "如何看待清岚停水？"},
        "excerpt_area": {"text": "两天了"},
        "link": {"url": f"{HOST}/question/1"},
    }
    flat = {
        "id": 1,
        "title": "如何看待清岚停水？",
        "excerpt": "两天了",
        "url": f"{HOST}/question/1",
        "created": 1778638320,
    }
    found = read(
        {"data": [{"card_id": "Q_1", "target": areas}, {"card_id": "Q_1", "target": flat}]},
        PRESETS["zhihu_hot"].mapping,
    ).entries
    assert [entry.title for entry in found] == ["如何看待清岚停水？"] * 2
    assert [entry.url for entry in found] == [f"{HOST}/question/1"] * 2
    assert [entry.date_flag for entry in found] == ["missing", ""]


def test_weibo_hot_search_without_advertisements() -> None:
    found = read(
        {
            "ok": 1,
            "data": {
                "realtime": [
                    {"word": "买一送一", "is_ad": 1},
                    {
                        "word": "清岚停水",
                        "word_scheme": "#清岚停水#",
                        "note": "清岚停水",
                        "num": 1200000,
                    },
                ]
            },
        },
        PRESETS["weibo_hot"].mapping,
    ).entries
    assert [entry.title for entry in found] == ["清岚停水"]
    assert found[0].url.endswith("q=清岚停水")


def test_v2ex_hot_topics() -> None:
    entry = preset(
        "v2ex_hot",
        [{"id": 7, "title": "停水", "content": "两天", "url": f"{HOST}/t/7", "created": 1778638320,
          "member": {"username": "a"}, "node": {"title": "问与答"}}],
    )  # fmt: skip
    assert (entry.external_id, entry.author, entry.origin) == ("7", "a", "问与答")


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_can_be_used(name: str) -> None:
    check_mapping(PRESETS[name].mapping)
    assert PRESETS[name].url.startswith("https://")


# --- rows ------------------------------------------------------------------------------------


def test_rows_become_entries_in_order_with_plain_words() -> None:
    found = read(
        {"rows": [{"title": "<b>一</b>", "body": "<p>正文</p>", "at": "2026-05-13 10:12"}]}
    )
    entry = found.entries[0]
    assert (entry.source, entry.title, entry.text) == ("qinglan_api", "一", "正文")
    assert entry.published == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
    assert entry.date_flag == "no_zone"


def test_a_bad_row_is_told_with_its_number_and_the_rest_goes_in() -> None:
    found = read({"rows": [{"title": "一"}, {"other": 1}, None, {"title": "三"}]})
    assert [entry.title for entry in found.entries] == ["一", "三"]
    assert found.problems == ("row 2: neither title nor text", "row 3: neither title nor text")


def test_an_expression_that_fails_on_a_row_is_told() -> None:
    mapping = RowMapping(items="rows", fields={"title": "join('', parts)"})
    found = read({"rows": [{"parts": 3}, {"parts": ["二"]}]}, mapping)
    assert [entry.title for entry in found.entries] == ["二"]
    assert found.problems[0].startswith("row 1: `join('', parts)` cannot be evaluated")


def test_many_bad_rows_are_summed_up() -> None:
    found = read({"rows": [{}] * 50})
    assert len(found.problems) == 21
    assert found.problems[-1] == "and 30 more such rows"


def test_rows_are_capped_and_the_cap_is_told() -> None:
    found = read({"rows": [{"title": "一"}] * (MOST_ROWS + 1)})
    assert len(found.entries) == MOST_ROWS
    assert "the first 10,000" in found.problems[0]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "not JSON"),
        ("<html>busy</html>", "an HTML page"),
        ("[" * 100_000, "not JSON"),
        ('{"rows": 3}', "finds no list"),
        ('{"error": "quota"}', "finds no list"),
        ('{"rows": [' + "9" * 5_000 + "]}", "Exceeds"),
    ],
)
def test_what_holds_no_rows_is_said_in_one_line(body: str, says: str) -> None:
    found = read(body)
    assert found.entries == ()
    assert found.error is not None
    assert says in found.error
    assert "\n" not in found.error


def test_raw_line_ends_inside_strings_are_read() -> None:
    assert read('{"rows": [{"title": "一\n二"}]}').entries[0].title == "一 二"


def test_gb18030_answers_are_read() -> None:
    body = json.dumps({"rows": [{"title": "清岚停水通知"}]}, ensure_ascii=False).encode("gb18030")
    assert read_rows(body, SIMPLE, "s", NOW, "gbk").entries[0].title == "清岚停水通知"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"heading": "a"}, "unknown field 'heading'"),
        ({"url": "a"}, "name at least `title` or `text`"),
        ({"title": "a..b"}, "is no JMESPath"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(fields: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("`", ".")):
        check_mapping(RowMapping(items="rows", fields=fields))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=4)
                    | st.dictionaries(st.sampled_from(["rows", "title", "body", "at"]), inner),
                    max_leaves=12))  # fmt: skip
def test_never_raises_on_any_document(document: Any) -> None:
    for mapping in (SIMPLE, *(one.mapping for one in PRESETS.values())):
        read(document, mapping)


@given(st.binary(max_size=200))
def test_never_raises_on_bytes(body: bytes) -> None:
    for name in ("open311_xml", "open311_json"):
        read_rows(body, PRESETS[name].mapping, "s", NOW)


# --- addresses -------------------------------------------------------------------------------

WINDOW = PageRequest(
    since=datetime(2026, 5, 13, tzinfo=UTC), until=datetime(2026, 5, 14, tzinfo=UTC), page=3
)


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("/a?s={since:%Y%m%d%H%M%S}", "/a?s=20260513000000"),
        ("/a?s={since}&e={until}", "/a?s=2026-05-13T00:00:00Z&e=2026-05-14T00:00:00Z"),
        ("/a?s={since:%s}", "/a?s=1778630400"),
        ("/a?p={page}&o={offset}&c={cursor}", "/a?p=3&o=200"),
        ("/a?c={cursor}&p={page}", "/a?p=3"),
        ("/a?c={cursor}", "/a"),
        ("/a?q={word}&j={}", "/a?q={word}&j={}"),
    ],
)
def test_addresses_are_filled_and_nothing_else_is_touched(template: str, url: str) -> None:
    assert fill_url(template, WINDOW) == url


def test_times_in_an_address_follow_the_zone_of_the_endpoint() -> None:
    assert fill_url("{since:%Y-%m-%d %H:%M}", WINDOW, SHANGHAI) == "2026-05-13 08:00"


def test_without_a_form_a_time_is_in_utc_whatever_the_zone() -> None:
    assert fill_url("{since}", WINDOW, SHANGHAI) == "2026-05-13T00:00:00Z"


def test_what_is_filled_in_shows_in_the_address() -> None:
    assert placeholders("/a?p={page}&s={since:%s}") == {"page", "since"}
    assert placeholders("/a?s={word}") == frozenset()


# --- recorded answers --------------------------------------------------------------------------


def test_recorded_hot_lists_are_read_whole(shared: Path) -> None:
    folder = shared / "corpus" / "feedback"
    for name, pattern, at_least in (
        ("zhihu_hot", "zhihu_api/hot-question-*.json", 30),
        ("v2ex_hot", "v2ex/*.json", 5),
        ("open311_xml", "open311/fms_getservicerequests_*.xml", 1),
    ):
        files = sorted(folder.glob(pattern))
        assert files
        for path in files:
            found = read_rows(path.read_bytes(), PRESETS[name].mapping, name, NOW)
            assert found.error is None
            assert len(found.entries) >= at_least
            assert all(entry.title or entry.text for entry in found.entries)

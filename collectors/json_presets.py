"""Ready mappings for endpoints a press office meets. Each has a recorded example in its tests.

Addresses are templates: replace the host and the words in capitals; see `fill_url` for the rest.
Hot lists carry no publication time: what stands there counts from when it is first seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from collectors.json_mapping import RowMapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A mapping with the address it was made for; `note` says what one must know to use it."""

    title: str
    url: str
    mapping: RowMapping
    note: str = ""


_OPEN311_FIELDS = {
    "external_id": "service_request_id || token",
    "title": "title || service_name || service_code",
    "text": "description",
    "url": "media_url",
    "published": "requested_datetime",
    "place": "address || address_string",
    "origin": "agency_responsible",
    "reply": "status_notes",
    "replied_at": "status_notes && updated_datetime",
}

PRESETS: dict[str, Preset] = {
    "rsshub": Preset(
        title="RSSHub route",
        url="https://RSSHUB_HOST/ROUTE?format=json",
        note="Without format=json a route is a feed: use `kind: feed` for it.",
        mapping=RowMapping(
            items="items",
            fields={
                "external_id": "id",
                "title": "title",
                "text": "content_html || content_text || summary",
                "url": "url",
                "published": "date_published",
                "author": "authors[0].name || author.name",
            },
        ),
    ),
    "gdelt_doc": Preset(
        title="GDELT DOC 2.0 article list",
        url="https://api.gdeltproject.org/api/v2/doc/doc?query=WORDS&mode=artlist&format=json"
        "&sort=datedesc&maxrecords=250&startdatetime={since:%Y%m%d%H%M%S}"
        "&enddatetime={until:%Y%m%d%H%M%S}",
        note="Titles only, no text; at most 250 rows an answer and one request in five seconds.",
        mapping=RowMapping(
            items="articles || `[]`",  # an empty answer is {}
            zone=UTC,
            fields={
                "external_id": "url",
                "title": "title",
                "url": "url",
                "published": "seendate",
                "origin": "domain",
            },
        ),
    ),
    "newsnow": Preset(
        title="newsnow hot list",
        url="https://NEWSNOW_HOST/api/s?id=LIST",
        mapping=RowMapping(
            items="items",
            fields={
                "external_id": "id",
                "title": "title",
                "text": "extra.hover",
                "url": "url || mobileUrl",
                "published": "pubDate || extra.date",
                "origin": "extra.info",
            },
        ),
    ),
    "mastodon_tag": Preset(
        title="Mastodon tag timeline",
        url="https://MASTODON_HOST/api/v1/timelines/tag/TAG?limit=40&max_id={cursor}",
        note="Public timelines need no login; a host may switch that off.",
        mapping=RowMapping(
            items="[?visibility=='public']",
            next_page="[-1].id",
            zone=UTC,
            fields={
                "external_id": "uri",
                "text": "content",
                "title": "spoiler_text",
                "url": "url || uri",
                "published": "created_at",
                "author": "account.acct",
            },
        ),
    ),
    "open311_json": Preset(
        title="Open311 GeoReport v2, JSON",
        url="https://OPEN311_HOST/v2/requests.json?start_date={since}&end_date={until}&page={page}",
        mapping=RowMapping(
            items="(service_requests || @)[?service_request_id || token]", fields=_OPEN311_FIELDS
        ),
    ),
    "open311_xml": Preset(
        title="Open311 GeoReport v2, XML",
        url="https://OPEN311_HOST/v2/requests.xml?start_date={since}&end_date={until}&page={page}",
        mapping=RowMapping(items="request", form="xml", fields=_OPEN311_FIELDS),
    ),
    "hot_list": Preset(
        title="热榜聚合接口 (one JSON list a site: title, desc, hot, url)",
        url="https://HOST/LIST",
        note="The shape most self-hosted aggregators of hot lists send.",
        mapping=RowMapping(
            items="data.list || data.items || data",
            fields={
                "external_id": "id || url",
                "title": "title || name || word",
                "text": "desc || description || digest",
                "url": "url || mobileUrl || link",
                "published": "timestamp || publish_time || time",
                "author": "author",
            },
        ),
    ),
    "zhihu_hot": Preset(
        title="知乎热榜",
        url="https://HOST/topstory/hot-lists/total?limit=50",
        note="Two shapes are in use: flat targets and targets of areas. Both are read.",
        mapping=RowMapping(
            items="data",
            fields={
                "external_id": "card_id || to_string(target.id)",
                "title": "target.title || target.title_area.text",
                "text": "target.excerpt || target.excerpt_area.text",
                "url": "target.link.url || target.url",
                "published": "target.created",
            },
        ),
    ),
    "weibo_hot": Preset(
        title="微博热搜",
        url="https://HOST/ajax/side/hotSearch",
        note="Advertisements (is_ad) are left out.",
        mapping=RowMapping(
            items="data.realtime[?!is_ad]",
            fields={
                "external_id": "word_scheme || word",
                "title": "note || word",
                "url": "join('', ['https://s.weibo.com/weibo?q=', word])",
                "published": "onboard_time",
            },
        ),
    ),
    "v2ex_hot": Preset(
        title="V2EX hot topics",
        url="https://HOST/api/topics/hot.json",
        mapping=RowMapping(
            items="@",
            zone=UTC,
            fields={
                "external_id": "to_string(id)",
                "title": "title",
                "text": "content_rendered || content",
                "url": "url",
                "published": "created",
                "author": "member.username",
                "origin": "node.title",
            },
        ),
    ),
}

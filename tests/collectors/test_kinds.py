"""What every kind of source keeps to: settings, documentation, and failures that are values."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import ValidationError

from collectors.contract import CollectContext, Collected, SourceSettings, State
from collectors.http import Fetcher, FetchSettings
from collectors.json_presets import PRESETS
from models.records import MediaTier
from pipeline.intake import Intake
from pipeline.plugins import kinds
from pipeline.settings import load
from tests.collectors.site import NOW, Answer, Site, article

KINDS = kinds("source")
DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"
COMMON = set(SourceSettings.model_fields)
ON_HTTP = ("feed", "json_api", "page_list", "sitemap")
"""Kinds whose `url` is all they read; both kinds of files can be read over HTTP as well."""


@dataclass(frozen=True)
class World:
    """Where a source lives in these tests."""

    site: Site
    folder: Path


def settings(kind: str, world: World) -> dict[str, Any]:
    """Return the fewest settings of a kind: it would read /it of the site, or the file `it`."""
    url = f"{world.site.url}/it"
    own: dict[str, dict[str, Any]] = {
        "feed": {"url": url},
        "page_list": {"url": url},
        "sitemap": {"url": url},
        "json_api": {"url": url, "items": "rows", "fields": {"title": "title"}},
        "hotline_file": {"path": "it.*"},
        "mailbox": {"path": "it.*"},
        "inbox": {"secret_env": "FORM_SECRET"},
    }
    return {"kind": kind, "name": f"a_{kind}", **own[kind]}


def source(kind: str, world: World, **changes: object) -> Any:
    return KINDS[kind].model_validate(settings(kind, world) | changes)


def collect(source_: Any, world: World, state: State | None = None) -> Collected:
    http = FetchSettings(allow_hosts=frozenset({world.site.host}), per_host_pause_seconds=0)

    async def once() -> Collected:
        async with Fetcher(http) as fetcher:
            return await source_.collect(
                CollectContext(fetcher=fetcher, state=state or {}, now=NOW, folder=world.folder)
            )

    return asyncio.run(once())


@pytest.fixture
def world(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("FORM_SECRET", "of-the-form")
    return World(site, tmp_path)


every_kind = pytest.mark.parametrize("kind", sorted(KINDS))


# Settings


def test_every_kind_of_the_issue_is_here() -> None:
    assert sorted(KINDS) == [
        "feed",
        "hotline_file",
        "inbox",
        "json_api",
        "mailbox",
        "page_list",
        "sitemap",
    ]


@every_kind
def test_a_kind_is_named_like_its_file_and_says_what_it_is(kind: str) -> None:
    cls = KINDS[kind]
    word = cls.model_fields["kind"].annotation
    assert (get_origin(word), get_args(word)) == (Literal, (kind,))
    assert issubclass(cls, SourceSettings)
    assert cls.__doc__ is not None
    assert cls.__doc__.splitlines()[0].endswith((".", "…"))
    assert asyncio.iscoroutinefunction(cls.collect)  # type: ignore[attr-defined]


@every_kind
def test_settings_are_frozen_and_unknown_ones_refused(kind: str, world: World) -> None:
    made = source(kind, world)
    with pytest.raises(ValidationError, match="frozen"):
        made.name = "other"
    with pytest.raises(ValidationError, match="Extra inputs"):
        source(kind, world, colour="red")


@every_kind
def test_every_setting_of_a_kind_stands_in_its_documented_row(kind: str) -> None:
    row = re.search(rf"^\| `{kind}` \|(.*)\|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert row is not None, f"docs/configuration.md has no row for {kind}"
    shared = {"allow_hosts", "robots_override"}  # told once below the table
    own = set(KINDS[kind].model_fields) - COMMON - {"kind"} - shared
    missing = sorted(name for name in own if f"`{name}`" not in row[1])
    assert missing == []


def test_every_common_setting_is_documented() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert [name for name in sorted(COMMON) if f"`{name}`" not in text] == []


def test_every_preset_is_documented() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert [name for name in sorted(PRESETS) if f"`{name}`" not in text] == []


@every_kind
def test_a_kind_can_be_configured_and_switched_off(kind: str, world: World, tmp_path: Path) -> None:
    lines = [f"    {name}: {value!r}" for name, value in settings(kind, world).items()]
    block = "\n".join(["  -", *lines])
    off = block.replace(f"'a_{kind}'", "'off'") + "\n    enabled: false"
    path = tmp_path / "yuqing.yaml"
    path.write_text(f"region: {{name: 清岚区}}\nsources:\n{block}\n{off}\n", encoding="utf-8")
    loaded = load(path)
    assert [one.name for one in loaded.sources] == [f"a_{kind}", "off"]
    assert [one.name for one in loaded.active_sources()] == [f"a_{kind}"]


# What is recorded


@every_kind
def test_each_source_says_why_it_is_read_and_of_what_tier_it_is(kind: str, world: World) -> None:
    assert source(kind, world).purpose != ""
    named = source(kind, world, purpose="应急值守", media_tier="county")
    assert (named.purpose, named.media_tier) == ("应急值守", MediaTier.COUNTY)


def fill(kind: str, world: World) -> None:
    """Put one good thing where the source of a kind reads."""
    day = "Wed, 13 May 2026 10:12:00 +0800"
    said = "柳湾街道停水，何时恢复？"
    site, url = world.site, world.site.url
    site.pages["/1.html"] = article("柳湾街道抢修供水管道通报")
    http = {
        "feed": f"<rss><channel><item><title>{said}</title></item></channel></rss>",
        "page_list": "<ul><li><a href='/1.html'>柳湾街道抢修供水管道通报</a></li></ul>",
        "sitemap": f"<urlset><url><loc>{url}/1.html</loc></url></urlset>",
        "json_api": '{"rows": [{"title": "停水"}]}',
    }
    files = {
        "hotline_file": ("it.csv", f"工单编号,诉求内容\n1,{said}\n"),
        "mailbox": ("it.eml", f"Message-ID: <1@a.cn>\nDate: {day}\nSubject: water\n\n{said}\n"),
        "inbox": ("spool/a_inbox/1.json", f'{{"key": "1", "message": {{"content": "{said}"}}}}'),
    }
    if kind in http:
        site.pages["/it"] = http[kind]
        return
    name, text = files[kind]
    (world.folder / name).parent.mkdir(parents=True, exist_ok=True)
    (world.folder / name).write_text(text, "utf-8")


@every_kind
def test_what_a_source_says_carries_its_tier_into_the_mention(kind: str, world: World) -> None:
    fill(kind, world)
    made = (
        source(kind, world, media_tier="county", links="ul a")
        if kind == "page_list"
        else (source(kind, world, media_tier="county"))
    )
    collected = collect(made, world)
    assert (collected.failure, len(collected.entries)) == ("", 1)
    intake = Intake(author_key=b"k" * 32, collected=NOW)
    (mention,) = intake.mentions(made, collected.entries)
    assert (mention.source, mention.media_tier) == (f"a_{kind}", MediaTier.COUNTY)


@every_kind
def test_the_same_again_has_the_same_identity(kind: str, world: World) -> None:
    fill(kind, world)
    changes = {"links": "ul a"} if kind == "page_list" else {}
    made = source(kind, world, **changes)
    ids = [[e.external_id for e in collect(made, world).entries] for _ in range(2)]
    assert ids[0] == ids[1]


@every_kind
def test_what_a_source_remembers_survives_as_json_and_stays_small(kind: str, world: World) -> None:
    fill(kind, world)
    changes = {"links": "ul a"} if kind == "page_list" else {}
    made = source(kind, world, **changes)
    state = collect(made, world).state
    kept = json.dumps(dict(state))
    assert json.loads(kept) == state
    assert len(kept) < 1000
    again = collect(made, world, json.loads(kept))
    assert again.failure == ""


# Failures are values

RUBBISH: dict[str, bytes] = {
    "nothing": b"",
    "zeros": b"\x00" * 2000,
    "bytes": bytes(range(256)) * 20,
    "page": "<html><body><p>系统维护中</p></body></html>".encode(),
    "half a feed": b"<rss><channel><item><title>\xe5\x81",
    "deep xml": b"<a>" * 20_000,
    "deep json": b"[" * 100_000,
    "entities": b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>',
    "half a number": b'{"rows": [{"title": 1e999999}, -]}',
    "json of another shape": b'{"rows": {"title": {"title": [null]}}, "items": [null, 3, []]}',
    "half a gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb",
    "half a zip": b"PK\x03\x04\x14\x00\x06\x00",
    "a quote": '工单编号,诉求内容\n1,"没有结束\n'.encode("gb18030"),
}


def one_line(collected: Collected) -> None:
    for words in (collected.failure, *collected.problems):
        assert "\n" not in words
        assert len(words) < 1000


@every_kind
@pytest.mark.parametrize("rubbish", sorted(RUBBISH))
def test_rubbish_is_a_failure_or_a_problem_and_never_an_exception(
    kind: str, rubbish: str, world: World
) -> None:
    body = RUBBISH[rubbish]
    world.site.pages["/it"] = Answer(body)
    for name in ("it.csv", "it.mbox", "spool/a_inbox/1.json"):
        (world.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (world.folder / name).write_bytes(body)
    one_line(collect(source(kind, world), world))


@pytest.mark.parametrize("kind", ON_HTTP)
@pytest.mark.parametrize("status", [400, 403, 404, 410, 429, 500, 503])
def test_a_refusal_is_a_failure_that_names_the_address_and_keeps_the_state(
    kind: str, status: int, world: World
) -> None:
    world.site.pages["/it"] = Answer(status=status)
    collected = collect(source(kind, world), world, {"etag": "x"})
    assert collected.failure.count(f"{world.site.url}/it") == 1
    assert str(status) in collected.failure
    assert collected.state == {"etag": "x"}
    one_line(collected)


@pytest.mark.parametrize("status", [404, 503])
def test_an_export_at_an_address_fails_as_the_others_do(status: int, world: World) -> None:
    world.site.pages["/it"] = Answer(status=status)
    made = source("hotline_file", world, path="", url=f"{world.site.url}/it")
    collected = collect(made, world, {"etag": "x"})
    assert collected.failure.count(f"{world.site.url}/it") == 1
    assert collected.permanent == (status == 404)
    assert collected.state == {"etag": "x"}


@pytest.mark.parametrize("rubbish", sorted(RUBBISH))
def test_rubbish_at_the_address_of_an_export_is_a_failure(rubbish: str, world: World) -> None:
    world.site.pages["/it"] = Answer(RUBBISH[rubbish])
    one_line(collect(source("hotline_file", world, path="", url=f"{world.site.url}/it"), world))


@pytest.mark.parametrize("name", ["..", ".", "", "a" * 300, "%00", "x.csv?a=/../b"])
def test_an_export_may_stand_at_any_address(name: str, world: World) -> None:
    export = "工单编号,诉求内容\n1,柳湾街道停水\n"
    world.site.pages |= dict.fromkeys((f"/{name}", "/", "/e/", "/e/.", f"/e/{name}"), export)
    made = source("hotline_file", world, path="", url=f"{world.site.url}/e/{name}")
    one_line(collect(made, world))


@pytest.mark.parametrize("kind", ON_HTTP)
def test_a_host_that_is_not_there_is_a_failure(kind: str, world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    made = source(kind, world, url=f"http://127.0.0.1:{port}/it", allow_hosts=[f"127.0.0.1:{port}"])
    assert collect(made, world).failure != ""


@pytest.mark.parametrize("kind", ON_HTTP)
def test_an_address_inside_is_refused_without_leave(kind: str, world: World) -> None:
    made = source(kind, world, url="http://127.0.0.2:9/it")
    collected = collect(made, world)
    assert collected.permanent
    assert "127.0.0.2" in collected.failure


@every_kind
def test_a_memory_of_another_shape_is_no_exception(kind: str, world: World) -> None:
    fill(kind, world)
    odd: State = {
        **dict.fromkeys(("seen", "read", "known", "failing", "missing", "children", "taken"), 3),
        **dict.fromkeys(("floor", "until", "full_at", "uid", "resume"), "of late"),
        "etag": [1],
        "behind": "yes",
    }
    collected = collect(source(kind, world), world, odd)
    assert collected.failure == "" or "no links found" in collected.failure

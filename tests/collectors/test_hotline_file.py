from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from pydantic import ValidationError

from bench.hostile_origin import Origin
from collectors.contract import CollectContext, Collected, State
from collectors.http import Fetcher, FetchSettings
from collectors.kinds._files import digest
from collectors.kinds.hotline_file import HotlineFile
from collectors.tables import TableError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HEAD = "工单编号,标题,诉求内容,受理时间\n"


def collect(source: HotlineFile, folder: Path, state: State | None = None) -> Collected:
    context = CollectContext(
        fetcher=cast("Fetcher", None), state=state or {}, now=NOW, folder=folder
    )
    return asyncio.run(source.collect(context))


def watched(**changes: object) -> HotlineFile:
    fields = {"kind": "hotline_file", "name": "hotline", "path": "inbox/*.csv"}
    return HotlineFile.model_validate(fields | changes)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def test_a_new_file_in_the_folder_is_read(inbox: Path) -> None:
    (inbox / "may.csv").write_text(HEAD + "1,路灯,路灯坏了,2026-05-13 10:12\n", "utf-8")
    entry = collect(watched(), inbox.parent).entries[0]
    assert (entry.source, entry.external_id, entry.text) == ("hotline", "1", "路灯坏了")
    assert entry.published == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)


def test_the_same_bytes_twice_are_read_once(inbox: Path) -> None:
    (inbox / "may.csv").write_text(HEAD + "1,路灯,路灯坏了,\n", "utf-8")
    first = collect(watched(), inbox.parent)
    again = collect(watched(), inbox.parent, first.state)
    assert (again.entries, again.not_modified) == ((), True)
    (inbox / "may.csv").write_text(HEAD + "1,路灯,路灯坏了,\n2,井盖,井盖破损,\n", "utf-8")
    assert len(collect(watched(), inbox.parent, again.state).entries) == 2


def test_a_bad_row_is_named_with_file_and_line_and_the_rest_goes_in(inbox: Path) -> None:
    (inbox / "may.csv").write_text(HEAD + "1,,,\n2,井盖,井盖破损,\n", "utf-8")
    collected = collect(watched(), inbox.parent)
    assert len(collected.entries) == 1
    assert collected.problems == ("may.csv:2: neither subject nor content",)
    assert collected.failure == ""


def test_a_bad_file_is_named_and_its_neighbour_goes_in(inbox: Path) -> None:
    (inbox / "a.csv").write_text("甲,乙\n1,2\n", "utf-8")
    (inbox / "b.csv").write_text(HEAD + "2,井盖,井盖破损,\n", "utf-8")
    collected = collect(watched(), inbox.parent)
    assert len(collected.entries) == 1
    assert collected.failure == ""
    assert "a.csv" in collected.problems[0]


def test_a_bad_file_alone_is_a_failure_and_is_tried_again(inbox: Path) -> None:
    (inbox / "a.csv").write_text("甲,乙\n1,2\n", "utf-8")
    first = collect(watched(), inbox.parent)
    assert "--map" in first.failure
    assert collect(watched(), inbox.parent, first.state).failure == first.failure


def test_a_file_taken_away_before_it_is_read_is_told(inbox: Path) -> None:
    with pytest.raises(TableError, match=r"a\.csv: cannot be read"):
        digest(inbox / "a.csv")


def test_files_of_one_name_in_two_folders_are_each_read_once(inbox: Path) -> None:
    for number in (1, 2):
        (inbox / f"{number}").mkdir()
        (inbox / f"{number}" / "may.csv").write_text(HEAD + f"{number},路灯,路灯坏了,\n", "utf-8")
    every = watched(path="inbox/*/may.csv")
    first = collect(every, inbox.parent)
    assert len(first.entries) == 2
    assert collect(every, inbox.parent, first.state).not_modified


def test_tickets_are_messages_of_citizens_unless_said_otherwise() -> None:
    assert (watched().mention_kind, watched().media_tier) == ("citizen_message", "netizen")
    assert watched(mention_kind="news").mention_kind == "news"


def test_columns_nobody_knows_are_named_in_the_settings(inbox: Path) -> None:
    (inbox / "a.csv").write_text("甲,乙\n路灯坏了,2026-05-13\n", "utf-8")
    source = watched(columns={"甲": "content", "乙": "asked_at"})
    assert collect(source, inbox.parent).entries[0].text == "路灯坏了"


def test_lock_files_of_office_programs_are_left_alone(inbox: Path) -> None:
    (inbox / "~$may.csv").write_text("x", "utf-8")
    collected = collect(watched(), inbox.parent)
    assert (collected.failure, collected.not_modified) == ("", True)


def test_an_empty_folder_is_well_and_a_missing_one_is_not(inbox: Path) -> None:
    assert collect(watched(), inbox.parent).failure == ""
    assert "no such" in collect(watched(), inbox).failure
    assert "no such" in collect(watched(path="inbox/may.csv"), inbox.parent).failure


def test_many_bad_rows_are_counted_not_listed(inbox: Path) -> None:
    (inbox / "may.csv").write_text(HEAD + "1,,,\n" * 80 + "2,井盖,井盖破损,\n", "utf-8")
    problems = collect(watched(), inbox.parent).problems
    assert len(problems) == 51
    assert "30 more" in problems[-1]


def test_an_export_is_fetched_from_its_address() -> None:
    async def story() -> Collected:
        async with Origin() as origin:
            allowed = frozenset({origin.netloc})
            settings = FetchSettings(allow_hosts=allowed, robots=False)
            source = watched(path="", url=origin.url("/status/404"))
            async with Fetcher(settings) as fetcher:
                context = CollectContext(fetcher=fetcher, state={}, now=NOW, folder=Path())
                return await source.collect(context)

    collected = asyncio.run(story())
    assert "HTTP 404" in collected.failure
    assert collected.permanent


@pytest.mark.parametrize("fields", [{"path": ""}, {"url": "https://example.cn/a.csv"}], ids=str)
def test_a_source_has_one_place(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        watched(**fields)

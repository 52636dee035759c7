from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from collectors.hotline import (
    ALIASES,
    HotlineField,
    HotlineRow,
    folded,
    read_hotline,
)
from collectors.tables import RowProblem, TableError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HEAD = ["工单编号", "标题", "诉求内容", "受理时间"]


def table(path: Path, *rows: Sequence[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def read(path: Path, **mapping: HotlineField) -> list[HotlineRow | RowProblem]:
    return list(read_hotline(path, NOW, mapping=mapping))


def good(path: Path, **mapping: HotlineField) -> list[HotlineRow]:
    rows = read(path, **mapping)
    assert not any(isinstance(row, RowProblem) for row in rows), rows
    return [row for row in rows if isinstance(row, HotlineRow)]


def one(tmp_path: Path, **columns: str) -> HotlineRow:
    """The row that a table with these columns and values gives; content is added."""
    named = {"诉求内容": "路灯坏了"} | columns
    return good(table(tmp_path / "a.csv", list(named), list(named.values())))[0]


def test_a_ticket_is_read_field_by_field(tmp_path: Path) -> None:
    row = one(
        tmp_path,
        工单编号="GD001",
        标题="路灯",
        受理时间="2026-05-13 10:12",
        答复内容="已修复",
        答复时间="2026年5月14日 9:00",
        工单来源="电话",
        诉求类型="投诉",
        诉求地址="某街道某路口",
        主办单位="城管局",
        工单状态="已办结",
        来电人="某市民",
    )
    assert (row.external_id, row.subject, row.content) == ("GD001", "路灯", "路灯坏了")
    assert row.asked_at == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)
    assert (row.reply, row.replied_at) == ("已修复", datetime(2026, 5, 14, 1, tzinfo=UTC))
    assert (row.channel, row.category, row.place) == ("电话", "投诉", "某街道某路口")
    assert (row.unit, row.status) == ("城管局", "已办结")


@pytest.mark.parametrize(
    "name",
    ["诉求内容", "内容", "留言详情", "内容（必填）", "*内容", "内容描述", " 内 容 ", "Content"],
)
def test_columns_are_known_under_the_names_offices_use(tmp_path: Path, name: str) -> None:
    assert good(table(tmp_path / "a.csv", [name], ["路灯坏了"]))[0].content == "路灯坏了"


def test_the_better_of_two_names_for_one_field_wins(tmp_path: Path) -> None:
    row = one(tmp_path, 受理时间="2026-05-13", 留言时间="2026-05-12", 类型="甲", 一级分类="乙")
    assert row.asked_at == datetime(2026, 5, 11, 16, tzinfo=UTC)
    assert row.category == "乙"


def test_every_alias_is_in_its_folded_form_and_names_one_field() -> None:
    aliases = [alias for names in ALIASES.values() for alias in names]
    assert [folded(alias) for alias in aliases] == aliases
    assert len(set(aliases)) == len(aliases)


def test_a_mapping_names_columns_nobody_knows(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", ["甲", "乙"], ["路灯坏了", "2026-05-13"])
    row = good(path, 甲=HotlineField.CONTENT, 乙=HotlineField.ASKED_AT)[0]
    assert row.content == "路灯坏了"
    assert row.asked_at is not None


def test_a_mapping_overrides_a_known_name(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", ["内容", "备注"], ["摘要", "全文"])
    assert good(path, 备注=HotlineField.CONTENT)[0].content == "全文"
    assert good(path, 备注=HotlineField.SUBJECT, 内容=HotlineField.IGNORE)[0].subject == "全文"


# Dates


@pytest.mark.parametrize(
    "text",
    ["2026-05-13 10:12", "2026/5/13 10:12:00", "2026年5月13日10:12", "46155.425", "46155.42500"],
)
def test_times_are_read_also_as_bare_day_numbers(tmp_path: Path, text: str) -> None:
    row = one(tmp_path, 受理时间=text)
    assert row.asked_at == datetime(2026, 5, 13, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("", "missing"),
        ("--", "missing"),
        ("无", "missing"),
        ("上午", "unparsed"),
        ("2099-01-01", "implausible"),
    ],
)
def test_a_time_that_is_none_is_none_and_flagged_never_now(
    tmp_path: Path, text: str, flag: str
) -> None:
    row = one(tmp_path, 受理时间=text)
    assert row.asked_at is None
    assert row.date_flag == flag


# Who is who


def test_who_wrote_goes_nowhere_but_the_field_for_the_hash(tmp_path: Path) -> None:
    row = one(tmp_path, 留言用户="canary-user")
    assert row.author_raw == "canary-user"
    assert "canary" not in repr(row)


@pytest.mark.parametrize(
    "column",
    [
        "联系电话",
        "来电号码",
        "手机",
        "身份证号",
        "电子邮箱",
        "联系方式",
        "QQ号",
        "Phone Number",
        "E-mail",
    ],
)
def test_columns_of_numbers_and_addresses_are_never_read(tmp_path: Path, column: str) -> None:
    path = table(tmp_path / "a.csv", ["内容", column], ["路灯坏了", "canary"])
    for mapping in ({}, {column: HotlineField.AUTHOR}, {column: HotlineField.CONTENT}):
        row = good(path, **mapping)[0]
        assert "canary" not in (row.author_raw, row.content, row.subject, row.external_id)


# Identity


def test_the_same_file_twice_gives_the_same_ids(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", ["内容"], ["路灯坏了"], ["井盖破损"])
    first, second = good(path), good(path)
    assert [row.external_id for row in first] == [row.external_id for row in second]
    assert len({row.external_id for row in first}) == 2


@pytest.mark.parametrize("number", ["2.02605E+19", "1.23457e+15"])
def test_a_number_that_excel_has_shortened_is_no_identity(tmp_path: Path, number: str) -> None:
    path = table(tmp_path / "a.csv", HEAD, [number, "a", "路灯坏了", ""], [number, "b", "井盖", ""])
    assert len({row.external_id for row in good(path)}) == 2


def test_a_long_number_cell_is_no_identity_either(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    for cells in (HEAD, [20260513000000000, "a", "x", None], [20260513000000000, "b", "y", None]):
        page.append(cells)
    book.save(tmp_path / "a.xlsx")
    assert len({row.external_id for row in good(tmp_path / "a.xlsx")}) == 2


def test_a_numeric_id_is_the_number_people_see(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    for cells in (HEAD, [24, "a", "x", None]):
        page.append(cells)
    book.save(tmp_path / "a.xlsx")
    assert good(tmp_path / "a.xlsx")[0].external_id == "24"


# What goes wrong


def test_a_bad_row_is_named_and_the_rest_goes_in(tmp_path: Path) -> None:
    path = table(
        tmp_path / "a.csv",
        HEAD,
        ["1", "a", "路灯", ""],
        ["2", "", "  ", "2026-05-13"],
        ["3", "a", "逗号", "多了", "一个"],
        ["4", "b", "井盖", ""],
    )
    rows = read(path)
    problems = [row for row in rows if isinstance(row, RowProblem)]
    assert [(problem.file, problem.row) for problem in problems] == [("a.csv", 3), ("a.csv", 4)]
    assert str(problems[0]).startswith("a.csv:3: neither")
    assert len(rows) == 4


def test_a_side_note_in_a_workbook_costs_no_row(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    for cells in (HEAD, ["1", "a", "路灯", None, "督办"]):
        page.append(cells)
    book.save(tmp_path / "a.xlsx")
    assert len(good(tmp_path / "a.xlsx")) == 1


def test_a_header_printed_again_is_no_row(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", HEAD, ["1", "a", "x", ""], HEAD, ["2", "b", "y", ""])
    assert [row.external_id for row in good(path)] == ["1", "2"]


def test_a_table_without_text_says_what_it_found_and_what_to_do(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", ["编号", "区域"], ["1", "x"])
    with pytest.raises(TableError) as raised:
        read(path)
    for word in ("a.csv", "content", "subject", "编号, 区域", "--map COL=content"):
        assert word in str(raised.value)


def test_a_mapping_of_a_column_that_is_not_there_says_so(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", ["内容"], ["x"])
    with pytest.raises(TableError, match="no column 诉求"):
        read(path, 诉求=HotlineField.CONTENT)


def test_a_sheet_without_text_is_a_problem_beside_one_with_text(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(HEAD)
    page.append(["1", "a", "x", None])
    book.create_sheet("分类字典").append(["一级分类", "二级分类"])
    book.save(tmp_path / "a.xlsx")
    rows = read(tmp_path / "a.xlsx")
    assert isinstance(rows[0], HotlineRow)
    assert isinstance(rows[1], RowProblem)
    assert "分类字典" in str(rows[1])


def test_the_blank_margins_of_web_tables_go(tmp_path: Path) -> None:
    row = one(tmp_path, 诉求内容="\n\t\t\n\t\t路灯坏了\n\t\t\n请修\n")
    assert row.content == "路灯坏了\n请修"


def test_unseen_characters_go(tmp_path: Path) -> None:
    assert one(tmp_path, 诉求内容="路\u200b灯\u202e坏\x07了").content == "路灯坏了"


# Real files


def test_the_real_board_export_is_read_whole(shared: Path) -> None:
    rows = good(shared / "corpus" / "feedback" / "leader_board_xlsx" / "ai04_file2.xlsx")
    assert len(rows) == 495
    assert all(row.asked_at and row.subject and row.content and row.category for row in rows)


def test_the_new_york_hotline_is_read_whole(shared: Path) -> None:
    rows = good(shared / "corpus" / "feedback" / "nyc311" / "311_Animals_short.csv")
    assert len(rows) == len({row.external_id for row in rows}) == 4969
    assert all(row.asked_at and row.subject for row in rows)

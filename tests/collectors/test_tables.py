from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.styles import numbers
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from collectors.table_text import MAX_LINES_A_ROW
from collectors.tables import Cell, Row, RowProblem, Table, TableError, read_tables

NAMES = {"编号", "内容", "时间"}
HEAD = "编号,内容,时间\n"


def write(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def only(path: Path) -> tuple[Table, list[Row | RowProblem]]:
    tables = [(table, list(table.rows)) for table in read_tables(path, NAMES.__contains__)]
    assert len(tables) == 1
    return tables[0]


def cells(path: Path) -> list[tuple[Cell, ...]]:
    rows = only(path)[1]
    assert all(isinstance(row, Row) for row in rows), rows
    return [row.cells for row in rows if isinstance(row, Row)]


def workbook(path: Path, *rows: Sequence[object], sheet: str = "工单") -> Path:
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for row in rows:
        page.append(list(row))
    book.save(path)
    return path


# CSV


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be", "big5"]
)
def test_csv_is_read_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    text = HEAD + "".join(
        f"{i},路燈壞了三天沒有人修理請盡快處理{i},2026-05-13\n" for i in range(40)
    )
    text = text if encoding == "big5" else text.replace("時間", "时间")
    names = NAMES | {"編號", "內容", "時間"}
    if encoding == "big5":
        text = text.replace("编号", "編號").replace("内容", "內容").replace("时间", "時間")
    path = write(tmp_path / "a.csv", text, encoding)
    for table in read_tables(path, names.__contains__):
        rows = list(table.rows)
        assert len(rows) == 40
        assert isinstance(rows[7], Row)
        assert rows[7].cells[1] == "路燈壞了三天沒有人修理請盡快處理7"


def test_gb18030_after_megabytes_of_ascii_is_found(tmp_path: Path) -> None:
    filler = f"1,{'plain ' * 500},2026-05-13\n" * 2000
    path = write(tmp_path / "a.csv", filler + "2,井盖破损无人处理,2026-05-13\n" * 50, "gb18030")
    last: Row | RowProblem | None = None
    for table in read_tables(path, NAMES.__contains__):
        for row in table.rows:
            last = row
    assert isinstance(last, Row)
    assert last.cells[1] == "井盖破损无人处理"


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "，"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    line = delimiter.join(["1", "逗号和;分号都有" if delimiter != ";" else "文字", "2026"])
    path = write(tmp_path / "a.csv", delimiter.join(["编号", "内容", "时间"]) + f"\n{line}\n")
    table, rows = only(path)
    assert table.columns == ("编号", "内容", "时间")
    assert isinstance(rows[0], Row)
    assert len(rows[0].cells) == 3


def test_excels_own_delimiter_line_is_obeyed(tmp_path: Path) -> None:
    assert cells(write(tmp_path / "a.csv", f"sep=;\n{HEAD.replace(',', ';')}1;x,y;z\n")) == [
        ("1", "x,y", "z")
    ]


def test_line_breaks_and_doubled_quotes_stay_in_their_cell(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", HEAD + '1,"第一行\n第二行,""引号""",2026\n2,x,y\n')
    assert cells(path) == [("1", '第一行\n第二行,"引号"', "2026"), ("2", "x", "y")]


def test_rows_are_numbered_by_their_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", HEAD + '1,"a\nb",c\n\n2,x,y\n')
    assert [row.number for row in only(path)[1] if isinstance(row, Row)] == [2, 5]


def test_a_quote_that_never_ends_costs_its_line_alone(tmp_path: Path) -> None:
    good = "".join(f"{i},好,2026\n" for i in range(MAX_LINES_A_ROW * 2))
    _, rows = only(write(tmp_path / "a.csv", HEAD + '0,"没有结束,2026\n' + good))
    problems = [row for row in rows if isinstance(row, RowProblem)]
    assert [problem.row for problem in problems] == [2]
    assert "quote" in str(problems[0])
    assert len(rows) == MAX_LINES_A_ROW * 2 + 1


def test_an_undoubled_quote_inside_a_cell_is_kept(tmp_path: Path) -> None:
    rows = cells(write(tmp_path / "a.csv", HEAD + '1,"所谓"整改"完成",2026\n2,x,y\n'))
    assert len(rows) == 2
    assert "整改" in str(rows[0][1])


def test_a_quote_in_the_middle_of_a_cell_is_a_character(tmp_path: Path) -> None:
    assert cells(write(tmp_path / "a.csv", HEAD + '1,5" 水管,2026\n2,x,y\n'))[0][1] == '5" 水管'


def test_a_cell_beyond_csvs_limit_is_a_problem_and_the_rest_goes_on(tmp_path: Path) -> None:
    _, rows = only(write(tmp_path / "a.csv", HEAD + f'1,"{"长" * 200_000}",2026\n2,x,y\n'))
    assert isinstance(rows[0], RowProblem)
    assert isinstance(rows[-1], Row)


# Headers


def test_a_title_above_the_header_is_skipped(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", f"某区热线工单明细表,,\n制表日期：2026年5月,,\n{HEAD}1,x,y\n")
    table, rows = only(path)
    assert table.header_row == 3
    assert len(rows) == 1


def test_a_header_of_two_merged_rows_is_joined(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        ["编号", "基本情况", None, "备注"],
        [None, "内容", "时间", None],
        ["1", "x", "y", "z"],
    )
    table, rows = only(path)
    assert table.columns == ("编号", "内容", "时间", "备注")
    assert len(rows) == 1


def test_without_known_names_the_first_row_is_the_header(tmp_path: Path) -> None:
    table, rows = only(write(tmp_path / "a.csv", "甲,乙\n1,2\n"))
    assert table.columns == ("甲", "乙")
    assert len(rows) == 1


# XLSX


def test_cells_keep_their_kind(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        ["编号", "内容", "时间"],
        [24, " 路灯 ", datetime(2026, 5, 13, 10, 12)],  # noqa: DTZ001  # as a sheet holds it
        [2.5, True, "文字"],
    )
    assert cells(path) == [
        (24, " 路灯 ", datetime(2026, 5, 13, 10, 12)),  # noqa: DTZ001  # as a sheet holds it
        (2.5, True, "文字"),
    ]


@pytest.mark.parametrize(
    "form", ["yyyy-mm-dd", "yyyy年m月d日", numbers.FORMAT_DATE_DATETIME, "m/d/yy h:mm"]
)
def test_a_number_shown_as_a_date_is_a_date(tmp_path: Path, form: str) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["编号", "内容", "时间"])
    page.append([1, "x", 46155.425])
    page["C2"].number_format = form
    book.save(tmp_path / "a.xlsx")
    moment = cells(tmp_path / "a.xlsx")[0][2]
    assert moment == datetime(2026, 5, 13, 10, 12)  # noqa: DTZ001  # as a sheet holds it


@pytest.mark.parametrize("form", ["0.00", '"年"0', "[Red]0", "General", "0.0_m"])
def test_a_number_shown_as_a_number_is_none(tmp_path: Path, form: str) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["编号", "内容", "时间"])
    page.append([1, "x", 46155.425])
    page["C2"].number_format = form
    book.save(tmp_path / "a.xlsx")
    assert cells(tmp_path / "a.xlsx")[0][2] == 46155.425


def test_a_sheet_that_claims_more_rows_than_it_has_gives_what_it_has(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["编号", "内容", "时间"])
    page.append([1, "x", "y"])
    page.cell(row=60_000, column=3).number_format = "0.00"
    book.save(tmp_path / "a.xlsx")
    assert cells(tmp_path / "a.xlsx") == [(1, "x", "y")]


def test_a_stray_cell_in_the_last_corner_costs_nothing(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["编号", "内容", "时间"])
    page.append([1, "x", "y"])
    page.cell(row=1_048_576, column=16_384).value = "end"
    page.cell(row=1_048_576, column=1).value = 2
    book.save(tmp_path / "a.xlsx")
    rows = only(tmp_path / "a.xlsx")[1]
    assert [(row.number, row.cells) for row in rows if isinstance(row, Row)] == [
        (2, (1, "x", "y")),
        (1_048_576, (2,)),
    ]


def test_every_visible_sheet_is_read_and_hidden_ones_are_not(tmp_path: Path) -> None:
    book = Workbook()
    first = book.active
    assert first is not None
    first.title = "一月"
    for name in ("二月", "字典"):
        book.create_sheet(name)
    for page in book.worksheets:
        page.append(["编号", "内容", "时间"])
    book["字典"].sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    assert [table.sheet for table in read_tables(tmp_path / "a.xlsx", NAMES.__contains__)] == [
        "一月",
        "二月",
    ]


def rewritten(path: Path, part: str, change: tuple[str, str]) -> Path:
    """Return a copy of a workbook with a piece of one part replaced."""
    copy = path.with_name(f"changed_{path.name}")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            body = old.read(name).decode("utf-8")
            new.writestr(name, body.replace(*change) if name == part else body)
    return copy


def test_cells_without_a_place_stand_one_after_the_other(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["编号", "内容", "时间"], [1, None, "y"])
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode("utf-8")
    row = sheet[sheet.index('<row r="2"') : sheet.index("</sheetData>")]
    bare = '<row><c><v>1</v></c><c/><c t="inlineStr"><is><t>y</t></is></c></row>'
    changed = rewritten(path, "xl/worksheets/sheet1.xml", (row, bare))
    assert cells(changed) == [(1, None, "y")]


def test_dates_counted_from_1904_are_read_so(tmp_path: Path) -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    page = book.active
    assert page is not None
    page.append(["编号", "内容", "时间"])
    page.append([1, "x", datetime(2026, 5, 13)])  # noqa: DTZ001  # as a sheet holds it
    book.save(tmp_path / "a.xlsx")
    assert b'date1904="1"' in zipfile.ZipFile(tmp_path / "a.xlsx").read("xl/workbook.xml")
    moment = cells(tmp_path / "a.xlsx")[0][2]
    assert moment == datetime(2026, 5, 13)  # noqa: DTZ001  # as a sheet holds it


def test_readings_above_characters_are_left_out(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["编号", "内容", "时间"], [1, "重庆", "y"])
    ruby = "重庆</t><rPh sb='0' eb='2'><t>chongqing</t></rPh>"
    changed = rewritten(path, "xl/sharedStrings.xml", ("重庆</t>", ruby))
    assert cells(changed)[0][1] == "重庆"


def test_a_sheet_damaged_in_the_middle_gives_the_rows_before(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["编号", "内容", "时间"], [1, "x", "y"], [2, "x", "y"])
    changed = rewritten(path, "xl/worksheets/sheet1.xml", ('<row r="3"', '<row <r="3"'))
    rows = only(changed)[1]
    assert isinstance(rows[0], Row)
    assert isinstance(rows[-1], RowProblem)
    assert "damaged after" in rows[-1].reason


def test_entities_in_a_sheet_reach_no_file(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.txt", "机密")
    path = workbook(tmp_path / "a.xlsx", ["编号", "内容", "时间"], [1, "重庆", "y"])
    declared = f'<!DOCTYPE sst [<!ENTITY x SYSTEM "{secret.as_uri()}">]><sst'
    changed = rewritten(path, "xl/sharedStrings.xml", ("<sst", declared))
    changed = rewritten(changed, "xl/sharedStrings.xml", ("重庆", "&x;"))
    with suppress(TableError):
        assert "机密" not in repr(only(changed))


# Other formats


def test_json_lines_have_their_keys_as_columns(tmp_path: Path) -> None:
    lines = [{"编号": 1, "内容": "x"}, {"编号": 2, "时间": "2026", "其他": [1]}]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    table, rows = only(write(tmp_path / "a.jsonl", text + '\nnot json\n[]\n{"编号": 3}\n'))
    assert table.columns == ("编号", "内容", "时间", "其他")
    assert [row.row for row in rows if isinstance(row, RowProblem)] == [3, 4]
    assert [row.cells for row in rows if isinstance(row, Row)] == [
        (1, "x"),
        (2, None, "2026", "[1]"),
        (3,),
    ]


def test_a_json_array_is_read_too(tmp_path: Path) -> None:
    text = json.dumps([{"编号": 1, "内容": "x"}, 5])
    rows = only(write(tmp_path / "a.json", text))[1]
    assert isinstance(rows[0], Row)
    assert isinstance(rows[1], RowProblem)


def test_an_html_table_called_xls_is_read(tmp_path: Path) -> None:
    page = (
        "<html><meta charset=gb2312><body><table><tr><td>导航</td></tr></table><table>"
        "<tr><th>编号</th><th>内容</th><th>时间</th></tr>"
        "<tr><td>1</td><td colspan=2>路灯 <b>坏</b>了</td></tr></table></body></html>"
    )
    assert cells(write(tmp_path / "a.xls", page, "gb18030")) == [("1", "路灯 坏了")]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "empty"),
        ("blank.csv", b" \n\n", "empty"),
        ("cut.xlsx", b"PK\x03\x04rest", "damaged XLSX"),
        ("locked.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "XLS"),
        ("page.xls", b"<html><p>no table</p></html>", "no table"),
        ("old.xls", b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "2003"),
        ("bad.json", b"[1, 2", "not JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    with pytest.raises(TableError, match=says) as raised:
        list(read_tables(write(tmp_path / name, content), NAMES.__contains__))
    assert name in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"none\.csv"):
        list(read_tables(tmp_path / "none.csv", NAMES.__contains__))


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    start=st.sampled_from([b"", b"PK\x03\x04", b"{", b"[", b"<", b"\xff\xfe", HEAD.encode()]),
    rest=st.binary(max_size=300),
)
def test_no_bytes_raise_anything_but_a_table_error(
    tmp_path: Path, start: bytes, rest: bytes
) -> None:
    path = write(tmp_path / "fuzz", start + rest)
    with suppress(TableError):
        for table in read_tables(path, NAMES.__contains__):
            list(table.rows)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255), part=st.integers(0, 30))
def test_no_flipped_byte_in_a_workbook_raises_anything_but_a_table_error(
    tmp_path: Path, at: int, byte: int, part: int
) -> None:
    path = tmp_path / "a.xlsx"
    if not path.exists():
        workbook(path, ["编号", "内容", "时间"], [1, "x", datetime(2026, 5, 13)])  # noqa: DTZ001
    copy = tmp_path / "b.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for index, name in enumerate(old.namelist()):
            body = bytearray(old.read(name))
            if index == part % len(old.namelist()):
                body[at % len(body)] = byte
            new.writestr(name, bytes(body))
    with suppress(TableError):
        for table in read_tables(copy, NAMES.__contains__):
            list(table.rows)


def test_the_real_board_export_has_495_rows_not_65202(shared: Path) -> None:
    path = shared / "corpus" / "feedback" / "leader_board_xlsx" / "ai04_file2.xlsx"
    for table in read_tables(path, {"留言主题", "留言详情"}.__contains__):
        assert sum(isinstance(row, Row) for row in table.rows) == 495
        assert len(table.columns) == 6


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_a_workbook_whose_packing_is_damaged_is_refused_in_one_line(
    tmp_path: Path, part: str
) -> None:
    """Each byte of a packed part in turn: no damage gets past the border."""
    whole = tmp_path / "whole.xlsx"
    book = Workbook()
    sheet = book.active
    sheet.append(["主题", "内容"])
    for number in range(40):
        sheet.append([f"第{number}件", "路灯不亮，请处理" * (number % 7)])
    book.save(whole)
    body = whole.read_bytes()
    start = body.index(part.encode())
    for place in range(start + len(part), start + len(part) + 200, 3):
        damaged = tmp_path / "damaged.xlsx"
        damaged.write_bytes(body[:place] + bytes([body[place] ^ 0x5A]) + body[place + 1 :])
        with suppress(TableError):
            for table in read_tables(damaged, lambda name: name in {"主题", "内容"}):
                assert all(isinstance(row, Row | RowProblem) for row in table.rows)

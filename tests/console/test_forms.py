"""The papers of a case: filled, saved as versions, masked, printed."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from alerts.forms import FORM_ZH, FORMS
from reports.english import english
from storage import audit, forms, incidents
from storage.store import Store
from tests.console.conftest import Browse, Hands, settings

RECORD = "/incidents/i-water/forms/opinion_record"


def cells(page: str) -> dict[str, str]:
    """Return the lines of the sheet by their labels."""
    return dict(re.findall(r'<tr><th scope="row">([^<]*)</th><td>([^<]*)</td></tr>', page))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_opens_and_is_linked_from_its_case(officer: Hands, form: str) -> None:
    assert f'href="/incidents/i-water/forms/{form}"' in officer.open("/incidents/i-water")
    page = officer.open(f"/incidents/i-water/forms/{form}")
    assert officer.status == 200
    assert f"<h1>{FORM_ZH[form]}</h1>" in page


def test_what_is_known_is_filled_in_before_anything_was_saved(officer: Hands) -> None:
    lines = cells(officer.open(RECORD))
    assert lines["编号"] == "清舆〔2026〕2号"
    assert lines["来源平台"] == "清岚论坛"
    assert lines["拟定等级"] == "橙色（重大）"
    assert lines["登记人"] == "值班员甲"
    assert lines["传播量（阅/转/评/赞）"] == "独立 3 条，转载 3 条，4 个信源"
    order = cells(officer.open("/incidents/i-bus/forms/assignment_order"))
    assert order["主办（拟办）单位"] == "区交通运输局"
    assert "2026-11-24 14:30 前" in order["办理时限"]


def test_each_save_is_a_version_with_who_and_when(officer: Hands, store: Store) -> None:
    officer.open(RECORD)
    officer.send(RECORD, title="停水", gist="两天没有水")
    assert "表单已保存" in officer.page
    officer.pass_time(minutes=5)
    officer.send(RECORD, title="停水已两天", gist="两天没有水")
    assert cells(officer.page)["标题"] == "停水已两天"
    with store.read() as reader:
        latest, first = forms.versions(reader, "i-water", "opinion_record")
    assert (first.fields["title"], first.who) == ("停水", "值班员甲")
    assert (latest.at - first.at).total_seconds() == 300
    page = officer.open(f"{RECORD}?version={first.number}")
    assert cells(page)["标题"] == "停水"
    assert "这不是最新版本" in page


def test_what_is_missing_is_named_and_may_come_later(officer: Hands) -> None:
    officer.open(RECORD)
    officer.send(RECORD, title="停水")
    note = re.search(r'class="note warn">(.*?)</p>', officer.page)
    assert note is not None
    assert "原文摘要" in note[1]
    assert "标题" not in note[1]


def test_personal_data_is_masked_when_a_form_is_saved(officer: Hands, store: Store) -> None:
    officer.open(RECORD)
    officer.send(RECORD, gist="来电人电话 13900000001")
    assert "139****0001" in officer.page
    with store.read() as reader:
        assert reader.value("SELECT count(*) FROM incident_form WHERE fields LIKE '%139000%'") == 0


def test_saving_stands_in_the_history_and_in_the_chain(officer: Hands, store: Store) -> None:
    officer.open(RECORD)
    officer.send(RECORD, title="停水")
    assert "保存表单 舆情登记表" in officer.open("/incidents/i-water")
    with store.read() as reader:
        assert incidents.steps(reader, "i-water")[-1].action == "form_saved"
    assert audit.check_store(store).rows == 1


def test_an_empty_form_is_refused_and_what_was_typed_is_kept(officer: Hands, store: Store) -> None:
    officer.open(RECORD)
    officer.send(RECORD, title=" ")
    assert officer.status == 409
    assert "表单是空的" in officer.page
    with store.transaction() as tx:
        tx.run("UPDATE incident SET state = 'archived' WHERE id = 'i-water'")
    officer.send(RECORD, title="迟到的登记")
    assert officer.status == 409
    assert "已归档" in officer.page


def test_a_field_no_form_has_is_not_kept(officer: Hands, store: Store) -> None:
    officer.open(RECORD)
    officer.send(RECORD, title="停水", poster="某网民")
    with store.read() as reader:
        assert dict(forms.latest(reader, "i-water")["opinion_record"].fields) == {"title": "停水"}


def test_a_reader_sees_the_paper_and_cannot_fill_it(stranger: Hands) -> None:
    stranger.sign_in("领导丁", "reader")
    assert "<textarea" not in stranger.open(RECORD)
    stranger.send(RECORD, title="x")
    assert stranger.status == 403


def test_a_form_of_no_kind_or_no_case_is_a_page_that_says_so(officer: Hands) -> None:
    for address in ("/incidents/i-water/forms/nothing", "/incidents/nobody/forms/referral"):
        officer.open(address)
        assert officer.status == 404, address
    officer.open(RECORD)
    officer.send("/incidents/i-water/forms/nothing", title="x")
    assert officer.status == 404


def test_markup_in_a_form_is_text(officer: Hands) -> None:
    officer.open(RECORD)
    page = officer.send(RECORD, title="<script>alert(1)</script>")
    assert "<script" not in page


def test_every_label_has_its_english(browse: Browse) -> None:
    known = english("reports") | english("console")
    labels = {line.metadata["zh"] for form in FORMS.values() for line in fields(form)}
    assert sorted(label for label in (labels | set(FORM_ZH.values())) if label not in known) == []
    hands = browse(settings(language="en"))
    hands.sign_in()
    assert "<h1>Response approval</h1>" in hands.open("/incidents/i-water/forms/response_approval")

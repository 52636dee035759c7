from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from alerts.clocks import clocks_for
from alerts.constants import load_constants
from alerts.forms import (
    FORM_ZH,
    FORMS,
    FormError,
    blanks,
    drafted_assignment,
    drafted_record,
    fill,
    missing,
    values_of,
)
from models.records import Incident, Level

Incidents = Callable[..., Incident]


@pytest.mark.parametrize("kind", FORMS)
def test_every_form_has_labels_and_says_what_is_missing(kind: str) -> None:
    assert FORM_ZH[kind]
    required = [blank.zh for blank in blanks(kind) if blank.required]
    assert list(missing(fill(kind, {}))) == required
    full = fill(kind, {blank.name: "有" for blank in blanks(kind)})
    assert missing(full) == ()
    assert set(values_of(full)) == {blank.name for blank in blanks(kind)}


@pytest.mark.parametrize("kind", FORMS)
def test_no_form_has_a_place_for_who_posted(kind: str) -> None:
    for blank in blanks(kind):
        assert not any(word in blank.name for word in ("author", "poster", "nick", "account"))
        assert not any(word in blank.zh for word in ("发帖人", "网民姓名", "昵称", "账号"))


def test_texts_are_masked_and_officials_are_not() -> None:
    filled = fill("referral", {"claim": "发帖称联系13812345678可退款", "handed_by": "张主任"})
    assert filled.claim == "发帖称联系138****5678可退款"
    report = fill("incident_report", {"on_scene": "李局长 13812345678"})
    assert report.on_scene == "李局长 13812345678"


def test_a_line_or_a_form_that_does_not_exist_is_refused() -> None:
    with pytest.raises(FormError, match="poster"):
        fill("referral", {"poster": "某人"})
    with pytest.raises(FormError, match="可用 opinion_record"):
        blanks("deletion_request")


def test_what_is_stored_fills_the_same_form_again() -> None:
    one = fill("disposition_feedback", {"facts": "管道破裂", "handler": "王科长"})
    assert fill("disposition_feedback", values_of(one)) == one


def test_an_assignment_names_unit_level_and_deadline(incident: Incidents, now: datetime) -> None:
    case = incident(
        responsible_unit="水务局", co_units=("城管局", "街道办"), level_confirmed=Level.ORANGE
    )
    order = drafted_assignment(case, clocks_for(case, load_constants(), now), "张主任", now)
    assert (order.lead_unit, order.co_units) == ("水务局", "城管局、街道办")
    assert order.due.startswith("2026-05-14 10:00 前（热点问题回应")
    assert order.opinion == "提请联席会议会商"
    assert missing(order) == ("基本情况",)


def test_a_registration_knows_what_the_case_knows(incident: Incidents) -> None:
    record = drafted_record(incident(), {"source": "论坛", "gist": "停水"}, "监测员")
    assert (record.level, record.topic) == ("黄色（较大）", "市政服务")
    assert missing(record) == ()

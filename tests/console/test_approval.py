"""A response is signed step by step; the page shows who holds it; a person publishes."""

from __future__ import annotations

import pytest

from models.records import IncidentState
from storage import audit, incidents
from storage.store import Store
from tests.console.conftest import Browse, Hands, settings

FORM = "/incidents/i-water/forms/response_approval"
APPROVAL = "/incidents/i-water/approval"
DRAFT = {
    "draft": "停水原因通报",
    "basis": "核查报告",
    "talking_points": "先说事实",
    "channel": "官网",
}
SIGNERS = (
    ("section_head", "李科长", "section_head"),
    ("secrecy_check", "公开办王", "openness_office"),
    ("deputy_leader", "分管赵", "deputy_leader"),
    ("personal_information_check", "公开办王", "openness_office"),
    ("principal_leader", "主任钱", "principal_leader"),
)


@pytest.fixture
def drafted(store: Store) -> Store:
    """The water case with its draft due."""
    with store.transaction() as tx:
        tx.run("UPDATE incident SET state = 'drafted' WHERE id = 'i-water'")
    return store


@pytest.fixture
def hands(browse: Browse, drafted: Store) -> Hands:
    """A press officer who has saved the draft and sent it on its way."""
    hands = browse(settings())
    hands.sign_in("新闻孙", "press_officer")
    hands.open(FORM)
    hands.send(FORM, **DRAFT)
    hands.send(APPROVAL)
    return hands


def state(store: Store) -> IncidentState:
    with store.read() as reader:
        case = incidents.incident(reader, "i-water")
    assert case is not None
    return case.state


def sign(hands: Hands, step: str, who: str, role: str, **more: str) -> str:
    hands.sign_in(who, role)
    hands.open(FORM)
    return hands.send(f"{APPROVAL}/opinion", step=step, **{"verdict": "passed", **more})


def test_submitting_signs_the_first_step_and_moves_the_case(hands: Hands) -> None:
    assert state(hands.store) is IncidentState.IN_REVIEW
    assert "文稿已送审" in hands.page
    assert "<b>经办人</b>\n新闻孙" in hands.page
    assert hands.page.count("待审，自") == 3


def test_everybody_sees_who_holds_the_draft_since_when(hands: Hands) -> None:
    hands.pass_time(minutes=20)
    for address in ("/", "/incidents/i-water"):
        assert "文稿在科室负责人处，自 11月24日 16:30（已 20分钟）" in hands.open(address)
    sign(hands, "section_head", "李科长", "section_head")
    hands.pass_time(minutes=5)
    assert "文稿在分管领导处，自 11月24日 16:50（已 5分钟）" in hands.open("/")


def test_a_draft_everybody_signed_may_be_moved_to_responded_by_a_person(hands: Hands) -> None:
    for step, who, role in SIGNERS:
        sign(hands, step, who, role)
        assert hands.status == 200, step
    assert "审批完成，可由人发布；系统不发布。" in hands.page
    assert state(hands.store) is IncidentState.IN_REVIEW
    hands.send("/incidents/i-water/state", to="responded", note="已在官网发布")
    assert state(hands.store) is IncidentState.RESPONDED
    assert audit.check_store(hands.store).problem == ""


def test_the_signed_sheet_names_who_signed_when(hands: Hands) -> None:
    for step, who, role in SIGNERS:
        sign(hands, step, who, role, note="不涉密" if step == "secrecy_check" else "")
    page = hands.open(FORM)
    assert "<td>公开办王 2026-11-24 16:30 通过 不涉密</td>" in page
    assert "主要领导 主任钱 2026-11-24 16:30 通过</td>" in page


def test_an_unfinished_approval_holds_the_case_back_and_says_where(hands: Hands) -> None:
    sign(hands, *SIGNERS[0])
    page = hands.send("/incidents/i-water/state", to="responded", note="")
    assert hands.status == 409
    assert "审批尚未完成，现在：分管领导、保密审查、个人信息审查" in page
    assert state(hands.store) is IncidentState.IN_REVIEW


def test_a_return_needs_a_note_and_sends_the_case_back_to_drafting(hands: Hands) -> None:
    sign(hands, "section_head", "李科长", "section_head", verdict="returned")
    assert hands.status == 409
    assert "退回须写明理由" in hands.page
    sign(hands, "section_head", "李科长", "section_head", verdict="returned", note="数字有误")
    assert state(hands.store) is IncidentState.DRAFTED
    assert "已退回" in hands.page
    assert "数字有误" in hands.page
    hands.send(APPROVAL)
    assert "这一版文稿已退回" in hands.page
    hands.send(FORM, **{**DRAFT, "draft": "改后的通报"})
    hands.send(APPROVAL)
    assert state(hands.store) is IncidentState.IN_REVIEW
    assert hands.page.count("待审，自") == 3


def test_the_draft_cannot_change_under_the_signatures(hands: Hands) -> None:
    assert "<textarea" not in hands.open(FORM)
    hands.send(FORM, **{**DRAFT, "draft": "另一份"})
    assert hands.status == 409
    assert "文稿正在审批" in hands.page


def test_a_change_after_the_last_signature_needs_a_new_approval(hands: Hands) -> None:
    for step, who, role in SIGNERS:
        sign(hands, step, who, role)
    hands.send(FORM, **{**DRAFT, "draft": "又改了一句"})
    hands.send("/incidents/i-water/state", to="responded", note="")
    assert hands.status == 409
    assert "须重新送审" in hands.page


def test_nobody_signs_for_another_post_or_out_of_turn(hands: Hands) -> None:
    sign(hands, "principal_leader", "李科长", "section_head")
    assert hands.status == 403
    sign(hands, "principal_leader", "主任钱", "principal_leader")
    assert hands.status == 409
    assert "待审：科室负责人" in hands.page
    sign(hands, "section_head", "新闻孙", "press_officer")
    assert hands.status == 403


def test_a_draft_that_lacks_lines_is_not_submitted(browse: Browse, drafted: Store) -> None:
    hands = browse(settings())
    hands.sign_in("新闻孙", "press_officer")
    hands.open(FORM)
    hands.send(APPROVAL)
    assert "还没有保存回应审批单" in hands.page
    hands.send(FORM, draft="通报", opinions="主要领导 通过")
    hands.send(APPROVAL)
    assert "回应审批单尚缺：事实依据、口径要点、发布渠道" in hands.page
    assert "主要领导 通过" not in hands.page
    assert state(drafted) is IncidentState.DRAFTED


def test_a_case_not_yet_drafted_is_not_submitted(officer: Hands) -> None:
    officer.open(FORM)
    officer.send(FORM, **DRAFT)
    officer.send(APPROVAL)
    assert officer.status == 409
    assert "可转为" in officer.page


def test_taking_the_draft_back_by_hand_ends_its_way(hands: Hands) -> None:
    hands.send("/incidents/i-water/state", to="drafted", note="补充材料")
    assert "尚未送审" in hands.open(FORM)
    assert "文稿在" not in hands.open("/")


def test_when_it_came_out_is_added_under_the_signatures(hands: Hands) -> None:
    for step, who, role in SIGNERS:
        sign(hands, step, who, role)
    hands.send(FORM, **DRAFT, published_at="2026-11-24 17:00 官网")
    assert "2026-11-24 17:00 官网" in hands.page
    assert "主要领导 主任钱 2026-11-24 16:30 通过</td>" in hands.page
    hands.send("/incidents/i-water/state", to="responded", note="已发布")
    assert state(hands.store) is IncidentState.RESPONDED

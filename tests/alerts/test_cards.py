from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts.cards import Card, CardFacts, Evidence, card, card_of, gist_of
from alerts.clocks import clocks_for
from alerts.constants import load_constants
from models.records import Alert, Incident, Level, MediaTier, Reason

Alerts = Callable[..., Alert]
Incidents = Callable[..., Incident]


def full(alert: Alert, incident: Incident, now: datetime) -> Card:
    evidence = Evidence(
        text="城北片区 今早起\n停水，居民询问何时恢复。" * 9,
        source="本地论坛",
        media_tier=MediaTier.NETIZEN,
        published=now - timedelta(hours=1),
        place="甲镇",
        url="https://forum.example.org/t/1?a=1&b=2",
    )
    facts = CardFacts(
        reason=Reason.FIRST,
        due=clocks_for(incident, load_constants(), now)[0],
        evidence=evidence,
        record_url="https://yuqing.example.org/incidents/i1",
    )
    return card(alert, incident, facts, now + timedelta(hours=1))


def test_the_card_reads_as_the_office_expects(
    alert: Alerts, incident: Incidents, now: datetime
) -> None:
    text = full(alert(), incident(responsible_unit="水务局"), now).text()
    assert text.splitlines() == [
        "【黄色（较大）】首次预警：城北片区停水",
        "编号：舆情〔2026〕第0001号",
        "发布时间：2026-05-13 09:00",
        "发现时间：2026-05-13 10:00",
        "来源：本地论坛（网民）",
        "摘要：" + gist_of("城北片区 今早起 停水，居民询问何时恢复。" * 9),
        "预警依据：规则 r：6小时内独立信息 12（达到 10）",
        "传播：信息 20 条（独立 12，转载 8），来源 4 个",
        "地域：甲镇",
        "领域：市政服务",
        "建议责任单位：水务局",
        "最近时限：热点问题回应（河南考核目标） 2026-05-14 10:00（还剩 23小时）",
        "建议措施：核实研判，编写快报报分管领导",
        "查看：https://yuqing.example.org/incidents/i1",
        "原文：https://forum.example.org/t/1?a=1&b=2",
        "预警编号：a1",
    ]


def test_english_carries_the_same_fields(alert: Alerts, incident: Incidents, now: datetime) -> None:
    made = full(alert(), incident(), now)
    assert len(made.lines("en")) == len(made.lines("zh"))
    assert made.subject("en") == "[yellow (larger)] first: 城北片区停水"
    assert "23 h 0 min left" in made.text("en")


def test_the_gist_is_at_most_80_characters_in_one_line() -> None:
    assert gist_of("停水" * 40) == "停水" * 40
    assert gist_of("停水" * 40 + "了") == "停水" * 39 + "停…"
    assert gist_of(" 甲\n 乙 ") == "甲 乙"


def test_a_card_masks_what_slipped_through() -> None:
    assert gist_of("停水，联系13812345678") == "停水，联系138****5678"


@given(st.text())
def test_any_gist_is_short_and_on_one_line(text: str) -> None:
    assert len(gist_of(text)) <= 80
    assert "\n" not in gist_of(text)


def test_a_card_survives_its_json(alert: Alerts, incident: Incidents, now: datetime) -> None:
    made = full(alert(), incident(), now)
    assert card_of(made.as_json()) == made


def test_html_escapes_what_others_wrote(alert: Alerts, incident: Incidents, now: datetime) -> None:
    made = full(alert(), incident(title="<script>alert(1)</script>&"), now)
    html = made.html()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "href='https://forum.example.org/t/1?a=1&amp;b=2'" in html


def test_a_link_that_is_no_web_address_stays_text(
    alert: Alerts, incident: Incidents, now: datetime
) -> None:
    facts = CardFacts(reason=Reason.FIRST, evidence=Evidence(url="javascript:alert(1)"))
    assert "href" not in card(alert(), incident(), facts, now).html()


def test_markdown_keeps_others_text_from_becoming_links_or_mentions(
    alert: Alerts, incident: Incidents, now: datetime
) -> None:
    made = card(
        alert(),
        incident(title="[点我](http://x) <@all> **急**"),
        CardFacts(reason=Reason.FIRST),
        now,
    )
    first = made.markdown().splitlines()[0]
    assert "\\[点我\\](http://x) @all \\*\\*急\\*\\*" in first


def test_an_exercise_says_so_first(alert: Alerts, incident: Incidents, now: datetime) -> None:
    made = card(alert(), incident(exercise=True), CardFacts(reason=Reason.FIRST), now)
    assert made.subject().startswith("【演练】")
    assert made.subject("en").startswith("[EXERCISE]")


def test_no_field_of_a_card_can_hold_who_posted_it() -> None:
    names = {field.name for record in (Card, Evidence) for field in fields(record)}
    assert not {name for name in names if "author" in name or "nick" in name or "phone" in name}


def test_the_level_shown_is_the_confirmed_one(
    alert: Alerts, incident: Incidents, now: datetime
) -> None:
    confirmed = incident(level_confirmed=Level.RED)
    assert "红色" in card(alert(), confirmed, CardFacts(reason=Reason.WORSE), now).subject()

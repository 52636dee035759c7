from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from models.records import Level
from reports.advice import advice
from reports.digest import (
    DigestFacts,
    DigestScope,
    Links,
    Rendered,
    Verdict,
    digest_facts,
    notes,
    publish_digest,
    render,
    subject,
    verdict,
)
from reports.facts import contradictions, span_of
from storage import incidents
from storage import reports as archive
from storage.digest_facts import SentimentCount
from storage.reports import Issue
from storage.store import Store
from tests import world

GOLDEN = Path(__file__).parent / "golden"
SCOPE = DigestScope(
    place="清岚区",
    office="清岚区网络舆情应急响应办公室",
    sources={**world.SOURCES, "wechat": "清岚发布"},
)
LINKS = Links(base="http://console.invalid")
EVENING = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "yuqing.duckdb") as opened:
        yield opened


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> DigestFacts:
    with Store.open(tmp_path_factory.mktemp("world") / "yuqing.duckdb") as opened:
        world.fill(opened)
        with opened.read() as reader:
            return digest_facts(reader, issue(), SCOPE, world.NOW)


def issue(day: date = world.DAY) -> Issue:
    return Issue(product="daily", day=day, number=328, total=1024)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("ending", ["html", "md"])
def test_prints_what_people_have_read_and_approved(
    facts: DigestFacts, language: str, ending: str
) -> None:
    made = render(facts, language, LINKS)  # type: ignore[arg-type]
    text = made.html if ending == "html" else made.markdown
    golden = GOLDEN / f"daily_{language}.{ending}"
    if os.environ.get("YUQING_UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_the_same_facts_give_the_same_bytes(facts: DigestFacts) -> None:
    assert render(facts, "zh", LINKS) == render(facts, "zh", LINKS)


def test_the_numbers_add_up(facts: DigestFacts) -> None:
    assert contradictions(facts) == ()
    assert (facts.volume.total, facts.volume.today) == (16, 11)
    assert (facts.volume.today_independent, facts.volume.today_reposts) == (8, 3)
    assert sum(row.today for row in facts.by_source) == 11
    assert sum(row.total for row in facts.by_source) == 16
    tone = facts.sentiment
    assert (tone.negative, tone.neutral, tone.positive, tone.unclassified) == (5, 3, 2, 1)


def test_the_printed_rows_add_up_too(facts: DigestFacts) -> None:
    table = render(facts, "zh", LINKS).markdown.split("来源分布")[1].split("##")[0]
    rows = [
        [int(cell) for cell in re.findall(r"(?<=\| )\**(\d+)\**(?= \|)", line)]
        for line in table.splitlines()
        if line.startswith("|") and re.search(r"\d", line)
    ]
    *sources, total = rows
    assert [sum(column) for column in zip(*sources, strict=True)] == total


def test_shares_are_of_the_classified_and_the_rest_is_stated(facts: DigestFacts) -> None:
    text = render(facts, "zh", LINKS).markdown
    assert "已判定 10 条：负面 5 条（50.0%）" in text
    assert "另有 1 条未能判定" in text


def test_a_sum_that_does_not_hold_is_printed_as_a_note(facts: DigestFacts) -> None:
    wrong = replace(facts, sentiment=replace(facts.sentiment, unclassified=7))
    assert contradictions(wrong) == ("sentiment",)
    assert any("数字不一致（sentiment）" in note for note in notes(wrong, "zh"))


def test_yesterdays_total_and_todays_increment_make_todays_total(store: Store) -> None:
    world.fill(store)
    with store.read() as reader:
        before = digest_facts(reader, issue(world.DAY - timedelta(days=1)), SCOPE, world.NOW)
        today = digest_facts(reader, issue(), SCOPE, world.NOW)
    assert before.volume.total + today.volume.today == today.volume.total


def test_a_total_that_went_down_is_noted_and_the_increment_stays_positive(store: Store) -> None:
    world.fill(store)
    yesterday = world.DAY - timedelta(days=1)
    with store.transaction() as tx:
        publish_digest(tx, yesterday, SCOPE, world.NOW)
        tx.run("DELETE FROM mention WHERE id IN ('m-old-0', 'm-old-1')")
    with store.read() as reader:
        facts = digest_facts(reader, issue(), SCOPE, world.NOW)
    assert facts.volume.today == 11
    assert any("累计数下降：上期累计 5 条，本期对应 3 条" in note for note in notes(facts, "zh"))


def test_an_exercise_is_left_out_and_said(facts: DigestFacts) -> None:
    made = render(facts, "zh", LINKS)
    assert "化工园区异味" not in made.html
    assert "1 条演练信息不计入本期" in made.html


def test_every_line_leads_to_its_record(facts: DigestFacts) -> None:
    html = render(facts, "zh", LINKS).html
    for mention in facts.listed:
        assert f"http://console.invalid/mentions/{mention.id}" in html
    for case in facts.cases:
        assert f"http://console.invalid/incidents/{case.incident.id}" in html


def test_the_next_deadline_is_absolute_and_relative(facts: DigestFacts) -> None:
    text = render(facts, "zh", LINKS).markdown
    assert "2026年11月25日 10:30（剩余18小时）" in text
    assert "2026年11月24日 14:30（已超时2小时）" in text


def test_each_open_case_says_what_to_do_next(facts: DigestFacts) -> None:
    text = render(facts, "zh", LINKS).markdown
    assert "建议：研判并确认等级；提请联席会议会商；明确责任单位。" in text
    assert "建议：“其他政务舆情回应”已超时，报告分管领导并尽快完成；由值班员签收。" in text


def test_a_closed_case_needs_nothing(facts: DigestFacts) -> None:
    case = facts.cases[0]
    closed = replace(case.incident, closed_at=world.NOW)
    assert advice(closed, case.clocks[0], world.NOW, "zh", taken=False) == ()


@pytest.mark.parametrize(("share", "pressing"), [(0.79, False), (0.8, True)])
def test_a_duty_is_pressing_from_four_fifths_of_its_time(
    facts: DigestFacts, *, share: float, pressing: bool
) -> None:
    case = facts.cases[0]
    clock = case.clocks[0]
    now = clock.t0 + (clock.due - clock.t0) * share
    said = advice(case.incident, clock, now, "zh", taken=True)
    assert any(step.startswith("抓紧完成") for step in said) is pressing


def test_who_acknowledged_is_named_and_nobody_is_said(facts: DigestFacts) -> None:
    text = render(facts, "zh", LINKS).markdown
    assert "签收：值班员甲，11月24日 10:42。" in text
    assert "尚无人签收" in text


def test_a_draft_under_review_says_who_holds_it_since_when(store: Store) -> None:
    world.fill(store)
    with store.transaction() as tx:
        tx.run("UPDATE incident SET state = 'in_review' WHERE id = 'i-water'")
        for hours, action, value in (
            (2, "draft_submitted", "1"),
            (2, "draft_passed", "staff"),
            (1, "draft_passed", "secrecy_check"),
            (1, "draft_passed", "personal_information_check"),
        ):
            step = incidents.Step(
                incident_id="i-water",
                at=world.ago(hours),
                who="新闻科",
                action=action,
                to_value=value,
            )
            incidents.add_step(tx, step)
    with store.read() as reader:
        found = digest_facts(reader, issue(), SCOPE, world.NOW)
    said = "文稿在科室负责人处，自 11月24日 14:30（已 2小时）。"
    assert said in render(found, "zh", LINKS).html
    assert said in render(found, "zh", LINKS).markdown
    english = render(found, "en", LINKS).markdown
    assert "Draft with section head since 24 Nov 14:30 (for 2 h)." in english


def test_notes_name_what_failed_what_never_ran_and_what_was_not_delivered(
    facts: DigestFacts,
) -> None:
    text = "\n".join(notes(facts, "zh"))
    assert "采集失败：岚城晚报：连接超时（30 秒）" in text
    assert "未运行：清岚发布" in text
    assert "渠道 webhook 有 1 条未能送达：HTTP 404" in text
    assert "1 条信息的发布时间缺失" in text
    assert "1 条发布于本期之前" in text


def test_a_deadline_counted_without_a_calendar_is_noted(store: Store) -> None:
    world.fill(store)
    with store.transaction() as tx:
        tx.run("UPDATE clock SET flag = 'calendar_incomplete' WHERE incident_id = 'i-bus'")
    with store.read() as reader:
        facts = digest_facts(reader, issue(), SCOPE, world.NOW)
    assert any("工作日历不完整：清舆〔2026〕1号" in note for note in notes(facts, "zh"))


def test_an_empty_day_says_how_many_sources_were_read_and_failed(store: Store) -> None:
    world.fill(store)
    with store.transaction() as tx:
        tx.run("DELETE FROM mention WHERE collected_at >= '2026-11-23 16:00:00'")
        tx.run("DELETE FROM incident")
    with store.read() as reader:
        facts = digest_facts(reader, issue(), SCOPE, world.NOW)
    made = render(facts, "zh", LINKS)
    assert "今日无新增信息：采集 5 源，失败 1 源" in made.html
    assert "今日无新增信息：采集 5 源，失败 1 源" in made.subject
    assert verdict(facts) is Verdict.ABNORMAL
    assert contradictions(facts) == ()


def test_an_empty_database_still_prints(store: Store) -> None:
    with store.read() as reader:
        facts = digest_facts(reader, issue(), DigestScope(), world.NOW)
    for language in ("zh", "en"):
        made = render(facts, language)  # type: ignore[arg-type]
        assert made.html
        assert made.markdown
    assert "采集 0 源，失败 0 源，没有采集记录" in subject(facts, "zh")


def test_the_subject_carries_the_verdict(facts: DigestFacts) -> None:
    assert subject(facts, "zh") == (
        "【清岚区舆情日报】11月24日 🔴 新增负面 5 条，处置中事件 2 起，最高为橙色（重大），"
        "超时 1 起，采集异常：5 源失败 1 源"
    )


def test_a_day_is_clear_only_when_every_source_was_read(facts: DigestFacts) -> None:
    calm = replace(facts, sentiment=SentimentCount(neutral=10, unclassified=1), cases=())
    assert verdict(calm) is Verdict.ABNORMAL
    read = replace(calm, sources=replace(calm.sources, failed=(), read=5))
    assert verdict(read) is Verdict.CLEAR
    assert subject(read, "zh").endswith("✅ 新增 11 条，无负面")


def test_an_open_orange_case_makes_the_verdict_red_without_new_negatives(
    facts: DigestFacts,
) -> None:
    quiet = replace(facts, sentiment=SentimentCount(neutral=11))
    assert facts.worst_level is Level.ORANGE
    assert verdict(quiet) is Verdict.NEGATIVE


class Loads(HTMLParser):
    """Collects what a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in {"src", "srcset", "background", "poster"} or name.startswith("on"):
                self.loads.append(f"{tag} {name}={value}")
            if name == "style" and "url(" in (value or ""):
                self.loads.append(f"{tag} {value}")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_loads_nothing_and_runs_nothing_even_with_hostile_titles(
    facts: DigestFacts, language: str
) -> None:
    page = Loads()
    page.feed(render(facts, language, LINKS).html)  # type: ignore[arg-type]
    assert page.loads == []
    assert page.tags.isdisjoint({"script", "img", "iframe", "link", "object", "form"})


def test_markdown_shows_hostile_text_as_text(facts: DigestFacts) -> None:
    made = render(facts, "zh", LINKS).markdown
    assert "<script" not in re.sub(r"\\<", "", made)
    assert "javascript:" not in made


def test_english_leaves_no_chinese_of_ours(facts: DigestFacts) -> None:
    scope = DigestScope(place="Qinglan", office="Press Office")
    made = render(
        replace(
            facts,
            scope=scope,
            listed=(),
            cases=(),
            stories=(),
            replies=(),
            told=(),
            sources=replace(facts.sources, failed=()),
        ),
        "en",
        LINKS,
    )
    assert not re.search(r"[\u4e00-\u9fff]", made.html + made.subject)


def published(store: Store, day: date, at: datetime) -> Issue:
    with store.transaction() as tx:
        report, _ = publish_digest(tx, day, SCOPE, at, links=LINKS)
    return report.issue


def test_issues_count_in_the_year_and_in_all(store: Store) -> None:
    days = [date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1)]
    issues = [published(store, day, EVENING) for day in days]
    assert [(i.number, i.total) for i in issues] == [(1, 1), (2, 2), (1, 3)]


def test_publishing_a_day_again_keeps_its_number_and_replaces_its_text(store: Store) -> None:
    first = published(store, world.DAY, world.NOW)
    published(store, world.DAY + timedelta(days=1), world.NOW)
    world.fill(store)
    assert published(store, world.DAY, world.NOW) == first
    with store.read() as reader:
        kept = archive.report(reader, "daily", world.DAY)
        assert archive.count(reader) == 2
    assert kept is not None
    assert kept.facts["volume"]["today"] == 11
    assert "东河街道" in kept.html


def test_the_archive_keeps_facts_as_json(store: Store) -> None:
    world.fill(store)
    published(store, world.DAY, world.NOW)
    with store.read() as reader:
        kept = archive.report(reader, "daily", world.DAY)
        lines = archive.archive(reader)
    assert kept is not None
    json.dumps(kept.facts)
    assert kept.facts["cases"][0]["incident"]["level_suggested"] == 3
    assert lines[0].mentions == 11
    assert lines[0].conclusion.startswith("新增负面 5 条，处置中事件 2 起")


def test_a_failed_publication_uses_up_no_number(store: Store) -> None:
    def fail_while_publishing() -> None:
        with store.transaction() as tx:
            publish_digest(tx, world.DAY, SCOPE, world.NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_while_publishing()
    assert published(store, world.DAY, world.NOW).number == 1


def test_a_day_is_a_shanghai_day() -> None:
    span = span_of(date(2026, 11, 24))
    assert span.start == datetime(2026, 11, 23, 16, tzinfo=UTC)
    assert span.end == datetime(2026, 11, 24, 16, tzinfo=UTC)


def test_a_day_may_close_in_the_afternoon_and_leaves_no_gap() -> None:
    today = span_of(date(2026, 11, 24), time(17, 30))
    assert today.end == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert span_of(date(2026, 11, 25), time(17, 30)).start == today.end


def test_rendered_is_plain_text(facts: DigestFacts) -> None:
    made = render(facts)
    assert isinstance(made, Rendered)
    assert "\n" not in made.subject

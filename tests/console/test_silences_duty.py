"""What is held back is listed with its author; who is on duty, and when nobody is."""

from __future__ import annotations

from datetime import date, timedelta

from alerts.oncall import Rotation, Schedule, Shift
from alerts.oncall_ical import shifts_from_ical
from models.records import Level
from storage import audit, incidents, silences
from storage.silences import SilenceRow
from storage.store import Store
from tests import world
from tests.console.conftest import Browse, Hands, settings

UNTIL = "2026-11-24T20:00"


def test_a_silence_has_an_end_an_author_and_a_reason(officer: Hands, store: Store) -> None:
    assert "/silences?incident=i-water" in officer.open("/incidents/i-water")
    page = officer.open("/silences?incident=i-water")
    assert '<option value="i-water" selected>' in page
    officer.send("/silences", incident="i-water", until=UNTIL, reason="正在现场处置")
    assert "静默中" in officer.page
    assert "值班员甲" in officer.page
    with store.read() as reader:
        (row,) = silences.not_over(reader, world.NOW)
        step = incidents.steps(reader, "i-water")[-1]
    assert row.matcher == '{"incident":["i-water"]}'
    assert row.ends_at - world.NOW == timedelta(hours=3.5)
    assert (step.action, step.note) == ("silenced", "正在现场处置")
    page = officer.open("/incidents/i-water")
    assert "通知静默至 2026年11月24日 20:00（值班员甲：正在现场处置）" in page
    assert "通知静默至" not in officer.open("/incidents/i-bus")


def test_a_silence_without_end_or_reason_is_refused(officer: Hands, store: Store) -> None:
    officer.open("/silences")
    for fields, said in (
        ({"until": UNTIL, "reason": " "}, "静默须写明理由"),
        ({"until": "", "reason": "处置中"}, "请填写静默的结束时间"),
        ({"until": "2026-11-24T16:30", "reason": "处置中"}, "结束时间须晚于开始时间"),
        ({"until": UNTIL, "reason": "处置中", "incident": "nobody"}, "没有编号为 nobody 的事件"),
    ):
        officer.send("/silences", **{"incident": "i-water", **fields})
        assert officer.status in {400, 409}
        assert said in officer.page
    with store.read() as reader:
        assert silences.listed(reader, 10) == []


def test_a_silence_ends_early_once_and_stays_listed(officer: Hands, store: Store) -> None:
    officer.open("/silences")
    officer.send("/silences", incident="i-water", until=UNTIL, reason="处置中")
    officer.pass_time(minutes=10)
    officer.send("/silences/1/end")
    assert "静默已结束" in officer.page
    assert "已结束" in officer.open("/silences")
    assert "通知静默至" not in officer.open("/incidents/i-water")
    for number in ("1", "2", "x", "²", "9" * 30):
        officer.send(f"/silences/{number}/end")
        assert officer.status == 409, number
    assert audit.check_store(store).rows == 2


def test_a_broad_silence_shows_what_it_covers(officer: Hands, store: Store) -> None:
    with store.transaction() as tx:
        row = SilenceRow(
            id=0,
            matcher='{"topic":["transport"],"level_at_most":"orange"}',
            starts_at=world.NOW - timedelta(hours=1),
            ends_at=world.NOW + timedelta(hours=1),
            author="系统管理员",
            reason="公交调整期",
        )
        silences.add(tx, row)
    assert "transport" in officer.open("/silences")
    assert "公交调整期" in officer.open("/incidents/i-bus")
    assert "公交调整期" not in officer.open("/incidents/i-water")
    with store.transaction() as tx:
        tx.run(f"UPDATE incident SET level_confirmed = {int(Level.RED)} WHERE id = 'i-bus'")
    assert "公交调整期" not in officer.open("/incidents/i-bus")


def test_an_analyst_sees_silences_and_sets_none(stranger: Hands) -> None:
    stranger.sign_in("研判员庚", "analyst")
    assert "设置静默" not in stranger.open("/silences")
    stranger.send("/silences", incident="i-water", until=UNTIL, reason="x")
    assert stranger.status == 403


WEEKS = Schedule(
    name="新闻科值班",
    rotations=(Rotation(people=("张一", "李二"), first_day=date(2026, 11, 23)),),
)
SHORT = Schedule(
    name="leaders",
    shifts=(
        Shift(
            person="王主任", start=world.NOW - timedelta(days=1), end=world.NOW + timedelta(days=1)
        ),
    ),
)


def test_who_is_on_and_who_comes_next(browse: Browse) -> None:
    hands = browse(settings(schedules=lambda: (WEEKS,)))
    hands.sign_in()
    page = hands.open("/duty")
    assert "现在：张一" in page
    assert "至 11月30日 08:00" in page
    assert page.index("李二") > page.index("张一")
    assert "14 天内每个时段都有人值班" in page


def test_times_with_nobody_on_duty_are_named(browse: Browse) -> None:
    hands = browse(settings(schedules=lambda: (SHORT,)))
    hands.sign_in()
    page = hands.open("/duty")
    assert "14 天内有 1 段无人值班" in page
    assert "11月25日 16:30 起" in page


def test_the_rota_leaves_as_a_calendar_that_can_be_read_again(browse: Browse) -> None:
    hands = browse(settings(schedules=lambda: (WEEKS, SHORT)))
    hands.sign_in()
    text = hands.open("/duty/新闻科值班/calendar")
    assert hands.headers["content-type"].startswith("text/calendar")
    shifts = shifts_from_ical(text.encode(), world.NOW, world.NOW + timedelta(days=19))
    assert [shift.person for shift in shifts] == ["张一", "李二", "张一"]
    hands.open("/duty/nobody/calendar")
    assert hands.status == 404


def test_an_office_without_a_rota_is_told_where_to_set_one(officer: Hands) -> None:
    assert "还没有值班表" in officer.open("/duty")


def viewed(store: Store) -> list[tuple[str, str]]:
    with store.read() as reader:
        return list(reader.rows("SELECT who, subject FROM audit WHERE action = 'viewed'"))


def test_reading_a_text_is_recorded_once_a_person_text_and_day(
    officer: Hands, store: Store
) -> None:
    for address in ("/mentions/m-outage", "/mentions/m-outage", "/mentions/m-lamp"):
        officer.open(address)
    assert viewed(store) == [("值班员甲", "m-outage"), ("值班员甲", "m-lamp")]
    officer.sign_in("研判员庚", "analyst")
    officer.open("/mentions/m-outage")
    assert viewed(store)[-1] == ("研判员庚", "m-outage")
    officer.pass_time(hours=7.5)
    officer.open("/mentions/m-outage")
    assert len(viewed(store)) == 4, "a new day in Shanghai is a new reading"
    assert audit.check_store(store).problem == ""


def test_what_shows_no_text_records_no_reading(stranger: Hands, store: Store) -> None:
    stranger.sign_in("联络员丙", "liaison")
    stranger.open("/mentions/m-outage")
    stranger.open("/mentions")
    stranger.open("/mentions/nothing")
    assert viewed(store) == []

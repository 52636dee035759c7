from __future__ import annotations

import json
import re
import threading
from datetime import timedelta

import pytest
from starlette.types import Receive, Scope, Send

from alerts.ack import AckToken, sign
from console.app import PAGES, create_app
from console.passwords import Brake, BusyError, hash_password, verify_password
from console.permissions import ROLE_ACTIONS, ROLE_ZH, Action, may, steps_for
from console.sessions import COOKIE, begin, seal, unseal
from console.settings import ConsoleSettings, ConsoleSettingsError, ConsoleUser
from models.records import Incident, IncidentState, Level
from storage import incidents
from storage.store import Store
from tests import world
from tests.console.conftest import ORIGIN, SECRET, Browse, Browser, Hands, settings
from tests.office import actions

PLACES = {
    "incident_id": "i-bus",
    "mention_id": "m-lamp",
    "story_id": "s-water",
    "form": "referral",
    "number": "1",
}
POSTS = [page for page in PAGES if page.method == "POST" and page.action is not None]

RIGHT, WRONG = "correct horse battery", "wrong"


@pytest.fixture(scope="module")
def hashed() -> str:
    return hash_password(RIGHT)


def with_login(hashed: str, **changed: object) -> ConsoleSettings:
    user = ConsoleUser(name="张科长", role="section_head", password_scrypt=hashed)
    return settings(users=(user,), **changed)


def ack_link(delivery: str = "d-phone", *, hours: float = 24, incident: str = "i-bus") -> str:
    token = AckToken(
        incident_id=incident,
        delivery_id=delivery,
        receiver="值班员乙",
        expires_at=world.NOW + timedelta(hours=hours),
    )
    return f"/ack/{sign(token, SECRET)}"


def acknowledged(store: Store, incident: str = "i-bus") -> list[tuple[str, str]]:
    with store.read() as reader:
        found = incidents.acknowledgements(reader).get(incident, [])
    return [(ack.who, ack.how) for ack in found]


# --- headers and hosts ---------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/login", "/nowhere", "/static/style.css", "/health"])
def test_every_answer_carries_the_headers(stranger: Hands, address: str) -> None:
    stranger.open(address)
    policy = stranger.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert stranger.headers["x-content-type-options"] == "nosniff"
    assert stranger.headers["referrer-policy"] == "same-origin"
    assert stranger.headers["x-frame-options"] == "DENY"


def test_a_fault_answers_with_the_headers_and_without_details(store: Store) -> None:
    def broken_clock():  # type: ignore[no-untyped-def]
        raise RuntimeError("clock-detail")

    office = actions(store=store, clock=lambda: world.NOW)
    app = create_app(store, settings(), office, broken_clock)
    answer = Browser(app, raise_faults=False).get("/")
    assert answer.status_code == 500
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "clock-detail" not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:8321", ""])
def test_a_foreign_host_name_is_refused(stranger: Hands, host: str) -> None:
    answer = stranger.client.get("/login", headers={"host": host})
    assert answer.status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8321", "localhost:9", "[::1]:8321", "LOCALHOST"])
def test_names_of_this_machine_are_ours(stranger: Hands, host: str) -> None:
    assert stranger.client.get("/login", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("name", ["../app.py", "..%2fapp.py", "style.css.bak", "__init__.py", "x"])
def test_static_serves_only_static_files(stranger: Hands, name: str) -> None:
    stranger.open(f"/static/{name}")
    assert stranger.status == 404


# --- what must not start -------------------------------------------------------------------


@pytest.mark.parametrize(
    "changed",
    [
        {"host": "0.0.0.0"},  # noqa: S104 - the case under test
        {"host": "::"},
        {"host": "192.168.1.7"},
        {"public_url": "https://yuqing.example"},
        {"secret": b"short"},
    ],
    ids=str,
)
def test_does_not_open_to_a_network_without_a_login(
    store: Store, changed: dict[str, object]
) -> None:
    office = actions(store=store, clock=lambda: world.NOW)
    with pytest.raises(ConsoleSettingsError):
        create_app(store, settings(**changed), office, lambda: world.NOW)


def test_an_unknown_role_is_refused_by_name(store: Store) -> None:
    user = ConsoleUser(name="张", role="boss", password_scrypt="x")  # noqa: S106 - no password
    office = actions(store=store, clock=lambda: world.NOW)
    with pytest.raises(ConsoleSettingsError, match="boss"):
        create_app(store, settings(users=(user,)), office, lambda: world.NOW)


def test_no_secret_shows_in_a_repr(hashed: str) -> None:
    text = repr(with_login(hashed))
    assert "scrypt" not in text
    assert SECRET.decode() not in text


# --- signing in ----------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/", "/incidents/i-water", "/mentions?source=gov", "/digests"])
def test_nothing_is_shown_before_a_name_is_given(stranger: Hands, address: str) -> None:
    page = stranger.open(address)
    assert "请留下姓名" in page
    assert world.OUTAGE not in page


def test_after_signing_in_the_page_asked_for_opens(stranger: Hands) -> None:
    stranger.open("/mentions?source=gov")
    page = stranger.send(
        "/login", name="值班员甲", role="duty_officer", next="/mentions?source=gov"
    )
    assert "便民服务公告" in page


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
    ],
)
def test_signing_in_never_leads_to_another_site(stranger: Hands, target: str) -> None:
    stranger.open("/login")
    token = re.search(r'name="form_token" value="([^"]+)"', stranger.page)
    assert token
    answer = stranger.client.post(
        "/login",
        data={"form_token": token[1], "name": "甲", "role": "reader", "next": target},
        follow=False,
    )
    assert answer.headers["location"] == "/"


def test_the_cookie_is_hidden_from_scripts_and_other_sites(stranger: Hands) -> None:
    cookie = stranger.client.get("/login").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie


def test_over_tls_the_cookie_never_goes_without_it(browse: Browse, hashed: str) -> None:
    hands = browse(with_login(hashed, public_url="https://yuqing.example"))
    assert "secure" in hands.client.get("/login").headers["set-cookie"].lower()


def test_a_session_starts_anew_at_sign_in(stranger: Hands) -> None:
    stranger.open("/login")
    before = unseal(stranger.client.cookies[COOKIE], SECRET)
    stranger.send("/login", name="甲", role="reader")
    after = unseal(stranger.client.cookies[COOKIE], SECRET)
    assert before is not None
    assert after is not None
    assert before.nonce != after.nonce
    assert len(after.nonce) == 32


def test_a_forged_cookie_is_nobody(stranger: Hands) -> None:
    forged = seal(begin("局长", "principal_leader", world.NOW), b"another-secret-of-32-bytes-xxxx")
    stranger.client.cookies.set(COOKIE, forged)
    assert "请留下姓名" in stranger.open("/")


def test_signing_out_ends_the_session_on_the_server_too(officer: Hands) -> None:
    stolen = officer.client.cookies[COOKIE]
    officer.open("/sources")
    officer.send("/logout")
    officer.client.cookies.clear()
    officer.client.cookies.set(COOKIE, stolen)
    assert "请留下姓名" in officer.open("/")


def test_a_password_opens_and_a_wrong_one_does_not(browse: Browse, hashed: str) -> None:
    hands = browse(with_login(hashed))
    hands.open("/login")
    assert "姓名或密码不对" in hands.send("/login", name="张科长", password=WRONG)
    assert hands.status == 403
    assert "处置中的事件" in hands.send("/login", name="张科长", password=RIGHT)


def test_a_name_without_a_password_is_not_enough_where_login_is_required(
    browse: Browse, hashed: str
) -> None:
    hands = browse(with_login(hashed))
    hands.open("/login")
    hands.send("/login", name="张科长", role="principal_leader")
    assert hands.status == 403


def test_five_failures_lock_the_name_for_fifteen_minutes() -> None:
    brake = Brake()
    for n in range(5):
        assert brake.locked_until("张", world.NOW) is None
        brake.failed("张", world.NOW + timedelta(seconds=n))
    locked = world.NOW + timedelta(seconds=4, minutes=15)
    assert brake.locked_until("张", world.NOW + timedelta(minutes=14)) == locked
    assert brake.locked_until("张", world.NOW + timedelta(minutes=16)) is None
    assert brake.locked_until("李", world.NOW) is None


def test_the_brake_keeps_a_bounded_number_of_names() -> None:
    brake = Brake()
    for n in range(1500):
        brake.failed(f"name-{n}", world.NOW)
    for _ in range(5):
        brake.failed("张", world.NOW)
    assert brake.locked_until("张", world.NOW) is not None
    assert len(brake._failures) <= 1000


def test_few_may_wait_for_the_slow_check(hashed: str) -> None:
    answers: list[str] = []

    def guess() -> None:
        try:
            answers.append(str(verify_password(WRONG, hashed)))
        except BusyError:
            answers.append("busy")

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count("False") >= 4
    assert answers.count("busy") >= 1


def test_a_locked_name_is_refused_even_with_the_right_password(browse: Browse, hashed: str) -> None:
    hands = browse(with_login(hashed))
    hands.open("/login")
    for _ in range(5):
        hands.send("/login", name="张科长", password="")
    hands.send("/login", name="张科长", password=RIGHT)
    assert hands.status == 429


def test_a_session_ends_when_idle_or_old(browse: Browse, hashed: str) -> None:
    hands = browse(with_login(hashed))
    hands.open("/login")
    hands.send("/login", name="张科长", password=RIGHT)
    for _ in range(30):
        hands.pass_time(minutes=25)
        hands.open("/")
        if hands.now - world.NOW < timedelta(hours=12):
            assert "处置中的事件" in hands.page
        else:
            assert "登录" in hands.page
    hands.sign_in()


def test_an_idle_session_is_over(browse: Browse, hashed: str) -> None:
    hands = browse(with_login(hashed))
    hands.open("/login")
    hands.send("/login", name="张科长", password=RIGHT)
    hands.pass_time(minutes=31)
    assert "使用系统管理员给您的姓名和密码" in hands.open("/")


def test_a_removed_user_is_out_at_once(browse: Browse, hashed: str) -> None:
    hands = browse(with_login(hashed))
    gone = begin("李科长", "section_head", world.NOW)
    hands.client.cookies.set(COOKIE, seal(gone, SECRET))
    assert "使用系统管理员给您的姓名和密码" in hands.open("/")


def test_passwords_are_kept_as_salted_scrypt(hashed: str) -> None:
    assert hashed.startswith("scrypt$17$8$1$")
    assert "correct" not in hashed
    assert not verify_password(RIGHT, "scrypt$30$8$1$AAAA$AAAA")
    assert not verify_password(RIGHT, "nonsense")


# --- forms ---------------------------------------------------------------------------------


@pytest.mark.parametrize("page", POSTS, ids=lambda page: page.path)
def test_a_form_without_its_token_does_nothing(officer: Hands, page) -> None:  # type: ignore[no-untyped-def]
    address = page.path.format(**PLACES)
    officer.page = ""
    officer.send(address, level="red", to="verified", unit="x", reason="x", note="x")
    assert officer.status == 403
    assert acknowledged(officer.store) == []


@pytest.mark.parametrize("page", POSTS, ids=lambda page: page.path)
def test_a_form_needs_a_session(stranger: Hands, page) -> None:  # type: ignore[no-untyped-def]
    stranger.open("/login")
    stranger.send(page.path.format(**PLACES), level="red")
    assert "请留下姓名" in stranger.page


def test_a_token_of_another_session_does_not_fit(officer: Hands, browse: Browse) -> None:
    other = browse(settings())
    other.sign_in("另一人", "duty_officer")
    other.open("/incidents/i-bus")
    officer.page = other.page
    officer.send("/incidents/i-bus/acknowledge")
    assert officer.status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
def test_a_form_from_another_site_is_refused(officer: Hands, headers: dict[str, str]) -> None:
    officer.open("/incidents/i-bus")
    officer.send("/incidents/i-bus/acknowledge", headers=headers)
    assert officer.status == 403
    assert acknowledged(officer.store) == []


def test_a_form_from_our_own_page_is_taken(officer: Hands) -> None:
    officer.open("/incidents/i-bus")
    own = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
    officer.send("/incidents/i-bus/acknowledge", headers=own)
    assert acknowledged(officer.store) == [("值班员甲", "console")]


def test_a_form_that_is_too_long_or_of_another_type_is_refused(officer: Hands) -> None:
    officer.open("/incidents/i-bus")
    officer.send("/incidents/i-bus/unit", unit="x" * 70_000)
    assert officer.status == 403
    answer = officer.client.post("/incidents/i-bus/acknowledge", json={"form_token": "x"})
    assert answer.status_code == 403


def test_controls_and_reordering_marks_are_dropped_from_what_is_typed(officer: Hands) -> None:
    officer.open("/incidents/i-bus")
    page = officer.send("/incidents/i-bus/unit", unit="区\x00交\u202e通局", note="")
    assert "区交通局" in page


def test_what_an_officer_types_is_shown_as_text(officer: Hands) -> None:
    officer.open("/incidents/i-bus")
    page = officer.send("/incidents/i-bus/unit", unit=world.HOSTILE, note=world.HOSTILE)
    assert "<script" not in page
    assert "<img" not in page


# --- who may do what -----------------------------------------------------------------------


def test_the_table_knows_every_role() -> None:
    assert ROLE_ACTIONS.keys() == ROLE_ZH.keys()
    assert all(Action.VIEW in actions for actions in ROLE_ACTIONS.values())


def test_an_unknown_role_may_nothing() -> None:
    assert not any(may("boss", action) for action in Action)


@pytest.mark.parametrize("page", POSTS, ids=lambda page: page.path)
def test_a_reader_changes_nothing(stranger: Hands, page) -> None:  # type: ignore[no-untyped-def]
    stranger.sign_in("旁观者", "reader")
    stranger.open("/")
    address = page.path.format(**PLACES)
    stranger.send(address, level="red", to="verified", unit="x", reason="x", note="x")
    assert stranger.status == 403
    assert "您的岗位不能进行此操作" in stranger.page


def test_a_page_offers_only_what_the_role_may_do(stranger: Hands) -> None:
    stranger.sign_in("旁观者", "reader")
    page = stranger.open("/incidents/i-bus")
    assert re.findall(r'<form[^>]+action="(/incidents[^"]+)"', page) == []


def test_steps_are_both_legal_and_the_roles_own() -> None:
    case = Incident(
        id="i",
        number="1",
        title="t",
        state=IncidentState.ASSESSED,
        level_suggested=Level.BLUE,
        detected_at=world.NOW,
        updated_at=world.NOW,
    )
    assert IncidentState.NO_RESPONSE_NEEDED in steps_for("deputy_leader", case)
    assert IncidentState.NO_RESPONSE_NEEDED not in steps_for("duty_officer", case)
    assert steps_for("reader", case) == ()


# --- the signed link -----------------------------------------------------------------------


def test_opening_a_link_shows_the_case_and_changes_nothing(stranger: Hands) -> None:
    page = stranger.open(ack_link())
    assert "12 路公交间隔过长" in page
    assert "已超时2小时" in page
    assert acknowledged(stranger.store) == []
    assert "set-cookie" not in stranger.headers


def test_pressing_the_button_acknowledges_without_login(stranger: Hands) -> None:
    stranger.open(ack_link())
    page = stranger.send(ack_link())
    assert "值班员乙 已于 2026年11月24日 16:30 签收" in page
    assert acknowledged(stranger.store) == [("值班员乙", "link")]


def test_the_person_may_give_their_own_name(stranger: Hands) -> None:
    stranger.open(ack_link())
    stranger.send(ack_link(), who="李四")
    assert acknowledged(stranger.store) == [("李四", "link")]


def test_pressing_twice_acknowledges_once(stranger: Hands) -> None:
    stranger.open(ack_link())
    form = stranger.page
    stranger.send(ack_link())
    stranger.page = form
    stranger.send(ack_link())
    assert stranger.status == 200
    assert len(acknowledged(stranger.store)) == 1


def test_who_has_acknowledged_at_the_console_need_not_again(stranger: Hands) -> None:
    with stranger.store.transaction() as tx:
        incidents.acknowledge(
            tx,
            incidents.Acknowledgement(
                incident_id="i-bus", at=world.NOW, who="值班员乙", how="console", delivery_id=""
            ),
        )
    assert "不必再次使用" in stranger.open(ack_link())


def test_an_expired_link_says_so(stranger: Hands) -> None:
    page = stranger.open(ack_link(hours=-1))
    assert stranger.status == 403
    assert "已过期" in page


@pytest.mark.parametrize("change", ["x", "..", ".", "%00", "A" * 5000])
def test_a_changed_link_is_refused(stranger: Hands, change: str) -> None:
    stranger.open(ack_link() + change)
    assert stranger.status in {403, 404}
    assert acknowledged(stranger.store) == []


def test_a_link_for_one_case_cannot_post_to_another(stranger: Hands) -> None:
    stranger.open(ack_link())
    stranger.send(ack_link(incident="i-water"))
    assert stranger.status == 403


def test_a_link_shows_no_names_and_no_texts_of_mentions(stranger: Hands) -> None:
    page = stranger.open(ack_link(incident="i-water"))
    assert world.OUTAGE_TEXT[:20] not in page
    assert "清岚论坛" not in page


# --- health and the inbox ------------------------------------------------------------------


def test_health_is_open_and_says_nothing_of_content(stranger: Hands) -> None:
    health = json.loads(stranger.open("/health"))
    assert stranger.status == 200
    assert health["status"] == "ok"
    assert health["seconds_since_cycle"] == 540
    assert "停水" not in stranger.page


def test_health_is_503_when_cycles_stop(stranger: Hands) -> None:
    stranger.pass_time(hours=2)
    assert json.loads(stranger.open("/health"))["status"] == "late"
    assert stranger.status == 503


def test_a_clock_set_back_shows_no_negative_age(officer: Hands) -> None:
    officer.pass_time(hours=-20)
    assert "刚刚" in officer.open("/")
    assert "-" not in re.findall(r"<dd class=\"words\">(.*?)</dd>", officer.page)[0].replace(
        "2026-11-24", ""
    )


def test_an_inbox_is_mounted_with_rules_of_its_own(store: Store) -> None:
    async def inbox(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    office = actions(store=store, clock=lambda: world.NOW)
    app = create_app(store, settings(), office, lambda: world.NOW, mount_inbox=inbox)
    assert Browser(app).post("/inbox/hook", content=b"x").status_code == 202

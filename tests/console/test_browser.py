"""The console in a real browser, over a real socket: what no parser of HTML can prove."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn

from alerts.ack import AckToken, sign
from console.app import create_app
from reports.digest import DigestScope, publish_digest
from reports.links import Links
from storage import incidents
from storage.store import Store
from tests import world
from tests.console.chromium import FOUND, Tab, browser
from tests.console.conftest import SECRET, settings
from tests.office import actions

pytestmark = pytest.mark.skipif(
    FOUND is None, reason="chromium is not installed: the pages are not tried in a browser"
)


@dataclass(frozen=True, kw_only=True)
class Place:
    base: str
    store: Store


@pytest.fixture
def place(store: Store) -> Iterator[Place]:
    listening = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with store.transaction() as tx:
        scope = DigestScope(place="清岚区", sources=world.SOURCES)
        publish_digest(tx, world.DAY, scope, world.NOW, links=Links(base=base))
    office = actions(store=store, clock=lambda: world.NOW)
    app = create_app(store, settings(), office, lambda: world.NOW)
    config = uvicorn.Config(app, log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield Place(base=base, store=store)
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Tab]:
    with browser() as opened:
        yield opened


@pytest.fixture
def tab(chromium: Tab) -> Tab:
    return chromium.fresh()


def sign_in(tab: Tab, place: Place) -> None:
    tab.open(f"{place.base}/")
    tab.type("值班员甲")
    tab.press("Enter")
    tab.wait_for_text("处置中的事件")


def quiet(tab: Tab, place: Place) -> None:
    """Nothing broke the policy, nothing popped up, nothing else was asked on the network."""
    assert tab.complaints == []
    assert tab.dialogs == []
    assert [url for url in tab.asked if not url.startswith((place.base, "about:", "data:"))] == []


def test_an_officer_signs_in_by_keyboard_and_acknowledges(tab: Tab, place: Place) -> None:
    sign_in(tab, place)
    assert tab.see("getComputedStyle(document.querySelector('.cases .case')).display") == "grid"
    tab.click("form[action$='/acknowledge'] button")
    tab.wait_for_text("已签收")
    with place.store.read() as reader:
        assert incidents.acknowledgements(reader)["i-bus"][0].who == "值班员甲"
    quiet(tab, place)


def test_a_level_is_confirmed_through_the_form(tab: Tab, place: Place) -> None:
    sign_in(tab, place)
    tab.open(f"{place.base}/incidents/i-water")
    tab.click("#reason")
    tab.type("已核实，影响三个小区")
    tab.click("form[action$='/level'] button")
    tab.wait_for_text("等级已确认")
    tab.wait_for_text("已核实，影响三个小区")
    quiet(tab, place)


def test_the_link_on_a_phone_works_without_scripts_or_login(tab: Tab, place: Place) -> None:
    token = AckToken(
        incident_id="i-bus",
        delivery_id="d-phone",
        receiver="值班员乙",
        expires_at=world.NOW + timedelta(hours=1),
    )
    tab.window(360, 740)
    tab.ask("Emulation.setScriptExecutionDisabled", value=True)
    tab.open(f"{place.base}/ack/{sign(token, SECRET)}")
    tab.wait_for_text("12 路公交间隔过长")
    tab.click("button.wide-button")
    tab.wait_for_text("值班员乙 已于 2026年11月24日 16:30 签收")
    quiet(tab, place)


def test_a_link_in_the_digest_leads_out_of_its_frame_and_stays_signed_in(
    tab: Tab, place: Place
) -> None:
    sign_in(tab, place)
    tab.window(1200, 900)
    tab.open(f"{place.base}/digests/daily/2026-11-24")
    # Whatever has the focus within the frame when it is loaded: its links lead to the lists.
    for _ in range(40):
        tab.press("Tab")
        if tab.see("document.activeElement.tagName") == "IFRAME":
            tab.press("Enter")
            time.sleep(0.25)
        if tab.see("location.pathname") != "/digests/daily/2026-11-24":
            break
    tab.wait_for("location.pathname === '/mentions'")
    tab.wait_for_text("清岚论坛")
    quiet(tab, place)


def test_no_page_is_wider_than_a_phone(tab: Tab, place: Place) -> None:
    sign_in(tab, place)
    tab.window(360, 740)
    for address in (
        "/",
        "/incidents/i-water",
        "/mentions",
        "/mentions/m-odd",
        "/sources",
        "/deliveries",
        "/stories",
        "/stories/s-water",
    ):
        tab.open(place.base + address)
        assert tab.see("document.documentElement.scrollWidth") <= 360, address
    quiet(tab, place)


def test_hostile_words_stay_words(tab: Tab, place: Place, tmp_path: Path) -> None:
    sign_in(tab, place)
    tab.open(f"{place.base}/mentions/m-odd")
    tab.wait_for_text("<script>alert(1)</script>")
    assert tab.see("document.querySelectorAll('main script, main img').length") == 0
    tab.open(f"{place.base}/digests/daily/2026-11-24/document")
    tab.wait_for_text("<script>alert(1)</script>")
    quiet(tab, place)

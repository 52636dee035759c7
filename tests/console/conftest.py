"""A console over the written world, as a browser at 127.0.0.1 sees it."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from console.app import create_app
from console.settings import ConsoleSettings
from storage.store import Store
from tests import world
from tests.office import actions

ORIGIN = "http://127.0.0.1:8321"
SECRET = b"a-secret-for-tests-only-32-bytes"


class Browser:
    """Asks an application in this process, keeps its cookies, follows where it is sent."""

    def __init__(self, app: ASGIApp, *, raise_faults: bool = True) -> None:
        self.cookies = httpx.Cookies()
        self._app = app
        self._raise_faults = raise_faults

    def get(self, address: str, *, headers: dict[str, str] | None = None) -> httpx.Response:
        return asyncio.run(self._ask("GET", address, headers=headers))

    def post(
        self,
        address: str,
        *,
        data: dict[str, str] | None = None,
        json: object = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        follow: bool = True,
    ) -> httpx.Response:
        return asyncio.run(
            self._ask(
                "POST",
                address,
                data=data,
                json=json,
                content=content,
                headers=headers,
                follow_redirects=follow,
            )
        )

    async def _ask(self, method: str, address: str, **parts: object) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=self._raise_faults)
        parts = {"follow_redirects": True, **parts}
        async with httpx.AsyncClient(
            transport=transport, base_url=ORIGIN, cookies=self.cookies, trust_env=False
        ) as client:
            answer = await client.request(method, address, **parts)  # type: ignore[arg-type]
            self.cookies = client.cookies
            return answer


@dataclass
class Hands:
    """A browser with a few words: open a page, fill a form on it, say what came."""

    client: Browser
    store: Store
    now: datetime = world.NOW
    page: str = ""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    def open(self, address: str) -> str:
        return self._keep(self.client.get(address))

    def send(self, address: str, headers: dict[str, str] | None = None, **fields: str) -> str:
        """Post a form with the token of the page that is open."""
        token = re.search(r'name="form_token" value="([^"]+)"', self.page)
        data = {"form_token": token[1] if token else "", **fields}
        return self._keep(self.client.post(address, data=data, headers=headers or {}))

    def sign_in(self, name: str = "值班员甲", role: str = "duty_officer") -> str:
        self.open("/login")
        return self.send("/login", name=name, role=role)

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)

    def _keep(self, response) -> str:  # type: ignore[no-untyped-def]
        self.page, self.status = response.text, response.status_code
        self.headers = dict(response.headers)
        return self.page


Browse = Callable[[ConsoleSettings], Hands]


def settings(**changed: object) -> ConsoleSettings:
    common = {
        "secret": SECRET,
        "place": "清岚区",
        "sources": {**world.SOURCES, "wechat": "清岚发布"},
        "units": ("区水务局", "区交通运输局"),
    }
    return ConsoleSettings(**{**common, **changed})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a closed, filled database, to be copied."""
    folder = tmp_path_factory.mktemp("filled")
    with Store.open(folder / "yuqing.duckdb") as opened:
        world.fill(opened)
    return folder


@pytest.fixture
def store(tmp_path: Path, filled: Path) -> Iterator[Store]:
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    with Store.open(tmp_path / "yuqing.duckdb") as opened:
        yield opened


@pytest.fixture
def browse(store: Store) -> Browse:
    def start(chosen: ConsoleSettings) -> Hands:
        hands: list[Hands] = []
        office = actions(store=store, clock=lambda: hands[0].now)
        app = create_app(store, chosen, office, lambda: hands[0].now)
        hands.append(Hands(client=Browser(app), store=store))
        return hands[0]

    return start


@pytest.fixture
def stranger(browse: Browse) -> Hands:
    """Somebody at this machine who has not given a name."""
    return browse(settings())


@pytest.fixture
def officer(stranger: Hands) -> Hands:
    """The officer on duty, signed in."""
    stranger.sign_in()
    return stranger

"""One request as a page sees it: who asks, what was asked, the time, and how to answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlencode

import jinja2
from starlette.responses import HTMLResponse, RedirectResponse, Response

from alerts.incidents import CLOSED
from console.actions import ConsoleActions
from console.highlight import highlighted
from console.permissions import ROLE_ZH, Action, may
from console.sessions import Session
from console.settings import ConsoleSettings
from models.records import SHANGHAI, Level
from reports import words
from reports.english import Translator, english
from reports.links import Links
from reports.words import Language
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Facts of one request. `form` is empty unless a form with a fitting token was posted."""

    store: Store
    settings: ConsoleSettings
    actions: ConsoleActions
    now: datetime
    session: Session
    form_token: str
    address: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]

    @property
    def language(self) -> Language:
        """The language of the pages."""
        return self.settings.language

    @property
    def say(self) -> Translator:
        """What turns a Chinese sentence into the language of the pages."""
        return translator(self.language)

    @property
    def today(self) -> date:
        """The day in Asia/Shanghai."""
        return self.now.astimezone(SHANGHAI).date()

    @property
    def day_start(self) -> datetime:
        """When the Shanghai day began."""
        return datetime.combine(self.today, time(0), SHANGHAI)

    def can(self, action: Action) -> bool:
        """Say whether the person may do something."""
        return may(self.session.role, action)

    def query_without(self, name: str) -> str:
        """Return the query string with one part left out."""
        return urlencode({key: value for key, value in self.query.items() if key != name})

    def page(self, template: str, facts: Mapping[str, Any], status: int = 200) -> Response:
        """Return a page rendered with these facts."""
        return HTMLResponse(render(self, template, facts), status_code=status)

    def message(self, title: str, text: str, status: int) -> Response:
        """Return a page that says one thing."""
        return self.page("message.html", {"title": title, "text": text}, status)

    def not_found(self, what: str) -> Response:
        """Return a page saying that a record does not exist."""
        text = self.say("{what}不存在，或已不在库中。").format(what=what)
        return self.message(self.say("没有找到"), text, 404)

    def go(self, address: str, said: str = "") -> Response:
        """Send the browser on after a form; `said` names the sentence the next page shows."""
        mark = "&" if "?" in address else "?"
        target = f"{address}{mark}{urlencode({'said': said})}" if said else address
        return RedirectResponse(target, status_code=303)


Handler = Callable[[Visit], Response]
"""A page: facts of a request in, an answer out. Runs in a worker thread."""


SAID = {
    "acknowledged": "已签收。",
    "level": "等级已确认。",
    "grade": "突发事件等级已记录，时限已重新计算。",
    "moved": "状态已更新。",
    "assigned": "已交办。",
    "met": "时限已标记为完成。",
    "corrected": "标注已更正。",
    "labels_confirmed": "已记录：判读无误。",
    "stories_merged": "两个热点已合并。",
    "story_split": "已拆分为新的热点。",
    "extended": "时限已延期。",
    "occurred": "事发时间已记录，时限已重新计算。",
    "silenced": "已设静默，到期自动恢复通知。",
    "unsilenced": "静默已结束，通知恢复。",
    "saved": "表单已保存为新的版本。",
    "submitted": "文稿已送审。",
    "signed": "审批意见已记录。",
    "sent_back": "文稿已退回。",
    "welcome": "已登录。",
    "bye": "已退出。",
}
"""What the next page says after a form."""


def local_moment(text: str) -> datetime | None:
    """Return what a date and time field holds, meant as Asia/Shanghai; None when it is none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def field_moment(at: datetime) -> str:
    """Return a time as a date and time field takes it, in Asia/Shanghai."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}"


def render(visit: Visit, template: str, facts: Mapping[str, Any]) -> str:
    """Return a template as HTML, with what every page needs."""
    said = SAID.get(visit.query.get("said", ""), "")
    common = {
        "_": visit.say,
        "Action": Action,
        "CLOSED": CLOSED,
        "Level": Level,
        "ROLES": ROLE_ZH,
        "can": visit.can,
        "error": "",
        "field_moment": field_moment,
        "form": visit.form,
        "form_token": visit.form_token,
        "highlighted": highlighted,
        "language": visit.language,
        "levels": list(Level),
        "links": Links(),
        "now": visit.now,
        "said": visit.say(said) if said else "",
        "session": visit.session,
        "settings": visit.settings,
        "static": static_address,
        "visit": visit,
        "w": words,
    }
    return environment().get_template(template).render({**common, **facts})


def translator(language: Language) -> Translator:
    """Return what turns a Chinese sentence into a language, by both packages' tables."""
    if language == "zh":
        return str
    table = english("reports") | english("console")
    return lambda chinese: table.get(chinese, chinese)


@cache
def environment() -> jinja2.Environment:
    """Return the templates; every value is escaped, an unknown name is an error."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("console", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def static_address(name: str) -> str:
    """Return the address of a static file, which changes with its content."""
    return f"/static/{name}?v={hashlib.sha256(static_bytes(name)).hexdigest()[:10]}"


@cache
def static_bytes(name: str) -> bytes:
    """Return a static file's content; FileNotFoundError when there is none."""
    return resources.files("console").joinpath("static", name).read_bytes()

"""What stands between a request and a page: session, rights, form token, errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.actions import ConsoleActions
from console.permissions import Action, may
from console.sessions import (
    COOKIE,
    LOCAL_LONGEST,
    Session,
    SignedOut,
    alive,
    begin,
    form_token,
    seal,
    token_fits,
    touched,
    unseal,
)
from console.settings import ConsoleSettings
from console.visit import Handler, Visit
from storage.errors import StoreError
from storage.store import Store

FORM_BYTES_AT_MOST = 64 * 1024
FIELDS_AT_MOST = 50
RESEAL_AFTER = timedelta(minutes=1)
# C0 controls but tab and line breaks, and the marks that reorder text on the screen.
UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One address: what answers it, and which action a person must be allowed.

    `action` None is open to everybody. `token_from` names the path part a form's token is
    bound to instead of the session: a signed link works without a cookie.
    """

    path: str
    handler: Handler
    action: Action | None = Action.VIEW
    method: str = "GET"
    token_from: str = ""
    cookie: bool = True


class RefusedFormError(ValueError):
    """A form that must not be acted on; the message is for the person who sent it."""


class Desk:
    """What every request shares."""

    def __init__(
        self,
        *,
        store: Store,
        settings: ConsoleSettings,
        actions: ConsoleActions,
        clock: Callable[[], datetime],
    ) -> None:
        self.settings = settings
        self._store = store
        self._actions = actions
        self._clock = clock
        self._signed_out = SignedOut()

    async def answer(self, request: Request, page: Page) -> Response:
        """Return the page's answer, or what the person gets instead of it."""
        now = self._clock()
        session = self._session_of(request, now)
        try:
            form = await self._form_of(request, page, session)
        except RefusedFormError as refused:
            visit = self.visit(request, session, now, {})
            return visit.message(visit.say("没有执行"), visit.say(str(refused)), 403)
        visit = self.visit(request, session, now, form, page.token_from)
        response = await run_in_threadpool(self._guarded, visit, page)
        if page.cookie and "set-cookie" not in response.headers:
            self._renew(request, response, session, now)
        return response

    def visit(
        self,
        request: Request,
        session: Session,
        now: datetime,
        form: Mapping[str, str],
        token_from: str = "",
    ) -> Visit:
        """Return the request as pages see it."""
        purpose = _purpose(request, session, token_from)
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return Visit(
            store=self._store,
            settings=self.settings,
            actions=self._actions,
            now=now,
            session=session,
            form_token=form_token(purpose, self.settings.secret),
            address=target if request.method == "GET" else request.url.path,
            path=dict(request.path_params),
            query=_cleaned(request.query_params.multi_items()),
            form=form,
        )

    def stranger(self, request: Request) -> Visit:
        """Return a request that no page answers, as pages see it."""
        now = self._clock()
        return self.visit(request, self._session_of(request, now), now, {})

    def sign_in(self, visit: Visit, name: str, role: str, response: Response) -> Response:
        """Begin a fresh session (a new nonce) for somebody who has just signed in."""
        self._signed_out.add(visit.session, self._longest, visit.now)
        self._remember(response, begin(name, role, visit.now))
        return response

    def sign_out(self, visit: Visit) -> Response:
        """End the session here, not only in the browser."""
        self._signed_out.add(visit.session, self._longest, visit.now)
        response = visit.go("/login", "bye")
        response.delete_cookie(COOKIE, path="/")
        return response

    @property
    def _idle(self) -> timedelta:
        return self.settings.idle if self.settings.login_required else LOCAL_LONGEST

    @property
    def _longest(self) -> timedelta:
        return self.settings.longest if self.settings.login_required else LOCAL_LONGEST

    def _session_of(self, request: Request, now: datetime) -> Session:
        session = unseal(request.cookies.get(COOKIE, ""), self.settings.secret)
        if session is None or self._signed_out.has(session):
            return begin("", "", now)
        if not alive(session, now, self._idle, self._longest):
            return begin("", "", now)
        return session if self._still_known(session) else begin("", "", now)

    def _still_known(self, session: Session) -> bool:
        """Say whether the person still has the role; a removed user is out at once."""
        if not session.name or not self.settings.login_required:
            return True
        user = self.settings.user(session.name)
        return user is not None and user.role == session.role

    async def _form_of(self, request: Request, page: Page, session: Session) -> Mapping[str, str]:
        if page.method != "POST":
            return {}
        _check_origin(request)
        form = await _posted(request)
        purpose = _purpose(request, session, page.token_from)
        if not token_fits(form.get("form_token", ""), purpose, self.settings.secret):
            raise RefusedFormError("页面已过期，请返回上一页刷新后重试。")
        return form

    def _guarded(self, visit: Visit, page: Page) -> Response:
        if page.action is not None and not visit.session.name:
            return RedirectResponse(f"/login?next={quote(visit.address)}", status_code=303)
        if page.action is not None and not may(visit.session.role, page.action):
            text = visit.say("您的岗位不能进行此操作。")
            return visit.message(visit.say("没有权限"), text, 403)
        try:
            return page.handler(visit)
        except StoreError:
            text = visit.say("数据库暂时不能读写，请稍后重试；若持续出现，请联系系统管理员。")
            return visit.message(visit.say("暂不可用"), text, 503)

    def _renew(self, request: Request, response: Response, session: Session, now: datetime) -> None:
        """Keep the cookie while the person is active; a new visitor gets one for the form."""
        if COOKIE in request.cookies and now - session.seen < RESEAL_AFTER and session.name:
            return
        self._remember(response, touched(session, now))

    def _remember(self, response: Response, session: Session) -> None:
        response.set_cookie(
            COOKIE,
            seal(session, self.settings.secret),
            max_age=int(self._longest.total_seconds()),
            path="/",
            httponly=True,
            secure=self.settings.https,
            # Lax, not strict: a link in a mail must find the officer signed in.
            samesite="lax",
        )


def _purpose(request: Request, session: Session, token_from: str) -> str:
    if token_from:
        return f"{token_from}:{request.path_params[token_from]}"
    return session.nonce


def _check_origin(request: Request) -> None:
    """Refuse a form that another site's page sent."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign or site not in {"same-origin", "none"}:
        raise RefusedFormError("请求来自其他网站，已拒绝。")


async def _posted(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").split(";")[0] != "application/x-www-form-urlencoded":
        raise RefusedFormError("表单格式不符，已拒绝。")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_AT_MOST:
            raise RefusedFormError("表单内容过长，已拒绝。")
    try:
        pairs = parse_qsl(
            bytes(body).decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_AT_MOST
        )
    except ValueError:
        raise RefusedFormError("表单格式不符，已拒绝。") from None
    return _cleaned(pairs)


def _cleaned(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: UNWANTED.sub("", value).strip() for name, value in pairs}

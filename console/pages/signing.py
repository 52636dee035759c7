"""Signing in: a name at this machine, or a name and a password anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from console.passwords import Brake, BusyError, verify_password, waste_time
from console.permissions import ROLE_ZH
from console.visit import Visit

if TYPE_CHECKING:
    from console.desk import Desk
    from console.settings import ConsoleUser

NAME_AT_MOST = 40
PASSWORD_AT_MOST = 200


class Door:
    """The way in, with a brake on guessing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._brake = Brake()

    def show(self, visit: Visit) -> Response:
        """Return the form."""
        return self._form(visit, "", 200)

    def enter(self, visit: Visit) -> Response:
        """Begin a session, or say why not; wrong name and wrong password read the same."""
        name = visit.form.get("name", "")
        if not name or len(name) > NAME_AT_MOST:
            return self._form(visit, "请填写姓名（不超过 40 个字）。", 400)
        if visit.settings.login_required:
            return self._with_password(visit, name)
        role = visit.form.get("role", "")
        if role not in ROLE_ZH:
            return self._form(visit, "请选择岗位。", 400)
        return self._in(visit, name, role)

    def _with_password(self, visit: Visit, name: str) -> Response:
        if self._brake.locked_until(name, visit.now) is not None:
            return self._form(visit, "连续失败次数过多，请 15 分钟后再试。", 429)
        # Counted before the slow check, so that parallel guesses are counted too.
        self._brake.failed(name, visit.now)
        user = visit.settings.user(name)
        try:
            right = _password_fits(user, visit.form.get("password", "")[:PASSWORD_AT_MOST])
        except BusyError:
            return self._form(visit, "同时登录的人太多，请稍后再试。", 503)
        if user is None or not right:
            return self._form(visit, "姓名或密码不对。", 403)
        self._brake.succeeded(name)
        return self._in(visit, user.name, user.role)

    def _in(self, visit: Visit, name: str, role: str) -> Response:
        response = visit.go(own_address(visit.form.get("next", "")))
        return self._desk.sign_in(visit, name, role, response)

    def _form(self, visit: Visit, error: str, status: int) -> Response:
        following = visit.form.get("next") or visit.query.get("next", "")
        facts = {
            "error": visit.say(error) if error else "",
            "next": own_address(following),
            "roles": ROLE_ZH,
        }
        return visit.page("login.html", facts, status)


def _password_fits(user: ConsoleUser | None, password: str) -> bool:
    if user is None:
        waste_time(password)
        return False
    return verify_password(password, user.password_scrypt)


def own_address(text: str) -> str:
    """Return a path on this site, or / when it may be another site's address.

    Browsers drop tabs and line breaks from addresses and read a backslash as a slash.
    """
    plain = text.isprintable() and "\\" not in text and " " not in text
    return text if plain and text.startswith("/") and not text.startswith("//") else "/"

"""What the console needs to know, and the rule that keeps it off the network without a login."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from alerts.constants import Constants, load_constants
from alerts.oncall import Schedule
from console.permissions import ROLE_ZH
from models.classifier import Classifier, packaged_classifier
from models.heat import HeatWeights
from reports.words import Language

SECRET_BYTES_AT_LEAST = 16


class ConsoleSettingsError(ValueError):
    """Settings under which the console must not start; the message says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleUser:
    """Somebody who may sign in. `password_scrypt` comes from `console.passwords.hash_password`."""

    name: str
    role: str
    password_scrypt: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleSettings:
    """Settings of the console.

    `secret` signs sessions, form tokens and acknowledge links. Without `users` the console is
    for the people at this machine: they give a name once. `sources` maps source names to the
    names officers know; `units` are offered when a case is assigned; `classifier` gives the model
    in service, which tells the reasons of its labels.
    """

    secret: bytes = field(repr=False)
    place: str = ""
    office: str = ""
    host: str = "127.0.0.1"
    public_url: str = ""
    language: Language = "zh"
    users: tuple[ConsoleUser, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    units: tuple[str, ...] = ()
    heat: HeatWeights = field(default_factory=HeatWeights)
    constants: Constants = field(default_factory=load_constants)
    schedules: Callable[[], Sequence[Schedule]] = tuple
    classifier: Callable[[], Classifier] = packaged_classifier
    page_size: int = 50
    refresh_seconds: int = 60
    stale_minutes: int = 60
    silent_days: int = 7
    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)

    @property
    def login_required(self) -> bool:
        """Whether people sign in with a password."""
        return bool(self.users)

    @property
    def https(self) -> bool:
        """Whether officers reach the console over TLS, so that cookies must not go without."""
        return self.public_url.startswith("https://")

    def source_name(self, source: str) -> str:
        """Return the officers' name of a source."""
        return self.sources.get(source) or source

    def user(self, name: str) -> ConsoleUser | None:
        """Return the user of that name, or None."""
        return next((user for user in self.users if user.name == name), None)

    def host_allowed(self, header: str) -> bool:
        """Say whether a Host header is ours: a foreign name means DNS rebinding."""
        name = host_name(header)
        if not name:
            return False
        if is_loopback(name) or name in {host_name(self.host), _url_host(self.public_url)}:
            return True
        # Bound to every address and behind a password there is no one name to compare with.
        return self.login_required and not self.public_url and not is_loopback(self.host)


def checked(settings: ConsoleSettings) -> ConsoleSettings:
    """Return the settings, or raise ConsoleSettingsError saying what is unsafe."""
    if len(settings.secret) < SECRET_BYTES_AT_LEAST:
        raise ConsoleSettingsError(
            f"the console's secret must have at least {SECRET_BYTES_AT_LEAST} bytes"
        )
    for user in settings.users:
        if user.role not in ROLE_ZH:
            raise ConsoleSettingsError(
                f"console user {user.name!r}: role {user.role!r} is unknown; "
                f"allowed: {', '.join(ROLE_ZH)}"
            )
    outside = not is_loopback(settings.host) or not is_loopback(_url_host(settings.public_url))
    if outside and not settings.users:
        raise ConsoleSettingsError(
            f"the console would be reachable from other machines ({settings.host}, "
            f"{settings.public_url or 'no public_url'}) without a login: add console.users, "
            "or bind to 127.0.0.1"
        )
    return settings


def host_name(header: str) -> str:
    """Return the host of `host`, `host:port` or `[v6]:port`, lower-case."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text if text.count(":") > 1 else text.partition(":")[0]


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches that host; no host means only this machine."""
    if host in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _url_host(url: str) -> str:
    return urlsplit(url).hostname or ""

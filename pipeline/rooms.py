"""The console, furnished from the configuration."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import uvicorn
from starlette.types import ASGIApp

from collectors.inbox import inbox_app
from collectors.kinds.inbox import Inbox
from console.app import create_app
from console.settings import ConsoleSettings, ConsoleUser
from pipeline.actions import Actions
from pipeline.office import Office
from pipeline.positions import ConfigurationError


def console_settings(office: Office, refresh_seconds: int = 60) -> ConsoleSettings:
    """Return the console's settings."""
    settings = office.loaded.settings
    return ConsoleSettings(
        secret=office.secret,
        place=settings.region.name,
        office=settings.region.office,
        host=settings.console.host,
        public_url=settings.console.public_url,
        language=office.language,
        users=tuple(
            ConsoleUser(name=u.name, role=u.role, password_scrypt=u.password_scrypt)
            for u in settings.console.users
        ),
        sources={source.name: source.label() for source in office.loaded.sources},
        units=tuple(sorted(set(settings.units.values()))),
        heat=settings.heat.weights(),
        constants=office.constants,
        schedules=lambda: office.loaded.schedules,
        classifier=lambda: office.mind.classifier,
        refresh_seconds=refresh_seconds,
    )


def console_of(office: Office, clock: Callable[[], datetime], refresh_seconds: int = 60) -> ASGIApp:
    """Return the web application over an open office."""
    actions = Actions(office=office, clock=clock)
    return create_app(
        office.store,
        console_settings(office, refresh_seconds),
        actions,
        clock,
        mount_inbox=inbox_of(office, clock),
    )


def inbox_of(office: Office, clock: Callable[[], datetime]) -> ASGIApp | None:
    """Return the way in for the city's own forms, or None where no source is one."""
    forms = [source for source in office.loaded.active_sources() if isinstance(source, Inbox)]
    doors = [form.door(office.loaded.folder) for form in forms]
    return inbox_app(doors, clock) if doors else None


def listening(host: str, port: int) -> socket.socket:
    """Return a listening socket, or raise ConfigurationError in one line when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
    except OSError as error:
        opened.close()
        raise ConfigurationError(
            (f"cannot listen on {host} port {port}: {error.strerror}: choose another port",)
        ) from None
    opened.listen(100)
    return opened


class ConsoleServer(uvicorn.Server):
    """The web server inside the one process; signals belong to whoever runs it."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                # Acknowledge links stand in addresses: requests are never logged.
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=3,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave every signal alone."""
        yield

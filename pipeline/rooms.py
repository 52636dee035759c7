"""The console, furnished from the configuration."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from starlette.types import ASGIApp

from collectors.inbox import inbox_app
from collectors.kinds.inbox import Inbox
from console.app import create_app
from console.settings import ConsoleSettings, ConsoleUser
from pipeline.actions import Actions
from pipeline.office import Office


def console_settings(office: Office) -> ConsoleSettings:
    """Return the console's settings."""
    settings = office.loaded.settings
    return ConsoleSettings(
        secret=office.secret,
        place=settings.region.name,
        office=settings.region.office,
        host=settings.console.host,
        public_url=settings.console.public_url,
        language="en" if settings.language == "en" else "zh",
        users=tuple(
            ConsoleUser(name=u.name, role=u.role, password_scrypt=u.password_scrypt)
            for u in settings.console.users
        ),
        sources={source.name: source.label() for source in office.loaded.sources},
        units=tuple(sorted(set(settings.units.values()))),
    )


def console_of(office: Office, clock: Callable[[], datetime]) -> ASGIApp:
    """Return the web application over an open office."""
    actions = Actions(office=office, clock=clock)
    return create_app(
        office.store, console_settings(office), actions, clock, mount_inbox=inbox_of(office, clock)
    )


def inbox_of(office: Office, clock: Callable[[], datetime]) -> ASGIApp | None:
    """Return the way in for the city's own forms, or None where no source is one."""
    forms = [source for source in office.loaded.active_sources() if isinstance(source, Inbox)]
    doors = [form.door(office.loaded.folder) for form in forms]
    return inbox_app(doors, clock) if doors else None

"""Whom a name means now: routes, duty rotas and contacts of the configuration. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from alerts.constants import Constants
from alerts.oncall import Resolve, resolver
from alerts.outbox import Target
from alerts.routing import Match, Notice, Receiver, Route, Routed, Timing, route
from models.records import Delivery, Level
from pipeline.settings import Loaded, Settings

ON_CALL = "oncall:"
AT_ONCE = Timing(group_wait_seconds=0, group_interval_minutes=0)
"""The pace of the plain `tell:` list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Answers who is told, by which way."""

    settings: Settings
    resolve: Resolve

    @classmethod
    def of(cls, loaded: Loaded, constants: Constants) -> Duty:
        """Return the duty of a configuration."""
        return cls(settings=loaded.settings, resolve=resolver(loaded.schedules, constants))

    def routed(self, notice: Notice, now: datetime) -> list[Routed]:
        """Return where a notice goes, with names turned into addresses."""
        found = route(self.settings.routes or _plain(self.settings), notice, now)
        return [
            Routed(
                targets=tuple(self.addresses(one.targets, now)),
                group=one.group,
                timing=one.timing,
                muted=one.muted,
            )
            for one in found
        ]

    def addresses(self, targets: Iterable[Target], now: datetime) -> list[Target]:
        """Return addresses for targets that may name a rota or a person, each once."""
        found = [address for target in targets for address in self._address(target, now)]
        return list(dict.fromkeys(found))

    def people(self, names: Iterable[str], now: datetime) -> list[Target]:
        """Return every address of people and of those on duty."""
        return self.addresses((Target(channel="*", receiver=name) for name in names), now)

    def second(self, delivery: Delivery) -> Target | None:
        """Return another way to the same person, or the configured last resort, or None."""
        for contacts in self.settings.people.values():
            mine = [one for one in contacts if one.channel == delivery.channel]
            if any(one.to == delivery.receiver for one in mine):
                return _other(contacts, delivery)
        return _other(self.settings.fallback, delivery)

    def _address(self, target: Target, now: datetime) -> list[Target]:
        name = target.receiver
        if not name.startswith(ON_CALL) and name not in self.settings.people:
            return [target] if target.channel != "*" else []
        people = self.resolve(name, now)
        return [
            Target(channel=one.channel, receiver=one.to)
            for person in people
            for one in self.settings.people.get(person, ())
            if target.channel in {"*", one.channel}
        ]


def _other(contacts: Iterable[Receiver], delivery: Delivery) -> Target | None:
    for one in contacts:
        if one.channel != delivery.channel:
            return Target(channel=one.channel, receiver=one.to)
    return None


def _plain(settings: Settings) -> Route:
    """Return the plain list `tell:` as a tree: every line that matches is told."""
    children = tuple(
        Route(
            match=Match(level_at_least=Level.of(line.level_at_least)),
            receivers=tuple(Receiver(channel=line.channel, to=to) for to in line.receivers),
            timing=AT_ONCE,
        ).model_copy(update={"go_on": True})
        for line in settings.tell
    )
    return Route(routes=children, timing=AT_ONCE)

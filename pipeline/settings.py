"""The one configuration file, read once into frozen models; every error says where and what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Union, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic_core import ErrorDetails

from alerts.contract import Channel, ChannelSettings, Rule, RuleSettings
from alerts.escalation import EscalationPolicy
from alerts.levels import LevelPolicy
from alerts.oncall import Schedule
from alerts.oncall_ical import shifts_from_ical
from alerts.outbox import TellPolicy
from alerts.routing import Inhibition, Receiver, Route
from collectors.contract import Collector, SourceSettings
from models.heat import DEFAULT_TIER_POINTS, HeatWeights
from models.records import MediaTier, MentionFilter
from models.watch import Query, QueryError
from pipeline.plugins import kinds
from pipeline.positions import ConfigurationError, Document, Place, read_yaml

CALENDAR_PAST = timedelta(days=30)
CALENDAR_AHEAD = timedelta(days=400)
"""How much of a duty calendar is read; a running service reads it anew when the file changes."""


class Part(BaseModel):
    """A section of the file: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Region(Part):
    """The place this press office answers for."""

    name: str = Field(min_length=1, description="Name of the district, such as 清岚区")
    office: str = Field(default="", description="Issuing office on the masthead")
    places: tuple[str, ...] = Field(default=(), description="Towns and subdistricts")


class Watch(Part):
    """What the office watches for."""

    groups: dict[str, str] = Field(default={}, description="Named parts, used as @name")
    queries: dict[str, str] = Field(default={}, description="Name → watch query")
    places: dict[str, tuple[str, ...]] = Field(
        default={}, description="Place of `place:` → words beside it that show it is meant"
    )


class Http(Part):
    """How this office fetches."""

    contact: str = Field(
        default="", pattern=r"^[ -~]*$", description="Address or page put into the User-Agent"
    )
    allow_hosts: tuple[str, ...] = Field(
        default=(), description="host:port or networks that are not public yet allowed (intranet)"
    )
    deadline_seconds: float = Field(default=30, gt=0, le=120)
    pause_seconds: float = Field(default=1.0, ge=0, description="Between two requests to a host")
    robots: bool = True


class ConsoleUser(Part):
    """Somebody who may sign in."""

    name: str
    role: str = "press_officer"
    password_scrypt: str = Field(description="Made by `yuqing user`; never a password in clear")


class Console(Part):
    """Where the console listens and how links to it look."""

    host: str = "127.0.0.1"
    port: int = Field(default=8321, ge=0, le=65535)
    public_url: str = Field(default="", description="How officers reach it, for links in cards")
    users: tuple[ConsoleUser, ...] = ()


class Digest(Part):
    """When the daily digest is made and who receives it."""

    at: str = Field(default="08:30", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    channel: str = Field(default="", description="Name of the channel that carries it")
    receivers: tuple[str, ...] = ()


class Privacy(Part):
    """What is kept, and how long."""

    text_days: int = Field(default=180, ge=1, description="Bodies are emptied after this")
    author_key_days: int = Field(default=90, ge=1, description="The author key changes after this")


class Heat(Part):
    """What a story's heat is made of: points for each count, and the most a part can give.

    No regulation gives numbers; the defaults add up to 100 at most and are printed with each heat.
    """

    independent_each: float = Field(default=0.5, ge=0)
    independent_at_most: float = Field(default=25, ge=0)
    repost_each: float = Field(default=0.05, ge=0)
    repost_at_most: float = Field(default=10, ge=0)
    source_each: float = Field(default=1, ge=0)
    source_at_most: float = Field(default=20, ge=0)
    tier_points: dict[MediaTier, Annotated[float, Field(ge=0)]] = Field(
        default={}, description="Tier → points; a tier not named keeps its default"
    )
    per_hour_each: float = Field(default=1, ge=0, description="For each mention an hour")
    per_hour_at_most: float = Field(default=20, ge=0)
    negative_share_each: float = Field(default=10, ge=0, description="At a share of 100 %")

    def weights(self) -> HeatWeights:
        """Return them as heat is computed with."""
        points = DEFAULT_TIER_POINTS | self.tier_points
        return HeatWeights(**self.model_dump(exclude={"tier_points"}), tier_points=points)


class Duty(Part):
    """Who is told: receivers for each channel, and from which level."""

    channel: str
    receivers: tuple[str, ...]
    level_at_least: str = "blue"


class OnCall(Part):
    """Who is on duty, and who is called when nobody answers."""

    schedules: tuple[Schedule, ...] = ()
    calendars: dict[str, Path] = Field(
        default={}, description="Name of a rota → iCalendar file (events named after people)"
    )
    escalation: EscalationPolicy | None = None


class Settings(Part):
    """The whole file."""

    region: Region
    language: str = Field(default="zh", pattern="^(zh|en)$")
    data: Path = Field(default=Path("data"), description="Folder of the database and reports")
    watch: Watch = Watch()
    http: Http = Http()
    console: Console = Console()
    digest: Digest = Digest()
    privacy: Privacy = Privacy()
    levels: LevelPolicy = LevelPolicy()
    heat: Heat = Heat()
    telling: TellPolicy = TellPolicy()
    tell: tuple[Duty, ...] = ()
    routes: Route | None = Field(
        default=None, description="Routing tree; takes the place of `tell`"
    )
    inhibit: tuple[Inhibition, ...] = ()
    people: dict[str, tuple[Receiver, ...]] = Field(
        default={}, description="Name → ways to reach that person, the best first"
    )
    on_call: OnCall = OnCall()
    fallback: tuple[Receiver, ...] = Field(
        default=(), description="The last resort when a channel cannot deliver"
    )
    units: dict[str, str] = Field(default={}, description="Topic → responsible unit")
    memory_limit: str = Field(default="512MB", pattern=r"^\d+(MB|GB)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings with their kinds resolved, and the folder relative paths start from."""

    settings: Settings
    sources: tuple[Any, ...]
    rules: tuple[Any, ...]
    channels: tuple[Any, ...]
    queries: Mapping[str, Query]
    schedules: tuple[Schedule, ...]
    path: Path
    files: tuple[Path, ...]

    @property
    def folder(self) -> Path:
        """The folder relative paths start from."""
        return self.path.parent

    @property
    def database(self) -> Path:
        """The database file."""
        return self.folder / self.settings.data / "yuqing.duckdb"

    def active_sources(self) -> tuple[Collector, ...]:
        """Return the sources whose kill switch is not pulled."""
        return tuple(cast("Collector", s) for s in self.sources if s.enabled)

    def active_rules(self) -> tuple[Rule, ...]:
        """Return the rules in force."""
        return tuple(cast("Rule", r) for r in self.rules if r.enabled)

    def active_channels(self) -> tuple[Channel, ...]:
        """Return the channels in use."""
        return tuple(cast("Channel", c) for c in self.channels if c.enabled)


@cache
def file_model() -> type[Settings]:
    """Return the model of the file with the lists of every kind present."""
    lists: dict[str, Any] = {
        f"{sort}s": (tuple[_any_kind(sort), ...], Field(default=()))  # type: ignore[misc]  # a type made at run time
        for sort in ("source", "rule", "channel")
    }
    return create_model("YuqingFile", __base__=Settings, **lists)


def _any_kind(sort: str) -> Any:
    classes = tuple(kinds(sort).values())
    if len(classes) == 1:
        return classes[0]
    return Annotated[Union[classes], Field(discriminator="kind")]  # noqa: UP007 - built at run time


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, for editors."""
    schema = TypeAdapter(file_model()).json_schema()
    schema["title"] = "yuqing.yaml"
    return schema


def load(path: Path) -> Loaded:
    """Read and check a configuration file.

    Raises ConfigurationError with one `file:line:column: path: problem` for each problem.
    """
    document = read_yaml(path)
    try:
        found = file_model().model_validate(document.data)
    except ValidationError as error:
        raise ConfigurationError(tuple(_lines(document, error))) from None
    return _loaded(found, document, path.resolve())


def _loaded(found: Settings, document: Document, path: Path) -> Loaded:
    parts: Any = found
    problems = [
        *_repeated_names(document, parts),
        *_unknown_references(document, parts),
    ]
    queries: dict[str, Query] = {}
    for name, text in found.watch.queries.items():
        try:
            queries[name] = Query.parse(text, found.watch.groups)
        except QueryError as error:
            problems.append(_line(document, ("watch", "queries", name), str(error)))
    calendars, unreadable = _calendars(document, found.on_call, path.parent)
    problems += unreadable
    if problems:
        raise ConfigurationError(tuple(problems))
    return Loaded(
        settings=found,
        sources=parts.sources,
        rules=parts.rules,
        channels=parts.channels,
        queries=queries,
        schedules=(*found.on_call.schedules, *calendars),
        path=path,
        files=tuple(
            sorted(
                {Path(position.file) for position in document.positions.values()}
                | {path.parent / file for file in found.on_call.calendars.values()}
            )
        ),
    )


def _calendars(
    document: Document, on_call: OnCall, folder: Path
) -> tuple[list[Schedule], list[str]]:
    """Return the rotas of the calendar files, and a line for each that cannot be read."""
    now = datetime.now(UTC)
    found: list[Schedule] = []
    problems: list[str] = []
    for name, file in on_call.calendars.items():
        try:
            content = (folder / file).read_bytes()
            shifts = shifts_from_ical(content, now - CALENDAR_PAST, now + CALENDAR_AHEAD)
            found.append(Schedule(name=name, shifts=shifts))
        except (OSError, ValueError) as error:
            problems.append(_line(document, ("on_call", "calendars", name), str(error)))
    return found, problems


def _repeated_names(document: Document, parts: Any) -> Iterator[str]:
    for sort in ("sources", "rules", "channels"):
        seen: set[str] = set()
        for i, part in enumerate(getattr(parts, sort)):
            if part.name in seen:
                yield _line(document, (sort, i, "name"), f"the name {part.name!r} is taken already")
            seen.add(part.name)


def _unknown_references(document: Document, parts: Any) -> Iterator[str]:
    known = {
        "channel": {c.name for c in parts.channels},
        "query": set(parts.watch.queries),
        "source": {s.name for s in parts.sources},
    }
    for place, sort, name in _references(parts):
        if name not in known[sort]:
            yield _line(document, place, _not_one_of(sort, name, known[sort]))


def _references(parts: Any) -> Iterator[tuple[Place, str, str]]:
    """Yield each name that must be defined elsewhere: its place, its sort, the name."""
    for i, duty in enumerate(parts.tell):
        yield ("tell", i, "channel"), "channel", duty.channel
    yield from _receivers(parts)
    if parts.digest.channel:
        yield ("digest", "channel"), "channel", parts.digest.channel
    for i, rule in enumerate(parts.rules):
        wanted = rule.filter.as_filter() if isinstance(rule, RuleSettings) else MentionFilter()
        place: Place = ("rules", i, "filter")
        yield from (((*place, "query"), "query", name) for name in wanted.queries)
        yield from (((*place, "source"), "source", name) for name in wanted.sources)


def _receivers(parts: Any) -> Iterator[tuple[Place, str, str]]:
    for name, contacts in parts.people.items():
        for i, one in enumerate(contacts):
            yield ("people", name, i, "channel"), "channel", one.channel
    for i, one in enumerate(parts.fallback):
        yield ("fallback", i, "channel"), "channel", one.channel
    if parts.routes is not None:
        yield from _route_receivers(parts.routes, ("routes",))


def _route_receivers(node: Route, place: Place) -> Iterator[tuple[Place, str, str]]:
    for i, one in enumerate(node.receivers):
        if one.channel != "*":
            yield (*place, "receivers", i, "channel"), "channel", one.channel
    for i, child in enumerate(node.routes):
        yield from _route_receivers(child, (*place, "routes", i))


def _not_one_of(sort: str, name: str, known: set[str]) -> str:
    allowed = ", ".join(sorted(known)) or "none is defined"
    return f"there is no {sort} named {name!r}; there is: {allowed}"


def _lines(document: Document, error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_url=False):
        place = _place(detail["loc"])
        yield _line(document, place, _words(detail))


def _place(loc: tuple[int | str, ...]) -> Place:
    """Leave out the kind that pydantic puts into the path of a tagged union."""
    if len(loc) > 2 and loc[0] in {"sources", "rules", "channels"} and isinstance(loc[2], str):
        sort = str(loc[0])[:-1]
        if loc[2] in kinds(sort):
            return (*loc[:2], *loc[3:])
    return loc


def _line(document: Document, place: Place, problem: str) -> str:
    path = re.sub(r"\.\[", "[", ".".join(f"[{p}]" if isinstance(p, int) else p for p in place))
    return f"{document.position(place)}: {path or 'the file'}: {problem}"


def _words(detail: ErrorDetails) -> str:
    """Say a pydantic error for people who do not know pydantic."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return "this setting is required"
        case "extra_forbidden":
            return "there is no such setting (see `yuqing schema` or docs/configuration.md)"
        case "union_tag_not_found":
            return "`kind:` is required"
        case "union_tag_invalid":
            return f"unknown kind {context.get('tag')!r}; there is: {context.get('expected_tags')}"
        case _:
            given = detail["input"]
            shown = f" (got {given!r})" if isinstance(given, str | int | float | bool) else ""
            return f"{detail['msg']}{shown}"


__all__ = ["ChannelSettings", "ConfigurationError", "Loaded", "Settings", "SourceSettings", "load"]

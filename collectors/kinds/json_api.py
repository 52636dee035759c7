"""`kind: json_api`: any JSON or plain XML endpoint, through JMESPath expressions or a preset."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, JsonValue, model_validator

from collectors.contract import CollectContext, Collected, State
from collectors.http import Fetched
from collectors.json_mapping import (
    Form,
    PageRequest,
    RowMapping,
    Rows,
    check_mapping,
    fill_url,
    following_url,
    placeholders,
    read_rows,
    zone_of,
)
from collectors.json_presets import PRESETS
from collectors.kinds._reading import (
    HttpSource,
    RoundTime,
    charset,
    still_good,
    time_of,
    told,
    validators,
)
from models.records import Entry

KNOWN_KEPT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One page that is asked for: its address, and the window and number it stands for."""

    url: str
    request: PageRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page as it came."""

    step: Step
    fetched: Fetched
    rows: Rows


class JsonApi(HttpSource):
    """An endpoint: `items` finds the rows, `fields` says where each part of a row stands.

    The address may hold `{since}` and `{until}` (a window: each round asks for what came after the
    last one), `{page}`, `{offset}` or `{cursor}` (paging). Times are written as in
    `{since:%Y%m%d%H%M%S}`, else in ISO 8601.
    """

    kind: Literal["json_api"]
    preset: str = Field(default="", description="Name of a ready mapping, such as mastodon_tag")
    items: str = Field(default="", description="JMESPath of the list of rows, such as data.list")
    fields: dict[str, str] = Field(default={}, description="Field → JMESPath inside a row")
    form: Form | None = Field(default=None, description="json (default) or xml")
    next_page: str = Field(
        default="", description="JMESPath of the next page: its address, or the {cursor}"
    )
    zone: str = Field(default="", description="Zone of times without one; Asia/Shanghai if empty")
    pages_at_most: int = Field(default=5, ge=1, le=100, description="Pages read in one round")
    page_rows: int = Field(default=100, ge=1, le=10_000, description="Rows of a page for {offset}")
    first_days: float = Field(
        default=2, gt=0, le=3650, description="How far back the first window reaches"
    )
    overlap_minutes: float = Field(
        default=60, ge=0, le=7 * 24 * 60, description="How far a window reaches into the last one"
    )

    @model_validator(mode="before")
    @classmethod
    def _has_address(cls, given: object) -> object:
        name = given.get("preset") if isinstance(given, dict) else None
        if isinstance(given, dict) and name in PRESETS and "url" not in given:
            raise ValueError(f"preset {name} needs `url`, such as {PRESETS[str(name)].url}")
        return given

    @model_validator(mode="after")
    def _can_work(self) -> Self:
        if self.preset and self.preset not in PRESETS:
            known = ", ".join(sorted(PRESETS))
            raise ValueError(f"there is no preset {self.preset!r}; there is: {known}")
        if not self.preset and not self.items:
            raise ValueError("name `items` and `fields`, or a `preset`")
        check_mapping(self.mapping())
        return self

    def mapping(self) -> RowMapping:
        """Return the preset's mapping, with what the settings name instead."""
        ready = PRESETS[self.preset].mapping if self.preset else RowMapping(items="", fields={})
        return replace(
            ready,
            items=self.items or ready.items,
            fields={**ready.fields, **self.fields},
            form=self.form or ready.form,
            next_page=self.next_page or ready.next_page,
            zone=zone_of(self.zone) if self.zone else ready.zone,
        )

    async def collect(self, context: CollectContext) -> Collected:
        """Read the rows of the window, page by page."""
        start = self._resumed(context.state) or self._first_step(context)
        pages, unread = await self._pages(start, context)
        first = pages[0]
        if not self._is_windowed and not _known(context.state):
            unread = None  # the first round of an endless list reads so far and no further
        if first.fetched.not_modified:
            return Collected(state=context.state, not_modified=True)
        if first.rows.error is not None:
            return _failed(first, context.state)
        entries = {e.external_id: e for page in pages for e in page.rows.entries}
        problems = [*_problems(pages), *self._told(unread)]
        return Collected(
            entries=tuple(entries.values()),
            state=self._memory(pages, unread, [*entries], context.state),
            problems=tuple(problems),
        )

    @property
    def _is_windowed(self) -> bool:
        return bool(placeholders(self.url) & {"since", "until"})

    def _first_step(self, context: CollectContext) -> Step:
        read_until = time_of(context.state, "until")
        if read_until is None:
            since = context.now - timedelta(days=self.first_days)
        else:
            since = min(read_until, context.now) - timedelta(minutes=self.overlap_minutes)
        return self._step(PageRequest(since=since, until=context.now, page_rows=self.page_rows))

    def _step(self, request: PageRequest) -> Step:
        return Step(url=fill_url(self.url, request, self.mapping().zone), request=request)

    async def _pages(
        self, start: Step, context: CollectContext
    ) -> tuple[tuple[Page, ...], Step | None]:
        """Return at least one page, and the step that is still to do, None where all is read."""
        time = RoundTime()
        met = set() if self._is_windowed else _known(context.state)
        pages = [await self._page(start, context, conditional=not self._is_windowed)]
        while not pages[-1].fetched.not_modified and pages[-1].rows.error is None:
            following = self._following(pages[-1], met)
            met |= _ids(pages[-1].rows.entries)
            if following is None:
                return tuple(pages), None
            if len(pages) >= self.pages_at_most or time.is_over:
                return tuple(pages), following
            pages.append(await self._page(following, context, conditional=False))
        return tuple(pages), pages[-1].step

    async def _page(self, step: Step, context: CollectContext, *, conditional: bool) -> Page:
        known = still_good(context.state, context.now) if conditional else None
        fetched = await context.fetcher.get(self.request(step.url, known))
        if fetched.error is not None or fetched.not_modified:
            error = str(fetched.error) if fetched.error else None
            return Page(step=step, fetched=fetched, rows=Rows(error=error))
        # In a thread: parsing must not eat into the deadlines of the fetches beside it.
        rows = await asyncio.to_thread(
            read_rows, fetched.body, self.mapping(), self.name, context.now, charset(fetched)
        )
        return Page(step=step, fetched=fetched, rows=rows)

    def _following(self, page: Page, met: set[str]) -> Step | None:
        """Return the next page, or None where this was the last or brought nothing new."""
        if not _ids(page.rows.entries) - met:
            return None
        request, paging = page.step.request, placeholders(self.url)
        if "cursor" in paging:
            cursor = page.rows.next_page
            return self._step(replace(request, cursor=cursor)) if cursor else None
        if paging & {"page", "offset"}:
            return self._step(replace(request, page=request.page + 1))
        url = following_url(page.fetched.final_url, page.rows.next_page)
        return Step(url=url, request=replace(request, page=request.page + 1)) if url else None

    def _told(self, unread: Step | None) -> Sequence[str]:
        if unread is None:
            return ()
        if self._is_windowed:
            return ("further pages wait for the next round",)
        return ("more was new than was read: raise `pages_at_most` or ask more often",)

    def _memory(
        self, pages: Sequence[Page], unread: Step | None, ids: Sequence[str], state: State
    ) -> State:
        if self._is_windowed:
            until = pages[0].step.request.until.isoformat()
            return {"until": until} if unread is None else {**state, "resume": _as_json(unread)}
        if pages[-1].rows.error is not None:
            return {"known": state.get("known")}  # the pages behind it are met again next time
        kept = [*_known(state) - _ids_of(ids), *_ids_of(ids)][-KNOWN_KEPT:]
        known = validators(pages[0].fetched) if unread is None else {}
        return {**known, "known": list[JsonValue](kept)}

    def _resumed(self, state: State) -> Step | None:
        kept = state.get("resume")
        if not isinstance(kept, dict) or not self._is_windowed:
            return None
        since, until, page = time_of(kept, "since"), time_of(kept, "until"), kept.get("page")
        if since is None or until is None or not isinstance(page, int):
            return None
        request = PageRequest(since=since, until=until, page=page, page_rows=self.page_rows)
        return Step(url=str(kept.get("url")), request=request)


def _failed(page: Page, state: State) -> Collected:
    """Return the failure of a first page; what was to be resumed begins anew next time."""
    error = page.fetched.error
    return Collected(
        state={name: value for name, value in state.items() if name != "resume"},
        failure=told(page.step.url, page.rows.error),
        retry_after_seconds=error.retry_after if error else None,
        permanent=error.permanent if error else False,
    )


def _problems(pages: Sequence[Page]) -> list[str]:
    """Return what was wrong with pages and rows, with the number of the page."""
    found = []
    for page in pages:
        words = [page.rows.error, *page.rows.problems]
        found += [f"page {page.step.request.page}: {word}" for word in words if word]
    return found


def _known(state: State) -> set[str]:
    kept = state.get("known")
    return {str(one) for one in kept} if isinstance(kept, list) else set()


def _ids(entries: Sequence[Entry]) -> set[str]:
    return _ids_of([entry.external_id for entry in entries])


def _ids_of(external_ids: Sequence[str]) -> set[str]:
    """Return short marks of ids: they are only compared, and some ids are long."""
    return {hashlib.sha256(one.encode("utf-8", "replace")).hexdigest()[:12] for one in external_ids}


def _as_json(step: Step) -> dict[str, JsonValue]:
    return {
        "url": step.url,
        "since": step.request.since.isoformat(),
        "until": step.request.until.isoformat(),
        "page": step.request.page,
    }


KIND = JsonApi

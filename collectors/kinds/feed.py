"""`kind: feed`: RSS, Atom, RDF and JSON feeds, read conditionally."""

from __future__ import annotations

import asyncio
from typing import Literal

from pydantic import Field

from collectors.contract import CollectContext, Collected
from collectors.decode import decode
from collectors.feed_parser import FeedEntry, ParsedFeed, discover_feeds, parse_feed
from collectors.kinds._reading import HttpSource, Read, charset, read, told, validators
from collectors.plain_text import html_to_text
from models.records import Entry


class Feed(HttpSource):
    """A feed. Its address may also be a page that names one: then the named feed is read."""

    kind: Literal["feed"]
    origin_is_source: bool = Field(
        default=True, description="Name the feed as the origin when an entry names none"
    )

    async def collect(self, context: CollectContext) -> Collected:
        """Read the feed once."""
        answer = await read(self, context)
        if answer.ended is not None:
            return answer.ended
        # In a thread: parsing must not eat into the deadlines of the fetches beside it.
        parsed = await asyncio.to_thread(self._parse, answer, context)
        if parsed.error is not None:
            return await self._discovered(answer, parsed.error, context)
        return self._collected(answer, parsed)

    def _parse(self, answer: Read, context: CollectContext) -> ParsedFeed:
        fetched = answer.fetched
        return parse_feed(fetched.body, fetched.final_url, fetched.headers, context.now)

    async def _discovered(self, answer: Read, error: str, context: CollectContext) -> Collected:
        """Follow the first feed a page names; the page itself is no failure then."""
        page = decode(answer.fetched.body, charset(answer.fetched), kind="html").text
        found = discover_feeds(page, answer.fetched.final_url)
        if not found:
            return Collected(state=context.state, failure=told(self.url, error))
        fetched = await context.fetcher.get(self.request(found[0]))
        if fetched.error is not None:
            return Collected(state=context.state, failure=told(found[0], fetched.error))
        parsed = await asyncio.to_thread(self._parse, Read(fetched=fetched), context)
        if parsed.error is not None:
            return Collected(state=context.state, failure=f"{found[0]}: {parsed.error}")
        note = f"{self.url} is a page; its feed is {found[0]}: put that into the configuration"
        collected = self._collected(Read(fetched=fetched), parsed)
        return Collected(entries=collected.entries, state={}, problems=(*collected.problems, note))

    def _collected(self, answer: Read, parsed: ParsedFeed) -> Collected:
        entries = tuple(self._entry(entry, parsed) for entry in parsed.entries)
        return Collected(
            entries=entries, state=validators(answer.fetched), problems=tuple(parsed.notes)
        )

    def _entry(self, entry: FeedEntry, parsed: ParsedFeed) -> Entry:
        return Entry(
            source=self.name,
            external_id=entry.id or entry.link or entry.title,
            title=entry.title,
            text=html_to_text(entry.content or entry.summary),
            url=entry.link,
            published=entry.published or entry.updated,
            date_flag=",".join(entry.date_flags),
            origin=entry.origin or (parsed.title if self.origin_is_source else ""),
            author=entry.author,
        )


KIND = Feed

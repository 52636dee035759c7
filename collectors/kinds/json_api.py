"""`kind: json_api`: any JSON endpoint, through JMESPath expressions."""

from __future__ import annotations

import json
from typing import Any, Literal

import jmespath
from pydantic import Field, field_validator

from collectors.contract import CollectContext, Collected
from collectors.dates import parse_date
from collectors.decode import decode
from collectors.kinds._reading import HttpSource, charset, read, validators
from collectors.plain_text import html_to_text
from models.records import Entry

FIELDS = frozenset(
    {"external_id", "title", "text", "url", "published", "author", "origin", "place"}
    | {"reply", "replied_at"}
)


class JsonApi(HttpSource):
    """A JSON endpoint: `items` finds the rows, `fields` says where each part of a row stands."""

    kind: Literal["json_api"]
    items: str = Field(description="JMESPath of the list of rows, such as data.list")
    fields: dict[str, str] = Field(description="Field → JMESPath inside a row")

    @field_validator("items")
    @classmethod
    def _items_compile(cls, value: str) -> str:
        return _compiled(value)

    @field_validator("fields")
    @classmethod
    def _fields_compile(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(value) - FIELDS)
        if unknown:
            raise ValueError(f"unknown field {unknown[0]!r}; there is: {', '.join(sorted(FIELDS))}")
        if not {"title", "text"} & set(value):
            raise ValueError("name at least `title` or `text`")
        for expression in value.values():
            _compiled(expression)
        return value

    async def collect(self, context: CollectContext) -> Collected:
        """Read the endpoint once."""
        answer = await read(self, context)
        if answer.ended is not None:
            return answer.ended
        text = decode(answer.fetched.body, charset(answer.fetched), kind="text").text
        try:
            rows = jmespath.search(self.items, json.loads(text))
        except ValueError as error:
            return Collected(state=context.state, failure=f"{self.url}: not JSON: {error}")
        if not isinstance(rows, list):
            return Collected(
                state=context.state, failure=f"{self.url}: `{self.items}` finds no list in it"
            )
        return self._collected(rows, context, answer.fetched)

    def _collected(self, rows: list[Any], context: CollectContext, fetched: Any) -> Collected:
        entries, problems = [], []
        for number, row in enumerate(rows, 1):
            found = self._entry(row, context)
            if found is None:
                problems.append(f"{self.url}: row {number} has neither title nor text")
            else:
                entries.append(found)
        return Collected(
            entries=tuple(entries), state=validators(fetched), problems=tuple(problems)
        )

    def _entry(self, row: Any, context: CollectContext) -> Entry | None:
        part = {name: _words(jmespath.search(path, row)) for name, path in self.fields.items()}
        title, text = part.get("title", ""), html_to_text(part.get("text", ""))
        if not title and not text:
            return None
        published = parse_date(part.get("published"), context.now)
        return Entry(
            source=self.name,
            external_id=part.get("external_id") or part.get("url") or f"{title}|{text[:80]}",
            title=html_to_text(title),
            text=text,
            url=part.get("url", ""),
            published=published.value,
            date_flag=published.flag,
            origin=part.get("origin", ""),
            place=part.get("place", ""),
            author=part.get("author", ""),
            reply=html_to_text(part.get("reply", "")),
            replied_at=parse_date(part.get("replied_at"), context.now).value,
        )


def _compiled(expression: str) -> str:
    try:
        jmespath.compile(expression)
    except jmespath.exceptions.JMESPathError as error:
        raise ValueError(f"{expression!r} is no JMESPath: {str(error).splitlines()[0]}") from None
    return expression


def _words(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


KIND = JsonApi

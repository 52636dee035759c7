"""The demo's story as dated items, one list a source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib import resources
from typing import Any

import yaml
import zhconv_rs

from models.records import SHANGHAI

REPOSTS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing the story publishes at a moment (aware, Asia/Shanghai)."""

    number: int
    at: datetime
    title: str
    text: str
    outlet: str = ""
    appeal: str = ""
    unit: str = ""
    mirror: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The whole story: what each source publishes, oldest first."""

    days: tuple[date, ...]
    board: tuple[Item, ...]
    hotline: tuple[Item, ...]
    news: tuple[Item, ...]
    feed: tuple[Item, ...]

    @property
    def start(self) -> datetime:
        """Midnight before the first day."""
        return datetime.combine(self.days[0], time(), SHANGHAI)

    @property
    def end(self) -> datetime:
        """The press officer's morning after the last day."""
        return datetime.combine(self.days[-1] + timedelta(days=1), time(8, 30), SHANGHAI)


@cache
def read_story() -> Story:
    """Return the story of 清岚区."""
    text = resources.files("pipeline.demo").joinpath("story.yaml").read_text(encoding="utf-8")
    told: dict[str, Any] = yaml.safe_load(text)
    days = tuple(date.fromisoformat(day) for day in told["days"])
    article = _reposts(told["article"], days)
    mirror = _mirror(told, days)
    return Story(
        days=days,
        board=_items(told["board"], days),
        hotline=_items(told["hotline"], days),
        news=_in_order((*_items(told["news"], days), mirror)),
        feed=_in_order((*_items(told["feed"], days), *article)),
    )


def _items(told: list[dict[str, str]], days: tuple[date, ...]) -> tuple[Item, ...]:
    return _in_order(
        tuple(
            Item(
                number=0,
                at=_moment(one["at"], days),
                title=one["title"],
                text=one["text"].strip(),
                outlet=one.get("outlet", ""),
                appeal=one.get("type", ""),
                unit=one.get("unit", ""),
            )
            for one in told
        )
    )


def _reposts(article: dict[str, Any], days: tuple[date, ...]) -> list[Item]:
    """Return the article and its sixty reposts, spread over four hours, thick at first."""
    first = _moment(article["at"], days)
    items = [
        Item(
            number=0,
            at=first,
            title=article["title"],
            text=article["text"].strip(),
            outlet=article["outlet"],
        )
    ]
    outlets, prefixes, tails = article["outlets"], article["prefixes"], article["tails"]
    for i in range(REPOSTS):
        minutes = 8 + round(232 * (i / REPOSTS) ** 1.6)
        items.append(
            Item(
                number=0,
                at=first + timedelta(minutes=minutes),
                title=prefixes[i % len(prefixes)] + article["title"],
                text=f"{article['text'].strip()}\n{tails[i % len(tails)]}".strip(),
                outlet=outlets[i % len(outlets)],
            )
        )
    return items


def _mirror(told: dict[str, Any], days: tuple[date, ...]) -> Item:
    article = told["article"]
    return Item(
        number=0,
        at=_moment(told["mirror"]["at"], days),
        title=zhconv_rs.zhconv(article["title"], "zh-hant"),
        text=zhconv_rs.zhconv(article["text"].strip(), "zh-hant"),
        outlet=told["mirror"]["source_line"],
        mirror=True,
    )


def _in_order(items: tuple[Item, ...]) -> tuple[Item, ...]:
    ordered = sorted(items, key=lambda item: item.at)
    return tuple(
        Item(
            number=number,
            at=item.at,
            title=item.title,
            text=item.text,
            outlet=item.outlet,
            appeal=item.appeal,
            unit=item.unit,
            mirror=item.mirror,
        )
        for number, item in enumerate(ordered, 1)
    )


def _moment(words: str, days: tuple[date, ...]) -> datetime:
    day, clock = words.split()
    return datetime.combine(days[int(day) - 1], time.fromisoformat(clock), SHANGHAI)

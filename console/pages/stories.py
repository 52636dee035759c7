"""Stories: the list, the hottest first, and one story with every number an officer can check."""

from __future__ import annotations

from datetime import datetime, timedelta
from heapq import nlargest

from starlette.responses import Response

from console.actions import REFUSALS
from console.permissions import Action
from console.visit import Visit
from models.heat import SPEED_HOURS
from models.records import SHANGHAI
from reports import charts, words
from reports.story_sheet import CURVE_HOURS, StorySheet, hottest, story_sheet
from storage import browse, story_facts
from storage.browse import LAST_SEQ, MentionQuery
from storage.store import Reader

DAYS = (1, 7, 30)
USUAL_DAYS = 7
STORIES_AT_MOST = 50
SOURCES_AT_MOST = 15
CHOICES_AT_MOST = 40
"""Mentions offered for a split at once; a posted form has at most 50 fields."""

CHOSEN = "mention:"
"""Begins the name of each ticked box: a form's names are unique."""


def listing(visit: Visit) -> Response:
    """Return the stories of the last days, the hottest first."""
    asked = visit.query.get("days", "")
    days = next((days for days in DAYS if str(days) == asked), USUAL_DAYS)
    with visit.store.read() as reader:
        lines = hottest(
            reader,
            visit.settings.heat,
            visit.now,
            since=visit.now - timedelta(days=days),
            at_most=STORIES_AT_MOST,
        )
    facts = {"at_most": STORIES_AT_MOST, "days": days, "day_choices": DAYS, "lines": lines}
    return visit.page("stories.html", facts)


def show(visit: Visit) -> Response:
    """Return one story; one that went into another leads there."""
    return _page(visit, "", 200)


def merge(visit: Visit) -> Response:
    """Bring another story into this one."""
    story_id = visit.path["story_id"]
    other = _story_named(visit.form.get("other", ""))
    who, role = visit.session.name, visit.session.role
    try:
        visit.actions.merge_stories(story_id, other, who, role, visit.form.get("note", ""))
    except REFUSALS as refused:
        return _page(visit, str(refused), 409)
    return visit.go(f"/stories/{story_id}", "stories_merged")


def split(visit: Visit) -> Response:
    """Make the ticked mentions, with their copies, a story of their own."""
    story_id = visit.path["story_id"]
    chosen = [name.removeprefix(CHOSEN) for name in visit.form if name.startswith(CHOSEN)]
    who, role = visit.session.name, visit.session.role
    try:
        made = visit.actions.split_story(story_id, chosen, who, role, visit.form.get("note", ""))
    except REFUSALS as refused:
        return _page(visit, str(refused), 409)
    return visit.go(f"/stories/{made}", "story_split")


def _page(visit: Visit, error: str, status: int) -> Response:
    story_id = visit.path["story_id"]
    end = _moment(visit.query.get("until", ""))
    with visit.store.read() as reader:
        sheet = story_sheet(reader, story_id, visit.settings.heat, visit.now, curve_end=end)
        if sheet is None:
            return visit.not_found(visit.say("热点"))
        if sheet.head.merged_into:
            return visit.go(f"/stories/{sheet.head.merged_into}")
        facts = _mention_facts(visit, reader, sheet) | {
            "chosen": CHOSEN,
            "curve": _curve(visit, sheet),
            "error": error,
            "others": _others(visit, reader, story_id),
            "sheet": sheet,
            "sources_at_most": SOURCES_AT_MOST,
            "speed_hours": SPEED_HOURS,
            "step": timedelta(hours=CURVE_HOURS),
            "sum": " + ".join(f"{part.points:g}" for part in sheet.heat.parts),
            "tone": _tone(visit, sheet),
        }
    return visit.page("story.html", facts, status)


def _mention_facts(visit: Visit, reader: Reader, sheet: StorySheet) -> dict[str, object]:
    """Return the mentions a page names: the key ones, and those a split may choose from."""
    wanted = MentionQuery(story=sheet.head.id, independent_only=True)
    before = visit.query.get("before", "")
    last = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else LAST_SEQ
    choices = browse.page(reader, wanted, before_seq=last, at_most=CHOICES_AT_MOST + 1)
    key = [(browse.mention(reader, one.mention), one.zh) for one in sheet.key]
    return {
        "choices": choices[:CHOICES_AT_MOST],
        "choices_go_on": len(choices) > CHOICES_AT_MOST,
        "first": browse.mention(reader, sheet.first.mention) if sheet.first else None,
        "key": [(mention, why) for mention, why in key if mention],
    }


def _others(visit: Visit, reader: Reader, story_id: str) -> list[story_facts.StoryHead]:
    """Return the stories offered for a merge, the largest first; any other goes by its id."""
    if not visit.can(Action.CORRECT):
        return []
    since = visit.now - timedelta(days=USUAL_DAYS)
    counted = story_facts.counts(reader, visit.now, since)
    counted.pop(story_id, None)
    largest = nlargest(STORIES_AT_MOST, counted, key=lambda story: counted[story].mentions)
    heads = story_facts.heads(reader, largest)
    return [heads[story] for story in largest]


def _curve(visit: Visit, sheet: StorySheet) -> object:
    hours = [
        charts.Column(
            label=str(hour.start.astimezone(SHANGHAI).hour),
            strong=hour.independent,
            light=hour.reposts,
        )
        for hour in sheet.curve
    ]
    return charts.columns(hours, visit.say("每小时信息量"))


def _tone(visit: Visit, sheet: StorySheet) -> dict[str, object]:
    """Return the sentiment bar and what stands beside it: independent mentions only."""
    shares, of = sheet.shares, sheet.shares.classified
    counted = {
        "negative": round(shares.negative * of),
        "neutral": round(shares.neutral * of),
        "positive": round(shares.positive * of),
        "unclassified": sheet.facts.independent - of,
    }
    parts = [
        charts.Part(
            label=words.sentiment_word(name, visit.language),
            count=count,
            colour=charts.SENTIMENT_COLOURS[name],
        )
        for name, count in counted.items()
    ]
    return {"bar": charts.stacked_bar(parts, visit.say("情感构成")), "parts": parts}


def _story_named(typed: str) -> str:
    """Return the id in what somebody typed: an id, or the address of a story's page."""
    return typed.partition("?")[0].rstrip("/").rpartition("/")[2]


def _moment(text: str) -> datetime | None:
    """Return an aware time from an address, or None."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    usable = moment.tzinfo is not None and 1900 < moment.year < 2200
    return moment if usable else None

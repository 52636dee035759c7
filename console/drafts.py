"""What a form can already say: known facts of a case filled in, for a person to check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.clocks import shanghai
from alerts.forms import drafted_assignment, drafted_record, values_of
from models.records import Clock, Incident
from reports import words
from storage.board import Reach
from storage.browse import Stored
from storage.forms import SavedForm

GIST_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Facts a draft is made from; `first` is the earliest independent mention of the case."""

    case: Incident
    clocks: Sequence[Clock]
    first: Stored | None
    source: str
    reach: Reach
    saved: Mapping[str, SavedForm]
    who: str
    now: datetime


def drafted(form: str, known: Known) -> Mapping[str, str]:
    """Return the lines of a form that are known; in Chinese, as the papers of the office are."""
    if form == "opinion_record":
        return values_of(drafted_record(known.case, _seen(known), known.who))
    if form == "assignment_order":
        order = values_of(drafted_assignment(known.case, known.clocks, known.who, known.now))
        return {"situation": _gist(known), **order}
    return {name: text for name, text in _others(form, known).items() if text}


def _seen(known: Known) -> Mapping[str, str]:
    first, reach = known.first, known.reach
    if first is None:
        return {}
    return {
        "published_at": shanghai(first.published) if first.published else "",
        "source": known.source,
        "media_tier": words.tier_word(first.media_tier, "zh"),
        "url": first.url,
        "gist": _gist(known),
        "appeal": words.appeal_word(first.appeal, "zh"),
        "sentiment": words.sentiment_word(first.sentiment, "zh"),
        "spread": f"独立 {reach.independent} 条，转载 {reach.reposts} 条，{reach.sources} 个信源",
        "first_or_repost": "转载" if first.repost_of else "首发",
    }


def _gist(known: Known) -> str:
    return words.gist(known.first.text, GIST_CHARACTERS) if known.first else ""


def _others(form: str, known: Known) -> Mapping[str, str]:
    case, feedback = known.case, _saved(known, "disposition_feedback")
    match form:
        case "disposition_feedback":
            return {"handler": known.who}
        case "response_approval":
            return {
                "draft": feedback.get("response_text", ""),
                "basis": feedback.get("facts", ""),
            }
        case "incident_report":
            return {
                "time": shanghai(case.occurred_at or case.detected_at),
                "place": case.place,
                "unit": case.responsible_unit,
                "course": _gist(known),
                "handling": feedback.get("measures", ""),
            }
        case "referral":
            return {"handed_by": known.who}
        case "joint_meeting":
            units = (case.responsible_unit, *case.co_units)
            return {
                "held_at": shanghai(known.now),
                "present": "、".join(unit for unit in units if unit),
                "agenda": case.title,
                "recorder": known.who,
            }
        case _:
            return {}


def _saved(known: Known, form: str) -> Mapping[str, str]:
    return known.saved[form].fields if form in known.saved else {}

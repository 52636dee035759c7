"""Mentions: the list with its filters, and one mention with its scores and where it matched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from urllib.parse import urlencode

from starlette.responses import Response

from console.actions import REFUSALS
from console.permissions import Action
from console.visit import Visit
from models.labels import LABELS, TOPICS
from reports.facts import span_of
from storage import browse
from storage.browse import LAST_SEQ, MentionQuery, Stored

FILTERS = ("source", "topic", "sentiment", "query", "story", "incident", "words")
COPIES_AT_MOST = 100
KNOWN_LABELS = {str(head): labels for head, labels in LABELS.items()}
SENTIMENTS = ("negative", "neutral", "positive", "unclassified")


def listing(visit: Visit) -> Response:
    """Return the mentions that fit the filters, the last to arrive first."""
    day = _day(visit.query.get("day", ""))
    wanted = MentionQuery(
        **{name: visit.query.get(name, "") for name in FILTERS},
        since=span_of(day).start if day else None,
        before=span_of(day).end if day else None,
        independent_only=visit.query.get("reposts") != "1",
    )
    before = _number(visit.query.get("before", ""))
    size = visit.settings.page_size
    with visit.store.read() as reader:
        found = browse.page(reader, wanted, before_seq=before, at_most=size + 1)
        ids = [mention.id for mention in found]
        facts = {
            "copies": browse.copy_counts(reader, ids),
            "day": day,
            "day_after": day + timedelta(days=1) if day else None,
            "day_before": day - timedelta(days=1) if day else None,
            "filtered": bool(_kept(visit, drop="before")),
            "first_page": before == LAST_SEQ,
            "hits": browse.hits(reader, ids),
            "mentions": found[:size],
            "next_page": _next(visit, found[size - 1].seq) if len(found) > size else "",
            "queries": browse.queries(reader),
            "sentiments": SENTIMENTS,
            "topics": list(TOPICS),
            "wanted": visit.query,
            "with_day": lambda other: f"/mentions?{_kept(visit, drop='day', day=other)}",
        }
    return visit.page("mentions.html", facts)


def show(visit: Visit) -> Response:
    """Return one mention; that somebody read its text is recorded."""
    mention_id = visit.path["mention_id"]
    if visit.can(Action.READ_TEXT):
        with visit.store.read() as reader:
            found = browse.mention(reader, mention_id)
        if found is not None and found.text:
            visit.actions.viewed(mention_id, visit.session.name, visit.session.role)
    return _page(visit, "", 200)


def correct(visit: Visit) -> Response:
    """Put a person's label in place of the model's."""
    head, label = visit.form.get("head", ""), visit.form.get("label", "")
    if label not in KNOWN_LABELS.get(head, {}):
        return _page(visit, visit.say("请选择标注。"), 400)
    who, role, note = visit.session.name, visit.session.role, visit.form.get("note", "")
    return _judged(
        visit,
        lambda of: visit.actions.correct_label(of, head, label, who, role, note),
        "corrected",
    )


def confirm(visit: Visit) -> Response:
    """Record that the model judged a mention right."""
    model, who, role = visit.form.get("model", ""), visit.session.name, visit.session.role
    return _judged(
        visit,
        lambda of: visit.actions.confirm_labels(of, model, who, role),
        "labels_confirmed",
    )


def _judged(visit: Visit, act: Callable[[str], None], said: str) -> Response:
    mention_id = visit.path["mention_id"]
    with visit.store.read() as reader:
        if browse.mention(reader, mention_id) is None:
            return visit.not_found(visit.say("信息"))
    try:
        act(mention_id)
    except REFUSALS as refused:
        return _page(visit, str(refused), 409)
    return visit.go(f"/mentions/{mention_id}", said)


def _page(visit: Visit, error: str, status: int) -> Response:
    mention_id = visit.path["mention_id"]
    with visit.store.read() as reader:
        mention = browse.mention(reader, mention_id)
        if mention is None:
            return visit.not_found(visit.say("信息"))
        facts = {
            "cases": browse.incidents_of(reader, mention_id),
            "copies": browse.copies(reader, mention_id, COPIES_AT_MOST),
            "copy_count": browse.copy_counts(reader, [mention_id]).get(mention_id, 0),
            "corrections": browse.corrections(reader, mention_id),
            "error": error,
            "hits": browse.hits(reader, [mention_id]).get(mention_id, []),
            "labels": LABELS,
            "link": mention.url if mention.url.startswith(("http://", "https://")) else "",
            "mention": mention,
            "original": browse.mention(reader, mention.repost_of) if mention.repost_of else None,
            "readable": visit.can(Action.READ_TEXT),
            "reasons": _reasons(visit, mention),
            "versions": browse.versions(reader, mention_id),
        }
    return visit.page("mention.html", facts, status)


def _reasons(visit: Visit, mention: Stored) -> dict[str, list[str]]:
    """Return the phrases behind each label, by head; they are pieces of the text.

    Only the model that gave a label knows its reasons: after a change there are none until the
    archive is scored again.
    """
    classifier = visit.settings.classifier()
    known = mention.model == classifier.version and mention.text
    if not known or not visit.can(Action.READ_TEXT):
        return {}
    found: dict[str, list[str]] = {}
    for reason in classifier.explain(f"{mention.title}\n{mention.text}", mention.kind):
        phrase, told = " ".join(reason.phrase.split()), found.setdefault(reason.head, [])
        if not any(phrase in other for other in told):
            told.append(phrase)
    return found


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Days near either end of the calendar have no neighbour to link to.
    return day if 1900 < day.year < 2200 else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else LAST_SEQ


def _kept(visit: Visit, *, drop: str, day: date | None = None) -> str:
    """Return the filters in force as a query string, one left out, a day put in if given."""
    names = (*FILTERS, "day", "reposts")
    kept = {n: visit.query[n] for n in names if visit.query.get(n) and n != drop}
    if day is not None:
        kept["day"] = day.isoformat()
    return urlencode(kept)


def _next(visit: Visit, seq: int) -> str:
    kept = _kept(visit, drop="before")
    return f"/mentions?{kept}{'&' if kept else ''}before={seq}"

"""Personal data masked before anything is stored or shown.

Telephones, identity, bank and passport numbers, plates, e-mail, WeChat and QQ accounts, names
after a cue word and addresses below the township, as written or disguised (full-width, split,
Chinese numerals, Traditional). Dates, amounts, document numbers, public lines, credit codes and
counts stay. Shapes follow the notice cited in the domain brief: 138****1234, 35*************123,
addresses kept to the township. Masking a masked text changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.fold import FoldedBatch, fold_batch
from models.redact_addresses import find_addresses
from models.redact_numbers import Found, find_numbers
from models.redact_words import find_accounts, find_emails, find_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_ALREADY_MASKED = re.compile(r"[*＊]{2,}")
_LIST_MARKS = re.compile(r"(?<![①-⓿❶-➓])[①-⓿❶-➓](?![①-⓿❶-➓])")


@dataclass(frozen=True, slots=True)
class Mask:
    """One masked stretch: `kind`, and its offsets in the original text."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text safe to store, and what was masked where in the original."""

    text: str
    masks: tuple[Mask, ...]


def redact(text: str) -> Redacted:
    """Mask the personal data of one text."""
    return redact_many((text,))[0]


def redact_text(text: str) -> str:
    """Mask the personal data of one text; only the text."""
    return redact_many((text,))[0].text


def redact_many(texts: Sequence[str]) -> list[Redacted]:
    """Mask the personal data of many texts at once, in order; several times faster a text."""
    batch = fold_batch([_prepared(text) for text in texts])
    return [
        _masked(text, folded, batch, index)
        for index, (text, folded) in enumerate(zip(texts, batch.texts(), strict=True))
    ]


def _prepared(text: str) -> str:
    """Make stars of earlier masks opaque and list marks (①) harmless; the length stays."""
    if "*" in text or "＊" in text:
        text = _ALREADY_MASKED.sub(lambda m: "#" * len(m[0]), text)
    return _LIST_MARKS.sub("、", text)


def _masked(text: str, folded: str, batch: FoldedBatch, index: int) -> Redacted:
    found = _without_overlaps(_found(folded))
    if not found:
        return Redacted(text, ())
    base = int(batch.bounds[index]) + 1
    parts, masks, at = [], [], 0
    for kind, low, high, shown in found:
        start, end = int(batch.starts[base + low]), int(batch.ends[base + high - 1])
        parts += [text[at:start], shown]
        masks.append(Mask(kind, start, end))
        at = end
    return Redacted("".join([*parts, text[at:]]), tuple(masks))


def _found(folded: str) -> Iterator[Found]:
    """Every find, the surer kinds first: where two overlap the first one counts."""
    yield from find_emails(folded)
    yield from find_numbers(folded)
    yield from find_accounts(folded)
    yield from find_names(folded)
    yield from find_addresses(folded)


def _without_overlaps(found: Iterable[Found]) -> list[Found]:
    """Keep the earlier listed of two that overlap; the result is in reading order."""
    kept: list[Found] = []
    for one in found:
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda f: f.start)

"""What a mention is about, as weighted pairs of characters of its title and lead."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from models.fold import fold_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAD_CHARS = 200
"""How much of a text counts as its lead."""

TITLE_CHARS = 200
"""How much of a title counts: a page that is all title must not cost more than a page."""

_WORDS = re.compile(r"[0-9a-z㐀-鿿]+")


def terms_of(titles: Sequence[str], leads: Sequence[str]) -> list[dict[str, float]]:
    """Return for each mention its terms and how much it speaks of each, in (0, 1].

    A pair in the title counts once for each time, one in the lead half; a pair that only the
    lead has must come twice there, so that one passing word decides nothing. A title without a
    lead is taken as confirmed by one. The weight saturates: n/(n+1)·1.5, at most 1.
    """
    folded_titles = fold_texts([title[:TITLE_CHARS] for title in titles])
    folded_leads = fold_texts([lead[:LEAD_CHARS] for lead in leads])
    return [
        _weights(_pairs(title), _pairs(lead))
        for title, lead in zip(folded_titles, folded_leads, strict=True)
    ]


def _pairs(folded: str) -> dict[str, int]:
    """Return how often each pair of neighbours occurs; no pair spans punctuation."""
    counts: dict[str, int] = {}
    for word in _WORDS.findall(folded):
        for left, right in pairwise(word):
            pair = left + right
            counts[pair] = counts.get(pair, 0) + 1
    return counts


def _weights(title: dict[str, int], lead: dict[str, int]) -> dict[str, float]:
    unconfirmed = 0.0 if lead else 0.5
    spoken = {p: count + 0.5 * lead.get(p, 0) + unconfirmed for p, count in title.items()}
    for pair, count in lead.items():
        if count >= 2 and pair not in spoken:
            spoken[pair] = 0.5 * count
    return {pair: min(1.5 * count / (count + 1), 1.0) for pair, count in spoken.items()}

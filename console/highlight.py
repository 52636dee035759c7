"""Marking where watch queries matched, in the original text."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from models.records import Hit


def highlighted(text: str, hits: Sequence[Hit], field: str) -> Markup:
    """Return the text as HTML with each hit in `field` marked; overlapping hits share a mark.

    Offsets count characters of `text`; a hit that no longer fits (the text was purged or
    changed) marks nothing.
    """
    spans = sorted(
        (hit.start, hit.end, hit.query)
        for hit in hits
        if hit.field == field and 0 <= hit.start < hit.end <= len(text)
    )
    made, at = Markup(""), 0
    for start, end, names in _merged(spans):
        made += escape(text[at:start])
        made += Markup('<mark title="{names}">{words}</mark>').format(
            names="、".join(names), words=text[start:end]
        )
        at = end
    return made + escape(text[at:])


def _merged(spans: Sequence[tuple[int, int, str]]) -> list[tuple[int, int, list[str]]]:
    merged: list[tuple[int, int, list[str]]] = []
    for start, end, name in spans:
        if merged and start < merged[-1][1]:
            before = merged[-1]
            names = before[2] if name in before[2] else [*before[2], name]
            merged[-1] = (before[0], max(before[1], end), names)
        else:
            merged.append((start, end, [name]))
    return merged

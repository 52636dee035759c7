"""What several rules share: lengths of time in Chinese, and what the past leads one to expect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median

from models.records import Window

PRIOR_MENTIONS = 0.5
PRIOR_SPANS = 1.0


def minutes_zh(minutes: int) -> str:
    """Return a length of time in Chinese: 90 → `90分钟`, 360 → `6小时`, 1440 → `1天`."""
    for unit, word in ((1440, "天"), (60, "小时")):
        if minutes % unit == 0:
            return f"{minutes // unit}{word}"
    return f"{minutes}分钟"


def usual(window: Window) -> float:
    """Return how many independent mentions the past suggests, 0 when there is no past.

    The larger of the mean of the same hours of past weeks and the mean of the spans before.
    """
    means = [fmean(past) for past in (window.baseline, window.prior) if past]
    return max(means, default=0.0)


def chance(count: int, past: Sequence[int]) -> float:
    """Return how likely `count` or more is, when things go on as in `past` (0..1).

    The rate is unknown: half a mention in one imagined span is added to what was seen (a Gamma
    prior), which makes the count negative-binomial, wider than Poisson where the past is short or
    silent. One past outburst must not hide the next, so counts far above the median are cut.
    """
    seen = _without_outbursts(past)
    shape, spans = PRIOR_MENTIONS + sum(seen), PRIOR_SPANS + len(seen)
    stay = spans / (spans + 1)
    term, below = stay**shape, 0.0
    for number in range(count):
        below += term
        term *= (shape + number) / (number + 1) * (1 - stay)
    return max(0.0, 1.0 - below) if math.isfinite(below) else 0.0


def _without_outbursts(past: Sequence[int]) -> list[float]:
    if not past:
        return []
    middle = median(past)
    deviation = median(abs(count - middle) for count in past)
    limit = middle + 3 * max(1.4826 * deviation, math.sqrt(max(middle, 1.0)))
    return [min(float(count), limit) for count in past]

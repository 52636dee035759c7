"""A week is judged against the weeks before it, and only when there is enough of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from models.drift import Drift, Week, judge_drift, stability_index

MONDAY = date(2026, 3, 2)
USUAL = {"negative": 700, "neutral": 250, "positive": 50}


def week(number: int, **changes: object) -> Week:
    facts: dict[str, object] = {"counts": USUAL, "confidence": 0.85}
    facts.update(changes)
    return Week(start=MONDAY + timedelta(weeks=number), head="sentiment", **facts)  # type: ignore[arg-type] # facts of a test


USUAL_WEEKS = [week(0), week(1), week(2), week(3)]


def test_the_same_mix_is_steady():
    verdict = judge_drift([*USUAL_WEEKS, week(4)])
    assert verdict.steady
    assert verdict.week == MONDAY + timedelta(weeks=4)


def test_a_mix_turned_over_is_told_as_share():
    turned = week(4, counts={"negative": 250, "neutral": 700, "positive": 50})
    assert judge_drift([*USUAL_WEEKS, turned]).moved == (Drift.SHARE,)


def test_a_busier_week_with_the_same_mix_is_steady():
    busier = week(4, counts={label: count * 30 for label, count in USUAL.items()})
    assert judge_drift([*USUAL_WEEKS, busier]).steady


def test_confidence_is_told_at_the_bound_not_above_it():
    assert judge_drift([*USUAL_WEEKS, week(4, confidence=0.801)]).steady
    assert judge_drift([*USUAL_WEEKS, week(4, confidence=0.79)]).moved == (Drift.CONFIDENCE,)


def test_a_few_corrections_prove_nothing():
    assert judge_drift([*USUAL_WEEKS, week(4, corrections=19, changed=19)]).steady


def test_many_changed_labels_are_told_beyond_chance():
    chance = week(4, corrections=100, changed=30)
    beyond = week(4, corrections=100, changed=33)
    assert judge_drift([*USUAL_WEEKS, chance]).steady
    verdict = judge_drift([*USUAL_WEEKS, beyond])
    assert verdict.moved == (Drift.DISAGREEMENT,)
    assert verdict.disagreement == pytest.approx(0.33)


def test_too_little_is_said_to_be_too_little():
    quiet = week(4, counts={"negative": 99})
    assert not judge_drift([*USUAL_WEEKS, quiet]).enough
    assert not judge_drift([week(0), week(1), week(2)]).enough


def test_quiet_weeks_do_not_count_as_baseline():
    holidays = [week(n, counts={"negative": 5}) for n in range(6)]
    assert not judge_drift([*holidays, week(6)]).enough


def test_order_of_weeks_does_not_matter():
    weeks = [*USUAL_WEEKS, week(4, confidence=0.5)]
    assert judge_drift(weeks[::-1]) == judge_drift(weeks)


def test_no_week_is_an_error():
    with pytest.raises(ValueError, match="no week"):
        judge_drift([])


def test_stability_index_is_zero_for_one_mix_and_finite_for_a_new_label():
    assert stability_index({"a": 100, "b": 100}, {"a": 1000, "b": 1000}) < 1e-4
    assert 0.1 < stability_index({"a": 100}, {"a": 80, "b": 20}) < 10

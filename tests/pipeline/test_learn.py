"""Corrections outlive a new model; re-scoring stops and goes on; drift is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from console.actions import ActionRefusedError
from models.drift import Drift
from pipeline.actions import Actions
from pipeline.check import model_findings
from pipeline.learn import drifts, rescore, taught
from pipeline.office import Office
from storage import mentions
from tests.builders import NOW, mention_row, mention_table
from tests.pipeline.test_cycle import cycle, values


def silent(_note: str, _done: int, _total: int) -> None:
    pass


def test_rescoring_touches_what_another_model_scored_and_only_once(office: Office) -> None:
    with office.store.transaction() as tx:
        rows = [mention_row(id=f"m{i}", model="old", topic="other") for i in range(5)]
        mentions.add(tx, mention_table(rows))
    assert rescore(office, silent) == 5
    assert values(office, "SELECT DISTINCT model FROM mention") == [office.mind.classifier.version]
    assert rescore(office, silent) == 0


def test_an_officers_label_outlives_the_new_model(office: Office) -> None:
    cycle(office)
    (first, *_) = values(office, "SELECT id FROM mention WHERE source = 'hotline' ORDER BY id")
    actions = Actions(office=office, clock=lambda: NOW)
    actions.correct_label(str(first), "topic", "elderly_care", "张科长", "analyst", "老人用水")
    with office.store.transaction() as tx:
        tx.run("UPDATE mention SET model = 'old'")
    rescore(office, silent)
    assert values(office, f"SELECT topic FROM mention WHERE id = '{first}'") == ["elderly_care"]
    (row,) = taught(office).to_pylist()
    assert (row["head"], row["label"]) == ("topic", "elderly_care")


def test_a_confirmed_label_teaches_and_is_no_disagreement(office: Office) -> None:
    cycle(office)
    (first, *_) = values(office, "SELECT id FROM mention WHERE source = 'hotline' ORDER BY id")
    actions = Actions(office=office, clock=lambda: NOW)
    with office.store.transaction() as tx:
        tx.run("UPDATE mention SET topic = 'unclassified' WHERE id = ?", [first])
    model = office.mind.classifier.version
    actions.confirm_labels(str(first), model, "张科长", "analyst")
    actions.confirm_labels(str(first), model, "张科长", "analyst")
    assert sorted(row["head"] for row in taught(office).to_pylist()) == [
        "appeal",
        "sentiment",
        "urgency",
    ]
    assert {verdict.changed for verdict in drifts(office, NOW)} == {0}
    done = values(office, "SELECT subject FROM audit WHERE action = 'labels_confirmed'")
    assert done == [first]


def test_labels_of_a_model_nobody_saw_are_not_confirmed(office: Office) -> None:
    cycle(office)
    (first, *_) = values(office, "SELECT id FROM mention WHERE source = 'hotline' ORDER BY id")
    actions = Actions(office=office, clock=lambda: NOW)
    with pytest.raises(ActionRefusedError, match="重新判读"):
        actions.confirm_labels(str(first), "older", "张科长", "analyst")
    assert taught(office).num_rows == 0


def test_a_week_unlike_the_weeks_before_is_drift(office: Office) -> None:
    rows = []
    for week in range(5):
        at = (NOW - timedelta(weeks=week)).replace(tzinfo=None)
        label = "negative" if week == 0 else "neutral"
        rows += [mention_row(id=f"w{week}-{i}", event_at=at, sentiment=label) for i in range(200)]
    with office.store.transaction() as tx:
        mentions.add(tx, mention_table(rows))
    moved = {verdict.head: verdict.moved for verdict in drifts(office, NOW)}
    assert Drift.SHARE in moved["sentiment"]
    assert moved["appeal"] == ()
    said = {finding.kind: finding for finding in model_findings(office, NOW)}
    assert "“负面”由 0.0% 变为 100.0%" in said["sentiment"].words
    assert all(finding.ok for finding in said.values())

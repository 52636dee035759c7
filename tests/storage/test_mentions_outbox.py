"""Mentions keep every version and lose only what the law takes away; the outbox tells once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from models.records import DeliveryStatus, Level, Reason
from storage import corrections, incidents, mentions, outbox
from storage.incidents import Acknowledgement
from storage.store import Store
from tests.builders import NOW, alert, delivery, incident, mention_row, mention_table


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "yuqing.duckdb") as store:
        yield store


def test_mentions_are_numbered_in_order_of_arrival(store: Store) -> None:
    with store.transaction() as tx:
        mentions.add(tx, mention_table([mention_row(id="a"), mention_row(id="b")]))
        mentions.add(tx, mention_table([mention_row(id="c")]))
        assert tx.rows("SELECT id, seq FROM mention ORDER BY seq") == [("a", 1), ("b", 2), ("c", 3)]


def test_only_stored_ids_are_known(store: Store) -> None:
    with store.transaction() as tx:
        mentions.add(tx, mention_table([mention_row(id="a", content_hash="x")]))
    with store.read() as reader:
        found = mentions.known(reader, ["a", "b"])
        assert {k: v.content_hash for k, v in found.items()} == {"a": "x"}
        assert mentions.known(reader, []) == {}


def test_a_new_version_keeps_the_old_words(store: Store) -> None:
    with store.transaction() as tx:
        mentions.add(tx, mention_table([mention_row(id="a", title="旧", content_hash="x")]))
        mentions.replace(tx, mention_table([mention_row(id="a", title="新", content_hash="y")]))
        assert tx.rows("SELECT title, version FROM mention") == [("新", 2)]
        assert tx.rows("SELECT title, version FROM mention_version") == [("旧", 1)]


def test_a_vanished_original_leaves_title_and_hash_only(store: Store) -> None:
    with store.transaction() as tx:
        row = mention_row(id="a", source="gov", external_id="u1", text="正文")
        mentions.add(tx, mention_table([row]))
        assert mentions.original_gone(tx, "gov", "u1", NOW) == "a"
        assert mentions.original_gone(tx, "gov", "u1", NOW) == ""
        kept = tx.row("SELECT title, text, content_hash, gone_at FROM mention")
    assert kept == ("柳湾街道停水", "", "h1", NOW)


def test_bodies_past_retention_are_emptied_and_counts_stay(store: Store) -> None:
    old = (NOW - timedelta(days=200)).replace(tzinfo=None)
    with store.transaction() as tx:
        mentions.add(tx, mention_table([mention_row(id="old", event_at=old), mention_row(id="n")]))
        mentions.expire_texts(tx, NOW - timedelta(days=180))
        assert tx.rows("SELECT id FROM mention WHERE text = ''") == [("old",)]
        assert tx.value("SELECT count(*) FROM mention") == 2


def test_an_officers_label_counts_at_once_and_teaches(store: Store) -> None:
    with store.transaction() as tx:
        mentions.add(tx, mention_table([mention_row(id="a")]))
        corrections.add(tx, "a", ("topic", "health"), "张科长", "涉及就医", NOW)
        corrections.add(tx, "a", ("topic", "environment"), "张科长", "", NOW)
        assert tx.value("SELECT topic FROM mention") == "environment"
        taught = corrections.training_rows(tx).to_pylist()
    assert [(row["head"], row["label"]) for row in taught] == [("topic", "environment")]


def test_a_delivery_known_by_its_id_is_not_written_again(store: Store) -> None:
    with store.transaction() as tx:
        assert len(outbox.add(tx, [delivery(id="d1"), delivery(id="d1")])) == 1
        assert outbox.add(tx, [delivery(id="d1", subject="changed")]) == []
        assert tx.rows("SELECT subject FROM delivery") == [("【黄色】柳湾街道停水",)]


def test_the_gravest_delivery_is_tried_first_and_none_before_its_time(store: Store) -> None:
    later = NOW + timedelta(seconds=1)
    with store.transaction() as tx:
        outbox.add(
            tx,
            [
                delivery(id="blue", level=Level.BLUE),
                delivery(id="red", level=Level.RED),
                delivery(id="later", level=Level.RED, next_try_at=later),
            ],
        )
    with store.read() as reader:
        assert [d.id for d in outbox.due(reader, NOW, 10)] == ["red", "blue"]
        assert {d.id for d in outbox.due(reader, later, 10)} == {"later", "red", "blue"}


def test_acknowledging_cancels_repeats_that_wait(store: Store) -> None:
    with store.transaction() as tx:
        outbox.add(tx, [delivery(id="r", reason=Reason.REPEAT), delivery(id="f")])
        outbox.cancel_waiting(tx, "i1", "张科长 已签收")
    with store.read() as reader:
        states = {d.id: d.status for d in outbox.since(reader, NOW)}
    assert states == {"r": DeliveryStatus.CANCELLED, "f": DeliveryStatus.PENDING}


def test_a_case_comes_back_as_it_was_written(store: Store) -> None:
    case = incident(level_confirmed=Level.ORANGE, co_units=("区卫生健康委",), occurred_at=NOW)
    with store.transaction() as tx:
        incidents.put_incident(tx, case)
        incidents.add_alert(tx, alert(), case.id)
        incidents.acknowledge(
            tx, Acknowledgement(incident_id=case.id, at=NOW, who="值班员", how="link")
        )
    with store.read() as reader:
        assert incidents.open_incidents(reader) == [case]
        assert incidents.alerts_since(reader, NOW)[0].alert == alert()
        assert incidents.acknowledgements(reader)[case.id][0].who == "值班员"


def test_a_story_belongs_to_the_case_that_has_half_of_it(store: Store) -> None:
    rows = [mention_row(id=f"m{i}", story_id="s1" if i < 2 else "s2") for i in range(6)]
    with store.transaction() as tx:
        mentions.add(tx, mention_table(rows))
        incidents.put_incident(tx, incident(story_id="rule:x"))
        incidents.add_mentions(tx, "i1", ["m0", "m2"], NOW)
        assert incidents.case_of_story(tx) == {"s1": "i1"}
        incidents.tie_new_members(tx, NOW, NOW)
        tied = {r[0] for r in tx.rows("SELECT mention_id FROM incident_mention")}
    assert tied == {"m0", "m1", "m2"}

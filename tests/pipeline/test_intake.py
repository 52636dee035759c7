"""What a source said becomes a mention: identified, masked, and no more than that."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from collectors.contract import SourceSettings
from models.records import Entry, MediaTier, Mention, MentionKind
from pipeline.intake import Intake, content_hash, event_time, mention_id
from pipeline.positions import ConfigurationError
from pipeline.secret import author_key, signing_key
from tests.builders import NOW

SOURCE = SourceSettings(
    name="board",
    media_tier=MediaTier.NETIZEN,
    mention_kind=MentionKind.CITIZEN_MESSAGE,
    place="清岚区",
)
INTAKE = Intake(author_key=b"k" * 32, collected=NOW)


def entry(**changes: object) -> Entry:
    known: dict[str, object] = {
        "source": "board",
        "external_id": "7",
        "title": "反映停水",
        "text": "柳湾街道停水，联系电话13812345678",
        "published": NOW - timedelta(hours=1),
    }
    return Entry(**{**known, **changes})  # type: ignore[arg-type]  # a builder


def test_personal_data_is_masked_before_anything_is_kept() -> None:
    found = INTAKE.mentions(SOURCE, [entry(title="请回电13812345678", reply="已致电13812345678")])[
        0
    ]
    for words in (found.title, found.text, found.reply):
        assert "13812345678" not in words
        assert "138****5678" in words


def test_an_author_is_only_ever_a_keyed_hash() -> None:
    found = INTAKE.mentions(SOURCE, [entry(author="zhang_san_1999")])[0]
    other = Intake(author_key=b"n" * 32, collected=NOW).mentions(
        SOURCE, [entry(author="zhang_san_1999")]
    )[0]
    assert len(found.author_key) == 16
    assert found.author_key != other.author_key
    assert "zhang_san" not in str([getattr(found, f.name) for f in fields(Mention)])


def test_the_same_thing_read_again_is_the_same_mention() -> None:
    assert mention_id("a", "1") == mention_id("a", "1")
    assert mention_id("a", "1") != mention_id("b", "1")
    assert len(INTAKE.mentions(SOURCE, [entry(), entry()])) == 1


def test_how_words_are_written_is_no_new_version() -> None:
    assert content_hash("停水", "自来水有异味") == content_hash("停水", "自來水有異味")
    assert content_hash("停水", "自来水有异味") == content_hash("停水", "自 来 水 有 异 味")
    assert content_hash("停水", "自来水有异味") != content_hash("停水", "自来水没有异味")


def test_a_time_in_the_future_counts_as_now() -> None:
    assert event_time(NOW + timedelta(days=2), NOW) == NOW
    assert event_time(None, NOW) == NOW
    assert event_time(NOW - timedelta(days=2), NOW) == NOW - timedelta(days=2)


def test_an_entry_without_words_is_left_out_and_one_without_title_gets_its_first_line() -> None:
    found = INTAKE.mentions(
        SOURCE, [entry(external_id="1", title=" ", text=" "), entry(external_id="2", title="")]
    )
    assert [m.title for m in found] == ["柳湾街道停水，联系电话138****5678"]


def test_the_author_key_is_destroyed_when_its_time_is_over(tmp_path: Path) -> None:
    lifetime = timedelta(days=90)
    first = author_key(tmp_path, NOW, lifetime)
    assert author_key(tmp_path, NOW + timedelta(days=89), lifetime) == first
    second = author_key(tmp_path, NOW + timedelta(days=90), lifetime)
    assert second != first
    assert first.hex() not in "".join(p.read_text() for p in tmp_path.iterdir())


def test_a_secret_others_may_read_is_refused(tmp_path: Path) -> None:
    signing_key(tmp_path)
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0
    (tmp_path / "secret.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        signing_key(tmp_path)

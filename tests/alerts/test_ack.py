from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.ack import AckToken, BadAckError, sign, verify

SECRET = b"a secret of the house"
NOW = datetime(2026, 5, 13, 2, 0, tzinfo=UTC)
TOKEN = AckToken(
    incident_id="i1", delivery_id="d1", receiver="值班手机", expires_at=NOW + timedelta(hours=1)
)


@given(st.text(), st.text(), st.text())
def test_a_link_says_what_was_signed(incident: str, delivery: str, receiver: str) -> None:
    token = AckToken(
        incident_id=incident,
        delivery_id=delivery,
        receiver=receiver,
        expires_at=TOKEN.expires_at,
    )
    assert verify(sign(token, SECRET), SECRET, NOW) == token


def test_a_link_is_safe_in_a_url() -> None:
    assert sign(TOKEN, SECRET).replace(".", "").replace("-", "").replace("_", "").isalnum()


def test_a_link_works_until_it_expires_not_at_it() -> None:
    text = sign(TOKEN, SECRET)
    assert verify(text, SECRET, TOKEN.expires_at - timedelta(seconds=1)) == TOKEN
    with pytest.raises(BadAckError, match="过期"):
        verify(text, SECRET, TOKEN.expires_at)


def test_another_secret_is_refused() -> None:
    with pytest.raises(BadAckError, match="签名不符"):
        verify(sign(TOKEN, SECRET), b"another", NOW)
    with pytest.raises(BadAckError, match="密钥"):
        sign(TOKEN, b"")


@settings(max_examples=100)
@given(st.data())
def test_a_changed_letter_is_refused(data: st.DataObject) -> None:
    text = sign(TOKEN, SECRET)
    place = data.draw(st.integers(0, len(text.split(".")[0]) - 1))
    letter = "A" if text[place] != "A" else "B"
    with pytest.raises(BadAckError):
        verify(text[:place] + letter + text[place + 1 :], SECRET, NOW)


@given(st.text())
def test_any_other_text_is_refused_without_a_crash(text: str) -> None:
    with pytest.raises(BadAckError):
        verify(text, SECRET, NOW)

"""Text within a robot's byte limits, cut between whole characters and never in silence."""

from __future__ import annotations

from alerts.cards import card_of, letter_of
from models.records import Delivery

CUT = "\n…（内容过长，详见系统）"


def cut_bytes(text: str, max_bytes: int) -> str:
    """Return the text, or as much of it as fits with a note that it was cut (UTF-8 bytes)."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= max_bytes:
        return text
    note = CUT.encode()
    if max_bytes < len(note):
        return encoded[:max_bytes].decode("utf-8", "ignore")
    return encoded[: max_bytes - len(note)].decode("utf-8", "ignore") + CUT


def plain(delivery: Delivery) -> str:
    """Return a delivery as plain text: its card, or the text of a report."""
    letter = letter_of(delivery.card)
    return f"{delivery.subject}\n{letter.text}" if letter else card_of(delivery.card).text()


def markdown(delivery: Delivery) -> str:
    """Return a delivery as the small markdown robots understand."""
    letter = letter_of(delivery.card)
    return letter.text if letter else card_of(delivery.card).markdown()

"""Where each record's page is: the one place that knows the console's addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Builds addresses; `base` is the console's public address, or empty for links within it."""

    base: str = ""

    def board(self) -> str:
        """Return the board of incidents."""
        return f"{self.base}/"

    def incident(self, incident_id: str) -> str:
        """Return one incident's page."""
        return f"{self.base}/incidents/{_part(incident_id)}"

    def mention(self, mention_id: str) -> str:
        """Return one mention's page."""
        return f"{self.base}/mentions/{_part(mention_id)}"

    def story(self, story_id: str) -> str:
        """Return one story's page."""
        return f"{self.base}/stories/{_part(story_id)}"

    def day(self, day: date) -> str:
        """Return the mentions collected on one day."""
        return f"{self.base}/mentions?day={day.isoformat()}"

    def source(self, source: str) -> str:
        """Return the mentions of one source."""
        return f"{self.base}/mentions?source={_part(source)}"

    def labelled(self, head: str, label: str) -> str:
        """Return the mentions of one sentiment or topic; of other heads, all mentions."""
        kept = f"?{head}={_part(label)}" if label and head in {"sentiment", "topic"} else ""
        return f"{self.base}/mentions{kept}"

    def sources(self) -> str:
        """Return the health of all sources and of the model."""
        return f"{self.base}/sources"

    def deliveries(self) -> str:
        """Return what was told to whom."""
        return f"{self.base}/deliveries"

    def report(self, product: str, day: date) -> str:
        """Return one published report."""
        return f"{self.base}/digests/{_part(product)}/{day.isoformat()}"


def _part(text: str) -> str:
    return quote(text, safe="")

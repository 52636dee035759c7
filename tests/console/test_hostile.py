"""Hostile text in every field that others fill: nothing of it may come alive on any page."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.highlight import highlighted
from models.records import Hit
from reports.digest import DigestScope, Links, markdown_text, publish_digest
from storage import reports
from storage.store import Store
from tests import world
from tests.console.conftest import Hands

PAYLOADS = (
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<img src=//evil.example/x.png>",
    "<iframe src=//evil.example></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>",
    "<form action=//evil.example><button>x</button>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css'</style>",
    "<math><mtext><script>alert(1)</script></mtext></math>",
    "{{ 7 * 7 }}{% for x in y %}",
    "<!--<img src=--><img src=x onerror=alert(1)//-->",
)
# A few at a time, so that one that opens a comment or a tag cannot hide all the others.
HANDFULS = tuple(" ".join(PAYLOADS[n::6]) for n in range(6))
PAGES = (
    "/",
    "/incidents/i-water",
    "/mentions?reposts=1",
    "/mentions/m-outage",
    "/mentions/m-rumour",
    "/digests",
    "/digests/daily/2026-11-24",
    "/digests/daily/2026-11-24/document",
    "/sources",
    "/deliveries",
)
POISONED = {
    "mention": ("title", "text", "origin", "reply", "model"),
    "incident": ("title", "number", "responsible_unit", "place", "topic", "co_units"),
    "incident_event": ("who", "action", "from_value", "to_value", "note"),
    "alert": ("rule", "title", "grp", "reasons"),
    "delivery": ("channel", "receiver", "subject", "last_error"),
    "delivery_attempt": ("outcome", "detail"),
    "source_run": ("reason", "problems"),
    "story": ("title", "place"),
    "acknowledgement": ("who", "how"),
    "clock": ("zh", "t0_name", "basis", "source", "flag", "extension_reason"),
    "mention_match": ("query", "term"),
}
LISTS = {"co_units", "reasons", "problems"}


class Live(HTMLParser):
    """What a page makes of its markup: elements and attributes that run, load or send."""

    FOREIGN = frozenset({"script", "img", "object", "embed", "math", "video", "audio", "x"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.foreign: list[str] = []
        self.body = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.FOREIGN or (tag in {"meta", "link", "base", "style"} and self.body):
            self.foreign.append(tag)
        self.body = self.body or tag == "body"
        for name, value in attrs:
            address = (value or "").strip().lower()
            if name.startswith("on") or name in {"srcdoc", "formaction"}:
                self.foreign.append(f"{tag} {name}")
            if name in {"src", "action"} and not address.startswith("/"):
                self.foreign.append(f"{tag} {name}={value}")
            if name == "href" and address.startswith(("javascript:", "data:", "//")):
                self.foreign.append(f"{tag} {name}={value}")


def poison(store: Store, payload: str) -> None:
    with store.transaction() as tx:
        for table, columns in POISONED.items():
            values = ", ".join(f"{c} = {'[?]' if c in LISTS else '?'}" for c in columns)
            tx.run(f"UPDATE {table} SET {values}", [payload] * len(columns))
        scope = DigestScope(
            place=payload, office=payload, sources=dict.fromkeys(world.SOURCES, payload)
        )
        publish_digest(tx, world.DAY, scope, world.NOW, links=Links(base="http://console.invalid"))


@pytest.mark.parametrize("payload", HANDFULS, ids=range(len(HANDFULS)))
def test_nothing_comes_alive(officer: Hands, store: Store, payload: str) -> None:
    poison(store, payload)
    for address in PAGES:
        page = officer.open(address)
        assert officer.status == 200, address
        assert Live(page).foreign == [], address
        assert "49{%" not in page, address


@pytest.mark.parametrize("payload", HANDFULS, ids=range(len(HANDFULS)))
def test_markdown_keeps_it_as_words(store: Store, payload: str) -> None:
    poison(store, payload)
    with store.read() as reader:
        report = reports.report(reader, "daily", world.DAY)
    assert report is not None
    bare = report.markdown.replace("\\<", "").replace("\\[", "")
    assert "<" not in bare


@settings(max_examples=100)
@given(st.text())
def test_markdown_text_is_one_line_without_bare_marks(text: str) -> None:
    made = markdown_text(text)
    assert "\n" not in made
    bare = made
    for mark in "\\`*_[]<>|#!~":
        bare = bare.replace(f"\\{mark}", "")
    assert not set(bare) & set("`*_[]<>|#!~")


class Words(HTMLParser):
    """The text of a fragment, and what is within marks."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.text = ""
        self.marked = ""
        self._depth = 0
        self.feed(fragment)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        assert tag == "mark"
        self._depth += 1

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._depth -= 1

    def handle_data(self, data: str) -> None:
        assert self._depth in {0, 1}
        self.text += data
        self.marked += data * self._depth


@settings(max_examples=100)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40),
    st.lists(st.tuples(st.integers(-2, 45), st.integers(-2, 45)), max_size=6),
)
def test_marking_changes_no_word_and_marks_every_hit(
    text: str, spans: list[tuple[int, int]]
) -> None:
    hits = [Hit(query="q<b>", term="t", field="text", start=a, end=b) for a, b in spans]
    made = Words(str(highlighted(text, hits, "text")))
    fitting = {n for a, b in spans if 0 <= a < b <= len(text) for n in range(a, b)}
    assert made.text == text
    assert made.marked == "".join(text[n] for n in sorted(fitting))


def test_hits_of_another_field_mark_nothing() -> None:
    hit = Hit(query="q", term="t", field="title", start=0, end=1)
    assert highlighted("停水", [hit], "text") == "停水"

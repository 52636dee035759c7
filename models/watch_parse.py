"""The language of watch queries: text to tree, or an error that says where and what was expected.

    query  = or ;   or  = and { OR and } ;   and = not { [AND] not } ;   not = { NOT } near ;
    near   = unit { NEAR[/n] unit } ;
    unit   = "(" or ")" | "@" group | field ":" unit | "words in quotes" | word["*"]

So NEAR binds before NOT, NOT before AND, AND before OR; words side by side mean AND. Operators may
be written in any case; full-width brackets, colons and Chinese quotes count as their plain forms.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from models.fold import fold_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Field = Literal["any", "title", "source", "tier", "place"]

FIELDS: dict[str, Field] = {
    "title": "title",
    "source": "source",
    "tier": "tier",
    "place": "place",
    "标题": "title",
    "来源": "source",
    "级别": "tier",
    "属地": "place",
}
MAX_CHARACTERS = 500_000
MAX_DEPTH = 40
DEFAULT_DISTANCE = 10
MAX_DISTANCE = 1_000
_OPERATORS = frozenset({"AND", "OR", "NOT"})
_NEAR = re.compile(r"NEAR(?:/(.*))?\Z", re.DOTALL)
_TOKEN = re.compile(
    r"""(?P<blank>\s+)|(?P<open>[(（])|(?P<close>[)）])
    |(?P<quoted>"[^"]*"|“[^”]*”|「[^」]*」|『[^』]*』)
    |(?P<unclosed>["“「『])
    |(?P<word>[^\s()（）"“「『]+)""",
    re.VERBOSE,
)
_FIELD = re.compile(r"([A-Za-z_]+|标题|来源|级别|属地)[:：](?!//)")


class QueryError(ValueError):
    """A watch query that cannot be read: where (1-based column), what was expected, what is there.

    `group` names the group whose text holds the error, or is empty for the query itself.
    """

    def __init__(self, column: int, expected: str, found: str, *, group: str = "") -> None:
        self.column = column
        self.expected = expected
        self.found = found
        self.group = group
        inside = f"@{group} " if group else ""
        super().__init__(f"{inside}column {column}: expected {expected}, found {found}")


@dataclass(frozen=True, slots=True)
class Term:
    """Words to find, folded; `shown` is how the officer wrote them."""

    text: str
    shown: str
    prefix: bool = False
    field: Field = "any"


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Node


@dataclass(frozen=True, slots=True)
class Near:
    """Both sides within `distance` folded characters of each other, in either order."""

    left: Node
    right: Node
    distance: int


Node = Term | And | Or | Not | Near


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["open", "close", "quoted", "word", "operator", "near", "field", "group", "end"]
    text: str
    column: int
    distance: int = 0

    @property
    def found(self) -> str:
        return "the end" if self.kind == "end" else f'"{self.text}"'


def parse(text: str, groups: Mapping[str, str]) -> Node:
    """Return the tree of a query; `groups` maps a name to the text that `@name` stands for.

    Raises QueryError, and nothing else, whatever the text.
    """
    return _Parser(text, groups, ()).parse()


def _tokens(text: str, group: str) -> Iterator[_Token]:
    if len(text) > MAX_CHARACTERS:
        expected = f"at most {MAX_CHARACTERS:,} characters"
        raise QueryError(MAX_CHARACTERS + 1, expected, f"{len(text):,}", group=group)
    for match in _TOKEN.finditer(text):
        column = match.start() + 1
        kind = match.lastgroup
        if kind == "unclosed":
            expected = f"a quote that closes column {column}"
            raise QueryError(len(text) + 1, expected, "the end", group=group)
        if kind == "open":
            yield _Token("open", match[0], column)
        elif kind == "close":
            yield _Token("close", match[0], column)
        elif kind == "quoted":
            yield _Token("quoted", match[0][1:-1], column)
        elif kind == "word":
            yield from _word_tokens(match[0], column, group)
    yield _Token("end", "", len(text) + 1)


def _word_tokens(word: str, column: int, group: str) -> Iterator[_Token]:
    while (match := _FIELD.match(word)) is not None:
        if match[1].lower() not in FIELDS:
            expected = "title:, source:, tier: or place: (quote words that hold a colon)"
            raise QueryError(column, expected, f'"{match[0]}"', group=group)
        yield _Token("field", match[1].lower(), column)
        word, column = word[match.end() :], column + match.end()
    if not word:
        return
    plain = unicodedata.normalize("NFKC", word).upper()
    near = _NEAR.match(plain)
    if plain in _OPERATORS:
        yield _Token("operator", plain, column)
    elif near:
        yield _Token("near", word, column, _distance(near[1], column, group))
    elif word[0] in "@＠":
        yield _Token("group", word[1:], column)
    else:
        yield _Token("word", word, column)


def _distance(digits: str | None, column: int, group: str) -> int:
    if digits is None:
        return DEFAULT_DISTANCE
    if digits.isascii() and digits.isdigit() and len(digits) <= 6 and int(digits) <= MAX_DISTANCE:
        return int(digits)
    expected = f"NEAR/n with n from 0 to {MAX_DISTANCE}"
    raise QueryError(column, expected, f'"NEAR/{digits}"', group=group)


class _Parser:
    """Recursive descent over one text; groups are parsed by parsers of their own."""

    def __init__(self, text: str, groups: Mapping[str, str], inside: tuple[str, ...]) -> None:
        self._groups = groups
        self._inside = inside
        self._group = inside[-1] if inside else ""
        self._tokens = list(_tokens(text, self._group))
        self._at = 0
        self._depth = len(inside)

    def parse(self, field: Field = "any") -> Node:
        node = self._or(field)
        if self._token.kind != "end":
            self._fail("AND, OR, NEAR or the end")
        return node

    @property
    def _token(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._token
        self._at += 1
        return token

    def _fail(self, expected: str) -> None:
        raise self._error(self._token, expected)

    def _error(self, token: _Token, expected: str, found: str = "") -> QueryError:
        return QueryError(token.column, expected, found or token.found, group=self._group)

    def _is_operator(self, text: str) -> bool:
        return self._token.kind == "operator" and self._token.text == text

    def _or(self, field: Field) -> Node:
        parts = [self._and(field)]
        while self._is_operator("OR"):
            self._take()
            parts.append(self._and(field))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self, field: Field) -> Node:
        parts = [self._not(field)]
        while True:
            if self._is_operator("AND"):
                self._take()
            elif self._token.kind in {"end", "close", "near"} or self._is_operator("OR"):
                break
            parts.append(self._not(field))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _not(self, field: Field) -> Node:
        if not self._is_operator("NOT"):
            return self._near(field)
        token = self._take()
        self._enter(token)
        part = self._not(field)
        self._depth -= 1
        return Not(part)

    def _near(self, field: Field) -> Node:
        start = self._token
        node = self._unit(field)
        while self._token.kind == "near":
            token = self._take()
            self._check_near(node, start)
            start = self._token
            right = self._unit(field)
            self._check_near(right, start)
            node = Near(node, right, token.distance)
        return node

    def _check_near(self, node: Node, start: _Token) -> None:
        if not _has_positions(node):
            expected = "words, or words joined by OR, on both sides of NEAR"
            raise self._error(start, expected)

    def _enter(self, token: _Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(token, f"at most {MAX_DEPTH} levels of brackets and groups")

    def _unit(self, field: Field) -> Node:
        token = self._token
        if token.kind == "open":
            return self._bracket(field)
        if token.kind == "field":
            return self._field(field)
        if token.kind == "group":
            return self._named(self._take(), field)
        if token.kind == "quoted":
            return self._term(self._take(), token.text, field, prefix=False)
        if token.kind == "word":
            return self._word(self._take(), field)
        raise self._error(token, 'a word, a quote, "(", a field or @group')

    def _bracket(self, field: Field) -> Node:
        opening = self._take()
        self._enter(opening)
        node = self._or(field)
        if self._token.kind != "close":
            self._fail(f'")" for the "(" at column {opening.column}')
        self._take()
        self._depth -= 1
        return node

    def _field(self, field: Field) -> Node:
        token = self._take()
        if field != "any":
            raise self._error(token, f"words: {field}: already holds here")
        return self._unit(FIELDS[token.text])

    def _named(self, token: _Token, field: Field) -> Node:
        name = token.text
        if name not in self._groups:
            known = "、".join(sorted(self._groups)) or "none is defined"
            raise self._error(token, f"a known group ({known})", f'"@{name}"')
        if name in self._inside:
            raise self._error(token, "a group that does not contain itself", f'"@{name}"')
        if len(self._inside) >= MAX_DEPTH:
            raise self._error(token, f"at most {MAX_DEPTH} levels of brackets and groups")
        inner = _Parser(self._groups[name], self._groups, (*self._inside, name))
        return inner.parse(field)

    def _word(self, token: _Token, field: Field) -> Node:
        word = token.text
        stem = word.rstrip("*＊")
        if "*" in stem or "＊" in stem:
            raise self._error(token, '"*" only at the end of a word')
        return self._term(token, stem, field, prefix=stem != word)

    def _term(self, token: _Token, words: str, field: Field, *, prefix: bool) -> Term:
        folded = fold_text(words)
        if not any(c.isalnum() for c in folded):
            raise self._error(token, "a word with a letter, a digit or a character")
        return Term(folded, words, prefix, field)


def _has_positions(node: Node) -> bool:
    """Say whether a node finds places in the text, as NEAR needs."""
    if isinstance(node, Term):
        return node.field in {"any", "title", "place"}
    if isinstance(node, Or):
        return all(_has_positions(part) for part in node.parts)
    return isinstance(node, Near)

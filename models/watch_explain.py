"""Say in one line why a query matches a document, or what it lacks, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models import watch_parse as tree
from models.watch import Document, Query, compile_queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.records import Hit

_FIELDS = {"title": "标题", "text": "正文", "source": "来源", "tier": "级别", "place": "属地"}
_MOST = 5


def explain(
    query: Query, document: Document, places: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Return one line, Chinese first, then English.

    `命中：正文第3字「上 街 区」（上街区） / matched: …` or `未命中：缺少「停水」 / no match: …`.
    """
    found = compile_queries({"": query}, places).match(document)
    if "" not in found:
        zh, en = _missing(query.tree, document, places)
        return f"未命中：{zh} / no match: {en}"
    hits = found[""]
    if not hits:
        return "命中：没有出现排除的词 / matched: none of the excluded words occurs"
    zh = "；".join(_hit_zh(hit, document) for hit in hits[:_MOST])
    en = "; ".join(_hit_en(hit, document) for hit in hits[:_MOST])
    more = len(hits) - _MOST
    return f"命中：{zh}{f'；另有 {more} 处' if more > 0 else ''} / matched: {en}" + (
        f"; {more} more" if more > 0 else ""
    )


def _written(hit: Hit, document: Document) -> str:
    return _one_line(str(getattr(document, hit.field))[hit.start : hit.end])


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _hit_zh(hit: Hit, document: Document) -> str:
    written = _written(hit, document)
    term = "" if written == hit.term else f"（{_one_line(hit.term)}）"
    return f"{_FIELDS[hit.field]}第{hit.start + 1}字「{written}」{term}"


def _hit_en(hit: Hit, document: Document) -> str:
    written = _written(hit, document)
    term = "" if written == hit.term else f" ({_one_line(hit.term)})"
    return f'{hit.field} character {hit.start + 1} "{written}"{term}'


def _matches(
    node: tree.Node, document: Document, places: Mapping[str, Sequence[str]] | None
) -> bool:
    return bool(compile_queries({"": Query("", node)}, places).match(document))


def _missing(
    node: tree.Node, document: Document, places: Mapping[str, Sequence[str]] | None
) -> tuple[str, str]:
    """Name the first thing that keeps a node from holding, in Chinese and English."""
    match node:
        case tree.And():
            lacking = next(p for p in node.parts if not _matches(p, document, places))
            return _missing(lacking, document, places)
        case tree.Or():
            reasons = [_missing(part, document, places) for part in node.parts[:_MOST]]
            return "，且".join(zh for zh, _ in reasons), ", and ".join(en for _, en in reasons)
        case tree.Not():
            return f"出现了排除的{_words(node.part)}", f"the excluded {_words(node.part)} occurs"
        case tree.Near():
            both = f"{_words(node.left)}与{_words(node.right)}"
            zh = f"{both}没有在 {node.distance} 字之内同时出现"
            return zh, f"{both} are not within {node.distance} characters"
    return _lacking_term(node, document)


def _lacking_term(term: tree.Term, document: Document) -> tuple[str, str]:
    where = "" if term.field == "any" else _FIELDS[term.field]
    bare = tree.Term(term.text, term.shown, term.prefix)
    if term.field == "place" and _matches(bare, document, None):
        return (
            f"「{_one_line(term.shown)}」在文中不像地名",
            f'"{_one_line(term.shown)}" does not read as a place name here',
        )
    field = "" if term.field == "any" else f" in {term.field}"
    return f"{where}缺少「{_one_line(term.shown)}」", f'"{_one_line(term.shown)}" is missing{field}'


def _words(node: tree.Node) -> str:
    """Words of a node, for people: 「停水」, or the first of several."""
    match node:
        case tree.Term():
            return f"「{_one_line(node.shown)}」"
        case tree.Not():
            return _words(node.part)
        case tree.Near():
            return f"{_words(node.left)}…{_words(node.right)}"
    return "".join(_words(part) for part in node.parts[:3]) + ("等" if len(node.parts) > 3 else "")

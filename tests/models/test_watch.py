"""Watch queries: what they mean, where they hit, what their errors say."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.fold import fold_text
from models.watch import Document, Query, QueryError, compile_queries, match_lines
from models.watch_explain import explain


def hits(query: str, document: Document | str, **groups: str) -> list[str] | None:
    """Words of the original that a query hits, or None where it does not match."""
    if isinstance(document, str):
        document = Document(text=document)
    found = compile_queries({"q": Query.parse(query, groups)}).match(document)
    if "q" not in found:
        return None
    return [str(getattr(document, h.field))[h.start : h.end] for h in found["q"]]


MATCHES = {
    "plain": ("停水", "今天停水了", ["停水"]),
    "every occurrence": ("停水", "停水又停水", ["停水", "停水"]),
    "overlaps": ("哈哈", "哈哈哈", ["哈哈", "哈哈"]),
    "traditional": ("上街区", "鄭州上街區", ["上街區"]),
    "traditional query": ("上街區", "郑州上街区", ["上街区"]),
    "spaced": ("上街区", "在上 街 区", ["上 街 区"]),
    "zero-width": ("上街区", "上\u200b街\u200d区", ["上\u200b街\u200d区"]),
    "and": ("停水 AND 上街区", "上街区停水", ["上街区", "停水"]),
    "side by side": ("停水 上街区", "上街区停水", ["上街区", "停水"]),
    "or": ("停水 OR 停电", "停电", ["停电"]),
    "not": ("停水 NOT 演练", "停水", ["停水"]),
    "and before or": ("停水 OR 停电 AND 演练", "停水", ["停水"]),
    "brackets": ("(停水 OR 停电) AND 上街", "停电上街", ["停电", "上街"]),
    "full-width brackets": ("（停水 OR 停电） AND 上街", "停电上街", ["停电", "上街"]),
    "operators in small letters": ("停水 or 停电", "停电", ["停电"]),
    "quotes": ('"自来水 公司"', "自来水公司", ["自来水公司"]),
    "quoted operator": ('"OR" AND 停水', "or停水", ["or", "停水"]),
    "near": ("郑州 NEAR/2 上街", "郑州的上街", ["郑州", "上街"]),
    "near backwards": ("上街 NEAR/2 郑州", "郑州的上街", ["郑州", "上街"]),
    "near of alternatives": ("(郑州 OR 荥阳) NEAR/1 上街", "荥阳上街", ["荥阳", "上街"]),
    "near of near": ("郑州 NEAR/2 上街 NEAR/2 停水", "郑州上街区停水", ["郑州", "上街", "停水"]),
    "latin word": ("gdp", "今年GDP增长", ["GDP"]),
    "number": ("110", "拨打110报警", ["110"]),
    "prefix": ("covid*", "COVID19来了", ["COVID"]),
    "single character": ("水", "停水了", ["水"]),
    "long term": (
        "一二三四五六七八九十甲乙丙丁戊己庚辛",
        "见一二三四五六七八九十甲乙丙丁戊己庚辛",
        None,
    ),
}


@pytest.mark.parametrize("case", MATCHES.values(), ids=MATCHES.keys())
def test_matches_and_shows_the_original(case: tuple[str, str, list[str] | None]) -> None:
    query, text, expected = case
    assert hits(query, text) == (expected or [query])


MISSES = {
    "and": ("停水 AND 停电", "停水"),
    "not": ("停水 AND NOT 演练", "停水演练"),
    "near too far": ("郑州 NEAR/2 上街", "郑州的那个上街"),
    "near across fields": ("郑州 NEAR/2 上街", Document(title="郑州", text="上街")),
    "near is not one place twice": ("上街 NEAR/5 上街", "上街"),
    "latin inside a word": ("app", "happen"),
    "number inside a number": ("110", "编号21100"),
    "no word over a full stop": ("上街区", "他走上街。区政府"),
    "street, not district": ("上街区", "他们走上街头，逛上街"),
    "verb before": ("上街区", "游人涌上街区"),
    "title only": ("title:停水", Document(title="通知", text="停水")),
    "other source": ("停水 source:人民网", Document(text="停水", source="新华网")),
}


@pytest.mark.parametrize("case", MISSES.values(), ids=MISSES.keys())
def test_does_not_match(case: tuple[str, str | Document]) -> None:
    assert hits(*case) is None


def test_precedence_of_the_documented_example() -> None:
    query = "上街区 OR (郑州 NEAR/10 上街) AND NOT 逛街"
    assert hits(query, "上街区，逛街") == ["上街区"]
    assert hits(query, "郑州人爱上街，逛街") is None
    assert hits(query, "郑州今天的上街停水") == ["郑州", "上街"]


def test_fields_look_at_their_part_alone() -> None:
    document = Document(title="停 水", text="停电", source="人民網", tier="central", place="上街區")
    assert hits("title:(停水 OR 停电)", document) == ["停 水"]
    assert hits("停电 source:人民网", document) == ["停电", "人民網"]
    assert hits("停电 tier:中央", document) == ["停电", "central"]
    assert hits("停电 tier:central", document) == ["停电", "central"]
    assert hits("停电 tier:市级", document) is None
    assert hits("停电 place:上街", document) == ["停电", "上街"]


def test_groups_are_reused_and_nest() -> None:
    groups = {"水": "自来水 OR 供水", "停": "@水 NEAR/3 停"}
    assert hits("@停 AND NOT 演练", "供水今停", **groups) == ["供水", "停"]


PLACES = {
    "ending after": ("上街区人民政府", True),
    "government": ("上街人民政府", True),
    "larger place before": ("郑州市上街停电", True),
    "context near": ("停电的是上街，郑州别处正常", True),
    "no support": ("今天上街停电", False),
    "street": ("走上街头", False),
    "movement beats ending": ("走上街区", False),
    "errand": ("郑州人上街买菜", False),
    "will": ("郑州人都想上街", False),
    "supermarket is no city": ("超市上街口", False),
}


@pytest.mark.parametrize("case", PLACES.values(), ids=PLACES.keys())
def test_a_place_needs_support(case: tuple[str, bool]) -> None:
    text, expected = case
    matcher = compile_queries({"q": Query.parse("place:上街")}, {"上街": ["郑州"]})
    assert bool(matcher.match(Document(text=text))) == expected


ERRORS = {
    "empty": ("", 1, "a word"),
    "open bracket": ("(停水", 4, '")" for the "(" at column 1'),
    "loose bracket": ("停水)", 3, "AND, OR, NEAR or the end"),
    "nothing after AND": ("停水 AND", 7, "a word"),
    "nothing before NEAR": ("NEAR/3 停水", 1, "a word"),
    "no number": ("停 NEAR/x 水", 3, "NEAR/n with n"),
    "near of and": ("(停 AND 水) NEAR 电", 1, "both sides of NEAR"),
    "unknown field": ("停水 author:张", 4, "title:, source:"),
    "star inside": ("停*水", 1, '"*" only at the end'),
    "open quote": ('停 "水', 5, "a quote that closes column 3"),
    "unknown group": ("停 @电", 3, "a known group (水)"),
    "nothing to find": ("停 ·", 3, "a word with a letter"),
    "field in a field": ("title:(source:停)", 8, "already holds"),
}


@pytest.mark.parametrize("case", ERRORS.values(), ids=ERRORS.keys())
def test_an_error_says_column_and_expectation(case: tuple[str, int, str]) -> None:
    text, column, expected = case
    with pytest.raises(QueryError) as caught:
        Query.parse(text, {"水": "供水"})
    assert caught.value.column == column
    assert expected in caught.value.expected
    assert f"column {column}" in str(caught.value)


def test_an_error_in_a_group_names_the_group() -> None:
    with pytest.raises(QueryError, match="@水 column 5"):
        Query.parse("停 @水", {"水": "供水 ("})


def test_a_group_must_not_contain_itself() -> None:
    with pytest.raises(QueryError, match="does not contain itself"):
        Query.parse("@a", {"a": "x @b", "b": "@a"})


PIECES = st.sampled_from(
    ["AND", "OR", "NOT", "NEAR/2", "NEAR/99999", "(", ")", "（", '"', "“", "”", "title:", "place:",
     "foo:", "@g", "@h", "停水", "上街", "a*", "*", "·", " ", "\n", "：", "\u200b"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=30).map("".join)))
def test_the_parser_raises_nothing_but_its_own_error(text: str) -> None:
    groups = {"g": text, "h": "停水 OR 停电"}
    document = Document(title=text, text=text)
    query = None
    with suppress(QueryError):
        query = Query.parse(text, groups)
    if query is not None:
        compile_queries({"q": query}).match(document)
        assert "\n" not in explain(query, document)


def test_deep_brackets_are_refused_not_recursed() -> None:
    with pytest.raises(QueryError, match="at most 40 levels"):
        Query.parse("(" * 5000 + "a" + ")" * 5000)
    with pytest.raises(QueryError, match="at most 40 levels"):
        Query.parse("NOT " * 400 + "a")


WORDS = st.sampled_from(["停水", "停电", "上街", "水", "gdp", "停水停", "街上"])
TEXTS = st.lists(
    st.sampled_from(
        ["停", "水", "电", "上", "街", "gdp", " ", "·", "，", "\u200b", "區", "xgdp", "\n"]
    ),
    max_size=30,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=4, unique=True), TEXTS, TEXTS)
def test_hits_are_those_of_a_plain_search_in_the_fold(
    words: list[str], title: str, text: str
) -> None:
    document = Document(title=title, text=text)
    found = compile_queries({w: Query.parse(w) for w in words}).match(document)
    for word in words:
        pattern = rf"(?<![a-z0-9])(?={word}(?![a-z0-9]))" if word.isascii() else f"(?={word})"
        expected = sum(len(re.findall(pattern, fold_text(part))) for part in (title, text))
        assert len(found.get(word, ())) == expected


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_a_folded_text_matches_like_the_text(text: str) -> None:
    queries = {
        q: Query.parse(q) for q in ("停水 OR gdp", "停 NEAR/2 电", "水 AND NOT 街", "place:上街")
    }
    matcher = compile_queries(queries)
    plain = matcher.match(Document(text=text))
    folded = matcher.match(Document(text=fold_text(text)))
    assert plain.keys() == folded.keys()
    for name, found in plain.items():
        assert [fold_text(text[h.start : h.end]) for h in found] == [
            fold_text(text)[h.start : h.end] for h in folded[name]
        ]


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, max_size=6))
def test_a_batch_matches_like_its_documents_alone(texts: list[str]) -> None:
    matcher = compile_queries(
        {"a": Query.parse("停水 AND NOT 街"), "b": Query.parse("上街 OR gdp*")}
    )
    documents = [Document(title=t[:5], text=t) for t in texts]
    assert matcher.match_batch(documents) == [matcher.match(d) for d in documents]


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="甲乙丙丁，", max_size=25),
    st.sampled_from([("甲", "乙"), ("甲乙", "乙"), ("甲", "甲")]),
    st.integers(0, 4),
)
def test_near_finds_every_place_that_has_a_partner(
    text: str, words: tuple[str, str], distance: int
) -> None:
    query = Query.parse(f"{words[0]} NEAR/{distance} {words[1]}")
    found = compile_queries({"q": query}).match(Document(text=text))
    first, second = (
        [(m.start(), m.start() + len(word)) for m in re.finditer(f"(?={word})", text)]
        for word in words
    )
    partners = {
        place
        for one in first
        for other in second
        if (one != other) and max(other[0] - one[1], one[0] - other[1], 0) <= distance
        for place in (one, other)
    }
    assert {(h.start, h.end) for h in found.get("q", ())} == partners


def test_lines_are_matched_one_by_one() -> None:
    found = list(match_lines(Query.parse("上街"), ["逛上 街", "郑州", "上街"], 2))
    assert [m.matched for m in found] == [True, False, True]
    assert [(h.term, h.start, h.end) for h in found[0].hits] == [("上街", 1, 4)]


def test_explains_in_one_line() -> None:
    query = Query.parse("上街区 AND 停水")
    assert explain(query, Document(text="上 街 区停水")).startswith(
        "命中：正文第1字「上 街 区」（上街区）；正文第6字「停水」 / matched: "
    )
    assert "缺少「停水」" in explain(query, Document(text="上街区"))

"""Watch queries: 10,000 dictionary words in 200 boolean queries, beside plain Aho-Corasick scans.

The peers only find the words in text that is already folded; ours folds, finds, decides the
queries and gives hits in the original text.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence

from bench._words import dictionary, messages
from bench.measure import Row, cpu_seconds
from models.fold import fold_batch, fold_texts
from models.watch import Document, Matcher, Query, compile_queries
from models.watch_scan import Scanner

TERMS, QUERIES = 10_000, 200
GOAL = 10


def run() -> Iterator[Row]:
    """Yield speeds in million characters a CPU second."""
    source = random.Random(2)  # noqa: S311 - a fixed sample, not a secret
    terms = sorted(set(fold_texts(source.sample(sorted(dictionary()), TERMS))))
    source.shuffle(terms)
    documents = [Document(title=title, text=text) for title, text in messages(3_000)]
    texts = [part for d in documents for part in (d.title, d.text)]
    size = sum(map(len, texts)) / 1e6
    folded = fold_texts(texts)
    matcher = _matcher(_queries(terms))
    lists = _matcher(" OR ".join(words) for words in _dealt(terms))
    ours = size / cpu_seconds(lambda: matcher.match_batch(documents))
    peer = size / cpu_seconds(_pyahocorasick(terms, folded))
    yield Row(
        name="fold, find, 200 boolean queries, hits",
        unit="Mchar/s",
        ours=ours,
        peer_name="pyahocorasick, words only",
        peer=peer,
        goal=f"≥ {GOAL}×",
        met=ours >= GOAL * peer,
    )
    yield Row(
        name="fold, find, 200 boolean queries, hits",
        unit="Mchar/s",
        ours=ours,
        peer_name="ahocorasick-rs, words only",
        peer=size / cpu_seconds(_ahocorasick_rs(terms, folded)),
    )
    yield Row(
        name="fold, find, 200 lists of 50 words, hits",
        unit="Mchar/s",
        ours=size / cpu_seconds(lambda: lists.match_batch(documents)),
        peer_name="pyahocorasick, words only",
        peer=peer,
    )
    scanner = Scanner(terms)
    chunks = [fold_batch(texts[i : i + 300]) for i in range(0, len(texts), 300)]
    yield Row(
        name="find the words only",
        unit="Mchar/s",
        ours=size / cpu_seconds(lambda: [scanner.scan_words(c.values) for c in chunks]),
        peer_name="pyahocorasick",
        peer=peer,
    )
    one = documents[0]
    yield Row(
        name="one document against 200 queries",
        unit="documents/s",
        ours=1 / cpu_seconds(lambda: matcher.match(one)),
    )


def _matcher(queries: Iterable[str]) -> Matcher:
    return compile_queries({str(number): Query.parse(q) for number, q in enumerate(queries)})


def _dealt(terms: Sequence[str]) -> Iterator[Sequence[str]]:
    each = len(terms) // QUERIES
    return (terms[number * each : (number + 1) * each] for number in range(QUERIES))


def _queries(terms: Sequence[str]) -> Iterator[str]:
    """Deal the terms out to boolean queries of three shapes."""
    for number, words in enumerate(_dealt(terms)):
        half = len(words) // 2
        first, second, last = (
            " OR ".join(part) for part in (words[:half], words[half:-4], words[-4:])
        )
        yield (
            f"({first}) AND ({second}) AND NOT ({last})",
            f"({first}) NEAR/20 ({second})",
            f"title:({first}) OR ({second}) AND ({last})",
        )[number % 3]


def _pyahocorasick(terms: Sequence[str], texts: Sequence[str]) -> Callable[[], int]:
    import ahocorasick  # noqa: PLC0415 - a peer, absent without the extra

    automaton = ahocorasick.Automaton()
    for number, term in enumerate(terms):
        automaton.add_word(term, number)
    automaton.make_automaton()

    def scan() -> int:
        return sum(1 for text in texts for _ in automaton.iter(text))

    return scan


def _ahocorasick_rs(terms: Sequence[str], texts: Sequence[str]) -> Callable[[], int]:
    import ahocorasick_rs  # noqa: PLC0415 - a peer

    automaton = ahocorasick_rs.AhoCorasick(terms)

    def scan() -> int:
        return sum(len(automaton.find_matches_as_indexes(t, overlapping=True)) for t in texts)

    return scan

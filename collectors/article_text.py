"""The clean text of an article: which part of the page it is, and which blocks of that part.

Each block earns or loses points (a sentence earns its length, a link list loses). A container is
worth the sum over its blocks, so the article is the tightest container that keeps most of the
points of the page. Inside it, blocks that are links, bylines, share bars or the tail that follows
a heading like 相关新闻 are dropped.
"""

from __future__ import annotations

import re
from collections import Counter

from collectors.article_lines import clean_lines
from collectors.article_page import Block, Container, Page
from collectors.article_title import fold
from collectors.article_words import CONTENT, SIGNATURE, SURELY_BESIDE, TAIL

# Points outside a part named as beside the article that make it believable that it is.
_LEAST_OUTSIDE = 100
_SENTENCE_END = re.compile(r"[。！？；…]|[.!?](?:[\s\"”’')\]]|$)")
_TEXT_TAGS = frozenset({"p", "blockquote", "pre", "li", "dd"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
# A child must keep this share of its parent's points for the article to be looked for inside it.
_KEPT_AT_LEAST = 0.72
# And this much where its name says that it is the article.
_LEAST_KEPT = 0.45
_NOT_A_FRAME = frozenset(
    [
        "p",
        "li",
        "tr",
        "ul",
        "ol",
        "dl",
        "blockquote",
        "h1",
        "h2",
        "h3",
        "h4",
        "tbody",
        "thead",
        "tfoot",
        "pre",
    ]
)
_LEFT_OUT = frozenset({"figcaption", "figure"})
_REPEATED_WEIGHT = 400
_CELLS = frozenset({"td", "th", "li", "dd", "dt"})
_LABEL_WEIGHT = 30
# A teaser is shorter than this.
_TEXT_FOR_A_LINK = 250
_MAX_BOXES = 20
_LEAD_BLOCKS = 25
_LEAD_POINTS = 60


def points_of(block: Block) -> int:
    """Return what a block says for the article around it: its length for prose, minus for links."""
    weight, linked = block.weight, block.link_weight
    if linked * 2 > weight:
        return -min(40, 10 + weight // 4)
    plain = weight - linked
    ends = len(_SENTENCE_END.findall(block.text)) if plain > 15 else 0
    if ends or plain >= 120:
        bonus = plain if block.tag in _TEXT_TAGS else plain * 3 // 4
        return min(bonus, 1200)
    if block.tag in _HEADINGS:
        return 0
    if block.tag in _TEXT_TAGS and plain >= 30:
        return plain // 3
    return -4 if plain > 3 else -1


def find_main(page: Page) -> tuple[int, int]:
    """Return the half-open range of blocks that holds the article, junk inside it included."""
    if not page.blocks:
        return (0, 0)
    for block in page.blocks:
        block.points = points_of(block)
    earned = [block.points for block in page.blocks]
    _mark_noise(page, earned)
    sums, positive = [0], [0]
    for block, point in zip(page.blocks, earned, strict=True):
        counted = 0 if block.is_noise else point
        sums.append(sums[-1] + counted)
        positive.append(positive[-1] + max(0, counted))
    best = _tightest(page.containers, sums, positive)
    return (best.start, best.end) if best else (0, len(page.blocks))


def _mark_noise(page: Page, earned: list[int]) -> None:
    """Mark the blocks beside the article; a part that holds most of the text is not beside it."""
    noisy = _outermost_noise(page.containers, 0, len(page.blocks))
    while noisy:
        inside = [sum(max(0, p) for p in earned[c.start : c.end]) for c in noisy]
        outside = sum(max(0, p) for p in earned) - sum(inside)
        largest = max(inside)
        if largest * 2 <= outside + largest or largest < 200:
            break
        chosen = noisy[inside.index(largest)]
        if outside >= _LEAST_OUTSIDE and SURELY_BESIDE.search(chosen.hint):
            break
        for container in page.containers:
            if container is chosen or (container.hint == chosen.hint and container.hint):
                container.is_noise = False
        noisy = _outermost_noise(page.containers, 0, len(page.blocks))
    for container in noisy:
        for block in page.blocks[container.start : container.end]:
            block.is_noise = True


def _outermost_noise(containers: list[Container], start: int, end: int) -> list[Container]:
    found: list[Container] = []
    for container in containers:
        if container.is_noise and container.end > max(start, 0) and container.start < end:
            found.append(container)
            start = max(start, container.end)
    return found


def _tightest(
    containers: list[Container], sums: list[int], positive: list[int]
) -> Container | None:
    """Descend from the root while one container inside keeps most of the points, then widen."""
    path: list[Container] = []
    kept = positive[-1]
    for container in containers:
        current = path[-1] if path else None
        if container.tag in _NOT_A_FRAME or (current and not _is_inside(container, current)):
            continue
        worth = sums[container.end] - sums[container.start]
        if worth <= 0 or worth < _LEAST_KEPT * kept:
            continue
        if worth < _KEPT_AT_LEAST * kept:
            least = _least_share(container)
            if least is None or worth < least * kept:
                continue
            if _has_siblings(container, current, containers, sums, kept):
                continue
        path.append(container)
        kept = worth
    return _widen(path, sums, positive)


def _is_inside(container: Container, outer: Container) -> bool:
    return container.start >= outer.start and container.end <= outer.end


def _least_share(container: Container) -> float | None:
    """Return the share of points that is enough for a container named as the article, else None."""
    if container.itemprop == "articleBody" or CONTENT.search(container.hint):
        return _LEAST_KEPT
    return 0.5 if container.tag in ("article", "main") else None


def _has_siblings(
    chosen: Container,
    outer: Container | None,
    containers: list[Container],
    sums: list[int],
    kept: int,
) -> bool:
    """Return whether containers of the same name hold a good part: an article in pieces."""
    inside = 0
    for other in containers:
        same = other.hint == chosen.hint and other.tag == chosen.tag
        apart = other.end <= chosen.start or other.start >= chosen.end
        if same and apart and (outer is None or _is_inside(other, outer)):
            inside += max(0, sums[other.end] - sums[other.start])
    return inside > 0.15 * kept


def _widen(path: list[Container], sums: list[int], positive: list[int]) -> Container | None:
    """Return the innermost container, or one around it that adds paragraphs and little junk."""
    if not path:
        return None
    chosen = path[-1]
    for outer in reversed(path[:-1]):
        worth = sums[outer.end] - sums[outer.start]
        gain = (positive[outer.end] - positive[outer.start]) - (
            positive[chosen.end] - positive[chosen.start]
        )
        junk = gain - (worth - (sums[chosen.end] - sums[chosen.start]))
        inner = sums[chosen.end] - sums[chosen.start]
        most = 0.15 if _least_share(chosen) else 0.4
        if gain < _LEAD_POINTS or junk * 3 > gain or gain > most * inner:
            break
        chosen = outer
    return chosen


def text_of(page: Page, start: int, end: int, title: str) -> str:
    """Return the article's paragraphs, one a line, from the blocks of the range and its lead."""
    folded_title = fold(title)
    lead = _lead(page, start, folded_title)
    blocks = [block for block in _without_tail(page.blocks[start:end]) if _belongs(block)]
    blocks = [*lead, *_trim(_without_repeats(blocks))]
    lines = [line for block in blocks for line in block.text.split("\n")]
    return "\n".join(clean_lines(lines, title))


def _without_repeats(blocks: list[Block]) -> list[Block]:
    """Drop what stands three times or more, but not in a table or list: a label, a caption."""
    times = Counter(block.text for block in blocks if block.tag not in _CELLS)
    return [
        block
        for block in blocks
        if times[block.text] < 3 or block.tag in _CELLS or block.weight > _REPEATED_WEIGHT
    ]


def _trim(blocks: list[Block]) -> list[Block]:
    """Drop labels before the first paragraph, and labels and headings after the last."""
    first, last = 0, len(blocks)
    while first < last and _is_label(blocks[first]) and not blocks[first].text.endswith("："):
        first += 1
    while last > first and (_is_label(blocks[last - 1]) or blocks[last - 1].tag in _HEADINGS):
        if SIGNATURE.search(blocks[last - 1].text):
            break
        last -= 1
    return blocks[first:last] or blocks


def _is_label(block: Block) -> bool:
    return (
        block.weight < _LABEL_WEIGHT
        and block.tag not in _TEXT_TAGS
        and block.tag not in _HEADINGS
        and block.tag not in _CELLS
        and not _SENTENCE_END.search(block.text)
    )


def _lead(page: Page, start: int, folded_title: str) -> list[Block]:
    """Return the summary between title and text, where it stands outside the text's container."""
    top = max(0, start - _LEAD_BLOCKS)
    titles = [n for n in range(top, start) if fold(page.blocks[n].text) == folded_title]
    if not titles:
        return []
    between = page.blocks[titles[-1] + 1 : start]
    return [block for block in between if not block.is_noise and block.points >= _LEAD_POINTS][:2]


def _belongs(block: Block) -> bool:
    if block.is_noise or block.tag in _LEFT_OUT:
        return False
    if block.link_weight * 2 > block.weight:
        return block.tag == "p" and bool(_SENTENCE_END.search(block.text)) and block.weight > 60
    return True


def _without_tail(blocks: list[Block]) -> list[Block]:
    """Return the blocks without related articles, at the end or in a box between paragraphs."""
    kept: list[Block] = []
    boxes = 0
    total = sum(max(0, block.points) for block in blocks)
    seen, place = 0, 0
    while place < len(blocks):
        block = blocks[place]
        if block.weight < 60 and boxes < _MAX_BOXES and TAIL.match(block.text):
            boxes += 1
            if not _goes_on(blocks[place + 1 :]):
                if seen * 2 > total:
                    break
            else:
                place = _end_of_box(blocks, place + 1)
                continue
        seen += max(0, block.points)
        kept.append(block)
        place += 1
    return kept


def _is_paragraph(block: Block) -> bool:
    return (
        not block.is_noise
        and block.tag in ("p", "div", "td")
        and block.weight >= 100
        and block.link_weight * 3 < block.weight
    )


def _goes_on(rest: list[Block]) -> bool:
    """Return whether the article goes on after a related box: much text for each linked heading."""
    paragraphs = sum(block.weight for block in rest if _is_paragraph(block))
    links = sum(b.link_weight * 2 > b.weight and b.weight > 20 and not b.is_noise for b in rest)
    return paragraphs >= _TEXT_FOR_A_LINK * max(1, links)


def _end_of_box(blocks: list[Block], place: int) -> int:
    """Return the place of the first paragraph after a related box."""
    while place < len(blocks) and not _is_paragraph(blocks[place]):
        place += 1
    return place

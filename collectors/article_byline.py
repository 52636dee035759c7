"""Who and when, as written around an article: 来源, 发布时间, 责任编辑, 作者, 記者.

Only the lines between title and text, the first lines of the text and the lines at its end are
read: further away stand other articles' bylines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collectors.article_page import Block, Page
from collectors.article_title import fold

_LINES_BEFORE = 14
_LINES_AFTER = 10
# A byline is short; a paragraph that names a source is not one.
_MAX_LINE_WEIGHT = 260

_SOURCE = (
    r"(?:文章|新闻|新聞|信息|稿件|内容|消息)?(?:来\s?源|來\s?源|稿源|出处|出處|发布单位|發布單位|发布机构|發布機構|信息提供)(?:于|於)?"
)
_EDITOR = (
    r"(?:责任|責任|网络|网页|网站|本文|执行|值班|本期)?\s?(?:编\s?辑|編\s?輯)|责\s?编|責\s?編"
)
_AUTHOR = r"作\s?者|撰\s?文|撰稿人?|采写|採寫|采编|文字|通讯员|通訊員|供稿人?|编译|編譯|执笔|文"
_OTHER = (
    r"(?:发布|發布|发表|發表|发稿|刊发|更新|录入|公开|建立)?(?:时\s?间|時\s?間|日\s?期)|浏览(?:次数|量)?|瀏覽\w*|点击(?:数|次数|率)?"
    r"|點擊\w*|阅读(?:次数|量|数)?|閱讀\w*|字体(?:大小)?|字號|字号|打印|列印|分享\w*|评论|評論|人气|次数|审核|審核|校对|校對|监审|监制"
    r"|初审|复审|终审|摄影|攝影|图片|图|访问\w*|关闭|收藏|责任人|栏目|关键[词字]|标签|信息员|点赞"
)
LABEL = re.compile(
    rf"(?P<source>{_SOURCE})\s*[:：]|(?P<editor>{_EDITOR})\s*[:：/／]|(?P<author>{_AUTHOR})\s*[:：/／]"
    rf"|(?P<other>{_OTHER})\s*(?=[:：\s【\[（(]|$)"
)
_BRACKETS = "【】[]（）()〔〕「」『』<>《》 \u3000:：-—|｜/／·、，,。；;"
_VALUE_END = re.compile(r"[|｜│\n】\]）)〕，。；;]|\s{2,}")
_NAME = re.compile(r"[\u4e00-\u9fff·]{2,6}|[A-Za-z][A-Za-z.'\-]+(?: [A-Z][A-Za-z.'\-]+){0,3}")
_REPORTER = re.compile(
    r"(?:本报|本報|本网|本台|见习|特约|实习|中新社|新华社|南都)?(?:见习|實習|实习)?(?:记\s?者|記\s?者)\s*[:：]?\s*([\u4e00-\u9fff·]{2,4}(?:[、 　][\u4e00-\u9fff·]{2,4}){0,3}?)"
    r"(?=\s*(?:[/／]|$|[）)】\]]|[\u4e00-\u9fff]{2,4}(?:报道|報導|報道)|报道|報導|報道|摄|攝|电|電|通讯员))"
)
_SLASH_REPORT = re.compile(
    r"[（(【\[〔]?(?:記者|记者)?\s*([\u4e00-\u9fff·]{2,4}(?:[、 ][\u4e00-\u9fff·]{2,4}){0,2})\s*[/／]\s*(?:[\u4e00-\u9fff]{2,6})?(?:報導|报道|報道)"
)
_NOT_SOURCE = re.compile(
    r"原创|转载|字号|字體|首页|首頁|正文|评论|分享|阅读|关注|订阅|微信|微博|更新|发布|编辑|\d{3,}|[。！？!?：:]|^[\d\s]+$"
)

_DAY = r"(?:19|20)\d{2}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?[日号號]?"
_CLOCK = (
    r"(?:[\sT]*(?:星期.|周.)?\s?(?:上午|下午|凌晨|晚上|中午)?\s?\d{1,2}\s?[:：时時点]\s?\d{2}(?:\s?[:：分]\s?\d{2}秒?|分)?"
    r"(?:\.\d+)?(?:Z|\s?[+-]\d{2}:?\d{2})?)?"
)
# Month names of any European language: whether it is a date, parse_date decides.
_MONTH = r"[A-Za-zÀ-ÿ]{3,12}\.?"
DATE = re.compile(
    rf"{_DAY}{_CLOCK}"
    rf"|\b{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s(?:19|20)\d{{2}}\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th|er|\.|º)?\s(?:de\s)?{_MONTH},?\s(?:del?\s)?(?:19|20)\d{{2}}\b"
    r"|\b\d{1,2}\.\d{1,2}\.(?:19|20)\d{2}\b"
    r"|\b\d{1,2}/\d{1,2}/(?:19|20)\d{2}\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The short lines around a text: `head` from the title on, `wide` before the title, `tail` at the end."""

    head: tuple[str, ...]
    tail: tuple[str, ...]
    wide: tuple[str, ...]
    top: int = 0


@dataclass(frozen=True, slots=True)
class Byline:
    """What the lines around an article state; an empty string where they state nothing."""

    source: str = ""
    editor: str = ""
    author: str = ""


def surroundings(page: Page, start: int, end: int, title: str) -> Surroundings:
    """Return the short lines around the blocks `start` to `end`."""
    top = _below_title(page.blocks, start, fold(title))
    tail_from = max(start, end - 6)
    return Surroundings(
        head=_lines(page.blocks[top : max(top, start) + 5]),
        tail=_lines(page.blocks[tail_from : end + _LINES_AFTER]),
        wide=_lines(page.blocks[max(0, top - 25) : top]),
        top=top,
    )


def _below_title(blocks: Sequence[Block], start: int, wanted: str) -> int:
    """Return the place after the title above the text; the first of two close ones."""
    first, last = max(0, start - 60), min(start + 4, len(blocks))
    found = [
        n for n in range(first, last) if wanted and blocks[n].weight < 400 and fold(blocks[n].text) == wanted
    ]
    if not found:
        return max(0, start - _LINES_BEFORE)
    return next(n for n in found if found[-1] - n <= _LINES_BEFORE) + 1


def _lines(blocks: Sequence[Block]) -> tuple[str, ...]:
    return tuple(
        line for block in blocks if block.weight <= _MAX_LINE_WEIGHT for line in block.text.split("\n")
    )


def shown_title(page: Page, start: int, stated: str) -> str:
    """Return the line above the byline where the stated title is nowhere on the page, else "".

    Many portals put the name of the column into <title>, and the real one into a plain element.
    """
    near = page.blocks[max(0, start - _LINES_BEFORE) : start + 4]
    wanted = fold(stated)
    if wanted and any(wanted in fold(b.text) or fold(b.text) in wanted for b in near if b.weight >= 12):
        return ""
    for place, block in enumerate(near):
        if place and block.weight <= _MAX_LINE_WEIGHT and DATE.search(block.text):
            above = near[place - 1]
            is_line = 16 <= above.weight <= 200 and "\n" not in above.text
            is_plain = not above.is_noise and not above.link_weight and not LABEL.search(above.text)
            return above.text if is_line and is_plain else ""
    return ""


def read_byline(around: Surroundings, *, is_chinese: bool) -> Byline:
    """Read who from the lines around a text; unlabelled sources are looked for in Chinese pages."""
    head, tail = _labelled(around.head), _labelled(around.tail)
    source = _value(head, "source") or (_beside_date(around.head) if is_chinese else "")
    author = _value(head, "author") or _reporter(around.head) or _value(tail, "author")
    return Byline(
        source=source or _value(tail, "source"),
        editor=_people(_value(tail, "editor") or _value(head, "editor")),
        author=_people(author or _reporter(around.tail)),
    )


def _labelled(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of label kind and value, in reading order; an empty value is taken from the next line."""
    found: list[tuple[str, str]] = []
    for place, line in enumerate(lines):
        for kind, value in _labels_in(line):
            if not value and place + 1 < len(lines) and not LABEL.search(lines[place + 1]):
                value = lines[place + 1]  # noqa: PLW2901 - the label stands in an element of its own
            found.append((kind, value))
    return found


def _labels_in(line: str) -> Iterator[tuple[str, str]]:
    labels = list(LABEL.finditer(line))
    for label, following in zip(labels, [*labels[1:], None], strict=False):
        kind = label.lastgroup or ""
        if kind == "other":
            continue
        value = line[label.end() : following.start() if following else len(line)]
        value = DATE.sub("\n", value).lstrip(_BRACKETS)
        yield kind, _VALUE_END.split(value, maxsplit=1)[0].strip(_BRACKETS)


def _value(labelled: Sequence[tuple[str, str]], kind: str) -> str:
    for found, value in labelled:
        if found != kind:
            continue
        if kind == "source":
            value = _source_name(value)  # noqa: PLW2901 - the name alone is wanted
        if value:
            return value
    return ""


def _source_name(value: str) -> str:
    """The name of a source: up to the first space in Chinese, the whole in Latin letters."""
    first = value.split(" ", maxsplit=1)[0] if not value.isascii() else value
    return first if len(first) <= 40 and len(value) <= 60 else ""


def _people(value: str) -> str:
    """Up to four names, joined with 、; text that is no name gives an empty string."""
    names = _NAME.findall(value[:60])
    return "、".join(dict.fromkeys(names[:4]))


def _reporter(lines: Sequence[str]) -> str:
    for pattern in (_SLASH_REPORT, _REPORTER):
        for line in lines:
            if found := pattern.search(line):
                return str(found.group(1))
    return ""


def _beside_date(lines: Sequence[str]) -> str:
    """The unlabelled name beside the first date: 中国网 2019-11-25 10:37, or in the line before it."""
    for place, line in enumerate(lines):
        found = DATE.search(line)
        if found is None:
            continue
        around = [line[: found.start()], line[found.end() :]]
        around += list(lines[max(0, place - 1) : place]) + list(lines[place + 1 : place + 2])
        for text in around:
            if name := _bare_name(text):
                return name
        return ""
    return ""


def _bare_name(text: str) -> str:
    text = re.sub(r"^(?:原创|转载|首发)\s*|[\[【（(].*?[\]】）)]", "", text.strip()).strip(_BRACKETS)
    text = re.sub(r"\s+\d+$", "", text)
    if not 2 <= len(text) <= 16 or _NOT_SOURCE.search(text) or text.count(" ") > 1:
        return ""
    return text

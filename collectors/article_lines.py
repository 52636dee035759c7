"""The lines of an article's text made clean: bylines off its ends, scattered junk out of its words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from collectors.article_byline import DATE, LABEL
from collectors.article_page import weigh
from collectors.article_title import fold

_ENDS_AT_MOST = 4
_MAX_BYLINE_WEIGHT = 120
_HAN = r"[\u3400-\u9fff]"
# A mirror scatters these between characters to escape matching.
_SCATTERED = re.compile(rf"(?<={_HAN})[*|_~^`#\\·•.]?[ \u00a0\u3000]?(?={_HAN})")
_MARK = re.compile(rf"(?<={_HAN})[*|_~^`#\\](?={_HAN})")
_GAP = re.compile(rf"(?<={_HAN})[ \u3000](?={_HAN})")
_LEAST_MARKS = 5
_MARKS_SHARE = 0.004
_GAPS_SHARE = 0.12
_EDITOR_LINE = re.compile(
    r"^[\s【\[（(]*(?:责任|責任|网络|网站|本文|值班)?\s?(?:编\s?辑|編\s?輯|责\s?编|責\s?編)\s*[:：/／][^。！？]{0,40}$"
)
_JUNK_LINE = re.compile(
    r"^[\s【\[（(>]*(?:扫一扫|掃一掃|扫描|用手机扫|打印本页|打印|关闭窗口|【?关闭|返回顶部|返回列表|分享(?:到|至|按钮)?|字体|字号|收藏|点赞"
    r"|上一[篇页条]|下一[篇页条]|\[?打印|我要纠错|纠错|附件下载|查看评论|相关(?:阅读|新闻|链接|报道)|相關(?:閱讀|新聞)|share|tweet|print|email|advertisement|anzeige"
    r"|follow us|加入收藏|投稿|举报|阅读原文|点击进入|浏览次数|阅读\s*\d|赞\s*\d|赏$|a\+$|a-$)",
    re.IGNORECASE,
)


def clean_lines(lines: Sequence[str], title: str) -> list[str]:
    """Return the lines without the title and byline before them and the editor and share bar after."""
    kept, wanted = list(lines), fold(title)
    for _ in range(_ENDS_AT_MOST):
        if kept and (_is_byline(kept[0]) or (wanted and fold(kept[0]) == wanted)):
            kept.pop(0)
    while kept and _is_trailing_junk(kept[-1]):
        kept.pop()
    return kept


def _is_byline(line: str) -> bool:
    """Whether a line holds a labelled source or time, or little but a date."""
    if weigh(line) > _MAX_BYLINE_WEIGHT:
        return False
    without_date = DATE.sub("", line)
    if without_date == line:
        return bool(LABEL.match(line)) and weigh(line) < 60
    return bool(LABEL.search(line)) or weigh(without_date.strip()) < 24


def _is_trailing_junk(line: str) -> bool:
    return weigh(line) <= 80 and bool(_EDITOR_LINE.match(line) or _JUNK_LINE.match(line))


def is_scattered(text: str) -> bool:
    """Return whether signs stand between the characters of words, as mirrors do to escape matching."""
    han = len(re.findall(_HAN, text))
    marks = len(_MARK.findall(text))
    if marks >= _LEAST_MARKS and marks >= han * _MARKS_SHARE:
        return True
    return han > 50 and len(_GAP.findall(text)) >= han * _GAPS_SHARE


def without_scattered(text: str) -> str:
    """Return a text without single signs and spaces between two 汉字."""
    return _SCATTERED.sub("", text)

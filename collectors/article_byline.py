"""Who and when, as written around an article: 来源, 发布时间, 责任编辑, 作者, 记者."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STOP = (
    r"(?=\s*(?:$|[\n|｜│\]】）)〕]|(?:发布|發布|发稿|更新|编辑|編輯|责任|責任|责编|責編|作者|时间|時間|日期|浏览|瀏覽|点击|點擊|阅读|閱讀|字体|字號|字号"
    r"|打印|列印|分享|来源|來源|记者|記者|评论|評論|人气|次数|审核|審核|校对|校對|监审|初审|终审|摄影|攝影|查看|访问|大小|关闭|收藏|推荐|我要)"
    r"|\d{4}[-/年.]|\s))"
)
_VALUE = r"([^\s|｜:：，。；;]{1,40}?)"
SOURCE = re.compile(
    r"(?:文章|新闻|新聞|信息|稿件|内容)?(?:来源|來源|稿源|出处|出處|来\s源|发布机构|發布機構|发布单位|供稿单位|来自)\s*[:：]\s*[【\[（(]?\s*"
    + _VALUE
    + _STOP
)
EDITOR = re.compile(
    r"(?:责任编辑|責任編輯|责编|責編|网络编辑|网站编辑|网页编辑|本文编辑|编\s?辑|編\s?輯|编辑员|录入)\s*[:：/]\s*((?:[^\s|｜:：，。；;\]】）)〕]{1,14}(?:[、 ](?=[\u4e00-\u9fff]{2,4}(?:[\s\]】）)]|$)))?){1,3})"
)
AUTHOR = re.compile(
    r"(?:作\s?者|撰文|撰稿|文字|文\s?[/／]|采写|採寫|供稿|通讯员|本报记者|记者|記者|編譯|编译)\s*[:：/／]?\s*([\u4e00-\u9fff·A-Za-z]{2,20}?(?:[、 ][\u4e00-\u9fff·]{2,4}){0,3})"
    + _STOP
)
_LABEL_AUTHOR = re.compile(
    r"(?:作\s?者|撰文|撰稿|采写|採寫|文/|文／)\s*[:：/／]?\s*([^\s|｜:：，。；;\]】）)〕]{2,30})"
)
_DAY = r"(?:19|20)\d{2}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?[日号號]?"
_CLOCK = r"(?:[\sT]*(?:上午|下午|凌晨|晚上|中午)?\s?\d{1,2}\s?[:：时時]\s?\d{2}(?:\s?[:：分]\s?\d{2}秒?|分)?(?:\.\d+)?(?:Z|\s?[+-]\d{2}:?\d{2})?)?"
MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
DATE = re.compile(
    rf"{_DAY}{_CLOCK}"
    rf"|\b{MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s(?:19|20)\d{{2}}\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?\s{MONTH},?\s(?:19|20)\d{{2}}\b"
    r"|\b\d{1,2}\.\d{1,2}\.(?:19|20)\d{2}\b"
    r"|\b\d{1,2}/\d{1,2}/(?:19|20)\d{2}\b",
    re.IGNORECASE,
)
DATE_LABEL = re.compile(
    r"(?:发布|發布|发表|發表|发稿|刊发|更新|公开|发文|成文)?(?:时间|時間|日期|于|於)\s*[:：]?\s*$|published:?\s*(?:on)?\s*$|posted:?\s*(?:on)?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Byline:
    """What the text around an article states; an empty string where it states nothing."""

    source: str = ""
    editor: str = ""
    author: str = ""


def read_byline(before: list[str], after: list[str]) -> Byline:
    """Read who from the lines before the article's text and from the lines at its end."""
    lines = [*before, *after]
    return Byline(
        source=_first(SOURCE, lines),
        editor=_first(EDITOR, [*reversed(after), *before]),
        author=_first(_LABEL_AUTHOR, lines),
    )


def _first(pattern: re.Pattern[str], lines: list[str]) -> str:
    for line in lines:
        if found := pattern.search(line):
            value: str = found.group(1).strip(" 　:：-—")
            if value:
                return value
    return ""

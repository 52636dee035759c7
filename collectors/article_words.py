"""The words by which pages name their parts and label their facts, as patterns.

Gathered from what Chinese portals, content systems (TRS, UCAP, Discuz, WordPress) and news sites of
other languages write; each table says where it is looked for. A line of a table is one or more
alternatives of a pattern.
"""

from __future__ import annotations

import re


def one_of(table: str) -> str:
    """Return a group that matches any line of a table."""
    return "(?:" + "|".join(line.strip() for line in table.strip().splitlines()) + ")"


def _word(table: str) -> re.Pattern[str]:
    """Return a pattern for a class or id that holds one of the words between separators."""
    return re.compile(rf"(?:^|[_/-]){one_of(table)}(?:$|[_/-])")


# Class and id names ----------------------------------------------------------

# Parts beside the article. A part so named that holds most of the text is the article all the same.
BESIDE = _word(r"""
comments?|commentlist|commentarea|replies|respond|disqus|pinglun
sidebars?|aside|rail|widget-?area|widgettitle
relat(?:ed|e)\w*|recommend\w*|recirc\w*|hotnews|ranking|toplist|popular|trending|most-?read|readmore
shar(?:e|es|ing)|share(?:bar|box|buttons?|daddy)|bdshare\w*|socials?|addthis\w*
footer|footnav|navs?|navbar|navi|navigation|menus?|submenu|breadcrumbs?|crumbs?|masthead|friendlink
pagination|pager|pagenav|paging|prev-?next|toolbar|toolbox|printer|qrcode|ewm|erweima|noprint
popups?|modal|overlay|lightbox|cookies?|consent|gdpr|login|signup|feedback|ratings?|votes?
newsletters?|subscri(?:be|ption)s?|promos?|promotions?|ads?|advert\w*|sponsor\w*|outbrain|taboola
disclaimer|copyright|teasers?|tag-?list|visually-?hidden|sr-only|screen-reader\w*
author-?(?:bio|box|info|desc\w*|card)|post-?metadata|post-?meta|entry-?meta
captions?|image-?captions?|photo-?credits?|legend
""")
# Of these, the ones that stay beside the article even where they hold more text than it.
SURELY_BESIDE = re.compile(
    r"comment|repl(?:y|ies)|disqus|pinglun|relat|recommend|footer|nav|cookie|menu", re.IGNORECASE
)
CONTENT = re.compile(
    one_of(r"""
article-?_?(?:body|content|text|detail|con\b)|articlebody|artibody|arti_content|art_?con
(?:entry|post|story|news|main|page|text)[-_]?(?:content|body|text|con\b|detail)
(?:content|detail)[-_]?(?:text|body|article|main|news)|bodytext|bodycopy|storytext|\bstory\b|\bentry\b
trs_editor|trs_uedit\w*|view-?trs|\bucap-content|\bzoom\b|js_content|rich_media_content
newstext|news_txt|txt_con|pages_content|\bv_news_content
"""),
    re.IGNORECASE,
)
AUTHOR_NAME = _word(
    r"authors?|autor\w*|byline\w*|writers?|reporters?|journalists?|contributors?|zuozhe"
)
SOURCE_NAME = _word(r"sources?|js_name|laiyuan|copyfrom|origin|publisher")
DATE_NAME = _word(
    r"date\w*|pubdate|time|times?tamp|pub\w*time|publish(?:ed)?|posted|created|riqi|shijian"
)

# Headings and lines ----------------------------------------------------------

# Headings after which nothing belongs to the article.
TAIL = re.compile(
    r"^[\s【\[〔（(▍■◆>|]*"
    + one_of(r"""
相关(?:新闻|阅读|报道|链接|文章|推荐|附件|稿件|资讯|专题|内容|信息)
相關(?:新聞|閱讀|報導|連結|文章|推薦)|延伸(?:阅读|閱讀)
推荐(?:阅读|文章|新闻|視頻)|推薦(?:閱讀|文章)
更多(?:新闻|精彩|相关|内容|阅读|新聞|精采)|热门(?:新闻|推荐|文章|评论)
猜你喜欢|為你推薦|为你推荐|相关热词|热点(?:新闻|推荐)|今日热点
上一篇|下一篇|分享到|分享至|扫一扫|版权声明|免责声明|關鍵字
网友评论|網友評論|最新评论|精彩评论|全部评论|发表评论|我要评论|读者评论
related (?:articles?|stories|posts?|news|topics|content|links?)
read (?:more|next|also)\b.{0,3}$|more (?:from|on|stories)\b|trending
you (?:may|might) (?:also )?like|recommended(?: for you| stories)?$
most (?:popular|read|viewed)|share this|sign up (?:for|to)
leave a (?:reply|comment)|comments?(?: \(?\d+\)?)?$|\d+ comments?$
mehr zum thema|das könnte (?:sie|dich|dir)|lesen sie auch|auch interessant
weitere (?:artikel|themen|meldungen)|verwandte (?:artikel|themen)
war der artikel|möchten sie den artikel|kommentare?(?: \(?\d+\)?)?$
à lire aussi|lire aussi|sur le même sujet|articles? (?:liés|similaires)
(?:noticias|artículos) relacionad[oa]s|te puede interesar|leia (?:também|mais)
関連記事|おすすめ|あわせて読みたい|관련 ?(?:기사|뉴스)
"""),
    re.IGNORECASE,
)
EDITOR_LINE = re.compile(
    r"^[\s【\[（(]*(?:责任|責任|网络|网站|本文|值班)?\s?(?:编\s?辑|編\s?輯|责\s?编|責\s?編)\s*[:：/／]"
    r"[^。！？]{0,40}$"
)
# Lines that may end a text and say nothing of the matter.
JUNK_LINE = re.compile(
    r"^[\s【\[（(>]*"
    + one_of(r"""
扫一扫|掃一掃|扫描|用手机扫|打印本页|打印|关闭窗口|关闭|返回顶部|返回列表|加入收藏|收藏
分享(?:到|至|按钮)?|字体|字号|点赞|上一[篇页条]|下一[篇页条]|我要纠错|纠错|附件下载
查看评论|相关(?:阅读|新闻|链接|报道)|相關(?:閱讀|新聞)|投稿|举报|阅读原文|点击进入|浏览次数
阅读\s*\d|赞\s*\d|赏$|a\+$|a-$|share|tweet|print|email|advertisement|anzeige|follow us
"""),
    re.IGNORECASE,
)

# What a notice ends with: who signs it, and when.
SIGNATURE = re.compile(
    r"(?:局|委|办|室|府|会|部|处|院|所|站|队|公司|中心|街道|社区|小组|完[）)]?)$"
    r"|^(?:19|20)\d{2}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日$|^[二〇○零一九]{4}年.{2,6}日$"
)

# Labels ----------------------------------------------------------------------

_SOURCE = (
    r"(?:文章|新闻|新聞|信息|稿件|内容|消息)?"
    r"(?:来\s?源|來\s?源|稿源|出处|出處|发布单位|發布單位|发布机构|發布機構|发文机关|发文机构|信息提供)(?:于|於)?"
)
_EDITOR = r"(?:责任|責任|网络|网页|网站|本文|执行|值班|本期)?\s?(?:编\s?辑|編\s?輯)|责\s?编|責\s?編"
_AUTHOR = one_of(r"""
作\s?者|撰\s?文|撰稿人?|采写|採寫|采编|文字|通讯员|通訊員|供稿人?|编译|編譯|执笔|记\s?者|記\s?者|文
""")
_OTHER = one_of(r"""
(?:发布|發布|发表|發表|发稿|刊发|更新|录入|公开|建立)?(?:时\s?间|時\s?間|日\s?期)
浏览(?:次数|量)?|瀏覽\w*|点击(?:数|次数|率)?|點擊\w*|阅读(?:次数|量|数)?|閱讀\w*|访问\w*|人气|次数
字体(?:大小)?|字號|字号|打印|列印|分享\w*|评论|評論|关闭|收藏|点赞|参与互动|进入词条
审核|審核|校对|校對|监审|监制|初审|复审|终审|摄影|攝影|图片|图|责任人|信息员
栏目|关键[词字]|标签
""")
LABEL = re.compile(
    rf"(?P<source>{_SOURCE})\s*[:：]|(?P<editor>{_EDITOR})\s*[:：/／]"
    rf"|(?<![\u4e00-\u9fff])(?P<author>{_AUTHOR})\s*[:：/／]|(?P<other>{_OTHER})\s*(?=[:：\s【\[（(]|$)"
)
# Before a date: it is the day of publishing. A bare 时间 may as well be that of a meeting.
DATE_LABEL = re.compile(
    r"(?:发布|發布|发表|發表|发稿|發稿|刊发|公开|发文|建立|上传|投稿|公開)"
    r"(?:时\s?间|時\s?間|日\s?期|日時)(?:于|於)?\s*[:：]?\s*$"
    r"|(?:发布|發布|发表|刊发)(?:于|於)\s*$|公開日\s*[:：]?\s*$"
    r"|\b(?:published|posted|publié|publicado|veröffentlicht|erstellt|pubblicato)"
    r"\s*(?:on|le|am|el|il|at)?\s*:?\s*$",
    re.IGNORECASE,
)
_NAMES = r"[\u4e00-\u9fff·]{2,4}(?:[、 \u3000][\u4e00-\u9fff·]{2,4})"
REPORTER = re.compile(
    r"(?:见习|實習|实习)?(?:记\s?者|記\s?者)\s*[:：]?\s*"
    rf"({_NAMES}{{0,3}}?)"
    r"(?=\s*(?:[/／]|$|[）)】\]]|[\u4e00-\u9fff]{2,4}(?:报道|報導|報道)|报道|報導|報道|[文电電](?![\u4e00-\u9fff])|通讯员))"
)
# 記者王某某台中報導, （中央社記者王某某台中13日電）: a name of three characters, a place of two.
REPORT_AT = re.compile(
    r"(?:記者|记者)\s?([\u4e00-\u9fff]{3}|[\u4e00-\u9fff]{2}|[\u4e00-\u9fff]{4})"
    r"(?=[\u4e00-\u9fff]{2}(?:報導|報道|报道|(?:\d{1,2}日)[電电]))"
)
# （王某某／台中報導）
REPORT_FROM = re.compile(
    rf"[（(【\[〔]?(?:記者|记者)?\s*({_NAMES}{{0,2}})\s*[/／]\s*"
    r"(?:[\u4e00-\u9fff]{2,6})?(?:報導|报道|報道)"
)
# What stands beside a date and is no source.
NOT_SOURCE = re.compile(
    r"原创|转载|字号|字體|首页|首頁|正文|评论|分享|阅读|关注|订阅|微信|微博|^更新|^发布|^编辑|发表于|發表於|留言|楼主|举报|收藏|扫一扫|掃一掃"
    r"|打印|时间|時間|日期|facebook|twitter|line$|email"
    r"|，|\d{3,}|\d[篇条條次个人]|[。！？!?：:]|^[\d\s]+$",
    re.IGNORECASE,
)

# Dates in running lines ------------------------------------------------------

_DAY = r"(?:19|20)\d{2}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?[日号號]?"
_CLOCK = (
    r"(?:[\sT]*(?:星期.|周.)?\s?(?:上午|下午|凌晨|晚上|中午)?\s?\d{1,2}\s?[:：时時点]\s?\d{2}"
    r"(?:\s?[:：分]\s?\d{2}秒?|分)?(?:\.\d+)?(?:Z|\s?[+-]\d{2}:?\d{2})?)?"
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
# The like in the lines of a title only; in a list of comments they tell of the comments.
NEAR_DATE = re.compile(
    r"\d{1,3}\s?(?:秒|分钟|分鐘|小时|小時|天)前|刚刚|剛剛"
    r"|(?:昨天|前天|今天)\s?(?:上午|下午|凌晨|晚上)?\s?\d{1,2}:\d{2}"
    r"|(?<![\d.:-])(?:\d{2}-)?\d{1,2}[-月]\d{1,2}日?\s+\d{1,2}:\d{2}(?::\d{2})?"
)
# Times that pages keep for their scripts: var ct = "1574642251"; "publishTime":"2026-05-13 10:12".
SCRIPT_DATE = re.compile(
    r"(?:\bvar\s+(?:ct|publish_time|createTime)|[\"'](?:publish(?:ed)?_?(?:Time|Date|At)|pub_?(?:Time|Date)"
    r"|ptime|datePublished|firstPublished(?:Date|At)?|createdAt|create_?Time))[\"']?\s*[:=]\s*"
    r"\\?[\"']?(\d{10}(?:\d{3})?(?!\d)|(?:19|20)\d{2}-\d{1,2}-\d{1,2}[T\d:.+Z -]{0,20})",
    re.IGNORECASE,
)

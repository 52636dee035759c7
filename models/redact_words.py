"""Personal words in folded text: e-mail, WeChat and QQ accounts, names after a cue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from models import redact_patterns as words
from models.redact_numbers import AS_DIGITS, NUMERALS, Found

if TYPE_CHECKING:
    from collections.abc import Iterator

_HAN = r"[一-鿿]"
_DOT = r"(?: ?(?:\.|。|点|\(dot\)|\[dot\]) ?| dot )"
_EMAIL = re.compile(
    rf"(?<![a-z0-9._%+\-])([a-z0-9][a-z0-9._%+\-]{{0,63}})"
    rf"(?: ?(?:@|\(at\)|\[at\]|艾特|圈a) ?| at |#(?={words.MAIL_HOSTS}{_DOT}))"
    rf"([a-z0-9\-]{{1,63}}(?:{_DOT}[a-z0-9\-]{{1,63}}){{0,3}}{_DOT}{words.TOP_DOMAINS})(?![a-z0-9])"
)
_MAY_BE_EMAIL = re.compile(r"@|at|艾特|圈a|#")
_IS = r"(?:是|为|[:;=/、_\- ]|【|「|\(|\[|\")*"
_WECHAT = re.compile(
    rf"(加|我的?|联系|个人)?(?:{words.WECHAT_WORDS}|(?<![a-z])(?:wx|vx|wechat|weixin)|(?<=[加+])v)"
    rf"(?!{words.PUBLIC_ACCOUNT})(同号|号码|号|id|账号|帐号|联系|同步)?{_IS}"
    r"([a-z][a-z0-9_\-]{5,19}|[0-9]{6,11}|(?:[a-z0-9_] ){5,19}[a-z0-9_])(?![a-z0-9_\-])"
)
_QQ = re.compile(
    r"(?:(?<![a-z])qq|扣扣|叩叩|企鹅号?|(?<=[加+])q|(?<![a-z])q(?=[号:]))(?:[一-鿿]{0,3}群|邮箱|咨询|私信|联系)?(?:号码|群号|号|账号)?"
    rf"{_IS}([1-9](?:[ \-.]?[0-9]){{4,10}})(?![0-9]|@)"
)
_MAY_BE_ACCOUNT = re.compile(r"[微薇威维徽卫v][信芯❤]|[wv]x|we[ic]|[q扣叩+鹅]|加v")

_NUMERAL_ROW = re.compile(rf"[{NUMERALS}]{{5}}")

_GIVEN = rf"(?:(?![{words.NOT_IN_NAMES}]|{words.GOES_ON}){_HAN})"
_UNTITLED = f"(?!{words.HONORIFICS})"
_ANY_SURNAME = f"[{words.COMMON_SURNAMES}{words.RISKY_SURNAMES}]{_UNTITLED}"
_SURNAME = f"(?![{words.RISKY_SURNAMES}])[{words.COMMON_SURNAMES}]{_UNTITLED}"
_FOREIGN = rf"{_HAN}{{1,6}}¤{_HAN}{{1,8}}"  # ¤ stands for the dot in 古丽·买买提
_LABELLED = re.compile(
    rf"{words.NAME_LABELS}(?:是|为|叫)?[:= ]{{1,2}}"
    rf"({_FOREIGN}|(?:{words.COMPOUND_SURNAMES}|{_ANY_SURNAME}){_GIVEN}{{1,2}})(?!§|{_HAN}?(?:公司|局))"
)
_CUED = re.compile(
    rf"{words.NAME_CUES}:?((?:{words.COMPOUND_SURNAMES}|{_SURNAME}){_GIVEN}{{1,2}}){words.NAME_END}"
)
_INTRODUCED = re.compile(
    rf"(?:我叫做?|我的名字[叫是]|我名叫|本人名?叫)({_FOREIGN}|(?:{words.COMPOUND_SURNAMES}|{_ANY_SURNAME})"
    rf"{_GIVEN}{{1,2}}){words.NAME_END}"
)
_PRESENTED = re.compile(
    rf"我是((?:{words.COMPOUND_SURNAMES}|{_SURNAME}){_GIVEN}{{1,2}})"
    r"(?=[,，。 ]?(?:家住|现住|电话|手机|身份证|男|女|今年|现年|系|来自))"
)
_MAY_BE_NAME = re.compile(r"[叫人名主者长客]|我是|居民|市民|村民|租户|人员")
_COMPOUND = re.compile(words.COMPOUND_SURNAMES)


def find_emails(text: str) -> Iterator[Found]:
    """E-mail addresses, also with (at), 艾特 and 点."""
    if _MAY_BE_EMAIL.search(text):
        for match in _EMAIL.finditer(text):
            host = re.sub(rf"{_DOT}", ".", match[2])
            yield Found("email", *match.span(), f"{match[1][0]}***@{host}")


def find_accounts(text: str) -> Iterator[Found]:
    """WeChat and QQ accounts after their word; public accounts (公众号) stay."""
    if not _MAY_BE_ACCOUNT.search(text):
        return
    if _NUMERAL_ROW.search(text):
        text = text.translate(AS_DIGITS)
    for match in _WECHAT.finditer(text):
        account = match[3]
        is_named = match[1] or match[2] or re.search(r"[0-9_:]", match[0])
        if is_named and account not in words.NO_ACCOUNTS:
            yield Found("wechat", *match.span(3), f"{account[:2]}****")
    for match in _QQ.finditer(text):
        number = re.sub(r"[ \-.]", "", match[1])
        last = number[-2:] if len(number) > 6 else ""
        yield Found("qq", *match.span(1), f"{number[:2]}****{last}")


def find_names(text: str) -> Iterator[Found]:
    """Names of persons after 我叫, 联系人, 本人 and their like; the surname stays."""
    if not _MAY_BE_NAME.search(text):
        return
    for pattern in (_LABELLED, _INTRODUCED, _CUED, _PRESENTED):
        for match in pattern.finditer(text):
            name = match[1]
            if name[:2] in words.NOT_NAMES or words.NO_NAME_AFTER.match(text, match.end(1)):
                continue
            compound = _COMPOUND.match(name)
            surname = name[:2] if compound and len(name) > 2 else name[0]
            yield Found("name", *match.span(1), f"{surname}**")

"""Tell a place from the same characters in another sense: 上街 the district, 走上街头 the street.

Rules, first that fits (all on folded text):
1. A verb of movement before a name that begins like a verb's ending is no place: 走|上街区.
2. The name carries its own ending (上街区), or one follows it (上街|人民政府), or a larger place
   stands right before it (郑州市|上街): a place.
3. A word of will before it, or an errand after it, is the street: 想|上街, 上街|买菜.
4. A context word within `WITHIN` characters: a place. Otherwise: not a place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WITHIN = 30
_OWN_ENDING = re.compile(r".(?:自治州|地区|新区|开发区|街道|社区|省|市|区|县|旗|镇|乡|村)\Z")
# A name that begins like the ending of a verb can be cut wrongly out of verb and object.
_VERB_ENDING = frozenset("上下进出过回到起入")
_MOVEMENT = re.compile(r"(?:[走逛冲涌跑踏迈奔闯拥挤]|[网线水海])\Z")
_LARGER_PLACE = re.compile(r"(?<![超城都夜早集股])市\Z|[省县州]\Z")
_ENDING_AFTER = re.compile(
    r"(?:自治州|地区|新区|开发区|街道|社区|[省市区县旗镇乡村](?!口)|人民政府|政府|党委|公安|分局|法院|检察"
    r"|机场|火车站|高铁站|汽车站|车站|站(?![岗着在])|高速|消防|交警|城管|医院|融媒|发布|教育局|卫健|住建|铝)"
)
_WILL = re.compile(
    r"(?:[想要敢能会不没别再常爱去]|出门|一起|结伴|集体|纷纷|自发|天天|每天|经常|随便)\Z"
)
_ERRAND = re.compile(
    r"(?:头|[买卖购逛吃玩遛溜走转看拍找捡喝要讨跑]|游行|示威|抗议|散步|宣传|乞讨|采购|理发|闲|"
    r"的?时候|时|之?前|之?后|戴|打(?:工|架|酱油|车)|发传单|表演|募捐|维权|请愿|庆祝|狂欢)"
)


def may_be_other(name: str) -> bool:
    """Say whether a plain word needs a guard: it ends like a place, begins like a verb's end."""
    return name[0] in _VERB_ENDING and _OWN_ENDING.search(name) is not None


def is_movement(name: str, before: str) -> bool:
    """Say whether the text before a name makes it the end of a verb: 走|上街区."""
    return name[0] in _VERB_ENDING and _MOVEMENT.search(before) is not None


def is_place(name: str, text: str, start: int, context: Iterable[str] = ()) -> bool:
    """Say whether `name` at `text[start:]` is the place; `context` words support it when near.

    Everything is folded text.
    """
    end = start + len(name)
    before, after = text[max(0, start - 4) : start], text[end : end + 6]
    if is_movement(name, before):
        return False
    if _OWN_ENDING.search(name) or _ENDING_AFTER.match(after) or _LARGER_PLACE.search(before):
        return True
    if any(before.endswith(word) for word in context if len(word) <= 4):
        return True
    if name[0] in _VERB_ENDING and (_WILL.search(before) or _ERRAND.match(after)):
        return False
    around = text[max(0, start - WITHIN) : start] + "\n" + text[end : end + WITHIN]
    return any(word in around for word in context)

"""Copies of training texts with other names, so that no label comes to hang on a name.

The names are invented here, of the words that estates, firms, schools and hospitals like to call
themselves by. Many are common words (绿地, 学府, 广场): those move a label most when they are
part of a name, and a model must see them in names of every matter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from models.name_levels import NAME_CHARS, institution_names

if TYPE_CHECKING:
    import random

NAMES_ITS_TRADE: Final = 0.7
"""Share of firms whose invented name tells what they do: never so much that it is the topic."""

ESTATES: Final = ("小区", "花园", "家园")
FIRMS: Final = ("公司", "集团")
SCHOOLS: Final = ("学校", "小学", "中学", "幼儿园")
PLACES: Final = ("大道", "路", "街道", "社区", "村", "镇")

_BARE: Final = re.compile(
    rf"(^|[，。！？、,.!? ])({'|'.join((*ESTATES[:1], *FIRMS[:1], *SCHOOLS, '医院'))})"
)

_ESTATE_HEADS: Final = """
阳光 金色 碧水 翡翠 紫薇 锦绣 江南 东方 北辰 南山 西苑 滨河 临湖 望江 观澜 听涛 麓山 松涛 梧桐
银杏 丁香 玫瑰 牡丹 桃源 枫林 香樟 绿地 绿城 书香 学府 状元 文昌 尚品 御景 龙腾 凤鸣 祥和 安居
和谐 康乐 福泽 吉祥 如意 富贵 黄金 水岸 云顶 天骄 帝景 都市 现代 时尚 国际 中央 世纪 新时代
大学城 中心 高铁 机场 公园 广场 体育 工业 钢铁 铁路 电力 邮政 教师 人才 青年 长者 红旗 建设 解放
胜利 团结 光明 和平 民主
"""
_ESTATE_TAILS: Final = """
小区 花园 家园 苑 园 城 府 湾 里 庭 居 轩 阁 墅 公馆 名邸 华府 豪庭 雅居 佳苑 新苑 美庐 一期
二期 三期 半岛 山庄 水郡 首府 壹号 天下 风景 华庭 丽景 名苑 新城 广场 大厦 公寓 北区 东区
宿舍 家属院
"""
_FIRM_HEADS: Final = """
鸿运 瑞丰 德信 中盛 通达 恒泰 富民 金龙 宝丽 凯旋 新世界 大地 长江 黄河 昆仑 天马 飞鸿 诚信 万家
百姓 惠民 绿源 蓝天 碧海 阳春 丰收 光华 振兴 复兴 建业 安泰 平安 福星 三和 四海 五洲 九鼎 一品
第一 联合
"""
_FIRM_TRADES: Final = """
实业 商贸 工贸 贸易 置业 建设 发展 控股 投资 科技 国际 联合 机械 电子 食品 服装 医药 家居 装饰
"""
_SCHOOL_HEADS: Final = """
第一 第二 第五 第九 实验 附属 中心 外国语 新区 城东 城西 高新 希望 光明 向阳 启航 新星 金苹果
小太阳 东风 育红 育英 培英 崇德 致远 文华 江滨 湖滨 北街 南门 建设 铁路
"""
_HOSPITAL_HEADS: Final = """
第一人民 第三人民 市立 县 区中心 中西医结合 儿童 口腔 眼科 骨科 肿瘤 精神卫生 职工 铁路 钢厂
大学附属 红十字 康宁 博爱 同济 华山 长寿 安康 惠民 阳光 现代 东方 妇产 急救
"""
_PLACE_HEADS: Final = """
建设 人民 解放 中山 朝阳 向阳 东风 长江 黄河 学府 滨江 沿湖 迎宾 创业 科技 工业 文化 体育 教育
公园 车站 机场 园丁 幸福 平安 和谐 杨柳 桃花 石桥 柳林 枣园 白马 龙泉 凤山 清水 黄土 红岩 大桥
新建 老街
"""


def text_with_other_names(text: str, draw: random.Random) -> str:
    """Return the text with other names; one that has none comes back as it was.

    A name is exchanged for the same one throughout. Where a sentence begins with 小区 or its like
    alone, it gets a name there.
    """
    known: dict[str, str] = {}
    parts, last = [], 0
    for start, end in institution_names(text):
        if start >= last:
            name = known.setdefault(text[start:end], invented(text[start + NAME_CHARS : end], draw))
            parts += [text[last:start], name]
            last = end
    renamed = "".join(parts) + text[last:]
    return _BARE.sub(lambda found: found[1] + invented(found[2], draw), renamed)


def invented(what: str, draw: random.Random) -> str:
    """Return the name of some institution: `what` is the word its names end in, as 小区."""

    def one_of(words: str) -> str:
        return draw.choice(words.split())

    if what in ESTATES:
        return one_of(_ESTATE_HEADS) + one_of(_ESTATE_TAILS)
    if what in FIRMS:
        trade = one_of(_FIRM_TRADES) if draw.random() < NAMES_ITS_TRADE else ""
        return one_of(_FIRM_HEADS) + trade + what
    if what in SCHOOLS:
        return one_of(_SCHOOL_HEADS) + what
    if what in PLACES:
        return one_of(_PLACE_HEADS) + what
    return one_of(_HOSPITAL_HEADS) + what

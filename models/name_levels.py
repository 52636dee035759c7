"""Names that must not decide a label: places, institutions, the surname before an address.

Training messages hide places as A市; here real ones become the same mark, and so do the two
characters before 小区, 公司, 学校, 医院, 村, 路 and their like, so that a model never learns, and
is never moved by, which town, which estate or which Mr Wang a text is about.
"""

from __future__ import annotations

from enum import IntFlag, auto
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Codes = NDArray[np.uint32]

MARK: Final = np.uint32(ord("a"))

# The first two characters of provinces and prefectures, without those that are common words or
# often arise where two words meet (大同 日照 开封 中山; 四平|方米, 房|东营|业, 高|中卫|生).
PLACES: Final = """
北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东
广西 海南 四川 贵州 云南 西藏 陕西 甘肃 青海 台湾 内蒙 宁夏 新疆 香港 澳门 石家 唐山 秦皇 邯郸
邢台 保定 张家 承德 沧州 廊坊 衡水 太原 阳泉 晋城 朔州 晋中 运城 忻州 临汾 吕梁 呼和 包头 乌海
赤峰 通辽 鄂尔 呼伦 巴彦 乌兰 沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 葫芦
长春 辽源 松原 白城 延边 哈尔 齐齐 鸡西 鹤岗 双鸭 大庆 伊春 佳木 牡丹 黑河 绥化 南京 无锡 徐州
常州 苏州 连云 淮安 盐城 扬州 镇江 泰州 宿迁 杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州
合肥 芜湖 蚌埠 淮南 马鞍 淮北 铜陵 安庆 滁州 阜阳 宿州 六安 亳州 池州 宣城 福州 厦门 莆田 泉州
漳州 龙岩 宁德 南昌 景德 萍乡 九江 新余 鹰潭 赣州 宜春 抚州 上饶 济南 青岛 淄博 枣庄 烟台 潍坊
济宁 泰安 威海 临沂 德州 聊城 滨州 菏泽 郑州 洛阳 鹤壁 焦作 濮阳 许昌 漯河 商丘 驻马 武汉 黄石
十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施 仙桃 潜江 长沙 株洲 湘潭 衡阳 邵阳 岳阳
常德 益阳 郴州 永州 怀化 娄底 湘西 广州 韶关 深圳 珠海 汕头 佛山 湛江 茂名 肇庆 惠州 梅州 汕尾
阳江 清远 东莞 潮州 揭阳 云浮 南宁 柳州 桂林 梧州 防城 钦州 贵港 玉林 贺州 河池 海口 三亚 儋州
成都 自贡 攀枝 泸州 德阳 绵阳 遂宁 南充 眉山 宜宾 广安 达州 雅安 阿坝 甘孜 凉山 贵阳 六盘 遵义
安顺 毕节 铜仁 昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 楚雄 红河 西双 德宏 怒江 迪庆 拉萨 日喀
昌都 林芝 那曲 西安 铜川 宝鸡 咸阳 渭南 延安 榆林 商洛 兰州 嘉峪 金昌 武威 张掖 酒泉 陇南 甘南
西宁 果洛 玉树 银川 石嘴 吴忠 固原 乌鲁 克拉 吐鲁 哈密 昌吉 阿克 喀什 和田 伊犁 塔城 阿勒
"""

SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏"
    "吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱"
    "严覃武戴莫孔向汤易欧文牛樊葛邢安齐庞颜倪庄聂章鲁岳翟殷詹申耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪"
    "梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉"
)

ADDRESSES: Final = """
先生 女士 小姐 同志 书记 局长 主任 经理 老师 医生 警官 县长 市长 区长 镇长 乡长 村长 科长 处长
所长 站长 校长 院长 厅长 主席 律师 师傅 教练 队长 组长 部长 老板 阿姨 大爷 大妈 奶奶 爷爷 医师
"""

INSTITUTIONS: Final = """
小区 花园 家园 公司 集团 学校 小学 中学 医院 大道 街道 社区
"""
"""Pairs that end the name before them, as 幼儿园 does."""

ROADS_AND_VILLAGES: Final = "路村镇"
"""Single characters that end a name."""

NAMELESS: Final = """
安置 影响 住宅 周边 导致 居民 老旧 进入 附近 进出 高档 居住 新建 造成 占用 解决 生活 距离 维护 投诉
大型 发现 反映 而且 未经 使得 代表 什么 自己 破坏 满足 改善 建议 出入 侵占 移交 租房 用房 密集 家属
其它 请问 举报 请求 希望 现任 担任 召开 享受 当时 当地 设置 设立 开设 安装 规划 施工 维权 回家 加快
物业 公交 地产 燃气 保险 开发 装修 责任 有限 建筑 供电 电力 供水 来水 移动 快递 服务 劳务 评估 管理
城投 投资 置业 物流 担保 电信 联通 运输 维保 科技 房产 工程 代理 运营 热力 搬家 广告 贷款 派遣 水务
餐饮 装饰 电梯 保洁 空壳 监理 煤气 旅游 巴士 小贷 实业 婚庆 医药 农机 上市 网络 贸易 食品 化工 中介
公立 私立 民营 民办 公办 综合 专科 眼科 儿童 妇产 肿瘤 定点 附属 配套 普惠 惠性 惠制 利性 培训 国语
职业 教育 技工 中小 特教 薄弱 重点 哪家 外地 本地 交通 建设 轨道 利益
部分 贫困 自然 广大 普通 行政 隔壁 示范 美丽 整治 学生 教师 家长 村民 群众 业主 农民 工人 孩子 老人
水泥 十字 断头 快速 泥巴 交叉 高速 硬化 绿灯 沥青 机耕 门口 人行 主干 丁字 泥泞 柏油 禁停 分钟 今天
小区 花园 公司 集团 股份 控股 汽车 学校 小学 中学 大学 中专 幼儿 进修 专业 医院 三甲 社区 街道
农村 城市 城中 公园 全国 一期 二期 三期 投无 拥挤 考虑 恢复 保证 预留 开办 通往
"""
"""Words that stand before such an ending and are no name."""

NO_NAME_ENDS: Final = """
农村 乡村 新村 山村 城镇 乡镇 集镇 古镇 小镇 村镇 道路 公路 铁路 马路 线路 水路 陆路 网路 电路 管路
修路 走路 问路 拦路 堵路 占路 让路 赶路 迷路 带路 养路 小路 大路 老路 新路 土路 弯路 岔路 桥路 区路
思路 出路 退路 销路 死路 活路 半路 一路 段路 条路 初中 高中 大学 小学 中学 入学 上学 放学 开学 升学
最大 扩大 加大 重大 总公 分公 子公
"""
"""Last character of the pair and first of the ending: where they are a word, no name ends."""

NO_NAME_GOES_ON: Final = """
路灯 路况 路人 路过 路费 路障 路政 路基 路程 路途 路径 路线 路牌 路面 路边 路上
村民 村委 村干 村支 村部 村里 村子 村庄 村官 村务 村级 村主 村镇 村上 镇上 镇里
"""
"""The ending and what follows it: another word."""

OF_GRAMMAR: Final = (
    "的在是了有个我你他她们这那该一两几本全各每某和与到从为对于就都也被把让向给由及或等很多没不好"
    "县市区省乡镇村组街上下里内外前后以之将要能会着过还又再只才来去条段家名次请近"
)
"""Characters that stand between words: with one of them, two characters are no name."""

NAME_CHARS: Final = 2
"""Characters before an ending that are taken for the name; a longer one keeps its beginning."""

_TABLE_BITS: Final = 16
_FACTOR: Final = 0x9E3779B97F4A7C15
_FACTORS_TRIED: Final = 20_000
_LAST: Final = np.uint32(0xFFFF)


class _Marks(IntFlag):
    """What a pair of characters is; one pair may be several things."""

    PLACE = auto()
    ADDRESS = auto()
    ENDING = auto()
    NAMELESS = auto()
    NO_NAME_ENDS = auto()
    GOES_ON = auto()
    KINDER = auto()
    GARDEN = auto()


class _Pairs:
    """Marks of character pairs, for many pairs at once with a single look-up each."""

    def __init__(self, lists: Mapping[_Marks, str]) -> None:
        known: dict[int, int] = {}
        for mark, words in lists.items():
            for pair in words.split():
                key = ord(pair[0]) << 21 | ord(pair[1])
                known[key] = known.get(key, 0) | mark
        keys = np.array(list(known), dtype=np.uint64)
        for odd in range(1, _FACTORS_TRIED, 2):
            self._factor = np.uint64(_FACTOR * odd % (1 << 64))
            places = self._places(keys)
            if np.unique(places).size == keys.size:
                break
        else:
            raise ValueError("no factor keeps the pairs apart")
        self._table = np.full(1 << _TABLE_BITS, np.uint64(2**64 - 1))
        self._table[places] = keys
        self._marks = np.zeros(1 << _TABLE_BITS, dtype=np.uint8)
        self._marks[places] = list(known.values())

    def marks(self, codes: Codes) -> NDArray[np.uint8]:
        """Return (n - 1,) the marks of each code and the next one, 0 for an unknown pair."""
        wide = codes.astype(np.uint64)
        keys = wide[:-1] << np.uint64(21) | wide[1:]
        places = self._places(keys)
        found: NDArray[np.uint8] = self._marks[places] * (self._table[places] == keys)
        return found

    def _places(self, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
        return (keys * self._factor) >> np.uint64(64 - _TABLE_BITS)


def _characters(some: str) -> NDArray[np.bool_]:
    table = np.zeros(1 << 16, dtype=bool)
    table[[ord(one) for one in some]] = True
    return table


_PAIRS = _Pairs(
    {
        _Marks.PLACE: PLACES,
        _Marks.ADDRESS: ADDRESSES,
        _Marks.ENDING: INSTITUTIONS,
        _Marks.NAMELESS: NAMELESS,
        _Marks.NO_NAME_ENDS: NO_NAME_ENDS,
        _Marks.GOES_ON: NO_NAME_GOES_ON,
        _Marks.KINDER: "幼儿",
        _Marks.GARDEN: "儿园",
    }
)
_IS_SURNAME = _characters(SURNAMES)
_SOMEBODY = np.uint32(ord("某"))
_ENDS_A_NAME = _characters(ROADS_AND_VILLAGES)
_IN_A_NAME = _characters("".join(map(chr, range(0x4E00, 0xA000)))) & ~_characters(OF_GRAMMAR)
_NUMBER = np.uint32(ord("第"))


def without_names(codes: Codes) -> tuple[Codes, NDArray[np.bool_]]:
    """Return folded codes with names marked, and which codes are left (a place keeps one).

    Texts are parted by zeros, so no name runs over a border.
    """
    if codes.size < 3:
        return codes, np.ones(codes.size, dtype=bool)
    marked, kept = codes.copy(), np.ones(codes.size, dtype=bool)
    marks, low = _PAIRS.marks(codes), np.minimum(codes, _LAST)
    names = np.concatenate((np.flatnonzero(marks & _Marks.PLACE), _institutions(low, marks)))
    marked[names] = MARK
    kept[names + 1] = False
    before = np.flatnonzero((marks[1:] & _Marks.ADDRESS != 0) | (codes[1:-1] == _SOMEBODY))
    marked[before[_IS_SURNAME[low[before]]]] = MARK
    return marked, kept


def institution_names(text: str) -> list[tuple[int, int]]:
    """Return start and end of what names an institution, with the 小区 or 公司 that ends it."""
    codes = np.array([ord(one) for one in text] + [0], dtype=np.uint32)
    if codes.size <= NAME_CHARS:
        return []
    starts = _institutions(np.minimum(codes, _LAST), _PAIRS.marks(codes)).tolist()
    return [(at, at + NAME_CHARS + _ending_chars(text, at + NAME_CHARS)) for at in starts]


def _ending_chars(text: str, at: int) -> int:
    return 1 if text[at] in ROADS_AND_VILLAGES else 3 if text.startswith("幼儿园", at) else 2


def _institutions(low: Codes, marks: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return where the two characters begin that name an estate, a firm, a village, a road.

    `low` (n,) are the codes, none above the basic plane, `marks` (n - 1,) those of their pairs.
    """
    ends = marks & _Marks.ENDING != 0
    ends |= _ENDS_A_NAME[low[:-1]] & (marks & _Marks.GOES_ON == 0)
    ends[:-1] |= (marks[:-1] & _Marks.KINDER != 0) & (marks[1:] & _Marks.GARDEN != 0)
    at = np.flatnonzero(ends[NAME_CHARS:])
    first, second = low[at], low[at + 1]
    named = (_IN_A_NAME[first] & _IN_A_NAME[second]) | (first == _NUMBER)
    named &= marks[at] & _Marks.NAMELESS == 0
    named &= marks[at + 1] & _Marks.NO_NAME_ENDS == 0
    found: NDArray[np.int64] = at[named]
    return found

"""Names that must not decide a label: Chinese places and the surname before a form of address.

Training messages hide places as A市; here real ones become the same mark, so that a model never
learns, and is never moved by, which town or which Mr Wang a text is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

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

_TABLE_BITS: Final = 16


class _Pairs:
    """A set of character pairs, asked for many pairs at once with one look-up each."""

    def __init__(self, pairs: Iterable[str]) -> None:
        keys = np.unique([np.uint64(ord(pair[0]) << 21 | ord(pair[1])) for pair in pairs])
        for odd in range(0x9E3779B97F4A7C15, 0x9E3779B97F4A7C15 + 20_000, 2):
            self._factor = np.uint64(odd)
            places = self._places(keys)
            if np.unique(places).size == keys.size:
                break
        else:
            raise ValueError("no factor keeps the pairs apart")
        self._table = np.full(1 << _TABLE_BITS, np.uint64(2**64 - 1))
        self._table[places] = keys

    def __contains__(self, pair: str) -> bool:
        return bool(self.hits(np.array([ord(c) for c in pair], dtype=np.uint32))[0])

    def hits(self, codes: Codes) -> NDArray[np.bool_]:
        """Return (n - 1,) whether each code and the next one are in the set."""
        wide = codes.astype(np.uint64)
        keys = wide[:-1] << np.uint64(21) | wide[1:]
        found: NDArray[np.bool_] = self._table[self._places(keys)] == keys
        return found

    def _places(self, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
        return (keys * self._factor) >> np.uint64(64 - _TABLE_BITS)


_PLACES = _Pairs(PLACES.split())
_ADDRESSES = _Pairs(ADDRESSES.split())
_IS_SURNAME = np.zeros(1 << 16, dtype=bool)
_IS_SURNAME[[ord(surname) for surname in SURNAMES]] = True
_SOMEBODY = np.uint32(ord("某"))


def without_names(codes: Codes) -> tuple[Codes, NDArray[np.bool_]]:
    """Return folded codes with names marked, and which codes are left (a place keeps one).

    Texts are parted by zeros, so no name runs over a border.
    """
    if codes.size < 3:
        return codes, np.ones(codes.size, dtype=bool)
    marked, kept = codes.copy(), np.ones(codes.size, dtype=bool)
    places = np.flatnonzero(_PLACES.hits(codes))
    marked[places] = MARK
    kept[places + 1] = False
    before = _ADDRESSES.hits(codes)[1:] | (codes[1:-1] == _SOMEBODY)
    surname = _IS_SURNAME[np.minimum(codes[:-2], 0xFFFF)]
    marked[np.flatnonzero(before & surname)] = MARK
    return marked, kept

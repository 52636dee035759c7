"""Personal words in folded text: e-mail, WeChat and QQ accounts, names after a cue, addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from models.redact_numbers import Found

if TYPE_CHECKING:
    from collections.abc import Iterator

_EMAIL = re.compile(
    r"(?<![a-z0-9._%+\-])([a-z0-9][a-z0-9._%+\-]*) ?(?:@|\(at\)|\[at\]|艾特|#(?=(?:qq|163|126|sina|gmail|outlook|hotmail|139|foxmail|sohu|aliyun)[.点]))"
    r" ?([a-z0-9\-]+(?: ?(?:\.|。|点|dot) ?[a-z0-9\-]+)*(?:\.|。|点| dot ?)(?:com|cn|net|org|gov|edu|cc|me|io|top|vip|info|hk|tw))(?![a-z0-9])"
)
_WECHAT = re.compile(
    r"(加|我的?|联系)?(?:微信|薇信|威信|维信|徽信|微伈|v信|(?<![a-z])(?:wx|vx|wechat|weixin)|(?<=[加+])v(?=[:： ]?[a-z0-9]))"
    r"(?!公众|公号|订阅|小程序|视频|群|支付|朋友圈|平台|服务号|官方)(同号|号码|号|id)?(?:是|为|[:： ])*"
    r"([a-z][a-z0-9_\-]{5,19}|[0-9]{6,11})(?![a-z0-9_\-])"
)
_QQ = re.compile(
    r"(?:(?<![a-z])qq|扣扣|企鹅号|(?<=[加+])q|(?<![a-z])q(?=号))(?:群)?(?:号码|号)?(?:是|为|[:： ])*([1-9](?:[ \-]?[0-9]){4,10})(?![0-9]|@)"
)
_NO_ACCOUNT = frozenset({"wechat", "weixin", "alipay", "android", "iphone", "official", "https"})

_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
    "酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞"
    "熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣邓"
    "郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊惠甄曲家封芮储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁"
    "仇栾暴甘厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰"
    "郦雍璩桑桂濮牛寿通边扈燕冀浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃"
    "利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公晋楚闫法汝鄢涂钦岳帅缑亢况郈有"
    "琴归海商牟佘佴伯赏墨哈谯笪年爱阳佟肖仝代付覃原苟撒练候"
)
_COMPOUND = "欧阳|太史|端木|上官|司马|东方|独孤|南宫|夏侯|诸葛|尉迟|公孙|皇甫|慕容|长孙|宇文|司徒|轩辕|令狐|百里|呼延|东郭|闻人"
# Characters that a given name does not hold but that follow a cue in ordinary sentences.
_NOT_IN_NAMES = "的了是在我你他她它这那不就也都和与及或从到去说要被把让给将向对因所而但如若等昨今们么吗呢吧啊过没很最还已于以某先女士总工住家电话手机号身份证件性别男年系个只能会可想"
_GIVEN = r"[一-鿿]"
_NAME = rf"(?:(?:{_COMPOUND})(?:(?![{_NOT_IN_NAMES}])[一-鿿]){{1,2}}|[{_SURNAMES}](?:(?![{_NOT_IN_NAMES}])[一-鿿]){{1,2}})"
_NAME_END = r"(?=$|[^一-鿿]|先生|女士|同志|电话|手机|联系|身份证|号码|住|家住|现住|系|是|男|女|今年|年龄|性别|的|于|在|向|反映|投诉|来电|来信|因|为)"
_LABELLED = re.compile(
    rf"(?:姓名|联系人|联络人|联系人姓名|投诉人|举报人|反映人|来电人|来信人|诉求人|申请人|信访人|当事人|户主|业主姓名|收件人|收货人|报案人|求助人|留言人|患者|家长|乘客|车主|户名|开户名|经办人|本人姓名|真实姓名|名字)"
    rf"(?:是|为|叫)?[:：= ]{{1,2}}({_NAME}|[一-鿿]{{1,6}}·[一-鿿]{{1,8}})(?![一-鿿]{{0,1}}(?:公司|局|中心|办))"
)
_CUED = re.compile(
    rf"(?:我叫做?|我的名字[叫是]|我名叫|本人姓名|我姓名|本人叫|名字叫|联系人是?|联络人|本人|投诉人|举报人|反映人|来电人|我是(?:市民|居民|村民|业主|家长|学生|职工|员工|司机|车主|租户|群众))({_NAME}){_NAME_END}"
)
_NOT_NAMES = frozenset(
    [
        "方便",
        "时常",
        "常年",
        "常常",
        "向来",
        "房屋",
        "车辆",
        "安装",
        "强烈",
        "师傅",
        "平时",
        "平常",
        "经常",
        "曾经",
        "高度",
        "高中",
        "农民",
        "农村",
        "从事",
        "任职",
        "任何",
        "有关",
        "有意",
        "关于",
        "通过",
        "通知",
        "应该",
        "成年",
        "明确",
        "明天",
        "年龄",
        "国家",
        "家属",
        "公司",
        "公民",
        "公共",
        "东西",
        "文化",
        "单位",
        "单独",
        "单身",
        "全家",
        "全部",
        "居住",
        "居民",
        "华人",
        "严重",
        "万分",
        "万般",
        "何时",
        "能否",
        "何人",
        "相关",
        "相信",
        "那么",
        "别人",
        "后来",
        "后续",
        "红色",
        "路过",
        "广大",
        "商户",
        "商家",
        "越来",
        "连续",
        "连夜",
        "许多",
        "白天",
        "同意",
        "所有",
        "满意",
        "习惯",
        "利益",
        "计划",
        "包括",
        "左右",
        "解决",
        "干脆",
        "章程",
        "支持",
        "支付",
        "终于",
        "步行",
        "都是",
        "容易",
        "法律",
        "公安",
        "牛奶",
        "毛病",
        "马上",
        "水电",
        "花钱",
        "金额",
        "信息",
        "项目",
        "管理",
        "管辖",
        "工人",
        "工作",
        "石头",
        "余额",
        "原因",
        "原来",
        "代表",
        "代理",
        "付款",
        "阳台",
        "年前",
        "年初",
        "易发",
        "尚未",
        "冷暖",
        "全程",
        "曲折",
        "幸好",
        "宁可",
        "安全",
        "和家",
        "车位",
        "车牌",
        "时间",
        "贺电",
        "祝愿",
        "党员",
        "查询",
        "查看",
        "丰富",
        "练习",
        "候车",
    ]
)


def find_words(text: str) -> Iterator[Found]:
    """Yield accounts, names and addresses of a folded text."""
    if "@" in text or "at" in text or "艾特" in text or "#" in text:
        yield from find_emails(text)
    yield from find_accounts(text)
    yield from find_names(text)
    yield from find_addresses(text)


def find_emails(text: str) -> Iterator[Found]:
    """E-mail addresses, also with (at), 艾特 and 点."""
    for match in _EMAIL.finditer(text):
        host = re.sub(r" ?(?:。|点|dot|\.) ?", ".", match[2])
        yield Found("email", *match.span(), f"{match[1][0]}***@{host}")


def find_accounts(text: str) -> Iterator[Found]:
    """WeChat and QQ accounts after their word; public accounts (公众号) stay."""
    for match in _WECHAT.finditer(text):
        account = match[3]
        named = match[1] or match[2] or re.search(r"[0-9_:：]", match[0])
        if named and account not in _NO_ACCOUNT:
            yield Found("wechat", *match.span(3), f"{account[:2]}****")
    for match in _QQ.finditer(text):
        number = re.sub(r"[ \-]", "", match[1])
        yield Found(
            "qq", *match.span(1), f"{number[:2]}****{number[-2:] if len(number) > 6 else ''}"
        )


def find_names(text: str) -> Iterator[Found]:
    """Names of persons after 我叫, 联系人, 本人 and their like; the surname stays."""
    for pattern in (_LABELLED, _CUED):
        for match in pattern.finditer(text):
            name = match[1]
            if name[:2] in _NOT_NAMES or name in _NOT_NAMES:
                continue
            surname = name[:2] if re.match(_COMPOUND, name) and len(name) > 2 else name[0]
            yield Found("name", *match.span(1), f"{surname}**")


_NUM = r"(?:[0-9a-z]{1,5}(?:[-/#][0-9a-z]{1,5}){0,3}|[一二三四五六七八九十百零〇甲乙丙丁]{1,5}|[东西南北])"
_NO_DOOR = r"(?!线|文|公告|令|文件|台风|坑|井|机|高炉|馆|门口?公交|厅|窗口|公路|通知|提案|建议|议案|地块|桥|塔|航站|会议|种子|选手|染色|字|信箱|案|病|元素|院落改造)"
_DOOR = rf"{_NUM}号(?:院|楼|附{_NUM}号?)?{_NO_DOOR}"
_UNIT = rf"(?:{_DOOR}|(?:第)?{_NUM}(?:号楼|栋|幢|座|单元|楼层|层|楼|室|户|房间|房|组|排|门洞|门|弄|队|#楼?))"
_ROAD = r"(?:路|大街|街|巷|大道|胡同|道|弄|里)(?:东段|西段|南段|北段|中段)?"
_ESTATE = r"(?:小区|社区|花园|家园|花苑|家属院|新村|公寓|大厦|广场|嘉园|名苑|雅苑|华庭|[苑园城湾府居邸庄寨屯村])"
_HAN = r"[一-鿿]"
_TOWN = rf"{_HAN}{{1,6}}?(?:街道办事处|街道办|街道|镇|乡)"
_TOWN_ADDRESS = re.compile(
    rf"({_TOWN})((?:{_HAN}|[0-9a-z]){{0,18}}?(?:{_UNIT}[,， ]?)+(?:[0-9]{{2,4}}(?:室|户|房)?)?)"
)
_HOME_CUE = r"(?:家住|住在|现住|居住在|居住于|住址|家庭住址|家庭地址|居住地址|住所|户籍地址|户籍|详细地址|收货地址|地址|住于|租住在?|家在|租住于)"
_HOME = re.compile(
    rf"{_HOME_CUE}(?:是|为|在|[:： ])*((?:{_HAN}{{2,5}}?(?:省|自治区))?(?:{_HAN}{{2,6}}?(?:市|地区|自治州))?(?:{_HAN}{{1,6}}?(?:新区|区|县|市|旗))?(?:{_TOWN})?)"
    rf"((?:{_HAN}|[0-9a-z]){{1,20}}?(?:(?:{_UNIT}[,， ]?)+(?:[0-9]{{2,4}}(?:室|户|房)?)?|{_ESTATE}))"
)
_ROAD_ADDRESS = re.compile(
    rf"((?:{_HAN}{{1,6}}?(?:新区|区|县|市))?)({_HAN}{{1,8}}?(?:{_ROAD}|{_ESTATE})(?:与{_HAN}{{1,8}}?{_ROAD}(?:交叉口|交汇处)?)?(?:{_UNIT}[,， ]?)+(?:[0-9]{{2,4}}(?:室|户|房)?)?)"
)
_PUBLIC_PLACE = re.compile(
    rf"{_HAN}{{0,8}}?(?:政府|服务中心|政务|大厅|派出所|医院|学校|小学|中学|幼儿园|大学|学院|银行|法院|检察院|局|委员会|管委会|公司|商场|超市|酒店|饭店|宾馆|图书馆|博物馆|体育馆|车站|公园|工地|店)"
)


def find_addresses(text: str) -> Iterator[Found]:
    """Addresses below the township: what stands before stays, the rest goes."""
    if not re.search(r"[号栋幢室单户组弄#楼村区园]", text):
        return
    for match in _TOWN_ADDRESS.finditer(text):
        if not _PUBLIC_PLACE.match(text, match.end()):
            yield Found("address", *match.span(2), "***")
    for match in _HOME.finditer(text):
        if not _PUBLIC_PLACE.match(text, match.end()):
            yield Found("address", *match.span(2), "***")
    for match in _ROAD_ADDRESS.finditer(text):
        if not _PUBLIC_PLACE.match(text, match.end()):
            yield Found("address", *match.span(2), "***")

"""Write the labelled set of redaction: `python tests/models/redaction_cases/generate.py`.

All persons, numbers and places are made up from the lists below with a fixed seed. A line of
personal.jsonl is `{"text", "masks": [{"kind", "text"}]}` with the stretches that must go, as they
stand in the text; a line of harmless.jsonl has no masks and a `group` that names the trap.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段"  # noqa: E501
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛超霞平刚桂英建华玉兰文斌宇浩凯秀珍健世广萍红波辉宁鑫佳琪梓涵子轩欣怡雨泽思远嘉豪晓雪春梅国栋志明海燕立新"  # noqa: E501
COMPOUND = ["欧阳", "司马", "诸葛", "上官", "皇甫", "慕容"]
TOWNS = ["峡窝镇", "济源路街道", "中心路街道办事处", "新安路街道办", "矿山街道", "云台镇", "柳林乡", "青石桥镇"]
ROADS = ["中心路", "金屏路", "济源路", "淮阳路", "新安西路", "文化巷", "工业大道", "丹江路", "孟津路", "科技大街"]
ESTATES = ["锦绣花园", "盛世家园", "阳光小区", "铝城公寓", "汇丰雅苑", "幸福家属院", "龙江新村", "丽景嘉园"]
VILLAGES = ["东柏社村", "石嘴村", "营坡顶村", "上街村", "沙固村", "大坡顶村"]
DISTRICTS = ["郑州市上街区", "河南省郑州市上街区", "上街区", "荥阳市", "巩义市", "洛阳市涧西区"]
AREAS = ["0371", "010", "021", "0379", "0755", "028"]
BANKS = ["622202", "621700", "622848", "621661", "622588", "621799", "623052"]
PLATES = "京沪豫冀鲁苏浙皖粤川鄂湘陕晋"
DIGITS = "〇一二三四五六七八九"

Case = tuple[str, list[tuple[str, str]]]


class Maker:
    """Makes numbers, names and disguises from one random source."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - test data, not a secret

    def digits(self, count: int) -> str:
        return "".join(self.random.choice("0123456789") for _ in range(count))

    def pick(self, options: str | list[str]) -> str:
        return self.random.choice(options)

    def name(self) -> str:
        surname = self.pick(COMPOUND) if self.random.random() < 0.06 else self.pick(SURNAMES)
        return surname + "".join(self.pick(GIVEN) for _ in range(self.random.choice((1, 2, 2))))

    def mobile(self) -> str:
        return "1" + self.pick("3456789") + self.digits(9)

    def landline(self) -> tuple[str, str]:
        area = self.pick(AREAS)
        return area, self.pick("235678") + self.digits(7)

    def identity(self) -> str:
        region = self.pick(["410106", "410105", "110101", "320102", "440305", "510104", "610113"])
        year, month = self.random.randint(1945, 2015), self.random.randint(1, 12)
        body = f"{region}{year}{month:02}{self.random.randint(1, 28):02}{self.digits(3)}"
        total = sum(int(d) * w for d, w in zip(body, ID_WEIGHTS, strict=True))
        return body + "10X98765432"[total % 11]

    def card(self) -> str:
        body = self.pick(BANKS) + self.digits(self.random.choice((9, 12)))
        digits = [int(d) for d in reversed(body)]
        total = sum(digits[1::2]) + sum(sum(divmod(2 * d, 10)) for d in digits[::2])
        return body + str(-total % 10)

    def plate(self) -> str:
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
        head = self.pick(PLATES) + self.pick(letters[:15])
        if self.random.random() < 0.25:
            return head + self.pick("DF") + self.digits(5)
        serial = list(self.digits(5))
        if self.random.random() < 0.6:
            serial[self.random.randrange(5)] = self.pick(letters)
        return head + "".join(serial)

    def door(self) -> str:
        one, two = self.random.randint(1, 60), self.random.randint(1, 6)
        room = f"{self.random.randint(1, 18)}0{self.random.randint(1, 8)}"
        shapes = [
            f"{one}号院{two}号楼{two}单元{room}室",
            f"{one}号楼{two}单元{room}",
            f"{one}栋{two}单元{room}室",
            f"{one}号{two}栋{room}房",
            f"{one}幢{room}室",
            f"{one}-{two}-{room}号",
        ]
        return self.pick(shapes)

    def chinese(self, digits: str) -> str:
        zero, one = self.pick("〇零"), self.pick("一一幺")
        table = {"0": zero, "1": one}
        return "".join(table.get(d) or DIGITS[int(d)] for d in digits)

    def disguise(self, digits: str) -> str:
        """Digits as people write them when a filter is near; X stays X."""
        shape = self.random.randrange(14)
        if shape < len(DISGUISES):
            return DISGUISES[shape](digits)
        if shape == len(DISGUISES):
            return "".join(d if self.random.random() < 0.5 or d == "X" else self.chinese(d) for d in digits)
        if "X" in digits:
            return digits.replace("X", "x")
        return self.chinese(digits)


def grouped(sign: str) -> Callable[[str], str]:
    """Cut a mobile 3-4-4, an identity number 6-8-4, a card in fours."""

    def cut(digits: str) -> str:
        sizes = {11: (3, 4, 4), 18: (6, 8, 4)}.get(len(digits), (4, 4, 4, 4, 4))
        parts, at = [], 0
        for size in sizes:
            parts.append(digits[at : at + size])
            at += size
        return sign.join(p for p in parts if p)

    return cut


DISGUISES: list[Callable[[str], str]] = [
    lambda d: d,
    lambda d: d.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789X"}),
    grouped(" "),
    grouped("-"),
    grouped("."),
    " ".join,
    "-".join,
    "\u200b".join,
    lambda d: "".join(chr(0x1D7CE + int(c)) if c.isdigit() else c for c in d),
    lambda d: "".join("⓪①②③④⑤⑥⑦⑧⑨"[int(c)] if c.isdigit() else c for c in d),
    lambda d: "".join(f"&#{ord(c)};" for c in d),
    grouped("·"),
]


def personal(make: Maker) -> Iterator[Case]:
    """Sentences with personal data, and what must go."""
    phone = ["电话{}", "请联系{}核实", "手机号：{}，望尽快回复", "我的手机是{}。", "有事打{}", "联系电话 {} 谢谢", "{}是我的号码", "tel:{}", "可拨打{}与我联系", "请回电{}！"]  # noqa: E501
    for index in range(120):
        number = make.disguise(make.mobile())
        text = phone[index % len(phone)].format(number)
        yield make.pick(["小区停水三天，", "路灯不亮。", "", "反映噪音扰民，"]) + text, [("mobile", number)]
    for number in (make.mobile() for _ in range(12)):
        yield f"请致电+86 {number}", [("mobile", number)]
        yield f"（{number[:3]}）{number[3:7]}-{number[7:]}是本人电话", [("mobile", f"{number[:3]}）{number[3:7]}-{number[7:]}")]
    for index in range(60):
        number = make.disguise(make.identity())
        text = ["身份证号{}", "身份证：{}", "证件号码 {}，请核实", "{}（身份证）", "公民身份号码为{}"][index % 5]
        yield "本次补贴申请材料齐全，" + text.format(number), [("id_number", number)]
    for number in (make.identity() for _ in range(15)):
        yield f"附件里有{number}这样的信息", [("id_number", number)]
    for index in range(40):
        number = make.card()
        number = make.pick([number, grouped(" ")(number), grouped("-")(number), DISGUISES[1](number), make.chinese(number)])
        text = ["银行卡号{}", "请退款至{}（工商银行）", "卡号：{}，开户行建行", "打到农行{}", "账号为{}"][index % 5]
        yield text.format(number), [("bank_card", number)]
    for index in range(50):
        area, local = make.landline()
        number = make.pick([f"{area}-{local}", f"{area}{local}", f"({area}){local}", f"（{area}）{local}", f"{area} {local}", f"{area}—{local}"])
        if index % 7 == 0:
            number = make.pick([DISGUISES[1](area + local), make.chinese(area + local)])
        text = ["家里座机{}", "电话：{}", "固话{}没人接", "请打{}找我", "联系方式是{}"][index % 5]
        yield text.format(number), [("landline", number)]
    for index in range(40):
        plate = make.plate()
        plate = make.pick([plate, plate, plate[:2] + "·" + plate[2:], plate[:2] + " " + plate[2:], plate.lower(), DISGUISES[1](plate) if False else plate])
        text = ["车牌{}", "{}占用消防通道", "一辆{}的货车遗撒", "车主{}请挪车", "白色轿车（{}）违停"][index % 5]
        yield text.format(plate), [("plate", plate)]
    for index in range(40):
        user = make.pick(["zhangsan", "li.si", "wang_wu", "happy", "xiaoming", "mail2you"]) + make.digits(3)
        host = make.pick(["163.com", "qq.com", "126.com", "gmail.com", "example.cn", "sina.com.cn"])
        at = ["@", "@", "＠", " @ ", "(at)", "@"][index % 6]
        mail = user + at + host
        if index % 11 == 0:
            mail = f"{user}艾特{host.replace('.', '点')}"
        yield ["邮箱{}", "发到{}即可", "e-mail: {}", "材料请寄{}，谢谢"][index % 4].format(mail), [("email", mail)]
    for index in range(40):
        account = make.pick(["wxid_", "zs", "lucky-", "abc_", "hnzz"]) + make.digits(6)
        cue = ["微信：{}", "加微信{}", "vx:{}", "我的微信号是{}", "微信号 {}", "wx {}", "薇信：{}", "WeChat: {}"][index % 8]
        yield "群里说，" + cue.format(account) + "，备注业主", [("wechat", account)]
    for index in range(40):
        number = make.pick("123456789") + make.digits(make.random.choice((6, 7, 8, 9)))
        number = make.pick([number, number, DISGUISES[1](number)])
        cue = ["QQ：{}", "加QQ{}", "qq号{}", "我QQ是{}", "QQ {}", "扣扣{}"][index % 6]
        yield cue.format(number) + "，随时在线", [("qq", number)]
    for _ in range(25):
        number = make.pick("EGDSP") + make.digits(8)
        number = make.pick([number, number.lower(), DISGUISES[1](number) if False else number, number[0] + " " + number[1:]])
        yield make.pick(["护照号{}", "护照：{}", "passport {}", "持护照{}入境"]).format(number), [("passport", number)]
    cues = ["我叫{}，家里停水", "联系人：{}", "联系人{}，电话见附件", "本人{}，系上街区居民", "姓名：{} 性别：男", "投诉人：{}", "我的名字是{}。", "举报人：{}，望保密", "我叫{}。", "聯繫人：{}", "来电人：{}反映路灯不亮", "本人姓名{}，退休职工", "户主：{}"]  # noqa: E501
    for index in range(110):
        name = make.name()
        if index % 17 == 0:
            name = " ".join(name)
        yield cues[index % len(cues)].format(name), [("name", name)]
    for index in range(90):
        town, road, estate, door = make.pick(TOWNS), make.pick(ROADS), make.pick(ESTATES), make.door()
        district, village = make.pick(DISTRICTS), make.pick(VILLAGES)
        group = f"{make.random.randint(1, 9)}组{make.random.randint(1, 99)}号"
        text, kept = [
            (f"家住{district}{town}{road}{door}，", f"家住{district}{town}"),
            (f"地址：{district}{town}{road}{make.random.randint(1, 200)}号", f"地址：{district}{town}"),
            (f"住址是{town}{village}{group}", f"住址是{town}"),
            (f"{district}{road}{make.random.randint(1, 200)}号{estate}{door}漏水", district),
            (f"我住在{estate}{door}", "我住在"),
            (f"家庭住址：{district}{estate}{door}", f"家庭住址：{district}"),
            (f"{district}{town}{village}{group}的危房", f"{district}{town}"),
            (f"{town}{road}与{make.pick(ROADS)}交叉口{estate}{door}", town),
            (f"现住{town}{village}", f"现住{town}"),
        ][index % 9]
        gone = text[len(kept) :].rstrip("，").removesuffix("漏水").removesuffix("的危房")
        yield text, [("address", gone)]
    for _ in range(40):
        name, number, identity = make.name(), make.disguise(make.mobile()), make.identity()
        text = f"我叫{name}，身份证{identity}，手机{number}，路灯坏了三周，盼复。"
        yield text, [("name", name), ("id_number", identity), ("mobile", number)]


def harmless(make: Maker) -> Iterator[tuple[str, str]]:
    """Traps: what looks like personal data and is not. Yields (group, text)."""
    r = make.random
    for _ in range(60):
        y, m, d, h, n = r.randint(1949, 2027), r.randint(1, 12), r.randint(1, 28), r.randint(0, 23), r.randint(0, 59)
        yield "date", make.pick([
            f"{y}-{m:02}-{d:02} {h:02}:{n:02}发布", f"{y}年{m}月{d}日{h}时{n}分", f"{y}{m:02}{d:02}{h:02}{n:02}{n:02}上报",
            f"{y}.{m}.{d}起施行", f"{y}/{m:02}/{d:02} {h:02}:{n:02}:{n:02}", f"自{y}年{m}月至{y + 1}年{m}月", f"{make.chinese(str(y))}年{m}月",
            f"{y}-{m:02}-{d:02}至{y}-{m:02}-{d + 0:02}", f"{y} {m:02} {d:02} {h:02}:{n:02}", f"时间:{y}-{m:02}-{d:02}T{h:02}:{n:02}:00Z",
        ])  # fmt: skip
    for _ in range(70):
        a = r.randint(1, 999)
        yield "amount", make.pick([
            f"{a} 000 000 000元", f"投资13{make.digits(9)}元", f"1,{a:03},{make.digits(3)},{make.digits(3)}.00元", f"共计{make.digits(11)}元",
            f"补贴{a}.{make.digits(2)}万元", f"￥1{make.pick('3456789')}{make.digits(9)}", f"人民币1{make.pick('35789')}{make.digits(9)}元整",
            f"总产值{a}亿元", f"壹佰{make.chinese(str(r.randint(2, 9)))}拾万元", f"预算{make.digits(8)}.{make.digits(2)}元", f"13 800 138 000元", f"金额：{make.digits(16)}元",
            f"面积{make.digits(5)}平方米", f"产量1{make.pick('3456789')}{make.digits(9)}吨",
        ])  # fmt: skip
    for _ in range(60):
        y, n = r.randint(2001, 2026), r.randint(1, 999)
        yield "document", make.pick([
            f"国办发〔{y}〕{n}号", f"豫政办〔{y}〕{n}号文件", f"郑政文[{y}]{n}号", f"上政办发（{y}）{n}号", f"国务院令第{n}号", f"法释〔{y}〕{n}号",
            f"GB/T {make.digits(5)}-{y}", f"京ICP备{make.digits(8)}号", f"粤B2-{make.digits(8)}", f"({y})豫01民终{make.digits(4)}号", f"豫建许字{make.digits(9)}号",
            f"{y}年第{n}号公告", f"第{n}期（总第{n + 60}期）", f"中心路第{n}号提案", f"ISBN 978-7-{make.digits(3)}-{make.digits(5)}-{r.randint(0, 9)}", f"CN41-{make.digits(4)}/D",
        ])  # fmt: skip
    for _ in range(50):
        yield "hotline", make.pick([
            "请拨打12345热线", "报警110，急救120，火警119", "消费投诉12315", "供电服务95598", "12369环保举报", "燃气抢修热线96777",
            f"客服热线400-{make.digits(3)}-{make.digits(4)}", f"咨询800{make.digits(7)}", f"监督电话：0371-{make.pick('68')}{make.digits(7)}", f"举报电话0371-{make.pick('68')}{make.digits(7)}",
            f"服务热线：0371-{make.pick('68')}{make.digits(7)}", f"客服电话：400{make.digits(7)}", f"24小时值班电话（0371）{make.pick('68')}{make.digits(7)}", "拨打12348法律援助", "10086短信通知", "发送至1069012345",
        ])  # fmt: skip
    for _ in range(40):
        code = make.pick(["91", "92", "12", "11", "52"]) + "410106" + make.pick(["MA3X", "5885", "7425", "MB0K"]) + make.pick("ABCD456") + make.digits(4) + make.pick("XYZK1")
        yield "credit code", make.pick([f"统一社会信用代码{code}", f"信用代码：{code}", f"（{code}）", f"税号{code}"])
    for _ in range(60):
        yield "count", make.pick([
            f"受理{make.digits(5)}件，办结{make.digits(4)}件", f"阅读量{make.digits(8)}次", f"1{make.pick('35789')}{make.digits(9)}人次", f"涉及{r.randint(2, 99)}户{r.randint(100, 999)}人",
            f"第{r.randint(1, 30)}号楼基坑", f"{r.randint(1, 20)}号线延误", f"{r.randint(2, 60)}个小区停水", f"3栋楼封控", f"共{r.randint(2, 9)}单元测试", f"{make.digits(3)}路公交",
            f"得票{make.digits(6)}张", f"坐标113.{make.digits(6)},34.{make.digits(6)}", f"IP 192.168.{r.randint(0, 255)}.{r.randint(0, 255)}", f"版本v{r.randint(1, 9)}.{make.digits(2)}.{make.digits(4)}",
            f"同比增长{r.randint(1, 99)}.{r.randint(1, 9)}%", f"一二三四五六七年级都放假", f"温度{r.randint(10, 40)}℃，湿度{r.randint(20, 90)}%",
        ])  # fmt: skip
    for _ in range(50):
        yield "order", make.pick([
            f"工单编号{make.digits(12)}", f"订单号：1{make.pick('35789')}{make.digits(9)}", f"快递单号{make.pick(['SF', 'YT', ''])}{make.digits(13)}", f"受理号{r.randint(2018, 2026)}{make.digits(8)}",
            f"流水号{make.digits(16)}", f"发票号{make.digits(8)}", f"准考证号{make.digits(15)}", f"股票代码{make.digits(6)}", f"型号A{make.digits(4)}-{make.digits(3)}", f"条码69{make.digits(11)}",
            f"查询码{make.digits(10)}", f"户号{make.digits(10)}", f"验证码{make.digits(6)}", f"邮编450{make.digits(3)}", f"合同编号HT-{r.randint(2018, 2026)}-{make.digits(6)}",
        ])  # fmt: skip
    sentences = [
        "我叫了外卖一直没到", "我叫车去医院", "本人常年在外打工", "本人方便的时候过来", "本人和家人都很着急", "本人认为处理不公", "联系人方式请公布", "本人向贵单位反映", "本人房屋漏水严重", "本人安装了监控",
        "联系人：物业中心", "联系人：市民服务中心", "投诉人已满意", "投诉人要求退款", "来电人反映小区停水", "来电人表示感谢", "我叫不开门", "我叫天天不应", "本人强烈要求整改", "本人于昨日报修",
        "举报人的信息要保密", "反映人称已三次报修", "姓名和电话不得公开", "姓名：", "联系人：略", "微信公众号：上街发布", "关注微信公众号shangjiefabu", "微信支付成功", "加微信群领取", "微信小程序“郑好办”",
        "QQ群里都在说", "qq音乐打不开", "QQ邮箱收不到", "豫A股上市公司", "川A级景区", "京A类企业增多", "粤B股指数", "宁夏FM101.6广播", "车牌识别系统故障", "新E代驾驶舱",
        "护照办理大厅排队", "护照换发需要7个工作日", "上街区中心路街道办事处", "峡窝镇人民政府", "济源路与中心路交叉口红绿灯坏了", "金屏路30号线公交", "中心路135号政务服务中心", "地址：上街区中心路135号区政府", "锦绣花园小区停电", "新安路修路三个月",
        "老乡们都来了", "城镇居民医保", "乡镇卫生院", "街道干净整洁", "我家在村里", "地址不详", "住在这个小区的人都知道", "楼道灯不亮", "三单元的灯坏了", "5号楼电梯坏了",
        "@上街发布 请回复", "转自@郑州交警", "at 10 am on 5 May", "打分10@5", "C#语言培训", "1号文件公布", "12号台风登陆", "第3组第2排", "A座大堂", "B1层停车场",
        "13号线、14号线同时晚点", "一三五单号限行", "二四六双号通行", "零一二三四级", "九九八十一难", "三七二十一", "五一假期", "十一黄金周", "一一对应", "七七事变",
    ]  # fmt: skip
    for text in sentences:
        yield "sentence", text
    for _ in range(60):
        text = make.pick(sentences)
        yield "sentence", make.pick(["据通报，", "市民说：", "【回复】", ""]) + text + make.pick(["。", "！", "，请核实", ""])


def main() -> None:
    """Write both files."""
    make = Maker(20260513)
    with (HERE / "personal.jsonl").open("w", encoding="utf-8") as file:
        for text, masks in personal(make):
            row = {"text": text, "masks": [{"kind": k, "text": t} for k, t in masks]}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    with (HERE / "harmless.jsonl").open("w", encoding="utf-8") as file:
        for text, group in {text: group for group, text in harmless(make)}.items():
            file.write(json.dumps({"text": text, "group": group}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

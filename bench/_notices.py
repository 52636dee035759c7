"""Notices filled into templates: texts that look alike and are different facts.

Written for the benchmark; places, roads and numbers are invented.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

# fmt: off
ESTATES = [
    "锦绣", "翠湖", "龙泉", "桃源", "金水", "万和", "阳光", "滨江",
    "书香", "幸福", "东风", "建业", "天河", "碧桂", "紫荆", "清风",
    "云溪", "明珠", "和平", "康乐",
]
DISTRICTS = [
    "上河区", "青林区", "安宁县", "白石县", "临川区", "石桥镇", "柳河镇", "双塔街道",
    "南关街道", "西苑街道", "红旗乡", "大岭乡",
]
ROADS = [
    "人民路", "中心大道", "建设街", "解放路", "文化路", "纬三路", "科学大道", "淮河路",
    "丹江街", "登封巷",
]
# fmt: on
TEMPLATES = (
    (
        "{d}气象台{m}月{day}日{h}时{mi}分发布暴雨{c}色预警信号：预计未来"
        "{n}小时，{d}大部分地区降雨量将达{mm}毫米以上，并伴有雷暴大风，请注意防范。"
        "防御指南：一、有关部门按照职责做好防暴雨应急工作；二、切断低洼地带有危险的室外电源，"
        "暂停在空旷地方的户外作业；三、做好城市、农田的排涝，注意防范可能引发的山洪、滑坡、泥"
        "石流等灾害。"
    ),
    (
        "停水通知：因{r}供水管网抢修施工，定于{m}月{day}日{h}时至{h2}时对{p}"
        "小区及周边区域停水，请广大用户提前做好储水准备，给您带来的不便敬请谅解。服务热线：{ph}"
        "。"
    ),
    (
        "停电公告：因配电线路计划检修，{m}月{day}日{h}:00至{h2}:00，{d}"
        "{r}沿线、{p}花园、{p2}苑将停电，请相关用户做好准备，检修工作可能提前或延后"
        "结束，请勿触碰电力设施。供电服务热线95598。"
    ),
    (
        "{d}公安局交通警察大队关于{r}道路施工期间实行交通管制的通告：为确保{r}改造工"
        "程顺利进行，自2026年{m}月{day}日起至{m2}月{day2}日止，{r}（"
        "{r2}至{r3}段）实行全封闭施工，禁止一切车辆和行人通行，请过往车辆绕行{r2}"
        "。特此通告。"
    ),
    (
        "{d}人力资源和社会保障局关于2026年公开招聘事业单位工作人员的公告：根据有关规定"
        "，经研究决定，面向社会公开招聘事业单位工作人员{n}名，报名时间为{m}月{day}"
        "日至{m}月{day2}日，笔试时间为{m2}月{day}日，考试地点在{p}中学。"
        "咨询电话：{ph}。"
    ),
    (
        "关于{p}小区{n}号楼电梯大修资金使用的公示：经业主委员会表决，拟使用专项维修资金"
        "{mm}元对{n}号楼电梯进行更换，公示期自{m}月{day}日至{m}月{day2}"
        "日，如有异议请在公示期内向{d}住房保障中心书面反映。"
    ),
    (
        "{d}市场监督管理局食品安全监督抽检信息通告（2026年第{n}期）：近期，我局组织"
        "抽检食用农产品{mm}批次，其中合格{mm2}批次，不合格{n2}批次，不合格样品为"
        "{p}超市销售的韭菜，已依法进行处置。特此通告。"
    ),
    (
        "{d}教育局关于2026年{p}小学招生片区范围的公告：{p}小学招生范围为{r}以"
        "东、{r2}以南、{r3}以西，计划招收一年级新生{n}个班，报名时间{m}月{day}"
        "日至{day2}日，请家长携带户口本、房产证到校登记。"
    ),
    (
        "温馨提示：{p}社区卫生服务站定于{m}月{day}日上午{h}时在{r}党群服务中"
        "心开展免费体检活动，65岁以上老年人可携带身份证前往，名额{n}个，先到先得，联系电"
        "话{ph}。"
    ),
    (
        "{d}应急管理局通报：{m}月{day}日{h}时{mi}分许，{r}一处民房发生火"
        "灾，消防救援人员到场后于{h2}时将明火扑灭，事故造成{n}人受伤，无人员死亡，起火"
        "原因正在调查中。"
    ),
    (
        "{d}防汛抗旱指挥部关于启动防汛{c}级应急响应的通知：根据气象部门预报，{m}月{day}"
        "日至{day2}日我区将有强降雨过程，经会商研判，决定于{m}月{day}日{h}时"
        "启动防汛应急响应，请各单位严格落实值班值守制度，加强巡查排险。"
    ),
    (
        "公交线路调整公告：因{r}施工，自{m}月{day}日首班车起，{n}路、{n2}路"
        "公交车临时绕行{r2}，取消{p}站、{p2}站，施工结束后恢复原线路，请乘客合理安"
        "排出行。"
    ),
    (
        "{d}自然资源局国有建设用地使用权挂牌出让公告：经批准，决定以挂牌方式出让{n}宗地"
        "块，地块位于{r}与{r2}交叉口，面积{mm}平方米，用途为居住，挂牌时间为202"
        "6年{m}月{day}日至{m2}月{day2}日。"
    ),
    (
        "{p}小学因{d}高温天气调整作息时间的通知：各位家长，接上级通知，{m}月{day}"
        "日起下午到校时间调整为{h}点{mi}分，放学时间调整为{h2}点，请做好接送安排。"
    ),
    (
        "领导您好，{p}小区{n}号楼下的烧烤店每天晚上营业到凌晨{h}点，油烟噪音严重影响"
        "居民休息，多次向{d}城管反映无果，请尽快处理。"
    ),
    (
        "{d}医疗保障局提醒：2026年度城乡居民基本医疗保险集中缴费期为{m}月{day}"
        "日至{m2}月{day2}日，个人缴费标准为每人{mm}元，逾期不再办理，请尽快到{p}"
        "社区缴纳，电话{ph}。"
    ),
)

HELD_OUT = (
    (
        "{d}疾病预防控制中心提醒：{p}社区卫生服务中心{m}月{day}日到货流感疫苗{mm}"
        "支，接种时间为每天{h}时至{h2}时，请携带接种证前往{r}接种门诊，数量有限，接"
        "种完为止。"
    ),
    (
        "因2026{d}半程马拉松举行，{m}月{day}日{h}时至{h2}时，{r}、{r2}"
        "、{r3}全线禁止机动车通行，沿线{p}小区居民请提前驶离车辆，给您带来不便，敬请谅"
        "解。"
    ),
    (
        "寻物启事：本人{m}月{day}日{h}时左右在{r}公交站至{p}花园之间遗失黑色"
        "钱包一个，内有身份证、驾驶证，如有拾到者请联系{ph}，必有酬谢。"
    ),
    (
        "{d}生态环境局公布{m}月份空气质量：优良天数{n}天，同比增加{n2}天，细颗粒"
        "物平均浓度为每立方米{mm}微克，{r}监测点数据居全区第{n2}位。"
    ),
    (
        "{d}公共资源交易中心{r}雨污分流改造工程中标结果公告：中标单位中标价{mm}万元"
        "，工期{mm2}日历天，公示期为{m}月{day}日至{m}月{day2}日，监督电"
        "话{ph}。"
    ),
    (
        "关于{p}中学{m}月{day}日开放日活动的通知：活动当天{h}时{mi}分开始签"
        "到，请家长从{r}校门进入，服从工作人员引导，每名学生限{n}名家长陪同。"
    ),
    (
        "{d}消防救援大队通报：{m}月{day}日对{p}商场、{r}沿街商铺开展检查，发"
        "现火灾隐患{n}处，责令限期改正{n2}处，下发法律文书{mm}份，有关单位须于{day2}"
        "日前完成整改。"
    ),
    (
        "领导好，我家住{r}{p}苑{n}楼，暖气从{m}月{day}日起就不热，室温只有{h}"
        "度，打了物业和供热公司电话都没有解决，家里有老人孩子，请尽快派人处理。"
    ),
)
"""Written after the weights of `models.duplicates` were fixed, to check them."""

Facts = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Notice:
    """A filled template: its text, the template, and what was filled in."""

    text: str
    template: str
    facts: Facts


def notices(templates: tuple[str, ...], each: int, seed: int = 3) -> list[Notice]:
    """Return `each` notices of every template, shuffled, no two the same."""
    chance = random.Random(seed)  # noqa: S311 - a benchmark, not a secret
    found: dict[str, Notice] = {}
    for template in templates:
        for _ in range(each):
            facts = _facts(chance)
            notice = Notice(template.format(**facts), template, facts)
            found.setdefault(notice.text, notice)
    shuffled = list(found.values())
    chance.shuffle(shuffled)
    return shuffled


def other_place_and_day(notice: Notice, chance: random.Random) -> Notice:
    """Return the same notice about another district, estate, road and day."""
    while True:
        fresh = _facts(chance)
        changed = {name: fresh[name] for name in ("d", "p", "r", "day")}
        if all(changed[name] != notice.facts[name] for name in changed):
            facts = notice.facts | changed
            return Notice(notice.template.format(**facts), notice.template, facts)


def _facts(chance: random.Random) -> Facts:
    estate, estate_2 = chance.sample(ESTATES, 2)
    road, road_2, road_3 = chance.sample(ROADS, 3)
    month, hour = chance.randrange(1, 12), chance.randrange(14)
    return {
        "d": chance.choice(DISTRICTS),
        "p": estate,
        "p2": estate_2,
        "r": road,
        "r2": road_2,
        "r3": road_3,
        "m": month,
        "m2": month + 1,
        "day": chance.randrange(1, 15),
        "day2": chance.randrange(15, 30),
        "h": hour,
        "h2": hour + chance.randrange(2, 9),
        "mi": chance.randrange(60),
        "c": chance.choice("红橙黄蓝"),
        "n": chance.randrange(2, 40),
        "n2": chance.randrange(2, 40),
        "mm": chance.randrange(50, 900),
        "mm2": chance.randrange(50, 900),
        "ph": str(chance.randrange(62_000_000, 69_999_999)),
    }

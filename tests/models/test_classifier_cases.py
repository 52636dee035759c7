"""Case by case: negation, mixed thanks, rhetoric, sarcasm, and names that must not matter."""

from __future__ import annotations

from itertools import product

import pytest

from models.classifier import packaged_classifier
from models.labels import HEADS, Head

SENTIMENTS = {
    "thanks": ("citizen_message", "positive", "感谢社区网格员冒雨帮老人修好了水管，为你们点赞！"),
    "praise of a deed": ("citizen_message", "positive", "小王拾金不昧，把钱包还给了失主"),
    "thanks with a complaint": (
        "citizen_message",
        "negative",
        "感谢领导关心，可是路灯修了三天又坏了，还是没人管，太让人失望！",
    ),
    "not acting": ("citizen_message", "negative", "物业不作为，垃圾堆了一个星期没有人清理"),
    "rhetorical question": (
        "citizen_message",
        "negative",
        "难道老百姓的命就不是命吗？这样的危桥还要走到什么时候？",
    ),
    "sarcasm in quotes": (
        "citizen_message",
        "negative",
        "修个下水道修了半年，这效率真是“高”啊，佩服佩服！",
    ),
    "sarcasm, praise in quotes": (
        "citizen_message",
        "negative",
        "你们的服务可真“好”，打了二十个电话没有一个人接",
    ),
    "plain question": (
        "citizen_message",
        "neutral",
        "请问灵活就业人员怎么缴纳社保？需要带什么材料？",
    ),
    "happy post": ("post", "positive", "今天天气真好，和朋友去公园玩，开心！"),
    "negated happiness": ("post", "negative", "一点也不开心，今天糟透了"),
    "negated taste": ("post", "negative", "这家店不好吃，再也不来了"),
    "good review": ("post", "positive", "味道不错，下次还来"),
    "bad news": ("news", "negative", "我市一工厂发生火灾致三人死亡"),
    "good news": ("news", "positive", "我市荣获全国文明城市称号"),
}

TOPICS = {
    "food": ("food_drug", "超市卖过期牛奶，孩子喝了拉肚子"),
    "care home": ("elderly_care", "养老院护理人员打骂老人，伙食也很差"),
    "tax": ("taxation", "税务局要求补缴五年前的税款和滞纳金，请问合理吗"),
    "wages": ("labor_rights", "工地拖欠农民工工资半年不发"),
    "noise of a bar": ("environment", "楼下KTV半夜噪音扰民，无法入睡"),
    "noise of dancing": ("public_security", "广场舞音响声音太大，影响休息"),
    "noise of building": ("urban_enforcement", "工地夜间施工到凌晨三点，噪音吵得睡不着"),
}

APPEALS = {
    "question": ("consult", "请问灵活就业人员怎么缴纳社保？需要带什么材料？"),
    "proposal": ("suggestion", "建议在人民公园东门增设一处公共厕所，方便市民。"),
    "report": ("tip_off", "实名举报村支书虚报冒领低保款，侵吞集体土地补偿款"),
    "hardship": ("help", "我是一名单亲母亲，身患重病，孩子上学没有钱，恳请政府救救我们"),
}

URGENCIES = {
    "poisoned": ("2", "工厂毒气泄漏，已有多名村民中毒送医院抢救"),
    "about to jump": ("2", "有人要跳楼，请快来人"),
    "no water": ("1", "我们小区已经连续停水三天了，老人孩子没有水喝，请尽快恢复供水"),
    "a wish": ("0", "建议在人民公园东门增设一处公共厕所，方便市民。"),
}


def judged(head: Head, text: str, kind: str = "citizen_message") -> str:
    found = packaged_classifier().score([text], [kind]).head(head)
    return found.classes[int(found.best[0])]


@pytest.mark.parametrize("case", SENTIMENTS.values(), ids=SENTIMENTS.keys())
def test_sentiment_of(case: tuple[str, str, str]) -> None:
    kind, expected, text = case
    assert judged("sentiment", text, kind) == expected


@pytest.mark.parametrize("case", TOPICS.values(), ids=TOPICS.keys())
def test_topic_of(case: tuple[str, str]) -> None:
    expected, text = case
    assert judged("topic", text) == expected


@pytest.mark.parametrize("case", APPEALS.values(), ids=APPEALS.keys())
def test_appeal_of(case: tuple[str, str]) -> None:
    expected, text = case
    assert judged("appeal", text) == expected


@pytest.mark.parametrize("case", URGENCIES.values(), ids=URGENCIES.keys())
def test_urgency_of(case: tuple[str, str]) -> None:
    expected, text = case
    assert judged("urgency", text) == expected


TEMPLATES = (
    "{place}市学校旁边每天堵车，请交警部门尽快处理",
    "{place}市物业公司乱收停车费，业主{name}先生多次投诉无果",
    "{place}市工地拖欠工人工资三个月，请{name}局长关注",
    "请问{place}市公租房怎么申请？我叫{name}某，户口在外地",
    "{place}市一中学周末违规补课收费，家长{name}女士举报",
    "{place}市老城区停水三天，无人处理",
    "工厂违法排污，{place}市民{name}某实名举报",
    "感谢{place}市民警{name}警官帮我找回钱包",
    "建议{place}市在学校门口增设红绿灯",
    "{place}市业主反映新房漏水，开发商不管",
)
PLACES = ("长沙", "郑州", "成都", "武汉", "昆明", "济南", "合肥", "苏州", "厦门", "A")
NAMES = ("王", "李", "张", "刘", "欧", "庞", "肖", "邓")


def test_towns_and_surnames_flip_no_more_than_one_label_in_a_hundred() -> None:
    texts = [
        template.format(place=place, name=name)
        for template, place, name in product(TEMPLATES, PLACES, NAMES)
    ]
    scores = packaged_classifier().score(texts, ["citizen_message"] * len(texts))
    a_template = len(PLACES) * len(NAMES)
    for head in HEADS:
        best = scores.head(head).best.reshape(-1, a_template)
        assert (best != best[:, :1]).mean() <= 0.01

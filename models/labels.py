"""The label sets of the classifier, with the words officers read."""

from __future__ import annotations

from typing import Final, Literal

Head = Literal["sentiment", "topic", "appeal", "urgency"]

HEADS: Final[tuple[Head, ...]] = ("sentiment", "topic", "appeal", "urgency")
"""The four questions asked of every mention, in output order."""

UNCLASSIFIED: Final = "unclassified"
"""The label of a text on which the model is too unsure to name a class."""

UNCLASSIFIED_ZH: Final = "未能判定"

SENTIMENTS: Final[dict[str, str]] = {
    "negative": "负面",
    "neutral": "中性",
    "positive": "正面",
}

PILOT_TOPICS: Final[dict[str, str]] = {
    "major_projects": "重大建设项目",
    "public_resource_trading": "公共资源交易",
    "budget_accounts": "财政预决算",
    "work_safety": "安全生产",
    "taxation": "税收管理",
    "spatial_planning": "城乡规划",
    "land_expropriation": "农村集体土地征收",
    "house_expropriation": "国有土地上房屋征收",
    "affordable_housing": "保障性住房",
    "rural_housing_renovation": "农村危房改造",
    "municipal_services": "市政服务",
    "urban_enforcement": "城市综合执法",
    "environment": "生态环境",
    "food_drug": "食品药品",
    "health": "卫生健康",
    "compulsory_education": "义务教育",
    "public_culture": "公共文化体育",
    "public_legal_services": "公共法律服务",
    "household_registration": "户籍管理",
    "employment": "就业创业",
    "social_insurance": "社会保险",
    "social_assistance": "社会救助",
    "elderly_care": "养老服务",
    "agri_subsidies": "涉农补贴",
    "poverty_alleviation": "扶贫与乡村振兴",
    "disaster_relief": "救灾",
}
"""The 26 pilot fields of open government."""

EXTENSION_TOPICS: Final[dict[str, str]] = {
    "transport": "交通运输",
    "property_management": "物业管理",
    "housing_market": "商品房与房产交易",
    "market_regulation": "市场监管与消费维权",
    "labor_rights": "劳动权益",
    "education_other": "其他教育",
    "public_security": "公安治安",
    "gov_conduct": "干部作风与政务服务",
    "rural_affairs": "农业农村",
    "civil_affairs": "民政事务",
    "natural_resources": "自然资源",
    "finance": "金融与非法集资",
}
"""What citizens write about that the pilot fields leave out."""

TOPICS: Final[dict[str, str]] = {**PILOT_TOPICS, **EXTENSION_TOPICS, "other": "其他"}

APPEALS: Final[dict[str, str]] = {
    "consult": "咨询",
    "help": "求助",
    "complaint": "投诉",
    "tip_off": "举报",
    "suggestion": "建议",
    "thanks": "表扬感谢",
    "other": "无诉求",
}

URGENCIES: Final[dict[str, str]] = {
    "0": "一般",
    "1": "有时限或损害持续",
    "2": "危及安全或公共健康",
}

LABELS: Final[dict[Head, dict[str, str]]] = {
    "sentiment": SENTIMENTS,
    "topic": TOPICS,
    "appeal": APPEALS,
    "urgency": URGENCIES,
}
"""Slug to 中文 name of every label of every head; the order is the column order of scores."""

HEAD_ZH: Final[dict[Head, str]] = {
    "sentiment": "情感",
    "topic": "话题",
    "appeal": "诉求",
    "urgency": "紧急程度",
}

KINDS: Final = ("citizen_message", "news", "post")
"""Kinds of text the model tells apart; the values of `models.records.MentionKind`."""


def label_zh(head: Head, slug: str) -> str:
    """Return the officers' word for a label, or for "unclassified"; KeyError if unknown."""
    return UNCLASSIFIED_ZH if slug == UNCLASSIFIED else LABELS[head][slug]

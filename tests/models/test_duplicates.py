"""Which texts are copies, which only look alike, and what the index remembers."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.duplicates import AT_LEAST_CHARS, RepostIndex, from_bytes, similarity, sketch, to_bytes
from models.sketches import EMPTY, FACT_COUNT, LENGTH, SLOTS, WIDTH

NOON = datetime(2026, 5, 13, 4, tzinfo=UTC)

ARTICLE = (
    "青林区老旧小区加装电梯进展如何\n"
    "记者从青林区住房保障部门了解到，今年全区计划为老旧小区加装电梯一百二十部，目前已有四十六部投入使用。"
    "走进柳河社区，居民们正围在新电梯旁排队体验。住在六楼的一位老人说，过去下楼买菜要歇三次，现在几十秒就到了。"
    "加装电梯最难的是意见统一。社区干部挨家上门，把采光、噪声和费用分摊逐条讲清楚，前后开了九次楼栋协商会。"
    "费用方面，财政每部补助二十万元，其余由各户按楼层分摊，也可以提取住房公积金支付。"
    "有居民担心后期维护没有人管。对此，主管部门表示将引入第三方维保单位，并设立维修专项资金，定期公开账目。"
    "下一步，青林区将把加装电梯与管网更新、外墙保温一起安排施工，尽量做到一次进场、一次完工，减少对居民生活的影响。"
)
PARAGRAPHS = ARTICLE.split("。")
TAIL = "来源：青林发布。编辑：小李。责任编辑：老周。欢迎转发，让更多街坊看到。"
TRADITIONAL = (
    "青林區老舊小區加裝電梯進展如何\n"
    "記者從青林區住房保障部門瞭解到，今年全區計劃為老舊小區加裝電梯一百二十部，目前已有四十六部投入使用。"
    "走進柳河社區，居民們正圍在新電梯旁排隊體驗。住在六樓的一位老人說，過去下樓買菜要歇三次，現在幾十秒就到了。"
    "加裝電梯最難的是意見統一。社區幹部挨家上門，把採光、噪聲和費用分攤逐條講清楚，前後開了九次樓棟協商會。"
    "費用方面，財政每部補助二十萬元，其餘由各戶按樓層分攤，也可以提取住房公積金支付。"
    "有居民擔心後期維護沒有人管。對此，主管部門表示將引入第三方維保單位，並設立維修專項資金，定期公開賬目。"
    "下一步，青林區將把加裝電梯與管網更新、外牆保溫一起安排施工，儘量做到一次進場、一次完工，減少對居民生活的影響。"
)
WARNING = (
    "{place}气象台5月{day}日{hour}时{minute}分发布暴雨橙色预警信号：预计未来三小时，{place}大部分地区降雨量将达"
    "五十毫米以上，并伴有雷暴大风，请注意防范，切断低洼地带有危险的室外电源，暂停户外作业。"
)
OUTAGE = (
    "停水通知：因{road}供水管网抢修施工，定于5月{day}日{hour}时起对{estate}小区及周边区域停水，"
    "请广大用户提前做好储水准备，给您带来的不便敬请谅解。"
)


def score(left: str, right: str) -> float:
    return float(similarity(sketch([left]), sketch([right]))[0])


def edited(text: str, share: float, seed: int) -> str:
    """Replace, drop or add a share of the characters, anywhere."""
    chance = random.Random(seed)
    out = []
    for character in text:
        fate = chance.random()
        if fate < share / 3:
            continue
        out.append(
            chance.choice("的一是了我不人在他有这个上们") if fate < 2 * share / 3 else character
        )
        if fate > 1 - share / 3:
            out.append(chance.choice("和就会要也到说着里用去"))
    return "".join(out)


@pytest.mark.parametrize(
    "copy",
    [
        ARTICLE.replace("青林区老旧小区加装电梯进展如何", "电梯装到家门口 老街坊这样说"),
        ARTICLE + TAIL,
        TRADITIONAL,
        "。".join(PARAGRAPHS[3:] + PARAGRAPHS[:3]),
        ARTICLE.replace("，", ",").replace("。", "　"),
        "#加装电梯# @青林发布 " + ARTICLE,
    ],
    ids=["headline", "tail", "traditional", "shuffled", "punctuation", "labels"],
)
def test_a_report_told_again_is_a_repost(copy: str) -> None:
    assert score(ARTICLE, copy) > 0


@pytest.mark.parametrize("seed", range(8))
def test_a_fifth_of_the_characters_may_be_edited(seed: int) -> None:
    assert score(ARTICLE, edited(ARTICLE, 0.2, seed)) > 0


def test_an_identical_text_scores_one() -> None:
    assert score(ARTICLE, ARTICLE) == 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            WARNING.format(place="青林区", day=13, hour=10, minute=12),
            WARNING.format(place="白石县", day=13, hour=10, minute=12),
        ),
        (
            WARNING.format(place="青林区", day=13, hour=10, minute=12),
            WARNING.format(place="青林区", day=14, hour=16, minute=40),
        ),
        (
            WARNING.format(place="青林区", day=13, hour=10, minute=12),
            WARNING.format(place="青林区", day=13, hour=10, minute=12).replace("橙色", "红色"),
        ),
        (
            OUTAGE.format(road="文化路", day=13, hour=8, estate="锦绣"),
            OUTAGE.format(road="文化路", day=13, hour=8, estate="翠湖"),
        ),
        (
            OUTAGE.format(road="文化路", day=13, hour=8, estate="A"),
            OUTAGE.format(road="文化路", day=13, hour=8, estate="B"),
        ),
    ],
    ids=["place", "time", "colour", "estate", "letter"],
)
def test_notices_of_one_template_are_no_reposts(one: str, other: str) -> None:
    assert score(one, other) == 0


@pytest.mark.parametrize(
    "copy", ["【转发扩散】" + WARNING, WARNING + "来源：某某发布"], ids=["lead", "tail"]
)
def test_a_notice_passed_on_is_a_repost(copy: str) -> None:
    facts = {"place": "青林区", "day": 13, "hour": 10, "minute": 12}
    assert score(WARNING.format(**facts), copy.format(**facts)) > 0


def test_a_short_cry_is_nobodys_copy() -> None:
    assert score("又停水了!", "又停水了！") == 0
    assert AT_LEAST_CHARS == 8


def test_a_short_post_is_a_copy_only_when_nearly_equal() -> None:
    post = "翠湖小区三天没有水了请尽快抢修谢谢"
    assert score(post, post + "！！！") == 1.0
    assert score(post, "翠湖小区的电梯又坏了谁来管一管") == 0
    assert score(post, "锦绣小区三天没有水了请尽快抢修谢谢") == 0


def test_a_shared_topic_label_makes_no_copy() -> None:
    label = "#青林区老旧小区加装电梯进展如何#"
    one, other = label + "支持这样的好事多办一些", label + "我们楼什么时候才轮得到呢"
    assert score(one, other) == 0


def test_a_signature_survives_storage() -> None:
    rows = sketch([ARTICLE, "短", ""])
    assert rows.shape == (3, WIDTH)
    assert np.array_equal(from_bytes(to_bytes(rows)), rows)


def test_a_row_of_another_layout_is_refused() -> None:
    with pytest.raises(ValueError, match="sketch the text again"):
        from_bytes([b"\x00" * 8])
    with pytest.raises(ValueError, match="expected"):
        RepostIndex().find(np.zeros((1, 3), np.uint32), [NOON])


def test_a_batch_gives_the_same_rows_as_one_by_one() -> None:
    texts = [ARTICLE, "", WARNING, "a", OUTAGE, TAIL]
    single = np.concatenate([sketch([text]) for text in texts])
    assert np.array_equal(sketch(texts), single)


def test_an_empty_text_has_no_runs_and_no_facts() -> None:
    row = sketch([""])[0]
    assert (row[:SLOTS] == EMPTY).all()
    assert row[FACT_COUNT] == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=6))
def test_any_text_can_be_sketched_and_equals_itself(texts: list[str]) -> None:
    rows = sketch(texts)
    scores = similarity(rows, rows)
    assert set(scores.tolist()) <= {0.0, 1.0}


def test_the_chain_of_copies_leads_to_the_first() -> None:
    index = RepostIndex()
    index.find_and_add(["first"], sketch([ARTICLE]), [NOON])
    second = edited(ARTICLE, 0.1, 1)
    index.find_and_add(["second"], sketch([second]), [NOON + timedelta(hours=1)])
    (match,) = index.find(sketch([edited(second, 0.1, 2)]), [NOON + timedelta(hours=2)])
    assert match is not None
    assert match.original == "first"


def test_copies_within_one_batch_are_found() -> None:
    index = RepostIndex()
    other = WARNING.format(place="青林区", day=1, hour=2, minute=3)
    matches = index.find_and_add(
        ["a", "b", "c"], sketch([ARTICLE, other, ARTICLE + TAIL]), [NOON] * 3
    )
    assert [match.original if match else None for match in matches] == [None, None, "a"]


def test_the_best_of_several_notices_is_the_original() -> None:
    index = RepostIndex()
    days = [str(day) for day in range(1, 20)]
    notices = [OUTAGE.format(road="文化路", day=day, hour=8, estate="锦绣") for day in days]
    index.add(days, sketch(notices), [NOON] * len(days))
    (match,) = index.find(sketch(["大家注意了，" + notices[6]]), [NOON])
    assert match is not None
    assert match.original == "7"


def test_a_mention_crawled_again_is_no_repost_of_itself() -> None:
    index = RepostIndex()
    index.find_and_add(["a"], sketch([ARTICLE]), [NOON])
    assert index.find_and_add(["a"], sketch([ARTICLE + TAIL]), [NOON]) == [None]


def test_a_text_out_of_the_window_is_forgotten() -> None:
    index = RepostIndex(window=timedelta(days=30))
    index.find_and_add(["a"], sketch([ARTICLE]), [NOON])
    inside, outside = NOON + timedelta(days=30), NOON + timedelta(days=30, seconds=1)
    assert index.find(sketch([ARTICLE]), [inside]) != [None]
    assert index.find(sketch([ARTICLE]), [outside]) == [None]


def test_the_capacity_bounds_the_index_and_keeps_the_newest() -> None:
    index = RepostIndex(capacity=10_000)
    chance = np.random.default_rng(3)
    for part in range(12):
        rows = chance.integers(0, 2**32 - 1, (2_000, WIDTH), dtype=np.uint32)
        rows[:, LENGTH] = 400
        index.add([f"{part}-{n}" for n in range(2_000)], rows, [NOON] * 2_000)
    assert 10_000 <= len(index) <= 10_000 + 2 * 2_048 * 8
    last = index.find(rows[::100], [NOON] * 20)
    assert [match.original if match else None for match in last] == [
        f"11-{n}" for n in range(0, 2_000, 100)
    ]
    index.add(["a"], sketch([ARTICLE]), [NOON])
    (match,) = index.find(sketch([ARTICLE]), [NOON])
    assert match is not None
    assert match.original == "a"


def test_an_index_rebuilt_from_stored_rows_answers_as_before() -> None:
    texts = [ARTICLE, OUTAGE.format(road="文化路", day=1, hour=8, estate="锦绣"), ARTICLE + TAIL]
    ids, times, rows = ["a", "b", "c"], [NOON] * 3, sketch(texts)
    before = RepostIndex()
    matches = before.find_and_add(ids, rows, times)
    after = RepostIndex()
    originals = [match.original if match else None for match in matches]
    after.add(ids, from_bytes(to_bytes(rows)), times, originals)
    asked = sketch(
        [edited(ARTICLE, 0.15, 9), texts[1] + "（转）", "青林区今天天气不错适合出门散步"]
    )
    assert before.find(asked, times) == after.find(asked, times)
    assert len(before) == len(after) == 3


def test_many_small_batches_answer_as_one_large_one() -> None:
    chance = np.random.default_rng(5)
    rows = chance.integers(0, 2**32 - 1, (500, WIDTH), dtype=np.uint32)
    ids, times = [str(n) for n in range(500)], [NOON] * 500
    large, small = RepostIndex(), RepostIndex()
    large.add(ids, rows, times)
    for at in range(0, 500, 7):
        small.add(ids[at : at + 7], rows[at : at + 7], times[at : at + 7])
    assert large.find(rows[::50], times[::50]) == small.find(rows[::50], times[::50])

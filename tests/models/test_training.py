"""Training on a small data folder made here, comparing, promoting, rolling back."""

from __future__ import annotations

import random
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
from sklearn.svm import LinearSVC

from models.classifier import Classifier, load, straightened
from models.features import BLOCKS
from models.labels import HEADS, LABELS
from models.training import train
from models.training_compare import (
    Comparison,
    Figure,
    HeadComparison,
    Held,
    evaluate,
    held_corrections,
    held_rows,
    may_promote,
)
from models.training_corpus import (
    HELD_PART,
    PARTS,
    SECOND_WEIGHT,
    SECOND_WEIGHTS,
    SENTIMENT_SETS,
    Corpus,
    part_of,
    read_corpus,
)
from models.training_fit import (
    Linear,
    Machine,
    blended,
    calibration,
    calibration_curve,
    fitted,
    softmax,
    term_ratio,
)
from models.training_made import Made, Written, packaged_made, text_id
from models.training_metrics import (
    best_lifts,
    calibration_error,
    expected_macro_f1,
    macro_f1,
    quality,
)
from models.training_vectors import counted, vocabulary, weighed
from models.weight_files import Arrays, Block, Manifest, WeightsError
from models.weight_versions import promote, roll_back, service_folder

MATTERS = {
    "transport": ("公交车等了很久", "路口红绿灯坏了", "地铁什么时候开通", "马路上天天堵车"),
    "environment": ("工厂排放废气", "河水又黑又臭", "夜里噪音很大", "垃圾站味道难闻"),
    "health": ("医院看病难", "疫苗什么时候能打", "卫生院医生态度差", "医药费太贵"),
}
ASKS = {
    "complaint": ("negative", "没有人管，强烈投诉，望解决"),
    "consult": ("neutral", "请问应该怎么办理，谢谢"),
    "suggestion": ("neutral", "建议尽快增加，希望采纳"),
}
MADE = Made(
    readings={"g2-0": ({"topic": "health", "official_topic": "卫生计生"},)},
    texts=(Written("社区食堂的菜价涨了，建议公示", "citizen_message", {"topic": "elderly_care"}),),
)
ARTICLES = {
    "eventmonitor_events": "新桥昨日通车，记者在现场看到车流平稳，交警在两端值守",
    "cec_emergency": "山区昨晚发生泥石流，救援人员已赶到，道路正在抢通",
}
TITLES = ("新桥通车", "两车相撞", "明日降温", "新桥通车")
PRAISE = {"positive": "真好很满意喜欢", "negative": "太差了失望生气", "neutral": "今天发布通知"}


def gold_rows(size: int, seed: int) -> list[dict[str, str | int | None]]:
    draw = random.Random(seed)  # test rows, no secret
    rows = []
    for i in range(size):
        topic, appeal = draw.choice(list(MATTERS)), draw.choice(list(ASKS))
        sentiment, ask = ASKS[appeal]
        place = f"第{i}号{draw.choice('东南西北')}街"
        urgent = "有生命危险，" if i % 5 == 0 else ""
        text = f"{place}{draw.choice(MATTERS[topic])}。{urgent}{draw.choice(MATTERS[topic])}，{ask}"
        rows.append(
            {
                "uid": f"g{seed}-{i}",
                "text": text,
                "kind": "news" if i % 10 == 0 else "citizen_message",
                "topic": topic,
                "sentiment": sentiment,
                "appeal": appeal,
                "urgency": 2 if urgent else 0,
            }
        )
    return rows


def write(folder: Path, name: str, rows: list[dict[str, str | int | None]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")


def make_data(folder: Path) -> Path:
    draw = random.Random(7)  # test rows, no secret
    write(folder, "gold_feedback_dev", gold_rows(600, 1))
    write(folder, "citizen_messages_unlabelled", gold_rows(60, 2))
    official = [
        {"text": row["text"], "label": "交通运输" if row["topic"] == "transport" else "卫生计生"}
        for row in gold_rows(200, 3)
    ]
    write(folder, "taidi2020c_fj2_topics", official)
    write(folder, "taidi2020c_fj1_taxonomy", [{"text": "交通运输/公交", "label": "交通运输"}])
    write(folder, "thucnews_titles", [{"text": title} for title in TITLES])
    for name, text in ARTICLES.items():
        write(folder, name, [{"text": text}])
    for chosen in SENTIMENT_SETS:
        rows = [
            {
                "text": f"{chosen.domain}{i}，{PRAISE[chosen.meaning[label]]}{draw.random():.6f}",
                "label": label,
                "cat": "酒店" if i % 5 == 0 else "书籍",
            }
            for i in range(150)
            for label in [draw.choice(sorted(chosen.meaning))]
        ]
        write(folder, chosen.file, rows)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "weights"
    train(data, out, made=MADE)
    return out


def test_training_learns_what_the_rows_say(data: Path, trained: Path) -> None:
    model = load(trained)
    unseen = gold_rows(100, 99)
    scores = model.score([str(row["text"]) for row in unseen], [str(row["kind"]) for row in unseen])
    assert (scores.topic.label == [row["topic"] for row in unseen]).mean() > 0.95
    assert (scores.appeal.label == [row["appeal"] for row in unseen]).mean() > 0.95
    assert (scores.urgency.best == [row["urgency"] for row in unseen]).mean() > 0.95


def test_the_same_rows_give_the_same_weights(data: Path, trained: Path, tmp_path: Path) -> None:
    train(data, tmp_path / "again", made=MADE)
    for name in ("arrays.npz", "manifest.json"):
        assert (tmp_path / "again" / name).read_bytes() == (trained / name).read_bytes()


def test_arrays_lie_in_the_same_order_in_every_process(trained: Path) -> None:
    names = zipfile.ZipFile(trained / "arrays.npz").namelist()
    assert names == sorted(names)


def test_corrections_teach(data: Path, tmp_path: Path) -> None:
    texts = [f"第{i}户的廊桥怪鸟又飞来了，请处理" for i in range(60)]
    rows = [
        {"text": text, "kind": "citizen_message", "head": "topic", "label": "natural_resources"}
        for text in texts
    ]
    train(data, tmp_path / "corrected", pa.Table.from_pylist(rows), made=MADE)
    scores = load(tmp_path / "corrected").score(["廊桥怪鸟又来了，请处理"], ["citizen_message"])
    assert scores.topic.label[0] == "natural_resources"


def test_progress_is_told_step_by_step(data: Path, tmp_path: Path) -> None:
    told: list[str] = []
    report = train(data, tmp_path / "out", None, told.append, MADE)
    assert any("topic" in step for step in told)
    assert report.version == load(tmp_path / "out").version
    assert report.quality["topic"].accuracy > 0.9


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gold_feedback_dev"):
        train(tmp_path, tmp_path / "out")


def test_numpy_inference_equals_the_trained_estimator() -> None:
    rows = gold_rows(400, 5)
    texts = [str(row["text"]) for row in rows]
    y = np.array([sorted(MATTERS).index(str(row["topic"])) for row in rows])
    counts = counted(texts)
    chosen = vocabulary(counts, np.ones((BLOCKS, len(texts))), np.array([], dtype=np.int64))
    vectors = weighed(counts, chosen)
    machine = LinearSVC(random_state=0).fit(vectors, y)
    scale = np.abs(machine.coef_).max(axis=1) / 127
    arrays = Arrays(
        buckets=chosen.buckets.astype(np.uint32),
        idf=chosen.idf,
        weights=np.round(machine.coef_ / scale[:, None]).astype(np.int8).T.copy(),
        scale=scale.astype(np.float32),
        bias=machine.intercept_.astype(np.float32),
        kind_bias=np.zeros((3, 3), dtype=np.float32),
    )
    manifest = Manifest(
        version="test",
        blocks=(Block(name="topic", labels=tuple(sorted(MATTERS))),),
        domain_kinds=(),
        at_least={},
    )
    other = [str(row["text"]) for row in gold_rows(200, 6)]
    expected = machine.decision_function(weighed(counted(other), chosen))
    found = Classifier(manifest, arrays).logits(other)
    # A weight is off by half a step of int8 at most, and a row's vector is 1.3 long.
    assert np.abs(found - expected).max() < 0.05
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_a_part_depends_on_the_words_alone() -> None:
    simplified, traditional, spaced = "市区公交线路调整", "市區公交線路調整", "市区 公交 线路 调整"
    assert len({int(part) for part in part_of([simplified, traditional, spaced])}) == 1
    sizes = np.bincount(part_of([f"第{i}条" for i in range(2000)]), minlength=PARTS)
    assert sizes.min() > 120


def test_packaged_readings_hold_no_text_and_are_labels() -> None:
    for identity, readings in packaged_made().readings.items():
        assert identity.isascii()
        for labels in readings:
            assert labels
            assert all(labels[head] in LABELS[head] for head in HEADS if head in labels)


def test_packaged_texts_are_written_once_and_labelled_in_words_of_the_product() -> None:
    texts = packaged_made().texts
    assert len({written.text for written in texts}) == len(texts)
    for _, kind, labels in texts:
        assert kind in {"citizen_message", "news", "post"}
        assert labels
        assert all(labels[head] in LABELS[head] for head in HEADS if head in labels)


def taught(corpus: Corpus, task: str, text: str) -> list[tuple[str, float, bool]]:
    """Return label, weight and whether it judges, of every row of a text in a task."""
    found = corpus.task(task)
    at = [i for i, row in enumerate(found.rows) if corpus.texts[row] == text]
    return [(found.labels[found.y[i]], float(found.weights[i]), bool(found.judged[i])) for i in at]


def gold_with(data: Path, *readings: dict[str, str]) -> tuple[Corpus, str, str]:
    """Return the corpus when readers gave the second gold row labels; its text and gold topic."""
    row = gold_rows(600, 1)[1]
    made = Made(readings={str(row["uid"]): readings}, texts=())
    return read_corpus(data, made=made), str(row["text"]), str(row["topic"])


def test_a_reader_who_disagrees_with_gold_teaches_half_and_never_judges(data: Path) -> None:
    corpus, text, gold = gold_with(data, {"topic": "finance"})
    assert taught(corpus, "topic", text) == [
        (gold, 1.0, True),
        ("finance", SECOND_WEIGHT, False),
    ]


def test_readers_who_agree_are_one_row_of_more_weight(data: Path) -> None:
    gold = str(gold_rows(600, 1)[1]["topic"])
    corpus, text, _ = gold_with(data, {"topic": gold}, {"topic": gold})
    assert taught(corpus, "topic", text) == [(gold, 1 + 2 * SECOND_WEIGHT, True)]


def test_the_first_reader_of_a_message_without_labels_counts_whole(data: Path) -> None:
    row = gold_rows(60, 2)[3]
    read = ({"topic": "finance"}, {"topic": "health", "appeal": "thanks"})
    corpus = read_corpus(data, made=Made(readings={str(row["uid"]): read}, texts=()))
    assert taught(corpus, "topic", str(row["text"])) == [
        ("finance", 1.0, False),
        ("health", SECOND_WEIGHT, False),
    ]
    assert taught(corpus, "appeal", str(row["text"])) == [("thanks", 1.0, False)]


@pytest.mark.parametrize(
    ("file", "kind", "domain"),
    [
        ("bdci2019_news_sentiment", "news", "news"),
        ("smp2020_virus", "post", "crisis_post"),
    ],
)
def test_a_reader_of_a_set_counts_half_beside_the_set(
    data: Path, file: str, kind: str, domain: str
) -> None:
    rows = pq.read_table(data / f"{file}.parquet").to_pylist()
    text = next(row["text"] for row in rows if "喜欢" in row["text"])
    read = {"topic": "finance", "sentiment": "neutral"}
    made = Made(readings={text_id(kind, text): (read,)}, texts=())
    corpus = read_corpus(data, made=made)
    assert taught(corpus, f"sentiment/{domain}", text) == [
        ("positive", 1.0, True),
        ("neutral", SECOND_WEIGHTS.get(f"sentiment/{domain}", SECOND_WEIGHT), False),
    ]
    assert taught(corpus, "topic", text) == [("finance", 1.0, False)]


def test_a_title_teaches_the_expert_of_news_when_a_reader_told_its_sentiment(data: Path) -> None:
    read = {text_id("news", TITLES[0]): ({"sentiment": "positive"},)}
    corpus = read_corpus(data, made=Made(readings=read, texts=()))
    assert taught(corpus, "sentiment/news", TITLES[0]) == [("positive", 1.0, False)]
    assert corpus.texts.count(TITLES[0]) == 1
    assert TITLES[1] not in corpus.texts


def test_an_article_asks_nothing(data: Path) -> None:
    corpus = read_corpus(data, made=Made(readings={}, texts=()))
    for text in ARTICLES.values():
        assert taught(corpus, "appeal", text) == [("other", 0.5, False)]


def test_written_texts_always_teach_and_never_judge(data: Path) -> None:
    texts = tuple(Written(f"第{'零' * i}处", "news", {"sentiment": "positive"}) for i in range(40))
    corpus = read_corpus(data, made=Made(readings={}, texts=texts))
    of = {text: row for row, text in enumerate(corpus.texts)}
    assert all(corpus.parts[of[written.text]] != HELD_PART for written in texts)
    assert taught(corpus, "sentiment/news", texts[0].text) == [("positive", 1.0, False)]


def test_hotel_reviews_of_the_shop_teach_the_expert_of_hotels(data: Path) -> None:
    shop = pq.read_table(data / "online_shopping_10_cats.parquet").to_pylist()
    hotel = next(row["text"] for row in shop if row["cat"] == "酒店")
    book = next(row["text"] for row in shop if row["cat"] == "书籍")
    corpus = read_corpus(data, made=MADE)
    assert taught(corpus, "sentiment/shop_review", hotel) == []
    assert [row[1:] for row in taught(corpus, "sentiment/hotel_review", hotel)] == [
        (SECOND_WEIGHT, False)
    ]
    assert taught(corpus, "sentiment/hotel_review", book) == []


def test_a_renamed_copy_stays_in_the_part_of_its_original(data: Path) -> None:
    corpus = read_corpus(data, made=MADE)
    own = part_of(corpus.texts)
    written = np.isin(corpus.texts, [text.text for text in MADE.texts])
    assert (corpus.parts == own)[~corpus.copies & ~written].all()
    # A copy's own words would put nine in ten of them elsewhere.
    assert (corpus.parts != own)[corpus.copies].mean() > 0.5


def test_the_term_ratio_speaks_for_the_class_an_ngram_is_found_in() -> None:
    rows = sp.csr_matrix(np.array([[2, 0, 1], [1, 0, 1], [0, 3, 1], [0, 1, 1]], dtype=np.float32))
    ratio = term_ratio(rows, np.array([True, True, False, False]), np.ones(4))
    inside, outside = (3 + 0.3) / (5 + 0.9), 0.3 / (6 + 0.9)
    assert ratio[0] == pytest.approx(np.log(inside / outside))
    assert ratio[0] > 0 > ratio[1]
    assert abs(ratio[2]) < 0.2


@pytest.mark.parametrize("machine", [Machine(), Machine(by_ratio=True)])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_fitted_machine_parts_what_can_be_parted(machine: Machine, classes: int) -> None:
    draw = np.random.default_rng(3)
    y = draw.integers(0, classes, 300)
    rows = sp.csr_matrix((np.eye(classes)[y] + draw.random((300, classes)) * 0.5).astype("f4"))
    model = fitted(rows, y, classes + 1, np.ones(300), machine)
    logits = model.logits(rows)
    assert (logits.argmax(axis=1) == y).mean() > 0.97
    # A class without a row is never chosen.
    assert logits[:, classes].max() < logits[:, :classes].max(axis=1).min()


def test_a_blend_is_the_mean_of_its_models() -> None:
    def one(value: float) -> Linear:
        return Linear(
            weights=np.full((2, 2), value, np.float32),
            bias=np.full(2, value),
            kind_bias=np.zeros((3, 2)),
        )

    rows = sp.csr_matrix(np.array([[1.0, 3.0]], dtype=np.float32))
    assert blended([one(1), one(3)]).logits(rows) == pytest.approx(one(2).logits(rows))


def test_calibration_finds_the_temperature() -> None:
    draw = np.random.default_rng(0)
    logits = draw.normal(size=(4000, 3))
    y = np.array([draw.choice(3, p=p) for p in softmax(3 * logits)])
    warmer = calibration(logits, y, np.zeros(4000, dtype=np.int64))
    assert np.diag(warmer.mix) == pytest.approx(np.full(3, 3), rel=0.15)
    assert warmer.mix - np.diag(np.diag(warmer.mix)) == pytest.approx(np.zeros((3, 3)), abs=0.3)


def test_calibration_lets_classes_tell_of_one_another() -> None:
    draw = np.random.default_rng(0)
    logits = 2 * draw.normal(size=(4000, 3))
    # What the first machine says of the second class is half of what the third should say.
    true = logits @ np.array([[1.5, 0, 0], [0, 1.5, 0], [0, 1, 0.5]]).T
    y = np.array([draw.choice(3, p=p) for p in softmax(true)])
    found = calibration(logits, y, np.zeros(4000, dtype=np.int64))
    assert found.mix[2, 1] - found.mix[2, 0] > 0.3
    shares = softmax(found.of(logits, np.zeros(4000, dtype=np.int64)))
    assert np.abs(shares - softmax(true)).mean() < 0.03


def test_an_applied_calibration_is_part_of_the_model() -> None:
    draw = np.random.default_rng(0)
    logits = draw.normal(size=(300, 3))
    kinds = np.arange(300) % 2
    found = calibration(logits, draw.integers(0, 3, 300), kinds)
    plain = Linear(
        weights=draw.normal(size=(3, 5)).astype(np.float32),
        bias=draw.normal(size=3),
        kind_bias=np.zeros((3, 3)),
    )
    rows = sp.csr_matrix(draw.normal(size=(7, 5)))
    applied = found.applied(plain)
    of_kind = applied.logits(rows) + applied.kind_bias[1]
    asked = found.of(plain.logits(rows), np.ones(7, dtype=np.int64))
    assert of_kind == pytest.approx(asked, abs=1e-5)


def test_each_kind_gets_biases_of_its_own() -> None:
    draw = np.random.default_rng(0)
    logits, kinds = draw.normal(size=(4000, 2)), np.arange(4000) % 2
    # What is even for the first kind leans to the second class for the other.
    y = np.array([draw.choice(2, p=p) for p in softmax(logits + np.outer(kinds, [0, 2]))])
    found = calibration(logits, y, kinds)
    leaning = found.kind_bias[:, 1] - found.kind_bias[:, 0]
    assert leaning[1] - leaning[0] == pytest.approx(2, abs=0.4)


def test_a_curve_tells_how_often_the_best_label_is_right() -> None:
    draw = np.random.default_rng(1)
    best = draw.uniform(0.5, 1, 4000).astype(np.float32)
    shares = np.stack([best, 1 - best], axis=1)
    # The model is too sure: the truth lies half way to a coin.
    y = (draw.random(4000) > 0.25 + best / 2).astype(np.int64)
    curve = calibration_curve(shares, y)
    told = straightened(shares, curve)
    assert [y for _, y in curve] == sorted(y for _, y in curve)
    assert calibration_error(told.max(axis=1), told.argmax(axis=1) == y) < 0.03
    assert calibration_error(shares.max(axis=1), shares.argmax(axis=1) == y) > 0.1
    assert np.allclose(told.sum(axis=1), 1)


def test_too_few_rows_draw_no_curve() -> None:
    assert calibration_curve(np.full((100, 2), 0.5), np.zeros(100, dtype=np.int64)) == ()


def test_metrics_of_known_cases() -> None:
    y = np.repeat([0, 1], [90, 10])
    assert macro_f1(y, y, 3) == 1.0
    assert macro_f1(np.zeros(100, dtype=np.int64), y, 3) == pytest.approx((2 * 90 / 190) / 2)
    assert macro_f1(np.zeros(4, dtype=np.int64), np.zeros(4, dtype=np.int64), 2) == 0.0
    assert calibration_error(np.full(100, 0.75), np.arange(100) < 75) == pytest.approx(0)
    shares = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])
    assert quality(shares, np.array([0, 1])).accuracy == 0.5


def test_classes_have_their_own_figures_when_they_have_five_rows() -> None:
    y = np.repeat([0, 1, 2], [90, 10, 4])
    chosen = np.where(y == 1, np.arange(104) % 2, 0)
    found = quality(np.eye(3)[chosen], y).figures(("a", "b", "c"))
    assert found["f1/b"] == pytest.approx(2 * 5 / (10 + 5))
    assert "f1/c" not in found
    assert found["macro_f1"] == pytest.approx((found["f1/a"] + found["f1/b"]) / 2)


def test_lifts_help_a_rare_class_and_leave_a_clear_case_alone() -> None:
    shares = np.vstack([np.tile([0.97, 0.03], (95, 1)), np.tile([0.6, 0.4], (20, 1))])
    rare = (shares * best_lifts(shares)).argmax(axis=1)
    assert rare.tolist() == [0] * 95 + [1] * 20
    clear = np.eye(2)[np.repeat([0, 1], [60, 40])] * 0.9 + 0.05
    assert best_lifts(clear) == (1.0, 1.0)


def test_expected_f1_is_the_f1_that_true_probabilities_give() -> None:
    draw = np.random.default_rng(2)
    shares = softmax(draw.normal(size=(40_000, 3)) * 2 + [1.5, 0, -1.5])
    y = (draw.random(40_000)[:, None] > shares.cumsum(axis=1)).sum(axis=1)
    lifts = (1.0, 1.3, 2.9)
    found = macro_f1((shares * lifts).argmax(axis=1), y, 3)
    assert expected_macro_f1(shares, lifts) == pytest.approx(found, abs=0.01)


def test_a_model_does_not_replace_itself(data: Path, trained: Path) -> None:
    model = load(trained)
    verdict = may_promote(evaluate(model, model, held_rows(data)))
    assert not verdict.promote
    assert "相同" in verdict.reason


def test_held_rows_are_judged_with_intervals(data: Path, trained: Path) -> None:
    model = load(trained)
    corrections = pa.Table.from_pylist(
        [
            {"text": f"第{i}路公交车等了很久", "kind": None, "head": "topic", "label": "transport"}
            for i in range(60)
        ]
    )
    comparison = evaluate(model, model, held_rows(data), corrections)
    topic = next(head for head in comparison.held if head.head == "topic")
    assert topic.candidate_accuracy.low <= topic.candidate_accuracy.value
    assert topic.candidate_accuracy.value <= topic.candidate_accuracy.high
    assert (topic.p, topic.gain.value) == (1.0, 0.0)
    assert [head.head for head in comparison.corrections] == ["topic"]
    assert comparison.corrections[0].rows == len(held_corrections(corrections)[0].texts)


def compared(only_candidate: int, only_service: int, p: float, rows: int = 400) -> Comparison:
    flat = Figure(value=0.8, low=0.7, high=0.9)
    gain = (only_candidate - only_service) / rows
    head = HeadComparison(
        head="topic",
        rows=rows,
        candidate_accuracy=flat,
        service_accuracy=flat,
        candidate_macro_f1=flat,
        service_macro_f1=flat,
        gain=Figure(value=gain, low=gain, high=gain),
        only_candidate=only_candidate,
        only_service=only_service,
        p=p,
    )
    return Comparison(candidate="new", service="old", held=(head,), corrections=())


def test_what_is_not_worse_is_promoted() -> None:
    assert may_promote(compared(30, 10, 0.002)).promote
    assert may_promote(compared(10, 11, 1.0)).promote


def test_what_is_worse_beyond_chance_is_refused_with_the_counts() -> None:
    verdict = may_promote(compared(10, 30, 0.002))
    assert not verdict.promote
    assert "30" in verdict.reason
    assert "话题" in verdict.reason


def test_a_loss_on_average_is_refused_even_by_chance() -> None:
    assert not may_promote(compared(10, 14, 0.54)).promote


def test_a_loss_on_corrections_is_refused() -> None:
    good, bad = compared(30, 10, 0.002), compared(0, 12, 0.001)
    assert not may_promote(replace(good, corrections=bad.held)).promote


def test_too_few_held_rows_prove_nothing() -> None:
    assert not may_promote(compared(9, 0, 0.004, rows=99)).promote


def test_a_held_row_set_can_be_made_by_hand(trained: Path) -> None:
    held = Held(
        head="topic", texts=("公交车等了很久",), kinds=("citizen_message",), labels=("transport",)
    )
    model = load(trained)
    assert evaluate(model, model, [held]).held[0].candidate_accuracy.value == 1.0


def test_promoting_keeps_the_earlier_model_and_rolls_back(trained: Path, tmp_path: Path) -> None:
    assert service_folder(tmp_path) is None
    version = promote(trained, tmp_path)
    folder = service_folder(tmp_path)
    assert folder is not None
    assert load(folder).version == version
    assert promote(trained, tmp_path) == version
    assert roll_back(tmp_path) is None
    assert service_folder(tmp_path) is None
    with pytest.raises(WeightsError, match="nothing to roll back"):
        roll_back(tmp_path)


def test_a_damaged_candidate_is_not_promoted(trained: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    bad.mkdir()
    for name in ("manifest.json", "arrays.npz"):
        (bad / name).write_bytes((trained / name).read_bytes())
    arrays = bytearray((bad / "arrays.npz").read_bytes())
    arrays[-2000] ^= 1
    (bad / "arrays.npz").write_bytes(bytes(arrays))
    with pytest.raises(WeightsError, match="hash"):
        promote(bad, tmp_path / "service")
    assert service_folder(tmp_path / "service") is None

"""The packaged model: its files, its borders, and what it must understand case by case."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.classifier import (
    Classifier,
    ScoreLineError,
    load,
    packaged_classifier,
    parse_score_line,
    score_batch,
)
from models.evidence import PHRASE_LEAST, SLIGHT
from models.labels import HEADS, KINDS, LABELS, TOPICS, UNCLASSIFIED, label_zh
from models.weight_files import ARRAYS, MANIFEST, WeightsError, packaged, read_weights

MESSAGE = "C4市二中路口每天上下学堵车严重，多次反映没有人管，请交警部门尽快处理！"
TEXTS = (
    MESSAGE,
    "请问申请公租房需要哪些材料？",
    "市中心医院新院区今天正式启用",
    "这家店太难吃了，再也不来",
    "",
)


@pytest.fixture(scope="module")
def model() -> Classifier:
    return packaged_classifier()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for name in (ARRAYS, MANIFEST):
        (tmp_path / name).write_bytes((packaged() / name).read_bytes())
    return tmp_path


def test_weights_fit_the_repository() -> None:
    assert sum(len((packaged() / name).read_bytes()) for name in (ARRAYS, MANIFEST)) < 20_000_000


def test_a_copy_of_the_weights_scores_alike(model: Classifier, copied: Path) -> None:
    again = load(copied)
    assert again.version == model.version
    assert (again.score(TEXTS).topic.probabilities == model.score(TEXTS).topic.probabilities).all()


@pytest.mark.parametrize("place", [200, 100_000, -300])
def test_a_changed_array_byte_is_refused(copied: Path, place: int) -> None:
    raw = bytearray((copied / ARRAYS).read_bytes())
    raw[place] ^= 1
    (copied / ARRAYS).write_bytes(bytes(raw))
    with pytest.raises(WeightsError, match="hash differs"):
        load(copied)


def test_a_changed_manifest_is_refused(copied: Path) -> None:
    text = (copied / MANIFEST).read_text(encoding="utf-8")
    (copied / MANIFEST).write_text(text.replace("negative", "positive", 1), encoding="utf-8")
    with pytest.raises(WeightsError, match="changed"):
        load(copied)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1}', "\x00"])
def test_what_is_no_manifest_is_refused_in_one_line(copied: Path, content: str) -> None:
    (copied / MANIFEST).write_text(content, encoding="utf-8")
    with pytest.raises(WeightsError) as refused:
        load(copied)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", [ARRAYS, MANIFEST])
def test_a_missing_file_is_named(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(WeightsError, match=re.escape(name)):
        load(copied)


def test_no_module_reads_pickles() -> None:
    for path in Path(str(packaged())).parent.glob("*.py"):
        code = path.read_text(encoding="utf-8")
        assert not re.search(r"allow_pickle=True|import (pickle|joblib)|from joblib", code), path


def test_every_label_has_a_name_for_officers() -> None:
    for head in HEADS:
        for label in (*LABELS[head], UNCLASSIFIED):
            assert label_zh(head, label)
    assert len(TOPICS) == 39


def test_probabilities_sum_to_one_in_label_order(model: Classifier) -> None:
    scores = model.score(TEXTS)
    for head in HEADS:
        found = scores.head(head)
        assert found.classes == tuple(LABELS[head])
        assert found.probabilities.dtype == np.float32
        assert np.allclose(found.probabilities.sum(axis=1), 1, atol=1e-5)


def test_no_texts_give_no_rows(model: Classifier) -> None:
    scores = model.score([])
    assert scores.topic.probabilities.shape == (0, 39)
    assert list(model.describe([], [])) == []


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u200b", "☃"])
def test_a_text_without_words_is_unclassified(model: Classifier, text: str) -> None:
    scores = model.score([text])
    for head in ("sentiment", "topic", "appeal"):
        assert scores.head(head).label[0] == UNCLASSIFIED
    assert scores.urgency.best[0] == 0
    assert model.explain(text) == ()


def test_a_text_scores_alike_alone_and_in_a_batch(model: Classifier) -> None:
    many = [f"{text}{i}" for i in range(300) for text in TEXTS[:4]]
    together, alone = model.score(many), model.score([many[777]])
    for head in HEADS:
        a, b = together.head(head).probabilities[777], alone.head(head).probabilities[0]
        assert np.allclose(a, b, atol=1e-5)


@pytest.mark.parametrize(
    "written",
    [
        "C4市二中路口每天上下學堵車嚴重，多次反映沒有人管，請交警部門盡快處理！",
        "C4市 二中 路口 每天 上下学 堵车 严重，多次 反映 没有人管，请 交警 部门 尽快 处理！",
        " ".join(MESSAGE),
        "Ｃ４市二中路口每天上下学堵车严重，多次反映没有人管，请交警部门尽快处理！",
        "C4市二中路口每天上下学堵车严重，多次反映没有人管，\r\n请交警部门尽快处理！\u200b",
        "A12市二中路口每天上下学堵车严重，多次反映没有人管，请交警部门尽快处理！",
    ],
    ids=["traditional", "spaced words", "spaced characters", "full width", "broken", "other mask"],
)
def test_the_same_words_score_alike_however_written(model: Classifier, written: str) -> None:
    kinds = ["citizen_message"] * 2
    scores = model.score([MESSAGE, written], kinds)
    for head in HEADS:
        plain, other = scores.head(head).probabilities
        assert np.allclose(plain, other, atol=1e-5)


def test_a_given_kind_is_kept_and_a_missing_one_is_judged(model: Classifier) -> None:
    assert list(model.score([MESSAGE] * 3, KINDS).kind) == list(KINDS)
    assert model.score([MESSAGE]).kind[0] == "citizen_message"
    assert model.score([MESSAGE], [None]).kind[0] == "citizen_message"


def test_a_table_goes_in_and_a_table_comes_out(model: Classifier) -> None:
    table = pa.table({"text": list(TEXTS), "kind": ["citizen_message", None, "news", "post", None]})
    out = score_batch(table)
    assert out.num_rows == len(TEXTS)
    assert out.schema.field("urgency").type == pa.int8()
    scores = model.score(TEXTS, table["kind"].to_pylist())
    assert out["topic"].to_pylist() == list(scores.topic.label)
    assert np.allclose(out["topic_p"].to_numpy(), scores.topic.probability)
    assert set(out["model"].to_pylist()) == {model.version}
    assert score_batch(table.select(["text"])).num_rows == len(TEXTS)


def test_an_empty_table_keeps_its_columns() -> None:
    empty = pa.table({"text": pa.array([], pa.string()), "kind": pa.array([], pa.string())})
    assert (
        score_batch(empty).schema == score_batch(pa.table({"text": ["a"], "kind": ["post"]})).schema
    )


def lifted(copied: Path, block: str, lifts: tuple[float, ...]) -> Classifier:
    """Return the packaged model with other lifts of one block."""
    manifest, arrays = read_weights(copied)
    return Classifier(replace(manifest, lifts={**manifest.lifts, block: lifts}), arrays)


def test_lifts_of_an_expert_choose_and_leave_probabilities_alone(
    model: Classifier, copied: Path
) -> None:
    cheerful = lifted(copied, "sentiment/news", (1.0, 1.0, 1e6))
    plain, found = (m.score([MESSAGE, MESSAGE], ["news", "post"]) for m in (model, cheerful))
    assert found.sentiment.best.tolist() == [2, plain.sentiment.best[1]]
    assert (found.sentiment.probabilities == plain.sentiment.probabilities).all()


def test_lifts_chosen_on_messages_are_for_messages_alone(model: Classifier, copied: Path) -> None:
    alarmed = lifted(copied, "urgency", (1.0, 1.0, 1e6))
    text = "送水车开进街道，志愿者帮助老人把水送上楼"
    plain, found = (m.score([text] * 3, KINDS) for m in (model, alarmed))
    of_message = KINDS.index("citizen_message")
    assert found.urgency.best[of_message] == 2
    others = [i for i in range(3) if i != of_message]
    assert (found.urgency.best[others] == plain.urgency.best[others]).all()


@pytest.mark.parametrize(("topic", "words"), [("health", "医卫院"), ("transport", "公交车")])
def test_evidence_speaks_for_the_label_that_was_chosen(
    copied: Path, topic: str, words: str
) -> None:
    lifts = tuple(1e9 if one == topic else 1.0 for one in TOPICS)
    chosen = lifted(copied, "topic", lifts)
    found = chosen.explain("公交车一个小时不来，卫生院的医生也不在", KINDS[0])
    strongest = next(one.phrase for one in found if one.head == "topic")
    assert set(strongest) & set(words)


def test_evidence_names_the_words_of_the_matter(model: Classifier) -> None:
    found = model.explain(MESSAGE, "citizen_message")
    assert {evidence.head for evidence in found} == set(HEADS)
    topic = "".join(evidence.phrase for evidence in found if evidence.head == "topic")
    assert "堵车" in topic or "交警" in topic or "路口" in topic


def test_a_name_is_never_a_reason() -> None:
    found = load().explain("请问碧玉小区的电梯坏了怎么办，已告诉王局长", KINDS[0])
    told = "".join(evidence.phrase for evidence in found)
    assert "电梯" in told
    assert not set("碧玉王") & set(told)


def test_reasons_are_phrases_and_carry_weight() -> None:
    found = load().explain("阳光小区电梯坏了一个月没人修，业主被困半小时，请尽快处理", KINDS[0])
    assert all(len(evidence.phrase) >= PHRASE_LEAST for evidence in found)
    for head in HEADS:
        weights = [evidence.weight for evidence in found if evidence.head == head]
        assert weights == sorted(weights, reverse=True)
        assert all(weight >= SLIGHT for weight in weights[1:])


def test_evidence_points_into_the_text_as_written(model: Classifier) -> None:
    text = "請　問：公 租 房\n怎麼申請？&nbsp;謝謝"
    for evidence in model.explain(text, "citizen_message"):
        assert text[evidence.start : evidence.end] == evidence.phrase
        assert 0 < evidence.weight <= 1


@given(st.text(max_size=80))
@settings(max_examples=60, deadline=None)
def test_any_text_is_scored_and_explained(text: str) -> None:
    model = packaged_classifier()
    scores = model.score([text])
    assert np.isfinite(scores.topic.probabilities).all()
    for evidence in model.explain(text):
        assert text[evidence.start : evidence.end] == evidence.phrase


def test_described_lines_are_json_with_everything(model: Classifier) -> None:
    lines = list(model.describe(TEXTS[:2], ["a", 7]))
    assert [line["id"] for line in lines] == ["a", 7]
    again = json.loads(json.dumps(lines[0], ensure_ascii=False))
    assert set(again) >= {"sentiment", "topic", "appeal", "urgency", "evidence", "model"}
    assert set(again["probabilities"]) == set(HEADS)
    assert set(again["probabilities"]["topic"]) == set(TOPICS)
    assert again["urgency"] in {0, 1, 2}


def test_a_score_line_is_read() -> None:
    request = parse_score_line('{"id": 3, "text": "好", "kind": "post"}', 1)
    assert (request.id, request.text, request.kind) == (3, "好", "post")
    assert parse_score_line('{"id": "x", "text": ""}', 1).kind is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "3",
        "{}",
        '{"id": "1"}',
        '{"text": "a"}',
        '{"id": 1, "text": 5}',
        '{"id": true, "text": "a"}',
        '{"id": 1, "text": "a", "kind": "letter"}',
    ],
)
def test_a_bad_score_line_is_told_by_its_number(line: str) -> None:
    with pytest.raises(ScoreLineError, match=r"^line 12: [^\n]+$"):
        parse_score_line(line, 12)

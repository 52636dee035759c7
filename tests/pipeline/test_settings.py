"""Every mistake in the configuration is one line that says where and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.heat import HeatWeights
from models.records import MediaTier
from pipeline.plugins import kinds
from pipeline.positions import ConfigurationError, read_yaml
from pipeline.settings import json_schema, load

GOOD = """
region: {name: 清岚区}
sources:
  - {name: a, kind: feed, url: "http://127.0.0.1/feed"}
"""


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "yuqing.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load(path)
    return [line.replace(f"{path}:", "") for line in error.value.problems]


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "yuqing.yaml"
    path.write_text(GOOD, encoding="utf-8")
    loaded = load(path)
    assert [s.name for s in loaded.active_sources()] == ["a"]
    assert loaded.database == tmp_path / "data" / "yuqing.duckdb"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "region: {name: x}\nsources:\n  - {name: a, kind: fed}\nrules:\n"
        "  - {name: r, kind: threshold, at_lest: 3}\nfoo: 1\n",
    )
    assert any(line.startswith("3:5: sources[0]: unknown kind 'fed'; there is:") for line in found)
    assert "5:5: rules[0].at_least: this setting is required" in found
    assert any(
        line.startswith("5:41: rules[0].at_lest: there is no such setting") for line in found
    )
    assert any(line.startswith("6:6: foo:") for line in found)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("region: [\n", "2:1: not valid YAML"),
        ("a: 1\na: 2\n", "2:1: not valid YAML: key 'a' appears twice"),
        ("- 1\n", "1:1: the file must be a mapping"),
        ("", "1:1: region: this setting is required"),
        ("sources: []\n", "1:1: region: this setting is required"),
    ],
    ids=["open-bracket", "key-twice", "a-list", "empty", "nothing-required"],
)
def test_a_broken_file_says_where(tmp_path: Path, text: str, line: str) -> None:
    assert problems(tmp_path, text)[0].startswith(line)


def test_a_file_that_is_not_utf8_says_so(tmp_path: Path) -> None:
    path = tmp_path / "yuqing.yaml"
    path.write_bytes("region: {name: 清岚区}".encode("gb18030"))
    with pytest.raises(ConfigurationError, match="is not UTF-8"):
        load(path)


def test_a_name_must_be_its_own(tmp_path: Path) -> None:
    line = '  - {name: a, kind: feed, url: "http://127.0.0.1/2"}\n'
    assert problems(tmp_path, GOOD + line) == [
        "5:12: sources[1].name: the name 'a' is taken already"
    ]


def test_a_rule_may_not_look_at_what_is_not_defined(tmp_path: Path) -> None:
    text = GOOD + "rules:\n  - {name: r, kind: threshold, at_least: 1, filter: {query: 水}}\n"
    assert problems(tmp_path, text) == [
        "6:61: rules[0].filter.query: there is no query named '水'; there is: none is defined"
    ]


def test_a_broken_watch_query_says_its_column(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD + "watch:\n  queries: {q: '(上街区 OR'}\n")
    assert found[0].startswith("6:16: watch.queries.q:")


def test_telling_needs_a_channel_that_exists(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD + "tell:\n  - {channel: 短信, receivers: [a]}\n")
    assert found == [
        "6:15: tell[0].channel: there is no channel named '短信'; there is: none is defined"
    ]


def test_included_lists_are_joined_and_keep_their_own_lines(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("sources:\n  - {name: b, kind: fed}\n", encoding="utf-8")
    path = tmp_path / "yuqing.yaml"
    path.write_text(GOOD + "include: more.yaml\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load(path)
    assert error.value.problems[0].startswith(f"{tmp_path / 'more.yaml'}:2:5: sources[1]:")


def test_positions_survive_nesting(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a:\n  - b: 1\n    c: [2, 3]\n", encoding="utf-8")
    document = read_yaml(path)
    assert str(document.position(("a", 0, "c", 1))).endswith(":3:12")
    assert str(document.position(("a", 0, "missing"))).endswith(":2:5")


@pytest.mark.parametrize("sort", ["source", "rule", "channel"])
def test_every_kind_is_in_the_schema(sort: str) -> None:
    text = str(json_schema())
    for name, settings in kinds(sort).items():
        assert settings.__name__ in text
        assert settings.model_fields["kind"].annotation.__args__ == (name,)  # type: ignore[union-attr]  # a Literal
        assert settings.model_config["frozen"]
        assert settings.model_config["extra"] == "forbid"


def test_heat_weights_are_the_documented_ones_until_changed_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "yuqing.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert load(path).settings.heat.weights() == HeatWeights()
    path.write_text(f"{GOOD}heat: {{source_each: 2, tier_points: {{county: 7}}}}\n", "utf-8")
    weights = load(path).settings.heat.weights()
    assert weights.source_each == 2
    assert weights.tier_points[MediaTier.COUNTY] == 7
    assert weights.tier_points[MediaTier.CENTRAL] == 15


@pytest.mark.parametrize("wrong", ["source_each: -1", "tier_points: {village: 3}", "fire: 3"])
def test_a_heat_that_would_fall_or_is_unknown_is_refused(tmp_path: Path, wrong: str) -> None:
    (line,) = problems(tmp_path, f"{GOOD}heat: {{{wrong}}}\n")
    assert line.startswith("5:")
    assert f"heat.{wrong.partition(':')[0]}" in line


CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:test
BEGIN:VEVENT
UID:1
SUMMARY:李值班
DTSTART:20260101T000000Z
DTEND:20260102T000000Z
RRULE:FREQ=DAILY
END:VEVENT
END:VCALENDAR
"""


def test_a_duty_calendar_is_a_rota_and_a_broken_one_says_where(tmp_path: Path) -> None:
    path = tmp_path / "yuqing.yaml"
    path.write_text(GOOD + "on_call:\n  calendars: {值班: duty.ics}\n", encoding="utf-8")
    (tmp_path / "duty.ics").write_bytes(CALENDAR.replace("\n", "\r\n").encode())
    loaded = load(path)
    assert [s.name for s in loaded.schedules] == ["值班"]
    assert {shift.person for shift in loaded.schedules[0].shifts} == {"李值班"}
    assert tmp_path / "duty.ics" in loaded.files
    (tmp_path / "duty.ics").unlink()
    found = problems(tmp_path, GOOD + "on_call:\n  calendars: {值班: duty.ics}\n")
    assert found[0].startswith("6:19: on_call.calendars.值班:")

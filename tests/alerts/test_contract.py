"""What every kind of rule and channel must keep, whoever adds one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from pydantic import BaseModel

import alerts.channels
import alerts.rules
from alerts.contract import ChannelSettings, FilterSettings, RuleSettings
from models.records import Level, Window


def kinds(package: Any) -> dict[str, type[BaseModel]]:
    names = [m.name for m in pkgutil.iter_modules(package.__path__) if m.name[0] != "_"]
    return {name: importlib.import_module(f"{package.__name__}.{name}").KIND for name in names}


RULES = kinds(alerts.rules)
CHANNELS = kinds(alerts.channels)
LEAST: dict[str, dict[str, Any]] = {
    "threshold": {"at_least": 3},
    "cardinality": {"at_least": 3},
    "keyword": {"filter": {"query": "停水"}},
    "sql": {"query": "SELECT 1 AS grp"},
    "combination": {
        "of": [
            {"kind": "threshold", "name": "a", "at_least": 1},
            {"kind": "burst", "name": "b", "group_by": "story"},
        ]
    },
    "mail": {"host": "127.0.0.1", "sender": "a@example.org"},
    "webhook": {"url": "http://127.0.0.1"},
    "wecom": {"key_env": "K"},
    "dingtalk": {"token_env": "K"},
    "feishu": {"token_env": "K"},
    "sms": {"url": "http://127.0.0.1", "fields": {"a": "{receiver}{text}"}},
    "apprise": {"url_env": "K"},
}


def least(kind: str) -> dict[str, Any]:
    return {"name": "n", "kind": kind, **LEAST.get(kind, {})}


@pytest.mark.parametrize("kind", RULES)
def test_a_rule_takes_its_kind_asks_and_decides(kind: str, now: datetime) -> None:
    rule: Any = RULES[kind].model_validate(least(kind))
    assert isinstance(rule, RuleSettings)
    for spec in rule.windows():
        assert spec.rule.split("#")[0] == "n"
        assert spec.span.total_seconds() > 0
    assert isinstance(rule.judge((), now), tuple)


@pytest.mark.parametrize("kind", RULES)
def test_a_quiet_window_with_a_quiet_past_fires_nothing_but_absence(
    kind: str, now: datetime, window: Callable[..., Window]
) -> None:
    rule: Any = RULES[kind].model_validate(least(kind))
    quiet = [
        window(rule=spec.rule, baseline=(0,) * spec.baseline_weeks, prior=(0,) * spec.prior_spans)
        for spec in rule.windows()
    ]
    assert bool(rule.judge(quiet, now)) == (kind == "absence")


@pytest.mark.parametrize("kind", [*RULES, *CHANNELS])
def test_every_kind_has_a_schema_and_refuses_an_unknown_setting(kind: str) -> None:
    settings = {**RULES, **CHANNELS}[kind]
    schema = settings.model_json_schema()
    assert schema["properties"]["kind"]["const"] == kind
    with pytest.raises(ValueError, match="no_such_setting"):
        settings.model_validate({**least(kind), "no_such_setting": 1})
    with pytest.raises(ValueError, match="name"):
        settings.model_validate({**least(kind), "name": "空 格"})


@pytest.mark.parametrize("kind", [*RULES, *CHANNELS])
def test_every_kind_says_what_it_is(kind: str) -> None:
    module = importlib.import_module({**RULES, **CHANNELS}[kind].__module__)
    assert module.__doc__
    assert {**RULES, **CHANNELS}[kind].__doc__


@pytest.mark.parametrize("kind", CHANNELS)
def test_a_channel_holds_no_secret_and_can_send(kind: str) -> None:
    channel: Any = CHANNELS[kind].model_validate(least(kind))
    assert isinstance(channel, ChannelSettings)
    assert callable(channel.send)
    for name in type(channel).model_fields:
        assert name not in {"password", "secret", "token", "key"}


def test_levels_are_written_as_colours_or_grades() -> None:
    rule = RULES["threshold"].model_validate({"name": "n", "at_least": 1, "level": "ii"})
    assert getattr(rule, "level", None) is Level.ORANGE
    with pytest.raises(ValueError, match="is not a level"):
        RULES["threshold"].model_validate({"name": "n", "at_least": 1, "level": "pink"})


def test_a_filter_takes_one_word_or_many() -> None:
    one, many = FilterSettings(query="停水"), FilterSettings(query=("停水", "气味"))
    assert one.as_filter().queries == ("停水",)
    assert many.as_filter().queries == ("停水", "气味")
    assert FilterSettings().as_filter().queries == ()

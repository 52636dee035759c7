from __future__ import annotations

from datetime import datetime

import pytest
from pydantic import ValidationError

from alerts.judge import judge
from alerts.levels import LevelPolicy
from alerts.rules.sql import Sql

RULE = Sql(name="s", query="SELECT place AS grp, count(*) AS mentions FROM v_mention GROUP BY 1")


def test_each_row_is_an_alert_with_what_the_query_printed(now: datetime) -> None:
    windows = RULE.windows_of(("grp", "mentions", "平均分"), [("甲镇", 7, 3.5)], now)
    (alert,) = judge([RULE], windows, (), LevelPolicy(), now).alerts
    assert (alert.group, alert.mentions, alert.independent) == ("甲镇", 7, 7)
    assert alert.reasons[0] == "规则 s：查询返回一行；平均分 3.5"
    assert alert.mention_ids == ()


def test_no_rows_say_nothing(now: datetime) -> None:
    assert RULE.windows_of(("grp",), [], now) == ()
    assert RULE.judge((), now) == ()
    assert RULE.windows() == ()


def test_the_first_column_names_the_group_when_none_is_called_so(now: datetime) -> None:
    (window,) = RULE.windows_of(("镇", "n"), [("乙镇", 2)], now)
    assert (window.group, window.mentions) == ("乙镇", 1)


def test_too_many_rows_and_a_count_that_is_none_are_failures(now: datetime) -> None:
    with pytest.raises(ValueError, match="at most 100"):
        RULE.windows_of(("grp",), [("x",)] * 101, now)
    with pytest.raises(ValueError, match="mentions is no number"):
        RULE.windows_of(("grp", "mentions"), [("x", "seven")], now)


@pytest.mark.parametrize("query", ["DELETE FROM mention", "", "ATTACH 'x'", "selectx"])
def test_only_a_select_is_taken(query: str) -> None:
    with pytest.raises(ValidationError):
        Sql(name="s", query=query)

"""`yuqing bench NAME` finds subjects by file, and a group names subjects that there are."""

from __future__ import annotations

import pytest

from pipeline.cli import data
from pipeline.cli.output import CommandError


@pytest.mark.parametrize("group", data.GROUPS)
def test_a_group_holds_subjects_that_there_are(group: str) -> None:
    subjects = data._subjects()
    assert set(data._chosen(group, subjects)) == data.GROUPS[group]


def test_all_is_all_and_an_unknown_name_is_told_with_the_known_ones() -> None:
    subjects = data._subjects()
    assert data._chosen("all", subjects) == subjects
    with pytest.raises(CommandError, match="stories"):
        data._chosen("storeys", subjects)

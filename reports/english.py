"""Chinese is what templates and code say; English is looked up in a table beside them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from importlib import resources

from reports.words import Language

Translator = Callable[[str], str]


def translator(language: Language, package: str = "reports") -> Translator:
    """Return what turns a Chinese sentence into `language`, by the package's english.toml.

    A sentence that is not in the table stays Chinese; a test keeps the table complete.
    """
    if language == "zh":
        return str
    table = english(package)
    return lambda chinese: table.get(chinese, chinese)


@cache
def english(package: str) -> dict[str, str]:
    """Return a package's table of English sentences by their Chinese."""
    text = resources.files(package).joinpath("english.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text))

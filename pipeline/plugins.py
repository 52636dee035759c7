"""Kind → class: a kind is the name of one file; adding the file adds the kind."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from pydantic import BaseModel

FOLDERS = {
    "source": "collectors.kinds",
    "rule": "alerts.rules",
    "channel": "alerts.channels",
}
"""Where each sort of kind lives."""


@cache
def kinds(sort: str) -> dict[str, type[BaseModel]]:
    """Return the kinds of a sort (source, rule or channel): name → settings class.

    A file whose name begins with an underscore helps others and is no kind.
    """
    package = importlib.import_module(FOLDERS[sort])
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name[0] != "_")
    return {name: importlib.import_module(f"{FOLDERS[sort]}.{name}").KIND for name in names}

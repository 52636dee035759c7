from __future__ import annotations

import re
from pathlib import Path

from console.app import PAGES
from console.permissions import ROLE_ACTIONS, ROLE_ZH, Action

TEXT = (Path(__file__).parents[2] / "docs" / "console.md").read_text("utf-8")


def test_every_page_is_documented() -> None:
    shown = [page.path for page in PAGES if page.method == "GET"]
    short = {path.replace("_id}", "}").replace("{incident}", "{id}") for path in shown}
    wanted = {re.sub(r"{(mention|story)}", "{id}", path) for path in short}
    missing = [
        path
        for path in wanted
        if f"`{path}`" not in TEXT and f"…/{path.rsplit('/', 1)[1]}`" not in TEXT
    ]
    assert missing == []


def test_the_table_of_roles_is_the_one_in_force() -> None:
    rows = {
        cells[1].strip(" `"): cells[2:]
        for line in TEXT.splitlines()
        if (cells := line.split("|"))[1:2] and cells[1].strip(" `") in ROLE_ZH
    }
    assert rows.keys() == ROLE_ZH.keys()
    for role, cells in rows.items():
        assert cells[0].strip() == ROLE_ZH[role]
        allowed = {a for a, cell in zip(Action, cells[1:], strict=False) if cell.strip()}
        assert allowed == ROLE_ACTIONS[role], role

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


PRODUCT_PACKAGES = ("pipeline", "console", "reports", "collectors", "models", "alerts", "storage")
CLIENT_MODULES = {
    "httpx",
    "httpcore",
    "h11",
    "aiohttp",
    "requests",
    "urllib3",
    "http.client",
    "urllib.request",
}
BORDER = {"http.py", "http_transport.py", "http_words.py"}


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def calls(tree: ast.AST, name: str) -> int:
    return sum(
        isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == name
        for node in ast.walk(tree)
    )


@cache
def product() -> dict[Path, ast.AST]:
    paths = [path for package in PRODUCT_PACKAGES for path in (ROOT / package).rglob("*.py")]
    return {path: ast.parse(path.read_text("utf-8")) for path in paths}


def test_only_the_client_files_import_an_http_library() -> None:
    guilty = {
        str(path.relative_to(ROOT))
        for path, tree in product().items()
        if imported(tree) & CLIENT_MODULES
    }
    assert guilty <= {f"collectors/{name}" for name in BORDER}


def test_the_guarded_transport_is_built_and_connections_are_opened_in_one_place() -> None:
    for name, owner in [
        ("CheckedTransport", "http.py"),
        ("open_connection", "http_transport.py"),
        ("create_connection", "imap.py"),
        ("AsyncClient", None),
        ("Client", None),
        ("AsyncHTTPTransport", None),
        ("HTTPTransport", None),
    ]:
        places = [path.name for path, tree in product().items() for _ in range(calls(tree, name))]
        assert places == ([owner] if owner else []), name

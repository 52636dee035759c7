"""YAML with positions: every value remembers its line and column, for errors people can act on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

Place = tuple[str | int, ...]
"""Where a value stands in the document: keys and indexes from the top."""


class ConfigurationError(Exception):
    """The configuration cannot be used; one line a problem, all problems at once."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """File, line and column, counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed file: its plain data, and the position of each value in it."""

    data: object
    positions: dict[Place, Position]

    def position(self, place: Place) -> Position:
        """Return the position of a place, or of the nearest place around it."""
        while place and place not in self.positions:
            place = place[:-1]
        return self.positions[place]


def read_yaml(path: Path) -> Document:
    """Read one YAML file and the files its top-level `include:` names (lists are joined).

    Raises ConfigurationError when a file is missing, is not YAML, or repeats a key.
    """
    document = _read_one(path)
    if not isinstance(document.data, dict):
        raise ConfigurationError(
            (f"{path}:1:1: the file must be a mapping of settings, such as `region:`",)
        )
    includes = document.data.pop("include", [])
    names = [includes] if isinstance(includes, str) else list(includes or [])
    for name in names:
        _join(document, _read_one(path.parent / str(name)))
    return document


def _read_one(path: Path) -> Document:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(
            (f"{path}: no such file: make one with `yuqing init`, or name it with --config",)
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            (f"{path}: byte {error.start} is not UTF-8: save the file as UTF-8",)
        ) from None
    except OSError as error:
        raise ConfigurationError((f"{path}: cannot be read: {error.strerror}",)) from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return _document(path, node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise ConfigurationError(
            (f"{path}:{line}:{column}: not valid YAML: {error.problem or error.context}",)
        ) from None
    except yaml.YAMLError as error:
        raise ConfigurationError((f"{path}:1:1: not valid YAML: {error}",)) from None


def _document(path: Path, node: yaml.Node | None) -> Document:
    positions: dict[Place, Position] = {(): Position(file=str(path), line=1, column=1)}
    data = {} if node is None else _value(path, node, (), positions)
    return Document(data=data, positions=positions)


def _value(path: Path, node: yaml.Node, place: Place, positions: dict[Place, Position]) -> object:
    mark = node.start_mark
    positions[place] = Position(file=str(path), line=mark.line + 1, column=mark.column + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(path, node, place, positions)
    if isinstance(node, yaml.SequenceNode):
        return [_value(path, item, (*place, i), positions) for i, item in enumerate(node.value)]
    return yaml.SafeLoader("").construct_object(node, deep=True)


def _mapping(
    path: Path, node: yaml.MappingNode, place: Place, positions: dict[Place, Position]
) -> dict[object, object]:
    found: dict[object, object] = {}
    for key_node, value_node in node.value:
        key = yaml.SafeLoader("").construct_object(key_node, deep=True)
        mark = key_node.start_mark
        if not isinstance(key, str | int):
            raise yaml.MarkedYAMLError(problem=f"key {key!r} must be a word", problem_mark=mark)
        if key in found:
            raise yaml.MarkedYAMLError(problem=f"key {key!r} appears twice", problem_mark=mark)
        found[key] = _value(path, value_node, (*place, key), positions)
        # An error about a setting points at its name; a scalar's own place is as good.
        if isinstance(value_node, yaml.ScalarNode) and not value_node.value:
            positions[(*place, key)] = Position(
                file=str(path), line=mark.line + 1, column=mark.column + 1
            )
    return found


def _join(document: Document, other: Document) -> None:
    if not isinstance(document.data, dict) or not isinstance(other.data, dict):
        raise ConfigurationError((f"{other.position(())}: an included file must be a mapping",))
    for key, value in other.data.items():
        mine = document.data.get(key)
        if key not in document.data:
            document.data[key] = value
            _shift(document, other, (key,), 0)
        elif isinstance(mine, list) and isinstance(value, list):
            _shift(document, other, (key,), len(mine))
            mine.extend(value)
        else:
            raise ConfigurationError(
                (
                    (
                        f"{other.position((key,))}: `{key}` is already set in the main file; "
                        "only lists are joined"
                    ),
                )
            )


def _shift(document: Document, other: Document, top: Place, by: int) -> None:
    for place, position in other.positions.items():
        if place[:1] != top:
            continue
        second = place[1] if len(place) > 1 else None
        moved = (top[0], second + by, *place[2:]) if isinstance(second, int) else place
        document.positions.setdefault(moved, position)

"""The files of a trained classifier: a manifest and one array file, checked by hash.

Arrays are read without pickle, so a weights folder can hold numbers and nothing else. The
manifest carries the hash of the arrays and of itself: a changed byte in either is refused.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

FORMAT: Final = 5
MANIFEST: Final = "manifest.json"
ARRAYS: Final = "arrays.npz"
ARRAY_NAMES: Final = frozenset({"buckets", "idf", "weights", "scale", "bias", "kind_bias"})


class WeightsError(Exception):
    """The weights cannot be used: missing, of another format, or changed since training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Adjacent output columns that form one softmax: a head, or one expert of a head.

    `curve` are points (softmax of the best label, how often it was right), ascending: what is
    told for the best label; the others share the rest as before. Empty leaves all as it is.
    """

    name: str
    labels: tuple[str, ...]
    curve: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What the arrays mean, and where they come from.

    `blocks` follow each other in the output columns. `domain_kinds` says of which kind each
    label of the block "domain" is. `at_least` is the probability a head must reach to name a
    class; `lifts` multiply a head's probabilities before the best is taken, so that a rare
    class is not always outvoted. `metrics` are figures of held rows, for the model card.
    """

    version: str
    blocks: tuple[Block, ...]
    domain_kinds: tuple[str, ...]
    at_least: dict[str, float]
    lifts: dict[str, tuple[float, ...]] = field(default_factory=dict)
    trained_on: tuple[str, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """The numbers of a linear classifier with v n-grams and c output columns.

    `buckets` (v,) uint32 ascending; `idf` (v,) float32; `weights` (v, c) int8, to be multiplied
    by `scale` (c,) float32; `bias` (c,) and `kind_bias` (kinds, c) float32.
    """

    buckets: NDArray[np.uint32]
    idf: NDArray[np.float32]
    weights: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    kind_bias: NDArray[np.float32]


def packaged() -> Traversable:
    """Return the folder of the weights that ship with the product."""
    return resources.files("models") / "weights"


def write_weights(folder: Path, manifest: Manifest, arrays: Arrays) -> None:
    """Write both files into a new or empty folder; the manifest comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, allow_pickle=False, **{name: getattr(arrays, name) for name in sorted(ARRAY_NAMES)}
    )
    (folder / ARRAYS).write_bytes(buffer.getvalue())
    content = {
        "format": FORMAT,
        **asdict(manifest),
        "arrays_sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
    }
    content["sha256"] = _content_hash(content)
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def read_weights(folder: Path | Traversable) -> tuple[Manifest, Arrays]:
    """Return what `write_weights` wrote, or raise WeightsError when a byte differs."""
    content = _checked_manifest(folder)
    raw = _bytes_of(folder, ARRAYS)
    if hashlib.sha256(raw).hexdigest() != content["arrays_sha256"]:
        raise WeightsError(
            f"{folder}/{ARRAYS}: the hash differs from the manifest, the file was changed; "
            "restore it or run `yuqing train`"
        )
    return _manifest(content), _arrays(folder, raw)


def read_manifest(folder: Path | Traversable) -> Manifest:
    """Return the manifest alone, checked by its own hash."""
    return _manifest(_checked_manifest(folder))


def _bytes_of(folder: Path | Traversable, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise WeightsError(f"{folder}/{name}: cannot read the model weights: {error}") from error


def _checked_manifest(folder: Path | Traversable) -> Mapping[str, Any]:
    where = f"{folder}/{MANIFEST}"
    try:
        content = json.loads(_bytes_of(folder, MANIFEST))
    except ValueError as error:
        raise WeightsError(f"{where}: not JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise WeightsError(f"{where}: not a manifest of format {FORMAT}; run `yuqing train`")
    if content.get("sha256") != _content_hash(content):
        raise WeightsError(f"{where}: the content differs from its hash, the file was changed")
    return content


def _content_hash(content: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in content.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _manifest(content: Mapping[str, Any]) -> Manifest:
    return Manifest(
        version=content["version"],
        blocks=tuple(
            Block(
                name=block["name"],
                labels=tuple(block["labels"]),
                curve=tuple((float(x), float(y)) for x, y in block["curve"]),
            )
            for block in content["blocks"]
        ),
        domain_kinds=tuple(content["domain_kinds"]),
        at_least=content["at_least"],
        lifts={head: tuple(lifts) for head, lifts in content["lifts"].items()},
        trained_on=tuple(content["trained_on"]),
        metrics=content["metrics"],
    )


def _arrays(folder: Path | Traversable, raw: bytes) -> Arrays:
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as file:
            return Arrays(**{name: file[name] for name in sorted(ARRAY_NAMES)})
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{folder}/{ARRAYS}: not the arrays of a model: {error}") from error

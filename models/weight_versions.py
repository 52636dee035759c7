"""Which trained model is in service: versions kept side by side, one named by a small file.

`weights_dir/versions/<version>/` holds each promoted model, `weights_dir/service.json` names the
one in service and those before it. With no service file the packaged model is in service. Every
change is one atomic rename, so a crash leaves the old or the new state, never half of one.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Final

from models.weight_files import ARRAYS, MANIFEST, WeightsError, read_manifest, read_weights

if TYPE_CHECKING:
    from pathlib import Path

SERVICE: Final = "service.json"
VERSIONS: Final = "versions"


def service_folder(weights_dir: Path) -> Path | None:
    """Return the folder of the model in service, or None for the packaged one."""
    history = _history(weights_dir)
    return weights_dir / VERSIONS / history[-1] if history else None


def promote(candidate_dir: Path, weights_dir: Path) -> str:
    """Put a candidate into service and return its version; the earlier one is kept.

    Raises WeightsError when the candidate's files do not match their hashes.
    """
    manifest, _ = read_weights(candidate_dir)
    kept = weights_dir / VERSIONS / manifest.version
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        coming = kept.with_name(f".{manifest.version}.coming")
        shutil.rmtree(coming, ignore_errors=True)
        coming.mkdir()
        for name in (ARRAYS, MANIFEST):
            shutil.copyfile(candidate_dir / name, coming / name)
        coming.rename(kept)
    _write_history(
        weights_dir,
        [v for v in _history(weights_dir) if v != manifest.version] + [manifest.version],
    )
    return manifest.version


def roll_back(weights_dir: Path) -> str | None:
    """Put the model before the one in service back; return its version, None for the packaged.

    Raises WeightsError when the packaged model is already in service, or the earlier one is
    damaged.
    """
    history = _history(weights_dir)
    if not history:
        raise WeightsError(f"{weights_dir}: the packaged model is in service, nothing to roll back")
    earlier = history[:-1]
    if earlier:
        read_manifest(weights_dir / VERSIONS / earlier[-1])
    _write_history(weights_dir, earlier)
    return earlier[-1] if earlier else None


def _history(weights_dir: Path) -> list[str]:
    path = weights_dir / SERVICE
    if not path.exists():
        return []
    try:
        versions = json.loads(path.read_text(encoding="utf-8"))["versions"]
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path}: not a service file: {error}; delete it to start over"
        ) from error
    return [str(version) for version in versions]


def _write_history(weights_dir: Path, versions: list[str]) -> None:
    coming = weights_dir / f".{SERVICE}.coming"
    with coming.open("w", encoding="utf-8") as file:
        json.dump({"versions": versions}, file)
        file.flush()
        os.fsync(file.fileno())
    coming.replace(weights_dir / SERVICE)

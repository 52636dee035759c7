"""An office over a folder of its own, with sources played by a local server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.office import Office, open_office
from pipeline.settings import Loaded, load
from tests.builders import NOW
from tests.pipeline.origin import Origin

CONFIG = """
region: {{name: 清岚区}}
watch:
  queries: {{清岚: 清岚区 OR 柳湾街道}}
http: {{allow_hosts: ["{host}"], pause_seconds: 0}}
sources:
  - {{name: portal, kind: feed, url: "http://{host}/feed.xml"}}
  - name: hotline
    kind: hotline_file
    url: "http://{host}/hotline.csv"
    mention_kind: citizen_message
rules:
  - {{name: 集中, kind: threshold, at_least: 3, window_minutes: 360, filter: {{source: hotline}}}}
channels:
  - {{name: sink, kind: webhook, url: "http://{host}/sink"}}
tell:
  - {{channel: sink, receivers: [值班员]}}
digest: {{at: "08:30", channel: sink, receivers: [新闻科]}}
units: {{municipal_services: 区水务公司}}
"""


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture
def configured(tmp_path: Path, origin: Origin) -> Callable[[], Loaded]:
    def make() -> Loaded:
        path = tmp_path / "yuqing.yaml"
        path.write_text(CONFIG.format(host=origin.host), encoding="utf-8")
        return load(path)

    return make


@pytest.fixture
def office(configured: Callable[[], Loaded]) -> Iterator[Office]:
    with open_office(configured(), NOW) as office:
        yield office

"""The command line: what it prints, how it ends, and that every failure is one clear line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]


def yuqing(*words: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *words],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        timeout=120,
    )


@pytest.fixture
def office(tmp_path: Path) -> Path:
    assert yuqing("init", ".", "--region", "清岚区", cwd=tmp_path).returncode == 0
    (tmp_path / "inbox" / "a.csv").write_text(
        "工单编号,受理时间,主题,诉求内容\n"
        "1,2026-05-12 09:00,反映停水,柳湾街道停水，电话13900000001\n"
        "2,2026-05-12 09:10,表扬,窗口人员耐心细致\n",
        encoding="utf-8",
    )
    return tmp_path


def test_match_says_where_and_redact_what(tmp_path: Path) -> None:
    done = yuqing("match", "上街区", "--json", cwd=tmp_path, stdin="上 街 区停水\n走上街头\n")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["matched"] for row in rows] == [True, False]
    assert rows[0]["hits"][0]["start"] == 0
    done = yuqing("redact", "--json", cwd=tmp_path, stdin="电话13812345678，2026-05-12\n")
    row = json.loads(done.stdout)
    assert row["text"] == "电话138****5678，2026-05-12"
    assert [m["kind"] for m in row["masked"]] == ["mobile"]


def test_score_goes_on_after_a_broken_line_and_says_its_number(tmp_path: Path) -> None:
    lines = '{"id": "1", "text": "自来水发黄有异味"}\n{broken\n{"id": "3", "text": "谢谢"}\n'
    done = yuqing("score", cwd=tmp_path, stdin=lines)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in rows] == ["1", "3"]
    assert set(rows[0]) >= {"sentiment", "topic", "appeal", "urgency", "probabilities", "model"}
    assert "line 2" in done.stderr
    assert done.returncode == 1


def test_a_feed_and_a_page_are_shown_as_json(tmp_path: Path) -> None:
    (tmp_path / "f.xml").write_text(
        "<rss version='2.0'><channel><title>资讯</title>"
        "<item><title>甲</title></item></channel></rss>",
        encoding="utf-8",
    )
    (tmp_path / "list").write_text('{"path": "f.xml", "url": null, "headers": null}\n', "utf-8")
    row = json.loads(yuqing("feed", "--json", "--batch", "list", cwd=tmp_path).stdout)
    assert (row["feed"]["title"], row["entries"][0]["title"]) == ("资讯", "甲")
    (tmp_path / "p.html").write_text(
        "<html><title>通报</title><h1>清岚区通报供水情况</h1>"
        "<p>来源：清岚区政府 2026-05-12 10:12</p>"
        f"<div>{'<p>经检测，柳湾街道供水水质恢复正常，请市民放心使用。</p>' * 6}</div></html>",
        encoding="utf-8",
    )
    row = json.loads(yuqing("article", "p.html", "--json", cwd=tmp_path).stdout)
    assert set(row) == {"path", "title", "published", "source", "author", "text", "error"}
    assert row["published"].startswith("2026-05-12T10:12")


def test_import_cycle_digest_sql_in_a_fresh_folder(office: Path) -> None:
    done = yuqing("import", "inbox/a.csv", "--source", "hotline", "--json", cwd=office)
    assert json.loads(done.stdout)["stored"] == 2
    again = yuqing("import", "inbox/a.csv", "--source", "hotline", "--json", cwd=office)
    assert json.loads(again.stdout)["stored"] == 0
    assert yuqing("cycle", "--json", cwd=office).returncode == 0
    done = yuqing("digest", "--date", "2026-05-12", "--out", "out", cwd=office)
    assert done.returncode == 0, done.stderr
    assert (office / "out" / "daily-2026-05-12.html").exists()
    done = yuqing("sql", "SELECT count(*) AS n FROM v_mention", "--json", cwd=office)
    assert json.loads(done.stdout) == {"n": 2}
    assert "v_mention" in yuqing("sql", cwd=office).stdout
    assert yuqing("backup", "copy", cwd=office).returncode == 0
    assert yuqing("verify", "copy", cwd=office).returncode == 0
    assert yuqing("restore", "copy", cwd=office).returncode == 0
    assert yuqing("incidents", "--json", cwd=office).returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("cycle", "--config", "none.yaml"), 2, "no such file"),
        (("match", "(上街区"), 2, "column"),
        (("feed", "none.xml"), 2, "no such file"),
        (("import", "empty.csv"), 1, "empty"),
        (("import", "columns.csv"), 1, "columns.csv"),
        (("sql", "DROP TABLE x"), 1, ""),
        (("digest", "--date", "tomorrow"), 2, "expected YYYY-MM-DD"),
        (("ack", "9", "--as", "张"), 2, "there is no incident 9"),
        (("bench", "nothing"), 2, "there is no benchmark"),
        (("init", "."), 2, "exists already"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_wrong_use_is_one_line_and_no_traceback(
    office: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    (office / "empty.csv").write_text("")
    (office / "columns.csv").write_text("甲,乙\n1,2\n", encoding="utf-8")
    done = yuqing(*words, cwd=office)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert done.stderr.startswith("yuqing: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_service_answers_stores_and_ends_cleanly(office: Path) -> None:
    port = free_port()
    config = office / "yuqing.yaml"
    text = config.read_text(encoding="utf-8").replace("port: 8321", f"port: {port}")
    config.write_text(text.replace("inbox/*.xlsx", "inbox/*.csv"), encoding="utf-8")
    service = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "up"],
        cwd=office,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(lambda: answers(port))
        second = yuqing("cycle", cwd=office)
        assert second.returncode == 1
        assert f"process {service.pid}" in second.stderr
        snapshot = office / "data" / "snapshot" / "yuqing.duckdb"
        wait_for(snapshot.exists)
        done = yuqing("sql", "SELECT count(*) AS n FROM v_mention", "--json", cwd=office)
        assert json.loads(done.stdout) == {"n": 2}
    finally:
        service.send_signal(signal.SIGTERM)
        _, log = service.communicate(timeout=15)
    assert service.returncode == 0, log
    assert "Traceback" not in log


def test_a_port_that_is_taken_is_one_clear_line(office: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        done = yuqing("demo", "--port", str(port), "--dir", "d", cwd=office)
    assert done.returncode == 2
    assert f"port {port}" in done.stderr
    assert "Traceback" not in done.stderr


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def wait_for(condition: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]  # a callable
            return
        time.sleep(0.2)
    raise AssertionError("waited in vain")

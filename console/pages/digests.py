"""The archive of published reports, each as it was published."""

from __future__ import annotations

from datetime import date

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from console.visit import Visit
from storage import reports
from storage.reports import Report

# A report is a document of its own with inline styles: it runs nothing and loads nothing.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation"
)
HEADERS = {"content-security-policy": POLICY, "x-frame-options": "SAMEORIGIN"}


def archive(visit: Visit) -> Response:
    """Return the list of reports, the newest day first."""
    size = visit.settings.page_size
    page = _page_number(visit.query.get("page", ""))
    with visit.store.read() as reader:
        lines = reports.archive(reader, at_most=size, skip=(page - 1) * size)
        count = reports.count(reader)
    facts = {"count": count, "last_page": max(1, -(-count // size)), "lines": lines, "page": page}
    return visit.page("digests.html", facts)


def show(visit: Visit) -> Response:
    """Return a report within the console."""
    report = _report(visit)
    if report is None:
        return visit.not_found(visit.say("报告"))
    return visit.page("digest.html", {"report": report, "issue": report.issue})


def document(visit: Visit) -> Response:
    """Return a report's own document, for reading and printing."""
    report = _report(visit)
    if report is None:
        return visit.not_found(visit.say("报告"))
    return HTMLResponse(report.html, headers=HEADERS)


def markdown(visit: Visit) -> Response:
    """Return a report as a Markdown file."""
    report = _report(visit)
    if report is None:
        return visit.not_found(visit.say("报告"))
    name = f"{report.issue.product}-{report.issue.day.isoformat()}.md"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return PlainTextResponse(
        report.markdown, media_type="text/markdown; charset=utf-8", headers=headers
    )


def _report(visit: Visit) -> Report | None:
    try:
        day = date.fromisoformat(visit.path["day"])
    except ValueError:
        return None
    with visit.store.read() as reader:
        return reports.report(reader, visit.path["product"], day)


def _page_number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else 1

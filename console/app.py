"""The console: its pages, and the application they make."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from console.actions import ConsoleActions
from console.desk import Desk, Page
from console.guard import HEADERS, Guard
from console.pages import (
    acknowledge,
    approval,
    board,
    deliveries,
    digests,
    duty,
    forms,
    health,
    incident,
    mentions,
    silences,
    stories,
)
from console.pages import sources as sources_page
from console.pages.signing import Door
from console.permissions import Action
from console.settings import ConsoleSettings, checked
from console.visit import static_bytes
from storage.store import Store

PAGES = (
    Page(path="/", handler=board.show),
    Page(path="/incidents/{incident_id}", handler=incident.show),
    Page(
        path="/incidents/{incident_id}/acknowledge",
        handler=incident.acknowledge,
        action=Action.ACKNOWLEDGE,
        method="POST",
    ),
    Page(
        path="/incidents/{incident_id}/level",
        handler=incident.confirm_level,
        action=Action.CONFIRM_LEVEL,
        method="POST",
    ),
    Page(
        path="/incidents/{incident_id}/grade",
        handler=incident.grade_emergency,
        action=Action.GRADE_EMERGENCY,
        method="POST",
    ),
    Page(
        path="/incidents/{incident_id}/state",
        handler=incident.move,
        action=Action.MOVE,
        method="POST",
    ),
    Page(
        path="/incidents/{incident_id}/unit",
        handler=incident.assign,
        action=Action.ASSIGN,
        method="POST",
    ),
    Page(
        path="/incidents/{incident_id}/clock",
        handler=incident.meet_clock,
        action=Action.MOVE,
        method="POST",
    ),
    Page(
        path="/incidents/{incident_id}/extension",
        handler=incident.extend_clock,
        action=Action.EXTEND,
        method="POST",
    ),
    Page(
        path="/incidents/{incident_id}/occurred",
        handler=incident.set_occurred,
        action=Action.GRADE_EMERGENCY,
        method="POST",
    ),
    Page(path="/incidents/{incident_id}/forms/{form}", handler=forms.show),
    Page(
        path="/incidents/{incident_id}/forms/{form}",
        handler=forms.save,
        action=Action.FILL_FORM,
        method="POST",
    ),
    Page(
        path="/incidents/{incident_id}/approval",
        handler=approval.submit,
        action=Action.FILL_FORM,
        method="POST",
    ),
    Page(
        path="/incidents/{incident_id}/approval/opinion",
        handler=approval.sign,
        action=Action.SIGN,
        method="POST",
    ),
    Page(path="/mentions", handler=mentions.listing),
    Page(path="/mentions/{mention_id}", handler=mentions.show),
    Page(
        path="/mentions/{mention_id}/label",
        handler=mentions.correct,
        action=Action.CORRECT,
        method="POST",
    ),
    Page(
        path="/mentions/{mention_id}/right",
        handler=mentions.confirm,
        action=Action.CORRECT,
        method="POST",
    ),
    Page(path="/stories", handler=stories.listing),
    Page(path="/stories/{story_id}", handler=stories.show),
    Page(
        path="/stories/{story_id}/merge",
        handler=stories.merge,
        action=Action.CORRECT,
        method="POST",
    ),
    Page(
        path="/stories/{story_id}/split",
        handler=stories.split,
        action=Action.CORRECT,
        method="POST",
    ),
    Page(path="/digests", handler=digests.archive),
    Page(path="/digests/{product}/{day}", handler=digests.show),
    Page(path="/digests/{product}/{day}/document", handler=digests.document),
    Page(path="/digests/{product}/{day}/markdown", handler=digests.markdown),
    Page(path="/sources", handler=sources_page.show),
    Page(path="/deliveries", handler=deliveries.show),
    Page(path="/silences", handler=silences.show),
    Page(path="/silences", handler=silences.begin, action=Action.SILENCE, method="POST"),
    Page(
        path="/silences/{number}/end",
        handler=silences.end,
        action=Action.SILENCE,
        method="POST",
    ),
    Page(path="/duty", handler=duty.show),
    Page(path="/duty/{rota}/calendar", handler=duty.calendar),
    Page(
        path="/ack/{token}",
        handler=acknowledge.show,
        action=None,
        token_from="token",  # noqa: S106 - the name of a path part
        cookie=False,
    ),
    Page(
        path="/ack/{token}",
        handler=acknowledge.accept,
        action=None,
        method="POST",
        token_from="token",  # noqa: S106 - the name of a path part
        cookie=False,
    ),
    Page(path="/health", handler=health.show, action=None, cookie=False),
)
"""Every page but signing in and out, which need the desk."""

TYPES = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml"}


def create_app(
    store: Store,
    settings: ConsoleSettings,
    actions: ConsoleActions,
    clock: Callable[[], datetime],
    mount_inbox: ASGIApp | None = None,
) -> Starlette:
    """Return the console as an ASGI application.

    `clock` gives the time, aware. `mount_inbox` answers under /inbox by rules of its own.
    Raises ConsoleSettingsError when the settings would open it to a network without a login.
    """
    desk = Desk(store=store, settings=checked(settings), actions=actions, clock=clock)
    routes: list[BaseRoute] = [
        Route(page.path, _endpoint(desk, page), methods=[page.method])
        for page in (*PAGES, *_signing_pages(desk))
    ]
    routes.append(Route("/static/{name}", _static, methods=["GET"]))
    if mount_inbox is not None:
        routes.append(Mount("/inbox", app=mount_inbox))
    app = Starlette(
        routes=routes,
        exception_handlers={404: _lost(desk), 405: _lost(desk), 500: _broken},
    )
    app.add_middleware(Guard, settings=settings)
    return app


def _signing_pages(desk: Desk) -> tuple[Page, ...]:
    door = Door(desk)
    return (
        Page(path="/login", handler=door.show, action=None),
        Page(path="/login", handler=door.enter, action=None, method="POST"),
        Page(path="/logout", handler=desk.sign_out, action=None, method="POST"),
    )


def _endpoint(desk: Desk, page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await desk.answer(request, page)

    return endpoint


def _lost(desk: Desk) -> Callable[[Request, Exception], Response]:
    def lost(request: Request, _error: Exception) -> Response:
        visit = desk.stranger(request)
        return visit.message(visit.say("没有找到"), visit.say("没有这个页面。"), 404)

    return lost


def _broken(_request: Request, _error: Exception) -> Response:
    """Answer when the program itself failed; the server's log has the reason."""
    text = "系统出错，已记入日志，请稍后重试。\nThe console failed; the reason is in its log.\n"
    # This answer is made outside Guard.
    return PlainTextResponse(text, status_code=500, headers=HEADERS)


def _static(request: Request) -> Response:
    name = str(request.path_params["name"])
    stem, _, ending = name.rpartition(".")
    if not stem.isidentifier() or ending not in TYPES:
        return PlainTextResponse("not found", status_code=404)
    try:
        content = static_bytes(name)
    except FileNotFoundError:
        return PlainTextResponse("not found", status_code=404)
    headers = {"cache-control": "public, max-age=86400"}
    return Response(content, media_type=TYPES[ending], headers=headers)

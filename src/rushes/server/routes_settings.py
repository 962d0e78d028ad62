"""Settings, to be read only: the configuration as it was read, the machine's fitness, tokens, and who is logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from rushes.server.answers import Checked, ConfigAnswer, Session, TokenAnswer
from rushes.server.auth import COOKIE, SESSION_S
from rushes.server.endpoints import Call, Endpoint
from rushes.server.problems import Refused
from rushes.server.queries import Login

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ENDPOINTS"]


async def _config(call: Call) -> list[ConfigAnswer]:
    return [
        ConfigAnswer(section=each.section, key=each.key, value=each.value, where=each.where)
        for each in call.state.board().config
    ]


def _schema(call: Call) -> Response:
    from rushes.station.config_tables import schema

    return Response(msgspec.json.encode(schema()), media_type="application/json")


def _doctor(call: Call) -> list[Checked]:
    from rushes.station.checks import run_all

    return [
        Checked(name=each.name, ok=each.ok, found=each.found, remedy=each.remedy, fatal=each.fatal)
        for each in run_all()
    ]


def _tokens(call: Call) -> list[TokenAnswer]:
    tokens = call.state.auth.tokens
    used = tokens.used()
    return [
        TokenAnswer(name=each.name, created=each.created, last_used=used.get(each.name), hint=each.hint)
        for each in tokens.list()
    ]


async def _session(call: Call) -> Session:
    auth, scope = call.state.auth, call.request.scope
    who = auth.who(scope) if auth.needed else None
    return Session(
        needed=auth.needed, ok=who is not None or not auth.needed, name="" if who is None else who.name
    )


async def _login(call: Call) -> Response:
    body: Login = call.body
    state, now_s = call.state, call.state.clock.monotonic_ns() / 1e9
    client = call.request.client
    address = "" if client is None else client.host
    state.attempts.check(address, now_s)
    token = state.auth.tokens.find(body.token)
    if token is None:
        state.attempts.failed(address, now_s)
        raise Refused(
            "this is no token of this station",
            status=401,
            remedy="rushes token add NAME makes one",
            kind="WrongToken",
        )
    answer = Response(status_code=204, headers={"Cache-Control": "no-store"})
    answer.set_cookie(
        COOKIE,
        state.auth.new_session(token),
        max_age=SESSION_S,
        httponly=True,
        samesite="strict",
        secure=call.request.url.scheme == "https",
        path="/",
    )
    return answer


async def _logout(call: Call) -> Response:
    answer = Response(status_code=204, headers={"Cache-Control": "no-store"})
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


ENDPOINTS: Sequence[Endpoint] = (
    Endpoint("GET", "/api/config", _config, "The configuration as read", list[ConfigAnswer]),
    Endpoint("GET", "/api/schema", _schema, "What a configuration may hold", dict),
    Endpoint("GET", "/api/doctor", _doctor, "Whether this machine is fit", list[Checked]),
    Endpoint("GET", "/api/tokens", _tokens, "The tokens, by their first letters", list[TokenAnswer]),
    Endpoint("GET", "/api/session", _session, "Whether one is logged in", Session),
    Endpoint("POST", "/api/login", _login, "Log in with a token", body=Login, status=204, problems=(429,)),
    Endpoint("POST", "/api/logout", _logout, "Log out", status=204),
)

"""Shots and exports: ordered, looked at, cancelled, tried again, fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import FileResponse, Response

from rushes.server.answers import JobAnswer, ShotAnswer
from rushes.server.endpoints import Call, Endpoint, json_answer
from rushes.server.pictures import smaller
from rushes.server.queries import ExportOrder, FileQuery, ShotOrder, moment_s, stretch
from rushes.server.routes_archive import MEDIA

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["ENDPOINTS"]

_SMALL = (".jpg", ".jpeg")
_MEDIA = {
    **MEDIA,
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".bmp": "image/bmp",
    ".qoi": "application/octet-stream",
}


def _order_shot(call: Call) -> ShotAnswer:
    body: ShotOrder = call.body
    t_s = None if body.t is None else moment_s(body.t, "t")
    return call.state.shots.order(body.channel, t_s, figures=body.figures, file_name=body.file_name)


def _shots(call: Call) -> list[ShotAnswer]:
    return call.state.shots.all()


def _shot(call: Call) -> ShotAnswer:
    return call.state.shots.get(call.path["guid"])


def _cancel_shot(call: Call) -> Response:
    call.state.shots.cancel(call.path["guid"])
    return Response(status_code=204)


def _shot_file(call: Call) -> Response:
    return _file(call.state.shots.file(call.path["guid"]), call.query)


def _order_export(call: Call) -> JobAnswer:
    body: ExportOrder = call.body
    exports, wanted = call.state.exports, stretch(body.from_, body.to)
    return exports.job(exports.order(body.channel, *wanted, body.format, figures=body.figures).id)


def _jobs(call: Call) -> list[JobAnswer]:
    return call.state.jobs()


def _job(call: Call) -> JobAnswer:
    id, state = call.path["id"], call.state
    return state.exports.job(id) if state.exports.has(id) else state.shots.job(id)


def _cancel_job(call: Call) -> Response:
    id, state = call.path["id"], call.state
    if state.exports.has(id):
        state.exports.cancel(id)
    else:
        state.shots.cancel(id)
    return Response(status_code=204)


def _retry_job(call: Call) -> Response:
    id, state = call.path["id"], call.state
    if state.exports.has(id):
        return json_answer(state.exports.job(state.exports.again(id).id), 202)
    return json_answer(state.shots.job(state.shots.again(id).guid), 202)


def _job_file(call: Call) -> Response:
    id, state = call.path["id"], call.state
    if state.exports.has(id):
        path = state.exports.file(id)
        return FileResponse(path, media_type=_MEDIA[path.suffix], filename=path.name)
    return _file(state.shots.file(id), call.query)


def _file(path: Path, query: FileQuery) -> Response:
    suffix = path.suffix.lower()
    if query.w is not None and suffix in _SMALL:
        data = smaller(path.read_bytes(), query.w)
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})
    # To be looked at in the page, not only to be saved.
    return FileResponse(
        path,
        media_type=_MEDIA.get(suffix, "application/octet-stream"),
        filename=path.name,
        content_disposition_type="inline",
    )


ENDPOINTS: Sequence[Endpoint] = (
    Endpoint(
        "POST",
        "/api/shots",
        _order_shot,
        "Save a picture of now or then",
        ShotAnswer,
        body=ShotOrder,
        status=202,
        problems=(404, 429),
    ),
    Endpoint("GET", "/api/shots", _shots, "The shots, newest first", list[ShotAnswer]),
    Endpoint("GET", "/api/shots/{guid}", _shot, "One shot", ShotAnswer, problems=(404,)),
    Endpoint("DELETE", "/api/shots/{guid}", _cancel_shot, "Give a shot up", status=204, problems=(404,)),
    Endpoint(
        "GET",
        "/api/shots/{guid}/file",
        _shot_file,
        "The picture",
        query=FileQuery,
        media="image/*",
        problems=(404,),
    ),
    Endpoint(
        "POST",
        "/api/exports",
        _order_export,
        "Make a file of a stretch",
        JobAnswer,
        body=ExportOrder,
        status=202,
        problems=(404, 429),
    ),
    Endpoint("GET", "/api/jobs", _jobs, "Shots and exports, newest first", list[JobAnswer]),
    Endpoint("GET", "/api/jobs/{id}", _job, "One of them", JobAnswer, problems=(404,)),
    Endpoint("DELETE", "/api/jobs/{id}", _cancel_job, "Give it up", status=204, problems=(404,)),
    Endpoint(
        "POST",
        "/api/jobs/{id}/retry",
        _retry_job,
        "Order the same again",
        JobAnswer,
        status=202,
        problems=(404, 429),
    ),
    Endpoint(
        "GET", "/api/jobs/{id}/file", _job_file, "What it made", query=FileQuery, media="*/*", problems=(404,)
    ),
)

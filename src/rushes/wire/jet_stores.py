"""The stores of a stream on the server: made, joined, looked at and deleted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from rushes.errors import ConfigError, QueueFull
from rushes.wire import jet_names as names
from rushes.wire.jet_errors import EXISTS, api_error, is_full, passing

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from nats.js.api import ConsumerConfig, ConsumerInfo, StreamConfig, StreamInfo

    from rushes.wire.jet_session import Session

__all__ = [
    "Backlog",
    "delete",
    "ensure_progress",
    "ensure_results",
    "ensure_work",
    "tracks_of",
    "work_backlog",
]

DUPLICATES_S = 120.0
"""For how long the server knows ids: a message that is published again by then is stored once."""

_REPLICAS = 3
_PROGRESS_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Backlog:
    """A track's work: how many items wait, how many are in flight, and how old the oldest is, in seconds.

    ``oldest_age_s`` is 0 without work; where another track is behind this one, it is that of the other's.
    ``stuck`` is how many items are neither waiting nor in flight and not done either: their deliveries are used
    up, and they take room until somebody forgets them.
    """

    waiting: int
    in_flight: int
    oldest_age_s: float
    stuck: int = 0


async def ensure_work(
    session: Session,
    stream: str,
    tracks: Iterable[str],
    *,
    max_bytes: int,
    ack_wait_s: float,
    max_deliver: int,
    max_in_flight: int,
    prune: bool,
) -> None:
    """Makes or joins the store of a stream's work, with a consumer for each track."""
    from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy

    store = names.work_store(stream)
    wanted = {names.consumer_of(track) for track in tracks}
    await _ensure(
        session, _config(store, [names.work_subject(stream)], RetentionPolicy.INTEREST, max_bytes, session)
    )
    for consumer in sorted(wanted):
        settings = ConsumerConfig(
            durable_name=consumer,
            ack_policy=AckPolicy.EXPLICIT,
            deliver_policy=DeliverPolicy.ALL,
            ack_wait=ack_wait_s,
            max_deliver=max_deliver,
            max_ack_pending=max_in_flight,
        )
        await _consumer(session, store, settings)
    if prune:
        for each in await _consumers(session, store):
            if each.name not in wanted:
                await _ask(session, session.js.delete_consumer(store, each.name), store, "drop a track")


async def ensure_results(
    session: Session, stream: str, *, max_bytes: int, ack_wait_s: float, max_in_flight: int
) -> None:
    """Makes or joins the store of a stream's results, with the receiver's consumer.

    A result is deleted when the receiver has acknowledged it, and kept until there is a receiver.
    """
    from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy

    store = names.result_store(stream)
    subjects = names.result_subjects(stream)
    await _ensure(session, _config(store, subjects, RetentionPolicy.WORK_QUEUE, max_bytes, session))
    settings = ConsumerConfig(
        durable_name=names.RECEIVER,
        ack_policy=AckPolicy.EXPLICIT,
        deliver_policy=DeliverPolicy.ALL,
        ack_wait=ack_wait_s,
        max_deliver=-1,  # a receiver that dies over and over must not lose results
        max_ack_pending=max_in_flight,
    )
    await _consumer(session, store, settings)


async def ensure_progress(session: Session, stream: str) -> None:
    """Makes or joins the store of the receiver's progress, which keeps the last note alone."""
    from nats.js.api import DiscardPolicy, RetentionPolicy

    store, subjects = names.progress_store(stream), [names.progress_subject(stream)]
    config = _config(store, subjects, RetentionPolicy.LIMITS, _PROGRESS_BYTES, session)
    await _ensure(session, config.evolve(discard=DiscardPolicy.OLD, max_msgs_per_subject=1))


async def tracks_of(session: Session, stream: str) -> list[str] | None:
    """The tracks of a stream's work, sorted; None when there is no such store."""
    from nats.js.errors import NotFoundError

    store = names.work_store(stream)
    try:
        found = await _consumers(session, store)
    except NotFoundError:
        return None
    return sorted(names.track_of(each.name) for each in found)


async def work_backlog(session: Session, stream: str, tracks: Iterable[str] | None) -> dict[str, Backlog]:
    """Each track's backlog; ``tracks`` for roles that may not ask which there are."""
    store = names.work_store(stream)
    if tracks is None:
        found = await _consumers(session, store)
    else:
        asked = [names.consumer_of(track) for track in tracks]
        found = [
            await _ask(session, session.js.consumer_info(store, each), store, "look at a track")
            for each in asked
        ]
    state = await _state(session, store)
    return {names.track_of(each.name): _backlog(each, state) for each in found}


async def results_left(session: Session, stream: str) -> int:
    """How many results nobody has acknowledged; 0 when there is no store of them."""
    return (await _state(session, names.result_store(stream))).messages


async def delete(session: Session, stream: str) -> None:
    """Deletes what there is of a stream's stores, with everything in them."""
    from nats.js.errors import NotFoundError

    for store in (names.work_store(stream), names.result_store(stream), names.progress_store(stream)):
        try:
            await session.ask(session.js.delete_stream(store), store)
        except NotFoundError:
            continue


def _config(
    store: str, subjects: list[str], retention: Any, max_bytes: int, session: Session
) -> StreamConfig:
    from nats.js.api import DiscardPolicy, StorageType, StreamConfig

    return StreamConfig(
        name=store,
        subjects=subjects,
        retention=retention,
        discard=DiscardPolicy.NEW,
        max_bytes=max_bytes,
        duplicate_window=DUPLICATES_S,
        storage=StorageType.FILE,
        num_replicas=_REPLICAS if len(session.client.servers) >= _REPLICAS else 1,
    )


async def _ensure(session: Session, config: StreamConfig) -> None:
    from nats.js.errors import APIError, NotFoundError

    store = config.name or ""
    try:
        await session.ask(session.js.add_stream(config), store)
    except APIError as error:
        if passing(error):
            raise  # tried again by who asked
        refused = _refused(error, f"cannot make the store {store}", session)
        if error.err_code != EXISTS and not is_full(error):
            raise refused from error
    else:
        return
    try:
        there: StreamInfo = await _ask(session, session.js.stream_info(store), store, "look at a store")
    except NotFoundError:  # a hub without room for another one says so first, whether it is there or not
        raise refused from None
    if (there.config.retention, there.config.storage) != (config.retention, config.storage):
        raise ConfigError(
            f"the store {store} is there with retention {there.config.retention} and storage"
            f" {there.config.storage}, not {config.retention} and {config.storage}:"
            " choose another name for the stream, or delete that store",
            option="stream",
        )
    # At least as many as it has: a client that knows fewer servers must not take copies away. One that was made while
    # the cluster was not whole gets the rest of them here.
    replicas = max(config.num_replicas or 1, there.config.num_replicas or 1)
    changed = config.evolve(num_replicas=replicas)
    try:
        await session.ask(session.js.update_stream(changed), store)
    except APIError as error:
        raise _refused(error, f"cannot change the store {store}", session) from error


async def _consumer(session: Session, store: str, config: ConsumerConfig) -> None:
    from nats.js.errors import APIError

    try:
        await session.ask(session.js.add_consumer(store, config), store)
    except APIError as error:
        what = f"cannot make or change the consumer {config.durable_name} of {store}"
        raise _refused(error, what, session) from error


async def _consumers(session: Session, store: str) -> list[ConsumerInfo]:
    return await session.ask(session.js.consumers_info(store), store)


async def _ask(session: Session, work: Coroutine[Any, Any, Any], store: str, what: str) -> Any:
    from nats.js.errors import APIError, NotFoundError

    try:
        return await session.ask(work, store)
    except NotFoundError:
        raise
    except APIError as error:
        raise api_error(error, f"cannot {what} of {store}", session.url) from error


def _refused(error: Any, what: str, session: Session) -> Exception:
    told = api_error(error, what, session.url)
    if isinstance(told, QueueFull):
        return ConfigError(f"{told}: ask for fewer max_bytes, or give the hub more", option="max_bytes")
    return told


class _State(msgspec.Struct):
    messages: int = 0
    first_seq: int = 0
    first_ts: str = ""


class _Info(msgspec.Struct):
    state: _State = msgspec.field(default_factory=_State)


async def _state(session: Session, store: str) -> _State:
    """What the client library leaves out of a store's state, such as when its first item came; zeros for no store."""
    answer = await session.ask(session.client.request(f"$JS.API.STREAM.INFO.{store}", timeout=5), store)
    return msgspec.json.decode(answer.data, type=_Info).state


def _backlog(info: ConsumerInfo, state: _State) -> Backlog:
    waiting, in_flight = info.num_pending or 0, info.num_ack_pending or 0
    age_s = 0.0
    if waiting + in_flight and state.first_ts and not state.first_ts.startswith("0001"):
        first = datetime.fromisoformat(state.first_ts)
        age_s = max(0.0, time.time() - first.timestamp())
    floor, reached = (
        info.ack_floor.stream_seq if info.ack_floor else 0,
        info.delivered.stream_seq if info.delivered else 0,
    )
    stuck = (info.num_redelivered or 0) if not in_flight and max(floor + 1, state.first_seq) <= reached else 0
    return Backlog(waiting, in_flight, age_s, stuck)

"""iceoryx2: a slice published, then an event; the reader waits for the event and takes the newest sample."""

from __future__ import annotations

import ctypes
import math
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def opened(context: Any, shape: tuple[int, ...]) -> Iterator[tuple[str, int]]:
    """The ends meet by name alone: this process makes no node, so that it counts as nobody's subscriber."""
    yield f"rushes-bench-{secrets.token_hex(4)}", math.prod(shape)


class _End:
    def __init__(self, shared: tuple[str, int]) -> None:
        import iceoryx2 as iox

        iox.set_log_level(iox.LogLevel.Error)
        name, self.size = shared
        self.iox = iox
        self.node = iox.NodeBuilder.new().create(iox.ServiceType.Ipc)
        self.frames = (
            self.node.service_builder(iox.ServiceName.new(f"{name}/frames"))
            .publish_subscribe(iox.Slice[ctypes.c_uint8])
            .subscriber_max_buffer_size(8)
            .enable_safe_overflow(True)
            .open_or_create()
        )
        self.events = (
            self.node.service_builder(iox.ServiceName.new(f"{name}/events")).event().open_or_create()
        )

    def close(self) -> None:
        """Everything goes with the process."""


class Sender(_End):
    def __init__(self, shared: tuple[str, int]) -> None:
        super().__init__(shared)
        self._publisher = self.frames.publisher_builder().initial_max_slice_len(self.size).create()
        self.notifier = self.events.notifier_builder().create()

    def send(self, frame: Any) -> None:
        sample = self._publisher.loan_slice_uninit(self.size)
        ctypes.memmove(sample.payload_ptr, frame.ctypes.data, self.size)
        self.hand_over(sample)

    def hand_over(self, sample: Any) -> None:
        sample.assume_init().send()
        self.notifier.notify()


class Receiver(_End):
    def __init__(self, shared: tuple[str, int]) -> None:
        super().__init__(shared)
        self._subscriber = self.frames.subscriber_builder().create()
        self._listener = self.events.listener_builder().create()
        self._patience = self.iox.Duration.from_secs(2)

    def receive(self) -> Any:
        # An event may be older than the sample it announced: taken together with the one before.
        while True:
            if not self._listener.timed_wait(self._patience):
                return None
            sample = self._subscriber.receive()
            if sample is not None:
                return sample

    def stamp(self, item: Any) -> int:
        return int.from_bytes(item.payload().as_memory_view()[:8].tobytes(), "little")

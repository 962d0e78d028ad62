"""The door for programs written for the shot saver of a video server's scripts.

Write ``from rushes.compat.shot_saver import ShotSaver, status`` for ``from shot_saver import ShotSaver, status``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushes import shots
from rushes.shots import status

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

__all__ = ["ShotSaver", "status"]


class ShotSaver(shots.ShotSaver):
    """Saves pictures of channels in the background; as :class:`rushes.ShotSaver`, with the older names of
    arguments.

    ``pool_size`` is how many are saved at a time, ``callback(task_guid, state)`` is told each state. It works
    through the module ``host`` where there is one; ``channels`` takes its place elsewhere.
    """

    def save(  # type: ignore[override]  # the first argument's older name is what this door is for
        self,
        channel_full_guid: str,
        dt: datetime | float | None = None,
        figures: bool = False,
        file_name: str | None = None,
        file_path: str | None = None,
        callback: Callable[[str, str], Any] | None = None,
        task_guid: str | None = None,
    ) -> tuple[str, str]:
        """Puts the saving of a picture into the queue; (task's guid, path of the file to come).

        EnvironmentError for a channel that does not exist.
        """
        return super().save(channel_full_guid, dt, figures, file_name, file_path, callback, task_guid)

    def get(  # type: ignore[override]
        self,
        channel_full_guid: str,
        dt: datetime | float | None = None,
        figures: bool = False,
        callback: Callable[..., Any] | None = None,
    ) -> str:
        """Hands the bytes of a picture to ``callback``, else to the class's own; the task's guid.

        EnvironmentError when there is neither, or no such channel.
        """
        return super().get(channel_full_guid, dt, figures, callback)

"""A script written for a video server's shot saver, run here: its import line is all that changed.

python examples/shot_saver_door.py [FOLDER]

Inside the server ``ShotSaver()`` finds the module ``host`` by itself. Here a few lines stand in for it: like
the server, they write the picture into a file some time after they were asked.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path

import numpy as np

from rushes import Frame
from rushes.compat.shot_saver import ShotSaver, status

CHANNEL_GUID = "uR76TlcA_O4Yazs8u"


class Host:
    """What the saver needs of a server."""

    def screenshot_v2(self, channel: str, file_name: str, folder: str, when: str) -> None:
        """A tenth of a second later, there is a file."""
        picture = Frame(np.full((360, 640, 3), 90, np.uint8), 0)
        threading.Timer(0.1, lambda: picture.save(Path(folder, file_name))).start()

    screenshot_v2_figures = screenshot_v2


def main(folder: str) -> None:
    """Save one shot, following its states, and get another as bytes."""
    saver = ShotSaver(channels=Host())
    saver.screenshots_folder = folder

    def follow(guid: str, state: str) -> None:
        print(state)
        if state == status.success:
            print("saved", Path(saver.handle(guid).result().path).name)

    saver.save(CHANNEL_GUID, file_name="{channel.guid} %Y.jpg", callback=follow)
    saver.wait()
    saver.get(CHANNEL_GUID, callback=lambda data: print("got", len(data), "bytes"))
    saver.wait()
    saver.stop()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())

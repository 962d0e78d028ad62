"""A program written for the old image loader: only its import line is changed.

It loads the pictures of a gallery in the background, the one in front first, and drops the rest when the user
turns the page: python examples/async_image_loader_door.py
"""

from __future__ import annotations

import queue
import time

from PIL import Image

# Was: from wolfhece.async_image_loader import ImageLoadPriority, get_global_loader, stop_global_loader
from rushes.compat.async_image_loader import ImageLoadPriority, get_global_loader, stop_global_loader


def open_picture(number: int) -> Image.Image:
    """What takes its time: a disk, a network, a decoder."""
    time.sleep(0.02)
    return Image.new("RGB", (320, 240), (number * 12 % 256, 80, 160))


def main() -> None:
    """Ask for two pages of pictures; keep one picture of the first."""
    loader = get_global_loader(max_workers=2)
    arrived: queue.Queue[tuple[str, Image.Image | None]] = queue.Queue()

    def ask(name: str, number: int, priority: ImageLoadPriority = ImageLoadPriority.NORMAL) -> None:
        loader.schedule_load(
            request_id=name,
            loader_func=lambda: open_picture(number),
            callback=lambda image: arrived.put((name, image)),
            priority=priority,
        )

    for number in range(12):
        ask(f"page1_{number}", number)
    ask("page2_0", 12, ImageLoadPriority.HIGH)
    print(f"13 pictures asked for, {loader.get_pending_count()} still to come")
    dropped = loader.cancel_obsolete_for_texture("page1", keep_request_id="page1_11")
    print(f"page turned: {dropped} dropped, {loader.get_pending_count()} still to come")
    answers = [arrived.get(timeout=30) for _ in range(13)]
    for name, image in answers:
        if image is not None:
            print(f"{name}: {image.width} x {image.height}")
    stop_global_loader()


if __name__ == "__main__":
    main()

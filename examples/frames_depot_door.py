"""A program written for gh-frames-depot: only the import line was changed."""

import asyncio

import numpy as np

from rushes.compat.frames_depot import FramesDepot


async def main() -> None:
    frame_size = (64, 48, 3)  # width, height, channels
    refused = []

    def backpressure_callback() -> None:
        refused.append(1)
        print("The queue is full. Consider slowing down frame production or handling the surplus.")

    frames_depot = FramesDepot(frame_size, "frame_depot_example", 10, backpressure_callback)
    for current_frame in range(12):
        frame = np.full((48, 64, 3), current_frame, np.uint8)
        await frames_depot.enqueue({"frame_number": current_frame, "frame": frame})
    print("full:", frames_depot.queue_is_full, "refused:", len(refused))

    found = frames_depot.get_frame(5)
    print("frame 5 shows", None if found is None else found.mean(), "full:", frames_depot.queue_is_full)

    await frames_depot.clear_queue()
    await frames_depot.close()


if __name__ == "__main__":
    asyncio.run(main())

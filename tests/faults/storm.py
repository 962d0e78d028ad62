"""A storm of SIGKILLs over writers and readers of one depot; run as a program, answers in JSON on its last line.

    python storm.py KILLS SEED CORE

Children are forked from this small process before it opens any depot of its own threads, so that a new one costs
milliseconds and the kills fall into the depot's code and not into the start of an interpreter.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable

import numpy as np

from rushes import Depot, RushesError

NAME = "storm"
SHAPE = (160, 160, 3)
SLOTS = 6
ROLES = ("write", "write", "loan", "read", "read", "hold")


def write(depot: Depot, lot: random.Random) -> None:
    frame = np.empty(SHAPE, np.uint8)
    while True:
        number = lot.getrandbits(40)
        frame[:] = number % 251
        depot.put(frame, number)


def loan(depot: Depot, lot: random.Random) -> None:
    while True:
        number = lot.getrandbits(40)
        try:
            with depot.loan() as slot:
                slot.array[:80] = number % 251
                slot.array[80:] = number % 251
                slot.publish(number)
        except RushesError:
            continue


def read(depot: Depot, lot: random.Random) -> None:
    last = -1
    for lease in depot.frames("newest"):
        view = lease.array
        if lease.sequence <= last:
            os._exit(4)
        last = lease.sequence
        first = view[0, 0, 0]
        if first != lease.number % 251 or not (view == first).all():
            os._exit(3)


def hold(depot: Depot, lot: random.Random) -> None:
    while True:
        kept = [depot.newest(), depot.oldest(), depot.next(max(depot.head - 2, -1), timeout_s=0.05)]
        time.sleep(lot.random() * 0.01)
        for lease in kept:
            if lease is not None and not (lease.array == lease.number % 251).all():
                os._exit(3)


def start(role: str, seed: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 5
    try:
        work: Callable[[Depot, random.Random], None] = globals()[role]
        work(Depot.attach(NAME, mode="rw" if role in ("write", "loan") else "r"), random.Random(seed))
    except BaseException as error:  # noqa: BLE001  the child must never run on into the parent's code
        print(f"{role}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def main(kills: int, seed: int) -> dict[str, object]:
    lot = random.Random(seed)
    depot = Depot.create(NAME, slots=SLOTS, shape=SHAPE, participants=16)
    size = os.stat(os.path.join(os.environ["RUSHES_SHM_DIR"], NAME)).st_size
    children = {start(role, lot.getrandbits(32)): role for role in ROLES}
    bad: list[str] = []
    done = 0
    stalled = 0
    head, moved = depot.head, time.monotonic()
    while done < kills and not bad:
        time.sleep(lot.random() * 0.05)
        pid = lot.choice(list(children))
        os.kill(pid, signal.SIGKILL)
        for gone in [pid, *(child for child in children if child != pid)]:
            reaped, status = os.waitpid(gone, 0 if gone == pid else os.WNOHANG)
            if not reaped:
                continue
            role = children.pop(gone)
            if not os.WIFSIGNALED(status):
                bad.append(f"{role} ended by itself with {os.waitstatus_to_exitcode(status)}")
            children[start(role, lot.getrandbits(32))] = role
        done += 1
        if depot.head != head:
            head, moved = depot.head, time.monotonic()
        elif time.monotonic() - moved > 10:
            stalled += 1
            bad.append("no frame for 10 s")
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    stats = depot.stats()
    left = len(depot.leases())
    stored = [depot.put(np.zeros(SHAPE, np.uint8)).stored for _ in range(3 * SLOTS)]
    after = depot.stats()
    answer = {
        "kills": done + len(children),
        "published": stats.stored,
        "bad": bad,
        "stalled": stalled,
        "leases_left": left,
        "every_slot_usable": all(stored) and after.held == SLOTS,
        "adds_up": stats.adds_up and after.adds_up,
        "participants": len(depot._core.participants()),
        "reclaimed_leases": stats.reclaimed_leases,
        "reclaimed_slots": stats.reclaimed_slots,
        "dead_lock_owners": stats.dead_lock_owners,
        "same_size": os.stat(os.path.join(os.environ["RUSHES_SHM_DIR"], NAME)).st_size == size,
    }
    depot.close()
    return answer


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))

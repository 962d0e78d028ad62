"""What a fork does to queues that others change meanwhile."""

from __future__ import annotations

from rushes.jobs import JobQueue, living


def test_a_queue_made_while_another_thread_forks_keeps_its_lock() -> None:
    with JobQueue(1) as before:
        living._before_fork()
        assert before._pool.lock.locked()
        with JobQueue(1) as late:
            with late._pool.lock:
                living._in_parent()
                assert late._pool.lock.locked()
            assert not before._pool.lock.locked()
            assert (before.submit(int).result(30), late.submit(int).result(30)) == (0, 0)

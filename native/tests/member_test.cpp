// Deaths: every fault point, and the two races that a storm of kills is unlikely to hit. Forks, so not for the thread
// sanitizer, which does not follow a fork of a process with threads.
#include <signal.h>

#include <atomic>
#include <thread>

#include "bench.hpp"

using namespace rushes;

namespace {

void survivors_are_whole(Bench& bench, Member& me) {
  me.reclaim();
  for (const auto& lease : leases(me.segment)) CHECK(lease.row == me.row);
  for (u32 k = 0; k < me.segment.slot_count; ++k) {
    const State state = state_of(me.segment.slots[k].tag.load());
    CHECK(state == FREE || state == READY);
  }
  CHECK(adds_up(me));
  CHECK(probe(bench.fd()).size() == 1);
  for (u64 k = 0; k < 3 * me.segment.slot_count; ++k) CHECK(put(me, k).status == OK);
  CHECK(adds_up(me));
}

}  // namespace

int main() {
  for (int point = AT_PROBING; point <= AT_LEASED; ++point) {
    test("a death at every point leaves the survivors whole", [point] {
      Bench bench(2, 6, 64);
      if (point == AT_RECLAIMING) {  // it needs somebody to reclaim
        CHECK(in_child([&] {
                auto victim = bench.join("victim");
                reserve(*victim, TAKE_OLDEST);
                die();
              }) == SIGKILL);
      }
      const int how = in_child([&] {
        if (point == AT_JOINING) armed_fault = point;
        auto me = bench.join("child");
        put(*me, 1);
        put(*me, 2);
        armed_fault = point;
        if (point == AT_LEASED) newest(me);
        if (point == AT_RECLAIMING) me->reclaim();
        put(*me, 3);
      });
      CHECK(how == SIGKILL);
      auto me = bench.join("survivor");
      survivors_are_whole(bench, *me);
    });
  }

  test("a published frame whose writer died before raising the head is there", [] {
    Bench bench(2, 4, 64);
    CHECK(in_child([&] {
            auto me = bench.join();
            put(*me, 1);
            armed_fault = AT_TAGGED;
            put(*me, 2);
          }) == SIGKILL);
    auto me = bench.join();
    me->reclaim();
    CHECK(me->segment.header->head.load() == 1);
    const auto lease = newest(me);
    CHECK(lease && lease->record().number == 2 && whole(*lease));
    CHECK(counters(*me)[1 + DEAD_LOCK_OWNERS] == 1);
  });

  test("a half-written slot of the dead does not pass to the newcomer on their row", [] {
    Bench bench(2, 2, 64);
    auto me = bench.join("survivor");
    u32 row = 99;
    CHECK(in_child([&] {
            auto child = bench.join("child");
            reserve(*child, TAKE_OLDEST);
            die();
          }) == SIGKILL);
    auto newcomer = bench.join("newcomer");  // the only free row is the dead one's
    row = newcomer->row;
    CHECK(row != me->row);
    for (u32 k = 0; k < 2; ++k) CHECK(state_of(me->segment.slots[k].tag.load()) == FREE);
    CHECK(counters(*me)[1 + RECLAIMED_SLOTS] == 1);
  });

  test("a newcomer's leases survive reclaims that run while it joins", [] {
    Bench bench(2, 3, 64);
    auto me = bench.join("survivor");
    put(*me, 1);
    std::atomic<bool> stop{false};
    std::thread reclaiming([&] {
      while (!stop.load()) me->reclaim();
    });
    bool kept = true;
    for (int round = 0; round < 60 && kept; ++round) {
      const pid_t pid = ::fork();
      if (pid == 0) {
        auto child = bench.join("child");
        const auto lease = newest(child);
        die();
      }
      // Joins as soon as the child's lock drops, while the other thread is taking its row back.
      std::shared_ptr<Member> newcomer;
      int status = 0;
      ::waitpid(pid, &status, 0);
      newcomer = bench.join("newcomer");
      const auto lease = newest(newcomer);
      for (int k = 0; k < 50 && kept; ++k) kept = lease && newcomer->segment.leases_of(0)[newcomer->row].load() == 1;
    }
    stop = true;
    reclaiming.join();
    CHECK(kept);
    me->reclaim();  // the last child may have died, on a row of its own, after the other thread's last look
    CHECK(leases(me->segment).empty());
  });

  test("consumers and protection go with their dead reader", [] {
    Bench bench(1, 4, 64);
    auto me = bench.join();
    put(*me, 0);
    CHECK(in_child([&] {
            auto reader = bench.join("reader");
            consumer_open(*reader, "reader", true, -1);
            die();
          }) == SIGKILL);
    CHECK(consumers(me->segment).size() == 1);
    CHECK(put(*me, 1, TAKE_ACKED).status == NO_CONSUMER);  // reclaimed on the way
    CHECK(consumers(me->segment).empty());
  });

  test("the death of the last writer is told, and a new writer ends it", [] {
    Bench bench(2, 4, 64);
    auto me = bench.join("watcher");
    CHECK(!me->writer_gone());
    CHECK(in_child([&] {
            auto child = bench.join("writer");
            put(*child, 1);
            die();
          }) == SIGKILL);
    CHECK(me->writer_gone());
    put(*me, 2);
    CHECK(!me->writer_gone());
  });

  test("the death of the last that could write is told, until another joins for writing", [] {
    Bench bench(2, 4, 64);
    auto me = bench.join("reader", false);
    const auto dies = [&bench] {
      CHECK(in_child([&] {
              auto child = bench.join("creator");
              die();
            }) == SIGKILL);
    };
    dies();
    CHECK(me->writer_gone());
    auto heir = bench.join("heir");
    CHECK(!me->writer_gone());
    dies();
    CHECK(!me->writer_gone());
    heir->retire();
    heir.reset();
    CHECK(!me->writer_gone());
  });

  test("a consumer that is closed already is left alone", [] {
    Bench bench(1, 2, 64);
    auto me = bench.join();
    auto other = bench.join();
    const u32 row = consumer_open(*me, "mine", true, -1);
    consumer_close(*other, row);
    consumer_close(*me, 1u << 30);
    CHECK(consumers(me->segment).size() == 1);
    consumer_close(*me, row);
    consumer_close(*me, row);
    CHECK(consumers(me->segment).empty());
  });

  test("rows run out with an answer and come back", [] {
    Bench bench(1, 2, 64);
    auto one = bench.join();
    auto two = bench.join();
    bool refused = false;
    try {
      bench.join();
    } catch (const DepotFailure&) {
      refused = true;
    }
    CHECK(refused);
    two.reset();
    CHECK(bench.join()->row == 1);
  });

  test("a retired member with a living lease is no user but keeps its frame", [] {
    Bench bench(1, 4, 64);
    auto me = bench.join();
    auto leaver = bench.join();
    put(*me, 5);
    auto lease = newest(leaver);
    leaver->retire();
    leaver.reset();
    CHECK(probe(bench.fd()).size() == 1);
    CHECK(put(*me, 6).status == LEASED);
    CHECK(whole(*lease));
    lease.reset();
    CHECK(put(*me, 6).status == OK);
  });
  return report();
}

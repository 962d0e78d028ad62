// Sleeping and waking.
#include <atomic>
#include <chrono>
#include <thread>

#include "bench.hpp"

using namespace rushes;
using namespace std::chrono_literals;

int main() {
  test("a wait ends at once when the frame is there, and at its slice when none comes", [] {
    Bench bench(2, 4, 64);
    auto me = bench.join();
    const u64 began = monotonic_ns();
    CHECK(!wait_published(me->segment, -1, 0.05));
    CHECK(monotonic_ns() - began >= 50'000'000);
    put(*me, 1);
    CHECK(wait_published(me->segment, -1, 0));
    CHECK(!wait_published(me->segment, 0, 0.01));
  });

  test("a sleeper is woken by each publication", [] {
    Bench bench(2, 4, 64);
    auto writer = bench.join();
    auto reader = bench.join();
    std::atomic<i64> seen{-1};
    std::thread reading([&] {
      while (seen < 199)
        if (wait_published(reader->segment, seen, 0.1)) seen = reader->segment.header->head.load();
    });
    const u64 began = monotonic_ns();
    for (u64 k = 0; k < 200; ++k) {
      put(*writer, k);
      while (seen < static_cast<i64>(k)) std::this_thread::yield();
    }
    reading.join();
    CHECK(seen == 199);
    CHECK(monotonic_ns() - began < 10'000'000'000);  // 200 slices of 0.1 s would be twice that: nobody was woken
  });

  test("room is told by a lease's end, an acknowledgement, an abandoned slot and a clear", [] {
    Bench bench(1, 4, 64);
    auto me = bench.join();
    put(*me, 1);
    const auto raised = [&me](const std::function<void()>& act) {
      const u32 before = me->segment.header->room.load();
      act();
      return wait_room(me->segment, before, 0);
    };
    auto lease = newest(me);
    CHECK(raised([&] { lease.reset(); }));
    const u32 consumer = consumer_open(*me, "c", true, -1);
    CHECK(raised([&] { consumer_ack(*me, consumer, 0); }));
    CHECK(raised([&] { consumer_close(*me, consumer); }));
    const auto r = reserve(*me, TAKE_OLDEST);
    CHECK(raised([&] { abandon(*me, r.slot); }));
    put(*me, 2);
    CHECK(raised([&] { clear(*me); }));
    const u32 now = me->segment.header->room.load();
    CHECK(!wait_room(me->segment, now, 0.02));
  });
  return report();
}

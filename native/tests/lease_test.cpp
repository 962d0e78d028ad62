// The handshake of readers and writers, by threads that do nothing else.
#include <atomic>
#include <chrono>
#include <thread>

#include "bench.hpp"

using namespace rushes;
using namespace std::chrono_literals;

namespace {

// Readers write nothing to a frame and writers only to slots nobody reads, so a torn frame is a broken handshake; under
// the thread sanitizer it is also a reported race.
void storm(u32 slots, bool one_member_each) {
  Bench bench(slots, 16, 512);
  auto shared = bench.join();
  std::atomic<bool> stop{false};
  std::atomic<u64> torn{0}, wrong{0}, seen{0};
  std::vector<std::thread> threads;
  const auto member = [&] { return one_member_each ? bench.join() : shared; };
  for (int w = 0; w < 2; ++w)
    threads.emplace_back([&, w, me = member()] {
      for (u64 k = 0; !stop.load(); ++k) put(*me, k * 2 + static_cast<u64>(w));
    });
  for (int r = 0; r < 3; ++r)
    threads.emplace_back([&, r, me = member()] {
      i64 last = -1;
      while (!stop.load()) {
        LeasePtr lease = r == 0 ? newest(me) : next(me, last);
        if (!lease) continue;
        const auto sequence = static_cast<i64>(lease->sequence());
        if (r != 0 && sequence <= last) ++wrong;
        last = std::max(last, sequence);
        if (!whole(*lease)) ++torn;
        const LeasePtr same = by_number(me, lease->record().number);
        if (same && (same->record().number != lease->record().number || !whole(*same))) ++wrong;
        ++seen;
      }
    });
  std::this_thread::sleep_for(700ms);
  stop = true;
  for (auto& thread : threads) thread.join();
  CHECK(torn == 0);
  CHECK(wrong == 0);
  CHECK(seen > 100);
  CHECK(leases(shared->segment).empty());
  CHECK(adds_up(*shared));
}

}  // namespace

int main() {
  test("no torn frame with few slots", [] { storm(2, false); });
  test("no torn frame with a participant per thread", [] { storm(6, true); });

  test("a lossless reader beside a fast writer skips nothing", [] {
    Bench bench(3, 4, 64);
    auto writer = bench.join();
    auto reader = bench.join();
    const u32 consumer = consumer_open(*reader, "reader", true, -1);
    std::thread writing([&] {
      for (u64 k = 0; k < 3000;) k += put(*writer, k, TAKE_ACKED).status == OK;
    });
    for (i64 after = -1; after < 2999;) {
      if (!wait_published(reader->segment, after, 0.1)) continue;
      const auto lease = next(reader, after);
      if (!lease) continue;
      const auto sequence = static_cast<i64>(lease->sequence());
      if (sequence != after + 1 || lease->record().number != static_cast<u64>(sequence)) {
        after = 100000;  // ends both loops; the check below tells
        break;
      }
      consumer_seen(*reader, consumer, sequence);
      consumer_ack(*reader, consumer, sequence);
      after = sequence;
    }
    const bool all = consumers(reader->segment).at(0).seen == 3000;
    consumer_close(*reader, consumer);
    consumer_open(*reader, "release the writer", true, 1 << 30);
    writing.join();
    CHECK(all);
  });

  test("a frame being probed is neither lost nor leased", [] {
    Bench bench(1, 4, 64);
    auto me = bench.join();
    put(*me, 7);
    auto& tag = me->segment.slots[0].tag;
    tag.store(make_tag(0, PROBING));
    CHECK(newest(me) == nullptr);
    CHECK(leases(me->segment).empty());
    tag.store(make_tag(0, READY));
    CHECK(newest(me) != nullptr);
  });

  test("one participant cannot pile up leases without end", [] {
    Bench bench(1, 2, 64);
    auto me = bench.join();
    put(*me, 1);
    me->segment.leases_of(0)[me->row].store(kMostLeases);
    bool refused = false;
    try {
      newest(me);
    } catch (const DepotFailure&) {
      refused = true;
    }
    CHECK(refused);
    CHECK(me->segment.leases_of(0)[me->row].load() == kMostLeases);
    me->segment.leases_of(0)[me->row].store(0);
  });
  return report();
}

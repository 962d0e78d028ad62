// Who may write where, and what the ledger says of it.
#include "bench.hpp"

using namespace rushes;

int main() {
  test("sequences are gapless and the oldest frame goes first", [] {
    Bench bench(3, 4, 64);
    auto me = bench.join();
    for (u64 k = 0; k < 10; ++k) {
      const auto r = put(*me, k);
      CHECK(r.status == OK);
      CHECK(r.evicted == (k < 3 ? -1 : static_cast<i64>(k) - 3));
    }
    CHECK((sequences(me->segment) == std::vector<u64>{7, 8, 9}));
    CHECK(adds_up(*me));
  });

  test("a leased frame is passed over, and all leased is an answer", [] {
    Bench bench(2, 4, 64);
    auto me = bench.join();
    put(*me, 0);
    put(*me, 1);
    const auto first = by_number(me, 0);
    CHECK(first != nullptr);
    CHECK(put(*me, 2).evicted == 1);
    const auto second = newest(me);
    CHECK(put(*me, 3).status == LEASED);
    drop(*me, DROPPED_LEASED, true, 3);
    CHECK(whole(*first) && first->record().number == 0);
    CHECK(adds_up(*me));
  });

  test("only acknowledged frames go under a lossless consumer", [] {
    Bench bench(2, 4, 64);
    auto me = bench.join();
    CHECK(put(*me, 0, TAKE_ACKED).status == OK);
    CHECK(put(*me, 1, TAKE_ACKED).status == OK);
    CHECK(put(*me, 2, TAKE_ACKED).status == NO_CONSUMER);
    const u32 one = consumer_open(*me, "one", true, -1);
    const u32 two = consumer_open(*me, "two", true, 1);
    CHECK(put(*me, 2, TAKE_ACKED).status == FULL);
    consumer_ack(*me, one, 0);
    CHECK(put(*me, 2, TAKE_ACKED).evicted == 0);
    CHECK(put(*me, 3, TAKE_ACKED).status == FULL);
    consumer_close(*me, one);
    CHECK(put(*me, 3, TAKE_ACKED).evicted == 1);
    consumer_ack(*me, two, 0);
    CHECK(consumers(me->segment)[0].acked == 1);  // never goes back
  });

  test("abandoned slots are taken again first, and nobody else's can be finished", [] {
    Bench bench(4, 4, 64);
    auto me = bench.join();
    auto other = bench.join();
    put(*me, 0);
    const auto r = reserve(*me, TAKE_OLDEST);
    bool refused = false;
    try {
      fill(*other, r.slot, 9);
    } catch (const DepotFailure&) {
      refused = true;
    }
    CHECK(refused);
    abandon(*other, r.slot);
    CHECK(state_of(me->segment.slots[r.slot].tag.load()) == WRITING);
    abandon(*me, r.slot);
    CHECK(state_of(me->segment.slots[r.slot].tag.load()) == FREE);
    CHECK(adds_up(*me));
  });

  test("exact takes that frame alone and counts it as spilled; a spilled frame is stored once", [] {
    Bench bench(4, 4, 64, kFlagSpill);
    auto me = bench.join();
    for (u64 k = 0; k < 3; ++k) put(*me, k);
    CHECK(reserve(*me, TAKE_EXACT, 9).status == FULL);
    const auto r = reserve(*me, TAKE_EXACT, 1);
    CHECK(r.status == OK && r.evicted == 1);
    CHECK(fill(*me, r.slot, 50, 1).sequence == 1);
    const auto again = reserve(*me, TAKE_FREE);
    CHECK(fill(*me, again.slot, 51, 1).sequence == 1);
    CHECK((sequences(me->segment) == std::vector<u64>{0, 1, 2}));
    CHECK(by_number(me, 50) != nullptr && by_number(me, 51) == nullptr);
  });

  test("clear forgets, but a slot under a lease is not given away", [] {
    Bench bench(2, 4, 64);
    auto me = bench.join();
    put(*me, 0);
    put(*me, 1);
    auto held = by_number(me, 0);
    CHECK(clear(*me) == 2 && newest(me) == nullptr);
    for (u64 k = 2; k < 20; ++k) CHECK(put(*me, k).status == OK);
    CHECK(leases(me->segment).at(0).sequence == -1);
    held.reset();
    CHECK(leases(me->segment).empty());
    CHECK(adds_up(*me));
  });

  test("what does not fit is refused before it costs a slot", [] {
    Bench bench(1, 4, 64);
    auto me = bench.join();
    put(*me, 0);
    bool refused = false;
    try {
      check_fits(me->segment, info_of(1, 65));
    } catch (const DepotFailure&) {
      refused = true;
    }
    CHECK(refused && sequences(me->segment).size() == 1);
  });
  return report();
}

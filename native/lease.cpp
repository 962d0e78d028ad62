#include "lease.hpp"

#include <sched.h>

#include "wait.hpp"

namespace rushes {
namespace {

enum class Got { Yes, Gone, Probing };

// A writer probes a slot for well under a microsecond, unless it is stopped just there; then it is about to take the
// frame anyway and readers go on without it.
constexpr int kSpins = 256;

Got acquire(Member& me, u32 slot, u64 sequence) {
  Segment& s = me.segment;
  auto& counter = s.leases_of(slot)[me.row];
  const u16 before = counter.fetch_add(1, std::memory_order_seq_cst);
  if (before >= kMostLeases) {
    counter.fetch_sub(1, std::memory_order_seq_cst);
    throw DepotFailure("this process holds " + std::to_string(before) + " leases on one frame: release some (see leases())");
  }
  fault(AT_LEASED);
  const u64 tag = s.slots[slot].tag.load(std::memory_order_seq_cst);
  if (tag == make_tag(sequence, READY)) {
    if (before == 0) s.since[u64(slot) * s.participant_count + me.row].store(coarse_monotonic_ns(), std::memory_order_relaxed);
    return Got::Yes;
  }
  // A writer that looked in this moment saw a lease that never was and passed the slot over: it must be told.
  if (counter.fetch_sub(1, std::memory_order_seq_cst) == 1) notify(s.header->room, s.header->room_waiters);
  return tag == make_tag(sequence, PROBING) ? Got::Probing : Got::Gone;
}

// Runs `choose` until the slot it names is leased. `choose` says where and which sequence, or false: nothing there. It is
// told whether frames that are being probed still count; after many rounds they do not.
template <class Choose>
LeasePtr find(const std::shared_ptr<Member>& me, Choose choose) {
  for (int spin = 0;; ++spin) {
    u32 slot = 0;
    u64 sequence = 0;
    if (!choose(spin < kSpins, slot, sequence)) return nullptr;
    const Got got = acquire(*me, slot, sequence);
    if (got == Got::Yes) return std::make_shared<Lease>(me, slot, sequence);
    if (got == Got::Probing) ::sched_yield();
  }
}

bool candidate(State state, bool probing_too) { return state == READY || (probing_too && state == PROBING); }

}  // namespace

Lease::Lease(std::shared_ptr<Member> member, u32 slot, u64 sequence)
    : member_(std::move(member)), slot_(slot), sequence_(sequence) {}

Lease::~Lease() {
  if (!live()) return;
  Segment& s = member_->segment;
  if (s.leases_of(slot_)[member_->row].fetch_sub(1, std::memory_order_seq_cst) == 1)
    notify(s.header->room, s.header->room_waiters);
}

LeasePtr newest(const std::shared_ptr<Member>& me) {
  const Segment& s = me->segment;
  return find(me, [&s](bool probing_too, u32& slot, u64& sequence) {
    bool any = false;
    for (u32 k = 0; k < s.slot_count; ++k) {
      const u64 tag = s.slots[k].tag.load(std::memory_order_seq_cst);
      if (!candidate(state_of(tag), probing_too) || (any && sequence_of(tag) <= sequence)) continue;
      any = true;
      slot = k;
      sequence = sequence_of(tag);
    }
    return any;
  });
}

LeasePtr by_number(const std::shared_ptr<Member>& me, u64 number) {
  const Segment& s = me->segment;
  return find(me, [&s, number](bool probing_too, u32& slot, u64& sequence) {
    bool any = false;
    for (u32 k = 0; k < s.slot_count; ++k) {
      if (s.numbers[k].load(std::memory_order_relaxed) != number) continue;
      const u64 tag = s.slots[k].tag.load(std::memory_order_seq_cst);
      // The number is read again under the tag: the slot may have been handed on between the two loads.
      if (!candidate(state_of(tag), probing_too) || s.numbers[k].load(std::memory_order_seq_cst) != number) continue;
      if (any && sequence_of(tag) <= sequence) continue;
      any = true;
      slot = k;
      sequence = sequence_of(tag);
    }
    return any;
  });
}

LeasePtr next(const std::shared_ptr<Member>& me, i64 after) {
  const Segment& s = me->segment;
  return find(me, [&s, after](bool probing_too, u32& slot, u64& sequence) {
    // Only frames published before the scan began: of two that appear during it, the later could be seen alone, and the
    // earlier one would be skipped for good.
    const i64 head = s.header->head.load(std::memory_order_seq_cst);
    bool any = false;
    for (u32 k = 0; head > after && k < s.slot_count; ++k) {
      const u64 tag = s.slots[k].tag.load(std::memory_order_seq_cst);
      const auto here = static_cast<i64>(sequence_of(tag));
      if (!candidate(state_of(tag), probing_too) || here <= after || here > head) continue;
      if (any && sequence_of(tag) >= sequence) continue;
      any = true;
      slot = k;
      sequence = sequence_of(tag);
    }
    return any;
  });
}

LeasePtr exact(const std::shared_ptr<Member>& me, i64 wanted) {
  const Segment& s = me->segment;
  return find(me, [&s, wanted](bool probing_too, u32& slot, u64& sequence) {
    for (u32 k = 0; wanted >= 0 && k < s.slot_count; ++k) {
      const u64 tag = s.slots[k].tag.load(std::memory_order_seq_cst);
      if (sequence_of(tag) != static_cast<u64>(wanted) || !candidate(state_of(tag), probing_too)) continue;
      slot = k;
      sequence = sequence_of(tag);
      return true;
    }
    return false;
  });
}

std::vector<LeaseView> leases(const Segment& s) {
  std::vector<LeaseView> out;
  for (u32 k = 0; k < s.slot_count; ++k) {
    for (u32 row = 0; row < s.participant_count; ++row) {
      const u16 count = s.leases_of(k)[row].load();
      if (count == 0) continue;
      const u64 tag = s.slots[k].tag.load();
      const bool there = state_of(tag) == READY || state_of(tag) == PROBING;
      out.push_back({there ? static_cast<i64>(sequence_of(tag)) : -1, k, row, count,
                     s.since[u64(k) * s.participant_count + row].load(std::memory_order_relaxed)});
    }
  }
  return out;
}

}  // namespace rushes

#include "ring.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "lease.hpp"
#include "wait.hpp"

namespace rushes {
namespace {

constexpr i64 kAny = std::numeric_limits<i64>::max();

void room_appeared(Segment& s) { notify(s.header->room, s.header->room_waiters); }

void own(Member& me, u32 slot, u64 sequence) {
  Slot& record = me.segment.slots[slot];
  record.owner_row = me.row;
  record.owner_incarnation = me.incarnation;
  fault(AT_OWNED);
  record.tag.store(make_tag(sequence, WRITING), std::memory_order_seq_cst);
  fault(AT_WRITING);
}

// The most recently used free slot: its lines are the likeliest to be in the cache still. One that a late reader holds
// (its frame was cleared under the lease) is passed over.
bool take_free(Member& me, Reservation& out) {
  Segment& s = me.segment;
  i64 best = -1;
  u64 best_tag = 0;
  for (u32 k = 0; k < s.slot_count; ++k) {
    const u64 tag = s.slots[k].tag.load(std::memory_order_seq_cst);
    if (state_of(tag) != FREE || (best >= 0 && tag <= best_tag) || s.leased(k)) continue;
    best = k;
    best_tag = tag;
  }
  if (best < 0) return false;
  out.slot = static_cast<u32>(best);
  own(me, out.slot, sequence_of(best_tag));
  out.status = OK;
  return true;
}

i64 oldest_ready(const Segment& s, i64 above, i64 limit, u32& slot) {
  i64 best = kAny;
  for (u32 k = 0; k < s.slot_count; ++k) {
    const u64 tag = s.slots[k].tag.load(std::memory_order_seq_cst);
    const i64 sequence = static_cast<i64>(sequence_of(tag));
    if (state_of(tag) != READY || sequence <= above || sequence > limit || sequence >= best) continue;
    best = sequence;
    slot = k;
  }
  return best;
}

// The heart of the lease handshake. The tag says PROBING before the leases are read, so a reader either raised its
// counter early enough for us to see it, or re-reads the tag late enough to see that the frame is not to be had.
bool take_victim(Member& me, u32 slot, i64 sequence) {
  Slot& record = me.segment.slots[slot];
  record.tag.store(make_tag(sequence, PROBING), std::memory_order_seq_cst);
  fault(AT_PROBING);
  if (me.segment.leased(slot)) {
    record.tag.store(make_tag(sequence, READY), std::memory_order_seq_cst);
    return false;
  }
  own(me, slot, sequence);
  return true;
}

// How far every lossless consumer has acknowledged; false when there is none.
bool acknowledged(const Segment& s, i64& up_to) {
  bool any = false;
  up_to = kAny;
  for (u32 k = 0; k < s.participant_count; ++k) {
    const Consumer& c = s.consumers[k];
    if (c.state.load() != LIVE || !(c.flags.load() & 1)) continue;
    any = true;
    up_to = std::min(up_to, c.acked.load());
  }
  return any;
}

Reservation attempt(Member& me, Take take, i64 exact) {
  Segment& s = me.segment;
  Reservation out;
  if (take != TAKE_EXACT && take_free(me, out)) return out;
  i64 above = -1, limit = kAny;
  if (take == TAKE_FREE) return out;
  if (take == TAKE_ACKED && !acknowledged(s, limit)) {
    out.status = NO_CONSUMER;
    return out;
  }
  if (take == TAKE_EXACT) above = exact - 1, limit = exact;
  for (;;) {
    u32 slot = 0;
    const i64 sequence = oldest_ready(s, above, limit, slot);
    if (sequence == kAny) return out;
    if (take_victim(me, slot, sequence)) {
      s.count(take == TAKE_EXACT ? SPILLED : EVICTED);
      out = {OK, slot, sequence};
      return out;
    }
    out.status = LEASED;
    above = sequence;
  }
}

// True when the slot really is this participant's to finish; a second publish or abandon must not touch another's slot.
bool mine(const Member& me, u32 slot) {
  if (slot >= me.segment.slot_count) return false;
  const Slot& record = me.segment.slots[slot];
  return state_of(record.tag.load()) == WRITING && record.owner_row == me.row && record.owner_incarnation == me.incarnation;
}

void describe(Segment& s, u32 slot, const FrameInfo& info) {
  Slot& record = s.slots[slot];
  record.captured_ns = info.captured_ns;
  record.nbytes = info.nbytes;
  record.ndim = info.ndim;
  std::copy(info.dims, info.dims + 4, record.dims);
  std::memset(record.dtype, 0, sizeof record.dtype);
  std::memcpy(record.dtype, info.dtype.data(), info.dtype.size());
  std::memset(record.format, 0, sizeof record.format);
  std::memcpy(record.format, info.format.data(), info.format.size());
  record.meta_len = info.meta_len;
  if (info.meta_len) std::memcpy(s.meta_of(slot), info.meta, info.meta_len);
}

bool holds(const Segment& s, i64 sequence) {
  for (u32 k = 0; k < s.slot_count; ++k)
    if (s.slots[k].tag.load() == make_tag(sequence, READY)) return true;
  return false;
}

}  // namespace

void check_fits(const Segment& s, const FrameInfo& info) {
  if (info.nbytes > s.slot_bytes || info.meta_len > kMetaBytes || info.dtype.size() > sizeof(Slot::dtype) ||
      info.format.size() > sizeof(Slot::format))
    throw DepotFailure("the frame, its format name or its metadata do not fit a slot");
}

Reservation reserve(Member& me, Take take, i64 exact) {
  Guard guard(me.segment);
  me.mark_writer();
  Reservation out = attempt(me, take, exact);
  if (out.status != OK && me.reclaim_locked() > 0) out = attempt(me, take, exact);
  return out;
}

Published publish(Member& me, u32 slot, const FrameInfo& info, i64 sequence) {
  Segment& s = me.segment;
  if (!mine(me, slot)) throw DepotFailure("this slot is not reserved by this participant (published or abandoned already)");
  check_fits(s, info);
  if (sequence >= 0 && !(s.header->flags & kFlagSpill)) throw DepotFailure("only a spill segment takes a sequence from outside");
  describe(s, slot, info);
  Slot& record = s.slots[slot];
  Published out{sequence, info.number};
  {
    Guard guard(s);
    const i64 head = s.header->head.load();
    if (sequence >= 0 && holds(s, sequence)) {
      record.tag.store(make_tag(sequence_of(record.tag.load()), FREE), std::memory_order_seq_cst);
      return out;
    }
    if (sequence < 0) out.sequence = head + 1;
    if (!info.numbered) out.number = s.header->next_number.fetch_add(1);
    record.number = out.number;
    record.published_ns = wall_ns();
    s.numbers[slot].store(out.number, std::memory_order_relaxed);
    record.tag.store(make_tag(out.sequence, READY), std::memory_order_seq_cst);
    fault(AT_TAGGED);
    s.header->head.store(std::max(head, out.sequence), std::memory_order_seq_cst);
    fault(AT_HEADED);
    s.count(OFFERED);
    s.count(STORED);
  }
  notify(s.header->wake, s.header->wake_waiters);
  return out;
}

void abandon(Member& me, u32 slot) {
  Segment& s = me.segment;
  {
    Guard guard(s);
    if (!mine(me, slot)) return;
    s.slots[slot].tag.store(make_tag(sequence_of(s.slots[slot].tag.load()), FREE), std::memory_order_seq_cst);
  }
  room_appeared(s);
}

u64 drop(Member& me, Counter reason, bool numbered, u64 number) {
  Guard guard(me.segment);
  if (!numbered) number = me.segment.header->next_number.fetch_add(1);
  me.segment.count(reason);
  me.segment.count(OFFERED);
  return number;
}

u64 clear(Member& me) {
  Segment& s = me.segment;
  u64 gone = 0;
  {
    Guard guard(s);
    for (u32 k = 0; k < s.slot_count; ++k) {
      const u64 tag = s.slots[k].tag.load();
      if (state_of(tag) != READY) continue;
      s.slots[k].tag.store(make_tag(sequence_of(tag), FREE), std::memory_order_seq_cst);
      s.count(CLEARED);
      ++gone;
    }
  }
  room_appeared(s);
  return gone;
}

u64 held(const Segment& s) {
  u64 sum = 0;
  for (u32 k = 0; k < s.slot_count; ++k) {
    const State state = state_of(s.slots[k].tag.load());
    sum += state == READY || state == PROBING;
  }
  return sum;
}

std::vector<u64> counters(Member& me) {
  Guard guard(me.segment);
  std::vector<u64> out{held(me.segment)};
  for (int k = 0; k < COUNTERS; ++k) out.push_back(me.segment.counted(static_cast<Counter>(k)));
  return out;
}

std::vector<u64> sequences(const Segment& s) {
  std::vector<u64> out;
  for (u32 k = 0; k < s.slot_count; ++k) {
    const u64 tag = s.slots[k].tag.load();
    if (state_of(tag) == READY || state_of(tag) == PROBING) out.push_back(sequence_of(tag));
  }
  std::sort(out.begin(), out.end());
  return out;
}

void recover(Segment& s) {
  Header& h = *s.header;
  i64 head = h.head.load();
  u64 kept = 0;
  for (u32 k = 0; k < s.slot_count; ++k) {
    const u64 tag = s.slots[k].tag.load();
    if (state_of(tag) == PROBING) s.slots[k].tag.store(make_tag(sequence_of(tag), READY), std::memory_order_seq_cst);
    if (state_of(tag) != PROBING && state_of(tag) != READY) continue;
    ++kept;
    head = std::max(head, static_cast<i64>(sequence_of(tag)));
  }
  h.head.store(head, std::memory_order_seq_cst);
  // The holder may have died between a change and its count: what can be recounted is, and `evicted` takes the rest.
  u64 dropped = 0;
  for (int k = DROPPED_FULL; k <= DROPPED_TIMEOUT; ++k) dropped += s.counted(static_cast<Counter>(k));
  const u64 gone = s.counted(SPILLED) + s.counted(CLEARED);
  const u64 stored = h.flags & kFlagSpill ? std::max(s.counted(STORED), kept + gone + s.counted(EVICTED)) : u64(head + 1);
  h.counters[STORED].store(stored);
  h.counters[EVICTED].store(stored - std::min(stored, kept + gone));
  h.counters[OFFERED].store(stored + dropped);
  s.count(DEAD_LOCK_OWNERS);
  // A frame may have been published and nobody told.
  notify(h.wake, h.wake_waiters);
}

}  // namespace rushes

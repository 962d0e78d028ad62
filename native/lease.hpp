// Reading: a lease is one participant's raised counter on one slot. There is no shared reference count that a SIGKILL
// could leave wrong: the dead participant's counters are simply wiped.
#pragma once

#include <memory>
#include <vector>

#include "member.hpp"

namespace rushes {

// A held frame. Gives the lease back when destroyed; keeps the mapping alive for as long as it lives.
class Lease {
 public:
  Lease(std::shared_ptr<Member> member, u32 slot, u64 sequence);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  const Slot& record() const { return member_->segment.slots[slot_]; }
  const std::byte* data() const { return member_->segment.frame_of(slot_); }
  const std::byte* meta() const { return member_->segment.meta_of(slot_); }
  u64 sequence() const { return sequence_; }
  bool live() const { return !member_->is_forked.load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<Member> member_;
  u32 slot_;
  u64 sequence_;
};

using LeasePtr = std::shared_ptr<Lease>;

LeasePtr newest(const std::shared_ptr<Member>& me);
// The newest frame that carries the number.
LeasePtr by_number(const std::shared_ptr<Member>& me, u64 number);
// The frame with the smallest sequence above `after`.
LeasePtr next(const std::shared_ptr<Member>& me, i64 after);
LeasePtr exact(const std::shared_ptr<Member>& me, i64 sequence);

struct LeaseView {
  i64 sequence;  // -1: the frame was cleared under the lease
  u32 slot, row;
  u16 count;
  u64 since_ns;
};
std::vector<LeaseView> leases(const Segment& segment);

}  // namespace rushes

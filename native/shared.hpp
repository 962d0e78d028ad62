// What lies in a depot segment, as C++ sees it. The same numbers stand in src/rushes/_native/layout.py, which also
// draws the map; a test compares the two. Nothing here knows Python.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace rushes {

using i64 = std::int64_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

inline constexpr u64 kPage = 4096;
inline constexpr u32 kMetaBytes = 2048;
inline constexpr u32 kFlagSpill = 4;
inline constexpr u16 kMostLeases = 60000;  // of one slot by one participant; far below wrap-around even with racing threads

enum State : u64 { FREE = 0, WRITING = 1, READY = 2, PROBING = 3 };
enum RowState : u32 { VACANT = 0, LIVE = 1, LEAVING = 2 };
enum Role : u32 { ROLE_RW = 1, ROLE_WRITER = 2 };
enum Missed : u32 { NOBODY = 0, WHO_WROTE = 1, WHO_COULD_WRITE = 2 };  // of those attached for writing, killed as the last
enum Counter {
  OFFERED, STORED, EVICTED, CLEARED, SPILLED,
  DROPPED_FULL, DROPPED_LEASED, DROPPED_NO_CONSUMER, DROPPED_TIMEOUT,
  RECLAIMED_LEASES, RECLAIMED_SLOTS, DEAD_LOCK_OWNERS, COUNTERS
};

// The user did nothing wrong and nothing is corrupt: a limit was met. Becomes DepotError.
struct DepotFailure : std::runtime_error { using std::runtime_error::runtime_error; };
// Something was used after it was closed. Becomes ClosedError.
struct Departed : std::runtime_error { using std::runtime_error::runtime_error; };
// The segment holds what no core would write. Becomes SegmentMismatch.
struct Damaged : std::runtime_error { using std::runtime_error::runtime_error; };

static_assert(std::atomic<u64>::is_always_lock_free && std::atomic<u16>::is_always_lock_free,
              "a lock hidden inside an atomic would be private to one process");

struct Header {
  u64 magic;
  u32 version, word_check, core, flags, slots, participants;
  u64 slot_bytes, stride;
  u64 participants_off, consumers_off, slots_off, numbers_off, leases_off, since_off, meta_off, payload_off, total;
  std::byte rest_of_fixed[1024 - 120];
  alignas(64) std::atomic<i64> head;
  std::atomic<u64> next_number;
  alignas(64) std::atomic<u32> wake;
  std::atomic<u32> wake_waiters;
  alignas(64) std::atomic<u32> room;
  std::atomic<u32> room_waiters;
  alignas(64) pthread_mutex_t mutex;
  alignas(64) std::atomic<u64> counters[16];
  std::atomic<u32> writer_died;  // Missed
  std::atomic<u64> attached_ever;
};
static_assert(offsetof(Header, head) == 1024 && offsetof(Header, wake) == 1088 && offsetof(Header, room) == 1152);
static_assert(offsetof(Header, mutex) == 1216 && offsetof(Header, counters) == 1280);
static_assert(offsetof(Header, writer_died) == 1408 && offsetof(Header, attached_ever) == 1416);

struct Participant {
  std::atomic<u32> state, role;
  std::atomic<u64> incarnation;
  u32 pid, pad;
  u64 start_time, joined_ns;
  char name[80];
  std::byte rest[8];
};

struct Consumer {
  std::atomic<u32> state, flags;
  u64 owner_row, owner_incarnation;
  std::atomic<i64> start, last, acked;
  std::atomic<u64> seen;
  char name[72];
};

// Who holds the slot: the participant row alone would name a stranger once the row is handed on, so the row's
// incarnation stands beside it.
struct Slot {
  std::atomic<u64> tag;  // sequence << 2 | State
  u64 number;
  i64 captured_ns, published_ns;
  u64 nbytes, owner_row, owner_incarnation;
  char dtype[8];
  char format[16];
  u32 ndim, meta_len;
  u64 dims[4];
  std::byte rest[8];
};
static_assert(sizeof(Participant) == 128 && sizeof(Consumer) == 128 && sizeof(Slot) == 128);

inline u64 sequence_of(u64 tag) { return tag >> 2; }
inline State state_of(u64 tag) { return static_cast<State>(tag & 3); }
inline u64 make_tag(u64 sequence, State state) { return sequence << 2 | state; }

// The mapped segment: control words shared read-write, frames read-only, and the same frames once more writeable for
// participants that write. A reader that writes through a view's address therefore faults and harms nobody.
class Segment {
 public:
  Segment(int fd, bool writable, bool prefault);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  Header* header;
  Participant* participants;
  Consumer* consumers;
  Slot* slots;
  std::atomic<u64>* numbers;
  std::atomic<u64>* since;
  u32 slot_count, participant_count;
  u64 slot_bytes, stride, participants_off;

  std::atomic<u16>* leases_of(u32 slot) const {
    return reinterpret_cast<std::atomic<u16>*>(leases_ + u64(slot) * lease_row_);
  }
  bool leased(u32 slot) const;
  std::byte* meta_of(u32 slot) const { return meta_ + u64(slot) * kMetaBytes; }
  const std::byte* frame_of(u32 slot) const { return frames_ + u64(slot) * stride; }
  std::byte* target_of(u32 slot) const;
  void count(Counter which, u64 by = 1) const { header->counters[which].fetch_add(by, std::memory_order_relaxed); }
  u64 counted(Counter which) const { return header->counters[which].load(std::memory_order_relaxed); }

 private:
  std::byte *control_, *frames_, *target_, *leases_, *meta_;
  u64 control_size_, payload_size_, lease_row_;
};

// Sets the changing words of a fresh, zeroed segment.
void initialise(int fd);

// Fault points for tests: the process kills itself on passing the armed one. Numbers as in core.py's FAULTS, from 1.
enum Fault { AT_PROBING = 1, AT_OWNED, AT_WRITING, AT_TAGGED, AT_HEADED, AT_JOINING, AT_RECLAIMING, AT_LEASED };
inline std::atomic<int> armed_fault{0};
void die();
inline void fault(Fault point) {
  if (armed_fault.load(std::memory_order_relaxed) == point) [[unlikely]] die();
}

}  // namespace rushes

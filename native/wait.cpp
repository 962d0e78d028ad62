#include "wait.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "ring.hpp"

namespace rushes {
namespace {

u64 read_clock(clockid_t which) {
  timespec now{};
  ::clock_gettime(which, &now);
  return u64(now.tv_sec) * 1'000'000'000u + u64(now.tv_nsec);
}

// Nobody holds the mutex for longer than a few microseconds unless it was stopped (SIGSTOP, debugger) inside.
constexpr i64 kLockSeconds = 2;

}  // namespace

u64 monotonic_ns() { return read_clock(CLOCK_MONOTONIC); }
u64 coarse_monotonic_ns() { return read_clock(CLOCK_MONOTONIC_COARSE); }
i64 wall_ns() { return static_cast<i64>(read_clock(CLOCK_REALTIME)); }

void notify(std::atomic<u32>& word, const std::atomic<u32>& waiters) {
  word.fetch_add(1, std::memory_order_seq_cst);
  if (waiters.load(std::memory_order_seq_cst) != 0)
    ::syscall(SYS_futex, reinterpret_cast<u32*>(&word), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void sleep_on(std::atomic<u32>& word, u32 seen, double slice_s) {
  const auto ns = static_cast<i64>(std::clamp(slice_s, 0.0, 0.1) * 1e9);
  const timespec span{ns / 1'000'000'000, ns % 1'000'000'000};
  ::syscall(SYS_futex, reinterpret_cast<u32*>(&word), FUTEX_WAIT, seen, &span, nullptr, 0);
}

bool wait_published(Segment& segment, i64 after, double slice_s) {
  Header& h = *segment.header;
  if (h.head.load(std::memory_order_seq_cst) > after) return true;
  h.wake_waiters.fetch_add(1, std::memory_order_seq_cst);
  const u32 seen = h.wake.load(std::memory_order_seq_cst);
  if (h.head.load(std::memory_order_seq_cst) <= after) sleep_on(h.wake, seen, slice_s);
  h.wake_waiters.fetch_sub(1, std::memory_order_seq_cst);
  return h.head.load(std::memory_order_seq_cst) > after;
}

bool wait_room(Segment& segment, u32 ticket, double slice_s) {
  Header& h = *segment.header;
  h.room_waiters.fetch_add(1, std::memory_order_seq_cst);
  if (h.room.load(std::memory_order_seq_cst) == ticket) sleep_on(h.room, ticket, slice_s);
  h.room_waiters.fetch_sub(1, std::memory_order_seq_cst);
  return h.room.load(std::memory_order_seq_cst) != ticket;
}

Guard::Guard(Segment& segment) : segment_(segment) {
  pthread_mutex_t* mutex = &segment.header->mutex;
  int answer = ::pthread_mutex_trylock(mutex);
  if (answer == EBUSY) {
    timespec until{};
#if defined(__SANITIZE_THREAD__)  // the sanitizer does not know clocklock
    ::clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += kLockSeconds;
    answer = ::pthread_mutex_timedlock(mutex, &until);
#else
    ::clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += kLockSeconds;
    answer = ::pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until);
#endif
  }
  if (answer == EOWNERDEAD) {
    recover(segment);
    ::pthread_mutex_consistent(mutex);
  } else if (answer == ETIMEDOUT) {
    throw DepotFailure("the depot's lock has been held for 2 s: a participant was stopped in mid-operation; continue or kill it");
  } else if (answer != 0) {
    throw Damaged("the depot's lock is unusable: the segment is damaged, recreate the depot");
  }
}

Guard::~Guard() { ::pthread_mutex_unlock(&segment_.header->mutex); }

}  // namespace rushes

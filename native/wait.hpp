// Sleeping and waking across processes, and the clocks that go with it.
#pragma once

#include "shared.hpp"

namespace rushes {

u64 monotonic_ns();         // exact
u64 coarse_monotonic_ns();  // a few ms behind at most, several times cheaper; for marks people read
i64 wall_ns();

// Raise `word` and wake everyone who sleeps on it. `waiters` only spares the call when nobody sleeps: a killed sleeper
// leaves it too high, which costs a needless call and nothing else.
void notify(std::atomic<u32>& word, const std::atomic<u32>& waiters);

// Sleep while `word` is still `seen`, at most `slice_s` seconds. Spurious returns are allowed.
void sleep_on(std::atomic<u32>& word, u32 seen, double slice_s);

// True once a frame newer than `after` is published; false when the slice is over.
bool wait_published(Segment& segment, i64 after, double slice_s);
// True once room may have appeared since `ticket` was read from `header->room`.
bool wait_room(Segment& segment, u32 ticket, double slice_s);

// The robust mutex, held. Recovers what a dead holder left half-done before it returns.
class Guard {
 public:
  explicit Guard(Segment& segment);
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  Segment& segment_;
};

}  // namespace rushes

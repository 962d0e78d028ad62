// Slots as a ring of frames: who may write where, and what is published. Every function here takes the robust mutex
// for well under a microsecond; pixels are copied between reserve and publish, outside it.
#pragma once

#include <vector>

#include "member.hpp"

namespace rushes {

enum Take { TAKE_OLDEST = 0, TAKE_ACKED = 1, TAKE_FREE = 2, TAKE_EXACT = 3 };
enum Status { OK = 0, FULL = 1, LEASED = 2, NO_CONSUMER = 3 };

struct Reservation {
  Status status = FULL;
  u32 slot = 0;
  i64 evicted = -1;
};

struct FrameInfo {
  bool numbered = false;
  u64 number = 0;
  i64 captured_ns = 0;
  u64 nbytes = 0;
  u32 ndim = 0;
  u64 dims[4] = {};
  std::string dtype, format;
  const char* meta = nullptr;
  u32 meta_len = 0;
};

struct Published {
  i64 sequence;
  u64 number;
};

// Throws when the frame cannot go into any slot; asked before reserving, so that it costs no other frame its slot.
void check_fits(const Segment& segment, const FrameInfo& info);
Reservation reserve(Member& me, Take take, i64 exact = -1);
// `sequence` >= 0 publishes under that sequence, in spill segments only; a sequence that is there already is not stored twice.
Published publish(Member& me, u32 slot, const FrameInfo& info, i64 sequence = -1);
void abandon(Member& me, u32 slot);
// Count an offered frame as dropped; returns its number.
u64 drop(Member& me, Counter reason, bool numbered, u64 number);
u64 clear(Member& me);

u64 held(const Segment& segment);
// held, then all counters, of one moment.
std::vector<u64> counters(Member& me);
std::vector<u64> sequences(const Segment& segment);

// What the mutex's dead holder left half-done is finished or undone. Called with the mutex held.
void recover(Segment& segment);

}  // namespace rushes

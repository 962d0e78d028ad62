// One participant of a segment: its row, its incarnation and the byte-range lock that proves it alive. Also what is done
// for those whose lock the kernel has dropped.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "shared.hpp"

namespace rushes {

class Member {
 public:
  // Joins the segment behind `fd` and owns the descriptor from then on, also when it throws.
  Member(int fd, bool writable, bool prefault, const std::string& name);
  // Leaves: frees the row and everything owned. In a forked child: only unmaps.
  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  // Stop being a user of the depot. Views that are still out keep the mapping, the row and their leases.
  void retire();
  void forked();
  void mark_writer();

  // Takes back what dead participants left; returns how many there were. The second form wants the mutex held.
  u32 reclaim();
  u32 reclaim_locked();
  // True when the last participant that wrote was killed, or the last one attached for writing before it wrote.
  bool writer_gone();
  bool alive(u32 row) const;

 private:
  struct Descriptor {
    int value;
    explicit Descriptor(int fd) : value(fd) {}
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
  } fd_;

 public:
  Segment segment;
  u32 row = 0;
  u64 incarnation = 0;
  std::atomic<bool> is_forked{false};

 private:
  void join(const std::string& name, bool writable);
  void free_row(u32 row, bool died);
  bool another_has(Role role, u32 than) const;
  void miss(u32 dead);
  void close_consumers(u32 row);
};

// Rows of users of the depot, seen from outside: marked live, and somebody holds their lock.
std::vector<u32> probe(int fd);

struct ConsumerView {
  char name[72];
  bool lossless;
  u64 row;
  i64 start, last, acked;
  u64 seen;
};

// Consumers count, and when lossless protect, what one reader has still to see. `missed` is not stored: it is what was
// published since the start and neither seen nor waiting, so a death between two stores cannot make it lie.
bool consumer_is_mine(const Member& me, u32 consumer);
u32 consumer_open(Member& me, const std::string& name, bool lossless, i64 start);
u64 consumer_seen(Member& me, u32 consumer, i64 sequence);
void consumer_ack(Member& me, u32 consumer, i64 sequence);
void consumer_close(Member& me, u32 consumer);
std::vector<ConsumerView> consumers(const Segment& segment);

}  // namespace rushes

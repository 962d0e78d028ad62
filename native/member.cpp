#include "member.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "wait.hpp"

#ifndef F_OFD_GETLK
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#endif

namespace rushes {
namespace {

// Open-file-description locks: dropped by the kernel at SIGKILL, before the parent reaps, and untouched by closing other
// descriptors of the file. Process ids were rejected as the truth: they are re-used and differ between namespaces.
struct flock byte_of(u64 participants_off, u32 row, short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(participants_off + u64(row) * sizeof(Participant));
  lock.l_len = 1;
  return lock;
}

bool try_lock(int fd, u64 participants_off, u32 row, short type) {
  struct flock lock = byte_of(participants_off, row, type);
  return ::fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

bool locked_by_other(int fd, u64 participants_off, u32 row) {
  struct flock lock = byte_of(participants_off, row, F_WRLCK);
  if (::fcntl(fd, F_OFD_GETLK, &lock) != 0) return true;  // unknown counts as alive: nothing is taken from the living
  return lock.l_type != F_UNLCK;
}

u64 start_time_of_self() {
  std::FILE* stat = std::fopen("/proc/self/stat", "re");
  if (!stat) return 0;
  char line[1024] = {};
  const std::size_t got = std::fread(line, 1, sizeof line - 1, stat);
  std::fclose(stat);
  const char* at = got ? std::strrchr(line, ')') : nullptr;  // the name before it may hold spaces
  unsigned long long start = 0;
  if (at) std::sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &start);
  return start;
}

template <std::size_t N>
void copy_name(char (&to)[N], const std::string& name) {
  std::memset(to, 0, N);
  std::memcpy(to, name.data(), std::min(name.size(), N - 1));
}

}  // namespace

Member::Descriptor::~Descriptor() { ::close(value); }

Member::Member(int fd, bool writable, bool prefault, const std::string& name)
    : fd_(fd), segment(fd, writable, prefault) {
  join(name, writable);
}

void Member::join(const std::string& name, bool writable) {
  Guard guard(segment);
  for (int pass = 0; pass < 2; ++pass) {
    for (u32 k = 0; k < segment.participant_count; ++k) {
      Participant& p = segment.participants[k];
      // The lock may still be held by one that is just leaving: its row is free already, its descriptor not yet closed.
      if (p.state.load() != VACANT || !try_lock(fd_.value, segment.participants_off, k, F_WRLCK)) continue;
      fault(AT_JOINING);
      row = k;
      incarnation = segment.header->attached_ever.fetch_add(1) + 1;
      p.incarnation.store(incarnation);
      p.role.store(writable ? u32{ROLE_RW} : 0u);
      p.pid = static_cast<u32>(::getpid());
      p.start_time = start_time_of_self();
      p.joined_ns = static_cast<u64>(wall_ns());
      copy_name(p.name, name);
      p.state.store(LIVE);
      // Only now that the row counts: a death in between leaves a row whose reclaim says it again.
      if (writable && segment.header->writer_died.load() == WHO_COULD_WRITE) segment.header->writer_died.store(NOBODY);
      return;
    }
    row = segment.participant_count;  // nobody yet, so that every dead row may be taken back
    if (reclaim_locked() == 0) break;
  }
  throw DepotFailure("all " + std::to_string(segment.participant_count) +
                     " participant rows of the depot are taken by living handles: close some, or create it with more participants");
}

Member::~Member() {
  if (is_forked.load()) return;
  try {
    Guard guard(segment);
    free_row(row, false);
    // Now and not when the descriptor closes: until then the vacant row would look taken to whoever joins.
    try_lock(fd_.value, segment.participants_off, row, F_UNLCK);
  } catch (const std::exception&) {
    // The lock could not be had: the closing descriptor drops our proof of life, so the next participant reclaims the row.
  }
}

void Member::retire() {
  if (is_forked.load()) return;
  Guard guard(segment);
  reclaim_locked();  // deaths before this one's leaving in order must not look as if they came after it
  close_consumers(row);
  segment.participants[row].state.store(LEAVING);
}

// The child shares the parent's open file description, and with it the parent's proof of life: it must let go of it, or
// the parent would look alive for as long as the child lives.
void Member::forked() {
  is_forked.store(true);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing >= 0) {
    ::dup3(nothing, fd_.value, O_CLOEXEC);
    ::close(nothing);
  }
}

void Member::mark_writer() {
  auto& role = segment.participants[row].role;
  if (role.load(std::memory_order_relaxed) & ROLE_WRITER) return;
  role.fetch_or(ROLE_WRITER);
  segment.header->writer_died.store(NOBODY);
}

bool Member::alive(u32 other) const {
  return other == row || locked_by_other(fd_.value, segment.participants_off, other);
}

void Member::close_consumers(u32 of) {
  bool any = false;
  for (u32 k = 0; k < segment.participant_count; ++k) {
    Consumer& c = segment.consumers[k];
    if (c.state.load() != LIVE || c.owner_row != of) continue;
    c.state.store(VACANT);
    any = true;
  }
  if (any) notify(segment.header->room, segment.header->room_waiters);
}

bool Member::another_has(Role role, u32 than) const {
  for (u32 k = 0; k < segment.participant_count; ++k)
    if (k != than && segment.participants[k].state.load() == LIVE && (segment.participants[k].role.load() & role)) return true;
  return false;
}

// Says whom readers wait for in vain from now on. Whoever was leaving had left in order: only its views were still out.
void Member::miss(u32 dead) {
  const Participant& p = segment.participants[dead];
  auto& word = segment.header->writer_died;
  if (p.state.load() != LIVE || !(p.role.load() & ROLE_RW)) return;
  if ((p.role.load() & ROLE_WRITER) && !another_has(ROLE_WRITER, dead)) word.store(WHO_WROTE);
  else if (word.load() == NOBODY && !another_has(ROLE_RW, dead)) word.store(WHO_COULD_WRITE);
}

// Slots first, then leases, then consumers, the row last: a death in between leaves a row that is still marked used, and
// the next reclaim starts over. All under the mutex: wiped outside it, a newcomer on this row could lose its leases.
void Member::free_row(u32 of, bool died) {
  Segment& s = segment;
  Participant& p = s.participants[of];
  const u64 who = p.incarnation.load();
  for (u32 k = 0; k < s.slot_count; ++k) {
    Slot& slot = s.slots[k];
    const u64 tag = slot.tag.load();
    if (state_of(tag) != WRITING || slot.owner_row != of || slot.owner_incarnation != who) continue;
    slot.tag.store(make_tag(sequence_of(tag), FREE), std::memory_order_seq_cst);
    if (died) s.count(RECLAIMED_SLOTS);
  }
  if (died) fault(AT_RECLAIMING);
  for (u32 k = 0; k < s.slot_count; ++k) {
    const u16 left = s.leases_of(k)[of].exchange(0, std::memory_order_seq_cst);
    if (died && left) s.count(RECLAIMED_LEASES, left);
  }
  close_consumers(of);
  if (died) miss(of);
  p.role.store(0);
  p.state.store(VACANT);
  notify(s.header->room, s.header->room_waiters);
}

u32 Member::reclaim_locked() {
  u32 gone = 0;
  for (u32 k = 0; k < segment.participant_count; ++k) {
    if (segment.participants[k].state.load() == VACANT || alive(k)) continue;
    free_row(k, true);
    ++gone;
  }
  return gone;
}

u32 Member::reclaim() {
  Guard guard(segment);
  return reclaim_locked();
}

bool Member::writer_gone() {
  if (segment.header->writer_died.load() != NOBODY) return true;
  bool dead = false;
  for (u32 k = 0; k < segment.participant_count; ++k)
    dead |= segment.participants[k].state.load() != VACANT && !alive(k);
  if (dead) reclaim();
  return segment.header->writer_died.load() != NOBODY;
}

std::vector<u32> probe(int fd) {
  Header head{};
  std::vector<u32> out;
  if (::pread(fd, &head, sizeof head, 0) != static_cast<ssize_t>(sizeof head)) return out;
  for (u32 k = 0; k < head.participants; ++k) {
    u32 state = 0;
    const auto at = static_cast<off_t>(head.participants_off + u64(k) * sizeof(Participant));
    if (::pread(fd, &state, sizeof state, at) != sizeof state) break;
    if (state == LIVE && locked_by_other(fd, head.participants_off, k)) out.push_back(k);
  }
  return out;
}

u32 consumer_open(Member& me, const std::string& name, bool lossless, i64 start) {
  Segment& s = me.segment;
  Guard guard(s);
  for (int pass = 0; pass < 2; ++pass) {
    for (u32 k = 0; k < s.participant_count; ++k) {
      Consumer& c = s.consumers[k];
      if (c.state.load() != VACANT) continue;
      c.owner_row = me.row;
      c.owner_incarnation = me.incarnation;
      c.flags.store(lossless ? 1 : 0);
      c.start.store(start);
      c.last.store(start);
      c.acked.store(start);
      c.seen.store(0);
      copy_name(c.name, name);
      c.state.store(LIVE);
      return k;
    }
    if (me.reclaim_locked() == 0) break;
  }
  throw DepotFailure("all " + std::to_string(s.participant_count) +
                     " consumer rows of the depot are taken: close some iterators, or create it with more participants");
}

bool consumer_is_mine(const Member& me, u32 consumer) {
  if (consumer >= me.segment.participant_count) return false;
  const Consumer& c = me.segment.consumers[consumer];
  return c.state.load() == LIVE && c.owner_row == me.row && c.owner_incarnation == me.incarnation;
}

u64 consumer_seen(Member& me, u32 consumer, i64 sequence) {
  Consumer& c = me.segment.consumers[consumer];
  const i64 before = c.last.load();
  if (sequence <= before) return 0;
  c.last.store(sequence);
  c.seen.fetch_add(1);
  return static_cast<u64>(sequence - before - 1);
}

void consumer_ack(Member& me, u32 consumer, i64 sequence) {
  Consumer& c = me.segment.consumers[consumer];
  i64 now = c.acked.load();
  while (now < sequence && !c.acked.compare_exchange_weak(now, sequence)) {
  }
  notify(me.segment.header->room, me.segment.header->room_waiters);
}

void consumer_close(Member& me, u32 consumer) {
  {
    Guard guard(me.segment);
    if (!consumer_is_mine(me, consumer)) return;
    me.segment.consumers[consumer].state.store(VACANT);
  }
  notify(me.segment.header->room, me.segment.header->room_waiters);
}

std::vector<ConsumerView> consumers(const Segment& s) {
  std::vector<ConsumerView> out;
  for (u32 k = 0; k < s.participant_count; ++k) {
    const Consumer& c = s.consumers[k];
    if (c.state.load() != LIVE) continue;
    ConsumerView view{{}, (c.flags.load() & 1) != 0, c.owner_row, c.start.load(), c.last.load(), c.acked.load(), c.seen.load()};
    std::memcpy(view.name, c.name, sizeof view.name);
    out.push_back(view);
  }
  return out;
}

}  // namespace rushes

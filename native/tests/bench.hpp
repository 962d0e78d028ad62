// A segment to test on, and a check that says where it failed.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>

#include "../lease.hpp"
#include "../member.hpp"
#include "../ring.hpp"
#include "../wait.hpp"

inline int g_failed = 0;
inline int g_passed = 0;

#define CHECK(what)                                                        \
  do {                                                                     \
    if (!(what)) {                                                         \
      std::printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #what);       \
      throw std::runtime_error(#what);                                     \
    }                                                                      \
  } while (0)

inline void test(const char* name, const std::function<void()>& body) {
  try {
    body();
    ++g_passed;
  } catch (const std::exception& error) {
    ++g_failed;
    std::printf("FAILED %s: %s\n", name, error.what());
  }
}

inline int report() {
  std::printf("%d passed, %d failed\n", g_passed, g_failed);
  return g_failed ? 1 : 0;
}

inline rushes::u64 round_up(rushes::u64 value, rushes::u64 to) { return (value + to - 1) / to * to; }

// An anonymous segment; each member gets a description of its own, on which its proof of life hangs.
class Bench {
 public:
  Bench(rushes::u32 slots, rushes::u32 participants, rushes::u64 slot_bytes, rushes::u32 flags = 0) {
    using namespace rushes;
    Header h{};
    h.slots = slots;
    h.participants = participants;
    h.flags = flags;
    h.slot_bytes = slot_bytes;
    h.stride = round_up(slot_bytes, kPage);
    const u64 row = round_up(u64(participants) * 2, 64);
    u64 at = kPage;
    auto take = [&at](u64 size) { const u64 here = at; at = round_up(at + size, 64); return here; };
    h.participants_off = take(u64(participants) * 128);
    h.consumers_off = take(u64(participants) * 128);
    h.slots_off = take(u64(slots) * 128);
    h.numbers_off = take(u64(slots) * 8);
    h.leases_off = take(slots * row);
    h.since_off = take(u64(slots) * participants * 8);
    h.meta_off = take(u64(slots) * kMetaBytes);
    h.payload_off = round_up(at, kPage);
    h.total = h.payload_off + slots * h.stride;
    fd_ = ::memfd_create("rushes-native-test", MFD_CLOEXEC);
    if (fd_ < 0 || ::posix_fallocate(fd_, 0, static_cast<off_t>(h.total)) != 0) std::abort();
    if (::pwrite(fd_, &h, 120, 0) != 120) std::abort();
    initialise(fd_);
  }
  ~Bench() { ::close(fd_); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  std::shared_ptr<rushes::Member> join(const char* name = "test", bool writable = true) const {
    const std::string path = "/proc/self/fd/" + std::to_string(fd_);
    return std::make_shared<rushes::Member>(::open(path.c_str(), O_RDWR | O_CLOEXEC), writable, false, name);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

inline rushes::FrameInfo info_of(rushes::u64 number, rushes::u64 nbytes) {
  rushes::FrameInfo info;
  info.numbered = true;
  info.number = number;
  info.nbytes = nbytes;
  info.ndim = 1;
  info.dims[0] = nbytes;
  info.dtype = "|u1";
  info.format = "array";
  return info;
}

// Fills a reserved slot with the number's low byte and publishes it.
inline rushes::Published fill(rushes::Member& me, rushes::u32 slot, rushes::u64 number, rushes::i64 sequence = -1) {
  const rushes::u64 size = me.segment.slot_bytes;
  std::memset(me.segment.target_of(slot), static_cast<int>(number & 0xff), size);
  return rushes::publish(me, slot, info_of(number, size), sequence);
}

inline rushes::Reservation put(rushes::Member& me, rushes::u64 number, rushes::Take take = rushes::TAKE_OLDEST) {
  const rushes::Reservation r = rushes::reserve(me, take);
  if (r.status == rushes::OK) fill(me, r.slot, number);
  return r;
}

inline bool whole(const rushes::Lease& lease) {
  const auto* data = reinterpret_cast<const unsigned char*>(lease.data());
  const auto want = static_cast<unsigned char>(lease.record().number & 0xff);
  for (rushes::u64 k = 0; k < lease.record().nbytes; ++k)
    if (data[k] != want) return false;
  return true;
}

inline bool adds_up(rushes::Member& me) {
  using namespace rushes;
  const auto c = counters(me);
  const auto at = [&c](Counter which) { return c[1 + which]; };
  const u64 dropped = at(DROPPED_FULL) + at(DROPPED_LEASED) + at(DROPPED_NO_CONSUMER) + at(DROPPED_TIMEOUT);
  return at(OFFERED) == at(STORED) + dropped && at(STORED) == c[0] + at(EVICTED) + at(SPILLED) + at(CLEARED);
}

// Runs `body` in a forked child that has inherited no member; returns the signal that ended it, or its exit code as -1 - code.
inline int in_child(const std::function<void()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    try {
      body();
    } catch (const std::exception& error) {
      std::printf("child: %s\n", error.what());
      std::fflush(stdout);
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : -1 - WEXITSTATUS(status);
}

#include "shared.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

namespace rushes {
namespace {

std::byte* map(int fd, u64 size, u64 offset, int protection, bool prefault) {
  void* at = ::mmap(nullptr, size, protection, MAP_SHARED, fd, static_cast<off_t>(offset));
  if (at == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "cannot map the depot segment");
  // Kernels before 5.14 answer EINVAL: frames are then touched at first use, slower once and otherwise the same.
  if (prefault) ::madvise(at, size, protection & PROT_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
  return static_cast<std::byte*>(at);
}

template <class T>
T* at(std::byte* base, u64 offset) {
  return reinterpret_cast<T*>(base + offset);
}

// A mapping keeps the file description it was made from alive, and with it every lock of that description: a child forked
// later inherits the mapping, and would keep the proof of life of its killed parent. So the mappings get a description
// of their own, on which nobody ever locks.
class MappingFile {
 public:
  explicit MappingFile(int fd) : value(::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDWR | O_CLOEXEC)) {
    if (value < 0) throw std::system_error(errno, std::generic_category(), "cannot open the depot segment for mapping");
  }
  ~MappingFile() { ::close(value); }
  MappingFile(const MappingFile&) = delete;
  MappingFile& operator=(const MappingFile&) = delete;
  const int value;
};

}  // namespace

Segment::Segment(int shared_fd, bool writable, bool prefault) : frames_(nullptr), target_(nullptr) {
  const MappingFile file(shared_fd);
  const int fd = file.value;
  std::byte* first = map(fd, kPage, 0, PROT_READ | PROT_WRITE, false);
  const auto* h = at<Header>(first, 0);
  control_size_ = h->payload_off;
  payload_size_ = h->total - h->payload_off;
  struct stat about {};
  const bool whole = ::fstat(fd, &about) == 0 && static_cast<u64>(about.st_size) == h->total && h->total > h->payload_off;
  ::munmap(first, kPage);
  // The caller checked the header before; a segment cut short since then would be SIGBUS later, so look once more.
  if (!whole) throw Damaged("depot segment changed its size while it was being attached");
  control_ = map(fd, control_size_, 0, PROT_READ | PROT_WRITE, prefault);
  header = at<Header>(control_, 0);
  try {
    if (writable) target_ = map(fd, payload_size_, control_size_, PROT_READ | PROT_WRITE, prefault);
    frames_ = map(fd, payload_size_, control_size_, PROT_READ, prefault);
  } catch (...) {
    if (target_) ::munmap(target_, payload_size_);
    ::munmap(control_, control_size_);
    throw;
  }
  participants = at<Participant>(control_, header->participants_off);
  consumers = at<Consumer>(control_, header->consumers_off);
  slots = at<Slot>(control_, header->slots_off);
  numbers = at<std::atomic<u64>>(control_, header->numbers_off);
  since = at<std::atomic<u64>>(control_, header->since_off);
  leases_ = control_ + header->leases_off;
  meta_ = control_ + header->meta_off;
  slot_count = header->slots;
  participant_count = header->participants;
  slot_bytes = header->slot_bytes;
  stride = header->stride;
  participants_off = header->participants_off;
  lease_row_ = (u64(participant_count) * sizeof(u16) + 63) / 64 * 64;
}

Segment::~Segment() {
  if (target_) ::munmap(target_, payload_size_);
  ::munmap(frames_, payload_size_);
  ::munmap(control_, control_size_);
}

bool Segment::leased(u32 slot) const {
  const auto* row = leases_of(slot);
  for (u32 k = 0; k < participant_count; ++k)
    if (row[k].load(std::memory_order_seq_cst) != 0) return true;
  return false;
}

std::byte* Segment::target_of(u32 slot) const {
  if (!target_) throw DepotFailure("this depot is attached read-only: attach it with mode='rw' to write");
  return target_ + u64(slot) * stride;
}

void initialise(int fd) {
  auto* header = reinterpret_cast<Header*>(map(fd, kPage, 0, PROT_READ | PROT_WRITE, false));
  pthread_mutexattr_t kind;
  pthread_mutexattr_init(&kind);
  pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&header->mutex, &kind);
  pthread_mutexattr_destroy(&kind);
  header->head.store(-1);
  ::munmap(header, kPage);
}

void die() { ::kill(::getpid(), SIGKILL); }

}  // namespace rushes

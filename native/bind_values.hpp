// Values on their way between the core and Python: dtypes, arrays whose owner is a lease, buffers lent for one call.
// Only bind.cpp includes this.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "lease.hpp"
#include "member.hpp"
#include "ring.hpp"

namespace rushes::python {

namespace nb = nanobind;

using MemberPtr = std::shared_ptr<Member>;
using Array = nb::ndarray<nb::numpy>;
using ConstArray = nb::ndarray<nb::numpy, nb::ro>;

inline nb::dlpack::dtype dtype_of(const char* text, std::size_t size) {
  using Code = nb::dlpack::dtype_code;
  const std::string code(text, ::strnlen(text, size));
  const auto unknown = [] { return Damaged("a depot slot names a dtype that no depot holds: the segment is damaged"); };
  const bool plain = code.size() >= 3 && (code[0] == '|' || code[0] == '<');
  const int bytes = plain ? std::atoi(code.c_str() + 2) : 0;
  Code kind{};
  switch (plain ? code[1] : ' ') {
    case 'u': kind = Code::UInt; break;
    case 'i': kind = Code::Int; break;
    case 'f': kind = Code::Float; break;
    case 'b': kind = Code::Bool; break;
    case 'c': kind = Code::Complex; break;
    default: throw unknown();
  }
  if (bytes < 1 || bytes > 16) throw unknown();
  return {static_cast<std::uint8_t>(kind), static_cast<std::uint8_t>(bytes * 8), 1};
}

// The record comes from shared memory: it is believed only as far as it stays inside the slot.
inline void check(const Slot& record, u64 slot_bytes, nb::dlpack::dtype dtype) {
  u64 size = dtype.bits / 8;
  bool sane = record.ndim <= 4 && record.meta_len <= kMetaBytes && record.nbytes <= slot_bytes;
  for (u32 k = 0; sane && k < record.ndim; ++k) sane = !__builtin_mul_overflow(size, record.dims[k], &size);
  if (!sane || size != record.nbytes) throw Damaged("a depot slot describes a frame that does not fit it: the segment is damaged");
}

// What Python holds of a lease. Arrays made from it own a reference to the lease itself, so that `release()` of the
// Python object under a living view only drops one claim of two.
struct Hold {
  LeasePtr lease;
  u64 slot_bytes;
};

inline nb::object array_of(const Hold& hold) {
  const Slot& record = hold.lease->record();
  const auto dtype = dtype_of(record.dtype, sizeof record.dtype);
  check(record, hold.slot_bytes, dtype);
  size_t shape[4];
  std::copy(record.dims, record.dims + 4, shape);
  auto* claim = new LeasePtr(hold.lease);
  nb::capsule owner(claim, [](void* p) noexcept { delete static_cast<LeasePtr*>(p); });
  return nb::cast(ConstArray(hold.lease->data(), record.ndim, shape, owner, nullptr, dtype), nb::rv_policy::reference);
}

inline nb::tuple shape_of(const Hold& hold) {
  const Slot& record = hold.lease->record();
  if (record.ndim > 4) throw Damaged("a depot slot has too many dimensions: the segment is damaged");
  nb::list out;
  for (u32 k = 0; k < record.ndim; ++k) out.append(record.dims[k]);
  return nb::tuple(out);
}

template <std::size_t N>
nb::str text_of(const char (&from)[N]) {
  PyObject* text = PyUnicode_DecodeUTF8(from, static_cast<Py_ssize_t>(::strnlen(from, N)), "replace");
  if (!text) throw nb::python_error();
  return nb::steal<nb::str>(text);
}

// A C-contiguous array lent by Python for the length of one call.
class Buffer {
 public:
  explicit Buffer(nb::handle from) {
    if (PyObject_GetBuffer(from.ptr(), &view_, PyBUF_ND | PyBUF_FORMAT) != 0) throw nb::python_error();
    if (view_.ndim > 4) {
      PyBuffer_Release(&view_);
      throw nb::value_error("a frame has at most four dimensions");
    }
  }
  ~Buffer() { PyBuffer_Release(&view_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  const void* data() const { return view_.buf; }
  void describe(FrameInfo& info) const {
    info.nbytes = static_cast<u64>(view_.len);
    info.ndim = static_cast<u32>(view_.ndim);
    for (int k = 0; k < view_.ndim; ++k) info.dims[k] = static_cast<u64>(view_.shape[k]);
    info.dtype = dtype_text(view_.format ? view_.format : "B", view_.itemsize);
  }

 private:
  static std::string dtype_text(const char* format, Py_ssize_t size) {
    const char last = format[std::strlen(format) - 1];
    char kind = 0;
    if (std::strchr("BHILQN", last)) kind = 'u';
    if (std::strchr("bhilqn", last)) kind = 'i';
    if (std::strchr("efd", last)) kind = format[0] == 'Z' ? 'c' : 'f';
    if (last == '?') kind = 'b';
    if (!kind || format[0] == '>' || format[0] == '!') throw nb::value_error("frames hold native numbers only");
    return std::string(size == 1 ? "|" : "<") + kind + std::to_string(size);
  }
  Py_buffer view_{};
};

inline void set_number(FrameInfo& info, nb::handle number) {
  int overflow = 0;
  const long long small = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  if (overflow == 0 && small == -1 && PyErr_Occurred()) throw nb::python_error();
  info.numbered = overflow != 0 || small >= 0;
  info.number = overflow ? PyLong_AsUnsignedLongLong(number.ptr()) : static_cast<u64>(small);
  if (overflow && PyErr_Occurred()) throw nb::python_error();
}

inline void set_text(FrameInfo& info, i64 captured_ns, const std::string& format, const nb::bytes& meta) {
  info.captured_ns = captured_ns;
  info.format = format;
  info.meta = meta.c_str();
  info.meta_len = static_cast<u32>(meta.size());
}

}  // namespace rushes::python

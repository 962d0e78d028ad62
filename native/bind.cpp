// The one file that knows Python. It turns the core into the protocol of src/rushes/_native/core.py: plain numbers and
// tuples out, numpy arrays whose owner is a lease, the interpreter lock released wherever pixels are copied or threads sleep.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cstring>
#include <system_error>

#include "bind_unlocked.hpp"
#include "bind_values.hpp"
#include "colour.hpp"
#include "lease.hpp"
#include "member.hpp"
#include "ring.hpp"
#include "wait.hpp"

namespace nb = nanobind;
using namespace rushes;
using namespace rushes::python;

namespace {

using Pixels = nb::ndarray<const std::uint8_t, nb::shape<-1, -1, 4>, nb::device::cpu>;
using Planes = nb::ndarray<std::uint8_t, nb::shape<-1, -1>, nb::c_contig, nb::device::cpu>;

// Shapes are checked by the caller, who has better words; what could write outside is refused here all the same.
void to_i420(const Pixels& source, const Planes& out) {
  const size_t height = source.shape(0), width = source.shape(1);
  if (source.stride(2) != 1 || source.stride(1) != 4 || height % 2 || width % 2 || out.shape(1) != width ||
      out.shape(0) * 2 != height * 3) {
    throw std::invalid_argument("the arrays do not fit one another");
  }
  Unlocked nogil;
  bgrx_to_i420(source.data(), source.stride(0), width, height, out.data());
}

class Core {
 public:
  Core(int fd, bool writable, bool prefault, const std::string& name) : fileno_(fd) {
    Unlocked nogil;
    me_ = std::make_shared<Member>(fd, writable, prefault, name);
  }

  u32 row() const { return me().row; }
  u64 incarnation() const { return me().incarnation; }
  int fileno() const { return fileno_; }

  nb::tuple reserve(int take, i64 exact_sequence) {
    const Reservation r = rushes::reserve(me(), static_cast<Take>(take), exact_sequence);
    return nb::make_tuple(static_cast<int>(r.status), r.slot, r.evicted);
  }

  nb::object target(u32 slot, const std::vector<size_t>& shape, const std::string& dtype) {
    if (slot >= me().segment.slot_count || shape.size() > 4) throw nb::value_error("no such slot or shape");
    auto* claim = new MemberPtr(me_);
    nb::capsule owner(claim, [](void* p) noexcept { delete static_cast<MemberPtr*>(p); });
    Array out(me().segment.target_of(slot), shape.size(), shape.data(), owner, nullptr, dtype_of(dtype.data(), dtype.size()));
    return nb::cast(out, nb::rv_policy::reference);
  }

  nb::tuple publish(u32 slot, nb::handle number, i64 captured_ns, const std::string& dtype, const std::vector<size_t>& shape,
                    const std::string& format, const nb::bytes& meta, i64 sequence) {
    FrameInfo info;
    set_number(info, number);
    set_text(info, captured_ns, format, meta);
    info.dtype = dtype;
    info.nbytes = dtype_of(dtype.data(), dtype.size()).bits / 8;
    info.ndim = static_cast<u32>(shape.size());
    if (shape.size() > 4) throw nb::value_error("a frame has at most four dimensions");
    for (size_t k = 0; k < shape.size(); ++k) info.nbytes *= info.dims[k] = shape[k];
    const Published p = rushes::publish(me(), slot, info, sequence);
    return nb::make_tuple(p.sequence, p.number);
  }

  nb::tuple put(nb::handle array, int take, nb::handle number, i64 captured_ns, const std::string& format, const nb::bytes& meta) {
    Member& m = me();
    const Buffer buffer(array);
    FrameInfo info;
    set_number(info, number);
    set_text(info, captured_ns, format, meta);
    buffer.describe(info);
    check_fits(m.segment, info);
    const Reservation r = rushes::reserve(m, static_cast<Take>(take));
    if (r.status != OK) return nb::make_tuple(static_cast<int>(r.status), -1, -1, -1);
    Published p{};
    if (info.nbytes < kSmall) {
      std::memcpy(m.segment.target_of(r.slot), buffer.data(), info.nbytes);
      p = rushes::publish(m, r.slot, info);
    } else {
      const MemberPtr keep = me_;  // another thread may close the core during the copy
      Unlocked nogil;
      std::memcpy(m.segment.target_of(r.slot), buffer.data(), info.nbytes);
      p = rushes::publish(m, r.slot, info);
    }
    return nb::make_tuple(0, p.sequence, p.number, r.evicted);
  }

  void abandon(u32 slot) { rushes::abandon(me(), slot); }

  u64 drop(int reason, nb::handle number) {
    if (reason < 0 || reason > 3) throw nb::value_error("no such drop reason");
    FrameInfo info;
    set_number(info, number);
    return rushes::drop(me(), static_cast<Counter>(DROPPED_FULL + reason), info.numbered, info.number);
  }

  nb::object newest() { return hold(rushes::newest(shared()), *me_); }
  nb::object oldest() { return hold(rushes::next(shared(), -1), *me_); }
  nb::object next(i64 after) { return hold(rushes::next(shared(), after), *me_); }
  nb::object exact(i64 sequence) { return hold(rushes::exact(shared(), sequence), *me_); }
  nb::object get(nb::handle number) {
    FrameInfo info;
    set_number(info, number);
    return info.numbered ? hold(by_number(shared(), info.number), *me_) : nb::none();
  }

  bool wait(i64 after, double slice_s) {
    const MemberPtr keep = shared();
    Unlocked nogil;
    return wait_published(keep->segment, after, slice_s);
  }
  nb::object next_within(i64 after, i64 floor, double slice_s) {
    const MemberPtr keep = shared();
    LeasePtr lease;
    {
      Unlocked nogil;
      if (wait_published(keep->segment, floor, slice_s)) lease = rushes::next(keep, after);
    }
    return hold(std::move(lease), *keep);
  }
  u32 room_ticket() { return me().segment.header->room.load(); }
  bool wait_room(u32 ticket, double slice_s) {
    const MemberPtr keep = shared();
    Unlocked nogil;
    return rushes::wait_room(keep->segment, ticket, slice_s);
  }

  u32 consumer_open(const std::string& name, bool lossless, i64 start) { return rushes::consumer_open(me(), name, lossless, start); }
  u64 consumer_seen(u32 row, i64 sequence) { return rushes::consumer_seen(me(), checked(row), sequence); }
  void consumer_ack(u32 row, i64 sequence) { rushes::consumer_ack(me(), checked(row), sequence); }
  void consumer_close(u32 row) { rushes::consumer_close(me(), row); }
  nb::list consumers() {
    nb::list out;
    for (const auto& c : rushes::consumers(me().segment))
      out.append(nb::make_tuple(text_of(c.name), c.lossless, c.row, c.start, c.last, c.acked, c.seen));
    return out;
  }

  i64 head() { return me().segment.header->head.load(); }
  u64 held() { return rushes::held(me().segment); }
  nb::tuple counters() { return nb::tuple(nb::cast(rushes::counters(me()))); }
  std::vector<u64> sequences() { return rushes::sequences(me().segment); }
  u64 clear() { return rushes::clear(me()); }
  nb::list leases() {
    nb::list out;
    for (const auto& l : rushes::leases(me().segment))
      out.append(nb::make_tuple(l.sequence, l.slot, l.row, l.count, l.since_ns));
    return out;
  }
  nb::list participants() {
    nb::list out;
    Member& m = me();
    for (u32 k = 0; k < m.segment.participant_count; ++k) {
      const Participant& p = m.segment.participants[k];
      if (p.state.load() == VACANT) continue;
      out.append(nb::make_tuple(k, p.role.load(), p.incarnation.load(), p.pid, p.joined_ns, text_of(p.name), m.alive(k)));
    }
    return out;
  }
  u32 reclaim() { return me().reclaim(); }
  bool writer_gone() { return me().writer_gone(); }

  void close() {
    const MemberPtr last = std::move(me_);
    me_.reset();
    if (last) last->retire();
  }
  void forked() {
    if (me_) me_->forked();
    me_.reset();
  }
  void fault(int point) { armed_fault.store(point); }

 private:
  static constexpr u64 kSmall = 16384;  // below this the copy is shorter than giving the interpreter lock away and back

  Member& me() const {
    if (!me_) throw Departed("this handle of the depot is closed");
    return *me_;
  }
  const MemberPtr& shared() const {
    me();
    return me_;
  }
  u32 checked(u32 row) const {
    if (!consumer_is_mine(me(), row)) throw Departed("this consumer is closed");
    return row;
  }
  // The member is named and not taken from me_: another thread may have closed the core during a wait.
  static nb::object hold(LeasePtr lease, const Member& member) {
    if (!lease) return nb::none();
    return nb::cast(Hold{std::move(lease), member.segment.slot_bytes}, nb::rv_policy::move);
  }

  MemberPtr me_;
  int fileno_;
};

void raise_rushes(const char* error, const char* message) {
  const nb::object type = nb::module_::import_("rushes.errors").attr(error);
  PyErr_SetString(type.ptr(), message);
}

}  // namespace

NB_MODULE(_core, m) {
  nb::set_leak_warnings(false);  // at interpreter exit live views are legal: they are what keeps a lease
  nb::register_exception_translator([](const std::exception_ptr& caught, void*) {
    try {
      std::rethrow_exception(caught);
    } catch (const Damaged& error) {
      raise_rushes("SegmentMismatch", error.what());
    } catch (const Departed& error) {
      raise_rushes("ClosedError", error.what());
    } catch (const DepotFailure& error) {
      raise_rushes("DepotError", error.what());
    } catch (const std::system_error& error) {
      raise_rushes("DepotError", error.what());
    }
  });
  m.def("initialise", &initialise, nb::arg("fd"));
  m.def("probe", &probe, nb::arg("fd"));
  m.def("bgrx_to_i420", &to_i420, nb::arg("source"), nb::arg("out"));
  m.attr("sizes") = nb::make_tuple(sizeof(Header), sizeof(Participant), sizeof(Consumer), sizeof(Slot), kMetaBytes);

  nb::class_<Hold>(m, "Hold")
      .def_prop_ro("sequence", [](const Hold& h) { return h.lease->sequence(); })
      .def_prop_ro("number", [](const Hold& h) { return h.lease->record().number; })
      .def_prop_ro("captured_ns", [](const Hold& h) { return h.lease->record().captured_ns; })
      .def_prop_ro("published_ns", [](const Hold& h) { return h.lease->record().published_ns; })
      .def_prop_ro("nbytes", [](const Hold& h) { return h.lease->record().nbytes; })
      .def_prop_ro("dtype", [](const Hold& h) { return text_of(h.lease->record().dtype); })
      .def_prop_ro("format", [](const Hold& h) { return text_of(h.lease->record().format); })
      .def_prop_ro("shape", &shape_of)
      .def_prop_ro("live", [](const Hold& h) { return h.lease->live(); })
      .def("array", &array_of)
      .def("meta", [](const Hold& h) {
        const u32 size = std::min(h.lease->record().meta_len, kMetaBytes);
        return nb::bytes(reinterpret_cast<const char*>(h.lease->meta()), size);
      });

  nb::class_<Core>(m, "Core", nb::is_weak_referenceable())
      .def(nb::init<int, bool, bool, const std::string&>(), nb::arg("fd"), nb::arg("writable"), nb::arg("prefault"), nb::arg("name"))
      .def_prop_ro_static("kind", [](nb::handle) { return "native"; })
      .def_prop_ro("row", &Core::row)
      .def_prop_ro("incarnation", &Core::incarnation)
      .def_prop_ro("fileno", &Core::fileno)
      .def("reserve", &Core::reserve)
      .def("target", &Core::target)
      .def("publish", &Core::publish)
      .def("put", &Core::put)
      .def("abandon", &Core::abandon)
      .def("drop", &Core::drop)
      .def("newest", &Core::newest)
      .def("oldest", &Core::oldest)
      .def("get", &Core::get)
      .def("next", &Core::next)
      .def("exact", &Core::exact)
      .def("wait", &Core::wait)
      .def("next_within", &Core::next_within)
      .def("wait_room", &Core::wait_room)
      .def("room_ticket", &Core::room_ticket)
      .def("consumer_open", &Core::consumer_open)
      .def("consumer_seen", &Core::consumer_seen)
      .def("consumer_ack", &Core::consumer_ack)
      .def("consumer_close", &Core::consumer_close)
      .def("consumers", &Core::consumers)
      .def("head", &Core::head)
      .def("held", &Core::held)
      .def("counters", &Core::counters)
      .def("sequences", &Core::sequences)
      .def("clear", &Core::clear)
      .def("leases", &Core::leases)
      .def("participants", &Core::participants)
      .def("reclaim", &Core::reclaim)
      .def("writer_gone", &Core::writer_gone)
      .def("close", &Core::close)
      .def("forked", &Core::forked)
      .def("fault", &Core::fault);
}

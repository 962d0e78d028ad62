// Letting go of the interpreter lock, safely also while the interpreter ends. Part of the binding: names Python.
#pragma once

#include <Python.h>
#include <unistd.h>

namespace rushes::python {

// The interpreter lock let go for a block. A thread that comes back while the interpreter ends is made to exit by it,
// by unwinding; through the frames of a binding, which let nothing pass, that would end the whole process. Such a
// thread is stopped here for good instead: the process ends without it, as it does for daemon threads.
class Unlocked {
 public:
  Unlocked() : state_(PyEval_SaveThread()) {}
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;
  ~Unlocked() {
    try {
      PyEval_RestoreThread(state_);
    } catch (...) {
      for (;;) pause();
    }
  }

 private:
  PyThreadState* state_;
};

}  // namespace rushes::python

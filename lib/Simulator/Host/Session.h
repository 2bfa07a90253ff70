//===- Session.h - A program without a GPU ----------------------*- C++ -*-===//
//
// What lies behind the entry points: settings from girih-sim, memory, modules,
// launches, and the state of the one context.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_HOST_SESSION_H
#define GIRIH_SIMULATOR_HOST_SESSION_H

#include "Chip.h"
#include "Memory.h"
#include "Module.h"
#include "Settings.h"

#include <mutex>
#include <set>

namespace girih::sim::host {

/// Thrown where a call cannot do what it is asked; caught at the entry point.
struct Refusal {
  int code = 0; ///< a CUresult; the runtime's errors have the same numbers
  std::string message;
};

struct Session {
  /// Made at the first call, and kept to the end of the process.
  static Session &get();

  std::recursive_mutex lock;
  Settings settings;
  Chip chip;
  Memory memory;
  Modules modules;
  /// Launches so far, of all kernels.
  uint64_t launches = 0;
  /// A CUresult: what a kernel has done to the context, for all later calls.
  int failure = 0;

  uint32_t multiprocessors() const { return settings.multiprocessors.value_or(uint32_t(chip.multiprocessors)); }

  /// One line on stderr; a second time nothing.
  void tell(const std::string &message);

private:
  Session();
  std::set<std::string> told;
};

} // namespace girih::sim::host

#endif // GIRIH_SIMULATOR_HOST_SESSION_H

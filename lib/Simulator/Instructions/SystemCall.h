//===- SystemCall.h - Functions of the device's own runtime -----*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_SYSTEMCALL_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_SYSTEMCALL_H

#include "../Machine/Step.h"

namespace girih::sim {

/// CUDA C++ Programming Guide, "Formatted Output" and "Assertion": a function
/// that a module declares and nobody defines.
struct SystemCall {
  size_t parameters, results;
  /// Runs the executing lanes one by one; what it returns to each.
  Lanes<uint32_t> (*run)(Step &s, const std::vector<ActualParameter> &arguments);
};

/// Null when there is none of this name.
const SystemCall *findSystemCall(const std::string &name);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_SYSTEMCALL_H

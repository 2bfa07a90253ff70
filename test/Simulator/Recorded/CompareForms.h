//===- CompareForms.h - Forms on a GPU and in the simulator ----*- C++ -*-===//
#ifndef GIRIH_TEST_SIMULATOR_RECORDED_COMPAREFORMS_H
#define GIRIH_TEST_SIMULATOR_RECORDED_COMPAREFORMS_H

#include "Recorded.h"

#include <functional>

namespace girih::sim {

/// Executes every form of a folder on a GPU and in the simulator, prints where
/// they differ and, with a path, records what the GPU gave. Returns 0 when all
/// agree.
int compareForms(const std::string &folder, const std::string &device, const std::string &recordPath,
                 const std::function<void(const std::string &, Launch &)> &runOnDevice);

} // namespace girih::sim

#endif // GIRIH_TEST_SIMULATOR_RECORDED_COMPAREFORMS_H

//===- Estimate.h - A kernel's modelled time in four lines ------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_LAUNCH_ESTIMATE_H
#define GIRIH_SIMULATOR_LAUNCH_ESTIMATE_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace girih::sim {

/// Models the kernel of a manifest, whose open sizes are given, and adds what
/// `girih-compile --estimate` prints to the text. What is wrong comes back;
/// throws nothing, for callers without exceptions.
std::optional<std::string> estimate(const std::string &manifestPath, const std::map<std::string, int64_t> &sizes,
                                    std::string &text);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_LAUNCH_ESTIMATE_H

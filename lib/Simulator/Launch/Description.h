//===- Description.h - A launch described in JSON ---------------*- C++ -*-===//
//
// For PTX that comes without a manifest; docs/simulator.md has the format.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_LAUNCH_DESCRIPTION_H
#define GIRIH_SIMULATOR_LAUNCH_DESCRIPTION_H

#include "girih/Simulator/Simulator.h"

#include <functional>
#include <nlohmann/json_fwd.hpp>

namespace girih::sim {

class DescriptionNode;

/// A launch with the PTX that it is for and the check of its results.
struct LaunchTask {
  std::string ptxPath, ptx;
  /// Where the module's variables begin; 0 is the simulator's choice.
  uint64_t variablesAt = 0;
  Launch launch;
  /// Launches that go on with its memory, in order; they have no buffers of
  /// their own.
  std::vector<Launch> following;
  /// Compares the buffers after a run with the reference; empty when the
  /// results are right. Unset when there is nothing to compare with.
  std::function<std::optional<Verdict>(const Launch &)> check;
};

/// Reads a description; paths in it are relative to its folder. Throws Stop
/// (syntax) that names the member at fault.
LaunchTask readDescription(const std::string &path);
LaunchTask parseDescription(const nlohmann::json &json, const std::string &folder);

/// The check that an `expect` member describes, one or a list of them
/// (Expectation.cpp).
std::function<std::optional<Verdict>(const Launch &)>
parseExpectations(const DescriptionNode &node, const Launch &launch, const std::string &folder);
/// That of kind `file`: a buffer that is as a file within a tolerance
/// (FileExpectation.cpp).
std::function<std::optional<Verdict>(const Launch &)>
parseFileExpectation(const DescriptionNode &object, const Launch &launch, const std::string &folder);

/// The whole text of a file, or a Stop that names it.
std::string readTextFile(const std::string &path);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_LAUNCH_DESCRIPTION_H

//===- Contents.h - What a module declares ----------------------*- C++ -*-===//
//
// For hosts, who give kernels their arguments and read and write variables
// before anything runs.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_CONTENTS_H
#define GIRIH_SIMULATOR_CONTENTS_H

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace girih::sim {

struct KernelSignature {
  struct Parameter {
    uint64_t offset = 0, size = 0;
  };
  std::string name;
  std::vector<Parameter> parameters;
  /// Bytes of shared memory that the kernel reaches without those of the launch.
  uint64_t staticShared = 0;
  /// `.maxntid`, `.maxnreg`, `.minnctapersm`; 0 where there is none.
  uint32_t maxThreads = 0, maxRegisters = 0, minBlocks = 0;
  /// `.reqnctapercluster`; 0 where there is none.
  std::array<uint32_t, 3> cluster{0, 0, 0};

  uint64_t parameterBytes() const { return parameters.empty() ? 0 : parameters.back().offset + parameters.back().size; }
};

/// A variable in global or constant memory.
struct ModuleVariable {
  std::string name;
  uint64_t address = 0, size = 0;
  bool isConstant = false;
  std::vector<uint8_t> initial;
};

struct ModuleContents {
  std::string target;
  std::vector<KernelSignature> kernels;
  std::vector<ModuleVariable> variables;
  /// Behind the last variable.
  uint64_t variablesEnd = 0;
};

/// Parses a module, of which nothing is decoded; throws Stop. `variablesAt` is as
/// for Simulator.
ModuleContents readContents(const std::string &ptx, uint64_t variablesAt = 0);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_CONTENTS_H

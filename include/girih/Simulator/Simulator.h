//===- Simulator.h - Run PTX on the CPU and judge it ------------*- C++ -*-===//
//
// The library's surface: load a PTX module, describe a launch, run it under a
// schedule, read the verdicts. Results are in the launch's buffers.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_SIMULATOR_H
#define GIRIH_SIMULATOR_SIMULATOR_H

#include "girih/Simulator/Rules.h"
#include "girih/Simulator/Suppression.h"
#include "girih/Simulator/TensorMapRecipe.h"
#include "girih/Simulator/Timing.h"
#include "girih/Simulator/Trace.h"
#include "girih/Simulator/Verdict.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace girih::sim {

/// One kernel argument: plain bytes, a pointer into a buffer, a tensor map over
/// a buffer, or a structure of these.
struct Argument {
  enum class Kind { Bytes, Pointer, TensorMap, Struct };
  struct Member;

  Kind kind = Kind::Bytes;
  /// Of a structure: what its members do not fill.
  std::vector<uint8_t> bytes;
  unsigned buffer = 0;
  uint64_t offset = 0;
  TensorMapRecipe map;
  std::vector<Member> members;
};

struct Argument::Member {
  size_t offset = 0;
  Argument argument;
};

/// A range of global memory that the kernel may touch.
struct Buffer {
  std::string name;
  std::vector<uint8_t> bytes;
  /// A write to it is a misuse, and reads need no race check.
  bool isReadOnly = false;
  /// `bf16`, `f32`, ...: what the bytes are, for reports; may be empty.
  std::string elementType = "";
  /// Pointers, tensor maps and values that lie in it when the kernel starts.
  std::vector<Argument::Member> contents = {};
  /// Where kernels find it; 0 where that does not matter.
  uint64_t address = 0;
};

/// Memory that the caller keeps, at the address that kernels see. A variable of
/// the module that lies in it is the caller's as well.
struct MappedMemory {
  std::string name;
  uint64_t address = 0;
  uint8_t *bytes = nullptr;
  uint64_t size = 0;
  bool isReadOnly = false;
};

/// What the host has written to a variable of the module.
struct ModuleValue {
  std::string variable;
  size_t offset = 0;
  Argument value;
};

/// What the kernel finds in its parameter; `place` gives the bytes of a pointer
/// or tensor map, which depend on where buffers are.
std::vector<uint8_t> parameterBytes(const Argument &argument,
                                    const std::function<std::vector<uint8_t>(const Argument &)> &place);

/// A name for the warps of one role, in warp order.
struct Role {
  std::string name;
  unsigned warps = 0;
};

struct Launch {
  std::string kernel;
  std::array<uint32_t, 3> grid{1, 1, 1}, block{1, 1, 1}, cluster{1, 1, 1};
  /// A larger cluster that the chip may choose; 0 when there is none.
  std::array<uint32_t, 3> preferredCluster{0, 0, 0};
  uint32_t dynamicSharedBytes = 0;
  /// Registers of a thread at launch; 0 derives them from the block size.
  uint32_t registersPerThread = 0;
  /// Of the chip. As many CTAs as fit are resident at once, where they may wait
  /// for each other.
  uint32_t multiprocessors = 132;
  std::vector<Argument> arguments;
  std::vector<Buffer> buffers;
  std::vector<MappedMemory> mapped;
  std::vector<Role> roles;
  /// How many work items there are in each dimension, the fastest first; empty
  /// when this is not known.
  std::vector<int64_t> work;
  /// Rules that the kernel says it does without, for RuleSet::Assumed.
  std::vector<Rule> assumes;
  std::vector<ModuleValue> values;
  /// Variables of the module by name, in place of their initial bytes; filled
  /// by a run, so that the next launch goes on from there.
  std::map<std::string, std::vector<uint8_t>> moduleMemory;
};

enum class Schedule {
  Deterministic, ///< round robin; asynchronous work one round after its issue
  Random,        ///< any agent next, by the seed
  Late,          ///< asynchronous work only when no warp can move
  Early,         ///< asynchronous work at once when it is issued
  Timed,         ///< by modelled cycles of the chip that the PTX is for
};

std::optional<Schedule> parseSchedule(const std::string &name);

struct Options {
  Schedule schedule = Schedule::Deterministic;
  uint64_t seed = 1;
  /// Host threads; clusters that cannot affect each other run in parallel.
  unsigned threads = 0;
  /// The run ends with this many; 0 is any number.
  unsigned mostVerdicts = 8;
  /// Goes on after a verdict without the instruction or the operation that it
  /// is about. Otherwise races are collected, and any other verdict ends the run.
  bool keepsGoing = false;
  /// Verdicts that are counted and not told; the run goes on after them.
  std::vector<Suppression> suppressions;
  /// Counts the executions of each instruction.
  bool wantsCoverage = false;
  /// Instructions that a warp may execute; 0 is any number. A warp that only
  /// polls what nobody changes is found without; this ends programs that change
  /// something for ever.
  uint64_t instructionLimit = 100'000'000;
  bool wantsTrace = false;
  RuleSet rules = RuleSet::Isa;
  /// For Schedule::Timed.
  TimingOptions timing;
};

struct Report {
  std::vector<Verdict> verdicts;
  uint64_t warpInstructions = 0;
  uint64_t asynchronousOperations = 0;
  std::vector<TraceEvent> trace;
  /// Rules that were broken and tolerated, each once; they leave a run clean.
  std::vector<RuleNote> notes;
  /// Under Schedule::Timed.
  TimingReport timing;
  /// How often each of the suppressions has matched.
  std::vector<uint64_t> suppressed;
  /// With wantsCoverage: how often warps have executed each instruction, some
  /// lane with a true guard, by its number in Simulator::instructions().
  std::vector<uint64_t> executions;
  /// What the kernel has printed.
  std::string output;

  /// False when the run has ended with a verdict, before the kernel did.
  bool isComplete = true;

  bool isClean() const { return verdicts.empty(); }
};

struct Program;

/// An instruction of the functions that the kernel reaches.
struct InstructionPlace {
  unsigned line = 0;
  std::string opcode, function, source;
};

class Simulator {
public:
  /// Parses, and decodes what the kernel reaches, or the whole module when none
  /// is named; throws Stop (syntax or unsupported) with the line. `variablesAt` is
  /// where the module's variables begin, for modules that share their memory.
  explicit Simulator(const std::string &ptx, const std::string &kernel = "", uint64_t variablesAt = 0);
  ~Simulator();
  Simulator(Simulator &&) noexcept;

  /// Runs the launch; the buffers hold the result afterwards.
  Report run(Launch &launch, const Options &options) const;

  /// All that has been decoded, by function and in the order of the text.
  std::vector<InstructionPlace> instructions() const;
  /// Names of the module's kernels.
  std::vector<std::string> kernels() const;
  /// The `.target` of the module.
  const std::string &target() const;

private:
  std::unique_ptr<Program> program;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_SIMULATOR_H

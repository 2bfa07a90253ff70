//===- Program.h - Decoded instructions -------------------------*- C++ -*-===//
//
// Decoding turns each instruction into a closure over resolved operands; the
// machine then only walks a vector.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_PROGRAM_PROGRAM_H
#define GIRIH_SIMULATOR_PROGRAM_PROGRAM_H

#include "../Syntax/Syntax.h"
#include "../Timing/Cost.h"
#include "Types.h"

#include <functional>

namespace girih::sim {

struct Step;

enum class SpecialRegister : uint8_t;

struct Operand {
  enum class Kind : uint8_t {
    None, ///< absent, or `_`
    Register,
    Immediate,
    Special,
    SharedAddress, ///< a shared variable; the CTA's rank is added
    LocalAddress,  ///< a local variable of the current frame
  };
  Kind kind = Kind::None;
  RegisterClass cls = RegisterClass::Bits32;
  uint8_t bits = 32;
  bool negated = false;
  uint32_t slot = 0;
  /// Of a register, its number in the text: several may share a slot.
  uint64_t value = 0;

  explicit operator bool() const { return kind != Kind::None; }
};

/// What the machine does after an instruction.
enum class Outcome : uint8_t {
  Next,  ///< go on with the next instruction
  Retry, ///< blocked: run it again once something has happened
  Moved, ///< control flow has set the program counter itself
};

struct Instruction {
  unsigned line = 0;
  /// Among all that are decoded.
  uint32_t index = 0;
  int location = -1;
  /// A weak load of what an atom.cas then compares.
  bool isGuess = false;
  std::string opcode;
  Operand guard;
  /// All live lanes of the warp have to execute it together.
  bool isAligned = false;
  /// Undefined inputs are harmless (moves, selections, stores).
  bool passesUndefined = true;
  /// A mov, which may wait for what a tcgen05.ld has still to bring.
  bool isMove = false;
  /// An asynchronous matrix instruction judges its own registers.
  bool isMatrixAsync = false;
  Cost cost;
  std::vector<Operand> reads, writes;
  /// Accumulators and fragments of such an instruction.
  std::vector<Operand> matrixOperands;
  /// What of the results is defined; unset where it takes all that is read.
  std::function<DefinedLanes(const Step &)> defined;
  std::function<Outcome(Step &)> run;
};

struct Program;

/// Where a parameter or result of a function lies in its frame; a `.reg` one
/// is copied from or to its register.
struct FormalParameter {
  uint64_t offset = 0, size = 0;
  Operand reg;
};

struct CompiledFunction {
  const Function *syntax = nullptr;
  const Program *program = nullptr;
  std::vector<Instruction> body;
  uint32_t registers[4] = {0, 0, 0, 0};
  /// Bytes of local memory of one frame: variables, parameters, results.
  uint64_t localSize = 0;
  /// Offsets of `.param` variables and formal parameters in the frame.
  std::map<std::string, uint64_t> paramOffsets;
  std::vector<FormalParameter> parameters, results;
  /// What `mov` of the function's name gives.
  uint64_t address = 0;
  /// `.cta_group::` of its tcgen05 instructions and where the first is.
  uint32_t ctaGroup = 0, ctaGroupLine = 0;
  /// Its instructions may see what other clusters do meanwhile.
  bool readsGlobalState = false;
};

/// A module ready to run: addresses are assigned, instructions decoded.
struct Program {
  std::unique_ptr<SyntaxModule> syntax;
  std::map<std::string, std::unique_ptr<CompiledFunction>> functions;
  /// Bytes of statically declared shared memory, from address `sharedBase`.
  uint64_t staticShared = 0;
  uint64_t dynamicSharedOffset = 0;
  /// Some instruction fills or reads registers while others go on.
  bool hasAsyncRegisters = false;
  uint32_t instructionCount = 0;

  const CompiledFunction *find(const std::string &name) const;
  const CompiledFunction *functionAt(uint64_t address) const;
  /// Whether clusters of a kernel may affect each other; what other kernels of
  /// the module do does not count.
  bool readsGlobalState(const std::string &kernel) const;
  /// `file:line:column` of an instruction, or the empty string.
  std::string locationOf(const CompiledFunction &function, const Instruction &instruction) const;
};

/// Where the hardware's own shared memory ends and the kernel's begins: the
/// driver keeps the first KiB of each CTA on these chips.
constexpr uint64_t sharedBase = 1024;

/// Lays out and decodes what the kernel reaches, or everything when none is
/// named. Shared memory of a function that is not reached takes no room. Where
/// variables of the module lie from `variablesAt` on, or from the module's window
/// when that is 0, and the addresses of functions do not depend on the kernel.
std::unique_ptr<Program> decodeProgram(std::unique_ptr<SyntaxModule> syntax, const std::string &kernel,
                                       uint64_t variablesAt = 0);

/// The first of these steps: variables of the module in global and constant
/// memory, and functions, get their addresses. Returns the end of the variables.
uint64_t placeModule(SyntaxModule &module, uint64_t variablesAt);
/// Bytes of shared memory that a kernel reaches, without what the launch sizes.
uint64_t staticSharedBytes(SyntaxModule &module, const std::string &kernel);
/// What a variable holds before the host or a kernel writes to it. Throws Stop
/// when it names what is not there.
std::vector<uint8_t> initialBytes(const SyntaxModule &module, const Variable &variable);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_PROGRAM_PROGRAM_H

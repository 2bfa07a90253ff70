//===- Decoder.h - From syntax to executable instructions -------*- C++ -*-===//
//
// Each family of instructions registers a decode function under the first
// word of its opcodes. It takes every modifier and operand that it simulates;
// what is left over is outside the simulated set and stops with the line.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_PROGRAM_DECODER_H
#define GIRIH_SIMULATOR_PROGRAM_DECODER_H

#include "Program.h"

#include <initializer_list>
#include <string_view>

namespace girih::sim {

class Decoder;
using DecodeFunction = void (*)(Decoder &);
using DecodeTable = std::map<std::string, DecodeFunction, std::less<>>;

/// `[base + offset]`.
struct AddressOperand {
  Operand base;
  int64_t offset = 0;
  /// The base is a `.param` variable or formal parameter of a frame.
  bool isFrameParameter = false;
  /// The base is a parameter of the kernel.
  bool isKernelParameter = false;
};

/// The operand that reads or writes a whole register.
inline Operand registerOperand(const RegisterName &reg) {
  Operand made;
  made.kind = Operand::Kind::Register;
  made.cls = reg.cls;
  made.bits = reg.bits;
  made.slot = reg.slot;
  made.value = reg.name;
  return made;
}

class Decoder {
public:
  Decoder(Program &program, CompiledFunction &function, const SyntaxInstruction &syntax, Instruction &out);

  // Modifiers, in any order. Each call takes what it finds.
  bool has(std::string_view modifier);
  void require(std::string_view modifier);
  /// The one of the names that is there, or the empty string.
  std::string oneOf(std::initializer_list<std::string_view> names);
  std::optional<Type> maybeType();
  Type type();
  /// Takes the state space of a memory instruction; `::cta` and `::cluster`
  /// come back in `window`.
  StateSpace stateSpace(std::string *window = nullptr);
  /// Takes the modifiers that steer caches and so change no result.
  void takeCacheHints();
  /// Whatever modifier starts with a prefix, or the empty string.
  std::string startingWith(std::string_view prefix);

  // Operands.
  size_t count() const { return syntax.operands.size(); }
  const SyntaxOperand &raw(size_t index);
  Operand source(size_t index, Type type);
  Operand destination(size_t index);
  /// The `p` of `d|p`.
  Operand secondDestination(size_t index);
  Operand predicate(size_t index);
  std::vector<Operand> sources(size_t index, Type type);
  std::vector<Operand> destinations(size_t index);
  AddressOperand address(size_t index);
  /// What follows the base within the brackets: null when nothing does.
  const SyntaxOperand *behindAddress(size_t index);
  Operand bindSource(const SyntaxOperand &operand, Type type);
  Operand bindDestination(const SyntaxOperand &operand);
  /// An integer that has to be a literal.
  int64_t literal(size_t index);

  /// Sets the handler; stops when modifiers or operands are left over.
  void run(std::function<Outcome(struct Step &)> handler);

  [[noreturn]] void unsupported(const std::string &why = "") const;
  [[noreturn]] void fail(const std::string &message) const;

  Instruction &instruction() { return out; }
  unsigned line() const { return syntax.line; }
  CompiledFunction &currentFunction() { return function; }
  Program &currentProgram() { return program; }
  int label(const std::string &name) const;
  const std::string &root() const { return words.front(); }

private:
  Operand symbol(const SyntaxOperand &operand);
  void requireWhole(const SyntaxOperand &operand) const;
  void requireAllTaken() const;

  Program &program;
  CompiledFunction &function;
  const SyntaxInstruction &syntax;
  Instruction &out;
  std::vector<std::string> words;
  std::vector<bool> isTaken;
  /// Of each operand: itself, the `p` of `d|p`, what follows an address's base.
  struct Taken {
    bool isWhole = false, hasSecond = false, hasRest = false;
  };
  std::vector<Taken> takenOperands;
};

// One for each file of Instructions/.
void registerArithmetic(DecodeTable &table);
void registerIntegerExtras(DecodeTable &table);
void registerVideo(DecodeTable &table);
void registerVideoVector(DecodeTable &table);
void registerBitwise(DecodeTable &table);
void registerFloat(DecodeTable &table);
void registerApproximate(DecodeTable &table);
void registerCompare(DecodeTable &table);
void registerConvert(DecodeTable &table);
void registerMove(DecodeTable &table);
void registerWarpCollective(DecodeTable &table);
void registerControl(DecodeTable &table);
void registerCall(DecodeTable &table);
void registerStack(DecodeTable &table);
void registerMemory(DecodeTable &table);
void registerAtomic(DecodeTable &table);
void registerMultimem(DecodeTable &table);
void registerFences(DecodeTable &table);
void registerBarriers(DecodeTable &table);
void registerMemoryBarrier(DecodeTable &table);
void registerCopy(DecodeTable &table);
void registerMatrixLoad(DecodeTable &table);
void registerMatrixSync(DecodeTable &table);
void registerMatrixWarp(DecodeTable &table);
void registerMatrixAsync(DecodeTable &table);
void registerTensorMemory(DecodeTable &table);
void registerLaunchControl(DecodeTable &table);
void registerTensorMap(DecodeTable &table);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_PROGRAM_DECODER_H

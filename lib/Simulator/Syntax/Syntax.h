//===- Syntax.h - A parsed PTX module ---------------------------*- C++ -*-===//
//
// Names are resolved to scopes here, so that later stages never see a `{ }`
// block: registers have slots, labels have instruction indices.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_SYNTAX_SYNTAX_H
#define GIRIH_SIMULATOR_SYNTAX_SYNTAX_H

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace girih::sim {

/// How a virtual register is stored. Registers of 8 and 16 bits live in the
/// low bits of a 32-bit one.
enum class RegisterClass : uint8_t { Predicate, Bits32, Bits64, Bits128 };

/// What a register of a class holds; those of 8 and 16 bits are among Bits32.
constexpr unsigned registerBits(RegisterClass cls) {
  return cls == RegisterClass::Predicate ? 1 : 16u << static_cast<unsigned>(cls);
}

struct RegisterName {
  RegisterClass cls = RegisterClass::Bits32;
  /// Its number among those of its class in the function, and its storage.
  uint32_t name = 0, slot = 0;
  uint8_t bits = 32;
};

enum class StateSpace : uint8_t {
  Generic,
  Global,
  Const,
  Shared,
  Local,
  Param,
};

/// A variable of the module or of a function.
struct Variable {
  std::string name;
  StateSpace space = StateSpace::Global;
  uint64_t size = 0;
  uint64_t align = 1;
  /// An `extern .shared x[]`: its size is the launch's dynamic shared memory.
  bool isDynamic = false;
  std::vector<uint8_t> initial;
  /// Initialisers that name a variable or function: which bytes they fill.
  struct Relocation {
    uint64_t offset, size;
    std::string name;
    int64_t addend;
    bool isGeneric;
  };
  std::vector<Relocation> relocations;
  /// Address within its space, filled in by the layout.
  uint64_t address = 0;
};

struct SyntaxOperand {
  enum class Kind {
    Register,
    Integer,
    Float,
    Name,    ///< variable, special register, label or function
    Sink,    ///< `_`
    Vector,  ///< `{a, b}`
    Address, ///< `[base + offset]` or `[base, {x, y}]`
    List,    ///< `(a, b)` of a call
  };
  Kind kind = Kind::Sink;
  RegisterName reg;
  /// `!p` or, in video instructions, `-r`.
  bool negated = false;
  /// The part of a register that a video instruction takes (`b0`, `h10`).
  std::string selector;
  uint64_t value = 0;
  unsigned floatBits = 0;
  std::string name;
  int64_t offset = 0;
  /// Elements of a vector or list; of an address, what follows the base.
  std::vector<SyntaxOperand> elements;
  /// `d|p`: the second destination.
  std::shared_ptr<SyntaxOperand> second;
  const Variable *variable = nullptr;
};

struct SyntaxInstruction {
  unsigned line = 0;
  /// Index into Function::locations; -1 without line information.
  int location = -1;
  std::string opcode;
  std::optional<RegisterName> guard;
  bool guardNegated = false;
  std::vector<SyntaxOperand> operands;
  /// The scope in which a branch looks for its label.
  unsigned scope = 0;
  /// Its text, from the guard or opcode to behind the semicolon.
  size_t begin = 0, end = 0;
};

struct SourceLocation {
  unsigned file = 0, line = 0, column = 0;
};

struct Parameter {
  std::string name;
  uint64_t size = 0, align = 1, offset = 0;
  /// Of a `.reg` parameter, the register type and the register itself.
  std::string registerType;
  RegisterName reg;
};

/// What `.callprototype` says of the functions that an indirect call reaches.
struct CallPrototype {
  size_t results = 0, parameters = 0;
};

struct Function {
  std::string name;
  bool isEntry = false;
  bool hasBody = false;
  /// What `mov` of its name gives, filled in by the layout.
  uint64_t address = 0;
  unsigned line = 0;
  std::vector<Parameter> parameters, results;
  /// Slots of each class.
  uint32_t registers[4] = {0, 0, 0, 0};
  std::vector<std::unique_ptr<Variable>> variables;
  std::vector<SyntaxInstruction> body;
  std::vector<SourceLocation> locations;
  /// (scope, label) -> instruction index; parents of each scope.
  std::vector<std::map<std::string, unsigned>> labels;
  std::vector<int> scopeParents;
  /// Jump tables of `brx.idx`.
  std::map<std::string, std::vector<std::string>> branchTargets;
  std::map<std::string, CallPrototype> prototypes;
  unsigned maxThreads = 0, maxRegisters = 0, minBlocks = 0;
  unsigned requiredThreads[3] = {0, 0, 0};
  unsigned clusterShape[3] = {0, 0, 0};

  /// Looks a label up from the inside out; -1 when there is none.
  int findLabel(unsigned scope, const std::string &label) const;
};

struct SyntaxModule {
  unsigned versionMajor = 0, versionMinor = 0;
  std::string target;
  std::map<unsigned, std::string> files;
  std::vector<std::unique_ptr<Variable>> variables;
  std::vector<std::unique_ptr<Function>> functions;
};

/// Parses a whole module; throws Stop with the line on a syntax error.
std::unique_ptr<SyntaxModule> parsePTX(const std::string &text);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_SYNTAX_SYNTAX_H

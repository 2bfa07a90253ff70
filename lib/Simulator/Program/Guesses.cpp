//===- Guesses.cpp - Reads that a compare-and-swap checks -----------------===//
#include "Guesses.h"

#include "Types.h"

#include <set>

namespace girih::sim {
namespace {

using Register = std::pair<RegisterClass, uint32_t>;
using Kind = SyntaxOperand::Kind;

Register registerOf(const SyntaxOperand &operand) { return {operand.reg.cls, operand.reg.name}; }

bool isCopy(const SyntaxInstruction &instruction) {
  return instruction.opcode.starts_with("mov.") && instruction.operands.size() == 2 &&
         instruction.operands[0].kind == Kind::Register;
}

unsigned sizeOf(const std::string &opcode) {
  auto type = parseType(opcode.substr(opcode.rfind('.') + 1));
  return type ? typeBits(*type) : 0;
}

bool isWeakLoad(const SyntaxInstruction &instruction) {
  const std::string &opcode = instruction.opcode;
  if (!opcode.starts_with("ld.") || instruction.operands.size() < 2 || instruction.operands[0].kind != Kind::Register)
    return false;
  for (const char *other : {".volatile", ".relaxed", ".acquire", ".nc", ".param", ".const", ".local"})
    if (opcode.find(other) != std::string::npos)
      return false;
  return true;
}

bool isCompareAndSwap(const SyntaxInstruction &instruction) {
  return instruction.opcode.starts_with("atom.") && instruction.opcode.find(".cas.") != std::string::npos &&
         instruction.operands.size() >= 4 && instruction.operands[2].kind == Kind::Register;
}

/// A register or a variable, and the bytes behind it.
struct Location {
  std::string name;
  std::optional<Register> reg;
  int64_t offset = 0;
  unsigned bits = 0;

  bool operator==(const Location &) const = default;
};

class Copies {
public:
  explicit Copies(const Function &function) : function(function) {
    for (const SyntaxInstruction &instruction : function.body)
      if (!instruction.operands.empty() && instruction.operands[0].kind == Kind::Register)
        definitions[registerOf(instruction.operands[0])].push_back(&instruction);
  }

  /// Follows an address through the instructions that only hand it on.
  std::optional<Location> locate(const SyntaxInstruction &instruction) const {
    const SyntaxOperand &address = instruction.operands[1];
    if (address.kind != Kind::Address || address.elements.empty())
      return std::nullopt;
    const SyntaxOperand *base = &address.elements[0];
    for (unsigned steps = 0; base->kind == Kind::Register && steps < 16; ++steps) {
      auto found = definitions.find(registerOf(*base));
      if (found == definitions.end() || found->second.size() != 1 || found->second[0]->guard)
        break;
      const SyntaxInstruction &only = *found->second[0];
      bool handsOn = isCopy(only) || only.opcode.starts_with("cvta.");
      if (!handsOn || (only.operands[1].kind != Kind::Register && only.operands[1].kind != Kind::Name))
        break;
      base = &only.operands[1];
    }
    Location made{base->name, std::nullopt, address.offset, sizeOf(instruction.opcode)};
    if (base->kind == Kind::Register)
      made.reg = registerOf(*base);
    return made;
  }

  /// True when a value may get from one register into another by copies alone.
  bool reaches(Register from, Register to) const {
    std::set<Register> reached{from};
    for (bool grows = true; grows;) {
      grows = false;
      for (const SyntaxInstruction &instruction : function.body)
        if (isCopy(instruction) && instruction.operands[1].kind == Kind::Register &&
            reached.count(registerOf(instruction.operands[1])))
          grows |= reached.insert(registerOf(instruction.operands[0])).second;
    }
    return reached.count(to);
  }

private:
  const Function &function;
  std::map<Register, std::vector<const SyntaxInstruction *>> definitions;
};

} // namespace

void markGuesses(const Function &function, std::vector<Instruction> &body) {
  std::vector<const SyntaxInstruction *> swaps;
  for (const SyntaxInstruction &instruction : function.body)
    if (isCompareAndSwap(instruction))
      swaps.push_back(&instruction);
  if (swaps.empty())
    return;
  Copies copies(function);
  for (size_t i = 0; i < body.size(); ++i) {
    const SyntaxInstruction &load = function.body[i];
    if (!isWeakLoad(load))
      continue;
    auto location = copies.locate(load);
    for (const SyntaxInstruction *swap : swaps)
      if (location && location == copies.locate(*swap) &&
          copies.reaches(registerOf(load.operands[0]), registerOf(swap->operands[2])))
        body[i].isGuess = true;
  }
}

} // namespace girih::sim

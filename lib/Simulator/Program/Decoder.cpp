//===- Decoder.cpp - Modifiers and operands -------------------------------===//
#include "Decoder.h"

#include "SpecialRegister.h"
#include "girih/Simulator/Verdict.h"

#include <algorithm>
#include <bit>

namespace girih::sim {

Decoder::Decoder(Program &program, CompiledFunction &function, const SyntaxInstruction &syntax, Instruction &out)
    : program(program), function(function), syntax(syntax), out(out) {
  // `.` separates modifiers; `::` belongs to one.
  std::string_view rest = syntax.opcode;
  while (!rest.empty()) {
    size_t dot = rest.find('.');
    words.emplace_back(rest.substr(0, dot));
    rest = dot == rest.npos ? "" : rest.substr(dot + 1);
  }
  isTaken.assign(words.size(), false);
  isTaken[0] = true;
  takenOperands.resize(syntax.operands.size());
  out.line = syntax.line;
  out.location = syntax.location;
  out.opcode = syntax.opcode;
  if (syntax.guard) {
    out.guard = registerOperand(*syntax.guard);
    out.guard.negated = syntax.guardNegated;
  }
}

void Decoder::fail(const std::string &message) const {
  throw Stop(VerdictKind::Syntax, "'" + syntax.opcode + "': " + message, syntax.line);
}

void Decoder::unsupported(const std::string &why) const {
  throw Stop(VerdictKind::Unsupported,
             "instruction '" + syntax.opcode + "' is outside the simulated set" + (why.empty() ? "" : ": " + why),
             syntax.line);
}

bool Decoder::has(std::string_view modifier) {
  for (size_t i = 1; i < words.size(); ++i)
    if (!isTaken[i] && words[i] == modifier)
      return isTaken[i] = true;
  return false;
}

void Decoder::require(std::string_view modifier) {
  if (!has(modifier))
    unsupported("expected the modifier '." + std::string(modifier) + "'");
}

std::string Decoder::oneOf(std::initializer_list<std::string_view> names) {
  for (std::string_view name : names)
    if (has(name))
      return std::string(name);
  return "";
}

std::string Decoder::startingWith(std::string_view prefix) {
  for (size_t i = 1; i < words.size(); ++i)
    if (!isTaken[i] && words[i].starts_with(prefix)) {
      isTaken[i] = true;
      return words[i];
    }
  return "";
}

std::optional<Type> Decoder::maybeType() {
  for (size_t i = 1; i < words.size(); ++i)
    if (!isTaken[i])
      if (auto type = parseType(words[i])) {
        isTaken[i] = true;
        return type;
      }
  return std::nullopt;
}

Type Decoder::type() {
  if (auto found = maybeType())
    return *found;
  unsupported("it names no known type");
}

StateSpace Decoder::stateSpace(std::string *window) {
  if (has("global"))
    return StateSpace::Global;
  if (has("const"))
    return StateSpace::Const;
  if (has("local"))
    return StateSpace::Local;
  if (has("param") || has("param::entry") || has("param::func"))
    return StateSpace::Param;
  std::string found = oneOf({"shared", "shared::cta", "shared::cluster"});
  if (found.empty())
    return StateSpace::Generic;
  if (window)
    *window = found == "shared::cluster" ? "cluster" : "cta";
  return StateSpace::Shared;
}

void Decoder::takeCacheHints() {
  oneOf({"ca", "cg", "cs", "lu", "cv", "wb", "wt"});
  has("nc");
  startingWith("L1::");
  while (!startingWith("L2::").empty())
    ;
  oneOf({"level::eviction_priority"});
}

const SyntaxOperand &Decoder::raw(size_t index) {
  if (index >= syntax.operands.size())
    fail("has " + std::to_string(syntax.operands.size()) + " operands when operand " + std::to_string(index + 1) +
         " is needed");
  takenOperands[index].isWhole = true;
  return syntax.operands[index];
}

static Operand fromRegister(const SyntaxOperand &operand) {
  Operand made = registerOperand(operand.reg);
  made.negated = operand.negated;
  return made;
}

/// The value that a name stands for: a variable's address, a parameter, a
/// special register.
Operand Decoder::symbol(const SyntaxOperand &operand) {
  Operand made;
  made.kind = Operand::Kind::Immediate;
  made.bits = 64;
  if (operand.name == "WARP_SZ") {
    made.value = warpSize;
    return made;
  }
  if (auto which = parseSpecialRegister(operand.name)) {
    made.kind = Operand::Kind::Special;
    made.slot = static_cast<uint32_t>(*which);
    made.bits = static_cast<uint8_t>(specialRegisterBits(*which));
    return made;
  }
  if (const Variable *variable = operand.variable) {
    made.value = variable->address + static_cast<uint64_t>(operand.offset);
    if (variable->space == StateSpace::Shared)
      made.kind = Operand::Kind::SharedAddress;
    else if (variable->space == StateSpace::Local || variable->space == StateSpace::Param)
      made.kind = Operand::Kind::LocalAddress;
    return made;
  }
  if (function.syntax->isEntry) {
    for (const Parameter &parameter : function.syntax->parameters)
      if (parameter.name == operand.name) {
        made.value = parameter.offset + static_cast<uint64_t>(operand.offset);
        return made;
      }
  } else if (auto found = function.paramOffsets.find(operand.name); found != function.paramOffsets.end()) {
    made.kind = Operand::Kind::LocalAddress;
    made.value = found->second + static_cast<uint64_t>(operand.offset);
    return made;
  }
  if (const CompiledFunction *named = program.find(operand.name)) {
    made.value = named->address;
    return made;
  }
  fail("unknown name '" + operand.name + "'");
}

/// Only video instructions, which take operands apart themselves, know parts
/// and signs of registers.
void Decoder::requireWhole(const SyntaxOperand &operand) const {
  if (!operand.selector.empty())
    fail("takes no part of a register ('." + operand.selector + "')");
  if (operand.negated && operand.reg.cls != RegisterClass::Predicate)
    fail("takes no negated register that is not a predicate");
}

Operand Decoder::bindSource(const SyntaxOperand &operand, Type type) {
  Operand made;
  switch (operand.kind) {
  case SyntaxOperand::Kind::Register:
    requireWhole(operand);
    made = fromRegister(operand);
    out.reads.push_back(made);
    return made;
  case SyntaxOperand::Kind::Integer:
    made.kind = Operand::Kind::Immediate;
    made.bits = 64;
    made.value = operand.value;
    return made;
  case SyntaxOperand::Kind::Float:
    made.kind = Operand::Kind::Immediate;
    made.bits = static_cast<uint8_t>(operand.floatBits);
    made.value = operand.value;
    if (operand.floatBits == 64 && typeBits(type) == 32)
      made.value = std::bit_cast<uint32_t>(static_cast<float>(std::bit_cast<double>(operand.value)));
    else if (operand.floatBits == 32 && typeBits(type) == 64)
      made.value =
          std::bit_cast<uint64_t>(static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(operand.value))));
    return made;
  case SyntaxOperand::Kind::Name:
    return symbol(operand);
  case SyntaxOperand::Kind::Sink:
    return made;
  default:
    fail("an operand has the wrong form");
  }
}

Operand Decoder::bindDestination(const SyntaxOperand &operand) {
  if (operand.kind == SyntaxOperand::Kind::Sink)
    return Operand();
  if (operand.kind != SyntaxOperand::Kind::Register)
    fail("a destination is not a register");
  requireWhole(operand);
  Operand made = fromRegister(operand);
  out.writes.push_back(made);
  return made;
}

Operand Decoder::source(size_t index, Type type) { return bindSource(raw(index), type); }

Operand Decoder::destination(size_t index) { return bindDestination(raw(index)); }

Operand Decoder::secondDestination(size_t index) {
  const SyntaxOperand &operand = raw(index);
  takenOperands[index].hasSecond = true;
  return operand.second ? bindDestination(*operand.second) : Operand();
}

Operand Decoder::predicate(size_t index) {
  const SyntaxOperand &operand = raw(index);
  if (operand.kind == SyntaxOperand::Kind::Register && operand.reg.cls != RegisterClass::Predicate)
    fail("operand " + std::to_string(index + 1) + " is not a predicate");
  return bindSource(operand, Type::Pred);
}

std::vector<Operand> Decoder::sources(size_t index, Type type) {
  std::vector<Operand> list;
  const SyntaxOperand &operand = raw(index);
  if (operand.kind != SyntaxOperand::Kind::Vector)
    return {bindSource(operand, type)};
  for (const SyntaxOperand &element : operand.elements)
    list.push_back(bindSource(element, type));
  return list;
}

std::vector<Operand> Decoder::destinations(size_t index) {
  std::vector<Operand> list;
  const SyntaxOperand &operand = raw(index);
  if (operand.kind != SyntaxOperand::Kind::Vector)
    return {bindDestination(operand)};
  for (const SyntaxOperand &element : operand.elements)
    list.push_back(bindDestination(element));
  return list;
}

AddressOperand Decoder::address(size_t index) {
  const SyntaxOperand &operand = raw(index);
  if (operand.kind != SyntaxOperand::Kind::Address || operand.elements.empty())
    fail("operand " + std::to_string(index + 1) + " is not an address");
  AddressOperand made;
  const SyntaxOperand &base = operand.elements[0];
  made.base = bindSource(base, Type::B64);
  made.offset = operand.offset;
  if (base.kind == SyntaxOperand::Kind::Name && !base.variable)
    (function.syntax->isEntry ? made.isKernelParameter : made.isFrameParameter) = true;
  if (base.variable && base.variable->space == StateSpace::Param)
    made.isFrameParameter = true;
  return made;
}

const SyntaxOperand *Decoder::behindAddress(size_t index) {
  const SyntaxOperand &operand = raw(index);
  takenOperands[index].hasRest = true;
  if (operand.elements.size() > 2)
    fail("operand " + std::to_string(index + 1) + " has " + std::to_string(operand.elements.size() - 1) +
         " lists behind its address where one is known");
  return operand.elements.size() == 2 ? &operand.elements[1] : nullptr;
}

int64_t Decoder::literal(size_t index) {
  const SyntaxOperand &operand = raw(index);
  if (operand.kind != SyntaxOperand::Kind::Integer)
    unsupported("operand " + std::to_string(index + 1) + " is not a literal");
  return static_cast<int64_t>(operand.value);
}

int Decoder::label(const std::string &name) const { return function.syntax->findLabel(syntax.scope, name); }

/// Each form takes the operands that it knows; one that nobody reads would
/// change nothing without a word.
void Decoder::requireAllTaken() const {
  for (size_t i = 0; i < words.size(); ++i)
    if (!isTaken[i])
      unsupported("modifier '." + words[i] + "'");
  // Behind the others, or before a mask of bytes; nobody needs its value.
  bool awaitsPolicy = std::find(words.begin(), words.end(), "L2::cache_hint") != words.end();
  for (size_t i = 0; i < takenOperands.size(); ++i) {
    const SyntaxOperand &operand = syntax.operands[i];
    const Taken &taken = takenOperands[i];
    std::string name = "operand " + std::to_string(i + 1);
    bool maybePolicy = operand.kind == SyntaxOperand::Kind::Integer ||
                       (operand.kind == SyntaxOperand::Kind::Register && operand.reg.cls == RegisterClass::Bits64);
    if (!taken.isWhole && awaitsPolicy && maybePolicy)
      awaitsPolicy = false;
    else if (!taken.isWhole)
      fail("has " + std::to_string(takenOperands.size()) + " operands, and " + name + " has no meaning here");
    if (operand.second && !taken.hasSecond)
      fail(name + " takes no second destination behind '|'");
    if (operand.kind == SyntaxOperand::Kind::Address && operand.elements.size() > 1 && !taken.hasRest)
      fail(name + " takes nothing behind its address");
  }
  if (awaitsPolicy)
    fail("has .L2::cache_hint and no cache policy of 64 bits");
}

void Decoder::run(std::function<Outcome(Step &)> handler) {
  requireAllTaken();
  out.run = std::move(handler);
}

} // namespace girih::sim

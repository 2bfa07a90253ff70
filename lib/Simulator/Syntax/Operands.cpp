//===- Operands.cpp - Operands and constant expressions of PTX ------------===//
#include "Parser.h"

#include "girih/Simulator/Verdict.h"

namespace girih::sim {
namespace {

/// Binary operators of constant expressions, from the loosest (PTX ISA,
/// "Constant Expressions"); `%` begins a name and cannot be one here.
struct BinaryOperator {
  const char *first, *second;
  unsigned level;
};
constexpr BinaryOperator binaryOperators[] = {
    {"|", nullptr, 0}, {"^", nullptr, 1}, {"&", nullptr, 2}, {"<", "<", 3},     {">", ">", 3},
    {"+", nullptr, 4}, {"-", nullptr, 4}, {"*", nullptr, 5}, {"/", nullptr, 5},
};
constexpr unsigned binaryLevels = 6;

} // namespace

bool Parser::startsConstant() const {
  size_t ahead = 0;
  while (peek(ahead).is("-") || peek(ahead).is("+") || peek(ahead).is("~") || peek(ahead).is("("))
    ++ahead;
  return peek(ahead).kind == Token::Kind::Integer;
}

uint64_t Parser::constant() { return constantBinary(0); }

uint64_t Parser::constantBinary(unsigned level) {
  if (level == binaryLevels)
    return constantUnary();
  uint64_t left = constantBinary(level + 1);
  while (true) {
    const BinaryOperator *found = nullptr;
    for (const BinaryOperator &candidate : binaryOperators)
      if (candidate.level == level && peek().is(candidate.first) && (!candidate.second || peek(1).is(candidate.second)))
        found = &candidate;
    if (!found)
      return left;
    take();
    if (found->second)
      take();
    uint64_t right = constantBinary(level + 1);
    switch (found->first[0]) {
    case '|':
      left |= right;
      break;
    case '^':
      left ^= right;
      break;
    case '&':
      left &= right;
      break;
    case '<':
      left = right > 63 ? 0 : left << right;
      break;
    case '>':
      left = uint64_t(int64_t(left) >> std::min<uint64_t>(right, 63));
      break;
    case '+':
      left += right;
      break;
    case '-':
      left -= right;
      break;
    case '*':
      left *= right;
      break;
    default:
      if (right == 0)
        fail("division by zero in a constant");
      left = int64_t(right) == -1 ? 0 - left : uint64_t(int64_t(left) / int64_t(right));
    }
  }
}

uint64_t Parser::constantUnary() {
  Nesting nesting(*this);
  if (accept("-"))
    return 0 - constantUnary();
  if (accept("+"))
    return constantUnary();
  if (accept("~"))
    return ~constantUnary();
  if (accept("(")) {
    uint64_t value = constant();
    expect(")");
    return value;
  }
  if (peek().kind != Token::Kind::Integer)
    fail("expected a number before '" + std::string(peek().text) + "'");
  return take().value;
}

uint64_t Parser::takeSize(const char *what, uint64_t most) {
  if (!startsConstant())
    fail(std::string("expected ") + what + " before '" + std::string(peek().text) + "'");
  uint64_t value = constant();
  if (value > most)
    fail(std::string(what) + " is " + std::to_string(value) + " when at most " + std::to_string(most) + " is allowed");
  return value;
}

uint64_t Parser::takeAlignment() {
  uint64_t value = takeSize("an alignment", 1 << 23);
  if (value == 0 || (value & (value - 1)))
    fail("alignment " + std::to_string(value) + " is not a power of two");
  return value;
}

SyntaxOperand Parser::operand() {
  SyntaxOperand first = plainOperand();
  if (accept("|"))
    first.second = std::make_shared<SyntaxOperand>(plainOperand());
  return first;
}

SyntaxOperand Parser::plainOperand() {
  if (accept("{"))
    return sequence("}", SyntaxOperand::Kind::Vector);
  if (isCall && accept("("))
    return sequence(")", SyntaxOperand::Kind::List);
  if (startsConstant()) {
    SyntaxOperand made;
    made.kind = SyntaxOperand::Kind::Integer;
    made.value = constant();
    return made;
  }
  if (accept("["))
    return address();
  bool isMinus = accept("-");
  if (peek().kind == Token::Kind::Float)
    return floatNumber(isMinus);
  bool isNegated = isMinus || accept("!");
  SyntaxOperand inner = name();
  if (isNegated && inner.kind != SyntaxOperand::Kind::Register)
    fail("expected a register after '" + std::string(isMinus ? "-" : "!") + "'");
  inner.negated = isNegated;
  return inner;
}

SyntaxOperand Parser::floatNumber(bool isNegative) {
  SyntaxOperand made;
  const Token &token = take();
  made.kind = SyntaxOperand::Kind::Float;
  made.floatBits = token.floatBits;
  made.value = isNegative ? token.value ^ 1ull << (token.floatBits - 1) : token.value;
  return made;
}

/// Finds a register, a vector of them or a part of one by the operand's name,
/// from the inside out.
bool Parser::findRegister(SyntaxOperand &operand) const {
  size_t dot = operand.name.rfind('.');
  bool isSelector = dot != operand.name.npos && dot + 2 < operand.name.size() &&
                    (operand.name[dot + 1] == 'b' || operand.name[dot + 1] == 'h') &&
                    operand.name.find_first_not_of("01234567", dot + 2) == operand.name.npos;
  for (auto scope = openScopes.rbegin(); scope != openScopes.rend(); ++scope) {
    const Scope &here = scopes[*scope];
    auto take = [&](const std::string &name) {
      auto found = here.registers.find(name);
      if (found == here.registers.end())
        return false;
      operand.kind = SyntaxOperand::Kind::Register;
      operand.reg = found->second;
      return true;
    };
    if (take(operand.name))
      return true;
    if (auto vector = here.vectors.find(operand.name); vector != here.vectors.end()) {
      operand.kind = SyntaxOperand::Kind::Vector;
      for (const RegisterName &reg : vector->second) {
        operand.elements.emplace_back();
        operand.elements.back().kind = SyntaxOperand::Kind::Register;
        operand.elements.back().reg = reg;
      }
      return true;
    }
    if (isSelector && take(operand.name.substr(0, dot))) {
      operand.selector = operand.name.substr(dot + 1);
      return true;
    }
  }
  return false;
}

SyntaxOperand Parser::name() {
  SyntaxOperand made;
  made.name = takeName("an operand");
  if (made.name == "_" || findRegister(made))
    return made;
  made.kind = SyntaxOperand::Kind::Name;
  made.variable = findVariable(made.name);
  if (accept("+"))
    made.offset = static_cast<int64_t>(constant());
  return made;
}

const Variable *Parser::findVariable(const std::string &name) const {
  for (auto scope = openScopes.rbegin(); scope != openScopes.rend(); ++scope) {
    auto found = scopes[*scope].variables.find(name);
    if (found != scopes[*scope].variables.end())
      return found->second;
  }
  auto found = scopes[0].variables.find(name);
  return found == scopes[0].variables.end() ? nullptr : found->second;
}

/// `[base]`, `[base+4]`, `[base+-4]`, `[base, {coordinates}, ...]`. The base
/// is the first element.
SyntaxOperand Parser::address() {
  SyntaxOperand made;
  made.kind = SyntaxOperand::Kind::Address;
  made.elements.push_back(plainOperand());
  if (accept("+") || peek().is("-"))
    made.offset = static_cast<int64_t>(constant());
  while (accept(","))
    made.elements.push_back(plainOperand());
  expect("]");
  return made;
}

SyntaxOperand Parser::sequence(const char *close, SyntaxOperand::Kind kind) {
  Nesting nesting(*this);
  SyntaxOperand made;
  made.kind = kind;
  if (accept(close))
    return made;
  do {
    made.elements.push_back(operand());
  } while (accept(","));
  expect(close);
  return made;
}

} // namespace girih::sim

//===- Parser.cpp - Modules, variables and token helpers ------------------===//
#include "Parser.h"

#include "girih/Simulator/Verdict.h"

#include <bit>

namespace girih::sim {

/// Elements of a variable; more is a mistake in the text.
static constexpr uint64_t largestVariable = 1 << 28;

unsigned fundamentalTypeSize(std::string_view name) {
  if (name == ".b8" || name == ".u8" || name == ".s8")
    return 1;
  if (name == ".b16" || name == ".u16" || name == ".s16" || name == ".f16" || name == ".bf16")
    return 2;
  if (name == ".b32" || name == ".u32" || name == ".s32" || name == ".f32" || name == ".f16x2" || name == ".bf16x2")
    return 4;
  if (name == ".b64" || name == ".u64" || name == ".s64" || name == ".f64")
    return 8;
  if (name == ".b128")
    return 16;
  return 0;
}

int Function::findLabel(unsigned scope, const std::string &label) const {
  for (int s = static_cast<int>(scope); s >= 0; s = scopeParents[s]) {
    auto found = labels[s].find(label);
    if (found != labels[s].end())
      return static_cast<int>(found->second);
  }
  return -1;
}

std::unique_ptr<SyntaxModule> parsePTX(const std::string &text) { return Parser(text).run(); }

const Token &Parser::peek(size_t ahead) const { return tokens[std::min(at + ahead, tokens.size() - 1)]; }

const Token &Parser::take() {
  const Token &token = peek();
  if (at + 1 < tokens.size())
    ++at;
  return token;
}

bool Parser::accept(std::string_view text) {
  if (!peek().is(text))
    return false;
  take();
  return true;
}

void Parser::expect(std::string_view text) {
  if (!accept(text))
    fail("expected '" + std::string(text) + "' before '" + std::string(peek().text) + "'");
}

void Parser::fail(const std::string &message) const { throw Stop(VerdictKind::Syntax, message, peek().line); }

std::string Parser::takeName(const char *what) {
  if (peek().kind != Token::Kind::Word)
    fail(std::string("expected ") + what + " before '" + std::string(peek().text) + "'");
  return std::string(take().text);
}

uint64_t Parser::takeInteger(const char *what) {
  bool isNegative = accept("-");
  if (peek().kind != Token::Kind::Integer)
    fail(std::string("expected ") + what + " before '" + std::string(peek().text) + "'");
  uint64_t value = take().value;
  return isNegative ? -value : value;
}

void Parser::skipLine() {
  unsigned line = peek().line;
  while (peek().kind != Token::Kind::End && peek().line == line)
    take();
}

void Parser::skipBraces() {
  expect("{");
  for (unsigned depth = 1; depth;) {
    if (peek().kind == Token::Kind::End)
      fail("block without end");
    if (peek().is("{"))
      ++depth;
    else if (peek().is("}"))
      --depth;
    take();
  }
}

std::unique_ptr<SyntaxModule> Parser::run() {
  module = std::make_unique<SyntaxModule>();
  scopes.emplace_back();
  while (peek().kind != Token::Kind::End)
    moduleItem();
  return std::move(module);
}

void Parser::moduleItem() {
  if (accept(".version")) {
    std::string text(take().text);
    module->versionMajor = std::atoi(text.c_str());
    size_t dot = text.find('.');
    module->versionMinor = dot == text.npos ? 0 : std::atoi(text.c_str() + dot + 1);
    return;
  }
  if (accept(".target")) {
    module->target = takeName("a target");
    while (accept(","))
      take();
    return;
  }
  if (accept(".address_size")) {
    if (takeInteger("an address size") != 64)
      fail("address size should be 64");
    return;
  }
  if (accept(".file"))
    return fileDirective();
  if (accept(".section")) {
    take();
    return skipBraces();
  }
  if (accept(".alias") || accept(".pragma")) {
    while (!accept(";"))
      take();
    return;
  }
  if (accept(".loc"))
    return skipLine();
  bool isExtern = false;
  while (true) {
    if (accept(".extern"))
      isExtern = true;
    else if (!accept(".visible") && !accept(".weak") && !accept(".common"))
      break;
  }
  if (accept(".entry"))
    return function(true);
  if (accept(".func"))
    return function(false);
  if (peek().is(".global") || peek().is(".const") || peek().is(".shared"))
    return variable(module->variables, isExtern);
  fail("unexpected '" + std::string(peek().text) + "' at module level");
}

void Parser::fileDirective() {
  uint64_t index = takeInteger("a file index");
  if (peek().kind != Token::Kind::String)
    fail("expected a file name");
  module->files[static_cast<unsigned>(index)] = unescape(take().text);
  while (accept(","))
    takeInteger("a time stamp or size");
}

/// `.space [.align n] [.v2|.v4] .type name[dims] [= initializer] [, ...];`
void Parser::variable(std::vector<std::unique_ptr<Variable>> &into, bool isExtern) {
  std::string space = takeName("a state space");
  unsigned elementSize = 0, vector = 1, align = 0;
  while (peek().kind == Token::Kind::Word && peek().text[0] == '.') {
    std::string word = takeName("a type");
    if (word == ".align")
      align = static_cast<unsigned>(takeAlignment());
    else if (word == ".v2" || word == ".v4")
      vector = word == ".v2" ? 2 : 4;
    else if (word == ".attribute") {
      while (!accept(")"))
        take();
    } else if (unsigned size = fundamentalTypeSize(word))
      elementSize = size;
    else
      fail("unknown type '" + word + "' of a variable");
  }
  if (!elementSize)
    fail("variable without a type");
  do {
    auto made = std::make_unique<Variable>();
    made->space = space == ".shared"  ? StateSpace::Shared
                  : space == ".local" ? StateSpace::Local
                  : space == ".const" ? StateSpace::Const
                  : space == ".param" ? StateSpace::Param
                                      : StateSpace::Global;
    made->name = takeName("a variable name");
    made->align = std::max(align, elementSize * vector);
    if (align)
      made->align = align;
    uint64_t count = vector;
    bool isUnsized = false;
    while (accept("[")) {
      if (accept("]")) {
        isUnsized = true;
        continue;
      }
      count *= takeSize("an array size", largestVariable);
      if (count > largestVariable)
        fail("variable '" + made->name + "' exceeds " + std::to_string(largestVariable) + " elements");
      expect("]");
    }
    made->size = isUnsized ? 0 : count * elementSize;
    made->isDynamic = isUnsized && isExtern;
    if (accept("="))
      initializer(*made, elementSize);
    if (made->size < made->initial.size())
      made->size = made->initial.size();
    scopes[openScopes.empty() ? 0 : openScopes.back()].variables[made->name] = made.get();
    into.push_back(std::move(made));
  } while (accept(","));
  expect(";");
}

void Parser::initializer(Variable &variable, unsigned elementSize) {
  Nesting nesting(*this);
  if (!accept("{"))
    return initialElement(variable, elementSize);
  if (accept("}"))
    return;
  do {
    initializer(variable, elementSize);
  } while (accept(","));
  expect("}");
}

void Parser::initialElement(Variable &variable, unsigned elementSize) {
  uint64_t bits = 0;
  bool isConstant = startsConstant();
  bool isNegative = !isConstant && accept("-");
  if (isConstant) {
    bits = constant();
  } else if (peek().kind == Token::Kind::Float) {
    const Token &token = take();
    bits = token.value;
    if (token.floatBits == 64 && elementSize == 4)
      bits = std::bit_cast<uint32_t>(static_cast<float>(std::bit_cast<double>(bits)));
    if (isNegative)
      bits ^= 1ull << (elementSize * 8 - 1);
  } else {
    bool isGeneric = accept("generic");
    if (isGeneric)
      expect("(");
    Variable::Relocation relocation{variable.initial.size(), 0, takeName("an initial value"), 0, isGeneric};
    if (isGeneric)
      expect(")");
    if (accept("+"))
      relocation.addend = static_cast<int64_t>(constant());
    relocation.size = elementSize;
    variable.relocations.push_back(relocation);
  }
  for (unsigned i = 0; i < elementSize; ++i)
    variable.initial.push_back(i < 8 ? static_cast<uint8_t>(bits >> (8 * i)) : uint8_t(0));
}

} // namespace girih::sim

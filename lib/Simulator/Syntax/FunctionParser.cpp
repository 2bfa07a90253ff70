//===- FunctionParser.cpp - Function bodies and operands ------------------===//
#include "Parser.h"

#include "girih/Simulator/Verdict.h"

#include <bit>

namespace girih::sim {

void Parser::function(bool isEntry) {
  auto made = std::make_unique<Function>();
  made->isEntry = isEntry;
  made->line = peek().line;
  current = made.get();
  openScopes.clear();
  scopes.resize(1);
  if (!isEntry && peek().is("("))
    made->results = parameterList();
  made->name = takeName("a function name");
  if (peek().is("("))
    made->parameters = parameterList();
  while (!peek().is("{") && !peek().is(";"))
    functionDirective(*made);
  if (!accept(";")) {
    made->hasBody = true;
    body();
  }
  module->functions.push_back(std::move(made));
  current = nullptr;
  openScopes.clear();
}

/// `( .param [.align n] .type [.ptr ...] name[size], ... )` with each
/// parameter's offset laid out in order.
std::vector<Parameter> Parser::parameterList() {
  std::vector<Parameter> list;
  expect("(");
  uint64_t offset = 0;
  while (!accept(")")) {
    Parameter parameter;
    unsigned elementSize = 0;
    if (!accept(".param"))
      expect(".reg");
    while (peek().kind == Token::Kind::Word && peek().text[0] == '.') {
      std::string word = takeName("a type");
      if (word == ".align")
        parameter.align = takeInteger("an alignment");
      else if (word == ".ptr") {
        // The space and alignment of what the pointer points to: unused.
        while (peek().is(".global") || peek().is(".shared") || peek().is(".const") || peek().is(".local"))
          take();
        if (accept(".align"))
          takeInteger("an alignment");
      } else if (unsigned size = fundamentalTypeSize(word))
        elementSize = size;
      else
        fail("unknown parameter type '" + word + "'");
    }
    parameter.name = takeName("a parameter name");
    uint64_t count = 1;
    if (accept("[")) {
      count = peek().is("]") ? 0 : takeInteger("an array size");
      expect("]");
    }
    parameter.size = count * elementSize;
    parameter.align = std::max<uint64_t>(parameter.align, elementSize);
    offset = (offset + parameter.align - 1) / parameter.align * parameter.align;
    parameter.offset = offset;
    offset += parameter.size;
    list.push_back(parameter);
    if (!peek().is(")"))
      expect(",");
  }
  return list;
}

void Parser::functionDirective(Function &function) {
  std::string word = takeName("a function directive");
  auto numbers = [&](unsigned *into, unsigned most) {
    unsigned n = 0;
    do {
      unsigned value = static_cast<unsigned>(takeInteger("a number"));
      if (n < most)
        into[n++] = value;
    } while (accept(","));
    while (n < most)
      into[n++] = 1;
  };
  if (word == ".maxntid") {
    unsigned shape[3];
    numbers(shape, 3);
    function.maxThreads = shape[0] * shape[1] * shape[2];
  } else if (word == ".reqntid") {
    numbers(function.requiredThreads, 3);
    function.maxThreads = function.requiredThreads[0] * function.requiredThreads[1] * function.requiredThreads[2];
  } else if (word == ".reqnctapercluster") {
    numbers(function.clusterShape, 3);
  } else if (word == ".maxnreg") {
    numbers(&function.maxRegisters, 1);
  } else if (word == ".minnctapersm") {
    numbers(&function.minBlocks, 1);
  } else if (word == ".maxclusterrank" || word == ".maxnctapersm") {
    takeInteger("a number");
  } else if (word == ".pragma") {
    take();
    accept(";");
  } else if (word != ".explicitcluster" && word != ".noreturn" && word != ".blocksareclusters" &&
             word != ".attribute") {
    fail("unknown function directive '" + word + "'");
  }
}

void Parser::body() {
  unsigned base = static_cast<unsigned>(scopes.size());
  expect("{");
  auto open = [&](int parent) {
    openScopes.push_back(static_cast<unsigned>(scopes.size()));
    scopes.emplace_back();
    current->labels.emplace_back();
    current->scopeParents.push_back(parent);
  };
  open(-1);
  while (true) {
    if (peek().kind == Token::Kind::End)
      fail("function without end");
    if (accept("{")) {
      open(static_cast<int>(openScopes.back() - base));
    } else if (accept("}")) {
      openScopes.pop_back();
      if (openScopes.empty())
        return;
    } else {
      statement();
    }
  }
}

void Parser::statement() {
  if (accept(".reg"))
    return registerDeclaration();
  if (peek().is(".local") || peek().is(".shared") || peek().is(".param") || peek().is(".const") || peek().is(".global"))
    return variable(current->variables, false);
  if (accept(".loc"))
    return locDirective();
  if (accept(".pragma")) {
    take();
    expect(";");
    return;
  }
  if (accept(";"))
    return;
  if (peek().kind == Token::Kind::Word && peek(1).is(":")) {
    std::string label = takeName("a label");
    take();
    if (accept(".branchtargets"))
      return branchTargets(label);
    if (accept(".callprototype")) {
      while (!accept(";"))
        take();
      return;
    }
    unsigned scope = openScopes.back() - openScopes.front();
    if (!current->labels[scope].emplace(label, static_cast<unsigned>(current->body.size())).second)
      fail("label '" + label + "' is defined twice");
    return;
  }
  instruction();
}

void Parser::branchTargets(const std::string &name) {
  do {
    current->branchTargets[name].push_back(takeName("a label"));
  } while (accept(","));
  expect(";");
}

void Parser::locDirective() {
  SourceLocation location;
  unsigned line = peek().line;
  location.file = static_cast<unsigned>(takeInteger("a file index"));
  location.line = static_cast<unsigned>(takeInteger("a line"));
  location.column = static_cast<unsigned>(takeInteger("a column"));
  current->locations.push_back(location);
  while (peek().kind != Token::Kind::End && peek().line == line)
    take();
}

void Parser::registerDeclaration() {
  std::string type = takeName("a register type");
  unsigned vector = 1;
  if (type == ".v2" || type == ".v4") {
    vector = type == ".v2" ? 2 : 4;
    type = takeName("a register type");
  }
  RegisterName reg;
  if (type == ".pred") {
    reg.cls = RegisterClass::Predicate;
    reg.bits = 1;
  } else if (unsigned size = fundamentalTypeSize(type)) {
    reg.bits = static_cast<uint8_t>(size * 8);
    reg.cls = size == 16 ? RegisterClass::Bits128 : size == 8 ? RegisterClass::Bits64 : RegisterClass::Bits32;
  } else {
    fail("unknown register type '" + type + "'");
  }
  if (vector != 1)
    fail("vector registers are not simulated");
  do {
    std::string name = takeName("a register name");
    if (accept("<")) {
      uint64_t count = takeInteger("a register count");
      if (count > 1u << 20)
        fail("too many registers: " + std::to_string(count));
      for (uint64_t i = 0; i < count; ++i)
        declareRegister(name + std::to_string(i), reg);
      expect(">");
    } else {
      declareRegister(name, reg);
    }
  } while (accept(","));
  expect(";");
}

void Parser::declareRegister(const std::string &name, RegisterName reg) {
  reg.slot = current->registers[static_cast<unsigned>(reg.cls)]++;
  scopes[openScopes.back()].registers[name] = reg;
}

void Parser::instruction() {
  SyntaxInstruction made;
  made.line = peek().line;
  made.location = static_cast<int>(current->locations.size()) - 1;
  made.scope = openScopes.back() - openScopes.front();
  if (accept("@")) {
    made.guardNegated = accept("!");
    SyntaxOperand guard = name();
    if (guard.kind != SyntaxOperand::Kind::Register || guard.reg.cls != RegisterClass::Predicate)
      fail("guard is not a predicate register");
    made.guard = guard.reg;
  }
  made.opcode = takeName("an instruction");
  if (!peek().is(";")) {
    do {
      made.operands.push_back(operand());
    } while (accept(","));
  }
  expect(";");
  current->body.push_back(std::move(made));
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
  if (accept("("))
    return sequence(")", SyntaxOperand::Kind::List);
  if (accept("["))
    return address();
  if (accept("!")) {
    SyntaxOperand inner = name();
    inner.negated = true;
    return inner;
  }
  bool isNegative = accept("-");
  if (!isNegative)
    accept("+");
  if (peek().kind == Token::Kind::Integer || peek().kind == Token::Kind::Float)
    return number(isNegative);
  if (isNegative)
    fail("expected a number after '-'");
  return name();
}

SyntaxOperand Parser::number(bool isNegative) {
  SyntaxOperand made;
  const Token &token = take();
  made.value = token.value;
  if (token.kind == Token::Kind::Integer) {
    made.kind = SyntaxOperand::Kind::Integer;
    if (isNegative)
      made.value = -made.value;
    return made;
  }
  made.kind = SyntaxOperand::Kind::Float;
  made.floatBits = token.floatBits;
  if (isNegative)
    made.value ^= 1ull << (token.floatBits - 1);
  return made;
}

SyntaxOperand Parser::name() {
  SyntaxOperand made;
  made.name = takeName("an operand");
  if (made.name == "_")
    return made;
  for (auto scope = openScopes.rbegin(); scope != openScopes.rend(); ++scope) {
    auto found = scopes[*scope].registers.find(made.name);
    if (found == scopes[*scope].registers.end())
      continue;
    made.kind = SyntaxOperand::Kind::Register;
    made.reg = found->second;
    return made;
  }
  made.kind = SyntaxOperand::Kind::Name;
  made.variable = findVariable(made.name);
  if (accept("+"))
    made.offset = static_cast<int64_t>(takeInteger("an offset"));
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
  if (accept("+"))
    made.offset = static_cast<int64_t>(takeInteger("an offset"));
  else if (peek().is("-"))
    made.offset = static_cast<int64_t>(takeInteger("an offset"));
  while (accept(","))
    made.elements.push_back(plainOperand());
  expect("]");
  return made;
}

SyntaxOperand Parser::sequence(const char *close, SyntaxOperand::Kind kind) {
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

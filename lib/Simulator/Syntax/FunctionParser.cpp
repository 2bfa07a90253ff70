//===- FunctionParser.cpp - Functions, registers and statements -----------===//
#include "Parser.h"

#include "girih/Simulator/Verdict.h"

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
    bool isRegister = accept(".reg");
    if (!isRegister)
      expect(".param");
    while (peek().kind == Token::Kind::Word && peek().text[0] == '.') {
      std::string word = takeName("a type");
      if (word == ".align")
        parameter.align = takeAlignment();
      else if (word == ".ptr") {
        // The space and alignment of what the pointer points to: unused.
        while (peek().is(".global") || peek().is(".shared") || peek().is(".const") || peek().is(".local"))
          take();
        if (accept(".align"))
          takeAlignment();
      } else if (unsigned size = fundamentalTypeSize(word))
        elementSize = size;
      else if (word != ".pred" || !isRegister)
        fail("unknown parameter type '" + word + "'");
      if (isRegister)
        parameter.registerType = word;
    }
    parameter.name = takeName("a parameter name");
    uint64_t count = 1;
    if (accept("[")) {
      count = peek().is("]") ? 0 : takeSize("an array size", 1 << 20);
      expect("]");
    }
    parameter.size = isRegister ? 16 : count * elementSize;
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
  for (auto *list : {&current->results, &current->parameters})
    for (Parameter &parameter : *list)
      if (!parameter.registerType.empty()) {
        declareRegister(parameter.name, registerType(parameter.registerType));
        parameter.reg = scopes[openScopes.back()].registers[parameter.name];
      }
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
    if (accept(".callprototype"))
      return callPrototype(label);
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

/// `name: .callprototype [(results)] _ (parameters);`
void Parser::callPrototype(const std::string &name) {
  CallPrototype prototype;
  if (peek().is("("))
    prototype.results = parameterList().size();
  expect("_");
  if (peek().is("("))
    prototype.parameters = parameterList().size();
  while (peek().kind == Token::Kind::Word || peek().kind == Token::Kind::Integer)
    take(); // .noreturn, .abi_preserve n: for the register allocation
  expect(";");
  current->prototypes[name] = prototype;
}

RegisterName Parser::registerType(const std::string &type) {
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
  return reg;
}

void Parser::registerDeclaration() {
  std::string type = takeName("a register type");
  unsigned vector = 1;
  if (type == ".v2" || type == ".v4") {
    vector = type == ".v2" ? 2 : 4;
    type = takeName("a register type");
  }
  RegisterName reg = registerType(type);
  do {
    std::string name = takeName("a register name");
    uint64_t count = 0;
    if (accept("<")) {
      count = takeSize("a register count", 1 << 20);
      expect(">");
      for (uint64_t i = 0; i < count; ++i)
        declareVector(name + std::to_string(i), reg, vector);
    } else {
      declareVector(name, reg, vector);
    }
  } while (accept(","));
  expect(";");
}

/// PTX ISA, "Vectors": the elements of a vector register are `.x .y .z .w` or
/// `.r .g .b .a`.
void Parser::declareVector(const std::string &name, RegisterName reg, unsigned elements) {
  if (elements == 1)
    return declareRegister(name, reg);
  Scope &scope = scopes[openScopes.back()];
  std::vector<RegisterName> &vector = scope.vectors[name];
  vector.clear();
  for (unsigned e = 0; e < elements; ++e) {
    std::string element = name + "." + "xyzw"[e];
    declareRegister(element, reg);
    vector.push_back(scope.registers[element]);
    scope.registers[name + "." + "rgba"[e]] = vector.back();
  }
}

void Parser::declareRegister(const std::string &name, RegisterName reg) {
  reg.name = reg.slot = current->registers[static_cast<unsigned>(reg.cls)]++;
  if (reg.slot >= 1 << 20)
    fail("the function has more than " + std::to_string(1 << 20) + " registers of a class");
  scopes[openScopes.back()].registers[name] = reg;
}

void Parser::instruction() {
  SyntaxInstruction made;
  made.line = peek().line;
  made.location = static_cast<int>(current->locations.size()) - 1;
  made.scope = openScopes.back() - openScopes.front();
  made.begin = size_t(peek().text.data() - base);
  if (accept("@")) {
    made.guardNegated = accept("!");
    SyntaxOperand guard = name();
    if (guard.kind != SyntaxOperand::Kind::Register || guard.reg.cls != RegisterClass::Predicate)
      fail("guard is not a predicate register");
    made.guard = guard.reg;
  }
  made.opcode = takeName("an instruction");
  // As ptxas does, space before a modifier is passed over.
  while (peek().kind == Token::Kind::Word && peek().text.starts_with("."))
    made.opcode += takeName("a modifier");
  isCall = made.opcode == "call" || made.opcode.starts_with("call.");
  if (!peek().is(";")) {
    do {
      made.operands.push_back(operand());
    } while (accept(","));
  }
  made.end = size_t(peek().text.data() - base) + 1;
  expect(";");
  current->body.push_back(std::move(made));
}

} // namespace girih::sim

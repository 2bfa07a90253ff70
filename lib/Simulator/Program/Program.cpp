//===- Program.cpp - Layout and decoding of a module ----------------------===//
#include "Program.h"

#include "../Memory/GlobalMemory.h"
#include "Decoder.h"
#include "Guesses.h"
#include "Registers.h"
#include "girih/Simulator/Verdict.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <tuple>

namespace girih::sim {
namespace {

uint64_t alignTo(uint64_t value, uint64_t align) { return align ? (value + align - 1) / align * align : value; }

DecodeTable makeTable() {
  DecodeTable table;
  registerArithmetic(table);
  registerIntegerExtras(table);
  registerVideo(table);
  registerVideoVector(table);
  registerBitwise(table);
  registerFloat(table);
  registerApproximate(table);
  registerCompare(table);
  registerConvert(table);
  registerMove(table);
  registerWarpCollective(table);
  registerControl(table);
  registerCall(table);
  registerStack(table);
  registerMemory(table);
  registerAtomic(table);
  registerMultimem(table);
  registerFences(table);
  registerBarriers(table);
  registerMemoryBarrier(table);
  registerCopy(table);
  registerMatrixLoad(table);
  registerMatrixSync(table);
  registerMatrixWarp(table);
  registerMatrixAsync(table);
  registerTensorMemory(table);
  registerLaunchControl(table);
  registerTensorMap(table);
  return table;
}

/// Names in operands, of functions among others.
void collectNames(const SyntaxOperand &operand, std::vector<std::string> &names) {
  if (!operand.name.empty())
    names.push_back(operand.name);
  for (const SyntaxOperand &element : operand.elements)
    collectNames(element, names);
}

/// The functions that a kernel may call, itself among them. Addresses in
/// variables of the module count as calls.
std::set<const Function *> reachable(const SyntaxModule &module, const std::string &kernel) {
  std::map<std::string, const Function *> byName;
  for (const auto &function : module.functions)
    if (function->hasBody)
      byName[function->name] = function.get();
  std::vector<std::string> names{kernel};
  if (kernel.empty())
    for (const auto &[name, function] : byName)
      names.push_back(name);
  for (const auto &variable : module.variables)
    for (const Variable::Relocation &relocation : variable->relocations)
      names.push_back(relocation.name);
  std::set<const Function *> found;
  while (!names.empty()) {
    auto named = byName.find(names.back());
    names.pop_back();
    if (named == byName.end() || !found.insert(named->second).second)
      continue;
    for (const SyntaxInstruction &instruction : named->second->body)
      for (const SyntaxOperand &operand : instruction.operands)
        collectNames(operand, names);
    for (const auto &[name, targets] : named->second->branchTargets)
      names.insert(names.end(), targets.begin(), targets.end());
  }
  return found;
}

bool isInMemory(const Variable &variable) {
  return variable.space == StateSpace::Global || variable.space == StateSpace::Const;
}

/// Gives a variable in global or constant memory its address, behind others.
void placeInMemory(Variable &variable, uint64_t &next) {
  next = alignTo(next, std::max<uint64_t>(variable.align, 16));
  variable.address = next;
  next += variable.size + 64;
}

/// Gives the shared variables that a kernel reaches their addresses; returns the
/// end of those that the launch does not size, and where the others begin.
std::pair<uint64_t, uint64_t> layOutShared(SyntaxModule &module, const std::set<const Function *> &functions) {
  uint64_t next = sharedBase, dynamicAlign = 16;
  std::vector<Variable *> dynamic;
  auto place = [&](Variable &variable) {
    if (variable.space != StateSpace::Shared)
      return;
    if (variable.isDynamic) {
      dynamic.push_back(&variable);
      dynamicAlign = std::max(dynamicAlign, variable.align);
      return;
    }
    next = alignTo(next, variable.align);
    variable.address = next;
    next += variable.size;
  };
  for (auto &variable : module.variables)
    place(*variable);
  for (auto &function : module.functions)
    if (functions.count(function.get()))
      for (auto &variable : function->variables)
        place(*variable);
  uint64_t dynamicOffset = alignTo(next, dynamicAlign);
  for (Variable *variable : dynamic)
    variable->address = dynamicOffset;
  return {next, dynamicOffset};
}

/// Gives every variable its address within its space.
void layOut(Program &program, const std::set<const Function *> &functions, uint64_t variablesAt) {
  SyntaxModule &module = *program.syntax;
  uint64_t next = placeModule(module, variablesAt);
  for (auto &function : module.functions)
    if (functions.count(function.get()))
      for (auto &variable : function->variables)
        if (isInMemory(*variable))
          placeInMemory(*variable, next);
  std::tie(program.staticShared, program.dynamicSharedOffset) = layOutShared(module, functions);
}

/// Local variables, `.param` variables and formal parameters of a frame.
void layOutFrame(Function &syntax, CompiledFunction &function) {
  std::copy_n(syntax.registers, 4, function.registers);
  function.parameters.clear();
  function.results.clear();
  uint64_t next = 16;
  for (auto &variable : syntax.variables) {
    if (variable->space != StateSpace::Local && variable->space != StateSpace::Param)
      continue;
    next = alignTo(next, std::max<uint64_t>(variable->align, 8));
    variable->address = next;
    if (variable->space == StateSpace::Param)
      function.paramOffsets[variable->name] = next;
    next += variable->size;
  }
  auto place = [&](const std::vector<Parameter> &list, std::vector<FormalParameter> &formals) {
    for (const Parameter &parameter : list) {
      next = alignTo(next, std::max<uint64_t>(parameter.align, 16));
      FormalParameter &formal = formals.emplace_back();
      formal.offset = next;
      formal.size = parameter.size;
      next += parameter.size;
      if (parameter.registerType.empty()) {
        function.paramOffsets[parameter.name] = formal.offset;
        continue;
      }
      formal.reg = registerOperand(parameter.reg);
    }
  };
  if (!syntax.isEntry) {
    place(syntax.parameters, function.parameters);
    place(syntax.results, function.results);
  }
  function.localSize = alignTo(next, 16);
}

bool readsGlobalState(const std::string &opcode) {
  bool isAtomic = opcode.starts_with("atom") || opcode.starts_with("red.") || opcode.starts_with("ld.acquire") ||
                  opcode.starts_with("ld.volatile") || opcode.starts_with("ld.relaxed") ||
                  opcode.starts_with("clusterlaunchcontrol") || opcode.starts_with("multimem");
  return isAtomic && opcode.find("shared") == opcode.npos;
}

void decodeBody(Program &program, CompiledFunction &function) {
  static const DecodeTable table = makeTable();
  function.body.clear();
  function.body.reserve(function.syntax->body.size());
  for (const SyntaxInstruction &instruction : function.syntax->body) {
    Instruction &decoded = function.body.emplace_back();
    Decoder decoder(program, function, instruction, decoded);
    auto found = table.find(decoder.root());
    if (found == table.end())
      decoder.unsupported();
    found->second(decoder);
    if (!decoded.run)
      decoder.unsupported();
    decoded.index = program.instructionCount++;
    decoded.cost = costOf(instruction.opcode);
    program.hasAsyncRegisters |= decoded.isMatrixAsync || decoder.root() == "tcgen05";
    function.readsGlobalState |= readsGlobalState(instruction.opcode);
  }
  markGuesses(*function.syntax, function.body);
}

} // namespace

uint64_t placeModule(SyntaxModule &module, uint64_t variablesAt) {
  uint64_t next = variablesAt ? variablesAt : moduleWindow + 256;
  for (auto &variable : module.variables)
    if (isInMemory(*variable))
      placeInMemory(*variable, next);
  uint64_t position = 0;
  for (auto &function : module.functions)
    function->address = codeWindow + 64 * position++;
  return next;
}

uint64_t staticSharedBytes(SyntaxModule &module, const std::string &kernel) {
  return layOutShared(module, reachable(module, kernel)).first - sharedBase;
}

std::vector<uint8_t> initialBytes(const SyntaxModule &module, const Variable &variable) {
  auto addressOf = [&](const std::string &name) {
    for (const auto &other : module.variables)
      if (other->name == name)
        return other->address;
    for (const auto &function : module.functions)
      if (function->name == name && function->hasBody)
        return function->address;
    throw Stop(VerdictKind::Syntax, "an initial value names '" + name + "', which is not defined");
  };
  std::vector<uint8_t> bytes = variable.initial;
  bytes.resize(variable.size, 0);
  for (const auto &relocation : variable.relocations) {
    uint64_t value = addressOf(relocation.name) + uint64_t(relocation.addend);
    std::memcpy(bytes.data() + relocation.offset, &value, std::min<uint64_t>(relocation.size, 8));
  }
  return bytes;
}

std::unique_ptr<Program> decodeProgram(std::unique_ptr<SyntaxModule> syntax, const std::string &kernel,
                                       uint64_t variablesAt) {
  auto program = std::make_unique<Program>();
  program->syntax = std::move(syntax);
  std::set<const Function *> functions = reachable(*program->syntax, kernel);
  layOut(*program, functions, variablesAt);
  for (auto &source : program->syntax->functions) {
    if (!functions.count(source.get()))
      continue;
    auto function = std::make_unique<CompiledFunction>();
    function->syntax = source.get();
    function->program = program.get();
    layOutFrame(*source, *function);
    function->address = source->address;
    program->functions[source->name] = std::move(function);
  }
  for (auto &[name, function] : program->functions)
    decodeBody(*program, *function);
  for (auto &source : program->syntax->functions)
    if (functions.count(source.get())) {
      CompiledFunction &function = *program->functions[source->name];
      shareRegisters(*source, function.body);
      layOutFrame(*source, function);
    }
  program->instructionCount = 0;
  for (auto &[name, function] : program->functions)
    decodeBody(*program, *function);
  return program;
}

const CompiledFunction *Program::find(const std::string &name) const {
  auto found = functions.find(name);
  return found == functions.end() ? nullptr : found->second.get();
}

const CompiledFunction *Program::functionAt(uint64_t address) const {
  for (const auto &[name, function] : functions)
    if (function->address == address)
      return function.get();
  return nullptr;
}

bool Program::readsGlobalState(const std::string &kernel) const {
  std::set<const Function *> reached = reachable(*syntax, kernel);
  return std::any_of(functions.begin(), functions.end(), [&](const auto &each) {
    return each.second->readsGlobalState && reached.count(each.second->syntax);
  });
}

std::string Program::locationOf(const CompiledFunction &function, const Instruction &instruction) const {
  if (instruction.location < 0)
    return "";
  const SourceLocation &at = function.syntax->locations[static_cast<size_t>(instruction.location)];
  auto file = syntax->files.find(at.file);
  if (file == syntax->files.end() || !at.line)
    return "";
  return file->second + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

} // namespace girih::sim

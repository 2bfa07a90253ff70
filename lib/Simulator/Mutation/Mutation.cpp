//===- Mutation.cpp - Faults put into a kernel on purpose -----------------===//
#include "girih/Simulator/Mutation.h"

#include "Faults.h"

#include <algorithm>

namespace girih::sim {
namespace {

/// The text of an instruction behind its guard, and the guard with a space.
std::pair<std::string, std::string> takeApart(const std::string &ptx, const SyntaxInstruction &instruction) {
  std::string all = ptx.substr(instruction.begin, instruction.end - instruction.begin);
  size_t opcode = instruction.guard ? all.find(instruction.opcode, all.find_first_of(" \t\n")) : 0;
  return {all.substr(0, opcode), all.substr(opcode)};
}

std::string withGuard(const std::string &text, const std::string &guard) {
  std::string made;
  for (char c : text)
    made += c == '@' ? guard : std::string(1, c);
  return made;
}

/// As many as are wanted, from the first to the last.
void thin(std::vector<Mutation> &mutations, size_t each) {
  if (!each || mutations.size() <= each)
    return;
  std::vector<Mutation> kept;
  for (size_t i = 0; i < each; ++i)
    kept.push_back(mutations[i * (mutations.size() - 1) / std::max<size_t>(each - 1, 1)]);
  mutations = std::move(kept);
}

} // namespace

std::optional<uint64_t> Site::constant(const SyntaxOperand &operand) const {
  if (operand.kind == SyntaxOperand::Kind::Integer)
    return operand.value;
  if (operand.kind != SyntaxOperand::Kind::Register)
    return std::nullopt;
  // The only instruction that writes the register moves a number into it.
  std::optional<uint64_t> found;
  for (const SyntaxInstruction &other : function.body) {
    if (other.operands.empty())
      continue;
    const SyntaxOperand &into = other.operands[0];
    bool writes = into.kind == SyntaxOperand::Kind::Register && into.reg.cls == operand.reg.cls &&
                  into.reg.name == operand.reg.name;
    if (!writes)
      continue;
    if (found || other.guard || !other.opcode.starts_with("mov.") ||
        other.operands[1].kind != SyntaxOperand::Kind::Integer)
      return std::nullopt;
    found = other.operands[1].value;
  }
  return found;
}

std::vector<Mutation> findMutations(const std::string &ptx, const std::vector<std::string> &kernels, size_t each) {
  std::vector<std::unique_ptr<Program>> programs;
  // By place in the text: kernels may share functions.
  std::map<size_t, std::pair<Site, std::string>> sites;
  for (const std::string &kernel : kernels) {
    const Program &program = *programs.emplace_back(decodeProgram(parsePTX(ptx), kernel));
    for (const auto &[name, function] : program.functions)
      for (size_t at = 0; at < function->syntax->body.size(); ++at) {
        const SyntaxInstruction &instruction = function->syntax->body[at];
        auto [guard, text] = takeApart(ptx, instruction);
        sites.try_emplace(instruction.begin, Site{*function->syntax, at, text}, guard);
      }
  }
  std::vector<Mutation> all;
  for (const FaultKind &fault : faults()) {
    std::vector<Mutation> found;
    std::map<unsigned, size_t> withinLine;
    for (const auto &[begin, place] : sites) {
      const auto &[site, guard] = place;
      size_t within = withinLine[site.instruction().line]++;
      auto text = fault.at(site);
      if (!text)
        continue;
      const SyntaxInstruction &instruction = site.instruction();
      Mutation &made = found.emplace_back();
      made.fault = fault.name;
      made.line = instruction.line;
      made.begin = instruction.begin;
      made.end = instruction.end;
      made.text = withGuard(*text, guard);
      made.within = within;
      made.equivalent = reasonOfEquivalence(made.fault, site);
    }
    thin(found, each);
    all.insert(all.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  }
  return all;
}

std::string mutated(const std::string &ptx, const Mutation &mutation) {
  return ptx.substr(0, mutation.begin) + mutation.text + ptx.substr(mutation.end);
}

} // namespace girih::sim

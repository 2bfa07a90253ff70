//===- Simulator.cpp - The library's surface ------------------------------===//
#include "girih/Simulator/Simulator.h"

#include "Machine/Device.h"
#include "Program/Program.h"

#include <algorithm>

namespace girih::sim {

std::optional<Schedule> parseSchedule(const std::string &name) {
  if (name == "deterministic")
    return Schedule::Deterministic;
  if (name == "random")
    return Schedule::Random;
  if (name == "late")
    return Schedule::Late;
  if (name == "early")
    return Schedule::Early;
  if (name == "timed")
    return Schedule::Timed;
  return std::nullopt;
}

std::vector<uint8_t> parameterBytes(const Argument &argument,
                                    const std::function<std::vector<uint8_t>(const Argument &)> &place) {
  if (argument.kind == Argument::Kind::Bytes)
    return argument.bytes;
  if (argument.kind != Argument::Kind::Struct)
    return place(argument);
  std::vector<uint8_t> bytes = argument.bytes;
  for (const Argument::Member &member : argument.members) {
    std::vector<uint8_t> part = parameterBytes(member.argument, place);
    std::copy(part.begin(), part.end(), bytes.begin() + ptrdiff_t(member.offset));
  }
  return bytes;
}

Simulator::Simulator(const std::string &ptx, const std::string &kernel, uint64_t variablesAt)
    : program(decodeProgram(parsePTX(ptx), kernel, variablesAt)) {}
Simulator::~Simulator() = default;
Simulator::Simulator(Simulator &&) noexcept = default;

Report Simulator::run(Launch &launch, const Options &options) const {
  Report report;
  try {
    Device device(*program, launch, options);
    device.run(report);
  } catch (Stop &stop) {
    report.verdicts.push_back(stop.found);
    report.isComplete = false;
  }
  // A launch that could not begin has matched nothing.
  report.suppressed.resize(options.suppressions.size());
  return report;
}

std::vector<InstructionPlace> Simulator::instructions() const {
  std::vector<InstructionPlace> places(program->instructionCount);
  for (const auto &[name, function] : program->functions)
    for (const Instruction &instruction : function->body)
      places[instruction.index] = {instruction.line, instruction.opcode, name,
                                   program->locationOf(*function, instruction)};
  return places;
}

std::vector<std::string> Simulator::kernels() const {
  std::vector<std::string> names;
  for (const auto &function : program->syntax->functions)
    if (function->isEntry)
      names.push_back(function->name);
  return names;
}

const std::string &Simulator::target() const { return program->syntax->target; }

} // namespace girih::sim

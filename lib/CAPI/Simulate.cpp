#include "../Simulator/Launch/ManifestLaunch.h"
#include "Tensors.h"
#include "girih/Runtime/Verify.h"

#include <cstring>
#include <sstream>

using namespace girih;
using namespace girih::capi;

struct GirihSimulation {
  struct Found {
    sim::Verdict verdict;
    std::string text;
  };
  std::vector<Found> verdicts;
  uint64_t instructions = 0, asynchronousOperations = 0;
  std::string trace;
};

namespace {

/// Inputs as they are, gaps included; outputs as if nobody had written them.
std::vector<runtime::HostTensor> readTensors(const runtime::Binding &binding, const GirihTensor *tensors) {
  std::vector<runtime::HostTensor> copies;
  for (size_t i = 0; i < binding.tensors.size(); ++i) {
    const runtime::TensorDeclaration &declared = binding.manifest->tensors[i];
    const runtime::TensorLayout &layout = binding.tensors[i];
    if (declared.isOutput) {
      copies.push_back(runtime::poisonedTensor(layout, declared.type));
      continue;
    }
    copies.push_back({layout, declared.type, {}});
    const auto *begin = static_cast<const uint8_t *>(tensors[i].data);
    copies.back().bytes.assign(begin, begin + size_t(layout.span) * elementBytes(declared.type));
  }
  return copies;
}

/// Elements only: what is between the rows is the caller's.
void writeTensor(const runtime::HostTensor &from, void *to) {
  size_t element = elementBytes(from.type);
  for (int64_t row = 0; row < from.rows(); ++row) {
    size_t offset = size_t(from.rowOffset(row)) * element;
    std::memcpy(static_cast<uint8_t *>(to) + offset, from.bytes.data() + offset, size_t(from.rowLength()) * element);
  }
}

sim::Options optionsOf(const GirihSimulateOptions &given) {
  sim::Options options;
  options.rules = sim::RuleSet::Assumed;
  if (given.schedule) {
    auto schedule = sim::parseSchedule(given.schedule);
    if (!schedule)
      throw Error("schedule is '" + std::string(given.schedule) + "', must be one of deterministic random late early");
    options.schedule = *schedule;
  }
  options.seed = given.seed;
  options.threads = given.threads;
  if (given.instructionLimit)
    options.instructionLimit = given.instructionLimit;
  options.wantsTrace = given.hasTrace;
  return options;
}

void check(const runtime::Binding &binding, const std::vector<runtime::HostTensor> &results, sim::Report &report) {
  runtime::Verdict found = runtime::verifyProblem(binding, results, {});
  if (found.passed && found.hasReference)
    return;
  sim::Verdict verdict;
  verdict.kind = sim::VerdictKind::Mismatch;
  verdict.message = found.passed ? "there is no reference for this kernel" : found.failure;
  report.verdicts.push_back(verdict);
}

} // namespace

GirihSimulation *girihSimulate(const GirihKernel *handle, const GirihTensor *tensors, size_t count,
                               const GirihSimulateOptions *given, GirihDiagnostics *diagnostics) {
  return guard(diagnostics, [&]() -> GirihSimulation * {
    const Kernel &kernel = *handle->kernel;
    GirihSimulateOptions chosen{};
    if (given)
      std::memcpy(&chosen, given, std::min(given->structSize, sizeof chosen));
    sim::Options options = optionsOf(chosen);
    runtime::Binding binding = bind(kernel, tensors, count);
    checkScalars(kernel, chosen.scalars, chosen.scalarCount);
    for (size_t i = 0; i < chosen.scalarCount; ++i)
      binding.scalars[i] = kernel.manifest->scalars[i].type == ElementType::F32
                               ? double(*static_cast<const float *>(chosen.scalars[i]))
                               : double(*static_cast<const int32_t *>(chosen.scalars[i]));
    if (kernel.ptx.empty())
      throw Error(kernel.name + " has no PTX");
    std::vector<runtime::HostTensor> results = readTensors(binding, tensors);
    sim::Launch launch =
        sim::makeManifestLaunch(binding, results, chosen.multiprocessors ? chosen.multiprocessors : 132);
    sim::Report report = sim::Simulator(kernel.ptx).run(launch, options);
    for (size_t i = 0; i < results.size(); ++i)
      results[i].bytes = std::move(launch.buffers[i].bytes);
    if (chosen.checks && report.isClean())
      check(binding, results, report);
    for (size_t i = 0; i < results.size(); ++i)
      if (kernel.manifest->tensors[i].isOutput)
        writeTensor(results[i], tensors[i].data);
    auto simulation = std::make_unique<GirihSimulation>();
    for (sim::Verdict &verdict : report.verdicts)
      simulation->verdicts.push_back({verdict, verdict.str()});
    simulation->instructions = report.warpInstructions;
    simulation->asynchronousOperations = report.asynchronousOperations;
    if (chosen.hasTrace) {
      std::ostringstream out;
      sim::writeTrace(out, report.trace);
      simulation->trace = out.str();
    }
    return simulation.release();
  });
}

void girihSimulationDestroy(GirihSimulation *simulation) { delete simulation; }
size_t girihSimulationVerdictCount(const GirihSimulation *simulation) { return simulation->verdicts.size(); }

GirihVerdict girihSimulationVerdict(const GirihSimulation *simulation, size_t index) {
  if (index >= simulation->verdicts.size())
    return {"", "", 0, "", "", ""};
  const auto &[verdict, text] = simulation->verdicts[index];
  return {sim::verdictName(verdict.kind), verdict.message.c_str(), verdict.line,
          verdict.source.c_str(),         verdict.agent.c_str(),   text.c_str()};
}

uint64_t girihSimulationInstructions(const GirihSimulation *simulation) { return simulation->instructions; }
uint64_t girihSimulationAsynchronousOperations(const GirihSimulation *simulation) {
  return simulation->asynchronousOperations;
}
GirihText girihSimulationTrace(const GirihSimulation *simulation) { return toText(simulation->trace); }

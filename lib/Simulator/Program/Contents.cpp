//===- Contents.cpp - What a module declares ------------------------------===//
#include "girih/Simulator/Contents.h"

#include "Program.h"
#include "girih/Simulator/Verdict.h"

namespace girih::sim {

ModuleContents readContents(const std::string &ptx, uint64_t variablesAt) {
  std::unique_ptr<SyntaxModule> module = parsePTX(ptx);
  ModuleContents contents;
  contents.target = module->target;
  contents.variablesEnd = placeModule(*module, variablesAt);
  for (const auto &variable : module->variables)
    if (variable->space == StateSpace::Global || variable->space == StateSpace::Const)
      contents.variables.push_back({variable->name, variable->address, variable->size,
                                    variable->space == StateSpace::Const, initialBytes(*module, *variable)});
  for (const auto &function : module->functions) {
    if (!function->isEntry)
      continue;
    KernelSignature &kernel = contents.kernels.emplace_back();
    kernel.name = function->name;
    for (const Parameter &parameter : function->parameters)
      kernel.parameters.push_back({parameter.offset, parameter.size});
    kernel.staticShared = staticSharedBytes(*module, function->name);
    kernel.maxThreads = function->maxThreads;
    kernel.maxRegisters = function->maxRegisters;
    kernel.minBlocks = function->minBlocks;
    kernel.cluster = {function->clusterShape[0], function->clusterShape[1], function->clusterShape[2]};
  }
  return contents;
}

} // namespace girih::sim

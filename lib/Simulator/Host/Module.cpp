//===- Module.cpp - Loaded modules and their kernels ----------------------===//
#include "Module.h"

#include "Api.h"
#include "Image.h"

#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <sys/mman.h>

namespace girih::sim::host {

static std::string readable(const std::string &name) {
  int status = 0;
  char *made = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  std::string text = made ? made : name;
  std::free(made);
  return text;
}

const Simulator &Kernel::simulator() {
  if (!decoded)
    decoded.emplace(module->ptx, signature->name, module->variablesAt);
  return *decoded;
}

const ModuleVariable *Module::findVariable(const std::string &name) const {
  for (const ModuleVariable &variable : contents.variables)
    if (variable.name == name)
      return &variable;
  return nullptr;
}

/// Memory at the place of the variables, for the program as well.
static void mapVariables(const ModuleContents &contents, uint64_t begin) {
  constexpr uint64_t page = 4096;
  begin = begin / page * page;
  void *place = reinterpret_cast<void *>(begin);
  uint64_t size = (contents.variablesEnd - begin + page - 1) / page * page;
  if (mmap(place, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != place)
    throw Refusal{CUDA_ERROR_OUT_OF_MEMORY, "the host has no memory for managed variables"};
}

Module &Modules::load(const void *image, bool sharesVariables, uint64_t available) {
  auto module = std::make_unique<Module>();
  module->ptx = findPtx(image, chip, available);
  module->variablesAt = nextVariable;
  module->contents = readContents(module->ptx, nextVariable);
  if (!fitness(chip, module->contents.target))
    throw Refusal{CUDA_ERROR_NO_BINARY_FOR_GPU,
                  "PTX for " + module->contents.target + " does not run on " + chip.target + "; see --chip"};
  module->number = ++count;
  nextVariable = (module->contents.variablesEnd + 4095) / 4096 * 4096;
  if (sharesVariables && !module->contents.variables.empty())
    mapVariables(module->contents, module->contents.variables.front().address);
  for (const KernelSignature &signature : module->contents.kernels) {
    Kernel &kernel = module->kernels[signature.name];
    kernel.module = module.get();
    kernel.signature = &signature;
    kernel.readableName = readable(signature.name);
    constexpr size_t room = 120;
    bool isLong = kernel.readableName.size() > room;
    kernel.shownName = isLong ? kernel.readableName.substr(0, room - 3) + "..." : kernel.readableName;
    constexpr uint64_t usual = 48 * 1024;
    kernel.mostDynamicShared = uint32_t(usual - std::min(usual, signature.staticShared));
  }
  for (const ModuleVariable &variable : module->contents.variables) {
    auto &own = module->variableBytes.emplace_back(variable.initial);
    uint8_t *bytes = own.data();
    if (sharesVariables) {
      bytes = reinterpret_cast<uint8_t *>(variable.address);
      std::copy(own.begin(), own.end(), bytes);
    }
    if (variable.size)
      memory.add(MemoryKind::Variable, readable(variable.name), variable.address, variable.size, bytes).isConstant =
          variable.isConstant;
  }
  return *modules.emplace_back(std::move(module));
}

bool Modules::unload(const Module *module) {
  for (size_t i = 0; i < modules.size(); ++i) {
    if (modules[i].get() != module)
      continue;
    for (const ModuleVariable &variable : module->contents.variables)
      memory.release(variable.address, MemoryKind::Variable);
    modules.erase(modules.begin() + ptrdiff_t(i));
    return true;
  }
  return false;
}

Module *Modules::findModule(const void *handle) {
  for (auto &module : modules)
    if (module.get() == handle)
      return module.get();
  return nullptr;
}

Kernel *Modules::findKernel(const void *handle) {
  for (auto &module : modules)
    for (auto &[name, kernel] : module->kernels)
      if (&kernel == handle)
        return &kernel;
  return nullptr;
}

Modules::Registered *Modules::registerImage(const void *image) {
  auto &made = images.emplace_back(std::make_unique<Registered>());
  made->image = image;
  return made.get();
}

void Modules::unregister(Registered *registered) {
  auto isOf = [&](const auto &symbol) { return symbol.second.registered == registered; };
  std::erase_if(stubs, isOf);
  std::erase_if(shadows, isOf);
  if (registered->module)
    unload(registered->module);
  std::erase_if(images, [&](const auto &image) { return image.get() == registered; });
}

void Modules::registerKernel(Registered *registered, const void *stub, std::string name) {
  stubs[stub] = {registered, std::move(name)};
}

void Modules::registerVariable(Registered *registered, const void *shadow, std::string name) {
  shadows[shadow] = {registered, std::move(name)};
}

Module &Modules::moduleOf(Registered &registered) {
  if (registered.module)
    return *registered.module;
  registered.module = &load(registered.image, !registered.managed.empty());
  for (const auto &managed : registered.managed)
    if (const ModuleVariable *variable = registered.module->findVariable(managed.name))
      std::memcpy(managed.hostPointer, &variable->address, sizeof variable->address);
  return *registered.module;
}

Kernel &Modules::kernelOf(const void *stub) {
  auto found = stubs.find(stub);
  if (found == stubs.end()) {
    if (Kernel *kernel = findKernel(stub))
      return *kernel;
    throw Refusal{cudaErrorInvalidDeviceFunction, "the pointer is no kernel of the program"};
  }
  Module &module = moduleOf(*found->second.registered);
  auto kernel = module.kernels.find(found->second.name);
  if (kernel == module.kernels.end())
    throw Refusal{cudaErrorInvalidDeviceFunction, "the program's PTX has no kernel '" + found->second.name + "'"};
  return kernel->second;
}

const ModuleVariable &Modules::variableOf(const void *shadow) {
  auto found = shadows.find(shadow);
  if (found == shadows.end())
    throw Refusal{cudaErrorInvalidSymbol, "the pointer is no variable of the program's kernels"};
  const ModuleVariable *variable = moduleOf(*found->second.registered).findVariable(found->second.name);
  if (!variable)
    throw Refusal{cudaErrorInvalidSymbol, "the program's PTX has no variable '" + found->second.name + "'"};
  return *variable;
}

} // namespace girih::sim::host

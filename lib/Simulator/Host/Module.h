//===- Module.h - Loaded modules and their kernels --------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_HOST_MODULE_H
#define GIRIH_SIMULATOR_HOST_MODULE_H

#include "Chip.h"
#include "Memory.h"
#include "girih/Simulator/Contents.h"

#include <memory>

namespace girih::sim::host {

struct Module;

/// What a CUfunction, a CUkernel and their like in the runtime point to.
struct Kernel {
  const Module *module = nullptr;
  const KernelSignature *signature = nullptr;
  /// As in the source, and as much of it as a line has room for.
  std::string readableName, shownName;
  /// cuFuncSetAttribute.
  uint32_t mostDynamicShared = 0;
  bool allowsLargeClusters = false;
  std::array<int, 3> requiredCluster{0, 0, 0};
  int carveout = -1;

  /// Decoded at the first launch; throws Stop.
  const Simulator &simulator();

private:
  std::optional<Simulator> decoded;
};

struct Module {
  /// From 1, in the order of loading.
  unsigned number = 0;
  std::string ptx;
  uint64_t variablesAt = 0;
  ModuleContents contents;
  std::map<std::string, Kernel> kernels;
  /// Of the variables, by position; elsewhere when the program shares them.
  std::vector<std::vector<uint8_t>> variableBytes;

  const ModuleVariable *findVariable(const std::string &name) const;
};

/// All modules of the program: those that it loads, and those that are compiled
/// into it, which are read when something of them is used.
class Modules {
public:
  Modules(Memory &memory, const Chip &chip) : memory(memory), chip(chip) {}

  /// Throws Refusal or Stop. The program may read and write the variables itself
  /// where it asks for that; the image has so many bytes at most.
  Module &load(const void *image, bool sharesVariables = false, uint64_t available = UINT64_MAX);
  bool unload(const Module *module);
  /// What a handle stands for, or null when it is none.
  Module *findModule(const void *handle);
  Kernel *findKernel(const void *handle);

  /// A fat binary that is compiled into the program, and what is in it.
  struct Registered {
    const void *image = nullptr;
    Module *module = nullptr;
    struct Managed {
      void **hostPointer;
      std::string name;
    };
    std::vector<Managed> managed;
  };
  Registered *registerImage(const void *image);
  void unregister(Registered *registered);
  void registerKernel(Registered *registered, const void *stub, std::string name);
  void registerVariable(Registered *registered, const void *shadow, std::string name);
  Module &moduleOf(Registered &registered);
  /// The kernel that the program calls by this function of its own, or that the
  /// pointer is; throws Refusal when it is neither.
  Kernel &kernelOf(const void *stub);
  /// The same for a variable: where it lies, with its size.
  const ModuleVariable &variableOf(const void *shadow);

private:
  struct Symbol {
    Registered *registered;
    std::string name;
  };
  Memory &memory;
  const Chip &chip;
  std::vector<std::unique_ptr<Module>> modules;
  std::vector<std::unique_ptr<Registered>> images;
  std::map<const void *, Symbol> stubs, shadows;
  unsigned count = 0;
  uint64_t nextVariable = 0;
};

} // namespace girih::sim::host

#endif // GIRIH_SIMULATOR_HOST_MODULE_H

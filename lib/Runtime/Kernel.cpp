//===- Kernel.cpp - Loading a compiled kernel -----------------------------===//

#include "girih/Runtime/Kernel.h"
#include "girih/Support/Error.h"
#include <cctype>

using namespace girih;
using namespace girih::runtime;

namespace {

std::string text(int64_t number) { return std::to_string(number); }

/// Loads `code`; for PTX the error holds what the driver's compiler says.
CUmodule loadModule(const std::string &code, const std::string &path) {
  char log[4096] = {};
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
  CUmodule module = nullptr;
  try {
    GIRIH_CUDA(cuModuleLoadDataEx, &module, code.c_str(), 2, options, values);
  } catch (const Error &error) {
    throw Error(path + ": " + error.what() + (log[0] ? std::string("\n") + log : ""));
  }
  return module;
}

} // namespace

void runtime::checkTarget(const std::string &target, const DeviceFacts &device) {
  size_t digits = target.find_first_not_of("0123456789", 3);
  std::string suffix = digits == std::string::npos ? "" : target.substr(digits);
  bool known = target.rfind("sm_", 0) == 0 && target.size() > 4 && std::isdigit(target[3]) &&
               (suffix.empty() || suffix == "a" || suffix == "f");
  if (!known || target.size() > 8)
    throw Error("target '" + target + "' is not of the form sm_NNa");
  int number = std::stoi(target.substr(3));
  int major = number / 10, minor = number % 10;
  // `a` code runs on one compute capability, other machine code also on later
  // minor versions of the same major one.
  bool runs = device.major == major && (suffix == "a" ? device.minor == minor : device.minor >= minor);
  if (!runs)
    throw Error("kernel is for " + target + ", device " + text(device.ordinal) + " is sm_" + text(device.major) +
                text(device.minor));
}

static const KernelFile &fileOf(const Manifest &manifest) { return manifest.cubin ? *manifest.cubin : *manifest.ptx; }

Kernel::Kernel(const Device &device, const Manifest &manifest)
    : Kernel(device, manifest, readKernelFile(manifest, fileOf(manifest), manifest.cubin ? "cubin" : "PTX")) {}

Kernel::Kernel(const Device &device, const Manifest &manifest, const std::string &code)
    : declared(manifest), facts(device.facts()) {
  checkTarget(manifest.target, facts);
  const KernelFile &file = fileOf(manifest);
  module = loadModule(code, file.path);
  try {
    CUresult found = driver().cuModuleGetFunction(&handle, module, manifest.kernel.c_str());
    if (found == CUDA_ERROR_NOT_FOUND)
      throw Error(file.path + ": there is no kernel '" + manifest.kernel + "'");
    checkCuda(found, "cuModuleGetFunction");
    checkParameters();
    prepareLaunch();
  } catch (...) {
    driver().cuModuleUnload(module);
    throw;
  }
}

Kernel::~Kernel() {
  if (!deviceAbandoned())
    driver().cuModuleUnload(module);
}

int Kernel::attribute(CUfunction_attribute which) const {
  int value = 0;
  GIRIH_CUDA(cuFuncGetAttribute, &value, which, handle);
  return value;
}

/// A wrong parameter list would be read as other bytes, not refused: compare it
/// with what the code says of itself. Asking for one parameter too many would tell
/// of further ones, but is an error that tools such as compute-sanitizer report.
void Kernel::checkParameters() const {
  size_t count = declared.arguments.size();
  for (size_t i = 0; i < count; ++i) {
    size_t offset = 0, size = 0;
    if (driver().cuFuncGetParamInfo(handle, i, &offset, &size) != CUDA_SUCCESS)
      throw Error(declared.path + ": the kernel has only " + text(i) + " parameters when the manifest has " +
                  text(count) + " arguments");
    if (size != declared.arguments[i].parameterBytes())
      throw Error(declared.path + ": arguments[" + text(i) + "] has " + text(declared.arguments[i].parameterBytes()) +
                  " bytes when the kernel's parameter has " + text(size));
  }
}

void Kernel::prepareLaunch() const {
  const LaunchDeclaration &launch = declared.launch;
  int64_t fixed = attribute(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
  if (fixed + launch.sharedBytes > facts.sharedBytes)
    throw Error(declared.path + ": the kernel needs " + text(fixed + launch.sharedBytes) +
                " bytes of shared memory when device " + text(facts.ordinal) + " has " + text(facts.sharedBytes));
  int maxThreads = attribute(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
  if (launch.threads > maxThreads)
    throw Error(declared.path + ": launch.threads is " + text(launch.threads) + " when the kernel allows " +
                text(maxThreads));
  GIRIH_CUDA(cuFuncSetAttribute, handle, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, int(launch.sharedBytes));
  if (launch.cluster > 8)
    GIRIH_CUDA(cuFuncSetAttribute, handle, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1);
}

//===- EntryPoints.cpp - Functions by name, and those that are not there --===//
#include "../EntryPoints.h"

#include "../Api.h"

#include <dlfcn.h>

using namespace girih::sim::host;

namespace girih::sim::host {

/// This library, however it was loaded.
static void *ownLibrary() {
  static void *library = [] {
    Dl_info info;
    dladdr(reinterpret_cast<void *>(&Session::get), &info);
    return dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  }();
  return library;
}

void *findEntryPoint(const std::string &name) { return dlsym(ownLibrary(), name.c_str()); }

void *findDriverFunction(const std::string &name, int version) {
  // The newest form that headers of the version know.
  static const std::map<std::string, int> changedIn13 = {
      {"cuCtxCreate", 2}, {"cuMemPrefetchAsync", 1}, {"cuMemAdvise", 1}, {"cuStreamGetCaptureInfo", 1}};
  auto changed = changedIn13.find(name);
  for (int form = version < 13000 && changed != changedIn13.end() ? changed->second : 4; form > 1; --form)
    if (void *found = findEntryPoint(name + "_v" + std::to_string(form)))
      return found;
  return findEntryPoint(name);
}

} // namespace girih::sim::host

extern "C" {

/// Of every function of CUDA's headers that is not simulated (make_stubs.py).
CUresult girihUnsupported(const char *name) {
  auto refuse = [](Session &) -> cudaError_t {
    throw Refusal{CUDA_ERROR_NOT_SUPPORTED, "is not simulated; it returns error " +
                                                std::to_string(int(CUDA_ERROR_NOT_SUPPORTED)) +
                                                " (operation not supported)"};
  };
  if (std::string_view(name).starts_with("cuda"))
    return CUresult(run(name, refuse));
  return enter(name, [&](Session &session) { return CUresult(refuse(session)); });
}

CUresult cuGetProcAddress(const char *symbol, void **function, int version, cuuint64_t,
                          CUdriverProcAddressQueryResult *status) {
  *function = symbol ? findDriverFunction(symbol, version) : nullptr;
  if (status)
    *status = *function ? CU_GET_PROC_ADDRESS_SUCCESS : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
  return *function ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

CUresult cuGetExportTable(const void **table, const CUuuid *) {
  return ask("cuGetExportTable", [&](Session &) -> CUresult {
    *table = nullptr;
    throw Refusal{CUDA_ERROR_NOT_FOUND,
                  "the tables between NVIDIA's runtime and driver are not documented and not simulated; a program "
                  "that has the runtime inside needs its symbols (no strip), or nvcc's -cudart shared"};
  });
}

} // extern "C"

#include "Kernel.h"

#include "Diagnostics.h"
#include "Tensors.h"
#include "girih/Runtime/Manifest.h"

#include <cstring>

using namespace girih;
using namespace girih::capi;

static void checkHash(const std::optional<runtime::KernelFile> &file, const std::string &bytes, const char *what) {
  if (bytes.empty())
    return;
  if (!file)
    throw Error(std::string("the manifest names no ") + what);
  std::string hash = runtime::hashBytes(bytes);
  if (hash != file->xxh3128)
    throw Error(std::string("manifest and ") + what + " do not belong together: its hash is " + hash +
                " when the manifest gives " + file->xxh3128);
}

std::shared_ptr<const Kernel> girih::capi::makeKernel(std::string manifest, std::string ptx, std::string cubin,
                                                      Phases phases, GirihDiagnostics *diagnostics) {
  return guard(diagnostics, [&]() -> std::shared_ptr<const Kernel> {
    auto kernel = std::make_shared<Kernel>();
    runtime::Manifest parsed = runtime::parseManifest(manifest, "manifest");
    if (ptx.empty() && cubin.empty())
      throw Error("there is neither PTX nor a cubin");
    checkHash(parsed.ptx, ptx, "PTX");
    checkHash(parsed.cubin, cubin, "cubin");
    // Messages about a launch begin with it.
    parsed.path = parsed.name;
    kernel->name = parsed.name;
    kernel->target = parsed.target;
    kernel->ptx = std::move(ptx);
    kernel->cubin = std::move(cubin);
    kernel->manifestText = std::move(manifest);
    kernel->manifest = std::make_shared<const runtime::Manifest>(std::move(parsed));
    kernel->phases = std::move(phases);
    return kernel;
  });
}

const std::string &Kernel::header() const {
  std::call_once(headerOnce, [&] { headerText = renderHeader(*this); });
  return headerText;
}

const std::string &Kernel::report() const {
  std::call_once(reportOnce, [&] { reportText = renderReport(*this); });
  return reportText;
}

GirihKernel *girihKernelFromParts(GirihText manifest, GirihText ptx, GirihText cubin, GirihDiagnostics *diagnostics) {
  auto kernel = makeKernel(toString(manifest), toString(ptx), toString(cubin), nullptr, diagnostics);
  return kernel ? new GirihKernel{std::move(kernel)} : nullptr;
}

void girihHash(GirihText bytes, char hash[33]) {
  std::string digits = runtime::hashBytes(toString(bytes));
  std::memcpy(hash, digits.c_str(), digits.size() + 1);
}

void girihKernelDestroy(GirihKernel *kernel) { delete kernel; }

GirihText girihKernelGetPart(const GirihKernel *handle, GirihKernelPart part) {
  const Kernel &kernel = *handle->kernel;
  switch (part) {
  case GIRIH_KERNEL_NAME:
    return toText(kernel.name);
  case GIRIH_KERNEL_TARGET:
    return toText(kernel.target);
  case GIRIH_KERNEL_PTX:
    return toText(kernel.ptx);
  case GIRIH_KERNEL_CUBIN:
    return toText(kernel.cubin);
  case GIRIH_KERNEL_MANIFEST:
    return toText(kernel.manifestText);
  case GIRIH_KERNEL_HEADER:
    return toText(kernel.header());
  case GIRIH_KERNEL_REPORT:
    return toText(kernel.report());
  }
  return {"", 0};
}

size_t girihKernelPhaseCount(const GirihKernel *kernel) {
  return kernel->kernel->phases ? kernel->kernel->phases->size() : 0;
}

GirihText girihKernelPhaseName(const GirihKernel *kernel, size_t index) {
  return index < girihKernelPhaseCount(kernel) ? toText((*kernel->kernel->phases)[index].name) : GirihText{"", 0};
}

GirihText girihKernelPhaseText(const GirihKernel *kernel, size_t index) {
  return index < girihKernelPhaseCount(kernel) ? toText((*kernel->kernel->phases)[index].text) : GirihText{"", 0};
}

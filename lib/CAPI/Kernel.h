// What is behind a GirihKernel.
#ifndef GIRIH_LIB_CAPI_KERNEL_H
#define GIRIH_LIB_CAPI_KERNEL_H

#include "girih-c/girih.h"
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace girih::runtime {
struct Manifest;
}

namespace girih::capi {

struct Phase {
  std::string name, text;
};
using Phases = std::shared_ptr<const std::vector<Phase>>;

/// A kernel with all that was learnt when it was compiled; shared by its handles.
struct Kernel {
  std::string name, target, ptx, cubin, manifestText;
  std::shared_ptr<const runtime::Manifest> manifest; ///< the text, read
  Phases phases;

  /// What few ask for is made when it is asked for.
  const std::string &header() const;
  const std::string &report() const;

private:
  mutable std::once_flag headerOnce, reportOnce;
  mutable std::string headerText, reportText;
};

/// Reads the manifest and completes the kernel. Null after an error: it is none, or the
/// hashes in it are not those of PTX and cubin.
std::shared_ptr<const Kernel> makeKernel(std::string manifest, std::string ptx, std::string cubin, Phases phases,
                                         GirihDiagnostics *diagnostics);

/// The two texts, from the manifest (Compile.cpp: they are the compiler's).
std::string renderHeader(const Kernel &kernel);
std::string renderReport(const Kernel &kernel);

} // namespace girih::capi

struct GirihKernel {
  std::shared_ptr<const girih::capi::Kernel> kernel;
};

#endif // GIRIH_LIB_CAPI_KERNEL_H

// A caller's tensors, and exceptions that must not reach a caller.
#ifndef GIRIH_LIB_CAPI_TENSORS_H
#define GIRIH_LIB_CAPI_TENSORS_H

#include "Diagnostics.h"
#include "Kernel.h"
#include "girih/Runtime/Binding.h"
#include "girih/Simulator/Verdict.h"

namespace girih::capi {

/// What `body` returns, or that type's zero after an exception, which becomes an error.
template <typename Body> auto guard(GirihDiagnostics *diagnostics, const Body &body) -> decltype(body()) {
  try {
    return body();
  } catch (const sim::Stop &stop) {
    fail(diagnostics, stop.found.str());
  } catch (const std::bad_alloc &) {
    fail(diagnostics, "out of memory");
  } catch (const std::exception &error) {
    fail(diagnostics, error.what());
  }
  return {};
}

/// Binds the kernel's manifest. Throws Error, for a null address of a tensor with elements too.
runtime::Binding bind(const Kernel &kernel, const GirihTensor *tensors, size_t count);

/// Throws Error unless there is an address for each scalar of the kernel.
void checkScalars(const Kernel &kernel, const void *const *scalars, size_t count);

} // namespace girih::capi

#endif // GIRIH_LIB_CAPI_TENSORS_H

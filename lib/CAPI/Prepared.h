// Launches of one kernel on a caller's tensors. Most repeat the shapes and strides of an
// earlier one: what follows from these is checked and made once, and kept.
#ifndef GIRIH_LIB_CAPI_PREPARED_H
#define GIRIH_LIB_CAPI_PREPARED_H

#include "Tensors.h"
#include "girih/Runtime/Kernel.h"

namespace girih::capi {

class PreparedLaunches {
public:
  PreparedLaunches(const Kernel &source, const runtime::Kernel &kernel) : source(source), kernel(kernel) {}

  /// The arguments of a launch, workspaces aside. Throws Error when the tensors do not fit.
  runtime::LaunchArguments argumentsFor(const GirihTensor *tensors, size_t count);

  /// How many shapes are kept.
  static constexpr size_t capacity = 64;
  static constexpr size_t mostTensors = 16;

private:
  struct Entry {
    Entry(std::vector<int64_t> description, runtime::Binding bound, const runtime::Kernel &kernel)
        : description(std::move(description)), binding(std::move(bound)), arguments(kernel, binding) {}
    std::vector<int64_t> description;
    runtime::Binding binding;
    runtime::LaunchArguments arguments;
  };

  const Kernel &source;
  const runtime::Kernel &kernel;
  std::mutex mutex;
  std::vector<std::unique_ptr<Entry>> entries; ///< the last used one first
};

} // namespace girih::capi

#endif // GIRIH_LIB_CAPI_PREPARED_H

// Attention as a call of XLA: handlers for its foreign function interface, whose headers
// are jaxlib's. girih/jax.py makes the calls.
#include "Module.h"

#include "xla/ffi/api/ffi.h"
#include <algorithm>
#include <map>
#include <mutex>
#include <nanobind/stl/string.h>
#include <optional>
#include <string>
#include <vector>

namespace ffi = xla::ffi;

namespace girih::python {
namespace {

/// Failures of a call: XLA raises them where the result is waited for.
ffi::Error failure(const std::string &message) { return ffi::Error(ffi::ErrorCode::kInvalidArgument, message); }

std::string textOf(const DiagnosticsPtr &diagnostics) {
  GirihText text = girihDiagnosticsText(diagnostics.get());
  return {text.data, text.size};
}

/// girih.jax's function from a problem, its functions and a target to a kernel.
nb::handle compileKernel;

/// The kernels that calls have asked for. An executable that was compiled in another
/// process brings its problem with it, so that none needs to be there before.
class Kernels {
public:
  std::shared_ptr<GirihKernel> find(const std::string &problem, const std::string &functions,
                                    const std::string &target) {
    std::string key = problem + "\n" + functions + "\n" + target;
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (auto found = kernels.find(key); found != kernels.end())
        return found->second;
    }
    std::shared_ptr<GirihKernel> made = compile(problem, functions, target);
    std::lock_guard<std::mutex> lock(mutex);
    return kernels.emplace(key, std::move(made)).first->second;
  }

  GirihLoadedKernel *findLoaded(const std::string &problem, const std::string &functions, int device,
                                const int64_t *queryShape, int64_t keys, GirihDiagnostics *diagnostics) {
    const char *target = girihDeviceTarget(device, diagnostics);
    if (!target)
      return nullptr;
    std::string chosen = problemFor(problem, functions, target, queryShape, keys);
    std::string key = chosen + "\n" + functions + "\n" + std::to_string(device);
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (auto found = loaded.find(key); found != loaded.end())
        return found->second;
    }
    std::shared_ptr<GirihKernel> kernel = find(chosen, functions, target);
    std::lock_guard<std::mutex> lock(mutex);
    GirihLoadedKernel *&entry = loaded[key];
    // It stays loaded: executables may be called until the process ends.
    if (!entry)
      entry = girihLoad(kernel.get(), device, diagnostics);
    return entry;
  }

  /// The problem with what its rule adds for the queries and so many keys.
  std::string problemFor(const std::string &problem, const std::string &functions, const std::string &target,
                         const int64_t *queryShape, int64_t keys) {
    std::string key = problem + "\n" + functions + "\n" + target;
    std::lock_guard<std::mutex> lock(mutex);
    RulePtr &rule = rules[key];
    if (!rule) {
      GirihCompileOptions options{};
      options.structSize = sizeof options;
      options.target = target.c_str();
      options.functions = {functions.data(), functions.size()};
      DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
      rule.reset(girihScheduleRuleCreate({problem.data(), problem.size()}, &options, diagnostics.get()));
      if (!rule)
        throw std::runtime_error(textOf(diagnostics));
    }
    GirihText knobs = girihScheduleRuleKnobs(rule.get(), girihScheduleRuleClassOf(rule.get(), queryShape, keys));
    return knobs.size ? problem + "," + std::string(knobs.data, knobs.size) : problem;
  }

private:
  /// Throws std::runtime_error with what the compiler says.
  static std::shared_ptr<GirihKernel> compile(const std::string &problem, const std::string &functions,
                                              const std::string &target) {
    nb::gil_scoped_acquire locked;
    try {
      // The Python object is never given back: it may be that no interpreter is left.
      auto *owner = new nb::object(compileKernel(problem, functions, target));
      return {nb::cast<Kernel &>(*owner).handle.get(), [](GirihKernel *) {}};
    } catch (nb::python_error &error) {
      throw std::runtime_error(nb::cast<std::string>(nb::str(error.value())));
    }
  }

  std::mutex mutex;
  std::map<std::string, std::shared_ptr<GirihKernel>> kernels;
  std::map<std::string, GirihLoadedKernel *> loaded;
  std::map<std::string, RulePtr> rules;
};

Kernels &kernels() {
  static auto &all = *new Kernels;
  return all;
}

GirihElementType elementTypeOf(ffi::DataType type) {
  switch (type) {
  case ffi::DataType::BF16:
    return GIRIH_BF16;
  case ffi::DataType::F16:
    return GIRIH_F16;
  case ffi::DataType::F32:
    return GIRIH_F32;
  case ffi::DataType::F8E4M3FN:
    return GIRIH_E4M3;
  case ffi::DataType::F8E5M2:
    return GIRIH_E5M2;
  case ffi::DataType::PRED:
  case ffi::DataType::U8:
    return GIRIH_I8;
  case ffi::DataType::S32:
    return GIRIH_I32;
  case ffi::DataType::S64:
    return GIRIH_I64;
  default:
    throw std::invalid_argument("girih.attention is called with an array of elements that no kernel takes");
  }
}

/// The tensors of a call. vmap puts dimensions in front, of size 1 for what it does not map:
/// they become one with the batch, or there are as many launches where the batches cannot be
/// told by a stride, or the kernel must not see them.
class Call {
public:
  /// The first tensor tells how many dimensions vmap has put in front of all.
  void add(const ffi::AnyBuffer &buffer, std::optional<size_t> rank, bool isBatched) {
    auto dimensions = buffer.dimensions();
    if (tensors.empty())
      sizes.assign(dimensions.size() - std::min(dimensions.size(), *rank), 1);
    size_t extra = sizes.size();
    if (dimensions.size() < extra || (rank && dimensions.size() != extra + *rank))
      throw std::invalid_argument("girih.attention is called with other arrays than girih.jax makes");
    Tensor &tensor = tensors.emplace_back();
    tensor.isBatched = isBatched;
    tensor.data = static_cast<uint8_t *>(buffer.untyped_data());
    tensor.type = elementTypeOf(buffer.element_type());
    tensor.shape.assign(dimensions.begin() + long(extra), dimensions.end());
    tensor.strides.resize(tensor.shape.size());
    int64_t stride = 1;
    for (size_t dim = tensor.shape.size(); dim-- > 0; stride *= tensor.shape[dim])
      tensor.strides[dim] = stride;
    tensor.elementBytes = ffi::ByteWidth(buffer.element_type());
    tensor.leading.resize(extra);
    for (size_t dim = extra; dim-- > 0; stride *= dimensions[dim]) {
      tensor.leading[dim] = dimensions[dim] == 1 ? 0 : stride;
      if (dimensions[dim] != 1)
        sizes[dim] = dimensions[dim];
    }
  }

  /// Makes the dimensions in front part of the batch, if that can be done for all tensors.
  void mergeBatches() {
    std::vector<Tensor> merged = tensors;
    for (Tensor &tensor : merged)
      if (!merge(tensor))
        return;
    tensors = std::move(merged);
    sizes.clear();
  }

  /// Of each launch.
  const int64_t *queryShape() const { return tensors.front().shape.data(); }
  int64_t keys() const { return tensors[1].shape[2]; }

  /// Calls `run` with the tensors of each launch until one fails.
  template <typename Run> bool forEach(const Run &run) {
    std::vector<GirihTensor> given(tensors.size());
    int64_t count = 1;
    for (int64_t size : sizes)
      count *= size;
    for (int64_t i = 0; i < count; ++i) {
      for (size_t t = 0; t < tensors.size(); ++t) {
        const Tensor &tensor = tensors[t];
        int64_t offset = 0, rest = i;
        for (size_t dim = sizes.size(); dim-- > 0; rest /= sizes[dim])
          offset += rest % sizes[dim] * tensor.leading[dim];
        given[t] = {tensor.data + offset * int64_t(tensor.elementBytes), tensor.type, int(tensor.shape.size()),
                    tensor.shape.data(), tensor.strides.data()};
      }
      if (!run(given.data(), given.size()))
        return false;
    }
    return true;
  }

private:
  struct Tensor {
    bool isBatched; ///< its first dimension is the batch; else it is the same for all of the batch
    uint8_t *data;
    GirihElementType type;
    size_t elementBytes;
    std::vector<int64_t> shape, strides;
    std::vector<int64_t> leading; ///< strides of the dimensions in front, in elements
  };

  bool merge(Tensor &tensor) const {
    for (size_t dim = sizes.size(); dim-- > 0;) {
      if (sizes[dim] == 1)
        continue;
      if (!tensor.isBatched) {
        if (tensor.leading[dim] != 0)
          return false;
        continue;
      }
      // The elements of a vector follow each other.
      if (tensor.shape.size() == 1 && tensor.leading[dim] == 0)
        return false;
      if (tensor.shape[0] == 1)
        tensor.strides[0] = tensor.leading[dim];
      else if (tensor.leading[dim] != tensor.strides[0] * tensor.shape[0])
        return false;
      tensor.shape[0] *= sizes[dim];
    }
    return true;
  }

  std::vector<Tensor> tensors;
  std::vector<int64_t> sizes; ///< of the dimensions in front
};

std::string toString(std::string_view view) { return std::string(view); }

/// Collects the buffers: q, k, v, o, lse, and the others, of which is told whether their first
/// dimension is the batch. The bits of numbers are given. What `run` does with them decides.
template <typename Run>
ffi::Error attend(ffi::RemainingArgs inputs, ffi::RemainingRets outputs, bool mergesBatches,
                  ffi::Span<const int32_t> batched, ffi::Span<const int32_t> scalarBits, const Run &run) try {
  Call call;
  if (inputs.size() != 3 + batched.size() || outputs.size() < 1 || outputs.size() > 2)
    return failure("girih.attention is called with other arrays than girih.jax makes");
  for (size_t i = 0; i < 3; ++i)
    call.add(inputs.get<ffi::AnyBuffer>(i).value(), 4, true);
  for (size_t i = 0; i < outputs.size(); ++i)
    call.add(*outputs.get<ffi::AnyBuffer>(i).value(), i == 0 ? 4 : 3, true);
  for (size_t i = 3; i < inputs.size(); ++i)
    call.add(inputs.get<ffi::AnyBuffer>(i).value(), std::nullopt, batched.begin()[i - 3]);
  if (mergesBatches)
    call.mergeBatches();
  std::vector<const void *> scalars;
  for (const int32_t &scalar : scalarBits)
    scalars.push_back(&scalar);
  DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
  return run(call, scalars, diagnostics) ? ffi::Error::Success() : failure(textOf(diagnostics));
} catch (const std::exception &error) {
  return failure(error.what());
}

ffi::Error attendOnGpu(void *stream, int32_t device, ffi::RemainingArgs inputs, ffi::RemainingRets outputs,
                       std::string_view problem, std::string_view functions, bool mergesBatches, bool interprets,
                       ffi::Span<const int32_t> batched, ffi::Span<const int32_t> scalars) {
  if (interprets)
    return failure("interpret=True runs the simulator on the CPU: put the arrays there");
  return attend(inputs, outputs, mergesBatches, batched, scalars, [&](Call &call, auto &numbers, DiagnosticsPtr &said) {
    GirihLoadedKernel *loaded = kernels().findLoaded(toString(problem), toString(functions), device, call.queryShape(),
                                                     call.keys(), said.get());
    return loaded && call.forEach([&](const GirihTensor *tensors, size_t count) {
      return girihLaunchWithScalars(loaded, tensors, count, numbers.data(), numbers.size(), stream, said.get());
    });
  });
}

ffi::Error attendOnCpu(ffi::RemainingArgs inputs, ffi::RemainingRets outputs, std::string_view problem,
                       std::string_view functions, bool mergesBatches, bool interprets,
                       ffi::Span<const int32_t> batched, ffi::Span<const int32_t> scalars) {
  if (!interprets)
    return failure("girih.jax.attention runs on a GPU; interpret=True executes the kernel in the simulator");
  return attend(inputs, outputs, mergesBatches, batched, scalars, [&](Call &call, auto &numbers, DiagnosticsPtr &said) {
    std::string chosen =
        kernels().problemFor(toString(problem), toString(functions), "sm_90a", call.queryShape(), call.keys());
    std::shared_ptr<GirihKernel> kernel = kernels().find(chosen, toString(functions), "sm_90a");
    GirihSimulateOptions options{};
    options.structSize = sizeof options;
    options.scalars = numbers.data();
    options.scalarCount = numbers.size();
    return call.forEach([&](const GirihTensor *tensors, size_t count) {
      std::unique_ptr<GirihSimulation, Destroyer<girihSimulationDestroy>> run(
          girihSimulate(kernel.get(), tensors, count, &options, said.get()));
      if (run && girihSimulationVerdictCount(run.get()))
        throw std::runtime_error(girihSimulationVerdict(run.get(), 0).text);
      return bool(run);
    });
  });
}

/// What every call brings beside what its platform adds.
template <typename Binding> auto withCall(Binding binding) {
  return std::move(binding)
      .RemainingArgs()
      .RemainingRets()
      .template Attr<std::string_view>("problem")
      .template Attr<std::string_view>("functions")
      .template Attr<bool>("merges_batches")
      .template Attr<bool>("interpret")
      .template Attr<ffi::Span<const int32_t>>("batched")
      .template Attr<ffi::Span<const int32_t>>("scalars");
}

XLA_FFI_DEFINE_HANDLER(gpuHandler, attendOnGpu,
                       withCall(ffi::Ffi::Bind().Ctx<ffi::PlatformStream<void *>>().Ctx<ffi::DeviceOrdinal>()));

XLA_FFI_DEFINE_HANDLER(cpuHandler, attendOnCpu, withCall(ffi::Ffi::Bind()));

} // namespace

void addFfi(nb::module_ &module) {
  module.def("ffi_handlers", [](nb::object compile) {
    compileKernel = compile.release(); // for the rest of the process
    return nb::make_tuple(nb::capsule(reinterpret_cast<void *>(gpuHandler)),
                          nb::capsule(reinterpret_cast<void *>(cpuHandler)));
  });
}

} // namespace girih::python

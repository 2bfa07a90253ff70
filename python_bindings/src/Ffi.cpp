// Attention as a call of XLA: handlers for its foreign function interface, whose headers
// are jaxlib's. girih/jax.py makes the calls.
#include "Module.h"

#include "xla/ffi/api/ffi.h"
#include <map>
#include <mutex>
#include <nanobind/stl/string.h>
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
                                GirihDiagnostics *diagnostics) {
    std::string key = problem + "\n" + functions + "\n" + std::to_string(device);
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (auto found = loaded.find(key); found != loaded.end())
        return found->second;
    }
    const char *target = girihDeviceTarget(device, diagnostics);
    if (!target)
      return nullptr;
    std::shared_ptr<GirihKernel> kernel = find(problem, functions, target);
    std::lock_guard<std::mutex> lock(mutex);
    GirihLoadedKernel *&entry = loaded[key];
    // It stays loaded: executables may be called until the process ends.
    if (!entry)
      entry = girihLoad(kernel.get(), device, diagnostics);
    return entry;
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
};

Kernels &kernels() {
  static auto &all = *new Kernels;
  return all;
}

/// The tensors of a call. vmap puts dimensions in front: they become one with the batch, or
/// there are as many launches where the problem must not see that.
class Call {
public:
  bool add(const ffi::AnyBuffer &buffer, size_t rank) {
    auto dimensions = buffer.dimensions();
    if (dimensions.size() < rank)
      return false;
    Tensor &tensor = tensors.emplace_back();
    size_t extra = dimensions.size() - rank;
    int64_t leading = 1;
    for (size_t i = 0; i < extra; ++i)
      leading *= dimensions[i];
    tensor.shape.assign(dimensions.begin() + long(extra), dimensions.end());
    tensor.data = static_cast<uint8_t *>(buffer.untyped_data());
    tensor.type = buffer.element_type() == ffi::DataType::F32    ? GIRIH_F32
                  : buffer.element_type() == ffi::DataType::BF16 ? GIRIH_BF16
                                                                 : GIRIH_F16;
    if (tensors.size() == 1)
      count = leading;
    tensor.bytes = buffer.size_bytes() / size_t(leading ? leading : 1);
    return leading == count;
  }

  void mergeBatches() {
    for (Tensor &tensor : tensors)
      tensor.shape[0] *= count;
    count = 1;
  }

  /// Calls `run` with the tensors of each launch until one fails.
  template <typename Run> bool forEach(const Run &run) {
    std::vector<GirihTensor> given(tensors.size());
    for (int64_t i = 0; i < count; ++i) {
      for (size_t t = 0; t < tensors.size(); ++t)
        given[t] = {tensors[t].data + size_t(i) * tensors[t].bytes, tensors[t].type, int(tensors[t].shape.size()),
                    tensors[t].shape.data(), nullptr};
      if (!run(given.data(), given.size()))
        return false;
    }
    return true;
  }

private:
  struct Tensor {
    uint8_t *data;
    GirihElementType type;
    std::vector<int64_t> shape;
    size_t bytes; ///< of one launch
  };
  std::vector<Tensor> tensors;
  int64_t count = 1;
};

std::string toString(std::string_view view) { return std::string(view); }

/// Collects the buffers; what `run` does with them decides.
template <typename Run>
ffi::Error attend(ffi::RemainingArgs inputs, ffi::RemainingRets outputs, bool mergesBatches, const Run &run) try {
  Call call;
  bool fits = inputs.size() == 3 && outputs.size() >= 1 && outputs.size() <= 2;
  for (size_t i = 0; fits && i < inputs.size(); ++i)
    fits = call.add(inputs.get<ffi::AnyBuffer>(i).value(), 4);
  for (size_t i = 0; fits && i < outputs.size(); ++i)
    fits = call.add(*outputs.get<ffi::AnyBuffer>(i).value(), i == 0 ? 4 : 3);
  if (!fits)
    return failure("girih.attention is called with other arrays than girih.jax makes");
  if (mergesBatches)
    call.mergeBatches();
  DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
  return run(call, diagnostics) ? ffi::Error::Success() : failure(textOf(diagnostics));
} catch (const std::exception &error) {
  return failure(error.what());
}

ffi::Error attendOnGpu(void *stream, int32_t device, ffi::RemainingArgs inputs, ffi::RemainingRets outputs,
                       std::string_view problem, std::string_view functions, bool mergesBatches, bool interpret) {
  if (interpret)
    return failure("interpret=True runs the simulator on the CPU: put the arrays there");
  return attend(inputs, outputs, mergesBatches, [&](Call &call, DiagnosticsPtr &said) {
    GirihLoadedKernel *loaded = kernels().findLoaded(toString(problem), toString(functions), device, said.get());
    return loaded && call.forEach([&](const GirihTensor *tensors, size_t count) {
      return girihLaunch(loaded, tensors, count, stream, said.get());
    });
  });
}

ffi::Error attendOnCpu(ffi::RemainingArgs inputs, ffi::RemainingRets outputs, std::string_view problem,
                       std::string_view functions, bool mergesBatches, bool interpret) {
  if (!interpret)
    return failure("girih.jax.attention runs on a GPU; interpret=True executes the kernel in the simulator");
  return attend(inputs, outputs, mergesBatches, [&](Call &call, DiagnosticsPtr &said) {
    std::shared_ptr<GirihKernel> kernel = kernels().find(toString(problem), toString(functions), "sm_90a");
    return call.forEach([&](const GirihTensor *tensors, size_t count) {
      std::unique_ptr<GirihSimulation, Destroyer<girihSimulationDestroy>> run(
          girihSimulate(kernel.get(), tensors, count, nullptr, said.get()));
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
      .template Attr<bool>("interpret");
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

// Attention as a call of XLA: handlers for its foreign function interface, whose headers
// are jaxlib's. girih/jax.py makes the calls.
#include "Call.h"
#include "Module.h"

#include <map>
#include <mutex>
#include <nanobind/stl/string.h>
#include <optional>
#include <string>
#include <vector>

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

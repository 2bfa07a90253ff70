// The C API as a Python module: conversions only. girih/*.py makes it pleasant.
#include "Module.h"
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

using namespace girih::python;

namespace {

const char *orNull(const std::optional<std::string> &text) { return text ? text->c_str() : nullptr; }

/// An array's memory and the object that owns it.
struct Array {
  nb::ndarray<nb::ro> owner;
  std::vector<int64_t> shape, strides;
  GirihTensor tensor{};

  explicit Array(nb::ndarray<nb::ro> array) : owner(std::move(array)) {
    tensor.type = elementTypeOf(owner.dtype());
    for (size_t dim = 0; dim < owner.ndim(); ++dim) {
      shape.push_back(int64_t(owner.shape(dim)));
      strides.push_back(owner.stride(dim));
    }
    tensor.data = const_cast<void *>(owner.data());
    tensor.rank = int(shape.size());
    tensor.shape = shape.data();
    tensor.strides = strides.data();
  }
  Array(Array &&other) noexcept
      : owner(std::move(other.owner)), shape(std::move(other.shape)), strides(std::move(other.strides)),
        tensor(other.tensor) {
    tensor.shape = shape.data();
    tensor.strides = strides.data();
  }
};

/// An array of any framework. One that is written must let itself be written.
Array toArray(nb::handle object, bool isWritten = false) {
  if (isWritten) {
    nb::ndarray<> array;
    if (!nb::try_cast(object, array))
      throw nb::type_error("an output is no array that can be written: it must support DLPack or the buffer protocol");
    return Array(nb::ndarray<nb::ro>(array));
  }
  nb::ndarray<nb::ro> array;
  if (!nb::try_cast(object, array))
    throw nb::type_error("an input is no array: it must support DLPack or the buffer protocol");
  return Array(array);
}

std::vector<int64_t> toIntegers(nb::handle sequence) {
  std::vector<int64_t> numbers;
  for (nb::handle item : sequence)
    numbers.push_back(nb::cast<int64_t>(item));
  return numbers;
}

/// One kernel for each of the text, or None, and what was said.
nb::tuple compile(const std::string &text, bool isProblem, const std::string &target,
                  const std::optional<std::string> &name, const std::optional<std::string> &ptxas,
                  const std::string &sourceName, bool hasLineInfo, bool keepsPhases, const std::string &functions) {
  GirihCompileOptions options{};
  options.structSize = sizeof options;
  options.target = target.c_str();
  options.name = orNull(name);
  options.ptxas = orNull(ptxas);
  options.sourceName = sourceName.c_str();
  options.hasLineInfo = hasLineInfo;
  options.keepsPhases = keepsPhases;
  options.functions = {functions.data(), functions.size()};
  DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
  KernelsPtr kernels;
  {
    nb::gil_scoped_release unlocked;
    kernels.reset(
        (isProblem ? girihCompileAttention : girihCompile)({text.data(), text.size()}, &options, diagnostics.get()));
  }
  if (!kernels)
    return nb::make_tuple(nb::none(), said(diagnostics));
  nb::list list;
  for (size_t i = 0; i < girihKernelsCount(kernels.get()); ++i)
    list.append(Kernel{KernelPtr(girihKernelsGet(kernels.get(), i))});
  return nb::make_tuple(list, said(diagnostics));
}

/// The classes of sizes of a problem whose sizes are open, or None, and what was said.
nb::tuple scheduleRule(const std::string &problem, const std::string &functions, const std::string &target) {
  GirihCompileOptions options{};
  options.structSize = sizeof options;
  options.target = target.c_str();
  options.functions = {functions.data(), functions.size()};
  DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
  RulePtr rule(girihScheduleRuleCreate({problem.data(), problem.size()}, &options, diagnostics.get()));
  if (!rule)
    return nb::make_tuple(nb::none(), said(diagnostics));
  return nb::make_tuple(ScheduleRule{std::move(rule)}, said(diagnostics));
}

/// Whether a problem should say how many heads there are.
bool wantsHeads(nb::sequence shape, int64_t keyHeads) {
  std::vector<int64_t> sizes = toIntegers(shape);
  return sizes.size() == 4 && girihAttentionWantsHeads(sizes.data(), keyHeads);
}

/// What is added to the problem for queries of a shape and so many keys.
nb::str knobsFor(const ScheduleRule &rule, nb::sequence shape, int64_t keys) {
  std::vector<int64_t> sizes = toIntegers(shape);
  if (sizes.size() != 4)
    throw nb::value_error("queries have 4 dimensions");
  return toStr(
      girihScheduleRuleKnobs(rule.handle.get(), girihScheduleRuleClassOf(rule.handle.get(), sizes.data(), keys)));
}

nb::tuple fromParts(nb::bytes manifest, nb::bytes ptx, nb::bytes cubin) {
  DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
  KernelPtr kernel(girihKernelFromParts(toText(manifest), toText(ptx), toText(cubin), diagnostics.get()));
  if (!kernel)
    return nb::make_tuple(nb::none(), said(diagnostics));
  return nb::make_tuple(Kernel{std::move(kernel)}, said(diagnostics));
}

nb::tuple optimize(const std::string &text, const std::string &pipeline, const std::string &sourceName) {
  DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
  std::unique_ptr<char, Destroyer<girihStringDestroy>> result;
  {
    nb::gil_scoped_release unlocked;
    result.reset(girihOptimize({text.data(), text.size()}, {pipeline.data(), pipeline.size()}, sourceName.c_str(),
                               diagnostics.get()));
  }
  return nb::make_tuple(result ? nb::object(nb::str(result.get())) : nb::none(), said(diagnostics));
}

nb::list phases(const Kernel &kernel) {
  nb::list list;
  for (size_t i = 0; i < girihKernelPhaseCount(kernel.handle.get()); ++i)
    list.append(nb::make_tuple(toStr(girihKernelPhaseName(kernel.handle.get(), i)),
                               toStr(girihKernelPhaseText(kernel.handle.get(), i))));
  return list;
}

/// (name, element type, rank, is it an output) of each tensor.
nb::list tensors(const Kernel &kernel) {
  nb::list list;
  for (size_t i = 0; i < girihKernelTensorCount(kernel.handle.get()); ++i) {
    GirihTensorInfo info = girihKernelTensor(kernel.handle.get(), i);
    list.append(nb::make_tuple(toStr(info.name), int(info.type), info.rank, bool(info.isOutput)));
  }
  return list;
}

/// (name, element type) of each number that is chosen at launch.
nb::list scalars(const Kernel &kernel) {
  nb::list list;
  for (size_t i = 0; i < girihKernelScalarCount(kernel.handle.get()); ++i) {
    GirihScalarInfo info = girihKernelScalar(kernel.handle.get(), i);
    list.append(nb::make_tuple(toStr(info.name), int(info.type)));
  }
  return list;
}

/// The shape of tensor `index` by the shapes of the others; None for those that are open.
nb::tuple inferShape(const Kernel &kernel, nb::sequence shapes, size_t index) {
  std::vector<std::vector<int64_t>> known;
  for (nb::handle shape : shapes)
    known.push_back(shape.is_none() ? std::vector<int64_t>() : toIntegers(shape));
  std::vector<GirihTensor> given(known.size());
  for (size_t i = 0; i < known.size(); ++i) {
    given[i].rank = int(known[i].size());
    given[i].shape = known[i].data();
  }
  std::vector<int64_t> shape(size_t(girihKernelTensor(kernel.handle.get(), index).rank));
  DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
  if (!girihKernelInferShape(kernel.handle.get(), given.data(), given.size(), index, shape.data(), diagnostics.get()))
    return nb::make_tuple(nb::none(), said(diagnostics));
  nb::list result;
  for (int64_t extent : shape)
    result.append(extent);
  return nb::make_tuple(nb::tuple(result), said(diagnostics));
}

/// Whether a launch takes tensors of such element types and shapes, row-major, and what it says.
nb::tuple checkTensors(const Kernel &kernel, nb::sequence tensors) {
  std::vector<std::vector<int64_t>> shapes;
  std::vector<GirihTensor> given;
  for (nb::handle tensor : tensors) {
    auto [type, shape] = nb::cast<std::pair<int, nb::sequence>>(tensor);
    shapes.push_back(toIntegers(shape));
    given.push_back({nullptr, GirihElementType(type), int(shapes.back().size()), nullptr, nullptr});
  }
  for (size_t i = 0; i < given.size(); ++i)
    given[i].shape = shapes[i].data();
  DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
  bool isRight = girihKernelCheckTensors(kernel.handle.get(), given.data(), given.size(), diagnostics.get());
  return nb::make_tuple(isRight, said(diagnostics));
}

/// (verdicts, warp instructions, asynchronous operations, trace) or None.
nb::tuple simulate(const Kernel &kernel, nb::sequence arrays, const std::string &schedule, uint64_t seed,
                   unsigned threads, unsigned multiprocessors, uint64_t instructionLimit, bool checks, bool hasTrace,
                   nb::list scalars) {
  std::vector<Array> owned;
  for (nb::handle array : arrays)
    owned.push_back(toArray(array, girihKernelTensor(kernel.handle.get(), owned.size()).isOutput));
  std::vector<GirihTensor> given;
  for (const Array &array : owned) {
    if (array.owner.device_type() != nb::device::cpu::value)
      throw nb::type_error("the simulator takes arrays in host memory");
    given.push_back(array.tensor);
  }
  GirihSimulateOptions options{};
  options.structSize = sizeof options;
  options.schedule = schedule.c_str();
  options.seed = seed;
  options.threads = threads;
  options.multiprocessors = multiprocessors;
  options.instructionLimit = instructionLimit;
  options.checks = checks;
  options.hasTrace = hasTrace;
  Scalars numbers(scalars);
  options.scalars = numbers.data();
  options.scalarCount = numbers.size();
  DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
  SimulationPtr run;
  {
    nb::gil_scoped_release unlocked;
    run.reset(girihSimulate(kernel.handle.get(), given.data(), given.size(), &options, diagnostics.get()));
  }
  if (!run)
    return nb::make_tuple(nb::none(), said(diagnostics));
  nb::list verdicts;
  for (size_t i = 0; i < girihSimulationVerdictCount(run.get()); ++i) {
    GirihVerdict found = girihSimulationVerdict(run.get(), i);
    verdicts.append(nb::make_tuple(found.kind, found.message, found.line, found.source, found.agent, found.text));
  }
  return nb::make_tuple(nb::make_tuple(nb::tuple(verdicts), girihSimulationInstructions(run.get()),
                                       girihSimulationAsynchronousOperations(run.get()),
                                       toStr(girihSimulationTrace(run.get()))),
                        said(diagnostics));
}

/// An array of zeros in host memory.
nb::ndarray<nb::array_api, nb::device::cpu> zeros(const std::vector<size_t> &shape, int type) {
  using Code = nb::dlpack::dtype_code;
  bool isNarrow = type == GIRIH_E4M3 || type == GIRIH_E5M2 || type == GIRIH_UE8M0;
  size_t bytes = isNarrow ? 1 : type == GIRIH_F32 ? 4 : 2;
  auto bits = uint8_t(8 * bytes);
  for (size_t extent : shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes))
      throw nb::value_error("an array of that shape is larger than memory");
  auto *data = static_cast<uint8_t *>(calloc(bytes ? bytes : 1, 1));
  if (!data)
    throw std::bad_alloc();
  nb::capsule owner(data, [](void *memory) noexcept { free(memory); });
  auto code = uint8_t(type == GIRIH_BF16 ? Code::Bfloat : Code::Float);
  if (isNarrow)
    code = type == GIRIH_E4M3 ? kE4M3Code : type == GIRIH_E5M2 ? kE5M2Code : kUE8M0Code;
  nb::dlpack::dtype dtype{code, bits, 1};
  return nb::ndarray<nb::array_api, nb::device::cpu>(data, shape.size(), shape.data(), owner, nullptr, dtype);
}

/// What a DLPack object says of itself, as `launch` takes it, and (device type, number).
nb::tuple describe(nb::handle object) {
  Array array = toArray(object);
  nb::list shape, strides;
  for (size_t dim = 0; dim < array.shape.size(); ++dim) {
    shape.append(array.shape[dim]);
    strides.append(array.strides[dim]);
  }
  return nb::make_tuple(nb::make_tuple(reinterpret_cast<uint64_t>(array.tensor.data), int(array.tensor.type),
                                       nb::tuple(shape), nb::tuple(strides)),
                        nb::make_tuple(array.owner.device_type(), array.owner.device_id()));
}

} // namespace

NB_MODULE(_girih, module) {
  nb::set_leak_warnings(false);
  module.attr("API_VERSION") = girihApiVersion();
  module.attr("VERSION") = girihVersion();
  nb::class_<Kernel>(module, "Kernel")
      .def("text", [](const Kernel &kernel,
                      int part) { return toStr(girihKernelGetPart(kernel.handle.get(), GirihKernelPart(part))); })
      .def("bytes", [](const Kernel &kernel,
                       int part) { return toBytes(girihKernelGetPart(kernel.handle.get(), GirihKernelPart(part))); })
      .def("phases", phases)
      .def("tensors", tensors)
      .def("scalars", scalars)
      .def("infer_shape", inferShape)
      .def("check_tensors", checkTensors);
  module.def("compile", compile, nb::arg("text"), nb::arg("is_problem"), nb::arg("target"), nb::arg("name").none(),
             nb::arg("ptxas").none(), nb::arg("source_name"), nb::arg("line_info"), nb::arg("phases"),
             nb::arg("functions"));
  nb::class_<ScheduleRule>(module, "ScheduleRule").def("knobs_for", knobsFor);
  module.def("schedule_rule", scheduleRule);
  module.def("wants_heads", wantsHeads);
  module.def("kernel_from_parts", fromParts);
  module.def("hash", [](nb::bytes bytes) {
    char digits[33];
    girihHash(toText(bytes), digits);
    return nb::str(digits);
  });
  module.def("optimize", optimize);
  module.def("simulate", simulate, nb::arg("kernel"), nb::arg("arrays"), nb::arg("schedule"), nb::arg("seed"),
             nb::arg("threads"), nb::arg("multiprocessors"), nb::arg("instruction_limit"), nb::arg("check"),
             nb::arg("trace"), nb::arg("scalars"));
  module.def("zeros", zeros);
  module.def("describe", describe);
  addLaunches(module);
  addFfi(module);
  module.def("device_count", [] {
    DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
    int count = girihDeviceCount(diagnostics.get());
    return nb::make_tuple(count, said(diagnostics));
  });
  module.def("device_target", [](int device) {
    DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
    const char *target = girihDeviceTarget(device, diagnostics.get());
    return nb::make_tuple(target ? nb::object(nb::str(target)) : nb::none(), said(diagnostics));
  });
}

// The C API as a Python module: conversions only. girih/*.py makes it pleasant.
#include "girih-c/girih.h"

#include <memory>
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;

namespace {

template <auto Destroy> struct Destroyer {
  template <typename T> void operator()(T *object) const { Destroy(object); }
};
using DiagnosticsPtr = std::unique_ptr<GirihDiagnostics, Destroyer<girihDiagnosticsDestroy>>;
using KernelPtr = std::unique_ptr<GirihKernel, Destroyer<girihKernelDestroy>>;
using KernelsPtr = std::unique_ptr<GirihKernels, Destroyer<girihKernelsDestroy>>;
using LoadedPtr = std::unique_ptr<GirihLoadedKernel, Destroyer<girihLoadedKernelDestroy>>;
using SimulationPtr = std::unique_ptr<GirihSimulation, Destroyer<girihSimulationDestroy>>;

nb::str toStr(GirihText text) { return nb::str(text.data, text.size); }
nb::bytes toBytes(GirihText text) { return nb::bytes(text.data, text.size); }
GirihText toText(nb::bytes bytes) { return {bytes.c_str(), bytes.size()}; }
const char *orNull(const std::optional<std::string> &text) { return text ? text->c_str() : nullptr; }

/// Diagnostics as (severity, message, file, line, column), and their text.
nb::tuple said(const DiagnosticsPtr &diagnostics) {
  nb::list list;
  for (size_t i = 0; i < girihDiagnosticsCount(diagnostics.get()); ++i) {
    GirihDiagnostic found = girihDiagnosticsGet(diagnostics.get(), i);
    list.append(nb::make_tuple(int(found.severity), toStr(found.message), toStr(found.file), found.line, found.column));
  }
  return nb::make_tuple(nb::tuple(list), toStr(girihDiagnosticsText(diagnostics.get())));
}

struct Kernel {
  KernelPtr handle;
};

GirihElementType elementTypeOf(nb::dlpack::dtype type) {
  using Code = nb::dlpack::dtype_code;
  if (type == nb::dlpack::dtype{uint8_t(Code::Bfloat), 16, 1})
    return GIRIH_BF16;
  if (type == nb::dlpack::dtype{uint8_t(Code::Float), 16, 1})
    return GIRIH_F16;
  if (type == nb::dlpack::dtype{uint8_t(Code::Float), 32, 1})
    return GIRIH_F32;
  throw nb::type_error("an array's elements must be bf16, f16 or f32");
}

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

/// (verdicts, warp instructions, asynchronous operations, trace) or None.
nb::tuple simulate(const Kernel &kernel, nb::sequence arrays, const std::string &schedule, uint64_t seed,
                   unsigned threads, unsigned multiprocessors, uint64_t instructionLimit, bool checks, bool hasTrace) {
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
  size_t bytes = type == GIRIH_F32 ? 4 : 2;
  for (size_t extent : shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes))
      throw nb::value_error("an array of that shape is larger than memory");
  auto *data = static_cast<uint8_t *>(calloc(bytes ? bytes : 1, 1));
  if (!data)
    throw std::bad_alloc();
  nb::capsule owner(data, [](void *memory) noexcept { free(memory); });
  nb::dlpack::dtype dtype{uint8_t(type == GIRIH_BF16 ? Code::Bfloat : Code::Float),
                          uint8_t(type == GIRIH_F32 ? 32 : 16), 1};
  return nb::ndarray<nb::array_api, nb::device::cpu>(data, shape.size(), shape.data(), owner, nullptr, dtype);
}

struct Loaded {
  LoadedPtr handle;
};

nb::tuple load(const Kernel &kernel, int device) {
  DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
  LoadedPtr loaded;
  {
    nb::gil_scoped_release unlocked;
    loaded.reset(girihLoad(kernel.handle.get(), device, diagnostics.get()));
  }
  if (!loaded)
    return nb::make_tuple(nb::none(), said(diagnostics));
  return nb::make_tuple(Loaded{std::move(loaded)}, said(diagnostics));
}

/// The functions of DLPack 1.3's DLPackExchangeAPI, by which a framework describes its
/// tensors without a call of Python.
struct ExchangeApi {
  struct {
    uint32_t major, minor;
  } version;
  void *previous;
  void *allocate, *share, *adopt;
  int (*describe)(void *object, nb::dlpack::dltensor *tensor);
  int (*currentStream)(int32_t deviceType, int32_t device, void **stream);
};

const ExchangeApi &exchangeApiOf(nb::handle tensor) {
  nb::object capsule = nb::getattr(tensor.type(), "__dlpack_c_exchange_api__");
  auto *api = static_cast<const ExchangeApi *>(PyCapsule_GetPointer(capsule.ptr(), "dlpack_exchange_api"));
  if (!api)
    throw nb::python_error();
  if (api->version.major != 1)
    throw nb::type_error("the framework's DLPack is not version 1");
  return *api;
}

/// Launches on tensors of a framework that has the exchange API, into its current stream
/// if none is given. None, or what went wrong.
nb::object launchTensors(Loaded &loaded, nb::args tensors, std::optional<uint64_t> stream) {
  constexpr size_t most = 16;
  GirihTensor given[most];
  if (tensors.size() > most)
    throw nb::value_error("no kernel has so many tensors");
  size_t count = 0;
  void *native = reinterpret_cast<void *>(stream.value_or(0));
  for (nb::handle tensor : tensors) {
    const ExchangeApi &api = exchangeApiOf(tensor);
    nb::dlpack::dltensor described{};
    if (api.describe(tensor.ptr(), &described) != 0)
      throw nb::python_error();
    if (count == 0 && !stream &&
        api.currentStream(described.device.device_type, described.device.device_id, &native) != 0)
      throw nb::python_error();
    given[count++] = {static_cast<uint8_t *>(described.data) + described.byte_offset, elementTypeOf(described.dtype),
                      described.ndim, described.shape, described.strides};
  }
  DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
  if (girihLaunch(loaded.handle.get(), given, count, native, diagnostics.get()))
    return nb::none();
  return said(diagnostics);
}

/// Launches on tensors that are given as (address, element type, shape, strides). None,
/// or what went wrong.
nb::object launch(Loaded &loaded, nb::args tensors, uint64_t stream) {
  constexpr size_t most = 16;
  int64_t numbers[most][2][8];
  GirihTensor given[most];
  if (tensors.size() > most)
    throw nb::value_error("no kernel has so many tensors");
  size_t count = 0;
  for (nb::handle tensor : tensors) {
    auto parts = nb::cast<nb::tuple>(tensor);
    auto shape = nb::cast<nb::tuple>(parts[2]), strides = nb::cast<nb::tuple>(parts[3]);
    if (shape.size() > 8 || strides.size() != shape.size())
      throw nb::value_error("a tensor has at most 8 dimensions, and a stride for each");
    for (size_t dim = 0; dim < shape.size(); ++dim) {
      numbers[count][0][dim] = nb::cast<int64_t>(shape[dim]);
      numbers[count][1][dim] = nb::cast<int64_t>(strides[dim]);
    }
    given[count] = {reinterpret_cast<void *>(nb::cast<uint64_t>(parts[0])), GirihElementType(nb::cast<int>(parts[1])),
                    int(shape.size()), numbers[count][0], numbers[count][1]};
    ++count;
  }
  DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
  if (girihLaunch(loaded.handle.get(), given, count, reinterpret_cast<void *>(stream), diagnostics.get()))
    return nb::none();
  return said(diagnostics);
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
      .def("infer_shape", inferShape);
  nb::class_<Loaded>(module, "Loaded")
      .def("launch", launch, nb::arg("tensors"), nb::kw_only(), nb::arg("stream"))
      .def("launch_tensors", launchTensors, nb::arg("tensors"), nb::kw_only(), nb::arg("stream").none());
  module.def("compile", compile, nb::arg("text"), nb::arg("is_problem"), nb::arg("target"), nb::arg("name").none(),
             nb::arg("ptxas").none(), nb::arg("source_name"), nb::arg("line_info"), nb::arg("phases"),
             nb::arg("functions"));
  module.def("kernel_from_parts", fromParts);
  module.def("optimize", optimize);
  module.def("simulate", simulate, nb::arg("kernel"), nb::arg("arrays"), nb::arg("schedule"), nb::arg("seed"),
             nb::arg("threads"), nb::arg("multiprocessors"), nb::arg("instruction_limit"), nb::arg("check"),
             nb::arg("trace"));
  module.def("zeros", zeros);
  module.def("describe", describe);
  module.def("load", load);
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

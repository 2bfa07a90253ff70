// Kernels on GPUs, and launches on the tensors of frameworks.
#include "Module.h"

#include <algorithm>
#include <nanobind/stl/tuple.h>
#include <vector>

namespace girih::python {
namespace {

constexpr size_t mostTensors = 16;
/// Of one choice of options; all are looked up anew when there are more.
constexpr size_t mostEntries = 64;

struct Loaded {
  explicit Loaded(LoadedPtr handle) : handle(std::move(handle)) {}
  Loaded(Loaded &&) = default;
  /// Waits for launches to be over.
  ~Loaded() {
    if (!handle)
      return;
    nb::gil_scoped_release unlocked;
    handle.reset();
  }
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
  return nb::make_tuple(Loaded(std::move(loaded)), said(diagnostics));
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

/// A type's API; null, with no exception, where it has none.
const ExchangeApi *exchangeApiOf(nb::handle tensor) {
  // Types that have one live as long as the process, and most calls are of one type.
  static PyTypeObject *lastType = nullptr;
  static const ExchangeApi *lastApi = nullptr;
  PyTypeObject *type = Py_TYPE(tensor.ptr());
  if (type == lastType)
    return lastApi;
  nb::object capsule = nb::getattr(tensor.type(), "__dlpack_c_exchange_api__", nb::none());
  if (capsule.is_none())
    return nullptr;
  auto *api = static_cast<const ExchangeApi *>(PyCapsule_GetPointer(capsule.ptr(), "dlpack_exchange_api"));
  if (!api)
    throw nb::python_error();
  if (api->version.major != 1)
    throw nb::type_error("the framework's DLPack is not version 1");
  Py_INCREF(reinterpret_cast<PyObject *>(type));
  lastType = type;
  lastApi = api;
  return api;
}

/// The tensors of one launch, described by their framework.
class Described {
public:
  /// False for an object that is no tensor with the exchange API; throws what its framework raises.
  bool add(nb::handle object) {
    if (count == mostTensors)
      throw nb::value_error("no kernel has so many tensors");
    const ExchangeApi *found = exchangeApiOf(object);
    if (!found)
      return false;
    tensors[count] = {};
    if (found->describe(object.ptr(), &tensors[count]) != 0)
      throw nb::python_error();
    if (count++ == 0)
      api = found;
    return true;
  }

  /// The stream given, or the framework's current one.
  void *streamOr(std::optional<uint64_t> given) const {
    void *native = reinterpret_cast<void *>(given.value_or(0));
    if (!given && count && api->currentStream(tensors[0].device.device_type, tensors[0].device.device_id, &native) != 0)
      throw nb::python_error();
    return native;
  }

  /// None, or what went wrong.
  nb::object launch(Loaded &loaded, std::optional<uint64_t> stream, const Scalars *scalars = nullptr) const {
    GirihTensor given[mostTensors];
    for (size_t i = 0; i < count; ++i)
      given[i] = {static_cast<uint8_t *>(tensors[i].data) + tensors[i].byte_offset, elementTypeOf(tensors[i].dtype),
                  tensors[i].ndim, tensors[i].shape, tensors[i].strides};
    return finish(loaded, given, count, streamOr(stream), scalars);
  }

  static nb::object finish(Loaded &loaded, const GirihTensor *given, size_t count, void *stream,
                           const Scalars *scalars) {
    DiagnosticsPtr diagnostics(girihDiagnosticsCreate());
    if (girihLaunchWithScalars(loaded.handle.get(), given, count, scalars ? scalars->data() : nullptr,
                               scalars ? scalars->size() : 0, stream, diagnostics.get()))
      return nb::none();
    return said(diagnostics);
  }

  /// Copies shapes and strides of the tensors until now, of up to four dimensions each, which
  /// are the framework's own numbers.
  void keepShapes() {
    for (size_t i = 0; i < count; ++i)
      for (auto [part, copy] : {std::pair(&tensors[i].shape, kept[i][0]), std::pair(&tensors[i].strides, kept[i][1])})
        if (*part)
          *part = std::copy_n(*part, tensors[i].ndim, copy) - tensors[i].ndim;
  }

  size_t count = 0;
  nb::dlpack::dltensor tensors[mostTensors];

private:
  int64_t kept[3][2][4]; ///< of q, k and v
  const ExchangeApi *api = nullptr;
};

/// Launches on tensors of a framework that has the exchange API, into its current stream
/// if none is given. None, or what went wrong.
nb::object launchTensors(Loaded &loaded, nb::args tensors, std::optional<uint64_t> stream, nb::list scalars) {
  Described described;
  for (nb::handle tensor : tensors)
    try {
      if (!described.add(tensor))
        throw nb::type_error("a tensor's framework has no DLPackExchangeAPI");
    } catch (nb::python_error &error) {
      nb::raise_from(error, PyExc_TypeError, "tensor %zu of the launch has no memory that its framework can describe",
                     described.count);
    }
  Scalars numbers(scalars);
  return described.launch(loaded, stream, &numbers);
}

/// The attention kernels for one choice of options: by element type, head sizes, numbers of
/// heads where `needsHeads`, device, and class of sizes.
class AttentionKernels {
public:
  /// `emptyLike` makes an output like q, `output` any output of q and v, `lse` that of q. `attend`
  /// takes tensors of the types `plain` alone: others may not be what they seem.
  AttentionKernels(bool needsHeads, int deviceType, nb::tuple plain, nb::object emptyLike, nb::object output,
                   nb::object lse)
      : needsHeads(needsHeads), deviceType(deviceType), plain(std::move(plain)), emptyLike(std::move(emptyLike)),
        output(std::move(output)), lse(std::move(lse)) {}

  /// None when the launch is made, True when there is no kernel for such tensors, or what
  /// went wrong. `lse` may be None; `arrays` and `numbers` are what functions capture.
  nb::object launch(nb::handle q, nb::handle k, nb::handle v, nb::handle o, nb::handle lse, nb::sequence arrays,
                    nb::sequence numbers, std::optional<uint64_t> stream) {
    Described described;
    Loaded *loaded = describeInputs(q, k, v, described);
    return loaded ? launchWith(*loaded, described, o, lse, arrays, numbers, stream) : nb::bool_(true);
  }

  /// The outputs, which it makes, and None when the launch is made; None twice when there is no
  /// kernel for such tensors, or None and what went wrong.
  nb::tuple attend(nb::handle q, nb::handle k, nb::handle v, bool hasLse, nb::sequence arrays, nb::sequence numbers,
                   std::optional<uint64_t> stream) {
    Described described;
    Loaded *loaded = isPlain(q) && isPlain(k) && isPlain(v) ? describeInputs(q, k, v, described) : nullptr;
    if (!loaded || !areTogether(described))
      return nb::make_tuple(nb::none(), nb::none());
    // While outputs are made other threads may run: what they could change is kept.
    nb::object owner = nb::find(*loaded);
    described.keepShapes();
    bool isLikeQuery =
        described.tensors[0].dtype.bits == 16 && described.tensors[0].shape[3] == described.tensors[2].shape[3];
    nb::object o = isLikeQuery ? emptyLike(q) : output(q, v), l = hasLse ? lse(q) : nb::none();
    nb::object said = launchWith(*loaded, described, o, l, arrays, numbers, stream);
    if (said.is_none())
      return nb::make_tuple(hasLse ? nb::make_tuple(o, l) : nb::make_tuple(o), said);
    return nb::make_tuple(nb::none(), said.is(nb::bool_(true)) ? nb::object(nb::none()) : said);
  }

  /// The kernel for tensors like these, of a problem with such classes.
  void add(nb::handle q, nb::handle k, nb::handle v, nb::object loaded, nb::object rule) {
    Described described;
    for (nb::handle tensor : {q, k, v})
      if (!described.add(tensor) || described.tensors[described.count - 1].ndim != 4)
        throw nb::type_error("no tensors of attention");
    const nb::dlpack::dltensor &query = described.tensors[0], &key = described.tensors[1],
                               &value = described.tensors[2];
    Entry *entry = find(query, key, value);
    std::vector<Entry> old; // destroyed when there are none of them any more
    if (!entry) {
      if (entries.size() == mostEntries)
        old.swap(entries);
      GirihScheduleRule *classes = nb::cast<ScheduleRule &>(rule).handle.get();
      entry = &entries.emplace_back(Entry{query.dtype,
                                          query.shape[3],
                                          value.shape[3],
                                          query.shape[1],
                                          key.shape[1],
                                          hasHeads(query, key),
                                          query.device.device_id,
                                          classes,
                                          {},
                                          {rule}});
      entry->byClass.resize(girihScheduleRuleClassCount(classes));
    }
    entry->byClass[girihScheduleRuleClassOf(entry->rule, query.shape, key.shape[2])] = &nb::cast<Loaded &>(loaded);
    entry->owners.push_back(loaded);
  }

private:
  /// The same, of inputs that are described.
  nb::object launchWith(Loaded &loaded, Described &described, nb::handle o, nb::handle lse, nb::sequence arrays,
                        nb::sequence numbers, std::optional<uint64_t> stream) const {
    if (!isDescribed(o, described) || (!lse.is_none() && !isDescribed(lse, described)))
      return nb::bool_(true);
    for (nb::handle array : arrays)
      if (!isDescribed(array, described) || !hasNeighbours(described.tensors[described.count - 1]))
        return nb::bool_(true);
    if (!areTogether(described))
      return nb::bool_(true);
    if (nb::len(numbers) == 0)
      return described.launch(loaded, stream);
    Scalars scalars(numbers);
    return described.launch(loaded, stream, &scalars);
  }

  struct Entry {
    nb::dlpack::dtype type;
    int64_t headSize, valueSize, heads, keyHeads;
    bool hasHeads; ///< its kernels are for these numbers of heads
    int device;
    GirihScheduleRule *rule;
    std::vector<Loaded *> byClass; ///< null where none was wanted yet
    std::vector<nb::object> owners;
  };

  bool hasHeads(const nb::dlpack::dltensor &query, const nb::dlpack::dltensor &key) const {
    return needsHeads || girihAttentionWantsHeads(query.shape, key.shape[1]);
  }

  Entry *find(const nb::dlpack::dltensor &query, const nb::dlpack::dltensor &key, const nb::dlpack::dltensor &value) {
    bool ofHeads = hasHeads(query, key);
    for (Entry &entry : entries)
      if (entry.type == query.dtype && entry.headSize == query.shape[3] && entry.valueSize == value.shape[3] &&
          entry.device == query.device.device_id && entry.hasHeads == ofHeads &&
          (!ofHeads || (entry.heads == query.shape[1] && entry.keyHeads == key.shape[1])))
        return &entry;
    return nullptr;
  }

  bool isPlain(nb::handle tensor) const {
    for (nb::handle type : plain)
      if (tensor.type().is(type))
        return true;
    return false;
  }

  /// False for what its framework does not describe either, as of a tensor on PyTorch's meta
  /// device: another call says what is wrong with it.
  static bool isDescribed(nb::handle object, Described &described) {
    try {
      return described.add(object);
    } catch (nb::python_error &) {
      return false;
    }
  }

  /// Null where there is no kernel yet for such tensors, or there can be none.
  Loaded *describeInputs(nb::handle q, nb::handle k, nb::handle v, Described &described) {
    for (nb::handle object : {q, k, v}) {
      if (!isDescribed(object, described))
        return nullptr;
      const nb::dlpack::dltensor &tensor = described.tensors[described.count - 1];
      if (tensor.ndim != 4 || !(tensor.dtype == described.tensors[0].dtype) || tensor.shape[0] == 0 ||
          tensor.shape[1] == 0 || tensor.shape[2] == 0)
        return nullptr;
    }
    const nb::dlpack::dltensor &query = described.tensors[0], &key = described.tensors[1];
    Entry *entry = find(query, key, described.tensors[2]);
    return entry ? entry->byClass[girihScheduleRuleClassOf(entry->rule, query.shape, key.shape[2])] : nullptr;
  }

  bool areTogether(const Described &described) const {
    return std::all_of(described.tensors, described.tensors + described.count, [&](const nb::dlpack::dltensor &tensor) {
      return tensor.device.device_type == deviceType &&
             tensor.device.device_id == described.tensors[0].device.device_id;
    });
  }

  /// Whether the elements of a row follow each other, as kernels read them.
  static bool hasNeighbours(const nb::dlpack::dltensor &tensor) {
    int last = tensor.ndim - 1;
    return last < 0 || !tensor.strides || tensor.strides[last] == 1 || tensor.shape[last] == 1;
  }

  bool needsHeads;
  int deviceType;
  nb::tuple plain;
  nb::object emptyLike, output, lse;
  std::vector<Entry> entries;
};

/// Launches on tensors that are given as (address, element type, shape, strides). None,
/// or what went wrong.
nb::object launch(Loaded &loaded, nb::args tensors, uint64_t stream, nb::list scalars) {
  int64_t numbers[mostTensors][2][8];
  GirihTensor given[mostTensors];
  if (tensors.size() > mostTensors)
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
  Scalars chosen(scalars);
  return Described::finish(loaded, given, count, reinterpret_cast<void *>(stream), &chosen);
}

} // namespace

void addLaunches(nb::module_ &module) {
  nb::class_<Loaded>(module, "Loaded")
      .def("launch", launch, nb::arg("tensors"), nb::kw_only(), nb::arg("stream"), nb::arg("scalars") = nb::list())
      .def("launch_tensors", launchTensors, nb::arg("tensors"), nb::kw_only(), nb::arg("stream").none(),
           nb::arg("scalars") = nb::list());
  nb::class_<AttentionKernels>(module, "AttentionKernels")
      .def(nb::init<bool, int, nb::tuple, nb::object, nb::object, nb::object>(), nb::arg("needs_heads"),
           nb::arg("device_type"), nb::arg("plain"), nb::arg("empty_like"), nb::arg("output"), nb::arg("lse"))
      .def("launch", &AttentionKernels::launch, nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg().none(), nb::arg(),
           nb::arg(), nb::arg().none())
      .def("attend", &AttentionKernels::attend, nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(),
           nb::arg().none())
      .def("add", &AttentionKernels::add);
  module.def("load", load);
}

} // namespace girih::python

// What the parts of the extension module share.
#ifndef GIRIH_PYTHON_MODULE_H
#define GIRIH_PYTHON_MODULE_H

#include "girih-c/girih.h"
#include <cstring>
#include <memory>
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <vector>

namespace nb = nanobind;

namespace girih::python {

template <auto Destroy> struct Destroyer {
  template <typename T> void operator()(T *object) const { Destroy(object); }
};
using DiagnosticsPtr = std::unique_ptr<GirihDiagnostics, Destroyer<girihDiagnosticsDestroy>>;
using KernelPtr = std::unique_ptr<GirihKernel, Destroyer<girihKernelDestroy>>;
using KernelsPtr = std::unique_ptr<GirihKernels, Destroyer<girihKernelsDestroy>>;
using LoadedPtr = std::unique_ptr<GirihLoadedKernel, Destroyer<girihLoadedKernelRetire>>;
using RulePtr = std::unique_ptr<GirihScheduleRule, Destroyer<girihScheduleRuleDestroy>>;
using SimulationPtr = std::unique_ptr<GirihSimulation, Destroyer<girihSimulationDestroy>>;

/// What is no UTF-8 is seen as such.
inline nb::str toStr(GirihText text) {
  PyObject *string = PyUnicode_DecodeUTF8(text.data, Py_ssize_t(text.size), "replace");
  if (!string)
    throw nb::python_error();
  return nb::steal<nb::str>(string);
}
inline nb::bytes toBytes(GirihText text) { return nb::bytes(text.data, text.size); }
inline GirihText toText(nb::bytes bytes) { return {bytes.c_str(), bytes.size()}; }

/// Diagnostics as (severity, message, file, line, column), and their text.
inline nb::tuple said(const DiagnosticsPtr &diagnostics) {
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

struct ScheduleRule {
  RulePtr handle;
};

/// DLPack 1.1, kDLFloat8_e4m3fn, kDLFloat8_e5m2 and kDLFloat8_e8m0fnu, which nanobind need not know.
inline constexpr uint8_t kE4M3Code = 10, kE5M2Code = 12, kUE8M0Code = 14;

inline GirihElementType elementTypeOf(nb::dlpack::dtype type) {
  using Code = nb::dlpack::dtype_code;
  if (type == nb::dlpack::dtype{uint8_t(Code::Bfloat), 16, 1})
    return GIRIH_BF16;
  if (type == nb::dlpack::dtype{uint8_t(Code::Float), 16, 1})
    return GIRIH_F16;
  if (type == nb::dlpack::dtype{uint8_t(Code::Float), 32, 1})
    return GIRIH_F32;
  if (type == nb::dlpack::dtype{kE4M3Code, 8, 1})
    return GIRIH_E4M3;
  if (type == nb::dlpack::dtype{kE5M2Code, 8, 1})
    return GIRIH_E5M2;
  if (type == nb::dlpack::dtype{kUE8M0Code, 8, 1})
    return GIRIH_UE8M0;
  if (type == nb::dlpack::dtype{uint8_t(Code::Bool), 8, 1} || type == nb::dlpack::dtype{uint8_t(Code::UInt), 8, 1})
    return GIRIH_I8;
  if (type == nb::dlpack::dtype{uint8_t(Code::Int), 32, 1})
    return GIRIH_I32;
  if (type == nb::dlpack::dtype{uint8_t(Code::Int), 64, 1})
    return GIRIH_I64;
  throw nb::type_error(
      "an array's elements must be bf16, f16, f32, e4m3 or e5m2, or, of captured arrays, bool, uint8, int32 or int64");
}

/// Numbers of Python for a kernel's scalars: floats as f32, others as i32.
class Scalars {
public:
  explicit Scalars(nb::handle numbers) {
    for (nb::handle number : numbers) {
      uint32_t bits;
      if (nb::isinstance<nb::float_>(number)) {
        float value = nb::cast<float>(number);
        std::memcpy(&bits, &value, sizeof bits);
      } else {
        bits = uint32_t(nb::cast<int32_t>(number));
      }
      values.push_back(bits);
    }
    for (const uint32_t &value : values)
      addresses.push_back(&value);
  }
  const void *const *data() const { return addresses.data(); }
  size_t size() const { return addresses.size(); }

private:
  std::vector<uint32_t> values;
  std::vector<const void *> addresses;
};

/// Kernels on GPUs (Launch.cpp).
void addLaunches(nb::module_ &module);
/// Handlers of XLA's calls (Ffi.cpp).
void addFfi(nb::module_ &module);

} // namespace girih::python

#endif // GIRIH_PYTHON_MODULE_H

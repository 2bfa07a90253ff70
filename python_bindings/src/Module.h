// What the parts of the extension module share.
#ifndef GIRIH_PYTHON_MODULE_H
#define GIRIH_PYTHON_MODULE_H

#include "girih-c/girih.h"
#include <memory>
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>

namespace nb = nanobind;

namespace girih::python {

template <auto Destroy> struct Destroyer {
  template <typename T> void operator()(T *object) const { Destroy(object); }
};
using DiagnosticsPtr = std::unique_ptr<GirihDiagnostics, Destroyer<girihDiagnosticsDestroy>>;
using KernelPtr = std::unique_ptr<GirihKernel, Destroyer<girihKernelDestroy>>;
using KernelsPtr = std::unique_ptr<GirihKernels, Destroyer<girihKernelsDestroy>>;
using LoadedPtr = std::unique_ptr<GirihLoadedKernel, Destroyer<girihLoadedKernelDestroy>>;
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

inline GirihElementType elementTypeOf(nb::dlpack::dtype type) {
  using Code = nb::dlpack::dtype_code;
  if (type == nb::dlpack::dtype{uint8_t(Code::Bfloat), 16, 1})
    return GIRIH_BF16;
  if (type == nb::dlpack::dtype{uint8_t(Code::Float), 16, 1})
    return GIRIH_F16;
  if (type == nb::dlpack::dtype{uint8_t(Code::Float), 32, 1})
    return GIRIH_F32;
  throw nb::type_error("an array's elements must be bf16, f16 or f32");
}

/// Kernels on GPUs (Launch.cpp).
void addLaunches(nb::module_ &module);
/// Handlers of XLA's calls (Ffi.cpp).
void addFfi(nb::module_ &module);

} // namespace girih::python

#endif // GIRIH_PYTHON_MODULE_H

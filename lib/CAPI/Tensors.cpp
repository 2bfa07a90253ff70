#include "Tensors.h"

using namespace girih;
using namespace girih::capi;

static ElementType elementTypeOf(GirihElementType type) {
  switch (type) {
  case GIRIH_BF16:
    return ElementType::BF16;
  case GIRIH_F16:
    return ElementType::F16;
  case GIRIH_F32:
    return ElementType::F32;
  case GIRIH_I8:
    return ElementType::I8;
  case GIRIH_I32:
    return ElementType::I32;
  case GIRIH_I64:
    return ElementType::I64;
  case GIRIH_E4M3:
    return ElementType::E4M3;
  case GIRIH_E5M2:
    return ElementType::E5M2;
  case GIRIH_UE8M0:
    return ElementType::UE8M0;
  }
  throw Error("element type " + std::to_string(int(type)) + " is none");
}

static GirihElementType elementTypeOf(ElementType type) {
  switch (type) {
  case ElementType::BF16:
    return GIRIH_BF16;
  case ElementType::F16:
    return GIRIH_F16;
  case ElementType::F32:
    return GIRIH_F32;
  case ElementType::I8:
    return GIRIH_I8;
  case ElementType::I32:
    return GIRIH_I32;
  case ElementType::I64:
    return GIRIH_I64;
  case ElementType::E4M3:
    return GIRIH_E4M3;
  case ElementType::E5M2:
    return GIRIH_E5M2;
  case ElementType::UE8M0:
    return GIRIH_UE8M0;
  }
  return GIRIH_F32;
}

static std::vector<int64_t> shapeOf(const GirihTensor &tensor) {
  if (tensor.rank < 0 || (tensor.rank > 0 && !tensor.shape))
    throw Error("a tensor has rank " + std::to_string(tensor.rank) + " and no shape");
  return std::vector<int64_t>(tensor.shape, tensor.shape + tensor.rank);
}

static runtime::GivenTensor viewOf(const GirihTensor &tensor) {
  runtime::GivenTensor view{elementTypeOf(tensor.type), shapeOf(tensor), {}};
  if (tensor.strides) {
    view.strides.assign(tensor.strides, tensor.strides + tensor.rank);
    return view;
  }
  view.strides.resize(view.shape.size());
  int64_t stride = 1;
  for (size_t dim = view.shape.size(); dim-- > 0;) {
    view.strides[dim] = stride;
    if (__builtin_mul_overflow(stride, std::max<int64_t>(view.shape[dim], 1), &stride))
      throw Error("a tensor has more elements than memory");
  }
  return view;
}

/// What the kernel says of such types, shapes and strides.
static runtime::Binding bindViews(const Kernel &kernel, const GirihTensor *tensors, size_t count) {
  std::vector<runtime::GivenTensor> views;
  views.reserve(count);
  for (size_t i = 0; i < count; ++i)
    views.push_back(viewOf(tensors[i]));
  return runtime::bindTensors(*kernel.manifest, views);
}

runtime::Binding girih::capi::bind(const Kernel &kernel, const GirihTensor *tensors, size_t count) {
  runtime::Binding binding = bindViews(kernel, tensors, count);
  for (size_t i = 0; i < count; ++i)
    if (!tensors[i].data && binding.tensors[i].span > 0)
      throw Error("'" + kernel.manifest->tensors[i].name + "' has no address");
  return binding;
}

void girih::capi::checkScalars(const Kernel &kernel, const void *const *scalars, size_t count) {
  const std::vector<runtime::ScalarDeclaration> &declared = kernel.manifest->scalars;
  if (count != declared.size())
    throw Error(kernel.name + " takes " + std::to_string(declared.size()) + " scalars, not " + std::to_string(count));
  for (size_t i = 0; i < count; ++i)
    if (!scalars || !scalars[i])
      throw Error("scalar '" + declared[i].name + "' has no address");
}

size_t girihKernelScalarCount(const GirihKernel *kernel) { return kernel->kernel->manifest->scalars.size(); }

GirihScalarInfo girihKernelScalar(const GirihKernel *kernel, size_t index) {
  if (index >= girihKernelScalarCount(kernel))
    return {{"", 0}, GIRIH_F32};
  const runtime::ScalarDeclaration &scalar = kernel->kernel->manifest->scalars[index];
  return {toText(scalar.name), elementTypeOf(scalar.type)};
}

size_t girihKernelTensorCount(const GirihKernel *kernel) { return kernel->kernel->manifest->tensors.size(); }

GirihTensorInfo girihKernelTensor(const GirihKernel *kernel, size_t index) {
  if (index >= girihKernelTensorCount(kernel))
    return {{"", 0}, GIRIH_BF16, 0, 0};
  const runtime::TensorDeclaration &tensor = kernel->kernel->manifest->tensors[index];
  return {toText(tensor.name), elementTypeOf(tensor.type), int(tensor.shape.size()), tensor.isOutput};
}

int girihKernelInferShape(const GirihKernel *kernel, const GirihTensor *tensors, size_t count, size_t index,
                          int64_t *shape, GirihDiagnostics *diagnostics) {
  return guard(diagnostics, [&] {
    const runtime::Manifest &manifest = *kernel->kernel->manifest;
    std::vector<std::vector<int64_t>> shapes;
    for (size_t i = 0; i < count; ++i)
      shapes.push_back(shapeOf(tensors[i]));
    std::vector<std::optional<int64_t>> sizes = runtime::inferSizes(manifest, shapes);
    if (index >= manifest.tensors.size())
      throw Error("tensor " + std::to_string(index) + " is not one of " + std::to_string(manifest.tensors.size()));
    const runtime::TensorDeclaration &tensor = manifest.tensors[index];
    for (size_t dim = 0; dim < tensor.shape.size(); ++dim) {
      const runtime::Extent &extent = tensor.shape[dim];
      std::optional<int64_t> value = extent.index < 0 ? extent.number : sizes[size_t(extent.index)];
      if (!value)
        throw Error("size '" + extent.size + "' is not said by any tensor");
      shape[dim] = *value;
    }
    return 1;
  });
}

int girihKernelCheckTensors(const GirihKernel *kernel, const GirihTensor *tensors, size_t count,
                            GirihDiagnostics *diagnostics) {
  return guard(diagnostics, [&] {
    bindViews(*kernel->kernel, tensors, count);
    return 1;
  });
}

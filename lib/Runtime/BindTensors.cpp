//===- BindTensors.cpp - A manifest and a caller's tensors ----------------===//
//
// Runs before every launch from a framework: texts are made only where something is
// wrong.
//
//===----------------------------------------------------------------------===//

#include "girih/Runtime/Binding.h"
#include <algorithm>

using namespace girih;
using namespace girih::runtime;

namespace {

/// More than any memory holds, and small enough to add to.
constexpr int64_t maxOffset = int64_t(1) << 46;

std::string text(int64_t number) { return std::to_string(number); }

std::string ofDim(const char *what, size_t dim, const TensorDeclaration &tensor) {
  return what + (" " + text(int64_t(dim))) + " of '" + tensor.name + "'";
}

Error wrongRank(const TensorDeclaration &tensor, size_t found) {
  return Error("'" + tensor.name + "' has " + text(int64_t(found)) + " dimensions when it should have " +
               text(int64_t(tensor.shape.size())));
}

/// What a size is, and which dimension says so; none when the kernel does.
struct KnownSize {
  std::optional<int64_t> value;
  const TensorDeclaration *tensor = nullptr;
  size_t dim = 0;
};

void checkExtent(const Manifest &manifest, const TensorDeclaration &tensor, size_t dim, int64_t found,
                 std::vector<KnownSize> &sizes) {
  auto fail = [&](const std::string &expected) {
    throw Error(ofDim("dimension", dim, tensor) + " is " + text(found) + " when " + expected);
  };
  if (found < 0)
    fail("it should not be negative");
  const Extent &extent = tensor.shape[dim];
  if (extent.index < 0) {
    if (found != extent.number)
      fail("it should be " + text(extent.number));
    return;
  }
  KnownSize &size = sizes[size_t(extent.index)];
  if (!size.value)
    size = {found, &tensor, dim};
  else if (*size.value != found)
    fail(extent.size + " is " + text(*size.value) + " by " +
         (size.tensor ? ofDim("dimension", size.dim, *size.tensor) : "the kernel"));
}

/// Frameworks leave any number as the stride of an extent of 1. It gets one that
/// follows from the others, and then what the constraints demand.
void settleFreeStrides(const Manifest &manifest, int tensor, TensorLayout &layout) {
  for (const Constraint &constraint : manifest.constraints) {
    if (constraint.kind != Constraint::Kind::Stride || constraint.tensor != tensor ||
        layout.shape[size_t(constraint.dim)] != 1)
      continue;
    int64_t &stride = layout.strides[size_t(constraint.dim)];
    if (constraint.multiple && constraint.multiple->index < 0)
      stride = (stride + constraint.multiple->number - 1) / constraint.multiple->number * constraint.multiple->number;
    stride = std::clamp(stride, constraint.minimum, constraint.maximum);
  }
}

TensorLayout layoutOf(const TensorDeclaration &declared, const GivenTensor &tensor) {
  TensorLayout layout{tensor.shape, tensor.strides, 0};
  int64_t last = 0; // the offset of the last element
  for (size_t dim = 0; dim < layout.shape.size(); ++dim) {
    if (layout.shape[dim] == 1)
      continue;
    auto fail = [&](const char *expected) {
      throw Error(ofDim("stride", dim, declared) + " is " + text(layout.strides[dim]) + " when " + expected);
    };
    int64_t reach;
    if (layout.strides[dim] < 0)
      fail("it should not be negative");
    if (__builtin_mul_overflow(layout.strides[dim], std::max<int64_t>(layout.shape[dim] - 1, 0), &reach) ||
        __builtin_add_overflow(last, reach, &last) || last > maxOffset)
      fail("no memory is so large");
  }
  for (size_t dim = 0; dim < layout.shape.size(); ++dim)
    if (layout.shape[dim] == 1)
      layout.strides[dim] = dim + 1 == layout.shape.size() ? 1 : last + 1;
  layout.span = layout.elements() == 0 ? 0 : last + 1;
  return layout;
}

} // namespace

std::vector<std::optional<int64_t>> runtime::inferSizes(const Manifest &manifest,
                                                        const std::vector<std::vector<int64_t>> &shapes) {
  if (shapes.size() != manifest.tensors.size())
    throw Error(manifest.name + " takes " + text(int64_t(manifest.tensors.size())) + " tensors, not " +
                text(int64_t(shapes.size())));
  std::vector<KnownSize> sizes;
  for (const SizeDeclaration &size : manifest.sizes)
    sizes.push_back({size.value});
  for (size_t i = 0; i < shapes.size(); ++i) {
    const TensorDeclaration &tensor = manifest.tensors[i];
    if (shapes[i].empty())
      continue;
    if (shapes[i].size() != tensor.shape.size())
      throw wrongRank(tensor, shapes[i].size());
    for (size_t dim = 0; dim < shapes[i].size(); ++dim)
      checkExtent(manifest, tensor, dim, shapes[i][dim], sizes);
  }
  std::vector<std::optional<int64_t>> values;
  for (const KnownSize &size : sizes)
    values.push_back(size.value);
  return values;
}

Binding runtime::bindTensors(const Manifest &manifest, const std::vector<GivenTensor> &tensors) {
  std::vector<std::vector<int64_t>> shapes;
  for (const GivenTensor &tensor : tensors)
    shapes.push_back(tensor.shape);
  std::vector<std::optional<int64_t>> sizes = inferSizes(manifest, shapes);
  Binding binding;
  binding.manifest = &manifest;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (!sizes[i])
      throw Error("size '" + manifest.sizes[i].name + "' is not said by any tensor");
    binding.sizes.push_back(*sizes[i]);
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TensorDeclaration &declared = manifest.tensors[i];
    if (tensors[i].type != declared.type)
      throw Error("'" + declared.name + "' is " + elementTypeName(tensors[i].type) + " when it should be " +
                  elementTypeName(declared.type));
    if (tensors[i].shape.size() != declared.shape.size()) // none at all, which leaves sizes open
      throw wrongRank(declared, tensors[i].shape.size());
    if (tensors[i].strides.size() != tensors[i].shape.size())
      throw Error("'" + declared.name + "' has " + text(int64_t(tensors[i].strides.size())) + " strides and " +
                  text(int64_t(tensors[i].shape.size())) + " dimensions");
    TensorLayout layout = layoutOf(declared, tensors[i]);
    settleFreeStrides(manifest, int(i), layout);
    if (layout.shape.back() > 1 && layout.strides.back() != 1)
      throw Error("the last stride of '" + declared.name + "' is " + text(layout.strides.back()) +
                  " when it should be 1: make the tensor contiguous");
    binding.tensors.push_back(std::move(layout));
  }
  binding.scalars = chooseScalars(manifest, {});
  checkConstraints(binding);
  return binding;
}

// What XLA tells of a call's arrays, and how batches in front of them become one.
#include "Call.h"

#include <algorithm>
#include <stdexcept>

namespace girih::python {
namespace {

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

} // namespace

void Call::add(const ffi::AnyBuffer &buffer, std::optional<size_t> rank, bool isBatched) {
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

void Call::mergeBatches() {
  std::vector<Tensor> merged = tensors;
  for (Tensor &tensor : merged)
    if (!merge(tensor))
      return;
  tensors = std::move(merged);
  sizes.clear();
}

bool Call::merge(Tensor &tensor) const {
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

} // namespace girih::python

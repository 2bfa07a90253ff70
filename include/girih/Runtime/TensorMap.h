//===- TensorMap.h - From a recipe to a tensor map's fields -----*- C++ -*-===//
#ifndef GIRIH_RUNTIME_TENSORMAP_H
#define GIRIH_RUNTIME_TENSORMAP_H

#include "girih/Runtime/Binding.h"
#include <array>

namespace girih::runtime {

/// The fields of a tiled tensor map, innermost dimension first.
struct TensorMapFields {
  std::string tensor; ///< for messages
  ElementType type = ElementType::BF16;
  uint32_t rank = 0;
  std::array<uint64_t, 5> extents{};
  /// Bytes between neighbours of each dimension; the innermost is the element.
  std::array<uint64_t, 5> strides{};
  std::array<uint32_t, 5> box{};
  uint32_t swizzle = 0; ///< bytes: 0, 32, 64 or 128
};

/// The fields that a `tensor_map` argument has for the tensor's shape and
/// strides.
TensorMapFields tensorMapFields(const Argument &argument, const Binding &binding);

/// Throws Error when TMA cannot take `fields` at `address`: each limit of
/// cuTensorMapEncodeTiled, with the number found and the number allowed.
void checkTensorMap(const TensorMapFields &fields, uint64_t address);

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_TENSORMAP_H

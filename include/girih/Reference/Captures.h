//===- Captures.h - Tensors and numbers that a function reads ---*- C++ -*-===//
#ifndef GIRIH_REFERENCE_CAPTURES_H
#define GIRIH_REFERENCE_CAPTURES_H

#include "girih/Support/ElementType.h"
#include <algorithm>
#include <string>
#include <vector>

namespace girih::reference {

/// A tensor of which a function reads elements; strides in elements. Without data it is
/// only known by its name and rank.
struct CapturedTensor {
  std::string name;
  ElementType type = ElementType::F32;
  std::vector<int64_t> shape, strides;
  const void *data = nullptr;

  /// The element at whole indices; those outside count as the nearest inside.
  double at(const double *indices) const {
    int64_t offset = 0;
    for (size_t dim = 0; dim < shape.size(); ++dim)
      offset += std::clamp<int64_t>(int64_t(indices[dim]), 0, shape[dim] - 1) * strides[dim];
    // Of wide integers a kernel has the lower half.
    return isInteger(type) ? double(int32_t(loadInteger(type, data, size_t(offset))))
                           : double(loadElement(type, data, size_t(offset)));
  }
};

/// A number that is chosen at launch.
struct CapturedNumber {
  std::string name;
  double value = 0;
};

struct Captures {
  std::vector<CapturedTensor> tensors;
  std::vector<CapturedNumber> numbers;
};

} // namespace girih::reference

#endif // GIRIH_REFERENCE_CAPTURES_H

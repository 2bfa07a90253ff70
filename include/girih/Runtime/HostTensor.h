//===- HostTensor.h - Tensors of a problem in host memory -------*- C++ -*-===//
#ifndef GIRIH_RUNTIME_HOSTTENSOR_H
#define GIRIH_RUNTIME_HOSTTENSOR_H

#include "girih/Runtime/Binding.h"
#include <functional>

namespace girih::runtime {

/// A tensor's bytes, in its layout, gaps included.
struct HostTensor {
  TensorLayout layout;
  ElementType type = ElementType::BF16;
  std::vector<uint8_t> bytes;

  /// Elements of the innermost dimension.
  int64_t rowLength() const { return layout.shape.back(); }
  int64_t rows() const { return rowLength() ? layout.elements() / rowLength() : 0; }
  /// Element offset of row `index`, counted in the order of the dimensions.
  int64_t rowOffset(int64_t index) const;
  float load(int64_t offset) const { return loadElement(type, bytes.data(), size_t(offset)); }
};

/// The bits that no kernel writes: a NaN whose payload no instruction makes.
uint64_t poisonBits(ElementType type);

/// Whether the element at `offset` still has the poison's bits.
bool isPoison(const HostTensor &tensor, int64_t offset);

/// A tensor whose every element, gaps included, is poison.
HostTensor poisonedTensor(const TensorLayout &layout, ElementType type);

/// A tensor of normally distributed numbers times `factor`; its gaps are
/// poison, so that a kernel that reads one shows. The same for the same seed,
/// on any number of threads.
HostTensor randomTensor(const TensorLayout &layout, ElementType type, uint64_t seed, float factor);

/// Integers from 0 to 3; or, if sorted, from 0 on, growing by 1 at about 16 places of each row.
HostTensor randomIntegers(const TensorLayout &layout, ElementType type, uint64_t seed, bool isSorted);

/// A bijection that scatters its argument's bits; of consecutive numbers it
/// makes independent-looking ones.
uint64_t scatter(uint64_t x);

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_HOSTTENSOR_H

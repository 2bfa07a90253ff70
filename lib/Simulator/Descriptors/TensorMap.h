//===- TensorMap.h - The tensor map and the rows of a box -------*- C++ -*-===//
//
// The 128 bytes of a CUtensorMap are opaque: only the driver writes them. Here
// they hold an encoding of this simulator's own, made from the same recipe.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_DESCRIPTORS_TENSORMAP_H
#define GIRIH_SIMULATOR_DESCRIPTORS_TENSORMAP_H

#include "girih/Simulator/TensorMapRecipe.h"

#include <optional>
#include <string>
#include <vector>

namespace girih::sim {

struct TensorMap {
  uint64_t address = 0;
  TensorMapRecipe recipe;

  uint32_t elementBytes() const { return mapElementBytes(recipe.element); }
  /// Elements of the box along a dimension.
  uint32_t boxElements(uint32_t dimension) const;
  /// Bytes that a whole box occupies in shared memory.
  uint32_t boxBytes() const;
};

/// What cuTensorMapEncodeTiled would refuse; empty when it would not.
std::string checkTensorMap(const TensorMapRecipe &recipe, uint64_t address);

/// Throws Stop when the recipe is not a legal one.
std::array<uint8_t, 128> encodeTensorMap(const TensorMapRecipe &recipe, uint64_t address);
/// Nothing when the bytes are not a tensor map.
std::optional<TensorMap> decodeTensorMap(const uint8_t *bytes);

/// One innermost row of a box.
struct BoxRow {
  /// Offset in the unswizzled box in shared memory.
  uint32_t sharedOffset = 0;
  /// Address of the first element inside the tensor.
  uint64_t globalAddress = 0;
  /// Elements [first, last) of the row lie inside the tensor.
  uint32_t first = 0, last = 0;
};

/// The rows of the box at the given coordinates, in shared memory order.
std::vector<BoxRow> rowsOfBox(const TensorMap &map, const std::array<int32_t, 5> &coordinates);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_DESCRIPTORS_TENSORMAP_H

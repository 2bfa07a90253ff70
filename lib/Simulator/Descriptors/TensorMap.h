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

  /// Elements of the box along a dimension.
  uint32_t boxElements(uint32_t dimension) const;
  /// Bytes of one innermost row in global and, with padding, in shared memory.
  uint32_t rowBytes() const;
  uint32_t sharedRowBytes() const;
  /// Bytes of each 16 in shared memory that come from global memory.
  uint32_t groupBytes() const;
  /// Where the byte at an unswizzled shared memory address lies.
  uint32_t swizzled(uint32_t address) const;
};

/// What cuTensorMapEncodeTiled and its kin would refuse; empty when they would
/// not (TensorMapRules.cpp).
std::string checkTensorMap(const TensorMapRecipe &recipe, uint64_t address);

/// Throws Stop when the recipe is not a legal one.
std::array<uint8_t, 128> encodeTensorMap(const TensorMapRecipe &recipe, uint64_t address);
/// The same without checks: tensormap.replace passes through illegal ones.
std::array<uint8_t, 128> packTensorMap(const TensorMap &map);
/// Nothing when the bytes are not a tensor map.
std::optional<TensorMap> decodeTensorMap(const uint8_t *bytes);

/// One innermost row of a box.
struct BoxRow {
  /// Offset in the unswizzled box in shared memory.
  uint32_t sharedOffset = 0;
  /// Address of the first byte inside the tensor.
  uint64_t globalAddress = 0;
  /// Bytes [first, last) of the row in global memory lie inside the tensor.
  uint32_t first = 0, last = 0;
  /// The PTX ISA does not say which row it is.
  bool isUnknown = false;
};

/// The rows of the box at the given coordinates, in shared memory order.
std::vector<BoxRow> rowsOfBox(const TensorMap &map, const std::array<int32_t, 5> &coordinates);
/// The four rows of `.tile::gather4` and `.tile::scatter4`.
std::vector<BoxRow> rowsOfGather(const TensorMap &map, const std::array<int32_t, 5> &coordinates);
/// One row for each pixel of a column (`.im2col`).
std::vector<BoxRow> rowsOfColumn(const TensorMap &map, const std::array<int32_t, 5> &coordinates,
                                 const std::array<uint32_t, 3> &offsets);
/// The same along the width alone, with `halo` pixels behind each group
/// (`.im2col::w` and `.im2col::w::128`).
std::vector<BoxRow> rowsAlongWidth(const TensorMap &map, const std::array<int32_t, 5> &coordinates, uint32_t halo,
                                   uint32_t offset);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_DESCRIPTORS_TENSORMAP_H

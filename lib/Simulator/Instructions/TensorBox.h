//===- TensorBox.h - What a tensor copy moves -------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_TENSORBOX_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_TENSORBOX_H

#include "../Descriptors/TensorMap.h"
#include "AsyncCopy.h"

namespace girih::sim {

/// `.tile`, `.tile::gather4` and `.tile::scatter4`, `.im2col` and its kin.
enum class LoadMode { Tile, FourRows, Column };

/// The `[map, {coordinates}]` operand, and the offsets of im2col.
struct MapOperand {
  AddressOperand map;
  uint32_t rank = 0;
  LoadMode mode = LoadMode::Tile;
  /// What the map has to be for.
  MapMode mapMode = MapMode::Tiled;
  std::vector<Operand> coordinates, offsets;
};
MapOperand takeMap(Decoder &d, size_t index, uint32_t rank, LoadMode mode, MapMode mapMode);

struct BoxOperand {
  TensorMap map;
  uint64_t mapAddress = 0;
  std::array<int32_t, 5> coordinates{};
  std::vector<BoxRow> rows;
  std::string detail;

  uint32_t sharedBytes() const { return uint32_t(rows.size()) * map.sharedRowBytes(); }
};
/// Reads and checks the map, and finds the rows.
std::shared_ptr<BoxOperand> readBox(Step &s, const MapOperand &operand, unsigned lane);
/// Alignment and range of the box in shared memory.
void checkTile(const Step &s, const BoxOperand &box, const Cta &cta, uint32_t offset);
/// Rules of the direction shared to global memory.
void checkStore(const Step &s, const BoxOperand &box);

/// The map is read through a proxy of its own.
void enterMap(Cluster &cluster, const BoxOperand &box, Access read, const Knowledge &knowledge);

/// Moves one row from global to shared memory.
void loadRow(Cluster &cluster, Cta &cta, const BoxOperand &box, const BoxRow &row, uint32_t base, const Access &read,
             const Access &write, const Knowledge &knowledge);
/// A row of shared memory as its bytes in global memory; false when some of
/// those that lie inside the tensor are undefined.
bool fetchRow(Cta &cta, const BoxOperand &box, const BoxRow &row, uint32_t base, std::vector<uint8_t> &bytes,
              const Access &read, const Knowledge &knowledge);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_TENSORBOX_H

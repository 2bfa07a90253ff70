// Which tiles live in the same registers, so that an MMA in flight, which reads and
// writes registers until it completes, is in the way of whoever writes them.
#ifndef GIRIH_LIB_ANALYSIS_BARRIERS_REGISTERS_H
#define GIRIH_LIB_ANALYSIS_BARRIERS_REGISTERS_H

#include "dialects/Tile/Tile.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/EquivalenceClasses.h"

namespace girih {

/// The registers of one role's tiles, as sets of values that are one another's
/// continuation: what a loop carries under all its names, what a choice yields, an
/// accumulator and the results of its MMA and await. A value that is carried into
/// registers is computed there if nothing else is in them, so the definition is
/// where they are written.
class TileRegisters {
public:
  TileRegisters() = default;
  explicit TileRegisters(tile::RoleOp role);

  /// The number of the registers that hold a tile, or -1 if no MMA uses them.
  int registersOf(mlir::Value tile) const;

private:
  void tie(mlir::Value a, mlir::Value b);

  llvm::EquivalenceClasses<mlir::Value> ties;
  llvm::DenseMap<mlir::Value, int> numbers; ///< of the leaders, if MMAs use them
};

} // namespace girih

#endif // GIRIH_LIB_ANALYSIS_BARRIERS_REGISTERS_H

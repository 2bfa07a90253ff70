// What may be said of an scf.while in a kernel on tiles: it goes on as long as numbers
// tell it to, such as those of work items.
#ifndef GIRIH_DIALECTS_TILE_WHILELOOPS_H
#define GIRIH_DIALECTS_TILE_WHILELOOPS_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/SmallVector.h"

namespace girih::tile {

/// Whether a loop carries numbers only, and what it asks before each round has no effects
/// and changes none of those that it hands on.
bool carriesNumbersOnly(mlir::scf::WhileOp loop);

/// Which of the numbers that such a loop carries its condition asks for, in order.
llvm::SmallVector<unsigned> decidingNumbers(mlir::scf::WhileOp loop);

} // namespace girih::tile

#endif // GIRIH_DIALECTS_TILE_WHILELOOPS_H

// Loops whose ops have stages, as loops over rounds.
#ifndef GIRIH_LIB_TRANSFORMS_EXPANDLOOP_H
#define GIRIH_LIB_TRANSFORMS_EXPANDLOOP_H

#include "LoopStages.h"

namespace girih {

/// Puts a prologue, a loop over rounds and an epilogue in place of the loop; if it may run
/// less often than it has stages, also the loop as it was, for that case.
void expandLoop(mlir::scf::ForOp loop, const LoopSchedule &schedule);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_EXPANDLOOP_H

// By which powers of two an index can be divided.
#ifndef GIRIH_LIB_TRANSFORMS_DIVISIBILITY_H
#define GIRIH_LIB_TRANSFORMS_DIVISIBILITY_H

#include "mlir/IR/Value.h"

namespace girih {

/// How many low bits of an integer are zero whatever its inputs are, at least: it is a
/// multiple of two to that power. This stays true where arithmetic wraps around.
unsigned knownZeroBits(mlir::Value value);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_DIVISIBILITY_H

// What the machine code tells of a kernel, where chips encode it alike.
#ifndef GIRIH_LIB_TARGET_COMMON_INSPECT_H
#define GIRIH_LIB_TARGET_COMMON_INSPECT_H

#include "llvm/ADT/StringRef.h"
#include <optional>

namespace girih {

/// How many values the machine code moves to uniform registers; none if the cubin cannot
/// be read.
std::optional<int64_t> countUniformMoves(llvm::StringRef cubin, llvm::StringRef kernel);

} // namespace girih

#endif // GIRIH_LIB_TARGET_COMMON_INSPECT_H

// Small random changes of IR.
#ifndef GIRIH_TEST_FUZZ_MUTATE_H
#define GIRIH_TEST_FUZZ_MUTATE_H

#include "Random.h"
#include "mlir/IR/BuiltinOps.h"

namespace girih::fuzz {

/// Changes, drops, doubles or swaps one token of the text; at times a whole line.
std::string mutateText(llvm::StringRef text, Random &random);

/// Changes one thing in the module: an op, an operand, an attribute, a type, the
/// order. What comes out may be invalid: the verifier is under test too.
void mutateModule(mlir::ModuleOp module, Random &random);

} // namespace girih::fuzz

#endif // GIRIH_TEST_FUZZ_MUTATE_H

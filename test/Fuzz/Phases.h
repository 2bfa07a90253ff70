// The compiler pass by pass, and a kernel as it is after each.
#ifndef GIRIH_TEST_FUZZ_PHASES_H
#define GIRIH_TEST_FUZZ_PHASES_H

#include "mlir/IR/BuiltinOps.h"

namespace girih::fuzz {

/// A text to mutate: a kernel after the first `done` passes.
struct Phase {
  std::string name; ///< file and last pass
  std::string text;
  size_t done;
};

/// The passes of `girih-compile` in order, each as a pipeline on a module.
std::vector<std::string> compilerPasses(llvm::StringRef target);

/// The kernel of the file before all passes and after each that changes it.
/// Exits when it does not compile: then there is nothing to mutate.
std::vector<Phase> phasesOf(llvm::StringRef path, mlir::MLIRContext &context, llvm::ArrayRef<std::string> passes);

/// Runs a pipeline and verifies afterwards, which `wrong` then says.
mlir::LogicalResult runPass(mlir::ModuleOp module, llvm::StringRef pass, std::string &wrong);

} // namespace girih::fuzz

#endif // GIRIH_TEST_FUZZ_PHASES_H

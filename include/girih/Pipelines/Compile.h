// Compilation of a module, as girih-compile and the bindings do it.
#ifndef GIRIH_PIPELINES_COMPILE_H
#define GIRIH_PIPELINES_COMPILE_H

#include "girih/Target/Manifest.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

namespace girih {

struct CompileRequest {
  std::string target;
  std::string name;           ///< stem of the files; the kernel's own name if empty
  std::string ptxas;          ///< its path, or empty to look for it
  std::string schedules = ""; ///< a database of girih-tune, or empty
  /// Writes the modules' source locations into PTX and cubin.
  bool hasLineInfo = false;
  /// Called with the name of each phase and the module after it.
  std::function<void(llvm::StringRef, mlir::ModuleOp)> afterPhase = nullptr;
  /// Called where compilation begins again with another schedule: phases before do not count.
  std::function<void()> restart = nullptr;
  /// Called with each pass manager before its passes are added: for what a tool offers
  /// on its command line.
  std::function<mlir::LogicalResult(mlir::PassManager &)> configure = nullptr;
  /// Called with a module's PTX before it is assembled. On false the compilation fails,
  /// without a diagnostic.
  std::function<bool(llvm::StringRef)> beforeAssembly = nullptr;
};

struct CompileResult {
  CompiledKernel kernel;
  llvm::json::Object manifest;
};

/// Whether files can be called so: NAME.ptx, NAME.cubin ...
bool isFileStem(llvm::StringRef name);

/// Compiles every kernel of the module, which is consumed. Errors are diagnostics. Where ptxas spills and the
/// schedule leaves the columns open, tiles with fewer are tried.
mlir::FailureOr<std::vector<CompileResult>> compileModule(mlir::ModuleOp module, const CompileRequest &request);

} // namespace girih

#endif // GIRIH_PIPELINES_COMPILE_H

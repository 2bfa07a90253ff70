// The compiler, as pipelines of passes.
#ifndef GIRIH_PIPELINES_PIPELINES_H
#define GIRIH_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace girih {

struct CompileOptions : mlir::PassPipelineOptions<CompileOptions> {
  Option<std::string> target{*this, "target", llvm::cl::desc("the chip to compile for"), llvm::cl::init("")};
};

/// Problems to tile kernels.
void buildAttentionToTile(mlir::OpPassManager &manager, const CompileOptions &options);

/// Tile kernels to role programs on barriers.
void buildTileToBarriers(mlir::OpPassManager &manager);

/// Role programs to the LLVM dialect.
void buildTileToLLVM(mlir::OpPassManager &manager);

/// All of it, in order.
void buildCompile(mlir::OpPassManager &manager, const CompileOptions &options);

} // namespace girih

#endif // GIRIH_PIPELINES_PIPELINES_H

// The compiler, as pipelines of passes.
#ifndef GIRIH_PIPELINES_PIPELINES_H
#define GIRIH_PIPELINES_PIPELINES_H

#include "girih/Transforms/Phase.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace girih {

struct CompileOptions : mlir::PassPipelineOptions<CompileOptions> {
  Option<std::string> target{*this, "target", llvm::cl::desc("the chip to compile for"), llvm::cl::init("")};
  Option<std::string> schedules{*this, "schedules", llvm::cl::desc("a database of girih-tune to take schedules from"),
                                llvm::cl::init("")};
};

/// Problems to tile kernels. Kernels that are past the phase of tiles only get the
/// target.
void buildAttentionToTile(mlir::OpPassManager &manager, const CompileOptions &options, Phase from = Phase::Tiles);

/// Tile kernels to role programs on barriers, from a phase that the kernels have
/// reached.
void buildTileToBarriers(mlir::OpPassManager &manager, Phase from = Phase::Tiles);

/// Role programs to the LLVM dialect.
void buildTileToLLVM(mlir::OpPassManager &manager);

/// All of it, in order.
void buildCompile(mlir::OpPassManager &manager, const CompileOptions &options);

} // namespace girih

#endif // GIRIH_PIPELINES_PIPELINES_H

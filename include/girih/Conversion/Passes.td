#ifndef GIRIH_CONVERSION_PASSES
#define GIRIH_CONVERSION_PASSES

include "mlir/Pass/PassBase.td"

def ConvertTileToNVVMPass : Pass<"convert-tile-to-nvvm", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Turn tile programs into the program of one thread";
  let description = [{
    A tile in registers becomes the scalars that one thread holds, by its fragment
    layout; a tile in shared memory becomes its address; roles become branches on
    the warp number. Ops that a chip does in its own way are left to the target's
    patterns. Loops and scalar arithmetic stay for the upstream conversions.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

#endif // GIRIH_CONVERSION_PASSES

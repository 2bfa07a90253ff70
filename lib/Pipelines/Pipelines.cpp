// The whole compiler on one screen.
#include "girih/Pipelines/Pipelines.h"

#include "girih/Conversion/Passes.h"
#include "girih/InitAll.h"
#include "girih/Transforms/Passes.h"

#include "dialects/Attn/Attn.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace girih {

static void addCleanup(OpPassManager &manager) {
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void buildAttentionToTile(OpPassManager &manager, const CompileOptions &options, Phase from) {
  AttnSchedulePassOptions schedule;
  schedule.target = options.target;
  schedule.schedules = options.schedules;
  manager.addPass(createAttnSchedulePass(schedule));
  if (from > Phase::Tiles)
    return;
  manager.addPass(createAttnTilePass());
  addCleanup(manager.nest<gpu::GPUModuleOp>());
}

void buildTileToBarriers(OpPassManager &manager, Phase from) {
  OpPassManager &kernels = manager.nest<gpu::GPUModuleOp>().nest<gpu::GPUFuncOp>();
  if (from < Phase::Partitioned)
    kernels.addPass(createTilePartitionPass());
  if (from < Phase::Pipelined) {
    kernels.addPass(createTileScheduleLoopsPass());
    kernels.addPass(createTilePipelinePass());
  }
  if (from < Phase::Placed) {
    kernels.addPass(createTileSplitLoopsPass());
    kernels.addPass(arith::createIntRangeOptimizationsPass());
    kernels.addPass(createTileKeepLoopsPass());
    addCleanup(kernels);
    kernels.addPass(createTilePlacePass());
  }
  if (from < Phase::Assigned)
    kernels.addPass(createTileAssignRolesPass());
  if (from < Phase::Specialized)
    kernels.addPass(createTileSpecializePass());
  if (from < Phase::Lowered) {
    addCleanup(kernels);
    kernels.addPass(createTileCutOperandsPass());
    kernels.addPass(createTileShareColumnsPass());
    kernels.addPass(createTileLowerChannelsPass());
  }
  if (from < Phase::Bound) {
    kernels.addPass(createTileVerifyBarriersPass());
    kernels.addPass(createTileBindArgumentsPass());
  }
  addCleanup(kernels);
}

void buildTileToLLVM(OpPassManager &manager) {
  OpPassManager &module = manager.nest<gpu::GPUModuleOp>();
  module.addNestedPass<gpu::GPUFuncOp>(createTileCutColumnsPass());
  module.addNestedPass<gpu::GPUFuncOp>(createCSEPass());
  module.addPass(createConvertTileToNVVMPass());
  module.addPass(createSCFToControlFlowPass());
  module.addPass(createCSEPass());
  module.addPass(createConvertVectorToLLVMPass()); // it folds vectors of constants to arith.constant
  ArithToLLVMConversionPassOptions arith;
  arith.indexBitwidth = 32; // sizes and indices fit; offsets are computed in 64 bits
  module.addPass(createArithToLLVMConversionPass(arith));
  module.addPass(createConvertMathToLLVMPass());
  module.addPass(createConvertNVVMToLLVMPass());
  ConvertControlFlowToLLVMPassOptions controlFlow;
  controlFlow.indexBitwidth = 32;
  manager.addPass(createConvertControlFlowToLLVMPass(controlFlow));
  manager.nest<gpu::GPUModuleOp>().addPass(createReconcileUnrealizedCastsPass());
}

void buildCompile(OpPassManager &manager, const CompileOptions &options) {
  buildAttentionToTile(manager, options);
  buildTileToBarriers(manager);
  buildTileToLLVM(manager);
}

void registerAllDialects(DialectRegistry &registry) {
  registry.insert<attn::AttnDialect, tile::TileDialect, arith::ArithDialect, cf::ControlFlowDialect, func::FuncDialect,
                  gpu::GPUDialect, LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect, NVVM::NVVMDialect,
                  scf::SCFDialect, vector::VectorDialect>();
  registerBuiltinDialectTranslation(registry);
  registerGPUDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
}

void registerAllPasses() {
  registerTransformsPasses();
  arith::registerArithPasses();
  registerConversionPasses();
  registerGirihTransformsPasses();
  registerGirihConversionPasses();
  PassPipelineRegistration<CompileOptions>(
      "attention-to-tile", "Problems to tile kernels",
      [](OpPassManager &manager, const CompileOptions &options) { buildAttentionToTile(manager, options); });
  PassPipelineRegistration<>("tile-to-barriers", "Tile kernels to role programs on barriers",
                             [](OpPassManager &manager) { buildTileToBarriers(manager); });
  PassPipelineRegistration<>("tile-to-llvm", "Role programs to the LLVM dialect", buildTileToLLVM);
  PassPipelineRegistration<CompileOptions>("girih-compile", "Problems and tile kernels to the LLVM dialect",
                                           buildCompile);
}

} // namespace girih

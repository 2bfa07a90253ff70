// convert-tile-to-nvvm: the shared patterns and the target's, put together.
#include "Patterns.h"
#include "girih/Conversion/Passes.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_CONVERTTILETONVVMPASS
#include "girih/Conversion/Passes.h.inc"

namespace {

struct ConvertTileToNVVMPass : impl::ConvertTileToNVVMPassBase<ConvertTileToNVVMPass> {
  void runOnOperation() override {
    gpu::GPUModuleOp module = getOperation();
    SmallVector<gpu::GPUFuncOp> kernels(module.getOps<gpu::GPUFuncOp>());
    if (kernels.empty())
      return;
    const Target *target = lookupTarget(kernels.front());
    if (!target)
      return signalPassFailure();
    declareSharedMemory(module);
    TileTypeConverter converter;
    for (gpu::GPUFuncOp kernel : kernels) {
      describeRoles(kernel);
      if (failed(lowerRoles(kernel, *target)) || failed(convertBody(kernel, converter, *target)) ||
          failed(lowerKernel(kernel)))
        return signalPassFailure();
    }
  }

  /// Shared memory is sized at launch; the swizzle repeats every 1024 bytes.
  void declareSharedMemory(gpu::GPUModuleOp module) {
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), 0);
    LLVM::GlobalOp::create(builder, module.getLoc(), type, /*isConstant=*/false, LLVM::Linkage::External, kSharedSymbol,
                           /*value=*/Attribute(), /*alignment=*/1024, /*addrSpace=*/3);
  }

  /// The roles are recorded for the launch and the manifest before they dissolve.
  void describeRoles(gpu::GPUFuncOp kernel) {
    Builder builder(&getContext());
    SmallVector<Attribute> roles;
    for (auto role : kernel.getBody().front().getOps<tile::RoleOp>())
      roles.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr("name", role.getNameAttr()),
           builder.getNamedAttr("warps", builder.getI64IntegerAttr(kWarpsPerWorker * role.getWorkers())),
           builder.getNamedAttr("registers", builder.getI64IntegerAttr(role.getRegisters()))}));
    kernel->setAttr(tile::kRolesAttr, builder.getArrayAttr(roles));
  }

  LogicalResult convertBody(gpu::GPUFuncOp kernel, const TypeConverter &converter, const Target &target) {
    RewritePatternSet patterns(&getContext());
    populateKernelPatterns(converter, patterns);
    populateElementwisePatterns(converter, patterns);
    populateReductionPatterns(converter, patterns);
    populateMemoryPatterns(converter, patterns);
    populateBarrierPatterns(converter, patterns);
    target.populatePatterns(converter, patterns);
    ConversionTarget legality(getContext());
    scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns, legality);
    legality.addIllegalDialect<tile::TileDialect>();
    legality.addLegalDialect<LLVM::LLVMDialect, NVVM::NVVMDialect, gpu::GPUDialect, vector::VectorDialect>();
    legality.addDynamicallyLegalOp<gpu::GPUFuncOp>(
        [&](gpu::GPUFuncOp op) { return converter.isLegal(op.getArgumentTypes()); });
    legality.addDynamicallyLegalDialect<arith::ArithDialect, math::MathDialect>(
        [&](Operation *op) { return converter.isLegal(op); });
    return applyPartialConversion(kernel, legality, std::move(patterns));
  }
};

} // namespace
} // namespace girih

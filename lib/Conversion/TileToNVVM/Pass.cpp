// convert-tile-to-nvvm: the shared patterns and the target's, put together.
#include "Patterns.h"
#include "girih/Conversion/Passes.h"
#include "girih/Target/Kernel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Threading.h"

using namespace mlir;

namespace girih {

void keepRolled(Operation *loop) {
  MLIRContext *context = loop->getContext();
  auto unroll = LLVM::LoopUnrollAttr::get(context, /*disable=*/BoolAttr::get(context, true), {}, {}, {}, {}, {}, {});
  loop->setAttr("loop_annotation",
                LLVM::LoopAnnotationAttr::get(context, {}, {}, {}, unroll, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}));
}

#define GEN_PASS_DEF_CONVERTTILETONVVMPASS
#include "girih/Conversion/Passes.h.inc"

namespace {

/// Makes the framework's "failed to legalize operation" say why. Patterns that fail
/// say it themselves; what no pattern takes belongs to an earlier phase.
class ConversionDiagnostics : public ScopedDiagnosticHandler {
public:
  explicit ConversionDiagnostics(MLIRContext *context) : ScopedDiagnosticHandler(context) {
    setHandler([this](Diagnostic &diagnostic) { return handle(diagnostic); });
  }

private:
  LogicalResult handle(Diagnostic &diagnostic) {
    if (llvm::get_threadid() != thread || diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return failure(); // for the next handler
    std::string text = diagnostic.str();
    bool isSilent = StringRef(text).starts_with("failed to legalize operation");
    if (isSilent && !isExplained) {
      StringRef name = StringRef(text).split('\'').second.split('\'').first;
      emitError(diagnostic.getLocation()) << "'" << name << "' cannot be converted: " << reasonFor(name);
    }
    isExplained = true;
    return success(isSilent);
  }

  static StringRef reasonFor(StringRef name) {
    return llvm::StringSwitch<StringRef>(name)
        .Cases({"tile.channel", "tile.acquire", "tile.commit", "tile.wait", "tile.release"},
               "run tile-lower-channels first")
        .Cases({"tile.take_turn", "tile.pass_turn", "tile.to_shared"}, "run tile-lower-channels first")
        .Case("tile.load", "run tile-specialize first")
        .Case("tile.mma", "run tile-pipeline first")
        .Case("tile.worker", "it stands in no role")
        .Case("tile.role", "a role must stand in the kernel's own block")
        .Default("there is no code for tiles of these types and layouts");
  }

  uint64_t thread = llvm::get_threadid();
  bool isExplained = false;
};

struct ConvertTileToNVVMPass : impl::ConvertTileToNVVMPassBase<ConvertTileToNVVMPass> {
  void runOnOperation() override {
    gpu::GPUModuleOp module = getOperation();
    SmallVector<gpu::GPUFuncOp> kernels(module.getOps<gpu::GPUFuncOp>());
    if (kernels.empty())
      return;
    const Target *target = lookupTarget(kernels.front());
    if (!target)
      return signalPassFailure();
    if (Operation *taken = module.lookupSymbol(kSharedSymbol)) {
      taken->emitError() << "'" << kSharedSymbol << "' is the name of the kernels' shared memory";
      return signalPassFailure();
    }
    declareSharedMemory(module);
    TileTypeConverter converter;
    for (gpu::GPUFuncOp kernel : kernels) {
      if (failed(checkKernel(kernel)) || failed(checkOps(kernel, *target)))
        return signalPassFailure();
      auto bytes = kernel->getAttrOfType<IntegerAttr>(tile::kSharedBytesAttr);
      if (bytes && failed(target->checkSharedBytes(kernel, bytes.getInt(), target->limitsOf(kernel))))
        return signalPassFailure();
      if (ctasOfProgram(kernel) > 1)
        kernel->setAttr(kSharedProgramAttr, UnitAttr::get(&getContext()));
      describeRoles(kernel);
      keepLoops(kernel);
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

  /// Functions that the target lacks, and elements that no thread can hold.
  LogicalResult checkOps(gpu::GPUFuncOp kernel, const Target &target) {
    WalkResult result = kernel.walk([&](Operation *op) {
      for (Type type : op->getResultTypes())
        if (tile::fragmentEncoding(type) && !isRegisterElement(getElementTypeOrSelf(type)) &&
            !(isByteFloat(getElementTypeOrSelf(type)) && movesBytes(op))) {
          op->emitOpError() << "makes elements of " << getElementTypeOrSelf(type)
                            << "; registers hold f16, bf16, f32, f64 and integers of 1, 8, 16, 32 and 64 bits, and "
                            << "f8E4M3FN and f8E5M2 that arith.truncf makes of f32";
          return WalkResult::interrupt();
        }
      bool isArithmetic = isa_and_nonnull<arith::ArithDialect, math::MathDialect>(op->getDialect());
      return WalkResult(success(!isArithmetic || succeeded(target.checkFunction(op))));
    });
    return failure(result.wasInterrupted());
  }

  /// Floats of 8 bits are for MMAs: they are made of f32, and nothing is computed with them.
  static bool movesBytes(Operation *op) {
    return isa<arith::TruncFOp, tile::RelayoutOp, tile::MoveOp, tile::SliceOp, RegionBranchOpInterface>(op);
  }

  static bool isRegisterElement(Type type) {
    if (type.isInteger())
      return llvm::is_contained({1, 8, 16, 32, 64}, static_cast<int>(type.getIntOrFloatBitWidth()));
    return isa<Float16Type, BFloat16Type, Float32Type, Float64Type, tile::AsyncType>(type);
  }

  /// The roles are recorded for the launch and the manifest before they dissolve.
  void describeRoles(gpu::GPUFuncOp kernel) {
    Builder builder(&getContext());
    SmallVector<Attribute> roles;
    for (auto role : kernel.getBody().front().getOps<tile::RoleOp>())
      roles.push_back(builder.getDictionaryAttr({builder.getNamedAttr("name", role.getNameAttr()),
                                                 builder.getNamedAttr("warps", role.getWarpsAttr()),
                                                 builder.getNamedAttr("registers", role.getRegistersAttr())}));
    kernel->setAttr(tile::kRolesAttr, builder.getArrayAttr(roles));
  }

  /// The step of a loop that is to stay one becomes known, but no assembler may
  /// unroll the loop.
  void keepLoops(gpu::GPUFuncOp kernel) {
    kernel.walk([&](tile::OpaqueOp op) {
      for (Operation *user : op->getUsers())
        keepRolled(user);
      op.replaceAllUsesWith(op.getValue());
      op.erase();
    });
  }

  LogicalResult convertBody(gpu::GPUFuncOp kernel, const TypeConverter &converter, const Target &target) {
    RewritePatternSet patterns(&getContext());
    populateKernelPatterns(converter, patterns);
    populateElementwisePatterns(converter, patterns);
    populateReductionPatterns(converter, patterns);
    populateRandomPatterns(converter, patterns);
    populateClusterPatterns(converter, patterns);
    populateRelayoutPatterns(converter, patterns);
    populateSharedMatrixPatterns(converter, patterns);
    populateTransposePatterns(converter, patterns);
    populateMemoryPatterns(converter, patterns);
    populateSharedVectorPatterns(converter, patterns);
    populateGatherPatterns(converter, patterns);
    populateWorkPatterns(converter, patterns);
    populateBarrierPatterns(converter, patterns, target);
    target.populatePatterns(converter, patterns);
    ConversionTarget legality(getContext());
    scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns, legality);
    legality.addIllegalDialect<tile::TileDialect>();
    legality.addLegalDialect<LLVM::LLVMDialect, NVVM::NVVMDialect, gpu::GPUDialect, vector::VectorDialect>();
    legality.addDynamicallyLegalOp<gpu::GPUFuncOp>(
        [&](gpu::GPUFuncOp op) { return converter.isLegal(op.getArgumentTypes()); });
    legality.addDynamicallyLegalDialect<arith::ArithDialect, math::MathDialect>(
        [&](Operation *op) { return converter.isLegal(op) && target.isNative(op); });
    ConversionDiagnostics diagnostics(&getContext());
    return applyPartialConversion(kernel, legality, std::move(patterns));
  }
};

} // namespace
} // namespace girih

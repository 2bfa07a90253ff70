// The kernel's function: arguments, launch bounds, thread numbers.
#include "girih/Target/Kernel.h"
#include "Patterns.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace girih {
namespace {

/// The body's arguments take the types that the loader passes.
struct ConvertArguments : OpConversionPattern<gpu::GPUFuncOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(gpu::GPUFuncOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    TypeConverter::SignatureConversion signature(op.getNumArguments());
    if (failed(getTypeConverter()->convertSignatureArgs(op.getArgumentTypes(), signature)) ||
        failed(rewriter.convertRegionTypes(&op.getBody(), *getTypeConverter(), &signature)))
      return failure();
    rewriter.modifyOpInPlace(op,
                             [&] { op.setFunctionType(rewriter.getFunctionType(signature.getConvertedTypes(), {})); });
    return success();
  }
};

/// What LLVM must know of an argument beside its recipe. A tensor map is passed by
/// value, 128 bytes, and read in place (PTX ISA, "tensor-map").
SmallVector<NamedAttribute> argumentAttributes(Builder &builder, DictionaryAttr recipe) {
  if (auto kind = recipe.getAs<StringAttr>("kind"); !kind || kind != "tensor_map")
    return {};
  auto bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), 128);
  return {builder.getNamedAttr(LLVM::LLVMDialect::getByValAttrName(), TypeAttr::get(bytes)),
          builder.getNamedAttr(LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(64)),
          builder.getNamedAttr(NVVM::NVVMDialect::getGridConstantAttrName(), builder.getUnitAttr())};
}

int64_t threadCount(gpu::GPUFuncOp kernel) {
  int64_t warps = 0;
  for (auto role : kernel->getAttrOfType<ArrayAttr>(tile::kRolesAttr).getAsRange<DictionaryAttr>())
    warps += role.getAs<IntegerAttr>("warps").getInt();
  return 32 * warps;
}

/// Replaces lane and warp numbers by values computed once at the entry. The warp
/// number goes through a shuffle so that ptxas knows it to be uniform.
void materializeThreadNumbers(Block *entry) {
  ImplicitLocOpBuilder b(entry->getParentOp()->getLoc(), OpBuilder::atBlockBegin(entry));
  Value thread = NVVM::ThreadIdXOp::create(b, b.getI32Type());
  Value lane = arith::AndIOp::create(b, thread, constantI32(b, 31));
  Value warp =
      NVVM::ShflOp::create(b, b.getI32Type(), constantI32(b, -1), arith::ShRUIOp::create(b, thread, constantI32(b, 5)),
                           constantI32(b, 0), constantI32(b, 31), NVVM::ShflKind::idx, UnitAttr());
  Value laneIndex = arith::IndexCastOp::create(b, b.getIndexType(), lane);
  Value warpIndex = arith::IndexCastOp::create(b, b.getIndexType(), warp);
  entry->walk([&](Operation *op) {
    if (isa<gpu::LaneIdOp>(op))
      op->getResult(0).replaceAllUsesWith(laneIndex);
    else if (isa<gpu::SubgroupIdOp>(op))
      op->getResult(0).replaceAllUsesWith(warpIndex);
    else
      return;
    op->erase();
  });
}

/// A grid number as NVVM reads it along the op's dimension.
template <typename X, typename Y, typename Z> void lowerGridNumber(Operation *op, gpu::Dimension dimension) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  Value number;
  if (dimension == gpu::Dimension::x)
    number = X::create(b, b.getI32Type());
  else if (dimension == gpu::Dimension::y)
    number = Y::create(b, b.getI32Type());
  else
    number = Z::create(b, b.getI32Type());
  op->getResult(0).replaceAllUsesWith(arith::IndexCastOp::create(b, b.getIndexType(), number).getResult());
  op->erase();
}

void lowerGridNumbers(Block *entry) {
  entry->walk([&](Operation *op) {
    if (auto block = dyn_cast<gpu::BlockIdOp>(op))
      lowerGridNumber<NVVM::BlockIdXOp, NVVM::BlockIdYOp, NVVM::BlockIdZOp>(op, block.getDimension());
    else if (auto grid = dyn_cast<gpu::GridDimOp>(op))
      lowerGridNumber<NVVM::GridDimXOp, NVVM::GridDimYOp, NVVM::GridDimZOp>(op, grid.getDimension());
    else if (auto cluster = dyn_cast<gpu::ClusterIdOp>(op))
      lowerGridNumber<NVVM::ClusterIdXOp, NVVM::ClusterIdYOp, NVVM::ClusterIdZOp>(op, cluster.getDimension());
    else if (auto clusters = dyn_cast<gpu::ClusterDimOp>(op))
      lowerGridNumber<NVVM::ClusterDimXOp, NVVM::ClusterDimYOp, NVVM::ClusterDimZOp>(op, clusters.getDimension());
    else if (auto cta = dyn_cast<gpu::ClusterBlockIdOp>(op))
      lowerGridNumber<NVVM::BlockInClusterIdXOp, NVVM::BlockInClusterIdYOp, NVVM::BlockInClusterIdZOp>(
          op, cta.getDimension());
  });
}

} // namespace

void populateKernelPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertArguments>(converter, patterns.getContext());
}

LogicalResult lowerKernel(gpu::GPUFuncOp kernel) {
  OpBuilder builder(kernel);
  Location loc = kernel.getLoc();
  Block *entry = &kernel.getBody().front();

  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  SmallVector<Attribute> recipes;
  for (BlockArgument argument : entry->getArguments()) {
    unsigned i = argument.getArgNumber();
    Type type = argument.getType();
    auto recipe = kernel.getArgAttrOfType<DictionaryAttr>(i, tile::kArgumentAttr);
    if (!recipe)
      return kernel.emitError() << "argument " << i << " has no recipe: run tile-bind-arguments first";
    types.push_back(type.isIndex() ? builder.getI32Type() : type);
    recipes.push_back(recipe);
    attributes.push_back(builder.getDictionaryAttr(argumentAttributes(builder, recipe)));
  }
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(kernel.getContext()), types);
  auto function = LLVM::LLVMFuncOp::create(builder, loc, kernel.getName(), type);
  for (NamedAttribute attr : kernel->getDiscardableAttrs())
    if (attr.getName() != gpu::GPUDialect::getKernelFuncAttrName() && attr.getName() != kSharedProgramAttr)
      function->setAttr(attr.getName(), attr.getValue());
  function->setAttr(tile::kArgumentsAttr, builder.getArrayAttr(recipes));
  function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  auto schedule = tile::Schedule::decode(kernel->getAttrOfType<tile::ScheduleAttr>(tile::kScheduleAttr));
  function->setAttr(NVVM::NVVMDialect::getMaxntidAttrName(),
                    builder.getDenseI32ArrayAttr({static_cast<int32_t>(threadCount(kernel)), 1, 1}));
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    builder.getI32IntegerAttr(int32_t(schedule.ctas.value_or(1))));
  if (int64_t cluster = clusterOf(kernel); cluster > 1)
    function->setAttr(NVVM::NVVMDialect::getClusterDimAttrName(),
                      builder.getDenseI32ArrayAttr({static_cast<int32_t>(cluster), 1, 1}));
  for (auto [i, dictionary] : llvm::enumerate(attributes))
    function.setArgAttrs(i, dictionary);

  function.getBody().takeBody(kernel.getBody());
  builder.setInsertionPointToStart(entry);
  for (auto [argument, converted] : llvm::zip(entry->getArguments(), types)) {
    Type original = argument.getType();
    argument.setType(converted);
    if (original == converted || argument.use_empty())
      continue;
    Value index = arith::IndexCastOp::create(builder, loc, original, argument);
    argument.replaceAllUsesExcept(index, index.getDefiningOp());
  }
  Operation *end = entry->getTerminator();
  builder.setInsertionPoint(end);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  end->erase();
  materializeThreadNumbers(entry);
  lowerGridNumbers(entry);
  kernel.erase();
  return success();
}

} // namespace girih

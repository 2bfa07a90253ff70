#include "girih/Conversion/Lowering.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace girih {

int64_t elementsPerRegister(Type elementType) {
  unsigned bits = elementType.getIntOrFloatBitWidth();
  return bits >= 8 && bits < 32 ? 32 / bits : 1;
}

bool isByteFloat(Type elementType) { return isa<Float8E4M3FNType, Float8E5M2Type>(elementType); }

static LogicalResult convertFragment(RankedTensorType tile, SmallVectorImpl<Type> &results) {
  tile::FragmentAttr encoding = tile::fragmentEncoding(tile);
  if (!encoding)
    return failure();
  int64_t packed = elementsPerRegister(tile.getElementType());
  int64_t elements = tile::Fragment(encoding).numRegisters();
  if (elements % packed != 0)
    return failure();
  Type type = packed == 1 ? tile.getElementType() : VectorType::get(packed, tile.getElementType());
  if (isByteFloat(tile.getElementType()))
    type = IntegerType::get(tile.getContext(), 32);
  results.append(elements / packed, type);
  return success();
}

TileTypeConverter::TileTypeConverter() {
  addConversion([](Type type) { return type; });
  addConversion([](RankedTensorType type, SmallVectorImpl<Type> &results) -> std::optional<LogicalResult> {
    if (tile::sharedEncoding(type) || tile::isInTensorMemory(type)) {
      results.push_back(IntegerType::get(type.getContext(), 32));
      return success();
    }
    return convertFragment(type, results);
  });
  addConversion([](tile::AsyncType type, SmallVectorImpl<Type> &results) -> std::optional<LogicalResult> {
    return convertFragment(type.getTile(), results);
  });
  addConversion([](tile::BufferType type) { return IntegerType::get(type.getContext(), 32); });
  addConversion([](tile::BarriersType type) { return IntegerType::get(type.getContext(), 32); });
  addConversion([](tile::TensorMapType type) { return LLVM::LLVMPointerType::get(type.getContext()); });
  addConversion([](tile::GlobalPointerType type) { return LLVM::LLVMPointerType::get(type.getContext(), 1); });
  // Ops of other dialects keep their tiles, behind casts.
  addSourceMaterialization([](OpBuilder &builder, Type type, ValueRange inputs, Location loc) -> Value {
    return UnrealizedConversionCastOp::create(builder, loc, type, inputs).getResult(0);
  });
  addTargetMaterialization(
      [](OpBuilder &builder, TypeRange types, ValueRange inputs, Location loc) -> SmallVector<Value> {
        return UnrealizedConversionCastOp::create(builder, loc, types, inputs).getResults();
      });
}

SmallVector<Value> unpackRegisters(ImplicitLocOpBuilder &b, ValueRange registers, Type elementType) {
  int64_t packed = elementsPerRegister(elementType);
  if (packed == 1)
    return llvm::to_vector(registers);
  SmallVector<Value> elements;
  for (Value value : registers)
    for (int64_t i = 0; i < packed; ++i)
      elements.push_back(vector::ExtractOp::create(b, value, i));
  return elements;
}

SmallVector<Value> packRegisters(ImplicitLocOpBuilder &b, ValueRange elements, Type elementType) {
  int64_t packed = elementsPerRegister(elementType);
  if (packed == 1)
    return llvm::to_vector(elements);
  SmallVector<Value> registers;
  auto type = VectorType::get(packed, elementType);
  for (size_t i = 0; i < elements.size(); i += packed)
    registers.push_back(vector::FromElementsOp::create(b, type, elements.slice(i, packed)));
  return registers;
}

LLVM::InlineAsmOp emitPtx(ImplicitLocOpBuilder &b, TypeRange results, StringRef ptx, StringRef constraints,
                          ValueRange operands) {
  std::string withClobber = constraints.str() + (constraints.empty() ? "~{memory}" : ",~{memory}");
  Type result;
  if (results.size() == 1)
    result = results[0];
  else if (results.size() > 1)
    result = LLVM::LLVMStructType::getLiteral(b.getContext(), llvm::to_vector(results));
  return LLVM::InlineAsmOp::create(b, result ? TypeRange(result) : TypeRange(), operands, ptx, withClobber,
                                   /*has_side_effects=*/true, /*is_align_stack=*/false, LLVM::TailCallKind::None,
                                   LLVM::AsmDialectAttr::get(b.getContext(), LLVM::AsmDialect::AD_ATT),
                                   /*operand_attrs=*/ArrayAttr());
}

Value constantI32(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantOp::create(b, b.getI32IntegerAttr(static_cast<int32_t>(value)));
}

Value laneId(ImplicitLocOpBuilder &b) {
  return arith::IndexCastOp::create(b, b.getI32Type(), gpu::LaneIdOp::create(b, nullptr));
}

Value warpInWorker(ImplicitLocOpBuilder &b) {
  Value warp = arith::IndexCastOp::create(b, b.getI32Type(), gpu::SubgroupIdOp::create(b, nullptr));
  return arith::AndIOp::create(b, warp, constantI32(b, kWarpsPerWorker - 1));
}

/// The sum over the modes of digit * step, with digits taken from `number`.
static Value digitOffset(ImplicitLocOpBuilder &b, const tile::Fragment::Modes &modes, Value number, unsigned dim) {
  Value sum = constantI32(b, 0);
  int64_t place = 1;
  for (const tile::Mode &mode : modes) {
    if (mode.movesAlong(dim)) {
      Value digit = b.createOrFold<arith::DivUIOp>(number, constantI32(b, place));
      digit = b.createOrFold<arith::RemUIOp>(digit, constantI32(b, mode.size));
      Value part = b.createOrFold<arith::MulIOp>(digit, constantI32(b, mode.steps[dim]));
      sum = b.createOrFold<arith::AddIOp>(sum, part);
    }
    place *= mode.size;
  }
  return sum;
}

Value threadOffset(ImplicitLocOpBuilder &b, const tile::Fragment &layout, unsigned dim) {
  Value lanes = digitOffset(b, layout.laneModes(), laneId(b), dim);
  Value warps = digitOffset(b, layout.warpModes(), warpInWorker(b), dim);
  return b.createOrFold<arith::AddIOp>(lanes, warps);
}

Value sharedPointer(ImplicitLocOpBuilder &b, Value address) {
  return LLVM::IntToPtrOp::create(b, LLVM::LLVMPointerType::get(b.getContext(), 3), address);
}

Value barrierAddress(ImplicitLocOpBuilder &b, Value barriers, Value index) {
  Value number = arith::IndexCastOp::create(b, b.getI32Type(), index);
  return arith::AddIOp::create(b, barriers, arith::MulIOp::create(b, number, constantI32(b, kBarrierBytes)));
}

} // namespace girih

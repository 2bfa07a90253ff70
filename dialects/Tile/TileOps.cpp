// Rules of the value, pipelining and placement ops.
#include "dialects/Tile/Fragment.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace girih::tile;

#define GET_OP_CLASSES
#include "dialects/Tile/TileOps.cpp.inc"

static RankedTensorType tileType(Value value) {
  if (auto async = dyn_cast<AsyncType>(value.getType()))
    return async.getTile();
  return cast<RankedTensorType>(value.getType());
}

/// MxK times KxN (or NxK transposed) into MxN; of a pair, each CTA has half of the columns of b.
static LogicalResult verifyMma(Operation *op, RankedTensorType a, RankedTensorType b, RankedTensorType result,
                               bool transposeB, bool pair) {
  if (a.getRank() != 2 || b.getRank() != 2 || result.getRank() != 2)
    return op->emitOpError("needs tiles of 2 dimensions");
  auto isNarrowFloat = [](RankedTensorType type) {
    return isa<FloatType>(type.getElementType()) && type.getElementTypeBitWidth() == 8;
  };
  // Chips mix formats of 8 bits.
  if (a.getElementType() != b.getElementType() && !(isNarrowFloat(a) && isNarrowFloat(b)))
    return op->emitOpError() << "operand types differ: " << a.getElementType() << " and " << b.getElementType();
  int64_t k = a.getDimSize(1), bK = b.getDimSize(transposeB ? 1 : 0);
  if (k != bK)
    return op->emitOpError() << "inner sizes differ: a has " << k << ", b has " << bK;
  int64_t m = a.getDimSize(0), n = b.getDimSize(transposeB ? 0 : 1) * (pair ? 2 : 1);
  if (result.getDimSize(0) != m || result.getDimSize(1) != n)
    return op->emitOpError() << "result is " << result.getDimSize(0) << "x" << result.getDimSize(1)
                             << ", operands make " << m << "x" << n;
  return success();
}

/// Both operands have scales, for all of their rows or columns, or neither has.
static LogicalResult verifyScales(Operation *op, ValueRange scales, bool mayBeginInHalf, RankedTensorType a,
                                  RankedTensorType b, bool transposeB, bool pair) {
  if (scales.empty() && mayBeginInHalf)
    return op->emitOpError("has second_half and no scales");
  if (scales.empty())
    return success();
  if (scales.size() != 2)
    return op->emitOpError() << "has " << scales.size() << " tiles of scales, must be 2: of a and of b";
  if (pair)
    return op->emitOpError("of a pair of CTAs cannot have scales");
  for (RankedTensorType operand : {a, b})
    if (!isa<FloatType>(operand.getElementType()) || operand.getElementTypeBitWidth() != 8)
      return op->emitOpError() << "has scales for an operand of " << operand.getElementType()
                               << ", must be floats of 8 bits";
  int64_t inner = a.getDimSize(1), most = kScaleGroup * kScaleGroups;
  if (inner % kScaleGroup != 0 || inner > most)
    return op->emitOpError() << "has scales for an inner size of " << inner << ", must be a multiple of " << kScaleGroup
                             << " up to " << most;
  int64_t outer[] = {a.getDimSize(0), b.getDimSize(transposeB ? 0 : 1) + (mayBeginInHalf ? kScaledRows / 2 : 0)};
  constexpr StringLiteral names[] = {"a", "b"};
  for (auto [value, size, name] : llvm::zip(scales, outer, names)) {
    RankedTensorType type = tileType(value);
    auto needed = RankedTensorType::get(scalesShape(size), Float8E8M0FNUType::get(op->getContext()));
    bool isSlot = isInTensorMemory(type);
    if (isSlot ? type != scalesSlot(needed)
               : type.getShape() != needed.getShape() || type.getElementType() != needed.getElementType())
      return op->emitOpError() << "scales of " << name << " are " << type << ", must be "
                               << (isSlot ? scalesSlot(needed) : needed);
  }
  return success();
}

bool girih::tile::isOfPair(Operation *op) {
  if (auto mma = dyn_cast<MmaOp>(op))
    return mma.getPair();
  if (auto mma = dyn_cast<MmaAsyncOp>(op))
    return mma.getPair();
  auto into = dyn_cast<MmaIntoOp>(op);
  return into && into.getPair();
}

bool girih::tile::signalsPair(Operation *op) {
  return TypeSwitch<Operation *, bool>(op)
      .Case<MmaCommitOp, BarrierExpectOp, RequestWorkOp>([](auto signal) { return signal.getPair(); })
      .Default(false);
}

ValueRange girih::tile::scalesOf(Operation *op) {
  if (auto mma = dyn_cast<MmaOp>(op))
    return mma.getScales();
  if (auto mma = dyn_cast<MmaAsyncOp>(op))
    return mma.getScales();
  auto into = dyn_cast<MmaIntoOp>(op);
  return into ? ValueRange(into.getScales()) : ValueRange();
}

static LogicalResult verifyAccumulator(Operation *op, Value acc, RankedTensorType result) {
  if (acc && tileType(acc) != result)
    return op->emitOpError() << "accumulator is " << tileType(acc) << ", result is " << result;
  return success();
}

template <typename OpTy> static LogicalResult verifyMmaOfValues(OpTy op) {
  RankedTensorType a = tileType(op.getA()), b = tileType(op.getB()), result = tileType(op.getResult());
  if (failed(verifyAccumulator(op, op.getAcc(), result)) ||
      failed(verifyMma(op, a, b, result, op.getTransposeB(), op.getPair())))
    return failure();
  return verifyScales(op, op.getScales(), !!op.getSecondHalf(), a, b, op.getTransposeB(), op.getPair());
}

LogicalResult MmaOp::verify() { return verifyMmaOfValues(*this); }

LogicalResult MmaAsyncOp::verify() { return verifyMmaOfValues(*this); }

LogicalResult MmaIntoOp::verify() {
  RankedTensorType dest = tileType(getDest()), a = tileType(getA()), b = tileType(getB());
  if (!isInTensorMemory(dest))
    return emitOpError() << "accumulates in tensor memory, not in " << dest;
  if (!isInTensorMemory(a) && !sharedEncoding(a))
    return emitOpError() << "reads a left operand in shared or tensor memory, not " << a;
  if (!sharedEncoding(b))
    return emitOpError() << "reads a right operand in shared memory, not " << b;
  for (Value scales : getScales())
    if (!isInTensorMemory(scales.getType()))
      return emitOpError() << "reads scales in tensor memory, not " << scales.getType();
  if (failed(verifyMma(*this, a, b, dest, getTransposeB(), getPair())))
    return failure();
  return verifyScales(*this, getScales(), !!getSecondHalf(), a, b, getTransposeB(), getPair());
}

LogicalResult CopyScalesOp::verify() {
  RankedTensorType scales = tileType(getScales()), dest = tileType(getDest());
  SharedAttr shared = sharedEncoding(scales);
  bool isWhole = scales.getRank() == 2 && scales.getDimSize(0) % kScaleRows == 0 &&
                 scales.getDimSize(1) == kScaleColumns && isa<Float8E8M0FNUType>(scales.getElementType());
  if (!shared || shared.getSwizzle() != kScaleColumns || !isWhole)
    return emitOpError() << "copies f8E8M0FNU in shared memory, of multiples of " << kScaleRows << " rows of "
                         << kScaleColumns << " without a swizzle, not " << scales;
  if (dest != scalesSlot(scales))
    return emitOpError() << "copies scales that need " << scalesSlot(scales) << " to " << dest;
  return success();
}

/// The rows of a tile in registers lie where the matrix has them.
static LogicalResult verifyLayout(Operation *op, RankedTensorType rows, const Fragment &needed) {
  FragmentAttr expected = needed.toAttr(op->getContext());
  if (fragmentEncoding(rows) != expected)
    return op->emitOpError() << "needs rows that lie as " << expected << ", not " << rows;
  return success();
}

LogicalResult ReduceOp::verify() {
  RankedTensorType source = tileType(getTile()), result = tileType(getResult());
  if (source.getRank() != 2)
    return emitOpError() << "needs a tile of 2 dimensions, not " << source.getRank();
  if (source.getElementType() != result.getElementType())
    return emitOpError() << "element types differ: " << source.getElementType() << " and " << result.getElementType();
  if (result.getDimSize(0) != source.getDimSize(0))
    return emitOpError() << "result has " << result.getDimSize(0) << " rows, tile has " << source.getDimSize(0);
  if (result.getRank() == 2 && source.getDimSize(1) % result.getDimSize(1) != 0)
    return emitOpError() << "tile of " << source.getDimSize(1) << " columns cannot make " << result.getDimSize(1)
                         << " equal partial results";
  if (FragmentAttr layout = fragmentEncoding(source)) {
    Fragment whole(layout);
    return verifyLayout(*this, result, result.getRank() == 1 ? whole.dropColumns() : whole.foldColumnRegisters());
  }
  return success();
}

LogicalResult BroadcastOp::verify() {
  RankedTensorType source = tileType(getTile()), result = tileType(getResult());
  if (source.getRank() != 1 || result.getRank() != 2 || source.getDimSize(0) != result.getDimSize(0) ||
      source.getElementType() != result.getElementType())
    return emitOpError() << "cannot repeat " << source << " to " << result;
  if (FragmentAttr layout = fragmentEncoding(result))
    return verifyLayout(*this, source, Fragment(layout).dropColumns());
  return success();
}

LogicalResult IotaOp::verify() {
  int64_t rank = tileType(getResult()).getRank();
  int64_t dimension = getDimension();
  if (dimension < 0 || dimension >= rank)
    return emitOpError() << "dimension is " << dimension << ", tile has " << rank;
  return success();
}

LogicalResult SliceOp::verify() {
  RankedTensorType source = tileType(getTile()), result = tileType(getResult());
  if (source.getRank() != result.getRank())
    return emitOpError() << "slice has " << result.getRank() << " dimensions, tile has " << source.getRank();
  if (static_cast<int64_t>(getOffsets().size()) > source.getRank())
    return emitOpError() << "has " << getOffsets().size() << " offsets, tile has " << source.getRank() << " dimensions";
  for (int64_t dim = 0; dim < source.getRank(); ++dim) {
    int64_t whole = source.getDimSize(dim), part = result.getDimSize(dim);
    if (dim >= static_cast<int64_t>(getOffsets().size()) && part != whole)
      return emitOpError() << "slice of " << part << " in dimension " << dim << " has no offset in tile of " << whole;
    if (whole % part != 0 && (part > whole || !getConstantIntValue(getOffsets()[dim])))
      return emitOpError() << "slice of " << part << " in dimension " << dim << " does not divide tile of " << whole
                           << ", and its offset is no constant";
  }
  if (fragmentEncoding(source) && !sliceType(source, result.getShape()))
    return emitOpError() << "cannot take " << result << " of the registers of a worker: each must hold as many of the "
                         << "columns, and all rows";
  if (isInTensorMemory(source) && result.getDimSize(0) != source.getDimSize(0))
    return emitOpError() << "takes " << result.getDimSize(0) << " of the " << source.getDimSize(0)
                         << " lanes of a tile in tensor memory, must be all";
  SharedAttr shared = sharedEncoding(source);
  if (shared && result.getDimSize(0) % 8 != 0)
    return emitOpError() << "slice of " << result.getDimSize(0)
                         << " rows in shared memory, must be a multiple of the 8 after which the swizzle repeats";
  if (int64_t bytes = result.getShape().back() * result.getElementTypeBitWidth() / 8;
      shared && bytes % shared.getSwizzle() != 0)
    return emitOpError() << "slice has rows of " << bytes << " bytes, no multiple of the tile's swizzle of "
                         << shared.getSwizzle();
  if (result != sliceType(source, result.getShape()))
    return emitOpError() << "slice is " << result << " when it should be " << sliceType(source, result.getShape());
  return success();
}

LogicalResult SliceOp::checkOffsets() {
  for (auto [offset, whole, part] :
       llvm::zip(getOffsets(), getTile().getType().getShape(), getResult().getType().getShape())) {
    std::optional<int64_t> known = getConstantIntValue(offset);
    int64_t step = std::gcd(whole, part);
    if (known && (*known < 0 || *known > whole - part || *known % step != 0))
      return emitOpError() << "offset is " << *known << ", must be a multiple of " << step << " from 0 to "
                           << whole - part;
  }
  return success();
}

LogicalResult AwaitOp::verify() {
  if (tileType(getValue()) != tileType(getResult()))
    return emitOpError() << "waits for " << tileType(getValue()) << " but gives " << tileType(getResult());
  if (static_cast<int64_t>(getInFlight()) < 0)
    return emitOpError("in_flight is negative");
  return success();
}

LogicalResult MoveOp::verify() {
  RankedTensorType source = tileType(getTile()), result = tileType(getResult());
  bool loads = (isInTensorMemory(source) || sharedEncoding(source)) && fragmentEncoding(result);
  if (!loads && !(fragmentEncoding(source) && isInTensorMemory(result)))
    return emitOpError() << "goes between tensor memory and registers or from shared memory to registers, not from "
                         << source << " to " << result;
  if (!holdsTile(source, result))
    return emitOpError() << "changes the tile from " << source << " to " << result;
  return success();
}

/// Element types agree, and sizes are exchanged.
static LogicalResult verifyTransposed(Operation *op, RankedTensorType source, RankedTensorType result) {
  if (source.getRank() == 2 && result.getRank() == 2 && source.getElementType() == result.getElementType() &&
      source.getDimSize(0) == result.getDimSize(1) && source.getDimSize(1) == result.getDimSize(0))
    return success();
  return op->emitOpError() << "cannot transpose " << source << " to " << result;
}

LogicalResult TransposeOp::verify() {
  if (getStages() && (*getStages() < 1 || *getStages() > kMaxSlots))
    return emitOpError() << "stages is " << *getStages() << ", must be 1 to " << kMaxSlots;
  return verifyTransposed(*this, getTile().getType(), getResult().getType());
}

LogicalResult TransposeIntoOp::verify() {
  RankedTensorType source = getTile().getType(), dest = getDest().getType();
  SharedAttr from = sharedEncoding(source), to = sharedEncoding(dest);
  if (!from || !to || from.getInterleaved() || !to.getInterleaved())
    return emitOpError() << "goes from shared memory to interleaved shared memory, not from " << source << " to "
                         << dest;
  return verifyTransposed(*this, source, dest);
}

LogicalResult RelayoutOp::verify() {
  RankedTensorType source = tileType(getTile()), result = tileType(getResult());
  if (!fragmentEncoding(source) || !fragmentEncoding(result))
    return emitOpError() << "goes from registers to registers, not from " << source << " to " << result;
  if (source.getShape() != result.getShape() || source.getElementType() != result.getElementType())
    return emitOpError() << "changes the tile from " << source << " to " << result;
  return success();
}

LogicalResult ToSharedOp::verify() {
  RankedTensorType source = tileType(getTile()), result = tileType(getResult());
  if (!fragmentEncoding(source) || !sharedEncoding(result))
    return emitOpError() << "goes from registers to shared memory, not from " << source << " to " << result;
  if (source.getShape() != result.getShape() || source.getElementType() != result.getElementType())
    return emitOpError() << "changes the tile from " << source << " to " << result;
  return success();
}

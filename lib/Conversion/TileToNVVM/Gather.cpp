// Elements of global tensors, read one by one.
#include "Patterns.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <map>
#include <set>

using namespace mlir;

namespace girih {
namespace {

/// Reads the elements that one thread holds. Columns of a row differ by constants, so where
/// all of a thread's indices are inside of the tensor, a row costs one address; the loads have
/// constant offsets from it, and are of several elements where these follow each other in memory
/// and are aligned, which is seen at run time. Elsewhere each index is clamped.
class Gatherer {
public:
  Gatherer(ImplicitLocOpBuilder &b, tile::GatherOp op, Value source) : b(b), op(op), source(source) {
    element = cast<tile::GlobalPointerType>(op.getSource().getType()).getElementType();
    if (auto type = dyn_cast<RankedTensorType>(op.getResult().getType()))
      layout.emplace(tile::fragmentEncoding(type));
  }

  SmallVector<Value> read(ArrayRef<ValueRange> indices);

private:
  /// Indices of all elements of a thread that have the same first ones.
  struct Row {
    SmallVector<Value> firsts; ///< with the thread's own column in them
  };
  /// An element: of which row, and at which column beside the thread's own.
  struct Place {
    int64_t row, column;
    auto operator<=>(const Place &) const = default;
  };

  void findPlaces(ArrayRef<ValueRange> indices);
  void findWidth();
  Value isInside();
  Value isAligned(Value start);
  SmallVector<Value> readAll(bool isInside);
  SmallVector<Value> load(Value address, int64_t count);
  Value widen(Value element);
  Value clamp(Value index, Value limit);
  Value offsetOf(ArrayRef<Value> indices);
  Value plus(Value x, int64_t y) { return b.createOrFold<arith::AddIOp>(x, constantI32(b, y)); }
  size_t rank() { return op.getLimits().size(); }

  ImplicitLocOpBuilder &b;
  tile::GatherOp op;
  Value source;
  Type element;
  std::optional<tile::Fragment> layout;
  std::vector<Row> rows;
  std::vector<Place> places;    ///< that differ
  SmallVector<Value> starts;    ///< the addresses of rows, where all of them is inside
  int64_t width = 1;            ///< elements of a load there
  std::vector<size_t> elements; ///< the places of the result's elements
};

Value Gatherer::clamp(Value index, Value limit) {
  Value last = b.createOrFold<arith::SubIOp>(limit, constantI32(b, 1));
  return b.createOrFold<arith::MaxSIOp>(b.createOrFold<arith::MinSIOp>(index, last), constantI32(b, 0));
}

Value Gatherer::offsetOf(ArrayRef<Value> indices) {
  Value offset = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
  for (auto [index, stride] : llvm::zip(indices, op.getStrides())) {
    Value wide = b.createOrFold<arith::ExtSIOp>(b.getI64Type(), index);
    offset = b.createOrFold<arith::AddIOp>(offset, b.createOrFold<arith::MulIOp>(wide, stride));
  }
  return offset;
}

Value Gatherer::widen(Value value) {
  if (element.isF16() || element.isBF16())
    return arith::ExtFOp::create(b, b.getF32Type(), value);
  if (element.isInteger(64))
    return arith::TruncIOp::create(b, b.getI32Type(), value);
  return element.isInteger(8) ? arith::ExtUIOp::create(b, b.getI32Type(), value).getResult() : value;
}

/// What nobody writes may be read through the cache for constants.
SmallVector<Value> Gatherer::load(Value address, int64_t count) {
  Type type = count == 1 ? element : VectorType::get(count, element);
  unsigned alignment = count == 1 ? 0 : count * element.getIntOrFloatBitWidth() / 8;
  Value loaded = LLVM::LoadOp::create(b, type, address, alignment, /*isVolatile=*/false, /*isNonTemporal=*/false,
                                      /*isInvariant=*/true);
  if (count == 1)
    return {widen(loaded)};
  SmallVector<Value> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(widen(LLVM::ExtractElementOp::create(b, loaded, constantI32(b, i))));
  return values;
}

/// The largest power of two of elements that all places make whole loads of, 16 bytes at most.
void Gatherer::findWidth() {
  constexpr int64_t kMostBits = 128;
  int64_t steps = 0;
  for (auto [step, stride] : llvm::zip(op.getSteps(), op.getStrides())) {
    steps += step;
    if (step != 0 && (step != 1 || getConstantIntValue(stride) != 1))
      return;
  }
  if (steps != 1)
    return;
  std::set<Place> all(places.begin(), places.end());
  auto isWhole = [&](int64_t count) {
    return llvm::all_of(places, [&](const Place &place) {
      int64_t first = place.column / count * count;
      for (int64_t column = first; column < first + count; ++column)
        if (!all.count({place.row, column}))
          return false;
      return true;
    });
  };
  while (2 * width * element.getIntOrFloatBitWidth() <= kMostBits && isWhole(2 * width))
    width *= 2;
}

/// Whether loads of `width` elements may begin there.
Value Gatherer::isAligned(Value start) {
  Value address = LLVM::PtrToIntOp::create(b, b.getI64Type(), start);
  Value rest = arith::AndIOp::create(
      b, address, arith::ConstantOp::create(b, b.getI64IntegerAttr(width * element.getIntOrFloatBitWidth() / 8 - 1)));
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rest, arith::ConstantOp::create(b, b.getI64IntegerAttr(0)));
}

/// Elements of one register of the row indices are a row; those of an index for each element
/// are by themselves.
void Gatherer::findPlaces(ArrayRef<ValueRange> indices) {
  int64_t count = layout ? layout->numRegisters() : 1;
  bool hasColumns = layout && layout->getRank() == 2;
  auto rankOf = [&](size_t dim) -> int64_t {
    auto type = dyn_cast<RankedTensorType>(op.getIndices()[dim].getType());
    return type ? type.getRank() : 0;
  };
  bool isOfElement = false, isOfRow = false;
  for (size_t dim = 0; dim < rank(); ++dim) {
    isOfElement |= layout && rankOf(dim) == layout->getRank();
    isOfRow |= rankOf(dim) == 1;
  }
  std::map<int64_t, int64_t> rowRegisters;
  if (hasColumns) {
    tile::Fragment ofRows = layout->dropColumns();
    for (int64_t i = 0; i < ofRows.numRegisters(); ++i)
      rowRegisters[ofRows.registerOffset(i)[0]] = i;
  }
  Value mine = hasColumns ? threadOffset(b, *layout, 1) : Value();
  std::map<int64_t, int64_t> known; ///< rows by their register
  std::map<Place, size_t> knownPlaces;
  for (int64_t i = 0; i < count; ++i) {
    tile::Fragment::Position position = layout ? layout->registerOffset(i) : tile::Fragment::Position{};
    int64_t rowRegister = hasColumns ? rowRegisters[position[0]] : i;
    int64_t key = isOfElement ? i : isOfRow ? rowRegister : 0;
    auto [found, isNew] = known.try_emplace(key, rows.size());
    Place place{found->second, hasColumns ? position[1] : 0};
    auto [number, isNewPlace] = knownPlaces.try_emplace(place, places.size());
    if (isNewPlace)
      places.push_back(place);
    elements.push_back(number->second);
    if (!isNew)
      continue;
    Row &row = rows.emplace_back();
    for (auto [dim, step] : llvm::enumerate(op.getSteps())) {
      int64_t registers = rankOf(dim);
      Value first = indices[dim][registers == 0 ? 0 : hasColumns && registers == 1 ? rowRegister : i];
      if (step == 0)
        first = clamp(first, op.getLimits()[dim]);
      else
        first = b.createOrFold<arith::AddIOp>(first, b.createOrFold<arith::MulIOp>(mine, constantI32(b, step)));
      row.firsts.push_back(first);
    }
  }
}

/// Whether all indices that have steps are inside, for the whole warp: then no thread branches
/// away from others.
Value Gatherer::isInside() {
  auto [least, most] = std::minmax_element(places.begin(), places.end(),
                                           [](const Place &x, const Place &y) { return x.column < y.column; });
  Value inside = arith::ConstantOp::create(b, b.getBoolAttr(true));
  for (const Row &row : rows)
    for (auto [first, step, limit] : llvm::zip(row.firsts, op.getSteps(), op.getLimits())) {
      if (step == 0)
        continue;
      for (int64_t column : {least->column, most->column}) // an index below 0 is a large one
        inside = b.createOrFold<arith::AndIOp>(
            inside, arith::CmpIOp::create(b, arith::CmpIPredicate::ult, plus(first, column * step), limit));
    }
  for (Value start : width > 1 ? ArrayRef<Value>(starts) : ArrayRef<Value>())
    inside = b.createOrFold<arith::AndIOp>(inside, isAligned(start));
  return NVVM::VoteSyncOp::create(b, b.getI1Type(), constantI32(b, -1), inside, NVVM::VoteSyncKind::all);
}

SmallVector<Value> Gatherer::readAll(bool isInside) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext(), 1);
  SmallVector<Value> values;
  std::map<Place, Value> known;
  for (const Place &place : places) {
    if (auto found = known.find(place); found != known.end()) {
      values.push_back(found->second);
      continue;
    }
    SmallVector<Value> indices;
    for (auto [first, step, limit] : llvm::zip(rows[place.row].firsts, op.getSteps(), op.getLimits())) {
      if (isInside)
        indices.push_back(constantI32(b, place.column / width * width * step));
      else
        indices.push_back(step ? clamp(plus(first, place.column * step), limit) : first);
    }
    Value start = isInside ? starts[place.row] : source;
    int64_t count = isInside ? width : 1, first = place.column / count * count;
    Value address = LLVM::GEPOp::create(b, pointer, element, start, ValueRange{offsetOf(indices)});
    for (auto [i, value] : llvm::enumerate(load(address, count)))
      known[{place.row, first + int64_t(i)}] = value;
    values.push_back(known[place]);
  }
  return values;
}

SmallVector<Value> Gatherer::read(ArrayRef<ValueRange> indices) {
  findPlaces(indices);
  SmallVector<Value> values;
  bool hasSteps = llvm::any_of(op.getSteps(), [](int64_t step) { return step != 0; });
  if (!hasSteps || rows.size() == places.size()) {
    values = readAll(/*isInside=*/false);
  } else {
    SmallVector<Type> types(places.size(), getElementTypeOrSelf(op.getResult().getType()));
    auto pointer = LLVM::LLVMPointerType::get(b.getContext(), 1);
    for (const Row &row : rows)
      starts.push_back(LLVM::GEPOp::create(b, pointer, element, source, ValueRange{offsetOf(row.firsts)}));
    findWidth();
    auto choice = scf::IfOp::create(b, types, isInside(), /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    for (bool inside : {true, false}) {
      b.setInsertionPointToStart(inside ? choice.thenBlock() : choice.elseBlock());
      scf::YieldOp::create(b, readAll(inside));
    }
    values = llvm::to_vector_of<Value>(choice.getResults());
  }
  return llvm::map_to_vector(elements, [&](size_t place) { return values[place]; });
}

struct ConvertGather : OpConversionPattern<tile::GatherOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::GatherOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getResult().getType());
    if (isa<MemRefType>(op.getSource().getType()))
      return op.emitOpError("has no address: run tile-bind-arguments first");
    if (type && !tile::fragmentEncoding(type))
      return op.emitOpError("reads into registers only: run tile-place first");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<ValueRange> indices(adaptor.getIndices());
    rewriter.replaceOpWithMultiple(op, {Gatherer(b, op, adaptor.getSource().front()).read(indices)});
    return success();
  }
};

} // namespace

void populateGatherPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertGather>(converter, patterns.getContext());
}

} // namespace girih

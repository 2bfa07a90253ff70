// TMA checks an index against a size that is fixed in the map, and a part of a tensor ends where data
// says. But addresses are sums of indices times strides, modulo 2^64. So a part's rows are counted up to a
// number that is the same for all parts, kPartRows, one index moves the end of the part there, and
// a last one takes these rows back by going once around the address space:
//
//   address + (kPartRows - length + i) * stride + end + kPartRows * (2^64 / kPartRows - stride)
//     = address + (begin + i) * stride          as end = (begin + length) * stride
//
// The map's own address is the tensor's: TMA wants memory there, even if no copy goes to it.
#include "TensorMaps.h"
#include "Divisibility.h"

#include "girih/Target/Manifest.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace girih {
namespace {

/// Rows after which every swizzle repeats, so that copies of whole groups of them can
/// stand below each other.
constexpr int64_t kGroupRows = 8;

/// What takes kPartRows rows back has this stride, less a row's.
constexpr int64_t kAroundBytes = int64_t(1) << 34;
static_assert(uint64_t(kAroundBytes) * uint64_t(kPartRows) == 0, "goes around the address space");

class Maker {
public:
  Maker(Operation *user, const MappedTensor &tensor, std::optional<int64_t> cut, const Target &target)
      : user(user), tensor(tensor), cut(cut), target(target), builder(user->getContext()), rank(tensor.type.getRank()) {
  }

  LogicalResult check() const;
  FailureOr<tile::TensorMapType> makeTypeOfTurns(RankedTensorType tile) const;
  FailureOr<tile::TensorMapType> makeType(RankedTensorType tile, Value column);
  DictionaryAttr makeRecipe(tile::TensorMapType type);

private:
  /// A part of a dimension that tiles do not have.
  bool isCutOutside() const { return cut && *cut < rank - 2; }
  NamedAttribute named(StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  }

  Operation *user;
  const MappedTensor &tensor;
  std::optional<int64_t> cut;
  const Target &target;
  Builder builder;
  int64_t rank;
};

LogicalResult Maker::check() const {
  if (!cut)
    return success();
  if (*cut == rank - 1)
    return user->emitError() << "a copy needs all of the last dimension of a tensor, a view has a part of dimension "
                             << *cut;
  // Others are for the loader to check.
  int64_t bytes = tensor.type.getElementTypeBitWidth() / 8;
  for (auto [dim, stride] : llvm::enumerate(tensor.type.getStridesAndOffset().first))
    if (int64_t(dim) < rank - 1 && ShapedType::isStatic(stride) && stride * bytes % kPartUnitBytes != 0)
      return user->emitError() << "stride of dimension " << dim << " is " << stride * bytes
                               << " bytes when copies in a part of a tensor need a multiple of " << kPartUnitBytes;
  return success();
}

/// One copy moves all rows of a panel.
FailureOr<tile::TensorMapType> Maker::makeTypeOfTurns(RankedTensorType tile) const {
  int64_t rows = tile.getDimSize(0), slots = tensor.turns->slots;
  Limits limits = target.limits();
  if (rows % slots != 0 || rows / slots > limits.boxSize || slots > limits.boxSize)
    return user->emitError() << "a tile of " << rows << " rows cannot be copied in turns of " << slots
                             << ", a copy has 1 to " << limits.boxSize << " turns of as many rows";
  int64_t swizzle = tile::sharedEncoding(tile).getSwizzle(), panel = swizzle * 8 / tile.getElementTypeBitWidth();
  SmallVector<int64_t> box(rank - 2, 1);
  box.append({rows / slots, slots, panel});
  return tile::TensorMapType::getChecked([&] { return user->emitError(); }, builder.getContext(),
                                         ArrayRef<int64_t>(box), tile.getElementType(), swizzle, panel,
                                         /*folded=*/false);
}

/// One copy moves the whole tile where the last dimension splits evenly into panels,
/// the tile starts at one of them whatever the sizes are, and the box holds all rows;
/// else some rows of a panel at a time, so that TMA sees where the tensor ends.
FailureOr<tile::TensorMapType> Maker::makeType(RankedTensorType tile, Value column) {
  if (tensor.turns)
    return makeTypeOfTurns(tile);
  int64_t swizzle = tile::sharedEncoding(tile).getSwizzle();
  int64_t panel = swizzle * 8 / tile.getElementTypeBitWidth();
  int64_t last = tensor.type.getDimSize(rank - 1);
  Limits limits = target.limits();
  int64_t rows = limits.copyRows(tile.getDimSize(0), kGroupRows);
  if (rows == 0)
    return user->emitError() << "a tile of " << tile.getDimSize(0) << " rows cannot be copied, a copy on "
                             << target.chip() << " moves up to " << limits.boxSize << " rows in groups of "
                             << kGroupRows << " (knobs rows, columns and workers)";
  int64_t outer = cut ? 2 + isCutOutside() : rank - tile.getRank();
  SmallVector<int64_t> box(outer, 1);
  llvm::append_range(box, tile.getShape());
  box[box.size() - 2] = rows;
  bool isWhole = rows == tile.getDimSize(0) && rows == tile::panelRows(tile);
  bool folded = isWhole && tile.getDimSize(1) <= limits.boxSize && ShapedType::isStatic(last) && last % panel == 0 &&
                knownZeroBits(column) >= llvm::Log2_64(panel) && int64_t(box.size()) + 1 <= limits.mapRank;
  if (!folded)
    box.back() = panel;
  return tile::TensorMapType::getChecked([&] { return user->emitError(); }, builder.getContext(),
                                         ArrayRef<int64_t>(box), tile.getElementType(), swizzle, panel, folded);
}

/// The modes of docs/manifest.md, innermost first.
DictionaryAttr Maker::makeRecipe(tile::TensorMapType type) {
  int64_t last = rank - 1;
  ArrayRef<int64_t> box = type.getBox();
  SmallVector<Attribute> modes;
  auto add = [&](ArrayRef<NamedAttribute> entries) { modes.push_back(builder.getDictionaryAttr(entries)); };
  auto addWhole = [&](int64_t dim, int64_t size) {
    SmallVector<NamedAttribute> entries = {named("dim", dim), named("box", size)};
    if (dim == cut)
      entries.push_back(named("extent", kPartRows));
    add(entries);
  };
  if (type.getFolded())
    add({named("dim", last), named("extent", type.getPanel()), named("box", type.getPanel())});
  else
    addWhole(last, box.back());
  if (tensor.turns) {
    add({named("dim", tensor.turns->dim), named("extent", tensor.turns->count), named("box", tensor.turns->slots)});
    addWhole(last - 1, box[box.size() - 3]);
  } else if (rank > 1) {
    addWhole(last - 1, box[box.size() - 2]);
  }
  if (type.getFolded())
    add({named("dim", last), named("extent", tensor.type.getDimSize(last) / type.getPanel()),
         named("step", type.getPanel()), named("box", box.back() / type.getPanel())});
  for (int64_t dim = last - 2; dim >= 0; --dim)
    if (tensor.turns && dim == tensor.turns->dim)
      add({named("dim", dim), named("extent", tensor.type.getDimSize(dim) / tensor.turns->count),
           named("step", tensor.turns->count), named("box", 1)});
    else if (!cut || dim == *cut)
      addWhole(dim, 1);
  if (cut) {
    add({named("dim", *cut), named("step", -1), named("bytes", kAroundBytes), named("extent", kLargestSize),
         named("box", 1)});
    add({named("bytes", kPartUnitBytes), named("extent", kLargestSize), named("box", 1)});
  }
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("kind", builder.getStringAttr("tensor_map")), builder.getNamedAttr("tensor", tensor.name),
       named("swizzle", type.getRecipeSwizzle()), builder.getNamedAttr("modes", builder.getArrayAttr(modes))});
}

} // namespace

FailureOr<TensorMap> makeTensorMap(Operation *user, const MappedTensor &tensor, RankedTensorType tile, Value column,
                                   std::optional<int64_t> cut, const Target &target) {
  Maker maker(user, tensor, cut, target);
  if (failed(maker.check()))
    return failure();
  FailureOr<tile::TensorMapType> type = maker.makeType(tile, column);
  if (failed(type) || !*type)
    return failure();
  return TensorMap{*type, maker.makeRecipe(*type)};
}

} // namespace girih

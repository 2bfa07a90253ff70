// Regions of attn.forward on a tile of scores.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNREGION_H
#define GIRIH_LIB_TRANSFORMS_ATTNREGION_H

#include "AttnScore.h"

namespace girih {

/// How many numbers there are of a value.
enum class Extent { Tile, Row, Score };

/// A value on the tile. With a step, it is `value + step * column`, and neither is one for
/// each score; what is one for each score is `factor * value + offset`, and the offset, if there
/// is one, is not.
struct Spread {
  mlir::Value value;
  Extent extent = Extent::Tile;
  mlir::Value step = {}; ///< of the type of `value`
  Extent stepExtent = Extent::Tile;
  double factor = 1;
  mlir::Value offset = {};
  Extent offsetExtent = Extent::Tile;

  Extent whole() const { return step ? Extent::Score : extent; }
};

class RegionBuilder {
public:
  RegionBuilder(IndexBuilder &b, const ScoreTile &tile);

  /// Says where batch, head, query and key of a region are.
  void bindIndices(llvm::ArrayRef<mlir::BlockArgument> arguments);
  /// The result of a score region.
  FactoredScores score(mlir::Block &region, double scale);
  /// A value of a region, one for each row or for each score.
  mlir::Value build(mlir::Value value, Extent extent) { return complete(at(value), extent); }

private:
  Spread convert(mlir::Operation *op);
  Spread convertSum(mlir::Operation *op, const Spread &x, const Spread &y, bool isDifference);
  Spread add(const Spread &x, const Spread &y, bool isDifference);
  std::optional<Spread> addToOffset(const Spread &x, const Spread &y, bool isDifference);
  std::optional<Spread> joinNumber(const Spread &x, const Spread &y);
  std::optional<Spread> joinFactor(const Spread &x, const Spread &y, bool isQuotient);
  Spread convertProduct(mlir::Operation *op, const Spread &x, const Spread &y);
  std::optional<Spread> convertComparison(mlir::arith::CmpIOp op);
  std::optional<Spread> convertMask(mlir::arith::SelectOp op);
  Spread convertLookup(attn::LookupOp op);
  std::optional<Spread> loadDense(attn::LookupOp op);
  Spread apply(mlir::Operation *op, llvm::ArrayRef<Spread> operands);
  template <typename FloatOp, typename IntegerOp> Spread combine(const Spread &x, const Spread &y);

  /// Converts it where it has not been yet.
  Spread at(mlir::Value value);
  mlir::RankedTensorType typeOf(Extent extent, mlir::Type element) {
    return extent == Extent::Row ? mlir::RankedTensorType::get({rows}, element)
                                 : mlir::RankedTensorType::get({rows, columns}, element);
  }
  /// Indices have 32 bits, as all sizes have.
  mlir::Type inTile(mlir::Type type) { return type.isIndex() ? mlir::Type(b.getI32Type()) : type; }
  mlir::Value asI32(mlir::Value index) { return mlir::arith::IndexCastOp::create(b, b.getI32Type(), index); }
  mlir::Value number(mlir::Type type, double value);
  mlir::Value widen(mlir::Value value, Extent from, Extent to);
  mlir::Value complete(const Spread &x, Extent extent);
  mlir::Value column(mlir::Type element);

  IndexBuilder &b;
  ScoreTile tile;
  int64_t rows, columns;
  llvm::SmallDenseMap<mlir::Value, Spread> values;
};

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNREGION_H

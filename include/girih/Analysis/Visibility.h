// Which keys the rows of a tile of queries see: the mask region of attn.forward as conditions on
// the key index, and from them the keys that some row sees and those that all rows see. What is
// not known at compile time is computed by index arithmetic that is built along the way.
#ifndef GIRIH_ANALYSIS_VISIBILITY_H
#define GIRIH_ANALYSIS_VISIBILITY_H

#include "dialects/Attn/Attn.h"
#include "dialects/Tile/IndexBuilder.h"
#include "mlir/IR/IRMapping.h"
#include <vector>

namespace girih {

/// What a mask region knows of a tile beside its queries and keys.
struct MaskPlace {
  mlir::Value batch, head;   ///< index
  mlir::Value queries, keys; ///< how many there are, index
  /// Of captured tensors and numbers to the values that stand for them where indices are built.
  const mlir::IRMapping *captures = nullptr;
};

/// An index of a region: key * k / divisor + query * q + shared + constant + perRow * row.
struct LinearIndex {
  int64_t key = 0, divisor = 1, query = 0;
  mlir::Value shared; ///< by all rows of a tile, index; null is 0
  int64_t constant = 0;
  /// A value of the region that depends on the query in some other way, null if there is none,
  /// with its bounds in a tile: functions of the least and the largest query, null if unknown.
  mlir::Value row;
  int64_t perRow = 0;
};

/// When a query sees a key.
struct VisibilityCondition {
  enum class Kind {
    Constant, ///< isTrue
    Before,   ///< the key is before the limit
    From,     ///< the key is the limit or after it
    Rows,     ///< the limit is not above 0
    All,      ///< of the parts
    Any,      ///< of the parts
    Opaque,   ///< as the value of the region says, or the opposite
    Sorted,   ///< the same, of a comparison of a sorted tensor's element at the key with the limit
  };
  Kind kind = Kind::Constant;
  bool isTrue = true; ///< of an opaque or sorted condition: whether it is the value and not the opposite
  LinearIndex limit;  ///< without key
  std::vector<VisibilityCondition> parts;
  mlir::Value value;
  /// Of a sorted condition: the element, and how it compares with the limit.
  attn::LookupOp element;
  mlir::arith::CmpIPredicate predicate = mlir::arith::CmpIPredicate::eq;
};

/// base + constant; no base is 0.
struct KeyBound {
  mlir::Value base;
  int64_t constant = 0;

  mlir::Value build(IndexBuilder &b) const;
};

/// Keys from `begin` to before `end`; without one, to the end of the keys.
struct KeySpan {
  std::optional<KeyBound> begin, end;
};

struct Visibility {
  KeySpan some; ///< no row sees a key outside of it and of `before`
  /// A second span, if there is one: it neither begins after `some` nor ends after it.
  std::optional<KeySpan> before;
  std::optional<KeySpan> all; ///< each row sees all keys in it; none if there is no such span
};

/// Reads a mask region, whose block takes batch, head, query and key.
class MaskReader {
public:
  /// Index arithmetic is built at the place where `b` is.
  MaskReader(IndexBuilder &b, mlir::Block &region, const MaskPlace &place);

  const VisibilityCondition &condition() const { return whole; }
  /// For the queries from `firstQuery` on, `rows` of them.
  Visibility bound(mlir::Value firstQuery, int64_t rows);

private:
  using Condition = VisibilityCondition;
  using MaybeIndex = std::optional<LinearIndex>;
  struct Bounds {
    std::optional<KeyBound> low, high;
  };

  MaybeIndex index(mlir::Value value);
  MaybeIndex convert(mlir::Operation *op);
  bool dependsOnKey(mlir::Value value);
  MaybeIndex sum(const LinearIndex &x, const LinearIndex &y, int64_t sign);
  MaybeIndex product(const LinearIndex &x, const LinearIndex &y);
  LinearIndex constantOrShared(mlir::Value value);
  mlir::Value asIndex(mlir::Value number);
  mlir::Value buildLookup(attn::LookupOp op, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value sharedValue(const LinearIndex &x);

  Condition read(mlir::Value value, bool isTrue);
  Condition compare(mlir::arith::CmpIPredicate predicate, const LinearIndex &x, const LinearIndex &y);
  std::optional<Condition> notAbove(const LinearIndex &x, const LinearIndex &y);
  std::optional<Condition> magnitude(mlir::arith::CmpIOp op, bool isTrue);
  attn::LookupOp sortedAtKey(mlir::Value value);
  std::optional<Condition> sorted(mlir::arith::CmpIOp op, bool isTrue);

  Bounds boundsOf(const LinearIndex &x);
  std::pair<mlir::Value, mlir::Value> boundsOfRow(mlir::Value row);
  std::pair<mlir::Value, mlir::Value> boundsOfLookup(attn::LookupOp op);
  Visibility bound(const Condition &condition);
  Visibility boundSorted(const Condition &condition);
  /// A place to look for in a sorted tensor: before the first element that is the number or above
  /// it, or above it only.
  struct Search {
    mlir::Value number;
    bool isAbove;
  };
  llvm::SmallVector<mlir::Value> search(attn::LookupOp op, llvm::ArrayRef<Search> searches);
  KeyBound pick(const KeyBound &x, const KeyBound &y, bool largest);
  std::optional<KeyBound> pickEnd(const std::optional<KeyBound> &x, const std::optional<KeyBound> &y, bool narrow,
                                  bool isBegin);
  KeySpan intersect(const KeySpan &x, const KeySpan &y);
  KeySpan hull(const KeySpan &x, const KeySpan &y);
  void unite(Visibility &result, const KeySpan &x, const KeySpan &y);
  KeySpan larger(const KeySpan &x, const KeySpan &y);
  std::pair<mlir::Value, mlir::Value> ends(const KeySpan &span);

  IndexBuilder &b;
  MaskPlace place;
  mlir::Block &region;
  llvm::DenseMap<mlir::Value, MaybeIndex> indices;
  llvm::DenseMap<mlir::Value, bool> keyed;
  int64_t conditions = 0;
  Condition whole;
  // Of the tile that is being bounded.
  mlir::Value firstQuery;
  int64_t rows = 0;
  llvm::DenseMap<mlir::Value, std::pair<mlir::Value, mlir::Value>> rowBounds;
};

/// The predicate with which y compares with x as x does with y; without sign there are none here.
mlir::arith::CmpIPredicate swapSides(mlir::arith::CmpIPredicate predicate);

} // namespace girih

#endif // GIRIH_ANALYSIS_VISIBILITY_H

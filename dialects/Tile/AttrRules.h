// Rules for attributes that are built of dictionaries, lists, text and numbers.
#ifndef GIRIH_DIALECTS_TILE_ATTRRULES_H
#define GIRIH_DIALECTS_TILE_ATTRRULES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringSet.h"
#include <functional>

namespace girih::tile {

/// An attribute, or a part of one: where it is, for diagnostics on `op`.
struct AttrPlace {
  mlir::Operation *op;
  std::string path; ///< such as "tile.work[0][1]"

  /// A diagnostic that starts with the path.
  mlir::InFlightDiagnostic error() const { return op->emitError() << path << " "; }
  /// "PATH is ATTR when it should be WHAT".
  mlir::LogicalResult fail(mlir::Attribute attr, const llvm::Twine &what) const;
  AttrPlace element(size_t index) const;
  AttrPlace member(llvm::StringRef name) const;
};

/// Checks one attribute.
using AttrRule = std::function<mlir::LogicalResult(const AttrPlace &, mlir::Attribute)>;

/// Text that is not empty and can be written to JSON.
mlir::LogicalResult isText(const AttrPlace &place, mlir::Attribute attr);

/// Whatever can be written to JSON: finite numbers of at most 64 bits, text, and lists
/// and dictionaries of these. Attributes of other kinds are written as they print.
mlir::LogicalResult isJson(const AttrPlace &place, mlir::Attribute attr);

AttrRule isOneOf(llvm::ArrayRef<llvm::StringRef> words);
AttrRule isNumber(int64_t minimum, int64_t maximum);
AttrRule isListOf(AttrRule rule, size_t minimum = 0, size_t maximum = SIZE_MAX);

/// A dictionary of exactly these entries.
struct AttrField {
  llvm::StringRef name;
  AttrRule rule;
  bool isOptional = false;
};
AttrRule isRecord(llvm::ArrayRef<AttrField> fields);

/// An attribute of one kind.
template <typename AttrTy> AttrRule isA(llvm::StringRef what) {
  return [=](const AttrPlace &place, mlir::Attribute attr) {
    return mlir::success(llvm::isa<AttrTy>(attr) || llvm::succeeded(place.fail(attr, what)));
  };
}

/// Of a tensor's dimension.
inline constexpr int64_t kMaxDimension = int64_t(1) << 40;

/// A recipe of docs/manifest.md.
mlir::LogicalResult isRecipe(const AttrPlace &place, mlir::Attribute attr);

/// What a recipe names is there.
mlir::LogicalResult checkRecipe(const AttrPlace &place, mlir::DictionaryAttr recipe);

/// The names of a tensor's sizes, and the memory order that permutes them.
mlir::LogicalResult checkNames(const AttrPlace &place, int64_t rank, mlir::ArrayAttr sizes, mlir::ArrayAttr order);

/// The argument types of a function, which need not be verified yet.
llvm::ArrayRef<mlir::Type> argumentTypes(mlir::Operation *function);

/// What a kernel says of its tensors, so far as it is well formed.
class Tensors {
public:
  explicit Tensors(mlir::Operation *kernel);

  bool known() const { return isBound || !sizes.empty(); }
  bool hasSize(llvm::StringRef name) const { return sizes.contains(name); }
  std::optional<size_t> rank(llvm::StringRef name) const {
    auto tensor = ranks.find(name);
    return tensor == ranks.end() ? std::nullopt : std::optional(tensor->second);
  }

private:
  void add(mlir::StringAttr name, mlir::ArrayAttr names);

  bool isBound = false;
  llvm::StringSet<> sizes;
  llvm::StringMap<size_t> ranks;
};

} // namespace girih::tile

#endif // GIRIH_DIALECTS_TILE_ATTRRULES_H

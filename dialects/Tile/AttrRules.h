// Rules for attributes that are built of dictionaries, lists, text and numbers.
#ifndef GIRIH_DIALECTS_TILE_ATTRRULES_H
#define GIRIH_DIALECTS_TILE_ATTRRULES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
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

} // namespace girih::tile

#endif // GIRIH_DIALECTS_TILE_ATTRRULES_H

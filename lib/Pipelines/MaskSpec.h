// Masks that --attention knows by name, and combinations of them.
#ifndef GIRIH_LIB_PIPELINES_MASKSPEC_H
#define GIRIH_LIB_PIPELINES_MASKSPEC_H

#include "dialects/Attn/Attn.h"
#include <vector>

namespace girih {

/// What may stand after mask=, for messages and --help.
extern const char *const kMaskNames;

/// Masks joined by & and |, as `causal&window(128,0)|prefix(16)` says.
class MaskSpec {
public:
  using Error = llvm::function_ref<mlir::InFlightDiagnostic(llvm::StringRef)>;

  /// `error` makes a diagnostic at a part of the text.
  mlir::LogicalResult parse(llvm::StringRef text, Error error);
  /// The name, if it is one that the op knows.
  attn::Mask name() const;
  /// Fills in the mask region of an op, unless the op knows the name.
  void build(attn::ForwardOp op) const;
  /// For names of files: "causal", "or_window128-0_prefix16".
  std::string fileName() const { return fileName(whole); }

private:
  enum class Kind { Named, Window, Prefix, Document, And, Or };
  struct Term {
    Kind kind = Kind::Named;
    attn::Mask mask = attn::Mask::None;
    llvm::SmallVector<int64_t, 2> numbers;
    std::vector<Term> parts;
  };

  mlir::FailureOr<Term> parseAny(unsigned depth);
  mlir::FailureOr<Term> parseAll(unsigned depth);
  mlir::FailureOr<Term> parseOne(unsigned depth);
  mlir::FailureOr<Term> parseName(llvm::StringRef name);
  static mlir::Value build(mlir::ImplicitLocOpBuilder &b, attn::ForwardOp op, mlir::Block &block, const Term &term);
  static std::string fileName(const Term &term);

  llvm::StringRef rest; ///< of the text, while it is parsed
  const Error *error = nullptr;
  Term whole;
};

} // namespace girih

#endif // GIRIH_LIB_PIPELINES_MASKSPEC_H

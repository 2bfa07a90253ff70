// Score functions that --attention knows by name.
#ifndef GIRIH_LIB_PIPELINES_SCORESPEC_H
#define GIRIH_LIB_PIPELINES_SCORESPEC_H

#include "dialects/Attn/Attn.h"

namespace girih {

/// What may stand after score=, for messages and --help.
extern const char *const kScoreNames;

/// Functions that are applied one after another, as `softcap(30)+alibi` says.
class ScoreSpec {
public:
  /// `error` makes a diagnostic at a part of the text.
  mlir::LogicalResult parse(llvm::StringRef text, llvm::function_ref<mlir::InFlightDiagnostic(llvm::StringRef)> error);
  /// Whether a function needs to know how many heads there are.
  bool needsHeads() const;
  /// Fills in the score region of an op, and gives its function what that captures.
  void build(attn::ForwardOp op, int64_t heads) const;
  /// For names of files: "_softcap30_alibi".
  std::string suffix() const;

private:
  enum class Kind { SoftCap, Alibi, Slopes, Bias, Relative, Temperature };
  struct Term {
    Kind kind;
    llvm::StringRef text; ///< as written in parentheses
    double value;
  };
  static mlir::FailureOr<Term> parseTerm(llvm::StringRef term,
                                         llvm::function_ref<mlir::InFlightDiagnostic(llvm::StringRef)> error);
  llvm::SmallVector<Term> terms;
};

} // namespace girih

#endif // GIRIH_LIB_PIPELINES_SCORESPEC_H

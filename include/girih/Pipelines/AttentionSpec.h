// An attention problem as a line of text: "b=4,h=32,sq=4096,d=128,mask=causal".
#ifndef GIRIH_PIPELINES_ATTENTIONSPEC_H
#define GIRIH_PIPELINES_ATTENTIONSPEC_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/SourceMgr.h"

namespace girih {

/// What --help says of the text.
extern const char *const kAttentionSpecHelp;

/// A problem given as text, and the place of each of its keys. As long as this
/// lives, what passes say of the problem points at the key that they speak of.
class AttentionSpec {
public:
  /// `sources` gets the text, so that diagnostics can show it. The functions of `functions`,
  /// if it is not null, are emptied into the problem's regions of their names.
  AttentionSpec(mlir::MLIRContext &context, llvm::SourceMgr &sources, llvm::StringRef text,
                mlir::ModuleOp functions = {});

  /// A module with one function that holds the attn.forward the text describes;
  /// null after a diagnostic.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string name; ///< for the kernel's files

private:
  unsigned columnOf(llvm::StringRef message) const;
  mlir::LogicalResult redirect(mlir::Diagnostic &diagnostic);

  llvm::StringMap<unsigned> columns;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace girih

#endif // GIRIH_PIPELINES_ATTENTIONSPEC_H

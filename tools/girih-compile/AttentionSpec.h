// The text of --attention.
#ifndef GIRIH_TOOLS_GIRIH_COMPILE_ATTENTIONSPEC_H
#define GIRIH_TOOLS_GIRIH_COMPILE_ATTENTIONSPEC_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace girih {

/// What --help says of the text.
extern const char *const kAttentionSpecHelp;

/// A module with one function that holds the attn.forward the text describes, or
/// null after a diagnostic that points into the text. `name` receives a name for
/// the kernel's files.
mlir::OwningOpRef<mlir::ModuleOp> buildAttention(mlir::MLIRContext &context, llvm::StringRef text, std::string &name);

} // namespace girih

#endif // GIRIH_TOOLS_GIRIH_COMPILE_ATTENTIONSPEC_H

// The `attn` dialect: attention problems on whole tensors.
#ifndef GIRIH_DIALECTS_ATTN_ATTN_H
#define GIRIH_DIALECTS_ATTN_ATTN_H

#include "dialects/Tile/Tile.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

#include "dialects/Attn/AttnDialect.h.inc"
#include "dialects/Attn/AttnEnums.h.inc"

#define GET_OP_CLASSES
#include "dialects/Attn/AttnOps.h.inc"

namespace girih::attn {

/// The operands that need not be there and are, by what the manifest calls them, in its order.
llvm::SmallVector<std::pair<llvm::StringRef, mlir::Value>> optionalOperands(ForwardOp op);

/// On an argument of a function that a region captures: its name, the names of a tensor's sizes,
/// and that a tensor's elements do not decrease along its last dimension.
inline constexpr llvm::StringLiteral kNameAttr = "attn.name";
inline constexpr llvm::StringLiteral kSizesAttr = "attn.sizes";
inline constexpr llvm::StringLiteral kSortedAttr = "attn.sorted";

/// What the manifest calls the tensors of lengths of sequences, and of where packed ones begin, of
/// the scores that rows have beside those of keys, of what Q, K and V are multiplied by, of scales of
/// groups of elements, of what random numbers begin with, of attention to other keys, and of lists of blocks.
inline constexpr llvm::StringLiteral kQueryLengths = "query_lengths";
inline constexpr llvm::StringLiteral kKeyLengths = "key_lengths";
inline constexpr llvm::StringLiteral kQueryStarts = "query_starts";
inline constexpr llvm::StringLiteral kKeyStarts = "key_starts";
inline constexpr llvm::StringLiteral kSinks = "sinks";
inline constexpr llvm::StringLiteral kQueryDescale = "q_descale";
inline constexpr llvm::StringLiteral kKeyDescale = "k_descale";
inline constexpr llvm::StringLiteral kValueDescale = "v_descale";
inline constexpr llvm::StringLiteral kQueryScales = "q_scales";
inline constexpr llvm::StringLiteral kKeyScales = "k_scales";
inline constexpr llvm::StringLiteral kDropoutState = "dropout_state";
inline constexpr llvm::StringLiteral kPartialOutput = "partial_o";
inline constexpr llvm::StringLiteral kPartialLse = "partial_lse";
inline constexpr llvm::StringLiteral kBlockCounts = "kv_num_blocks";
inline constexpr llvm::StringLiteral kBlockIndices = "kv_indices";
inline constexpr llvm::StringLiteral kFullBlockCounts = "full_kv_num_blocks";
inline constexpr llvm::StringLiteral kFullBlockIndices = "full_kv_indices";

/// Whether the elements of a captured tensor do not decrease along its last dimension.
bool isSorted(mlir::Value tensor);

/// An argument of the op's function for what a region captures, made when first asked for. `sizes`
/// names the dimensions of a tensor.
mlir::Value capture(ForwardOp op, llvm::StringRef name, mlir::Type type, llvm::ArrayRef<llvm::StringRef> sizes = {},
                    bool isSorted = false);

/// The key at the place of a query, of regions that align queries and keys at their ends.
mlir::Value buildDiagonal(mlir::ImplicitLocOpBuilder &b, mlir::Value query);

/// Whether the query sees the key, in the block of a mask region, of a mask that hides some.
mlir::Value buildNamedMask(mlir::ImplicitLocOpBuilder &b, mlir::Block &block, Mask mask);

/// Fills in the mask region of an op by the value that it gives.
void buildMaskRegion(ForwardOp op, llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::Block &)> build);

} // namespace girih::attn

#endif // GIRIH_DIALECTS_ATTN_ATTN_H

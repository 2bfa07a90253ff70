#include "girih/Target/Heads.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace girih {

int64_t slotsOf(int64_t heads) { return int64_t(llvm::PowerOf2Ceil(uint64_t(heads))); }

std::string refuseHeads(attn::ForwardOp op, int64_t heads, int64_t rows) {
  if (heads == 1)
    return "";
  int64_t queryHeads = op.getQ().getType().getDimSize(1), keyHeads = op.getK().getType().getDimSize(1);
  if (ShapedType::isDynamic(queryHeads) || ShapedType::isDynamic(keyHeads))
    return llvm::formatv("knob heads is {0}, must be 1 where the numbers of heads are open", heads);
  if (int64_t group = queryHeads / keyHeads; group % heads != 0)
    return llvm::formatv("knob heads is {0}, {1} heads of queries on one of keys are no multiple of it", heads, group);
  if (op.getQueryLengths() || op.isPacked())
    return llvm::formatv("knob heads is {0}, must be 1 where sequences have query lengths of their own", heads);
  if (op.hasBlocks())
    return llvm::formatv("knob heads is {0}, must be 1 where each head has a list of blocks", heads);
  if (op.hasBlockScales())
    return llvm::formatv("knob heads is {0}, must be 1 where blocks of rows of a head have scales", heads);
  if (slotsOf(heads) > rows)
    return llvm::formatv("knob heads is {0}, turns of {1} rows do not fit into the {2} of a worker", heads,
                         slotsOf(heads), rows);
  return "";
}

int64_t mostHeads(attn::ForwardOp op) {
  int64_t queryHeads = op.getQ().getType().getDimSize(1), keyHeads = op.getK().getType().getDimSize(1);
  if (ShapedType::isDynamic(queryHeads) || ShapedType::isDynamic(keyHeads))
    return 1;
  int64_t heads = queryHeads / keyHeads;
  while (heads > 1 && !refuseHeads(op, heads, kFewQueries).empty())
    --heads;
  return std::max<int64_t>(heads, 1);
}

int64_t defaultHeads(attn::ForwardOp op, int64_t rows) {
  ArrayRef<int64_t> queries = op.getQ().getType().getShape(), keys = op.getK().getType().getShape();
  if (ShapedType::isDynamic(queries[1]) || ShapedType::isDynamic(keys[1]) || ShapedType::isDynamic(queries[2]) ||
      queries[2] >= rows)
    return 1;
  int64_t group = queries[1] / keys[1], best = 1, least = group;
  for (int64_t heads = 2; heads <= group; ++heads) {
    if (!refuseHeads(op, heads, rows).empty())
      continue;
    int64_t tiles = group / heads * llvm::divideCeil(queries[2] * slotsOf(heads), rows);
    if (tiles < least) {
      least = tiles;
      best = heads;
    }
  }
  return best;
}

} // namespace girih

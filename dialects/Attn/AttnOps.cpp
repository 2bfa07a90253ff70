#include "dialects/Attn/Attn.h"

#include "girih/Support/Dropout.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include <cmath>
#include <limits>
#include <numbers>

using namespace mlir;
using namespace girih;
using namespace girih::attn;

/// `mask(causal)` or `mask { ... }`.
static ParseResult parseMask(OpAsmParser &parser, MaskAttr &mask, Region &region) {
  if (failed(parser.parseOptionalKeyword("mask")))
    return success();
  if (failed(parser.parseOptionalLParen()))
    return parser.parseRegion(region);
  StringRef name;
  SMLoc place = parser.getCurrentLocation();
  if (parser.parseKeyword(&name))
    return failure();
  std::optional<Mask> known = symbolizeMask(name);
  if (!known)
    return parser.emitError(place) << "'" << name
                                   << "' is no mask; there are none, causal, causal_top_left and regions";
  mask = MaskAttr::get(parser.getContext(), *known);
  return parser.parseRParen();
}

static void printMask(OpAsmPrinter &printer, ForwardOp op, MaskAttr, Region &region) {
  if (op.getMask() != Mask::None)
    printer << " mask(" << stringifyMask(op.getMask()) << ")";
  if (region.empty())
    return;
  printer << " mask ";
  printer.printRegion(region);
}

#define GET_OP_CLASSES
#include "dialects/Attn/AttnOps.cpp.inc"

SmallVector<std::pair<StringRef, Value>> girih::attn::optionalOperands(ForwardOp op) {
  SmallVector<std::pair<StringRef, Value>> operands = {{kQueryLengths, op.getQueryLengths()},
                                                       {kKeyLengths, op.getKeyLengths()},
                                                       {kQueryStarts, op.getQueryStarts()},
                                                       {kKeyStarts, op.getKeyStarts()},
                                                       {kSinks, op.getSinks()},
                                                       {kQueryDescale, op.getQDescale()},
                                                       {kKeyDescale, op.getKDescale()},
                                                       {kValueDescale, op.getVDescale()},
                                                       {kQueryScales, op.getQScales()},
                                                       {kKeyScales, op.getKScales()},
                                                       {kDropoutState, op.getDropoutState()},
                                                       {kPartialOutput, op.getPartialO()},
                                                       {kPartialLse, op.getPartialLse()},
                                                       {kBlockCounts, op.getKvNumBlocks()},
                                                       {kBlockIndices, op.getKvIndices()},
                                                       {kFullBlockCounts, op.getFullKvNumBlocks()},
                                                       {kFullBlockIndices, op.getFullKvIndices()}};
  llvm::erase_if(operands, [](const auto &operand) { return !operand.second; });
  return operands;
}

/// Sizes and indices have 32 bits.
static constexpr int64_t kMaxSize = std::numeric_limits<int32_t>::max();

double ForwardOp::getScaleValue() {
  if (std::optional<APFloat> scale = getScale())
    return scale->convertToDouble();
  return 1.0 / std::sqrt(static_cast<double>(getHeadSize()));
}

double ForwardOp::getOutputScaleValue() {
  std::optional<APFloat> scale = getOutputScale();
  return scale ? scale->convertToDouble() : 1;
}

int64_t ForwardOp::getDropoutThreshold() {
  std::optional<APFloat> probability = getDropout();
  return probability ? dropoutThreshold(probability->convertToDouble()) : 0;
}

static bool bothKnownAndDifferent(int64_t a, int64_t b) {
  return ShapedType::isStatic(a) && ShapedType::isStatic(b) && a != b;
}

/// Names the first size in which two tensors must agree and do not.
static LogicalResult verifySameSize(ForwardOp op, StringRef size, StringRef aName, int64_t a, StringRef bName,
                                    int64_t b) {
  if (bothKnownAndDifferent(a, b))
    return op.emitOpError() << size << " differs: " << aName << " has " << a << ", " << bName << " has " << b;
  return success();
}

static LogicalResult verifyShapes(ForwardOp op) {
  RankedTensorType q = op.getQ().getType(), k = op.getK().getType(), v = op.getV().getType();
  bool isByKeys = op.getVOrder() == ValueOrder::Keys;
  for (auto [name, type] : {std::pair("q", q), std::pair("k", k), std::pair("v", v)}) {
    if (type.getRank() != 4)
      return op.emitOpError() << name << " has " << type.getRank()
                              << " dimensions, must be [batch, head, sequence, head size]";
    if (type.getElementType() != q.getElementType())
      return op.emitOpError() << "element types differ: q has " << q.getElementType() << ", " << name << " has "
                              << type.getElementType();
    if (type.getEncoding())
      return op.emitOpError() << name << " has the encoding " << type.getEncoding() << ", must have none";
    int64_t headDim = StringRef(name) == "v" && isByKeys ? 2 : 3;
    if (type.isDynamicDim(headDim))
      return op.emitOpError() << "the head size of " << name << " must be static";
    for (int dim = 0; dim < 4; ++dim)
      if (int64_t size = type.getDimSize(dim); ShapedType::isStatic(size) && (size < 1 || size > kMaxSize))
        return op.emitOpError() << name << " has size " << size << " in dimension " << dim << ", must be 1 to "
                                << kMaxSize;
    if (failed(verifySameSize(op, "batch", "q", q.getDimSize(0), name, type.getDimSize(0))))
      return failure();
  }
  if (failed(verifySameSize(op, "head size", "q", q.getDimSize(3), "k", k.getDimSize(3))) ||
      failed(verifySameSize(op, "number of key heads", "k", k.getDimSize(1), "v", v.getDimSize(1))) ||
      failed(verifySameSize(op, "key length", "k", k.getDimSize(2), "v", v.getDimSize(isByKeys ? 3 : 2))))
    return failure();
  if (q.isDynamicDim(1) != k.isDynamicDim(1))
    return op.emitOpError("the numbers of query heads and key heads must both be static or both dynamic");
  if (!q.isDynamicDim(1) && q.getDimSize(1) % k.getDimSize(1) != 0)
    return op.emitOpError() << q.getDimSize(1) << " query heads are no multiple of " << k.getDimSize(1) << " key heads";
  return success();
}

static LogicalResult verifyPlain(ForwardOp op, StringRef name, TypedValue<RankedTensorType> numbers) {
  if (numbers && numbers.getType().getEncoding())
    return op.emitOpError() << name << " has the encoding " << numbers.getType().getEncoding() << ", must have none";
  return success();
}

/// Two operands that say something together.
static LogicalResult verifyBoth(ForwardOp op, StringRef aName, TypedValue<RankedTensorType> a, StringRef bName,
                                TypedValue<RankedTensorType> b) {
  if (!a || !b)
    return op.emitOpError() << "has " << (a ? aName : bName) << " and no " << (a ? bName : aName)
                            << ", must have both or neither";
  return failure(failed(verifyPlain(op, aName, a)) || failed(verifyPlain(op, bName, b)));
}

/// Where packed sequences begin.
static LogicalResult verifyStarts(ForwardOp op) {
  TypedValue<RankedTensorType> queries = op.getQueryStarts(), keys = op.getKeyStarts();
  if (!queries && !keys)
    return success();
  if (failed(verifyBoth(op, kQueryStarts, queries, kKeyStarts, keys)))
    return failure();
  if (int64_t batch = op.getQ().getType().getDimSize(0); batch != 1) {
    InFlightDiagnostic error = op.emitOpError() << "packs sequences in a batch of ";
    return (ShapedType::isDynamic(batch) ? error << "any size" : error << batch) << ", must be 1";
  }
  int64_t count = queries.getType().getDimSize(0), other = keys.getType().getDimSize(0);
  for (auto [name, size] : {std::pair(kQueryStarts, count), std::pair(kKeyStarts, other)})
    if (ShapedType::isStatic(size) && size < 2)
      return op.emitOpError() << name << " has " << size << " elements, must have 1 more than there are sequences";
  return verifySameSize(op, "number of starts", kQueryStarts, count, kKeyStarts, other);
}

/// As many numbers as there are sequences.
static LogicalResult verifySequences(ForwardOp op, StringRef name, int64_t count) {
  if (!op.isPacked())
    return verifySameSize(op, "batch", "q", op.getQ().getType().getDimSize(0), name, count);
  int64_t starts = op.getQueryStarts().getType().getDimSize(0);
  if (ShapedType::isStatic(starts))
    return verifySameSize(op, "number of sequences", kQueryStarts, starts - 1, name, count);
  return success();
}

/// One number for each sequence.
static LogicalResult verifyLengths(ForwardOp op, StringRef name, TypedValue<RankedTensorType> lengths) {
  if (!lengths)
    return success();
  return failure(failed(verifyPlain(op, name, lengths)) ||
                 failed(verifySequences(op, name, lengths.getType().getDimSize(0))));
}

/// One for each sequence and key head, or for all.
static LogicalResult verifyDescales(ForwardOp op) {
  for (auto [name, descale] : {std::pair(kQueryDescale, op.getQDescale()), std::pair(kKeyDescale, op.getKDescale()),
                               std::pair(kValueDescale, op.getVDescale())}) {
    auto tensor = dyn_cast_if_present<TypedValue<RankedTensorType>>(descale);
    if (!tensor)
      continue;
    if (failed(verifyPlain(op, name, tensor)) || failed(verifySequences(op, name, tensor.getType().getDimSize(0))) ||
        failed(verifySameSize(op, "number of key heads", "k", op.getK().getType().getDimSize(1), name,
                              tensor.getType().getDimSize(1))))
      return failure();
  }
  return success();
}

/// Of every 32 elements of Q and of K, in blocks of 128 rows.
static LogicalResult verifyBlockScales(ForwardOp op) {
  if (!op.getQScales() && !op.getKScales())
    return success();
  if (failed(verifyBoth(op, kQueryScales, op.getQScales(), kKeyScales, op.getKScales())))
    return failure();
  if (!op.hasNarrowInputs())
    return op.emitOpError() << "has " << kQueryScales << " for elements of " << op.getQ().getType().getElementType()
                            << ", must have 8 bits";
  constexpr int64_t most = tile::kScaleGroup * tile::kScaleGroups;
  if (int64_t size = op.getHeadSize(); size % tile::kScaleGroup != 0 || size > most)
    return op.emitOpError() << "has " << kQueryScales << " for a head size of " << size << ", must be a multiple of "
                            << tile::kScaleGroup << " up to " << most;
  for (auto [scaled, type, name, scales] :
       {std::tuple("q", op.getQ().getType(), kQueryScales, op.getQScales().getType()),
        std::tuple("k", op.getK().getType(), kKeyScales, op.getKScales().getType())}) {
    int64_t rows = type.isDynamicDim(2) ? ShapedType::kDynamic : tile::scalesShape(type.getDimSize(2)).front();
    if (failed(verifySameSize(op, "batch", scaled, type.getDimSize(0), name, scales.getDimSize(0))) ||
        failed(verifySameSize(op, "number of heads", scaled, type.getDimSize(1), name, scales.getDimSize(1))) ||
        failed(verifySameSize(op, "number of rows of scales", scaled, rows, name, scales.getDimSize(2))))
      return failure();
    if (scales.getDimSize(3) != tile::kScaleColumns)
      return op.emitOpError() << name << " is " << scales << ", must have rows of " << tile::kScaleColumns;
  }
  return success();
}

/// One for each head.
static LogicalResult verifySinks(ForwardOp op) {
  if (!op.getSinks())
    return success();
  if (failed(verifyPlain(op, kSinks, op.getSinks())))
    return failure();
  return verifySameSize(op, "number of heads", "q", op.getQ().getType().getDimSize(1), kSinks,
                        op.getSinks().getType().getDimSize(0));
}

static LogicalResult verifyDropout(ForwardOp op) {
  std::optional<APFloat> given = op.getDropout();
  if (given.has_value() != static_cast<bool>(op.getDropoutState()))
    return op.emitOpError() << "has " << (given ? "dropout and no " : "no dropout and ") << kDropoutState
                            << ", must have both or neither";
  if (!given)
    return success();
  if (double probability = given->convertToDouble(); !(probability >= 0 && probability < 1))
    return op.emitOpError() << "dropout is " << probability << ", must be from 0 to below 1";
  if (failed(verifyPlain(op, kDropoutState, op.getDropoutState())))
    return failure();
  if (int64_t words = op.getDropoutState().getType().getDimSize(0); words != kDropoutStateWords) {
    InFlightDiagnostic error = op.emitOpError() << kDropoutState << " has ";
    return (ShapedType::isDynamic(words) ? error << "any number of" : error << words)
           << " elements, must have " << kDropoutStateWords << ": a seed and an offset of two words each";
  }
  return success();
}

/// Of the same rows as the results.
static LogicalResult verifyMerge(ForwardOp op) {
  TypedValue<RankedTensorType> output = op.getPartialO(), lse = op.getPartialLse();
  if (!output && !lse)
    return success();
  if (failed(verifyBoth(op, kPartialOutput, output, kPartialLse, lse)))
    return failure();
  ArrayRef<int64_t> shape = op.getOutput().getType().getShape();
  for (auto [name, type, expected] :
       {std::tuple(kPartialOutput, output.getType(), shape), std::tuple(kPartialLse, lse.getType(), shape.drop_back())})
    if (type.getShape() != expected)
      return op.emitOpError() << name << " is " << type << ", must have the sizes of the output, "
                              << op.getOutput().getType() << (expected.size() == 3 ? ", but the last" : "");
  return success();
}

/// One list for each block of queries of a head.
static LogicalResult verifyLists(ForwardOp op, StringRef countsName, TypedValue<RankedTensorType> counts,
                                 StringRef listsName, TypedValue<RankedTensorType> lists) {
  if (failed(verifyBoth(op, countsName, counts, listsName, lists)))
    return failure();
  RankedTensorType q = op.getQ().getType();
  int64_t queries = q.getDimSize(2);
  if (ShapedType::isStatic(queries))
    queries = llvm::divideCeil(queries, op.getQueryBlock());
  for (auto [name, type] : {std::pair(countsName, counts.getType()), std::pair(listsName, lists.getType())}) {
    if (failed(verifySameSize(op, "batch", "q", q.getDimSize(0), name, type.getDimSize(0))) ||
        failed(verifySameSize(op, "number of heads", "q", q.getDimSize(1), name, type.getDimSize(1))) ||
        failed(verifySameSize(op, "number of query blocks", "q", queries, name, type.getDimSize(2))))
      return failure();
    for (int64_t size : type.getShape())
      if (ShapedType::isStatic(size) && (size < 1 || size > kMaxSize))
        return op.emitOpError() << name << " has a size of " << size << ", must be 1 to " << kMaxSize;
  }
  return success();
}

static LogicalResult verifyBlocks(ForwardOp op) {
  constexpr int64_t kMaxBlock = 1 << 20;
  std::optional<ArrayRef<int64_t>> sizes = op.getBlockSize();
  if (sizes.has_value() != op.hasBlocks())
    return op.emitOpError() << "has " << (sizes ? "block_size and no " : "no block_size and ") << kBlockCounts
                            << ", must have both or neither";
  if (!op.hasBlocks()) {
    for (auto [name, operand] : {std::pair(kBlockIndices, op.getKvIndices()),
                                 {kFullBlockCounts, op.getFullKvNumBlocks()},
                                 {kFullBlockIndices, op.getFullKvIndices()}})
      if (operand)
        return op.emitOpError() << "has " << name << " and no " << kBlockCounts;
    return success();
  }
  if (sizes->size() != 2)
    return op.emitOpError() << "block_size has " << sizes->size() << " numbers, must have 2: of queries and of keys";
  for (int64_t size : *sizes)
    if (size < 1 || size > kMaxBlock)
      return op.emitOpError() << "block_size has " << size << ", must be 1 to " << kMaxBlock;
  if (failed(verifyLists(op, kBlockCounts, op.getKvNumBlocks(), kBlockIndices, op.getKvIndices())))
    return failure();
  if (!op.getFullKvNumBlocks() && !op.getFullKvIndices())
    return success();
  return verifyLists(op, kFullBlockCounts, op.getFullKvNumBlocks(), kFullBlockIndices, op.getFullKvIndices());
}

/// Checks that a region ends in a value of that type.
static LogicalResult verifyResult(ForwardOp op, Region &region, StringRef name, Type type) {
  auto yield = region.front().empty() ? nullptr : dyn_cast<YieldOp>(region.front().back());
  if (!yield)
    return op.emitOpError() << name << " region must end in attn.yield";
  if (yield.getResult().getType() != type)
    return yield.emitOpError() << "gives " << yield.getResult().getType() << ", a " << name << " region gives " << type;
  return success();
}

static LogicalResult verifyMask(ForwardOp op) {
  Region &region = op.getMaskRegion();
  if (region.empty())
    return success();
  if (op.getMask() != Mask::None)
    return op.emitOpError() << "has mask(" << stringifyMask(op.getMask()) << ") and a mask region, must have one mask";
  Builder builder(op.getContext());
  if (region.getArgumentTypes() != TypeRange(SmallVector<Type>(4, builder.getIndexType())))
    return op.emitOpError("mask region takes (index, index, index, index): batch, head, query, key");
  return verifyResult(op, region, "mask", builder.getI1Type());
}

static LogicalResult verifyScore(ForwardOp op) {
  Region &region = op.getScore();
  if (region.empty())
    return success();
  Builder builder(op.getContext());
  SmallVector<Type> expected(5, builder.getIndexType());
  expected[0] = builder.getF32Type();
  if (region.getArgumentTypes() != TypeRange(expected))
    return op.emitOpError("score region takes (f32, index, index, index, index): score, batch, head, query, key");
  return verifyResult(op, region, "score", builder.getF32Type());
}

LogicalResult ForwardOp::verify() {
  if (failed(verifyShapes(*this)) || failed(verifyStarts(*this)) ||
      failed(verifyLengths(*this, kQueryLengths, getQueryLengths())) ||
      failed(verifyLengths(*this, kKeyLengths, getKeyLengths())) || failed(verifySinks(*this)) ||
      failed(verifyDescales(*this)) || failed(verifyBlockScales(*this)) || failed(verifyDropout(*this)))
    return failure();
  RankedTensorType q = getQ().getType();
  RankedTensorType output = getOutput().getType();
  SmallVector<int64_t> sizes(q.getShape());
  sizes.back() = getValueSize();
  if (output != RankedTensorType::get(sizes, output.getElementType()))
    return emitOpError() << "output is " << output << ", must have q's sizes and v's head size: q is " << q << ", v is "
                         << getV().getType();
  if (getLse() && getLse().getType() != RankedTensorType::get(q.getShape().drop_back(), Float32Type::get(getContext())))
    return emitOpError() << "lse is " << getLse().getType() << ", must have q's first three sizes";
  if (failed(verifyMerge(*this)) || failed(verifyBlocks(*this)))
    return failure();
  double scale = getScaleValue();
  // Kernels hold it as a normal f32, in base 2.
  auto inBase2 = static_cast<float>(scale * std::numbers::log2e);
  if (!(inBase2 > 0) || !std::isnormal(inBase2))
    return emitOpError() << "scale is " << scale << ", must be between "
                         << std::numeric_limits<float>::min() / std::numbers::log2e << " and "
                         << std::numeric_limits<float>::max() / std::numbers::log2e;
  double outputScale = getOutputScaleValue();
  if (!std::isnormal(static_cast<float>(outputScale)))
    return emitOpError() << "output_scale is " << outputScale << ", its magnitude must be between "
                         << std::numeric_limits<float>::min() << " and " << std::numeric_limits<float>::max();
  return failure(failed(verifyMask(*this)) || failed(verifyScore(*this)));
}

LogicalResult LookupOp::verify() {
  RankedTensorType tensor = getTensor().getType();
  if (!isa<ForwardOp, FunctionOpInterface>((*this)->getParentOp()))
    return emitOpError("stands in a region of attn.forward or in a function");
  if (tensor.getRank() < 1 || tensor.getRank() > 4)
    return emitOpError() << "reads a tensor of " << tensor.getRank() << " dimensions, must have 1 to 4";
  if (static_cast<int64_t>(getIndices().size()) != tensor.getRank())
    return emitOpError() << "has " << getIndices().size() << " indices, tensor has " << tensor.getRank()
                         << " dimensions";
  if (tensor.getEncoding())
    return emitOpError() << "reads a tensor with the encoding " << tensor.getEncoding() << ", must have none";
  for (int64_t size : tensor.getShape())
    if (ShapedType::isStatic(size) && (size < 1 || size > kMaxSize))
      return emitOpError() << "reads a tensor with a size of " << size << ", must be 1 to " << kMaxSize;
  bool isFloat = isa<FloatType>(tensor.getElementType());
  if (isFloat != isa<FloatType>(getElement().getType()))
    return emitOpError() << "makes " << getElement().getType() << " of elements of " << tensor.getElementType()
                         << ", must make " << (isFloat ? "f32" : "i32");
  return success();
}

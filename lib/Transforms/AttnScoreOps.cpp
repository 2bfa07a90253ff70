// The ops that score and mask regions may be made of, and a region in the notation in which
// references evaluate it (docs/manifest.md).
#include "AttnCaptures.h"
#include "AttnScore.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace girih {
namespace {

/// So that the stack of the notation and its variables suffice.
constexpr int64_t kMaxOps = 200;

/// An op by its name and the words that compute it, in which $n are those of an operand.
struct RegionOp {
  StringLiteral name, words;
};

enum class RegionKind { Score, Mask };
StringRef nameOf(RegionKind kind) { return kind == RegionKind::Score ? "score" : "mask"; }

// Words of comparisons depend on their predicates.
constexpr RegionOp kOps[] = {
    {"arith.addf", "$0 $1 add"},
    {"arith.addi", "$0 $1 add"},
    {"arith.andi", "$0 $1 and"},
    {"arith.cmpf", ""},
    {"arith.cmpi", ""},
    {"arith.constant", ""},
    {"arith.divf", "$0 $1 div"},
    {"arith.divsi", "$0 $1 idiv"},
    {"arith.index_cast", "$0"},
    {"arith.maximumf", "$0 $1 max"},
    {"arith.maxnumf", "$0 $1 max"},
    {"arith.maxsi", "$0 $1 max"},
    {"arith.minimumf", "$0 $1 min"},
    {"arith.minnumf", "$0 $1 min"},
    {"arith.minsi", "$0 $1 min"},
    {"arith.mulf", "$0 $1 mul"},
    {"arith.muli", "$0 $1 mul"},
    {"arith.negf", "$0 neg"},
    {"arith.ori", "$0 $1 or"},
    {"arith.remsi", "$0 $1 mod"},
    {"arith.select", "$0 $1 $2 select"},
    {"arith.sitofp", "$0"},
    {"arith.subf", "$0 $1 sub"},
    {"arith.subi", "$0 $1 sub"},
    {"arith.xori", "$0 $1 ne"},
    {"math.absf", "$0 abs"},
    {"math.absi", "$0 abs"},
    {"math.cos", "$0 cos"},
    {"math.exp", "$0 exp"},
    {"math.exp2", "$0 exp2"},
    {"math.fma", "$0 $1 mul $2 add"},
    {"math.log", "$0 log"},
    {"math.log2", "$0 log2"},
    {"math.rsqrt", "1 $0 sqrt div"},
    {"math.sin", "$0 sin"},
    {"math.sqrt", "$0 sqrt"},
    {"math.tanh", "$0 tanh"},
    {"attn.keys", "skv"},
    {"attn.lookup", ""},
    {"attn.queries", "sq"},
};

/// Ops on floats, which masks have none of: what is rounded decides nothing.
bool isOnFloats(StringRef name) {
  return name.starts_with("math.") ? name != "math.absi" : name.ends_with("f") || name == "arith.sitofp";
}

const RegionOp *findOp(Operation *op) {
  const RegionOp *found =
      llvm::find_if(kOps, [&](const RegionOp &entry) { return op->getName().getStringRef() == entry.name; });
  return found == std::end(kOps) ? nullptr : found;
}

StringRef comparison(arith::CmpIPredicate predicate) {
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return "$0 $1 eq";
  case arith::CmpIPredicate::ne:
    return "$0 $1 ne";
  case arith::CmpIPredicate::slt:
    return "$0 $1 lt";
  case arith::CmpIPredicate::sle:
    return "$0 $1 le";
  case arith::CmpIPredicate::sgt:
    return "$0 $1 gt";
  case arith::CmpIPredicate::sge:
    return "$0 $1 ge";
  default:
    return ""; // indices have a sign
  }
}

StringRef comparison(arith::CmpFPredicate predicate) {
  switch (predicate) {
  case arith::CmpFPredicate::AlwaysFalse:
    return "0";
  case arith::CmpFPredicate::OEQ:
    return "$0 $1 eq";
  case arith::CmpFPredicate::OGT:
    return "$0 $1 gt";
  case arith::CmpFPredicate::OGE:
    return "$0 $1 ge";
  case arith::CmpFPredicate::OLT:
    return "$0 $1 lt";
  case arith::CmpFPredicate::OLE:
    return "$0 $1 le";
  case arith::CmpFPredicate::ONE:
    return "$0 $1 lt $0 $1 gt or";
  case arith::CmpFPredicate::ORD:
    return "$0 $0 eq $1 $1 eq and";
  case arith::CmpFPredicate::UEQ:
    return "$0 $1 lt $0 $1 gt or not";
  case arith::CmpFPredicate::UGT:
    return "$0 $1 le not";
  case arith::CmpFPredicate::UGE:
    return "$0 $1 lt not";
  case arith::CmpFPredicate::ULT:
    return "$0 $1 ge not";
  case arith::CmpFPredicate::ULE:
    return "$0 $1 gt not";
  case arith::CmpFPredicate::UNE:
    return "$0 $1 ne";
  case arith::CmpFPredicate::UNO:
    return "$0 $0 eq $1 $1 eq and not";
  case arith::CmpFPredicate::AlwaysTrue:
    return "1";
  }
  return "";
}

/// The indices one after another, then which tensor.
std::string wordsOf(attn::LookupOp op) {
  std::string words;
  for (unsigned i = 0; i < op.getIndices().size(); ++i)
    words += "$" + std::to_string(i + 1) + " ";
  return words + "@" + nameOfArgument(op->getParentOfType<attn::ForwardOp>(), cast<BlockArgument>(op.getTensor()));
}

/// The words of an op, or none where it has no such form.
std::string wordsOf(Operation *op) {
  if (auto lookup = dyn_cast<attn::LookupOp>(op))
    return wordsOf(lookup);
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return comparison(compare.getPredicate()).str();
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    return comparison(compare.getPredicate()).str();
  Attribute value;
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    value = constant.getValue();
  if (auto number = dyn_cast_or_null<FloatAttr>(value)) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", number.getValueAsDouble());
    return text;
  }
  if (auto number = dyn_cast_or_null<IntegerAttr>(value))
    return number.getType().isInteger(1) ? (number.getValue().isZero() ? "0" : "1") : std::to_string(number.getInt());
  return findOp(op)->words.str();
}

bool isBit(Type type) { return type.isInteger(1); }

bool mayBeIn(Type type, RegionKind kind) {
  return (type.isF32() && kind == RegionKind::Score) || type.isIndex() || type.isInteger(32) || isBit(type);
}

LogicalResult checkOp(Operation *op, const Target &target, RegionKind kind) {
  bool isMask = kind == RegionKind::Mask;
  const RegionOp *known = findOp(op);
  if (!known || (isMask && isOnFloats(known->name))) {
    InFlightDiagnostic diagnostic = op->emitOpError()
                                    << "cannot be compiled in a " << nameOf(kind) << " region; there are";
    for (const RegionOp &entry : kOps)
      if (!isMask || !isOnFloats(entry.name))
        diagnostic << " " << entry.name;
    return diagnostic;
  }
  auto lookup = dyn_cast<attn::LookupOp>(op);
  for (Value value : llvm::concat<Value>(op->getOperands(), op->getResults()))
    if (!mayBeIn(value.getType(), kind) && !(lookup && value == lookup.getTensor()))
      return op->emitOpError() << "of " << value.getType() << " cannot be compiled in a " << nameOf(kind)
                               << " region; of " << (isMask ? "index" : "f32, index") << ", i32 and i1 it can";
  bool onBits = llvm::any_of(op->getOperandTypes(), isBit) || isBit(op->getResult(0).getType());
  bool isLogic = isa<arith::AndIOp, arith::OrIOp, arith::XOrIOp>(op);
  bool mayBeOnBits = isLogic || isa<arith::SelectOp, arith::CmpIOp, arith::CmpFOp, arith::ConstantOp>(op);
  if (isLogic != onBits && !(onBits && mayBeOnBits))
    return op->emitOpError() << (isLogic ? "of integers" : "of i1") << " cannot be compiled in a " << nameOf(kind)
                             << " region";
  if (APInt number; matchPattern(op, m_ConstantInt(&number)) && !number.isSignedIntN(32))
    return op->emitOpError() << "is " << number.getSExtValue() << ", indices of a " << nameOf(kind)
                             << " region have 32 bits";
  if (wordsOf(op).empty())
    return op->emitOpError("compares without signs; indices have signs");
  if (auto compare = dyn_cast<arith::CmpIOp>(op); compare && isBit(compare.getLhs().getType()))
    if (compare.getPredicate() != arith::CmpIPredicate::eq && compare.getPredicate() != arith::CmpIPredicate::ne)
      return op->emitOpError() << "orders values of i1; in a " << nameOf(kind) << " region they can be eq or ne";
  return target.checkFunction(op);
}

/// Puts the words of values one behind the other.
class Postfix {
public:
  Postfix(attn::ForwardOp op, Block &block) {
    for (BlockArgument argument : capturedArguments(op))
      known[argument] = "$" + nameOfArgument(op, argument);
    constexpr StringLiteral kNames[] = {"s", "b", "h", "q", "k"};
    ArrayRef<StringLiteral> names(kNames);
    for (auto [argument, name] : llvm::zip(block.getArguments(), names.take_back(block.getNumArguments())))
      known[argument] = name.str();
  }

  /// A value whose words would be repeated is kept in a variable.
  void append(Value value) {
    if (auto found = known.find(value); found != known.end())
      return words.push_back(found->second);
    Operation *op = value.getDefiningOp();
    std::string text = wordsOf(op);
    SmallVector<StringRef> parts;
    StringRef(text).split(parts, ' ');
    for (StringRef part : parts)
      if (part.consume_front("$"))
        append(op->getOperand(part.front() - '0'));
      else
        words.push_back(part.str());
    bool isRepeated = !value.hasOneUse() || isa<arith::CmpFOp>(*value.user_begin());
    if (!isRepeated || op->getNumOperands() == 0)
      return;
    std::string name = "t" + std::to_string(variables++);
    words.push_back("=" + name);
    known[value] = name;
  }

  SmallVector<std::string> words;

private:
  llvm::SmallDenseMap<Value, std::string> known;
  int64_t variables = 0;
};

} // namespace

static LogicalResult checkRegion(attn::ForwardOp op, Region &region, const Target &target, RegionKind kind) {
  if (region.empty())
    return success();
  Block &block = region.front();
  int64_t count = std::distance(block.begin(), block.end());
  if (count > kMaxOps)
    return op.emitOpError() << "has a " << nameOf(kind) << " region of " << count << " ops, at most " << kMaxOps
                            << " can be compiled";
  for (Operation &inner : block.without_terminator())
    if (failed(checkOp(&inner, target, kind)))
      return failure();
  return success();
}

LogicalResult checkRegions(attn::ForwardOp op, const Target &target) {
  return failure(failed(checkRegion(op, op.getMaskRegion(), target, RegionKind::Mask)) ||
                 failed(checkRegion(op, op.getScore(), target, RegionKind::Score)) || failed(checkCaptures(op)));
}

ArrayAttr inPostfix(attn::ForwardOp op, Region &region) {
  Block &block = region.front();
  Postfix postfix(op, block);
  postfix.append(block.getTerminator()->getOperand(0));
  Builder builder(region.getContext());
  SmallVector<StringRef> words(postfix.words.begin(), postfix.words.end());
  return builder.getStrArrayAttr(words);
}

} // namespace girih

// Functions and conversions of f32: what computes each, in the form that its
// fastmath flags allow. docs/passes/convert-tile-to-nvvm.md has the errors.
#include "Math.h"
#include "girih/Conversion/Lowering.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include <numbers>

using namespace mlir;

namespace girih::functions {
namespace {

constexpr int kBenefit = 2; // over the shared patterns

/// How a function is computed.
struct Form {
  enum Kind {
    None,      ///< not at all
    Native,    ///< LLVM has an instruction or short code for it
    Intrinsic, ///< outputScale * intrinsic(inputScale * x)
    Expansion, ///< upstream's expansion into arith
  } kind = None;
  const char *intrinsic = nullptr;
  double inputScale = 1, outputScale = 1;
};

/// A function of f32. The approximate form is taken where the op allows it by
/// fastmath<afn>; where there is none, the exact one is.
struct Function {
  const char *op;
  Form exact, approximate = {};
};

constexpr Form kNative = {Form::Native}, kExpansion = {Form::Expansion};

constexpr Form intrinsic(const char *name, double inputScale = 1, double outputScale = 1) {
  return {Form::Intrinsic, name, inputScale, outputScale};
}

constexpr const char *kExp2 = "llvm.nvvm.ex2.approx.ftz.f32", *kLog2 = "llvm.nvvm.lg2.approx.ftz.f";

constexpr Function kFunctions[] = {
    {"arith.divf", kNative, intrinsic("llvm.nvvm.div.approx.ftz.f")},
    {"math.absf", kNative},
    {"math.ceil", kNative},
    {"math.copysign", kNative},
    {"math.cos", {}, intrinsic("llvm.nvvm.cos.approx.ftz.f")},
    {"math.erf", kExpansion},
    {"math.exp", kExpansion, intrinsic(kExp2, std::numbers::log2e)},
    {"math.exp2", intrinsic("llvm.nvvm.ex2.approx.f32"), intrinsic(kExp2)},
    {"math.expm1", kExpansion},
    {"math.floor", kNative},
    {"math.fma", kNative},
    {"math.isfinite", kNative},
    {"math.isinf", kNative},
    {"math.isnan", kNative},
    {"math.isnormal", kNative},
    {"math.log", kExpansion, intrinsic(kLog2, 1, std::numbers::ln2)},
    {"math.log10", {}, intrinsic(kLog2, 1, std::numbers::ln2 / std::numbers::ln10)},
    {"math.log1p", kExpansion},
    {"math.log2", kExpansion, intrinsic(kLog2)},
    {"math.round", kNative},
    {"math.roundeven", kNative},
    {"math.rsqrt", kExpansion, intrinsic("llvm.nvvm.rsqrt.approx.ftz.f")},
    {"math.sin", {}, intrinsic("llvm.nvvm.sin.approx.ftz.f")},
    {"math.sqrt", kNative, intrinsic("llvm.nvvm.sqrt.approx.ftz.f")},
    {"math.tanh", kExpansion, intrinsic("llvm.tanh.f32")},
    {"math.trunc", kNative},
};

const Function *findFunction(Operation *op) {
  const Function *found =
      llvm::find_if(kFunctions, [&](const Function &function) { return op->getName().getStringRef() == function.op; });
  return found == std::end(kFunctions) ? nullptr : found;
}

Type operandElement(Operation *op) { return getElementTypeOrSelf(op->getOperand(0)); }

bool isNarrowFloat(Type type) { return type.isF16() || type.isBF16(); }

const Form &formOf(const Function &function, Operation *op) {
  auto flags = dyn_cast<arith::ArithFastMathInterface>(op);
  bool mayApproximate = flags && bitEnumContainsAll(flags.getFastMathFlagsAttr().getValue(), arith::FastMathFlags::afn);
  mayApproximate &= function.approximate.kind != Form::None && !operandElement(op).isF64();
  return mayApproximate ? function.approximate : function.exact;
}

std::string listFunctions(function_ref<bool(const Function &)> isListed) {
  std::string text;
  for (const Function &function : kFunctions)
    if (isListed(function))
      text += (text.empty() ? "" : ", ") + StringRef(function.op).rsplit('.').second.str();
  return text;
}

LogicalResult refuseUnknown(Operation *op, StringRef chip) {
  return op->emitOpError() << "has no code on " << chip << "; there are "
                           << listFunctions([](const Function &f) { return f.exact.kind != Form::None; })
                           << ", and with fastmath<afn> also "
                           << listFunctions([](const Function &f) { return f.exact.kind == Form::None; });
}

/// The rounding modes of conversions to 16 bits (PTX ISA, "cvt").
LogicalResult checkTruncation(arith::TruncFOp op, StringRef chip) {
  std::optional<arith::RoundingMode> mode = op.getRoundingmode();
  if (!mode || *mode == arith::RoundingMode::to_nearest_even)
    return success();
  Type from = operandElement(op), to = getElementTypeOrSelf(op.getType());
  if (*mode == arith::RoundingMode::toward_zero && from.isF32() && isNarrowFloat(to))
    return success();
  return op.emitOpError() << "from " << from << " to " << to << " cannot round " << arith::stringifyRoundingMode(*mode)
                          << " on " << chip
                          << "; it can round to_nearest_even, and from f32 to f16 and bf16 toward_zero";
}

/// Operands of an op on narrower floats, widened.
SmallVector<Value> widen(ImplicitLocOpBuilder &b, ValueRange operands) {
  SmallVector<Value> wide;
  for (Value operand : operands)
    wide.push_back(isNarrowFloat(operand.getType()) ? arith::ExtFOp::create(b, b.getF32Type(), operand) : operand);
  return wide;
}

/// A scalar function in its intrinsic form; one of 16 bits by way of f32.
struct ConvertFunction : ConversionPattern {
  ConvertFunction(MLIRContext *context, const Function &function)
      : ConversionPattern(function.op, kBenefit, context), function(function) {
    setHasBoundedRewriteRecursion(); // from 16 bits to f32, and no further
  }

  LogicalResult matchAndRewrite(Operation *op, ArrayRef<Value> operands,
                                ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op->getLoc(), rewriter);
    Type type = op->getResult(0).getType();
    if (isNarrowFloat(type)) {
      Value wide =
          rewriter
              .create(op->getLoc(), op->getName().getIdentifier(), widen(b, operands), b.getF32Type(), op->getAttrs())
              ->getResult(0);
      rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, type, wide);
      return success();
    }
    const Form &form = formOf(function, op);
    if (form.kind != Form::Intrinsic || !type.isF32())
      return failure();
    SmallVector<Value> inputs(operands);
    inputs[0] = scaled(b, inputs[0], form.inputScale);
    auto call = LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(form.intrinsic), inputs);
    if (!StringRef(form.intrinsic).contains(".nvvm."))
      call.setFastmathFlags(LLVM::FastmathFlags::afn);
    rewriter.replaceOp(op, scaled(b, call.getResult(0), form.outputScale));
    return success();
  }

  static Value scaled(ImplicitLocOpBuilder &b, Value value, double factor) {
    if (factor == 1)
      return value;
    return arith::MulFOp::create(b, value, arith::ConstantOp::create(b, b.getF32FloatAttr(factor)));
  }

  const Function &function;
};

/// Two elements round into one register by one instruction, the second into the
/// upper half (PTX ISA, "cvt").
Value truncatePair(ImplicitLocOpBuilder &b, arith::TruncFOp op, Value low, Value high) {
  Type element = getElementTypeOrSelf(op.getType());
  bool towardZero = op.getRoundingmode() == arith::RoundingMode::toward_zero;
  std::string intrinsic = element.isBF16() ? "llvm.nvvm.ff2bf16x2" : "llvm.nvvm.ff2f16x2";
  intrinsic += towardZero ? ".rz" : ".rn";
  return LLVM::CallIntrinsicOp::create(b, VectorType::get(2, element), b.getStringAttr(intrinsic), {high, low})
      .getResult(0);
}

/// Four elements round into one register, two to an instruction; what is too large becomes
/// the largest number (PTX ISA, "cvt", .satfinite).
Value truncateFour(ImplicitLocOpBuilder &b, arith::TruncFOp op, ValueRange elements) {
  bool isE4M3 = isa<Float8E4M3FNType>(getElementTypeOrSelf(op.getType()));
  StringRef intrinsic = isE4M3 ? "llvm.nvvm.ff.to.e4m3x2.rn" : "llvm.nvvm.ff.to.e5m2x2.rn";
  Type half = b.getI16Type();
  Value halves = LLVM::PoisonOp::create(b, VectorType::get(2, half));
  for (int64_t i = 0; i < 2; ++i) {
    SmallVector<Value> pair = {elements[2 * i + 1], elements[2 * i]};
    Value rounded = LLVM::CallIntrinsicOp::create(b, half, b.getStringAttr(intrinsic), pair).getResult(0);
    halves = LLVM::InsertElementOp::create(b, halves, rounded, constantI32(b, i));
  }
  return LLVM::BitcastOp::create(b, b.getI32Type(), halves);
}

struct ConvertNarrowTruncF : OpConversionPattern<arith::TruncFOp> {
  ConvertNarrowTruncF(const TypeConverter &converter, MLIRContext *context)
      : OpConversionPattern(converter, context, kBenefit) {}

  LogicalResult matchAndRewrite(arith::TruncFOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    ValueRange elements = adaptor.getIn();
    if (!operandElement(op).isF32() || !isByteFloat(getElementTypeOrSelf(op.getType())) || op.getType().isFloat() ||
        elements.size() % 4 != 0)
      return rewriter.notifyMatchFailure(op, "not a tile from f32 to 8 bits");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> registers;
    for (size_t i = 0; i < elements.size(); i += 4)
      registers.push_back(truncateFour(b, op, elements.slice(i, 4)));
    rewriter.replaceOpWithMultiple(op, {registers});
    return success();
  }
};

struct ConvertTruncF : OpConversionPattern<arith::TruncFOp> {
  ConvertTruncF(const TypeConverter &converter, MLIRContext *context)
      : OpConversionPattern(converter, context, kBenefit) {}

  LogicalResult matchAndRewrite(arith::TruncFOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!operandElement(op).isF32() || !isNarrowFloat(getElementTypeOrSelf(op.getType())))
      return rewriter.notifyMatchFailure(op, "not f32 to 16 bits");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    ValueRange elements = adaptor.getIn();
    if (op.getType().isFloat()) {
      Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
      Value pair = truncatePair(b, op, elements.front(), zero);
      rewriter.replaceOpWithNewOp<LLVM::ExtractElementOp>(op, pair, constantI32(b, 0));
      return success();
    }
    SmallVector<Value> registers;
    for (size_t i = 0; i < elements.size(); i += 2)
      registers.push_back(truncatePair(b, op, elements[i], elements[i + 1]));
    rewriter.replaceOpWithMultiple(op, {registers});
    return success();
  }
};

/// Rounding to nearest even is what LLVM does when it is not asked.
struct DropRoundingMode : OpConversionPattern<arith::TruncFOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!op.getType().isFloat() || op.getRoundingmode() != arith::RoundingMode::to_nearest_even)
      return failure();
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), adaptor.getIn());
    return success();
  }
};

} // namespace

LogicalResult checkFunction(Operation *op, StringRef chip) {
  if (auto truncation = dyn_cast<arith::TruncFOp>(op))
    return checkTruncation(truncation, chip);
  bool isMath = isa<math::MathDialect>(op->getDialect());
  if (!isMath && !isa<arith::DivFOp>(op))
    return success();
  if (isa<math::AbsIOp, math::CountLeadingZerosOp, math::CountTrailingZerosOp, math::CtPopOp>(op))
    return success();
  const Function *function = findFunction(op);
  if (!function)
    return refuseUnknown(op, chip);
  Form form = formOf(*function, op);
  if (form.kind == Form::None)
    return op->emitOpError() << "has no exact form on " << chip << "; with fastmath<afn> it is approximated";
  if (Type type = operandElement(op); form.kind != Form::Native && !type.isF32() && !isNarrowFloat(type))
    return op->emitOpError() << "of " << type << " has no code on " << chip << "; of f32, f16 and bf16 it has";
  return success();
}

bool isNative(Operation *op) {
  if (auto truncation = dyn_cast<arith::TruncFOp>(op))
    return !truncation.getRoundingmode();
  const Function *function = findFunction(op);
  return !function || formOf(*function, op).kind == Form::Native;
}

void populatePatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  for (const Function &function : kFunctions)
    patterns.add<ConvertFunction>(context, function);
  patterns.add<ConvertTruncF, ConvertNarrowTruncF, DropRoundingMode>(converter, context);
  auto isExpanded = [](StringRef name) {
    return llvm::any_of(kFunctions, [&](const Function &f) { return f.op == name && f.exact.kind == Form::Expansion; });
  };
  populateMathPolynomialApproximationPatterns(patterns, isExpanded);
  math::populateExpansionPatterns(patterns, {"rsqrt"});
}

} // namespace girih::functions

// tcgen05.mma and its commit (PTX ISA, "tensorcore 5th generation instructions").
#include "../Common/SharedOperand.h"
#include "SM100a.h"
#include "girih/Target/Kernel.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace girih::sm100a {
namespace {

/// The upper half of the shared memory descriptor (PTX ISA, "tcgen05 shared memory
/// descriptor"): the stride offset in units of 16 bytes, the constant 1 from bit 46 on,
/// and the mode of the swizzle from bit 61 on: 0 is none, 2 is 128 bytes, 4 is 64, 6 is 32.
int64_t descriptorHigh(const SharedOperand &operand) {
  int64_t mode = operand.swizzle == 16 ? 0 : 2 * (8 - llvm::Log2_64(operand.swizzle));
  return operand.groupBytes() >> 4 | 1 << (46 - 32) | mode << (61 - 32);
}

/// PTX ISA, "instruction descriptor", of .kind::f16 and .kind::f8f6f4: accumulators of f32,
/// the formats of A and B, whether B's outer dimension is the contiguous one, columns and rows.
uint32_t instructionDescriptor(Type left, Type right, bool isOuterContiguous, int64_t rows, int64_t columns) {
  auto format = [](Type element) { return uint32_t(isa<BFloat16Type, Float8E5M2Type>(element)); };
  return 1 << 4 | format(left) << 7 | format(right) << 10 | uint32_t(isOuterContiguous) << 16 |
         uint32_t(columns / 8) << 17 | uint32_t(rows / 16) << 24;
}

/// The same of .kind::mxf8f6f4 with scales of type ue8m0, of which each column of tensor memory has four: a
/// step's are those of its number.
uint32_t scaledDescriptor(uint32_t plain, int64_t step) {
  return (plain & ~(1u << 4)) | 1 << 23 | step << 4 | step << 29;
}

/// The address of the scales of 64 rows further on, if so: a column has those of 32 rows.
Value skipHalf(ImplicitLocOpBuilder &b, Value scales, Value isSkipped) {
  Value half = LLVM::ConstantOp::create(b, b.getI32Type(), tile::kScaleGroups / 2);
  Value none = LLVM::ConstantOp::create(b, b.getI32Type(), 0);
  return LLVM::AddOp::create(b, scales, LLVM::SelectOp::create(b, isSkipped, half, none));
}

/// One assembly string per MMA, with every step along the inner dimension. Descriptors are
/// put together in it, out of 32-bit words: as 64-bit values of the IR, the lower halves of
/// all steps would live in registers at once and spill.
struct ConvertMma : OpConversionPattern<tile::MmaIntoOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::MmaIntoOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType dest = op.getDest().getType(), aType = op.getA().getType(), bType = op.getB().getType();
    const Target &target = *getSM100aTarget();
    if (failed(target.checkMma(op, aType, bType, dest, op.getTransposeB())) ||
        failed(target.accumulatorLayout(op, dest.getDimSize(0), dest.getDimSize(1))))
      return failure();

    int64_t group = op.getPair() ? 2 : 1;
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    bool transposed = op.getTransposeB(), aInTensorMemory = tile::isInTensorMemory(aType);
    SharedOperand left, right = transposed ? SharedOperand::innerContiguous(b, adaptor.getB(), bType)
                                           : SharedOperand::outerContiguous(b, adaptor.getB(), bType);
    Value leftWord = adaptor.getA();
    if (!aInTensorMemory) {
      left = SharedOperand::innerContiguous(b, adaptor.getA(), aType);
      leftWord = left.low;
    }
    Value accumulate = arith::ExtUIOp::create(b, b.getI32Type(), adaptor.getAccumulate());
    uint32_t descriptor = instructionDescriptor(aType.getElementType(), bType.getElementType(), !transposed,
                                                group * dest.getDimSize(0), dest.getDimSize(1));
    int64_t depth = kMma.depthOf(aType.getElementTypeBitWidth());
    bool isScaled = !adaptor.getScales().empty();
    StringRef kind = isScaled                              ? "mxf8f6f4.block_scale.scale_vec::1X"
                     : aType.getElementTypeBitWidth() == 8 ? "f8f6f4"
                                                           : "f16";

    bool isElected = op->hasAttr(kElectedAttr);
    std::string ptx = "{ .reg .pred p; .reg .b32 w; .reg .b64 a, b; setp.ne.b32 p, $3, 0; ";
    ptx += isElected ? kElect : "";
    auto addDescriptor = [&](StringRef name, int index, const SharedOperand &operand, int64_t step) {
      ptx += llvm::formatv("add.s32 w, ${0}, {1}; mov.b64 {2}, {{w, {3}}; ", index, operand.steps[step], name,
                           descriptorHigh(operand));
    };
    for (size_t step = 0; step < right.steps.size(); ++step) {
      std::string leftText = "a";
      if (aInTensorMemory)
        leftText = llvm::formatv("[$1+{0}]", step * depth / elementsPerRegister(aType.getElementType()));
      else
        addDescriptor("a", 1, left, step);
      addDescriptor("b", 2, right, step);
      ptx += llvm::formatv("{4}tcgen05.mma.cta_group::{5}.kind::{0} [$0], {1}, b, {2}, {6}{3}; ", kind, leftText,
                           isScaled ? scaledDescriptor(descriptor, step) : descriptor, step == 0 ? "p" : "1",
                           isElected ? "@one " : "", group, isScaled ? "[$4], [$5], " : "");
    }
    SmallVector<Value> operands = {adaptor.getDest(), leftWord, right.low, accumulate};
    llvm::append_range(operands, adaptor.getScales());
    if (op.getSecondHalf())
      operands.back() = skipHalf(b, operands.back(), adaptor.getSecondHalf());
    emitPtx(b, {}, ptx + "}", isScaled ? "r,r,r,r,r,r" : "r,r,r,r", operands);
    rewriter.eraseOp(op);
    return success();
  }
};

/// Each 32 rows of 16 bytes go to four columns of all four warps' lanes (PTX ISA, "tcgen05.cp", shape .32x128b).
struct ConvertCopyScales : OpConversionPattern<tile::CopyScalesOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::CopyScalesOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto scales = cast<RankedTensorType>(op.getScales().getType());
    SharedOperand source = SharedOperand::unswizzled(b, adaptor.getScales());
    bool isElected = op->hasAttr(kElectedAttr);
    std::string ptx = "{ .reg .b32 w; .reg .b64 s; ";
    ptx += isElected ? kElect : "";
    constexpr int64_t kBlockBytes = tile::kScaleRows * tile::kScaleColumns;
    for (int64_t block = 0; block < scales.getDimSize(0) / tile::kScaleRows; ++block)
      ptx += llvm::formatv("add.s32 w, $1, {0}; mov.b64 s, {{w, {1}}; "
                           "{2}tcgen05.cp.cta_group::1.32x128b.warpx4 [$0+{3}], s; ",
                           block * kBlockBytes >> 4, descriptorHigh(source), isElected ? "@one " : "",
                           block * tile::kScaleGroups);
    emitPtx(b, {}, ptx + "}", "r,r", {adaptor.getDest(), source.low});
    rewriter.eraseOp(op);
    return success();
  }
};

/// A warp elects the same lane each time, so commits are of the lane that started the MMAs.
struct ConvertCommit : OpConversionPattern<tile::MmaCommitOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::MmaCommitOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value address = barrierAddress(b, adaptor.getBarriers(), adaptor.getIndex());
    if (op->hasAttr(kElectedAttr)) {
      StringRef multicast = op.getPair() ? ".multicast::cluster" : "", to = op.getPair() ? ", both" : "";
      std::string mask = op.getPair() ? ".reg .b16 both; mov.b16 both, 3; " : ""; // a bit a CTA
      std::string commit =
          llvm::formatv("@one tcgen05.commit.cta_group::{0}.mbarrier::arrive::one.shared::cluster{1}.b64 [$0]{2}; }",
                        ctasOfProgram(op), multicast, to);
      emitPtx(b, {}, "{ " + mask + kElect.str() + commit, "r", address);
    } else {
      SmallVector<Value> operands = {sharedPointer(b, address)};
      if (op.getPair())
        operands.push_back(LLVM::ConstantOp::create(b, b.getI16Type(), 0b11));
      StringRef name = op.getPair() ? "llvm.nvvm.tcgen05.commit.mc.shared" : "llvm.nvvm.tcgen05.commit.shared";
      callIntrinsic(b, ofGroup(name, ctasOfProgram(op)), operands);
    }
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void populateMmaPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertMma, ConvertCopyScales, ConvertCommit>(converter, patterns.getContext());
}

} // namespace girih::sm100a

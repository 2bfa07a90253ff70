// Hopper: its limits and the shapes its MMAs take.
#include "SM90a.h"

using namespace mlir;

namespace girih {
namespace {

class SM90a final : public Target {
public:
  StringRef chip() const override { return "sm_90a"; }
  StringRef ptxFeature() const override { return "+ptx88"; }

  Limits limits() const override {
    return {/*sharedBytes=*/227 * 1024, /*registersPerThread=*/255, /*registersPerProcessor=*/65536,
            /*registerGranularity=*/8};
  }

  FailureOr<tile::Schedule> completeSchedule(attn::ForwardOp op, const tile::Schedule &given) const override {
    return sm90a::completeSchedule(op, given);
  }

  /// PTX ISA, "register fragments for wgmma.mma_async.m64nNk16": N is a multiple of 8
  /// up to 256.
  FailureOr<tile::Fragment> accumulatorLayout(Operation *op, int64_t rows, int64_t columns) const override {
    if (rows != sm90a::kMmaRows)
      return op->emitError() << "an MMA of one worker has " << rows << " rows, " << chip() << " has " << sm90a::kMmaRows
                             << " (knobs rows and workers)";
    if (columns % 8 != 0 || columns > 256)
      return op->emitError() << "an MMA has " << columns << " columns, " << chip() << " takes multiples of 8 up to 256";
    return tile::Fragment(2, {{2, {0, 1}}, {2, {8, 0}}, {columns / 8, {0, 8}}}, {{4, {0, 2}}, {8, {1, 0}}},
                          {{4, {16, 0}}});
  }

  int64_t lanesPerRow() const override { return 4; }

  LogicalResult checkMma(Operation *op, RankedTensorType a, RankedTensorType b, RankedTensorType result,
                         bool transposeB) const override {
    Type type = a.getElementType();
    if (!type.isBF16() && !type.isF16())
      return op->emitError() << "an MMA of " << type << " is not supported on " << chip() << "; bf16 and f16 are";
    if (!result.getElementType().isF32())
      return op->emitError() << "an MMA that accumulates in " << result.getElementType() << " is not supported on "
                             << chip() << "; f32 is";
    if (a.getDimSize(1) % 16 != 0)
      return op->emitError() << "the inner size of an MMA is " << a.getDimSize(1) << ", must be a multiple of 16";
    for (RankedTensorType operand : {a, b})
      if (tile::SharedAttr shared = tile::sharedEncoding(operand); shared && shared.getSwizzle() != 128)
        return op->emitError() << "an operand row of " << operand.getDimSize(1) << " elements of " << type
                               << " cannot have the 128-byte swizzle that MMAs on " << chip() << " read";
    return success();
  }

  LogicalResult checkFunction(Operation *op) const override { return sm90a::checkFunction(op); }
  bool isNative(Operation *op) const override { return sm90a::isNative(op); }

  std::optional<int64_t> countUniformMoves(StringRef cubin, StringRef kernel) const override {
    return sm90a::countUniformMoves(cubin, kernel);
  }

  void populatePatterns(const TypeConverter &converter, RewritePatternSet &patterns) const override {
    sm90a::populateMmaPatterns(converter, patterns);
    sm90a::populateMathPatterns(converter, patterns);
  }
};

} // namespace

const Target *getSM90aTarget() {
  static const SM90a target;
  return &target;
}

} // namespace girih

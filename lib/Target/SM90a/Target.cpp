// Hopper: its limits and the shapes its MMAs take.
#include "../Common/Exp2.h"
#include "../Common/Inspect.h"
#include "../Common/Math.h"
#include "SM90a.h"

using namespace mlir;

namespace girih {
namespace {

class SM90a final : public Target {
public:
  StringRef chip() const override { return "sm_90a"; }
  StringRef ptxFeature() const override { return "+ptx88"; }

  Limits limits() const override {
    Limits limits;
    limits.sharedBytes = 227 * 1024;
    limits.threads = 1024;
    limits.registersPerThread = 255;
    limits.registersPerCta = 65536;
    limits.registerGranularity = 8;
    limits.minRoleRegisters = 24; // PTX ISA, "setmaxnreg"
    limits.maxRoleRegisters = 256;
    // With fewer, ptxas serializes the MMAs (its warning C7512) or ignores setmaxnreg
    // (C7507): all 21 of 220 random schedules that had fewer, and no other.
    limits.registersBesideTiles = 24;
    limits.boxSize = 256; // PTX ISA, "tensor dimension, size and format"
    limits.mapRank = 5;
    limits.tensorColumns = 0;
    limits.handsOutWork = false;
    limits.pairsCtas = false;
    return limits;
  }

  /// NVIDIA H100 and H200 SXM: 989 TFLOP/s at 1830 MHz; CUDA C++ programming guide,
  /// "arithmetic instructions". Of the 64 bytes that L2 could bring, three quarters.
  Rates rates() const override { return {132, 1830, 4096, 16, 128, 48}; }

  tile::Schedule completeSchedule(attn::ForwardOp op, const tile::Schedule &given, Missing &missing) const override {
    return sm90a::completeSchedule(op, given, missing);
  }

  std::optional<WorkerRule> workerRule(attn::ForwardOp op) const override { return sm90a::workerRule(op); }

  /// PTX ISA, "register fragments for wgmma.mma_async.m64nNk16": N is a multiple of 8
  /// up to 256.
  FailureOr<tile::Fragment> accumulatorLayout(Operation *op, int64_t rows, int64_t columns) const override {
    if (failed(checkAccumulator(op, chip(), sm90a::kMma, rows, columns)))
      return failure();
    return tile::Fragment(2, {{2, {0, 1}}, {2, {8, 0}}, {columns / 8, {0, 8}}}, {{4, {0, 2}}, {8, {1, 0}}},
                          {{4, {16, 0}}});
  }

  /// PTX ISA, "register fragments for wgmma.mma_async.m64nNk32": four elements of 8 bits follow
  /// each other in a register.
  FailureOr<tile::Fragment> leftLayout(Operation *op, int64_t rows, int64_t columns, int64_t bits,
                                       bool interleaved) const override {
    if (bits != 8)
      return accumulatorLayout(op, rows, columns);
    int64_t pair = interleaved ? 8 : 2, lane = interleaved ? 2 : 4;
    return tile::Fragment(2, {{2, {0, 1}}, {2, {0, pair}}, {2, {8, 0}}, {2, {0, 16}}, {columns / 32, {0, 32}}},
                          {{4, {0, lane}}, {8, {1, 0}}}, {{4, {16, 0}}});
  }

  /// PTX ISA, "wgmma.mma_async": only operands of 16 bits have a transposition.
  bool readsTransposedOnly(int64_t bits) const override { return bits != 16; }

  int64_t innerStep(int64_t bits) const override { return sm90a::kMma.depthOf(bits); }

  int64_t lanesPerRow() const override { return 4; }

  LogicalResult checkMma(Operation *op, RankedTensorType a, RankedTensorType b, RankedTensorType result,
                         bool transposeB) const override {
    if (failed(checkMmaTypes(op, chip(), sm90a::kMma, a, b, result)))
      return failure();
    if (readsTransposedOnly(b.getElementTypeBitWidth()) && !transposeB)
      return op->emitError() << "an MMA of " << b.getElementType() << " on " << chip()
                             << " reads a right operand whose inner dimension is contiguous (transpose_b)";
    return success();
  }

  /// ptxas allots the registers of one instruction by the count at launch (its error
  /// C7602): the accumulator, the left operand if it lies in registers, and 26 more.
  int64_t launchRegistersFor(tile::MmaAsyncOp mma) const override {
    int64_t columns = mma.getResult().getType().getTile().getDimSize(1);
    int64_t leftOperand = tile::fragmentEncoding(mma.getA().getType()) ? sm90a::kMma.depth / 4 : 0;
    return columns / 2 + leftOperand + 26;
  }

  LogicalResult checkFunction(Operation *op) const override { return functions::checkFunction(op, chip()); }
  bool isNative(Operation *op) const override { return functions::isNative(op); }

  std::optional<int64_t> countUniformMoves(StringRef cubin, StringRef kernel) const override {
    return girih::countUniformMoves(cubin, kernel);
  }

  void populatePatterns(const TypeConverter &converter, RewritePatternSet &patterns) const override {
    sm90a::populateMmaPatterns(converter, patterns);
    exp2::populatePatterns(converter, patterns);
    functions::populatePatterns(converter, patterns);
  }
};

} // namespace

const Target *getSM90aTarget() {
  static const SM90a target;
  return &target;
}

} // namespace girih

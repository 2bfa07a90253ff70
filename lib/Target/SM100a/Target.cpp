// Blackwell and its siblings: their limits and the shapes their MMAs take.
#include "../Common/Exp2.h"
#include "../Common/Inspect.h"
#include "../Common/Math.h"
#include "SM100a.h"

using namespace mlir;

namespace girih {
namespace {

class SM100a final : public Target {
public:
  SM100a(StringRef name, StringRef ptx, int64_t exp2Polynomial)
      : name(name), ptx(ptx), exp2Polynomial(exp2Polynomial) {}

  StringRef chip() const override { return name; }
  StringRef ptxFeature() const override { return ptx; }

  Limits limits() const override {
    Limits limits;
    limits.sharedBytes = 227 * 1024;
    limits.threads = 1024;
    limits.registersPerThread = 255;
    limits.registersPerCta = 65536;
    limits.registerGranularity = 8;
    limits.minRoleRegisters = 24; // PTX ISA, "setmaxnreg"
    limits.maxRoleRegisters = 256;
    limits.registersBesideTiles = 24;
    limits.boxSize = 256; // PTX ISA, "tensor dimension, size and format"
    limits.mapRank = 5;
    limits.tensorColumns = tile::kMaxTensorColumns; // PTX ISA, "tensor memory"
    limits.handsOutWork = true;                     // PTX ISA, "clusterlaunchcontrol"
    limits.pairsCtas = true;                        // PTX ISA, "tcgen05.mma", .cta_group::2
    return limits;
  }

  /// NVIDIA B200: 2.25 PFLOP/s at 1850 MHz; CUDA C++ programming guide, "arithmetic
  /// instructions". Of the 64 bytes that L2 could bring, three quarters.
  Rates rates() const override { return {148, 1850, 8192, 16, 128, 48}; }

  tile::Schedule completeSchedule(attn::ForwardOp op, const tile::Schedule &given, Missing &missing) const override {
    return sm100a::completeSchedule(op, given, *this, missing, exp2Polynomial);
  }

  /// PTX ISA, "tcgen05 matrix shapes": with 128 rows, N is a multiple of 16 up to 256.
  FailureOr<tile::Fragment> accumulatorLayout(Operation *op, int64_t rows, int64_t columns) const override {
    if (failed(checkAccumulator(op, chip(), tile::isOfPair(op) ? sm100a::kMmaOfPair : sm100a::kMma, rows, columns)))
      return failure();
    return sm100a::rowsOfLanes(columns);
  }

  int64_t innerStep(int64_t bits) const override { return sm100a::kMma.depthOf(bits); }

  int64_t lanesPerRow() const override { return 1; }

  LogicalResult checkMma(Operation *op, RankedTensorType a, RankedTensorType b, RankedTensorType result,
                         bool transposeB) const override {
    return checkMmaTypes(op, chip(), sm100a::kMma, a, b, result);
  }

  /// An MMA takes no registers; ptxas allots those of the load that reads its result by
  /// the count at launch (its error C7602).
  int64_t launchRegistersFor(tile::MmaAsyncOp mma) const override {
    int64_t columns = mma.getResult().getType().getTile().getDimSize(1);
    return std::min(columns, sm100a::kMaxMoveColumns) + limits().registersBesideTiles;
  }

  LogicalResult checkFunction(Operation *op) const override { return functions::checkFunction(op, chip()); }
  bool isNative(Operation *op) const override { return functions::isNative(op); }

  std::optional<int64_t> countUniformMoves(StringRef cubin, StringRef kernel) const override {
    return girih::countUniformMoves(cubin, kernel);
  }

  void reserveColumns(ImplicitLocOpBuilder &b, Value sharedAddress, int64_t columns, int64_t cluster) const override {
    sm100a::reserveColumns(b, sharedAddress, columns, cluster);
  }
  void releaseColumns(ImplicitLocOpBuilder &b, Value address, int64_t columns, int64_t cluster) const override {
    sm100a::releaseColumns(b, address, columns, cluster);
  }
  void fenceTensorMemory(ImplicitLocOpBuilder &b, Fence fence) const override { sm100a::fenceTensorMemory(b, fence); }

  void populatePatterns(const TypeConverter &converter, RewritePatternSet &patterns) const override {
    sm100a::populateMmaPatterns(converter, patterns);
    sm100a::populateTensorMemoryPatterns(converter, patterns);
    sm100a::populatePairPatterns(converter, patterns);
    exp2::populatePatterns(converter, patterns, /*hasPairs=*/true);
    functions::populatePatterns(converter, patterns);
  }

private:
  StringRef name, ptx;
  int64_t exp2Polynomial; ///< the knob's default
};

} // namespace

// The instructions that are used here are the same on all of them (PTX ISA, "tcgen05"):
// B200; one cubin for B200 and B300; B300; Jetson Thor. Polynomials pay where the special
// function unit gives 16 exponentials a clock; B300's gives 32, Thor's is not known.
static constexpr int64_t kPolynomials = 4;

const Target *getSM100aTarget() {
  static const SM100a target("sm_100a", "+ptx88", kPolynomials);
  return &target;
}

const Target *getSM100fTarget() {
  static const SM100a target("sm_100f", "+ptx88", kPolynomials);
  return &target;
}

const Target *getSM103aTarget() {
  static const SM100a target("sm_103a", "+ptx88", 0);
  return &target;
}

const Target *getSM110aTarget() {
  static const SM100a target("sm_110a", "+ptx90", 0);
  return &target;
}

} // namespace girih

#include "Divisibility.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace girih {

/// A value can be used twice at each level, so the work doubles with each; what lies
/// deeper counts as unknown.
static constexpr unsigned kMaxDepth = 8;
/// Of a zero; enough for any index, and sums of it do not overflow.
static constexpr unsigned kAllBits = 64;

static unsigned zeroBits(Value value, unsigned depth) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.isZero() ? kAllBits : constant.countr_zero();
  if (depth == kMaxDepth)
    return 0;
  auto least = [&](Value a, Value b) { return std::min(zeroBits(a, depth + 1), zeroBits(b, depth + 1)); };
  if (auto loop = scf::getForInductionVarOwner(value))
    return least(loop.getLowerBound(), loop.getStep());
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<arith::MulIOp>(op))
    return std::min(zeroBits(op->getOperand(0), depth + 1) + zeroBits(op->getOperand(1), depth + 1), kAllBits);
  if (isa_and_nonnull<arith::AddIOp, arith::SubIOp, arith::MinSIOp, arith::MinUIOp, arith::MaxSIOp, arith::MaxUIOp>(op))
    return least(op->getOperand(0), op->getOperand(1));
  if (auto select = dyn_cast_or_null<arith::SelectOp>(op))
    return least(select.getTrueValue(), select.getFalseValue());
  return 0;
}

unsigned knownZeroBits(Value value) { return zeroBits(value, 0); }

} // namespace girih

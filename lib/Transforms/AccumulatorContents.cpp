// Whether an MMA adds to what its accumulator in tensor memory holds.
#include "TensorPlaces.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace girih {
namespace {
/// What a tile in tensor memory holds: zeros, what an MMA has written, or zeros in the
/// first round of a loop and then what an MMA has written. A tile that is only what a
/// loop hands on to itself says nothing.
struct Content {
  enum Kind { Nothing, Zero, Written, ZeroAtFirst } kind;
  scf::ForOp loop = {};
};

class Contents {
public:
  FailureOr<Content> of(Value tile);

private:
  /// Of what `loop` carries, inside it or after it.
  FailureOr<Content> ofCarried(Value tile, scf::ForOp loop, Value init, Value yielded);

  llvm::DenseSet<Value> open; ///< asked for already, further out
};
} // namespace

FailureOr<Content> Contents::of(Value tile) {
  if (matchPattern(tile, m_AnyZeroFloat()))
    return Content{Content::Zero};
  if (tile.getDefiningOp<tile::MmaAsyncOp>() || tile.getDefiningOp<tile::AwaitOp>())
    return Content{Content::Written};
  if (!open.insert(tile).second)
    return Content{Content::Nothing};
  if (auto argument = dyn_cast<BlockArgument>(tile)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    if (loop && argument != loop.getInductionVar())
      return ofCarried(tile, loop, loop.getTiedLoopInit(argument)->get(),
                       loop.getTiedLoopYieldedValue(argument)->get());
  } else if (auto loop = tile.getDefiningOp<scf::ForOp>()) {
    unsigned index = cast<OpResult>(tile).getResultNumber();
    return ofCarried(tile, loop, loop.getInitArgs()[index], loop.getYieldedValues()[index]);
  }
  return emitError(tile.getLoc(), "an accumulator in tensor memory starts as zero or as the result of an MMA");
}

FailureOr<Content> Contents::ofCarried(Value tile, scf::ForOp loop, Value init, Value yielded) {
  FailureOr<Content> before = of(init), after = of(yielded);
  if (failed(before) || failed(after))
    return failure();
  if (after->kind == Content::Nothing || (before->kind == after->kind && before->kind != Content::ZeroAtFirst))
    return before;
  if (before->kind == Content::Nothing)
    return after;
  if (before->kind != Content::Zero || after->kind != Content::Written)
    return loop.emitError("carries an accumulator that is zero in some rounds only");
  if (isa<BlockArgument>(tile))
    return Content{Content::ZeroAtFirst, loop};
  if (loop->hasAttr(tile::kNonEmptyAttr))
    return after;
  return loop.emitError() << "a loop that starts an accumulator in tensor memory must run: mark it "
                          << tile::kNonEmptyAttr;
}

FailureOr<Value> accumulateFlag(tile::MmaAsyncOp mma) {
  ImplicitLocOpBuilder b(mma.getLoc(), mma);
  auto constant = [&](bool value) -> Value { return arith::ConstantOp::create(b, b.getBoolAttr(value)); };
  if (!mma.getAcc())
    return constant(false);
  FailureOr<Content> content = Contents().of(mma.getAcc());
  if (failed(content))
    return failure();
  if (content->kind != Content::ZeroAtFirst)
    return constant(content->kind == Content::Written);
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, content->loop.getInductionVar(),
                               content->loop.getLowerBound())
      .getResult();
}

} // namespace girih

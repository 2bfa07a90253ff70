// Whether an MMA adds to what its accumulator in tensor memory holds.
#include "TensorPlaces.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace girih {
namespace {
/// What a tile in tensor memory holds: zeros, what an MMA has written, or one of these, of which a flag
/// says which. A tile that is only what a loop hands on to itself says nothing.
struct Content {
  enum Kind { Nothing, Zero, Written, Either } kind;
  Value isWritten = {}; ///< i1, of Either
  scf::ForOp loop = {}; ///< the last that may have written it
};

class Contents {
public:
  /// Flags are computed where `b` stands, which the loops asked for come before or hold.
  explicit Contents(ImplicitLocOpBuilder &b) : b(b) {}

  FailureOr<Content> of(Value tile);

private:
  /// Of what `loop` carries, inside it or after it.
  FailureOr<Content> ofCarried(Value tile, scf::ForOp loop, Value init, Value yielded);

  ImplicitLocOpBuilder &b;
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
  if (after->kind == Content::Nothing || (before->kind == after->kind && before->kind != Content::Either))
    return before;
  if (before->kind == Content::Nothing)
    return after;
  if (after->kind != Content::Written)
    return loop.emitError("carries an accumulator that is zero in some rounds only");
  bool isInside = isa<BlockArgument>(tile);
  if (!isInside && loop->hasAttr(tile::kNonEmptyAttr))
    return after;
  // Written in a round before, or by the whole loop, if there was one.
  Value ran = isInside
                  ? arith::CmpIOp::create(b, arith::CmpIPredicate::ne, loop.getInductionVar(), loop.getLowerBound())
                  : arith::CmpIOp::create(b, arith::CmpIPredicate::slt, loop.getLowerBound(), loop.getUpperBound());
  if (before->kind == Content::Either)
    ran = arith::OrIOp::create(b, before->isWritten, ran);
  return Content{Content::Either, ran, loop};
}

FailureOr<Value> accumulateFlag(tile::MmaAsyncOp mma) {
  ImplicitLocOpBuilder b(mma.getLoc(), mma);
  auto constant = [&](bool value) -> Value { return arith::ConstantOp::create(b, b.getBoolAttr(value)); };
  if (!mma.getAcc())
    return constant(false);
  FailureOr<Content> content = Contents(b).of(mma.getAcc());
  if (failed(content))
    return failure();
  return content->kind == Content::Either ? content->isWritten : constant(content->kind == Content::Written);
}

LogicalResult checkWritten(tile::MoveOp read) {
  if (!read.getTile().getDefiningOp<scf::ForOp>()) // an MMA's result, or what others refuse
    return success();
  ImplicitLocOpBuilder b(read.getLoc(), read);
  FailureOr<Content> content = Contents(b).of(read.getTile());
  if (failed(content) || content->kind == Content::Written)
    return content;
  if (!content->loop)
    return read.emitError("reads an accumulator in tensor memory to which no MMA adds");
  InFlightDiagnostic diagnostic =
      content->loop.emitError("a loop that starts an accumulator in tensor memory must run: mark it ");
  diagnostic << tile::kNonEmptyAttr;
  diagnostic.attachNote(read.getLoc()) << "what it leaves is read here";
  return diagnostic;
}

} // namespace girih

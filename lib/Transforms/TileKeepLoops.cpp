// tile-keep-loops: keep loops with MMAs loops, even where they run once.
//
//   "mma before the loop"; scf.for %i = %c1 to %c2 step %c1 { "mma" }
// becomes
//   "mma before the loop"; %s = tile.opaque %c1; scf.for %i = %c1 to %c2 step %s { "mma" }
//
// Inlined, the loop would make one straight run of code with the MMAs before it. An
// assembler then moves work of one iteration behind the MMAs of the next, where both
// need registers: around a loop it cannot.
#include "girih/Transforms/Passes.h"

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILEKEEPLOOPSPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

bool holdsMma(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        return isa<tile::MmaOp, tile::MmaAsyncOp>(inner) ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

struct TileKeepLoopsPass : impl::TileKeepLoopsPassBase<TileKeepLoopsPass> {
  void runOnOperation() override {
    getOperation().walk([](scf::ForOp loop) {
      std::optional<APInt> trips = loop.getStaticTripCount();
      if (!trips || !trips->isOne() || !holdsMma(loop) ||
          llvm::none_of(*loop->getBlock(), [&](Operation &other) { return &other != loop && holdsMma(&other); }))
        return;
      OpBuilder builder(loop);
      loop.setStep(tile::OpaqueOp::create(builder, loop.getLoc(), loop.getStep()));
    });
  }
};

} // namespace
} // namespace girih

// tile-verify-barriers: refuse a kernel whose barriers cannot be proven right.
#include "girih/Analysis/Barriers.h"
#include "girih/Transforms/Passes.h"

#include "dialects/Tile/Tile.h"

namespace girih {
#define GEN_PASS_DEF_TILEVERIFYBARRIERSPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

struct TileVerifyBarriersPass : impl::TileVerifyBarriersPassBase<TileVerifyBarriersPass> {
  void runOnOperation() override {
    BarrierProof proof(getOperation());
    for (const BarrierFinding &finding : proof.run()) {
      emit(finding);
      signalPassFailure();
    }
    markAllAnalysesPreserved();
  }
};

} // namespace
} // namespace girih

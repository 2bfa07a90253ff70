// attn-schedule: choose the target and complete the schedule of every problem.
#include "girih/Transforms/Passes.h"

#include "girih/Target/Target.h"
#include "girih/Target/TuningKey.h"
#include "girih/Tune/Lookup.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_ATTNSCHEDULEPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

struct AttnSchedulePass : impl::AttnSchedulePassBase<AttnSchedulePass> {
  using AttnSchedulePassBase::AttnSchedulePassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    const Target *chosen = lookupTarget(target, [&] { return module.emitError(); });
    if (!chosen)
      return signalPassFailure();
    auto attr = NVVM::NVVMTargetAttr::get(&getContext(), /*optLevel=*/3, "nvptx64-nvidia-cuda", chosen->chip(),
                                          chosen->ptxFeature());
    module->setAttr(kTargetAttr, attr);
    for (auto kernels : module.getOps<gpu::GPUModuleOp>())
      if (!kernels.getTargetsAttr())
        kernels.setTargetsAttr(ArrayAttr::get(&getContext(), attr));

    WalkResult result = module.walk([&](attn::ForwardOp op) {
      auto given = tile::Schedule::decode(op.getScheduleAttr());
      if (!schedules.empty() && failed(addMeasured(op, given)))
        return WalkResult::interrupt();
      Missing missing;
      tile::Schedule complete = chosen->completeSchedule(op, given, missing);
      chosen->checkRoles(chosen->rolesOf(complete, chosen->transposesValues(op)), chosen->limitsOf(complete), missing);
      if (failed(missing.report(op)))
        return WalkResult::interrupt();
      tile::ScheduleAttr schedule = complete.encode(&getContext(), [&] { return op.emitError(); });
      if (!schedule)
        return WalkResult::interrupt();
      op.setScheduleAttr(schedule);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  /// Gives open knobs the values of the schedule that was measured to be the fastest.
  LogicalResult addMeasured(attn::ForwardOp op, tile::Schedule &schedule) {
    tune::Lookup found = tune::lookupSchedule(schedules, problemKey(op), target, compilerVersion().str());
    if (!found.error.empty())
      return op.emitError() << "cannot read schedules from '" << schedules << "': " << found.error;
    if (found.schedule.empty())
      return success();
    std::optional<tile::Schedule> measured = parseSchedule(found.schedule);
    if (!measured)
      return op.emitError() << "'" << schedules << "' has what is no schedule: " << found.schedule;
    schedule = adopt(schedule, *measured);
    return success();
  }
};

} // namespace
} // namespace girih

// The proof: runs of the model that show what all runs of the kernel do.
//
// The roles are interpreted together, each worker as one agent; what matters of a
// program is barriers, slots of memory, asynchronous work, and the integers
// that those depend on. The bounds of most loops come from the kernel's arguments,
// so a run chooses how often each loop (by `tile.loop`) goes round: never, once,
// about as often as the deepest ring has slots, and more often than the number of
// rounds after which every ring is back at slot 0 and parity 0.
//
// One order of events a run is enough. The rules of the model (Model.h) ask
// what an agent has heard of, by clocks that travel with arrivals and waits, not
// what happened first: an arrival must have heard of the end of all phases before
// its own; a wait must be heard of before the phase after the awaited one ends; a
// read must have heard of the end of the phase that filled the slot, a fill of all
// reads. Take a run that keeps the rules, any other order of the same programs, and
// the first event there that ends otherwise. It is no arrival: it has heard that
// the phases before its own are over, and its own cannot end without it. It is no
// wait: the phase that it awaits is not over before its arrivals, which are the
// same, and the next cannot end before the wait is heard of. So there is none: all
// orders are runs with the same clocks, and when one comes to its end, all do.
// Copies complete at some time between their start and the end of their phase; as
// only the latter is ever heard of, that time does not matter either. MMAs that one
// thread starts complete between their start and the arrival of a commit, of which the
// same is true: the arrival has heard of what its thread had when it committed.
//
// For why few trip counts suffice, see docs/passes/tile-verify-barriers.md.
#include "Cases.h"
#include "Interpreter.h"
#include "girih/Analysis/Barriers.h"

using namespace mlir;

namespace girih {

static constexpr int64_t kMaxSteps = 1'000'000;       ///< of all runs but the necessary ones
static constexpr int64_t kMaxStepsOfAll = 20'000'000; ///< about a second

void emit(const BarrierFinding &finding) {
  InFlightDiagnostic error = mlir::emitError(finding.place) << finding.text;
  for (const BarrierFinding::Note &note : finding.notes)
    error.attachNote(note.place) << note.text;
}

struct BarrierProof::Model {
  BarrierProgram program;

  BarrierFinding finding(const BarrierFault &fault, StringRef when) const {
    BarrierFinding result{program.sites[fault.site], fault.text + when.str(), {}};
    for (const BarrierFault::Note &note : fault.notes)
      result.notes.push_back({program.sites[note.site], note.text});
    return result;
  }
};

BarrierProof::BarrierProof(gpu::GPUFuncOp kernel) : model(std::make_unique<Model>()) {
  decodeBarrierProgram(kernel, model->program, findings);
  if (findings.empty())
    checkLoopCopies(kernel, findings);
}

BarrierProof::~BarrierProof() = default;

ArrayRef<BarrierFinding> BarrierProof::run() {
  if (!findings.empty())
    return findings;
  Cases cases(model->program);
  BarrierInterpreter interpreter(model->program);
  for (const Case &chosen : cases.list()) {
    if (interpreter.getSteps() > kMaxSteps && !cases.isNecessary(chosen))
      continue;
    auto tripCount = [&](int64_t number, int64_t execution) { return cases.tripCount(chosen, number, execution); };
    std::optional<BarrierFault> fault = interpreter.run(tripCount, /*openBranches=*/true, kMaxStepsOfAll);
    if (!fault && model->program.hasOpenBranches)
      fault = interpreter.run(tripCount, /*openBranches=*/false, kMaxStepsOfAll);
    if (fault) {
      findings.push_back(model->finding(*fault, cases.text(chosen)));
      return findings;
    }
  }
  if (std::optional<BarrierFault> fault = interpreter.finish())
    findings.push_back(model->finding(*fault, ""));
  return findings;
}

} // namespace girih

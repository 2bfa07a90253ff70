// tile-verify-barriers: prove the barrier protocol of a kernel's roles.
//
// The roles are interpreted together, each worker as one agent; what matters of a
// program is barriers, slots of shared memory, asynchronous work, and the integers
// that those depend on. The bounds of most loops come from the kernel's arguments,
// so a run chooses how often each loop (by `tile.loop`) goes round: never, once,
// about as often as the deepest ring has slots, and more often than the number of
// rounds after which every ring is back at slot 0 and parity 0.
//
// One order of events a run is enough. The rules of the model (BarrierModel.h) ask
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
// only the latter is ever heard of, that time does not matter either.
//
// For why few trip counts suffice, see docs/passes/tile-verify-barriers.md.
#include "BarrierInterpreter.h"
#include "girih/Transforms/Passes.h"

#include "dialects/Tile/Tile.h"
#include "llvm/ADT/STLExtras.h"
#include <map>

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILEVERIFYBARRIERSPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

constexpr int64_t kMaxPeriod = 512;      ///< rounds of a loop in one run
constexpr size_t kMaxCases = 512;        ///< runs of a kernel
constexpr int64_t kMaxSteps = 1'000'000; ///< instructions of all runs but the necessary ones

/// How often each loop goes round in one run.
struct Case {
  static constexpr size_t kTwoPeriods = -1;

  llvm::SmallVector<size_t, 4> choice; ///< by loop, an index into its trip counts, or kTwoPeriods
  bool turns = false;                  ///< each start of a loop takes the next choice
};

/// The loops whose trip count has to be chosen, and what to choose from.
class Cases {
public:
  explicit Cases(const BarrierProgram &program);

  int64_t tripCount(const Case &chosen, int64_t number, int64_t execution) const;
  std::vector<Case> list() const;

  /// Whether the case proves that a loop repeats; no limit on work may drop it.
  static bool isNecessary(const Case &chosen) { return llvm::is_contained(chosen.choice, Case::kTwoPeriods); }

  /// " (if loop 0 runs 2x, ...)", for diagnostics.
  std::string text(const Case &chosen) const;

private:
  size_t sizeOf(size_t loop) const { return loops[loop].second.size(); }
  Case combination(size_t i) const;
  Case oneDiffers(size_t loop, size_t choice, size_t others) const;
  int64_t cost(const Case &chosen) const;

  std::vector<std::pair<int64_t, llvm::SmallVector<int64_t>>> loops; ///< number and trip counts
  int64_t period;
};

Cases::Cases(const BarrierProgram &program) : period(program.period) {
  std::map<int64_t, bool> numbers; // and whether the loop runs at least once
  for (const BarrierProgram::Role &role : program.roles)
    for (const BarrierProgram::Loop &loop : role.loops)
      if (loop.number >= 0 && !loop.isConstant)
        numbers[loop.number] |= loop.nonEmpty;
  for (auto [number, nonEmpty] : numbers) {
    llvm::SmallVector<int64_t> counts = {1, program.depth - 1, program.depth, program.depth + 1, period + 1};
    if (!nonEmpty)
      counts.push_back(0);
    llvm::sort(counts);
    counts.erase(llvm::unique(counts), counts.end());
    if (nonEmpty)
      llvm::erase(counts, 0); // depth - 1 may be 0
    loops.push_back({number, counts});
  }
}

int64_t Cases::tripCount(const Case &chosen, int64_t number, int64_t execution) const {
  const auto *loop = llvm::find_if(loops, [&](auto &entry) { return entry.first == number; }).base();
  size_t choice = chosen.choice[loop - loops.data()];
  if (choice == Case::kTwoPeriods)
    return 2 * period + 1;
  return loop->second[(choice + (chosen.turns ? execution : 0)) % loop->second.size()];
}

/// All combinations, small ones first so that an error is shown on a short run; if
/// there are too many, all choices of each loop beside small and large ones of the
/// others. Then loops whose count changes from one start to the next, and for each
/// loop two periods.
std::vector<Case> Cases::list() const {
  std::vector<Case> cases;
  size_t total = 1;
  for (auto &[number, counts] : loops)
    total *= counts.size();
  if (total <= kMaxCases) {
    for (size_t i = 0; i < total; ++i)
      cases.push_back(combination(i));
  } else {
    for (size_t loop = 0; loop < loops.size(); ++loop)
      for (size_t others : {0, 1, 5})
        for (size_t choice = 0; choice < sizeOf(loop); ++choice)
          cases.push_back(oneDiffers(loop, choice, others));
  }
  for (size_t loop = 0; loop < loops.size(); ++loop)
    cases.push_back(oneDiffers(loop, Case::kTwoPeriods, 1));
  for (size_t start = 0; start < 6 && loops.size() > 1; ++start) {
    cases.push_back(oneDiffers(0, sizeOf(0) - 1, start));
    cases.back().turns = true;
  }
  llvm::sort(cases, [&](const Case &a, const Case &b) {
    return std::tuple(cost(a), a.turns, a.choice) < std::tuple(cost(b), b.turns, b.choice);
  });
  return cases;
}

std::string Cases::text(const Case &chosen) const {
  std::string text;
  for (auto &[number, counts] : loops) {
    text += (text.empty() ? " (if loop " : ", loop ") + std::to_string(number) + " runs ";
    text += std::to_string(tripCount(chosen, number, 0)) + (chosen.turns ? "x at first" : "x");
  }
  return text.empty() ? text : text + ")";
}

Case Cases::combination(size_t i) const {
  Case result;
  for (auto &[number, counts] : loops) {
    result.choice.push_back(i % counts.size());
    i /= counts.size();
  }
  return result;
}

Case Cases::oneDiffers(size_t loop, size_t choice, size_t others) const {
  Case result;
  for (size_t i = 0; i < loops.size(); ++i)
    result.choice.push_back(i == loop ? choice : std::min(others, sizeOf(i) - 1));
  return result;
}

int64_t Cases::cost(const Case &chosen) const {
  int64_t product = 1;
  for (auto &[number, counts] : loops)
    product *= 1 + tripCount(chosen, number, 0);
  return product;
}

LogicalResult report(const BarrierProgram &program, const BarrierFault &fault, StringRef when) {
  InFlightDiagnostic error = mlir::emitError(program.sites[fault.site]) << fault.text << when;
  for (const BarrierFault::Note &note : fault.notes)
    error.attachNote(program.sites[note.site]) << note.text;
  return error;
}

struct TileVerifyBarriersPass : impl::TileVerifyBarriersPassBase<TileVerifyBarriersPass> {
  void runOnOperation() override {
    gpu::GPUFuncOp kernel = getOperation();
    FailureOr<BarrierProgram> program = decodeBarrierProgram(kernel);
    if (failed(program) || failed(checkLoopCopies(kernel)) || failed(verify(kernel, *program)))
      signalPassFailure();
    else
      markAllAnalysesPreserved();
  }

  LogicalResult verify(gpu::GPUFuncOp kernel, const BarrierProgram &program);
};

LogicalResult TileVerifyBarriersPass::verify(gpu::GPUFuncOp kernel, const BarrierProgram &program) {
  if (program.period > kMaxPeriod)
    return kernel.emitError() << "the rings of this kernel are back at their start only after " << program.period
                              << " rounds; barriers are checked for up to " << kMaxPeriod;
  Cases cases(program);
  BarrierInterpreter interpreter(program);
  for (const Case &chosen : cases.list()) {
    if (interpreter.getSteps() > kMaxSteps && !cases.isNecessary(chosen))
      continue;
    std::optional<BarrierFault> fault =
        interpreter.run([&](int64_t number, int64_t execution) { return cases.tripCount(chosen, number, execution); });
    if (fault)
      return report(program, *fault, cases.text(chosen));
  }
  if (std::optional<BarrierFault> fault = interpreter.finish())
    return report(program, *fault, "");
  return success();
}

} // namespace
} // namespace girih

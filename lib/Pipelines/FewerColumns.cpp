// What a score function or a mask keeps for each column of a tile, heuristics cannot know:
// ptxas says whether it fits into the registers. Where it does not, tiles get fewer columns.
#include "CompileOnce.h"

#include "dialects/Tile/Schedule.h"
#include "girih/Target/Target.h"

using namespace mlir;

namespace girih {
namespace {

/// Bytes a thread that cost less than fewer columns do: with 8 spilled, 64 columns are 10 % faster than
/// 48 and 33 % faster than 32 ([4, 32, 1024, 64] causal with a bias, on an H200).
constexpr int64_t kCheapSpill = 64;
constexpr size_t kMaxTries = 3;

/// One compilation, whose diagnostics wait until it is known whether it counts.
struct Attempt {
  Attempt(ModuleOp module, const CompileRequest &request) {
    ScopedDiagnosticHandler handler(module.getContext(), [&](Diagnostic &diagnostic) {
      diagnostics.push_back(std::move(diagnostic));
      return success();
    });
    results = compileOnce(module, request);
  }

  FailureOr<std::vector<CompileResult>> take(MLIRContext *context) {
    for (Diagnostic &diagnostic : diagnostics)
      context->getDiagEngine().emit(std::move(diagnostic));
    return std::move(results);
  }

  int64_t spillBytes() const {
    int64_t most = 0;
    for (const CompileResult &result : *results)
      most = std::max(most, result.kernel.resources.spillBytes);
    return most;
  }

  std::vector<Diagnostic> diagnostics;
  FailureOr<std::vector<CompileResult>> results;
};

/// The op of a module whose columns its target may choose.
attn::ForwardOp findOpenOp(ModuleOp module) {
  SmallVector<attn::ForwardOp> ops;
  module.walk([&](attn::ForwardOp op) { ops.push_back(op); });
  bool isOpen = ops.size() == 1 && !tile::Schedule::decode(ops[0].getScheduleAttr()).columns;
  return isOpen ? ops[0] : attn::ForwardOp();
}

/// Fewer columns than the target chooses, down to half of them, the most first.
SmallVector<int64_t, kMaxTries> fewerColumns(attn::ForwardOp op, const Target &target) {
  constexpr int64_t kStep = 8; // multiples of which MMAs take
  tile::Schedule given = tile::Schedule::decode(op.getScheduleAttr());
  Missing none;
  SmallVector<int64_t, kMaxTries> fewer;
  int64_t usual = *target.completeSchedule(op, given, none).columns;
  for (int64_t columns = usual - kStep; 2 * columns >= usual && fewer.size() < kMaxTries; columns -= kStep) {
    Missing missing;
    given.columns = columns;
    target.completeSchedule(op, given, missing);
    if (missing.isEmpty())
      fewer.push_back(columns);
  }
  return fewer;
}

} // namespace

FailureOr<std::vector<CompileResult>> compileModule(ModuleOp module, const CompileRequest &request) {
  MLIRContext *context = module.getContext();
  if (!findOpenOp(module) || !request.schedules.empty()) // what was measured stays
    return compileOnce(module, request);
  OwningOpRef<ModuleOp> source = module.clone();
  auto best = std::make_unique<Attempt>(module, request);
  if (failed(best->results) || best->spillBytes() <= kCheapSpill)
    return best->take(context);

  attn::ForwardOp op = findOpenOp(*source);
  const Target *target = lookupTarget(request.target, [&] { return op.emitError(); });
  auto compileWith = [&](tile::Schedule::Knob columns) {
    OwningOpRef<ModuleOp> copy = source->clone();
    tile::Schedule schedule = tile::Schedule::decode(op.getScheduleAttr());
    schedule.columns = columns;
    findOpenOp(*copy).setScheduleAttr(schedule.encode(context, [&] { return op.emitError(); }));
    if (request.restart)
      request.restart();
    return std::make_unique<Attempt>(*copy, request);
  };
  tile::Schedule::Knob chosen;
  bool isLast = true; // `best` is what phases were reported of
  for (int64_t columns : fewerColumns(op, *target)) {
    auto next = compileWith(columns);
    isLast = succeeded(next->results) && next->spillBytes() < best->spillBytes();
    if (!isLast)
      break;
    best = std::move(next);
    chosen = columns;
    if (best->spillBytes() <= kCheapSpill)
      break;
  }
  if (!isLast && request.afterPhase)
    best = compileWith(chosen);
  return best->take(context);
}

} // namespace girih

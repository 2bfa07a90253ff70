// Expansion of a loop whose ops have stages.
//
//   for j: a {stage 0}; b {stage 1}
// becomes
//   a(0)
//   for j = 1..: a(j); b(j-1)
//   b(last)
// where the loop over rounds carries what a stage needs of earlier rounds. scf's
// pipelineForLoop would do this for loops known to be long enough; it guards others by
// conditions around single ops, under which no channel can be used and no barrier proved,
// it carries index arithmetic that each stage can do for itself, and it reaches no further
// back through what loops carry than one iteration. Here a loop that may be too short for
// its stages stands twice, each in its own bounds:
//
//   for once = 0 to (enough ? 1 : 0): prologue; rounds; epilogue
//   for j = (enough ? upper : lower) to upper: a; b
#include "ExpandLoop.h"
#include "dialects/Tile/IndexBuilder.h"

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace girih {
namespace {

/// A value of the body as it was in an iteration: so many before the newest that has
/// started, or, in the epilogue, before the end.
using Aged = std::pair<Value, int64_t>;

class Expansion {
public:
  Expansion(scf::ForOp loop, const LoopSchedule &schedule)
      : loop(loop), body(loop.getBody()), schedule(schedule), last(schedule.lastStage()) {}

  /// Builds the rounds with `inits` in place of what the loop starts with; returns what it
  /// results in.
  SmallVector<Value> build(IndexBuilder &b, ValueRange inits);

private:
  /// One of prologue, rounds and epilogue.
  struct Part {
    SmallVector<Value> iterations; ///< the loop's counter by age
    ValueRange inits;              ///< in the prologue, what is carried into the first iteration
    llvm::DenseMap<Aged, Value> values;
  };

  std::optional<unsigned> carriedIndex(Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || argument.getOwner() != body || argument == loop.getInductionVar())
      return std::nullopt;
    return argument.getArgNumber() - 1;
  }
  /// The op of the body that makes the value, unless each stage does that by itself.
  Operation *makerOf(Value value) const {
    Operation *maker = value.getDefiningOp();
    return maker && maker->getBlock() == body && !isRecomputed(maker, loop) ? maker : nullptr;
  }
  Aged canonical(Value value, int64_t age);

  void findCarried();
  void need(Value value, int64_t age);
  void needAtEnd(unsigned index);
  void carry(Value value, int64_t age);

  Value lookup(IndexBuilder &b, Part &part, Value value, int64_t age);
  void emit(IndexBuilder &b, Part &part, Operation *op, int64_t age);
  void emitRounds(IndexBuilder &b, Part &part, function_ref<std::optional<int64_t>(int64_t)> ageOfStage);

  scf::ForOp loop;
  Block *body;
  const LoopSchedule &schedule;
  int64_t last;                  ///< stage
  llvm::SetVector<Aged> carried; ///< what rounds hand on, as the next one sees it
};

/// What the loop yields is known by the name that the next iteration has for it.
Aged Expansion::canonical(Value value, int64_t age) {
  if (Operation *maker = makerOf(value); maker && age > schedule.stageOf(maker))
    for (auto [argument, yielded] : llvm::zip(loop.getRegionIterArgs(), loop.getYieldedValues()))
      if (yielded == value)
        return {argument, age - 1};
  return {value, age};
}

/// An op of stage `age` uses the value.
void Expansion::need(Value value, int64_t age) {
  if (Operation *maker = makerOf(value)) {
    if (age > schedule.stageOf(maker))
      carry(value, age);
  } else if (std::optional<unsigned> index = carriedIndex(value)) {
    Operation *maker = makerOf(loop.getYieldedValues()[*index]);
    if (!maker || schedule.stageOf(maker) != age + 1)
      carry(value, age);
  }
}

/// What the loop results in, unless the epilogue makes it.
void Expansion::needAtEnd(unsigned index) {
  Value yielded = loop.getYieldedValues()[index];
  if (Operation *maker = makerOf(yielded)) {
    if (schedule.stageOf(maker) == 0)
      carry(loop.getRegionIterArg(index), 0);
  } else if (carriedIndex(yielded)) {
    carry(loop.getRegionIterArg(index), 0);
  }
}

void Expansion::carry(Value value, int64_t age) {
  auto [kept, keptAge] = canonical(value, age);
  if (!carried.insert({kept, keptAge}))
    return;
  if (std::optional<unsigned> index = carriedIndex(kept)) {
    Value yielded = loop.getYieldedValues()[*index];
    if (Operation *maker = makerOf(yielded)) {
      if (schedule.stageOf(maker) < keptAge)
        carry(kept, keptAge - 1);
    } else {
      need(yielded, keptAge);
    }
  } else if (schedule.stageOf(makerOf(kept)) < keptAge - 1) {
    carry(kept, keptAge - 1);
  }
}

/// What comes around in the loop first, then what a later stage needs of an earlier one.
void Expansion::findCarried() {
  for (unsigned index = 0; index < loop.getNumResults(); ++index)
    needAtEnd(index);
  for (Operation &op : body->without_terminator())
    if (!isRecomputed(&op, loop))
      forEachUsed(&op, [&](Value value) { need(value, schedule.stageOf(&op)); });
  SmallVector<Aged> sorted(carried.begin(), carried.end());
  llvm::stable_sort(
      sorted, [](const Aged &a, const Aged &b) { return isa<BlockArgument>(a.first) && !isa<BlockArgument>(b.first); });
  carried.clear();
  carried.insert_range(sorted);
}

Value Expansion::lookup(IndexBuilder &b, Part &part, Value value, int64_t age) {
  if (value == loop.getInductionVar())
    return part.iterations[age];
  if (loop.isDefinedOutsideOfLoop(value))
    return value;
  if (auto [kept, keptAge] = canonical(value, age); kept != value)
    return lookup(b, part, kept, keptAge);
  if (Value known = part.values.lookup({value, age}))
    return known;
  if (std::optional<unsigned> index = carriedIndex(value)) {
    if (!part.inits.empty() && age == last)
      return part.inits[*index];
    // By this name, for the other leads back here.
    Value yielded = loop.getYieldedValues()[*index];
    Value known = part.values.lookup({yielded, age + 1});
    return known ? known : lookup(b, part, yielded, age + 1);
  }
  emit(b, part, value.getDefiningOp(), age);
  return part.values.lookup({value, age});
}

void Expansion::emit(IndexBuilder &b, Part &part, Operation *op, int64_t age) {
  if (op->getNumResults() > 0 && part.values.contains({op->getResult(0), age}))
    return; // a user has computed it
  IRMapping map;
  forEachUsed(op, [&](Value value) {
    if (!map.contains(value) && (value.getParentBlock() == body))
      map.map(value, lookup(b, part, value, age));
  });
  Operation *copy = b.clone(*op, map);
  copy->removeAttr(tile::kStageAttr);
  copy->removeAttr(tile::kPositionAttr);
  for (auto [result, now] : llvm::zip(op->getResults(), copy->getResults()))
    part.values[{result, age}] = now;
}

/// One round: the ops of the stages for which there is an iteration.
void Expansion::emitRounds(IndexBuilder &b, Part &part, function_ref<std::optional<int64_t>(int64_t)> ageOfStage) {
  for (Operation *op : schedule.round)
    if (std::optional<int64_t> age = ageOfStage(schedule.stageOf(op)))
      emit(b, part, op, *age);
}

SmallVector<Value> Expansion::build(IndexBuilder &b, ValueRange inits) {
  findCarried();
  Value one = b.index(1);
  Part prologue, rounds, epilogue;
  prologue.inits = inits;
  prologue.iterations.resize(last + 1);
  for (int64_t age = last; age >= 1; --age)
    prologue.iterations[age] = age == last ? loop.getLowerBound() : b.add(loop.getLowerBound(), b.index(last - age));
  for (int64_t round = 0; round < last; ++round)
    emitRounds(b, prologue, [&](int64_t stage) -> std::optional<int64_t> {
      return stage <= round ? std::optional(last - round + stage) : std::nullopt;
    });
  SmallVector<Value> starts;
  for (auto [value, age] : carried)
    starts.push_back(lookup(b, prologue, value, age));

  Value first = b.add(loop.getLowerBound(), last == 1 ? one : b.index(last));
  auto steady = scf::ForOp::create(b, first, loop.getUpperBound(), one, starts);
  steady->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  steady->removeAttr(tile::kNonEmptyAttr);
  if (leastTrips(loop) > last)
    steady->setAttr(tile::kNonEmptyAttr, b.getUnitAttr());
  {
    OpBuilder::InsertionGuard guard(b);
    if (starts.empty()) // the builder made a terminator
      steady.getBody()->getTerminator()->erase();
    b.setInsertionPointToStart(steady.getBody());
    rounds.iterations.push_back(steady.getInductionVar());
    for (int64_t age = 1; age <= last; ++age)
      rounds.iterations.push_back(b.sub(steady.getInductionVar(), age == 1 ? one : b.index(age)));
    for (auto [aged, argument] : llvm::zip(carried, steady.getRegionIterArgs()))
      rounds.values[aged] = argument;
    emitRounds(b, rounds, [](int64_t stage) { return std::optional(stage); });
    SmallVector<Value> next;
    for (auto [value, age] : carried) {
      // The next round is an iteration further: what it sees at an age is younger now.
      std::optional<unsigned> index = carriedIndex(value);
      Value yielded = index ? loop.getYieldedValues()[*index] : Value();
      if (Value made = yielded ? rounds.values.lookup({yielded, age}) : Value())
        next.push_back(made);
      else if (yielded && !makerOf(yielded))
        next.push_back(lookup(b, rounds, yielded, age));
      else
        next.push_back(lookup(b, rounds, value, age - 1));
    }
    scf::YieldOp::create(b, next);
  }

  epilogue.iterations.push_back(Value()); // there is none of that age
  for (int64_t age = 1; age <= last; ++age)
    epilogue.iterations.push_back(b.sub(loop.getUpperBound(), age == 1 ? one : b.index(age)));
  for (auto [aged, result] : llvm::zip(carried, steady.getResults()))
    epilogue.values[aged] = result;
  for (int64_t round = 0; round < last; ++round)
    emitRounds(b, epilogue, [&](int64_t stage) -> std::optional<int64_t> {
      return stage > round ? std::optional(stage - round) : std::nullopt;
    });
  SmallVector<Value> results;
  for (Value argument : loop.getRegionIterArgs())
    results.push_back(lookup(b, epilogue, argument, 0));
  return results;
}

/// Copies of the body's MMAs share what the MMAs had for themselves.
void numberMmas(scf::ForOp loop) {
  int64_t next = 0;
  loop->getParentOfType<gpu::GPUFuncOp>().walk([&](tile::MmaOp mma) {
    if (auto source = mma->getAttrOfType<IntegerAttr>(tile::kSourceAttr))
      next = std::max(next, source.getInt() + 1);
  });
  for (auto mma : loop.getBody()->getOps<tile::MmaOp>())
    mma->setAttr(tile::kSourceAttr, Builder(loop.getContext()).getI64IntegerAttr(next++));
}

void forgetStages(scf::ForOp loop) {
  for (Operation &op : *loop.getBody()) {
    op.removeAttr(tile::kStageAttr);
    op.removeAttr(tile::kPositionAttr);
  }
}

} // namespace

void expandLoop(scf::ForOp loop, const LoopSchedule &schedule) {
  int64_t last = schedule.lastStage();
  if (last == 0) {
    for (Operation *op : schedule.round)
      op->moveBefore(loop.getBody()->getTerminator());
    return forgetStages(loop);
  }
  IndexBuilder b(loop.getLoc(), loop);
  numberMmas(loop);
  if (leastTrips(loop) >= last) {
    loop.replaceAllUsesWith(Expansion(loop, schedule).build(b, loop.getInitArgs()));
    loop.erase();
    return;
  }
  Value lower = loop.getLowerBound(), upper = loop.getUpperBound();
  Value enough = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, b.sub(upper, lower), b.index(last));
  Value zero = b.index(0), one = b.index(1);
  Value count = arith::SelectOp::create(b, enough, one, zero);
  auto once = scf::ForOp::create(b, zero, count, one, loop.getInitArgs());
  {
    OpBuilder::InsertionGuard guard(b);
    if (once.getNumResults() == 0)
      once.getBody()->getTerminator()->erase();
    b.setInsertionPointToStart(once.getBody());
    SmallVector<Value> results = Expansion(loop, schedule).build(b, once.getRegionIterArgs());
    scf::YieldOp::create(b, results);
  }
  loop.setLowerBound(arith::SelectOp::create(b, enough, upper, lower));
  loop.getInitArgsMutable().assign(once.getResults());
  loop->removeAttr(tile::kNonEmptyAttr);
  forgetStages(loop);
}

} // namespace girih

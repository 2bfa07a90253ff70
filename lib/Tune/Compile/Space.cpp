// Enumerating the schedules of a problem.
#include "girih/Tune/Space.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace girih::tune {

std::string withoutNumbers(StringRef message) {
  std::string text;
  for (char c : message) {
    if (!llvm::isDigit(c))
      text += c;
    else if (text.empty() || text.back() != 'N')
      text += 'N';
  }
  return text;
}

KnobValues usualKnobValues() {
  KnobValues values;
  values["workers"] = {2, 3, 1};
  for (int64_t columns = 32; columns <= 256; columns += 16)
    values["columns"].push_back(columns);
  values["stages"] = {2, 1, 3, 4, 5};
  values["item_stages"] = {1, 2};
  values["accumulators"] = {1, 2};
  values["correction_registers"] = {0, 88, 160}; // what head sizes of 64 and 128 need
  values["overlap"] = {1, 0};
  values["oldest_first"] = {0, 1};
  values["left_in_registers"] = {0, 1};
  values["ping_pong"] = {1, 0};
  values["lazy_rescale"] = {0, 8};
  values["exp2_polynomial"] = {0, 2, 4};
  values["persistent"] = {1, 2, 0};
  values["ctas"] = {1, 2, 3};
  values["longest_first"] = {1, 0};
  values["group_bytes"] = {0, 32 << 20};
  values["anchor"] = {1, 8, 16, 0};
  return values;
}

namespace {

class Enumerator {
public:
  Enumerator(attn::ForwardOp op, const Target &target, const KnobValues &values)
      : op(op), target(target), given(tile::Schedule::decode(op.getScheduleAttr())) {
    Missing none;
    usual = target.completeSchedule(op, given, none);
    for (const tile::KnobInfo &knob : tile::scheduleKnobs())
      if (auto found = values.find(knob.name); found != values.end() && isOpen(knob))
        choices.push_back({&knob, found->second});
  }

  Space run() {
    add(given);
    bool hasUsual = !space.schedules.empty();
    visit(given, 0);
    sort(hasUsual);
    return std::move(space);
  }

private:
  /// Whether a knob can have several values here: it is not given, the chip has it, and
  /// the problem has items of several lengths to order.
  bool isOpen(const tile::KnobInfo &knob) {
    return !(given.*knob.field) && usual.*knob.field && (op.hasMask() || knob.field != &tile::Schedule::longestFirst);
  }

  void visit(tile::Schedule schedule, size_t next) {
    if (next == choices.size())
      return add(schedule);
    const auto &[knob, values] = choices[next];
    for (int64_t value : values) {
      // One worker has nobody to take turns with.
      if (knob->field == &tile::Schedule::pingPong && schedule.workers == 1 && value != 0)
        continue;
      schedule.*knob->field = value;
      visit(schedule, next + 1);
    }
  }

  void add(const tile::Schedule &schedule) {
    Missing missing;
    tile::Schedule complete = target.completeSchedule(op, schedule, missing);
    target.checkRoles(target.rolesOf(complete, target.transposesValues(op)), target.limitsOf(complete), missing);
    std::string refusal;
    ScopedDiagnosticHandler handler(op.getContext(), [&](Diagnostic &diagnostic) { refusal = diagnostic.str(); });
    if (failed(missing.report(op)))
      ++space.refusals[withoutNumbers(refusal)];
    else if (space.schedules.empty() || !isSame(complete, space.schedules.front().schedule))
      space.schedules.push_back({complete, predictMicroseconds(op, complete, target)});
  }

  /// By cost, but with every schedule a little dearer than the one before it that has the
  /// same tiles, stages and overlap: the model is good for what these cost, less for the
  /// rest, and a list that is cut somewhere shall have more than variants of its first.
  void sort(bool hasUsual) {
    constexpr double step = 0.01;
    auto tilesOf = [](const tile::Schedule &s) {
      return std::array{*s.rows, *s.columns, *s.stages, s.overlap.value_or(0), s.pingPong.value_or(0)};
    };
    auto begin = space.schedules.begin() + hasUsual;
    // Those that the model cannot tell apart come in a fixed but scattered order.
    std::vector<std::tuple<double, uint64_t, size_t>> order;
    for (size_t i = hasUsual; i < space.schedules.size(); ++i)
      order.emplace_back(space.schedules[i].microseconds, i * 0x9E3779B97F4A7C15, i);
    llvm::sort(order);
    std::map<decltype(tilesOf(begin->schedule)), int64_t> seen;
    for (auto &[cost, scatter, index] : order)
      cost *= 1 + step * double(seen[tilesOf(space.schedules[index].schedule)]++);
    llvm::sort(order);
    std::vector<ScheduleCost> sorted(space.schedules.begin(), begin);
    for (const auto &[cost, scatter, index] : order)
      sorted.push_back(std::move(space.schedules[index]));
    space.schedules = std::move(sorted);
  }

  static bool isSame(const tile::Schedule &a, const tile::Schedule &b) {
    return llvm::all_of(tile::scheduleKnobs(),
                        [&](const tile::KnobInfo &knob) { return a.*knob.field == b.*knob.field; });
  }

  struct Choice {
    const tile::KnobInfo *knob;
    SmallVector<int64_t> values;
  };

  attn::ForwardOp op;
  const Target &target;
  tile::Schedule given, usual;
  std::vector<Choice> choices;
  Space space;
};

} // namespace

FailureOr<Space> enumerateSchedules(attn::ForwardOp op, const Target &target, const KnobValues &values) {
  for (auto type : {op.getQ().getType(), op.getK().getType()})
    if (!type.hasStaticShape())
      return op.emitError("a problem to tune has all its sizes; one is left to the launch");
  Space space = Enumerator(op, target, values).run();
  if (!space.schedules.empty())
    return space;
  InFlightDiagnostic error = op.emitError("no schedule is legal");
  for (const auto &[reason, count] : space.refusals)
    error.attachNote() << count << " times: " << reason;
  return error;
}

} // namespace girih::tune

// Enumerating the schedules of a problem.
#include "girih/Tune/Space.h"

#include "girih/Target/Heads.h"

#include "mlir/IR/Diagnostics.h"
#include <numeric>

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
  values["heads"] = {1, 2, 4, 8, 16, 32, 64};
  values["persistent"] = {1, 2, 0};
  values["ctas"] = {1, 2, 3};
  values["cluster"] = {1, 2};
  values["splits"] = {1, 2, 3, 4, 8};
  values["longest_first"] = {1, 0};
  values["group_bytes"] = {0, 32 << 20};
  values["anchor"] = {1, 8, 16, 0};
  values["strict"] = {1, 0};
  values["last_part"] = {0, 2, 4};
  return values;
}

/// Whether the cost model knows nothing of a knob, or no more than that what others leave open follows from it.
static bool isUnseen(const tile::KnobInfo &knob) {
  using tile::Schedule;
  constexpr std::array unseen = {&Schedule::loadRegisters, &Schedule::computeRegisters, &Schedule::accumulators,
                                 &Schedule::oldestFirst,   &Schedule::leftInRegisters,  &Schedule::groupBytes,
                                 &Schedule::anchor,        &Schedule::strict,           &Schedule::lastPart};
  return llvm::is_contained(unseen, knob.field);
}

static uint64_t scatterOf(size_t index) { return index * 0x9E3779B97F4A7C15; }

static bool isSame(const tile::Schedule &a, const tile::Schedule &b) {
  return llvm::all_of(tile::scheduleKnobs(),
                      [&](const tile::KnobInfo &knob) { return a.*knob.field == b.*knob.field; });
}

Space::Space(attn::ForwardOp op, const Target &target, const KnobValues &values)
    : op(op), target(target), given(tile::Schedule::decode(op.getScheduleAttr())) {
  std::optional<tile::Schedule> own = complete(given);
  hasUsual = own.has_value();
  Missing none;
  usual = own ? *own : target.completeSchedule(op, given, none);
  for (const tile::KnobInfo &knob : tile::scheduleKnobs())
    if (auto found = values.find(knob.name); found != values.end() && isOpen(knob))
      addAxis(knob, found->second);
  enumerate();
}

/// Whether a knob can have several values here: it is not given, the chip has it, and the
/// problem has items of several lengths to order, heads to share tiles, or too few items for the chip.
bool Space::isOpen(const tile::KnobInfo &knob) {
  if (given.*knob.field || !(usual.*knob.field))
    return false;
  if (knob.field == &tile::Schedule::longestFirst)
    return op.hasMask() || op.hasBlocks();
  if (knob.field == &tile::Schedule::splits)
    return *usual.splits > 1;
  return knob.field != &tile::Schedule::heads || op.getQ().getType().getDimSize(2) < *usual.rows;
}

void Space::addAxis(const tile::KnobInfo &knob, ArrayRef<int64_t> values) {
  Axis axis{&knob, llvm::to_vector(values), llvm::is_contained(values, *(usual.*knob.field))};
  if (knob.field == &tile::Schedule::heads) {
    llvm::erase_if(axis.values, [&](int64_t heads) { return !refuseHeads(op, heads, kFewQueries).empty(); });
    if (!llvm::is_contained(axis.values, *usual.heads))
      axis.values.push_back(*usual.heads);
  }
  (isUnseen(knob) ? rest : seen).push_back(std::move(axis));
}

/// With its open knobs by the target; none, and counted, if this refuses it.
std::optional<tile::Schedule> Space::complete(const tile::Schedule &schedule) {
  Missing missing;
  tile::Schedule whole = target.completeSchedule(op, schedule, missing);
  target.checkRoles(target.rolesOf(whole, target.transposesValues(op)), target.limitsOf(whole), missing);
  std::string refusal;
  ScopedDiagnosticHandler handler(op.getContext(), [&](Diagnostic &diagnostic) { refusal = diagnostic.str(); });
  if (succeeded(missing.report(op)))
    return whole;
  ++refused[withoutNumbers(refusal)];
  return std::nullopt;
}

/// The values that a number stands for. In the first variant the rest is as the target has it, where
/// that may be tried. None where one worker would take turns.
std::optional<tile::Schedule> Space::schedule(uint64_t number, uint64_t variant) const {
  tile::Schedule schedule = given;
  for (const Axis &axis : seen) {
    schedule.*axis.knob->field = axis.values[number % axis.values.size()];
    number /= axis.values.size();
  }
  if (schedule.workers.value_or(*usual.workers) == 1 && !given.pingPong && schedule.pingPong.value_or(0) != 0)
    return std::nullopt;
  uint64_t digits = variant - 1;
  for (const Axis &axis : rest) {
    if (variant == 0) {
      if (!axis.hasUsual)
        schedule.*axis.knob->field = axis.values.front();
      continue;
    }
    schedule.*axis.knob->field = axis.values[digits % axis.values.size()];
    digits /= axis.values.size();
  }
  return schedule;
}

/// Finds the legal choices of what the model sees, and ranks those of the same tiles.
void Space::enumerate() {
  auto sizeOf = [](ArrayRef<Axis> axes) {
    uint64_t size = 1;
    for (const Axis &axis : axes)
      size *= axis.values.size();
    return size;
  };
  variants = sizeOf(rest) == 1 ? 0 : sizeOf(rest);
  for (stride = variants * 0.618 + 1; std::gcd(stride, std::max<uint64_t>(variants, 1)) != 1;)
    ++stride;
  using Group = std::array<int64_t, 5>;
  std::vector<Group> groups;
  for (uint64_t number = 0, size = sizeOf(seen); number < size; ++number) {
    std::optional<tile::Schedule> partial = schedule(number, /*variant=*/0);
    std::optional<tile::Schedule> s = partial ? complete(*partial) : std::nullopt;
    if (!s)
      continue;
    tiles.push_back({number, predictMicroseconds(op, *s, target), 0});
    groups.push_back({*s->rows, *s->columns, *s->stages, s->overlap.value_or(0), s->pingPong.value_or(0)});
  }
  std::vector<size_t> order(tiles.size());
  std::iota(order.begin(), order.end(), size_t(0));
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::pair(tiles[a].cost, scatterOf(a)) < std::pair(tiles[b].cost, scatterOf(b));
  });
  std::map<Group, int64_t> ranks;
  std::vector<Turn> first;
  for (size_t index : order) {
    tiles[index].rank = ranks[groups[index]]++;
    first.push_back(turnOf(index, /*variant=*/0));
  }
  turns = decltype(turns)({}, std::move(first));
}

/// Every schedule is a little dearer than the one before it that has the same tiles, stages and
/// overlap: the model is good for what these cost, less for the rest, and a list that is cut
/// somewhere shall have more than variants of its first.
Space::Turn Space::turnOf(size_t index, uint64_t variant) const {
  constexpr double step = 0.01;
  double cost = tiles[index].cost * (1 + step * double(tiles[index].rank + int64_t(variant)));
  return {cost, scatterOf(index), index, variant};
}

std::optional<ScheduleCost> Space::legal(size_t index, uint64_t variant) {
  std::optional<tile::Schedule> whole = complete(*schedule(tiles[index].number, variant));
  if (!whole)
    return std::nullopt;
  if (variant != 0)
    if (std::optional<tile::Schedule> first = complete(*schedule(tiles[index].number, 0)); isSame(*whole, *first))
      return std::nullopt;
  return ScheduleCost{*whole, predictMicroseconds(op, *whole, target)};
}

std::optional<ScheduleCost> Space::next() {
  if (std::exchange(isFirst, false) && hasUsual)
    return ScheduleCost{usual, predictMicroseconds(op, usual, target)};
  while (!turns.empty()) {
    Turn turn = turns.top();
    turns.pop();
    if (turn.variant < variants)
      turns.push(turnOf(turn.index, turn.variant + 1));
    // Neighbours in the list try different variants.
    uint64_t variant = turn.variant == 0 ? 0 : 1 + (turn.index + turn.variant * stride) % variants;
    std::optional<ScheduleCost> found = legal(turn.index, variant);
    if (found && !(hasUsual && isSame(found->schedule, usual)))
      return found;
  }
  return std::nullopt;
}

std::optional<ScheduleCost> Space::draw(std::mt19937_64 &random) {
  constexpr int64_t kTries = 1000;
  for (int64_t i = 0; i < kTries && !tiles.empty(); ++i) {
    size_t index = random() % tiles.size();
    uint64_t variant = random() % (variants + 1);
    if (drawn.insert({index, variant}).second)
      if (std::optional<ScheduleCost> found = legal(index, variant))
        return found;
  }
  return std::nullopt;
}

FailureOr<Space> Space::of(attn::ForwardOp op, const Target &target, const KnobValues &values) {
  for (auto type : {op.getQ().getType(), op.getK().getType()})
    if (!type.hasStaticShape())
      return op.emitError("a problem to tune has all its sizes; one is left to the launch");
  Space space(op, target, values);
  if (space.count() > 0)
    return std::move(space);
  InFlightDiagnostic error = op.emitError("no schedule is legal");
  for (const auto &[reason, count] : space.refused)
    error.attachNote() << count << " times: " << reason;
  return error;
}

} // namespace girih::tune

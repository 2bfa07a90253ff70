//===- Extrapolation.cpp - From some clusters to all of a launch ----------===//
//
// The work of a cluster follows from its place: of a causal mask, from its
// block of queries. Blocks are counted fastest, or heads and then blocks, so
// that work repeats with the number of blocks, or rises or falls over the grid.
//
//===----------------------------------------------------------------------===//
#include "Extrapolation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <queue>
#include <utility>

namespace girih::sim {

double makespan(const std::vector<double> &cycles, uint32_t places, double next) {
  std::priority_queue<double, std::vector<double>, std::greater<>> free;
  double last = 0;
  for (double each : cycles) {
    double begin = 0;
    if (free.size() >= places) {
      begin = free.top() + next;
      free.pop();
    }
    free.push(begin + each);
    last = std::max(last, begin + each);
  }
  return last;
}

const ClusterCost &Extrapolation::at(uint32_t index) {
  auto found = costs.find(index);
  return found != costs.end() ? found->second : costs.emplace(index, simulate(index)).first->second;
}

bool Extrapolation::areAlike(uint32_t a, uint32_t b) {
  constexpr double tolerance = 0.03;
  double first = at(a).cycles, second = at(b).cycles;
  return std::abs(first - second) <= tolerance * std::max(first, second);
}

double Extrapolation::itemsOf(uint32_t index) const {
  return items > count ? double((items - index + count - 1) / count) : 1;
}

uint32_t Extrapolation::period() {
  for (uint64_t period = std::max(unit, 1u); 2 * period <= count; period *= 2) {
    uint32_t step = uint32_t(period), far = (count - 1) / step * step, half = step / 2;
    if (areAlike(0, step) && areAlike(0, far) && areAlike(half, half + step))
      return step;
  }
  return count;
}

/// The middles of equal parts, moved by multiples of the golden ratio, which
/// fall together with no period of the grid; and both ends.
void Extrapolation::simulateWithin(uint32_t range) {
  constexpr double mostInstructions = 1.5e6; // a few seconds
  double each = 0;
  for (const auto &[index, cost] : costs)
    each += cost.instructions / double(costs.size());
  auto afforded = uint32_t(std::min(1e6, mostInstructions / std::max(each, 1.0)));
  uint32_t most = std::clamp(afforded, wanted, 6 * wanted);
  if (range <= most)
    most = range;
  for (uint32_t i = 0; i < most; ++i) {
    double within = range == most ? 0.5 : std::fmod(0.5 + 0.618033988749895 * i, 1.0);
    at(std::min(range - 1, uint32_t((i + within) * range / most)));
  }
  at(0);
  at(range - 1);
}

/// On the line between its neighbours.
ClusterCost Extrapolation::between(uint32_t index) const {
  auto after = costs.lower_bound(index);
  if (after == costs.end())
    return std::prev(after)->second;
  if (after->first == index || after == costs.begin())
    return after->second;
  auto before = std::prev(after);
  double share = double(index - before->first) / double(after->first - before->first);
  auto mix = [&](double a, double b) { return a + share * (b - a); };
  return {mix(before->second.cycles, after->second.cycles), mix(before->second.operations, after->second.operations),
          0};
}

/// Where items do not come out even, the first clusters have one more than the
/// last.
uint32_t Extrapolation::likeOf(uint32_t index) const { return itemsOf(index) == itemsOf(0) ? 0 : count - 1; }

/// Both ends, neighbours in the middle, as two halves of the grid may take turns,
/// and others.
bool Extrapolation::areAllAlike(uint32_t few) {
  uint32_t middle = count / 2;
  std::vector<uint32_t> others{count - 1, middle, middle + 1};
  for (uint32_t i = 3; i < few; ++i)
    others.push_back(uint32_t((i + std::fmod(0.5 + 0.618033988749895 * i, 1.0)) * count / few));
  others.resize(few);
  return std::all_of(others.begin(), others.end(), [&](uint32_t each) { return areAlike(each, likeOf(each)); });
}

std::vector<ClusterCost> Extrapolation::all() {
  uint32_t few = wanted ? std::min(wanted, count) : count;
  uint32_t range = count;
  std::vector<ClusterCost> each;
  if (few == count) {
    for (uint32_t i = 0; i < count; ++i)
      at(i);
  } else if (few == 1) {
    at(count / 2);
  } else if (areAllAlike(few)) {
    for (uint32_t i = 0; i < count; ++i)
      each.push_back(at(likeOf(i)));
    return each;
  } else {
    range = period();
    simulateWithin(range);
  }
  for (uint32_t i = 0; i < count; ++i)
    each.push_back(between(i % range));
  return each;
}

/// When each of `count` items was over: results are stored at the end of one,
/// and each has as many stores. Where that cannot be, numbers are taken to be
/// asked for at the end of an item, or all ahead of it.
std::vector<double> CounterRun::endsOfItems(size_t count) const {
  std::vector<double> ends;
  size_t stored = stores.size();
  if (stored && stored % count == 0) {
    for (size_t i = 1; i < count; ++i)
      ends.push_back(double(stores[i * (stored / count) - 1]));
  } else {
    auto timeOf = [&](size_t i) { return double(taken[std::min(i, taken.size() - 1)].time); };
    size_t ahead = taken.size() > count - 1 && timeOf(0) < end - timeOf(taken.size() - 1) ? 1 : 0;
    for (size_t i = 0; i + 1 < count; ++i)
      ends.push_back(timeOf(i + ahead));
  }
  ends.push_back(end);
  return ends;
}

bool CounterRun::isEven() const {
  if (taken.empty())
    return true;
  std::vector<double> costs = endsOfItems(taken.size());
  std::adjacent_difference(costs.begin(), costs.end(), costs.begin());
  auto [least, most] = std::minmax_element(costs.begin(), costs.end());
  return *most < 1.1 * *least;
}

/// Each place begins with the item of its number, and asks for the next one
/// when an item is over; it has asked for `ahead` more before that.
static double makespanOfCounter(const std::vector<double> &costs, uint32_t places, size_t ahead) {
  using Event = std::pair<double, uint32_t>;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> ends;
  std::vector<std::queue<size_t>> taken(places);
  size_t next = places;
  auto take = [&](uint32_t place) {
    if (next < costs.size())
      taken[place].push(next++);
  };
  for (uint32_t place = 0; place < std::min<size_t>(places, costs.size()); ++place)
    ends.emplace(costs[place], place);
  for (size_t i = 0; i < ahead; ++i)
    for (uint32_t place = 0; place < places; ++place)
      take(place);
  double last = 0;
  while (!ends.empty()) {
    auto [time, place] = ends.top();
    ends.pop();
    last = std::max(last, time);
    take(place);
    if (taken[place].empty())
      continue;
    ends.emplace(time + costs[taken[place].front()], place);
    taken[place].pop();
  }
  return last;
}

/// On the line through two neighbours that are known, which goes on a little
/// way behind the last.
static double costAt(double item, const std::map<double, double> &known) {
  if (known.size() == 1)
    return known.begin()->second;
  auto after = known.upper_bound(item);
  if (after == known.begin())
    ++after;
  if (after == known.end())
    --after;
  auto before = std::prev(after);
  double share = (item - before->first) / (after->first - before->first);
  double cost = before->second + share * (after->second - before->second);
  return share > 1 ? std::clamp(cost, after->second / 4, after->second) : cost;
}

SharedCounter::SharedCounter(const std::vector<CounterRun> &runs, uint32_t places, uint64_t items) {
  const CounterRun &run = runs.front();
  size_t rounds = items ? size_t((items + places - 1) / places) : std::max<size_t>(run.taken.size(), 1);
  if (run.taken.size() + 1 < rounds) { // numbers that it did not take
    last = run.end;
    total = places;
    return;
  }
  // The first number may be asked for at the start, or follow from the place.
  size_t first = run.taken.size() - std::min(run.taken.size(), rounds);
  std::map<double, double> known;
  double simulated = 0;
  for (const CounterRun &each : runs) {
    double before = 0;
    std::vector<double> ends = each.endsOfItems(rounds);
    for (size_t i = 0; i < rounds; ++i) {
      uint32_t within = i + first ? each.taken[std::min(i + first, each.taken.size()) - 1].within : each.place;
      known[double(i * places + within)] = ends[i] - before;
      before = ends[i];
    }
    simulated += each.end;
  }
  if (!items)
    items = rounds * uint64_t(places);
  std::vector<double> costs;
  for (uint64_t item = 0; item < items; ++item)
    costs.push_back(costAt(double(item), known));
  total = std::accumulate(costs.begin(), costs.end(), 0.0) / simulated;
  // Those at the end of an item's loads are asked for when it ends, nearly.
  double firstEnd = known.begin()->second;
  size_t ahead = size_t(std::count_if(run.taken.begin(), run.taken.end(),
                                      [&](auto number) { return double(number.time) < firstEnd / 2; }));
  last = makespanOfCounter(costs, places, std::min<size_t>(ahead - std::min(ahead, first), 2));
  // Where nothing is known of those between, and costs go up and down, the first
  // place, which begins with a long one, is taken for the last.
  bool isSpread =
      runs.size() > 1 || std::any_of(run.taken.begin(), run.taken.end(), [](auto number) { return number.within; });
  double previous = firstEnd;
  for (auto [item, cost] : known)
    if (!isSpread && cost > 1.1 * std::exchange(previous, cost))
      last = std::max(last, run.end);
}

} // namespace girih::sim

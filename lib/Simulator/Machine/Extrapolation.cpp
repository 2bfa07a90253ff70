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
static std::vector<double> endsOfItems(const CounterRun &run, size_t count) {
  std::vector<double> ends;
  size_t stores = run.stores.size();
  if (stores && stores % count == 0) {
    for (size_t i = 1; i < count; ++i)
      ends.push_back(double(run.stores[i * (stores / count) - 1]));
  } else {
    size_t ahead = run.taken.size() > count - 1 && run.taken.front() < (run.end - double(run.taken.back())) ? 1 : 0;
    for (size_t i = 0; i + 1 < count; ++i)
      ends.push_back(double(run.taken[std::min(i + ahead, run.taken.size() - 1)]));
  }
  ends.push_back(run.end);
  return ends;
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

SharedCounter::SharedCounter(const CounterRun &run, uint32_t places, uint64_t items) {
  size_t rounds = items ? size_t((items + places - 1) / places) : std::max<size_t>(run.taken.size(), 1);
  if (run.taken.size() + 1 < rounds) { // numbers that it did not take
    last = run.end;
    total = places;
    return;
  }
  std::vector<double> ends = endsOfItems(run, rounds), durations(rounds);
  std::adjacent_difference(ends.begin(), ends.end(), durations.begin());
  if (!items)
    items = rounds * uint64_t(places);
  auto costOf = [&](uint64_t item) {
    double at = double(item) / places;
    size_t before = std::min(size_t(at), rounds - 1);
    if (rounds == 1)
      return durations[0];
    size_t from = std::min(before, rounds - 2);
    double cost = durations[from] + (at - double(from)) * (durations[from + 1] - durations[from]);
    // Behind the last one that is known.
    return at > double(rounds - 1) ? std::clamp(cost, durations[before] / 4, durations[before]) : cost;
  };
  std::vector<double> costs;
  for (uint64_t item = 0; item < items; ++item)
    costs.push_back(costOf(item));
  total = std::accumulate(costs.begin(), costs.end(), 0.0) / run.end;
  // The first number may be asked for at the start, or follow from the place.
  // Those at the end of an item's loads are asked for when it ends, nearly.
  size_t before = size_t(
      std::count_if(run.taken.begin(), run.taken.end(), [&](uint64_t time) { return double(time) < ends[0] / 2; }));
  size_t first = run.taken.size() - std::min(run.taken.size(), rounds);
  last = makespanOfCounter(costs, places, std::min<size_t>(before - std::min(before, first), 2));
  // Where costs go up and down, what lies between the known ones is not known,
  // and the first place, which begins with a long one, is taken for the last.
  for (size_t i = 1; i < rounds; ++i)
    if (durations[i] > 1.1 * durations[i - 1])
      last = std::max(last, run.end);
}

} // namespace girih::sim

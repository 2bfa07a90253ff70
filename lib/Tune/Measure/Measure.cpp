//===- Measure.cpp - The fastest right schedule of a pack -----------------===//

#include "girih/Tune/Measure.h"
#include "Bed.h"
#include "girih/Runtime/Statistics.h"
#include "girih/Tune/Search.h"
#include <algorithm>
#include <cmath>
#include <map>

using namespace girih;
using namespace girih::tune;
using namespace girih::runtime;

Key tune::keyOf(const Pack &pack, const std::string &problem, const DeviceFacts &device) {
  return {problem, pack.target, device.name, device.driverVersion, pack.compiler, pack.assembler};
}

namespace {

/// A first launch that takes this much longer than the best time, and by more than a cold
/// instruction cache and what else befalls a single launch cost, is not followed by others.
constexpr double kTooSlow = 1.5, kColdMilliseconds = 0.01;
constexpr double kScreenMilliseconds = 4; ///< of each of these turns
constexpr int kScreenRounds = 3;
constexpr double kShareKept = 0.25; ///< from one race to the next

class Tuner {
public:
  Tuner(const Device &device, const Pack &pack, const std::string &problem, Database &database,
        const MeasureOptions &options, const Callbacks &callbacks)
      : database(database), key(keyOf(pack, problem, device.facts())), options(options), callbacks(callbacks) {
    std::map<std::string, Row> known;
    for (Row &row : database.rows(key))
      known[row.schedule] = std::move(row);
    for (const PackEntry &entry : pack.entries)
      if (entry.problem == problem) {
        entries.push_back(entry);
        auto found = known.find(entry.schedule);
        rows.push_back(found == known.end() ? std::nullopt : std::optional<Row>(found->second));
      }
    // A device that hangs is of no use to the next schedule.
    bed.emplace(device, entries.front(), options.seed, options.timeout);
    findReference();
  }

  std::optional<Row> run() {
    if (!screen())
      return std::nullopt;
    std::vector<size_t> best = timed();
    for (int rounds = kScreenRounds; int(best.size()) > options.finalists;) {
      rounds = std::min(2 * rounds, options.rounds);
      best.resize(std::max(size_t(options.finalists), size_t(std::ceil(kShareKept * double(best.size())))));
      report("racing " + std::to_string(best.size()), 0, 1);
      raceAll(best, 2 * kScreenMilliseconds, rounds);
      if (callbacks.shouldStop())
        return std::nullopt;
      sortByTime(best);
    }
    // The compiler's own choice, the first of a pack, is there for comparison.
    if (rows[0] && rows[0]->state == State::Timed && std::find(best.begin(), best.end(), size_t(0)) == best.end())
      best.push_back(0);
    report("racing the last " + std::to_string(best.size()), 0, 1);
    raceAll(best, BenchOptions().batchMilliseconds, options.rounds);
    sortByTime(best);
    return confirm(best);
  }

private:
  /// The first kernel, in the order of the pack, that agrees with float64. With those of an
  /// earlier run it is found again.
  void findReference() {
    for (size_t i = 0; i < entries.size(); ++i)
      if ((!rows[i] || rows[i]->state == State::Timed || rows[i]->state == State::Slow) && screenOne(i, !rows[i]))
        return;
    throw Error("no schedule of " + key.problem +
                " gives a right result; the first: " + (rows.front() ? rows.front()->reason : ""));
  }

  /// Measures what the search asks for. False when stopped.
  bool screen() {
    std::vector<Candidate> candidates;
    for (const PackEntry &entry : entries)
      candidates.push_back({entry.schedule, entry.predicted});
    size_t limit = size_t(std::ceil(options.share * double(entries.size())));
    Search search(candidates, limit, options.seed);
    size_t done = 0;
    for (size_t i = 0; i < entries.size(); ++i)
      if (rows[i]) {
        search.tell(i, timeOf(i));
        ++done;
      }
    while (std::optional<size_t> next = search.next()) {
      if (callbacks.shouldStop())
        return false;
      screenOne(*next, /*isNew=*/true);
      search.tell(*next, timeOf(*next));
      report("screening", ++done, limit);
    }
    return true;
  }

  /// Checks one schedule and times it. Whether its result is right.
  bool screenOne(size_t index, bool isNew) {
    Row row;
    row.schedule = entries[index].schedule;
    row.predicted = entries[index].predicted;
    try {
      std::unique_ptr<Loaded> kernel = bed->load(entries[index]);
      row.milliseconds = bed->check(*kernel);
      row.rounds = 1;
      row.state = State::Slow;
      if (isNew && row.milliseconds < kTooSlow * bestTime() + kColdMilliseconds) {
        Timing timing = race(bed->stream(), {contestant(*kernel)},
                             bed->benchOptions(kScreenMilliseconds, kScreenRounds), bed->meters())[0];
        row.milliseconds = median(timing.milliseconds);
        row.rounds = kScreenRounds;
        row.state = State::Timed;
      }
    } catch (const WrongResult &wrong) {
      row.state = State::Wrong;
      row.reason = wrong.what();
    } catch (const Error &error) {
      row.state = State::Failed;
      row.reason = error.what();
    }
    bool isRight = row.state == State::Timed || row.state == State::Slow;
    if (isNew || !isRight)
      keep(index, row);
    if (deviceAbandoned())
      throw Error(row.schedule + ": " + row.reason + "; run again to go on without it");
    return isRight;
  }

  /// Times these in turns, so that what changes with time and heat is the same for all.
  void raceAll(const std::vector<size_t> &indices, double batchMilliseconds, int rounds) {
    std::vector<std::unique_ptr<Loaded>> kernels;
    std::vector<Contestant> contestants;
    for (size_t index : indices) {
      kernels.push_back(bed->load(entries[index]));
      contestants.push_back(contestant(*kernels.back()));
    }
    std::vector<Timing> timings =
        race(bed->stream(), contestants, bed->benchOptions(batchMilliseconds, rounds), bed->meters());
    for (size_t i = 0; i < indices.size(); ++i) {
      Row row = *rows[indices[i]];
      row.milliseconds = median(timings[i].milliseconds);
      row.rounds = rounds;
      keep(indices[i], row);
    }
  }

  /// The first, in their order, that agrees with float64 on all data.
  std::optional<Row> confirm(const std::vector<size_t> &indices) {
    for (size_t index : indices) {
      report("confirming", 0, 1);
      Row row = *rows[index];
      row.reason = bed->confirm(entries[index]);
      row.confirmed = row.reason.empty();
      if (!row.confirmed)
        row.state = State::Wrong;
      keep(index, row);
      if (deviceAbandoned())
        throw Error(row.schedule + ": " + row.reason);
      if (row.confirmed)
        return row;
    }
    throw Error("none of the " + std::to_string(indices.size()) + " fastest schedules of " + key.problem +
                " agrees with float64 on all data; run again to go on without them");
  }

  Contestant contestant(const Loaded &kernel) const {
    return {"", [this, &kernel](int copy) { kernel.enqueue(bed->stream(), copy); }};
  }

  void keep(size_t index, const Row &row) {
    rows[index] = row;
    database.keep(key, row);
  }

  std::optional<double> timeOf(size_t index) const {
    const std::optional<Row> &row = rows[index];
    bool hasTime = row && (row->state == State::Timed || row->state == State::Slow);
    return hasTime ? std::optional<double>(row->milliseconds) : std::nullopt;
  }

  double bestTime() const {
    double best = INFINITY;
    for (const std::optional<Row> &row : rows)
      if (row && row->state == State::Timed)
        best = std::min(best, row->milliseconds);
    return best;
  }

  std::vector<size_t> timed() const {
    std::vector<size_t> indices;
    for (size_t i = 0; i < rows.size(); ++i)
      if (rows[i] && rows[i]->state == State::Timed)
        indices.push_back(i);
    sortByTime(indices);
    return indices;
  }

  void sortByTime(std::vector<size_t> &indices) const {
    std::stable_sort(indices.begin(), indices.end(),
                     [&](size_t a, size_t b) { return rows[a]->milliseconds < rows[b]->milliseconds; });
  }

  void report(const std::string &stage, size_t done, size_t all) const {
    Progress progress{stage, done, all, 0, 0, std::nullopt};
    for (const std::optional<Row> &row : rows) {
      progress.wrong += row && row->state == State::Wrong;
      progress.failed += row && row->state == State::Failed;
      if (row && row->state == State::Timed && (!progress.best || row->milliseconds < progress.best->milliseconds))
        progress.best = row;
    }
    callbacks.report(progress);
  }

  Database &database;
  Key key;
  MeasureOptions options;
  const Callbacks &callbacks;
  std::vector<PackEntry> entries;
  std::vector<std::optional<Row>> rows; ///< one for each entry
  std::optional<Bed> bed;
};

} // namespace

std::optional<Row> tune::measureProblem(const Device &device, const Pack &pack, const std::string &problem,
                                        Database &database, const MeasureOptions &options, const Callbacks &callbacks) {
  return Tuner(device, pack, problem, database, options, callbacks).run();
}

//===- Timer.cpp - The modelled time of one cluster -----------------------===//
#include "Timer.h"

#include <algorithm>
#include <utility>

namespace girih::sim {

Timer::Timer(const ChipTiming &chip, const TimingOptions &options, const Cluster &cluster)
    : chip(chip), options(options), cluster(cluster) {
  auto speed = [&](Unit unit) { return options.speed[unsigned(unit)]; };
  for (const Warp *warp : cluster.warps) {
    WarpTime &time = times.emplace_back();
    for (unsigned cls = 0; cls < 4; ++cls)
      time.ready[cls].resize(warp->defined[cls].size());
    size_t open = warp->name.find('('), close = warp->name.find_first_of(" )", open);
    time.role = open == warp->name.npos ? "all" : warp->name.substr(open + 1, close - open - 1);
  }
  for (size_t i = 0; i < cluster.ctas.size(); ++i) {
    Multiprocessor &processor = processors.emplace_back();
    processor.schedulers.assign(4, {Calendar(chip.issue / speed(Unit::Issue)), Calendar(chip.fma / speed(Unit::Fma)),
                                    Calendar(chip.alu / speed(Unit::Alu)), Calendar(chip.mufu / speed(Unit::Mufu))});
    processor.shared = Calendar(1 / speed(Unit::Shared));
  }
}

size_t Timer::at(const Warp &warp) { return warp.cta.rank * warp.cta.warps.size() + warp.index; }

template <class F> void Timer::eachRegister(const Issue &issue, bool isWrite, F f) {
  auto visit = [&](const Operand &operand) {
    if (operand.kind != Operand::Kind::Register)
      return;
    unsigned cls = unsigned(operand.cls);
    f(cls, operand.slot + issue.base[cls]);
  };
  for (const Operand &operand : isWrite ? issue.instruction->writes : issue.instruction->reads)
    visit(operand);
  if (isWrite)
    return;
  visit(issue.instruction->guard);
  for (const Operand &operand : issue.instruction->matrixOperands)
    visit(operand);
}

uint64_t Timer::earliest(const Warp &warp, const Issue &issue) const {
  const WarpTime &time = times[at(warp)];
  uint64_t ready = time.front;
  eachRegister(issue, false, [&](unsigned cls, uint32_t slot) {
    if (slot < time.ready[cls].size())
      ready = std::max(ready, time.ready[cls][slot]);
  });
  const Cost &cost = issue.instruction->cost;
  // A block ends when all of it has issued; memory is ordered before what
  // synchronises.
  if (cost.kind == Cost::Kind::Branch)
    ready = std::max(ready, time.lastIssue);
  else if (cost.isOrdered())
    ready = std::max(ready, time.lastMemory);
  return ready;
}

/// 32 banks of 4 bytes: the rows of banks that the busiest bank is asked for;
/// lanes that ask for the same bytes share.
uint64_t Timer::wavefronts() const {
  std::array<std::vector<uint64_t>, 32> rows;
  for (auto [offset, size] : accesses)
    for (uint64_t word = offset / 4; word <= (offset + size - 1) / 4; ++word)
      rows[word % 32].push_back(word / 32);
  size_t most = 1;
  for (auto &bank : rows) {
    std::sort(bank.begin(), bank.end());
    most = std::max<size_t>(most, size_t(std::unique(bank.begin(), bank.end()) - bank.begin()));
  }
  return most;
}

std::pair<uint64_t, uint64_t> Timer::takePipe(const Warp &warp, const Cost &cost, uint64_t ready) {
  Multiprocessor &processor = processors[warp.cta.rank];
  Scheduler &scheduler = processor.schedulers[warp.index % 4];
  const std::string &role = roleOf(warp);
  unsigned latency = chip.arithmeticLatency;
  uint64_t issued = ready;
  auto use = [&](Calendar &pipe, Unit unit, double interval, uint64_t slots) {
    issued = pipe.take(issued, unsigned(slots));
    addBusy(unit, role, interval * double(slots) / options.speed[unsigned(unit)]);
  };
  switch (cost.kind) {
  case Cost::Kind::Fma:
    use(scheduler.fma, Unit::Fma, chip.fma, cost.slots);
    break;
  case Cost::Kind::Alu:
    use(scheduler.alu, Unit::Alu, chip.alu, cost.slots);
    break;
  case Cost::Kind::Mufu:
    use(scheduler.mufu, Unit::Mufu, chip.mufu, cost.slots);
    latency = chip.mufuLatency;
    break;
  case Cost::Kind::Shuffle:
    use(processor.shared, Unit::Shared, 4, 1); // of four schedulers together
    latency = chip.shuffleLatency;
    break;
  case Cost::Kind::Shared:
    use(processor.shared, Unit::Shared, 4, wavefronts());
    latency = chip.sharedLatency;
    break;
  case Cost::Kind::Global:
    latency = chip.globalLatency;
    break;
  default:
    break;
  }
  uint64_t begun = scheduler.issue.take(issued, std::max<unsigned>(cost.issues, 1));
  addBusy(Unit::Issue, role, chip.issue * cost.issues / options.speed[unsigned(Unit::Issue)]);
  return {begun, begun + latency};
}

unsigned Timer::orderedLatency(Cost::Kind kind) const {
  switch (kind) {
  case Cost::Kind::Branch:
    return chip.branchLatency;
  case Cost::Kind::NamedBarrier:
    return chip.namedBarrierWake;
  case Cost::Kind::Fence:
    return chip.fence;
  case Cost::Kind::MatrixWait:
    return chip.matrixWake;
  case Cost::Kind::TensorWait:
    return chip.tensorWake;
  case Cost::Kind::RegisterChange:
    return chip.registerChange;
  default:
    return 0;
  }
}

void Timer::charge(const Warp &warp, const Issue &issue, uint64_t now) {
  WarpTime &time = times[at(warp)];
  const Cost &cost = issue.instruction->cost;
  uint64_t ready = cost.isOrdered() ? std::max(now, time.front) : earliest(warp, issue), done = ready;
  if (cost.kind != Cost::Kind::Free) {
    auto [issued, finished] = takePipe(warp, cost, ready);
    done = finished;
    time.lastIssue = std::max(time.lastIssue, issued);
    if (cost.kind == Cost::Kind::Shared || cost.kind == Cost::Kind::Global)
      time.lastMemory = std::max(time.lastMemory, issued);
    if (cost.isOrdered()) {
      time.front = issued + orderedLatency(cost.kind);
      // What a wait finds is known later; others go on at once.
      bool waits = cost.kind == Cost::Kind::Barrier && !issue.instruction->writes.empty();
      done = waits ? issued + (time.hasWaited ? chip.barrierWake : chip.barrierPass) : time.front;
      if (cost.kind == Cost::Kind::Other && !issue.instruction->writes.empty())
        done = issued + chip.globalLatency;
      time.hasWaited = false;
    }
  }
  accesses.clear();
  eachRegister(issue, true, [&](unsigned cls, uint32_t slot) {
    if (slot >= time.ready[cls].size())
      time.ready[cls].resize(slot + 1);
    time.ready[cls][slot] = done;
  });
}

void Timer::beginWait(const Warp &warp, uint64_t now) {
  WarpTime &time = times[at(warp)];
  if (!time.waitsSince)
    time.waitsSince = now;
}

void Timer::endWait(const Warp &warp, uint64_t now) {
  WarpTime &time = times[at(warp)];
  if (time.waitsSince && *time.waitsSince < now) {
    time.waits.push_back({*time.waitsSince, now, mover});
    time.hasWaited = true;
  }
  time.waitsSince.reset();
}

const Warp *Timer::issuerOf(const AsyncOperation &operation) const {
  auto found = issuers.find(operation.serial);
  return found == issuers.end() ? nullptr : found->second;
}

uint64_t Timer::finishOf(uint32_t cta, const AsyncWork &work, uint64_t now, const Warp *issuer) {
  static const std::string nobody = "others";
  const std::string &role = issuer ? roleOf(*issuer) : nobody;
  Multiprocessor &processor = processors[cta];
  auto speed = [&](Unit unit) { return options.speed[unsigned(unit)]; };
  switch (work.kind) {
  case AsyncWork::Kind::Matrix: {
    double cycles =
        std::max({work.products / chip.matrixRate, double(work.bytes) / chip.operandBytes, double(chip.leastMatrix)}) /
        chip.matrixSustained;
    if (issuer && issuer->matrixFences != std::exchange(times[at(*issuer)].batch, issuer->matrixFences))
      cycles += chip.matrixBatch;
    cycles /= speed(Unit::Tensor);
    processor.tensorFree = std::max(processor.tensorFree, double(now + chip.matrixStart)) + cycles;
    addBusy(Unit::Tensor, role, cycles);
    products += work.products;
    return uint64_t(processor.tensorFree) + chip.matrixEnd;
  }
  case AsyncWork::Kind::CopyIn:
  case AsyncWork::Kind::CopyOut: {
    double cycles = double(work.bytes) / chip.copyBytes / speed(Unit::Copy);
    double begin = std::max(processor.copyFree, double(now));
    processor.copyFree = begin + cycles;
    addBusy(Unit::Copy, role, cycles);
    if (work.kind == AsyncWork::Kind::CopyOut)
      return uint64_t(processor.copyFree);
    double arrival = double(work.bytes) / chip.copyArrival / speed(Unit::Copy);
    return uint64_t(std::max(begin + chip.copyLatency + arrival, processor.copyFree));
  }
  case AsyncWork::Kind::TensorMove: {
    double cycles = double(work.bytes) / chip.tensorMemoryBytes / speed(Unit::TensorMemory);
    processor.tensorMemoryFree = std::max(processor.tensorMemoryFree, double(now)) + cycles;
    addBusy(Unit::TensorMemory, role, cycles);
    return uint64_t(processor.tensorMemoryFree) + chip.tensorMemoryLatency;
  }
  case AsyncWork::Kind::Other:
    return now + 1;
  }
  return now + 1;
}

void Timer::start(AsyncUnit &unit, AsyncOperation &operation, const Warp *issuer, uint64_t now) {
  operation.serial = ++serial;
  issuers[serial] = issuer;
  uint64_t done = finishOf(unit.cta, operation.work, now, issuer);
  if (unit.isOrdered) {
    uint64_t &last = lastOf[&unit];
    last = done = std::max(done, last);
  }
  events.push({done, serial, &unit});
}

/// From the warp that ended last back through what ended its waits.
void Timer::followPath(TimingReport &report, uint64_t end) const {
  const Warp *warp = nullptr;
  for (const Warp *each : cluster.warps)
    if (!warp || times[at(*each)].front >= times[at(*warp)].front)
      warp = each;
  uint64_t time = end;
  auto add = [&](const std::string &who, const std::string &what, uint64_t from) {
    if (from < time)
      report.path[{who, what}] += double(time - from) / double(std::max<uint64_t>(end, 1));
    time = std::min(time, from);
  };
  while (warp && time) {
    const auto &waits = times[at(*warp)].waits;
    auto after = std::upper_bound(waits.begin(), waits.end(), time,
                                  [](uint64_t t, const WaitPart &part) { return t < part.end; });
    if (after == waits.begin()) {
      add(roleOf(*warp), "runs", 0);
      break;
    }
    const WaitPart &part = *(after - 1);
    add(roleOf(*warp), "runs", part.end);
    if (!part.ended.warp)
      break;
    if (part.ended.operation.empty() && part.ended.warp == warp)
      break;
    if (!part.ended.operation.empty())
      add(roleOf(*warp), "waits for " + part.ended.operation, std::max(part.ended.since, part.begin));
    if (part.ended.operation.empty() || part.ended.since > part.begin)
      warp = part.ended.warp;
    else
      time = std::min(time, part.begin);
    if (part.ended.operation.empty() && time == part.end && time)
      --time; // a chain of waits that end at once still goes back
  }
}

void Timer::summarise(TimingReport &report, uint64_t end) const {
  double cycles = double(std::max<uint64_t>(end, 1));
  double schedulers = 4 * double(processors.size());
  for (const auto &[key, spent] : busy) {
    double of = key.first <= Unit::Mufu || key.first == Unit::Shared ? schedulers : double(processors.size());
    report.busy[key] += spent / cycles / of;
  }
  std::map<std::string, double> warpsOf;
  for (const WarpTime &time : times)
    ++warpsOf[time.role];
  for (const WarpTime &time : times)
    for (const WaitPart &part : time.waits) {
      std::string cause = !part.ended.operation.empty() ? part.ended.operation
                          : part.ended.warp             ? roleOf(*part.ended.warp)
                                                        : "others";
      report.waits[{time.role, cause}] += double(part.end - part.begin) / cycles / warpsOf[time.role];
    }
  report.operations += 2 * products;
  followPath(report, end);
}

} // namespace girih::sim

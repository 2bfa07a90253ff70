//===- Timer.cpp - The modelled time of one cluster -----------------------===//
#include "Timer.h"

#include <algorithm>
#include <utility>

namespace girih::sim {

Timer::Timer(const ChipTiming &chip, const TimingOptions &options, const Cluster &cluster)
    : chip(chip), options(options), cluster(cluster) {
  for (const Warp *warp : cluster.warps) {
    WarpTime &time = times.emplace_back();
    for (unsigned cls = 0; cls < 4; ++cls)
      time.ready[cls].resize(warp->defined[cls].size());
    size_t open = warp->name.find('('), close = warp->name.find_first_of(" )", open);
    time.role = open == warp->name.npos ? "all" : warp->name.substr(open + 1, close - open - 1);
  }
  processors = std::make_shared<std::vector<Multiprocessor>>(cluster.ctas.size());
}

size_t Timer::at(const Warp &warp) { return warp.cta.rank * warp.cta.warps.size() + warp.index; }

template <class F> void Timer::eachRegister(const Issue &issue, bool isWrite, F f) {
  auto visit = [&](const Operand &operand) {
    if (operand.kind != Operand::Kind::Register)
      return;
    unsigned cls = unsigned(operand.cls);
    f(cls, uint32_t(operand.value) + issue.base[cls]);
  };
  for (const Operand &operand : isWrite ? issue.instruction->writes : issue.instruction->reads)
    visit(operand);
  if (isWrite)
    return;
  visit(issue.instruction->guard);
  for (const Operand &operand : issue.instruction->matrixOperands)
    visit(operand);
}

Timer::Issue Timer::next(const Warp &warp, const Group &group) {
  Place &place = times[at(warp)].place;
  const Frame &frame = group.stack.back();
  const BlockOrder::Block &block = place.block;
  bool isSame = place.group == &group && place.depth == group.stack.size() && place.function == frame.function &&
                group.pc >= block.begin && group.pc < block.end;
  if (isSame && place.next == block.end && !block.endsInBranch)
    return {};
  if (!isSame || place.next == block.end) {
    auto found = orders.find(frame.function);
    if (found == orders.end())
      found = orders.emplace(frame.function, BlockOrder(*frame.function, chip)).first;
    const BlockOrder &order = found->second;
    place = {&group, group.stack.size(), frame.function, &order, order.blockOf(group.pc), 0, group.pc};
    place.next = place.block.begin;
  }
  // Lanes that have come together within a block have done what is before.
  while (place.order->at(place.next) < place.entered)
    ++place.next;
  Issue issue;
  issue.pc = place.order->at(place.next);
  issue.instruction = &frame.function->body[issue.pc];
  std::copy_n(frame.base, 4, issue.base.begin());
  return issue;
}

uint64_t Timer::earliest(const Warp &warp, const Issue &issue) {
  const WarpTime &time = times[at(warp)];
  const Cost &cost = issue.instruction->cost;
  if (cost.kind == Cost::Kind::Free)
    return time.front;
  uint64_t ready = operandsReady(warp, issue);
  double free = (*processors)[warp.cta.rank].schedulers[schedulerOf(warp)].issue;
  if (Pipe pipe = pipeOf(warp, cost, 0); pipe.free)
    free = std::max(free, *pipe.free);
  return std::max({time.front, ready, uint64_t(std::ceil(free))});
}

uint64_t Timer::operandsReady(const Warp &warp, const Issue &issue) const {
  const WarpTime &time = times[at(warp)];
  uint64_t ready = 0;
  eachRegister(issue, false, [&](unsigned cls, uint32_t slot) {
    if (slot < time.ready[cls].size())
      ready = std::max(ready, time.ready[cls][slot]);
  });
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

Timer::Pipe Timer::pipeOf(const Warp &warp, const Cost &cost, uint64_t now) {
  Multiprocessor &processor = (*processors)[warp.cta.rank];
  Scheduler &scheduler = processor.schedulers[schedulerOf(warp)];
  // Matrix products keep their sums in the registers, whose ports are taken.
  bool isBeside = processor.tensorFree > double(now);
  auto slow = [&](double times) { return isBeside ? times : 1; };
  switch (cost.kind) {
  case Cost::Kind::Fma:
    return {&scheduler.fma, Unit::Fma, chip.fma * slow(chip.fmaBeside), chip.arithmeticLatency};
  case Cost::Kind::Alu:
    return {&scheduler.alu, Unit::Alu, chip.alu * slow(chip.aluBeside), chip.arithmeticLatency};
  case Cost::Kind::Mufu:
    return {&scheduler.mufu, Unit::Mufu, chip.mufu * slow(chip.mufuBeside), chip.mufuLatency};
  case Cost::Kind::Shuffle: // of four schedulers together
    return {&processor.shared, Unit::Shared, slow(chip.sharedBeside), chip.shuffleLatency};
  case Cost::Kind::Shared:
    return {&processor.shared, Unit::Shared, slow(chip.sharedBeside), chip.sharedLatency};
  case Cost::Kind::Global:
    return {nullptr, Unit::Issue, 0, chip.globalLatency};
  default:
    return {};
  }
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
  case Cost::Kind::MatrixIssue:
    return chip.matrixIssue;
  case Cost::Kind::WideRelease:
    return chip.wideRelease;
  default:
    return 0;
  }
}

/// Threads fetch sectors of 32 bytes.
uint64_t Timer::finishOfGlobal(const Warp &warp, uint64_t now) {
  Multiprocessor &processor = (*processors)[warp.cta.rank];
  for (uint64_t &address : globalAccesses)
    address /= 32;
  std::sort(globalAccesses.begin(), globalAccesses.end());
  globalAccesses.erase(std::unique(globalAccesses.begin(), globalAccesses.end()), globalAccesses.end());
  double fetched = 0;
  for (uint64_t sector : globalAccesses)
    fetched = move(processor, sector * 32, 32, now, roleOf(warp));
  return std::max({now + chip.globalLatency, uint64_t(processor.copyFree), uint64_t(fetched)});
}

/// Sums of wgmma are in registers, whose ports an instruction takes meanwhile.
void Timer::delayMatrix(const Warp &warp, double cycles, uint64_t now) {
  Multiprocessor &processor = (*processors)[warp.cta.rank];
  if (processor.tensorFree > double(now))
    processor.tensorFree += cycles;
}

void Timer::charge(const Warp &warp, const Issue &issue, uint64_t now) {
  WarpTime &time = times[at(warp)];
  ++time.place.next;
  const Cost &cost = issue.instruction->cost;
  uint64_t done = std::max(time.front, operandsReady(warp, issue));
  if (cost.kind != Cost::Kind::Free) {
    auto speed = [&](Unit unit) { return options.speed[unsigned(unit)]; };
    const std::string &role = roleOf(warp);
    Pipe pipe = pipeOf(warp, cost, now);
    if (pipe.free) {
      double slots = cost.kind == Cost::Kind::Shared ? double(wavefronts()) : cost.slots;
      double cycles = pipe.interval * slots / speed(pipe.unit);
      // Whoever has waited for the pipe begins between two cycles.
      *pipe.free = (*pipe.free > double(now) - 1 ? *pipe.free : double(now)) + cycles;
      if (pipe.unit == Unit::Fma || pipe.unit == Unit::Alu)
        delayMatrix(warp, chip.matrixLoss / 4 * slots, now);
      addBusy(pipe.unit, role, pipe.unit == Unit::Shared ? 4 * cycles : cycles);
    }
    double cycles = chip.issue * std::max<unsigned>(cost.issues, 1) / speed(Unit::Issue);
    double &issueFree = (*processors)[warp.cta.rank].schedulers[schedulerOf(warp)].issue;
    issueFree = std::max(issueFree, double(now)) + cycles;
    addBusy(Unit::Issue, role, cycles);
    time.front = std::max(now, uint64_t(issueFree));
    time.lastIssue = now;
    done = now + pipe.latency;
    if (cost.kind == Cost::Kind::Global) {
      done = finishOfGlobal(warp, now);
      if (issue.instruction->writes.empty() && !globalAccesses.empty())
        stores.push_back(now);
    }
    if (cost.isOrdered()) {
      // A jump without a condition is one of layout, which ptxas removes.
      bool isJump = cost.kind == Cost::Kind::Branch && !issue.instruction->guard;
      time.front += isJump ? 0 : orderedLatency(cost.kind);
      // What a wait finds is known later; others go on at once.
      bool isWide = cost.kind == Cost::Kind::WideAcquire;
      bool waits = (cost.kind == Cost::Kind::Barrier || isWide) && !issue.instruction->writes.empty();
      unsigned woken = (time.hasWaited ? chip.barrierWake : chip.barrierPass) + (isWide ? chip.wideAcquire : 0);
      done = waits ? now + woken : time.front;
      if (cost.kind == Cost::Kind::Other && !issue.instruction->writes.empty())
        done = now + chip.globalLatency;
      time.hasWaited = false;
    }
  }
  accesses.clear();
  globalAccesses.clear();
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

uint32_t Timer::takeNumber(uint64_t counter) {
  auto &taken = numbers[counter];
  uint32_t within = cluster.device.numberWithin(taken.size());
  taken.push_back({cluster.now, within});
  return within;
}

std::vector<TakenNumber> Timer::numbersTaken() const {
  std::vector<TakenNumber> most;
  for (const auto &[counter, times] : numbers)
    if (times.size() > most.size())
      most = times;
  return most;
}

/// Each byte of a region comes once from the chip's memory, or from where it
/// lies in the L2 cache: the clusters that share it have equal shares of that.
double Timer::move(Multiprocessor &processor, uint64_t address, double bytes, uint64_t now, const std::string &role) {
  double cycles = bytes / chip.copyBytes / options.speed[unsigned(Unit::Copy)];
  processor.copyFree = std::max(processor.copyFree, double(now)) + cycles;
  addBusy(Unit::Copy, role, cycles);
  Device &device = cluster.device;
  const Region *region = device.memory.find(address, 1);
  if (!region)
    return 0;
  movedBytes[region->base] += bytes;
  auto found = expected.find(region->base);
  if (found == expected.end())
    return 0;
  double asked = found->second * (device.standsFor > 1 ? device.standsFor : device.clusterCount);
  double missed = bytes * std::min(1.0, double(region->size) / asked);
  double share = (isCached ? chip.cacheRate : chip.dramBytes) / together * residents / double(processors->size());
  processor.memoryFree = std::max(processor.memoryFree, double(now)) + missed / share;
  return processor.memoryFree + (isCached ? 0 : chip.dramLatency);
}

uint64_t Timer::finishOf(uint32_t cta, const AsyncWork &work, uint64_t now, const Warp *issuer) {
  static const std::string nobody = "others";
  const std::string &role = issuer ? roleOf(*issuer) : nobody;
  Multiprocessor &processor = (*processors)[cta];
  auto speed = [&](Unit unit) { return options.speed[unsigned(unit)]; };
  switch (work.kind) {
  case AsyncWork::Kind::Matrix: {
    double cycles =
        std::max({work.products / chip.matrixRate, double(work.bytes) / chip.operandBytes, double(chip.leastMatrix)});
    // One of a batch of wgmma is fed while the one before it runs.
    bool isFed = issuer && issuer->matrixFences &&
                 issuer->matrixFences == std::exchange(times[at(*issuer)].batch, issuer->matrixFences);
    cycles /= speed(Unit::Tensor);
    double begin = std::max(processor.tensorFree, double(now + (isFed ? 0 : chip.matrixStart)));
    processor.tensorFree = begin + cycles;
    addBusy(Unit::Tensor, role, cycles);
    operations += work.operations;
    return uint64_t(processor.tensorFree) + chip.matrixEnd;
  }
  case AsyncWork::Kind::CopyIn:
  case AsyncWork::Kind::CopyOut: {
    double begin = std::max(processor.copyFree, double(now));
    double fetched = move(processor, copied, double(work.bytes), now, role);
    if (work.kind == AsyncWork::Kind::CopyOut) {
      stores.push_back(now);
      double read = double(work.bytes) / chip.storeBytes / speed(Unit::Copy);
      return uint64_t(std::max(processor.copyFree, begin + chip.storeStart + read));
    }
    double arrival = double(work.bytes) / chip.copyArrival / speed(Unit::Copy);
    double late = fetched && !isCached ? chip.dramLatency : 0;
    return uint64_t(
        std::max({begin + chip.copyLatency + late + arrival, processor.copyFree, fetched + chip.copyLatency}));
  }
  case AsyncWork::Kind::TensorMove: {
    double cycles = double(work.bytes) / chip.tensorMemoryBytes / speed(Unit::TensorMemory);
    processor.tensorMemoryFree = std::max(processor.tensorMemoryFree, double(now)) + cycles;
    addBusy(Unit::TensorMemory, role, cycles);
    return uint64_t(processor.tensorMemoryFree) + chip.tensorMemoryLatency;
  }
  case AsyncWork::Kind::Arrival:
    return now + chip.remoteArrival;
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
    const Mover &mover = part.ended;
    bool isOperation = !mover.operation.empty();
    bool isOther = mover.warp && mover.warp != warp && (!isOperation || mover.since > part.begin);
    if (isOperation || !isOther)
      add(roleOf(*warp), "waits for " + (isOperation ? mover.operation : "others"), isOther ? mover.since : part.begin);
    if (isOther)
      warp = mover.warp;
    if (time == part.end && time)
      --time; // a chain of waits that end at once still goes back
  }
}

void Timer::summarise(TimingReport &report, uint64_t end) const {
  double cycles = double(std::max<uint64_t>(end, 1));
  double schedulers = 4 * double(processors->size());
  for (const auto &[key, spent] : busy) {
    double of = key.first <= Unit::Mufu || key.first == Unit::Shared ? schedulers : double(processors->size());
    report.busy[key] += spent * residents / cycles / of; // the others are as busy
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
  report.operations += operations;
  followPath(report, end);
}

} // namespace girih::sim

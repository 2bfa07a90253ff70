//===- Device.cpp - Launching a grid --------------------------------------===//
#include "Device.h"

#include "../Timing/Chip.h"
#include "Cluster.h"
#include "Residency.h"

#include <algorithm>
#include <cstring>
#include <thread>

namespace girih::sim {

Device::Device(const Program &program, Launch &launch, const Options &options)
    : program(program), launch(launch), options(options), entry(program.find(launch.kernel)) {
  if (!entry || !entry->syntax->isEntry)
    throw Stop(VerdictKind::Syntax, "the module has no kernel '" + launch.kernel + "'");
  const Function &syntax = *entry->syntax;
  if (syntax.clusterShape[0] && launch.cluster == std::array<uint32_t, 3>{1, 1, 1})
    launch.cluster = {syntax.clusterShape[0], syntax.clusterShape[1], syntax.clusterShape[2]};
  suppressed.resize(options.suppressions.size());
  checkLaunch();
  placeClusters();
  runsTogether = clusterCount > 1 && program.readsGlobalState(launch.kernel);
  if (options.schedule == Schedule::Timed && !(chip = findChipTiming(program.syntax->target)))
    throw Stop(VerdictKind::Unsupported,
               "there is no model of time for " + program.syntax->target + "; there are those of sm_90 and sm_100");
  placeBuffers();
  placeModule();
  placeArguments();
}

static void checkShape(const std::string &name, const std::array<uint32_t, 3> &shape,
                       const std::array<uint32_t, 3> &most) {
  for (int axis = 0; axis < 3; ++axis)
    if (shape[axis] < 1 || shape[axis] > most[axis])
      throw Stop(VerdictKind::Misuse, "size " + std::string(1, "xyz"[axis]) + " of the " + name + " is " +
                                          std::to_string(shape[axis]) + " when it should be 1 to " +
                                          std::to_string(most[axis]));
}

void Device::checkLaunch() const {
  auto fail = [](const std::string &message) { throw Stop(VerdictKind::Misuse, message); };
  // CUDA C++ Programming Guide, "Compute Capabilities".
  checkShape("block", launch.block, {1024, 1024, 64});
  checkShape("grid", launch.grid, {0x7fffffff, 65535, 65535});
  checkShape("cluster", launch.cluster, {16, 16, 16});
  uint64_t threads = uint64_t(launch.block[0]) * launch.block[1] * launch.block[2];
  if (threads > 1024)
    fail("a block has " + std::to_string(threads) + " threads when it should have 1 to 1024");
  const Function &syntax = *entry->syntax;
  if (syntax.maxThreads && threads > syntax.maxThreads)
    fail("a block has " + std::to_string(threads) + " threads when .maxntid allows " +
         std::to_string(syntax.maxThreads));
  uint64_t size = 1, clusters = 1;
  for (int axis = 0; axis < 3; ++axis) {
    if (launch.grid[axis] % launch.cluster[axis])
      fail("grid size " + std::to_string(launch.grid[axis]) + " is not a multiple of the cluster size " +
           std::to_string(launch.cluster[axis]));
    size *= launch.cluster[axis];
    clusters *= launch.grid[axis] / launch.cluster[axis];
  }
  if (launch.preferredCluster[0])
    size = checkPreferredCluster();
  if (clusters > UINT32_MAX)
    fail("a grid has " + std::to_string(clusters) + " clusters when the simulator takes " + std::to_string(UINT32_MAX));
  if (size > 16)
    fail("a cluster has " + std::to_string(size) + " CTAs when 16 is the most");
  // CUDA C++ Programming Guide, "Compute Capabilities": 227 KiB for a block.
  uint64_t shared = program.dynamicSharedOffset - sharedBase + launch.dynamicSharedBytes;
  if (shared > 227 * 1024)
    fail("a CTA uses " + std::to_string(shared) + " bytes of shared memory when it may use " +
         std::to_string(227 * 1024));
}

uint32_t Device::registersAtLaunch() const {
  if (launch.registersPerThread)
    return launch.registersPerThread;
  if (entry->syntax->maxRegisters)
    return entry->syntax->maxRegisters;
  // 65536 registers a multiprocessor, given out in units of 8 a thread.
  uint32_t blocks = std::max(1u, entry->syntax->minBlocks);
  uint32_t share = std::min<uint32_t>(65536 / (threadsPerCta() * blocks) / 8 * 8, 255);
  // ptxas gives no thread more than the largest setmaxnreg.inc asks for.
  uint64_t largest = 0;
  for (const SyntaxInstruction &each : entry->syntax->body)
    if (each.opcode.starts_with("setmaxnreg.inc") && each.operands.size() == 1)
      largest = std::max(largest, each.operands[0].value);
  return largest ? std::min<uint64_t>(share, largest) : share;
}

void Device::placeArguments() {
  const auto &formal = entry->syntax->parameters;
  if (formal.size() != launch.arguments.size())
    throw Stop(VerdictKind::Misuse, "kernel '" + launch.kernel + "' has " + std::to_string(formal.size()) +
                                        " parameters and the launch gives " + std::to_string(launch.arguments.size()));
  parameters.assign(formal.empty() ? 0 : formal.back().offset + formal.back().size, 0);
  for (size_t i = 0; i < formal.size(); ++i) {
    auto bytes = bytesOf(launch.arguments[i], "argument " + std::to_string(i));
    if (bytes.size() != formal[i].size)
      throw Stop(VerdictKind::Misuse, "argument " + std::to_string(i) + " has " + std::to_string(bytes.size()) +
                                          " bytes when '" + formal[i].name + "' has " + std::to_string(formal[i].size));
    std::memcpy(parameters.data() + formal[i].offset, bytes.data(), bytes.size());
  }
  memory.add("the kernel parameters", paramWindow, parameters.data(), parameters.size(), true, false);
}

bool Device::tolerates(Rule rule, unsigned line, const std::string &agent) {
  bool isAssumed = std::find(launch.assumes.begin(), launch.assumes.end(), rule) != launch.assumes.end();
  if (rule != Rule::EqualWrites && options.rules != RuleSet::Hardware &&
      !(options.rules == RuleSet::Assumed && isAssumed))
    return false;
  std::lock_guard<std::mutex> lock(reportLock);
  notes.try_emplace(rule, RuleNote{rule, line, agent});
  return true;
}

void Device::collect(Cluster &cluster, Report &report) {
  std::lock_guard<std::mutex> lock(reportLock);
  for (const Warp *warp : cluster.warps)
    report.warpInstructions += warp->instructions;
  report.asynchronousOperations += cluster.asynchronousOperations;
  report.executions.resize(std::max(report.executions.size(), cluster.executions.size()));
  for (size_t i = 0; i < cluster.executions.size(); ++i)
    report.executions[i] += cluster.executions[i];
  auto events = cluster.takeEvents();
  report.trace.insert(report.trace.end(), std::make_move_iterator(events.begin()),
                      std::make_move_iterator(events.end()));
}

void Device::runOne(uint32_t index, Report &report) {
  Cluster cluster(*this, index, firstCtaOf(index), *entry);
  try {
    while (!isStopped && cluster.run(20000) != Cluster::Status::Done)
      ;
  } catch (Stop &stop) {
    end(stop.found);
  } catch (EnoughVerdicts &) {
    isStopped = true;
  } catch (std::exception &error) {
    Verdict verdict;
    verdict.message = std::string("the simulator failed: ") + error.what();
    record(verdict);
    isStopped = true;
  }
  collect(cluster, report);
}

void Device::runParallel(Report &report) {
  unsigned threads = options.threads ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  threads = std::min<unsigned>(threads, clusterCount);
  auto work = [&] {
    while (!isStopped) {
      uint32_t index = nextCluster++;
      if (index >= clusterCount)
        return;
      runOne(index, report);
    }
  };
  if (threads <= 1)
    return work();
  std::vector<std::thread> pool;
  for (unsigned i = 0; i < threads; ++i)
    pool.emplace_back(work);
  for (std::thread &thread : pool)
    thread.join();
}

/// Clusters that may wait for each other share one host thread in turns, so
/// that a run can be repeated. One CTA a multiprocessor is enough until all of
/// them wait for others.
void Device::runTogether(Report &report) {
  Residency residency(*this);
  uint32_t wave = std::max(1u, residency.clusters / residency.each), wanted = wave;
  std::vector<std::unique_ptr<Cluster>> running;
  std::mt19937_64 random(options.seed);
  bool varies = options.schedule == Schedule::Random;
  try {
    while (true) {
      while (running.size() < wanted && nextCluster < clusterCount) {
        uint32_t index = nextCluster++;
        running.push_back(std::make_unique<Cluster>(*this, index, firstCtaOf(index), *entry));
      }
      if (running.empty())
        return;
      // Turns of any length, in any order.
      if (varies)
        std::shuffle(running.begin(), running.end(), random);
      bool isResting = true;
      uint64_t writesBefore = globalWrites;
      for (auto &cluster : running) {
        Cluster::Status status = cluster->run(varies ? 1 + random() % 2000 : 2000);
        isResting &= status == Cluster::Status::Polling;
        if (status == Cluster::Status::Done) {
          collect(*cluster, report);
          cluster.reset();
        }
      }
      std::erase(running, nullptr);
      if (!isResting || globalWrites != writesBefore)
        continue;
      if (nextCluster >= clusterCount || wanted >= residency.clusters)
        reportDeadlock(*running.front(), running.size(), residency);
      wanted = std::min(wanted + wave, residency.clusters);
    }
  } catch (Stop &stop) {
    record(stop.found);
    isStopped = true;
  } catch (EnoughVerdicts &) {
    isStopped = true;
  }
  for (auto &cluster : running)
    if (cluster)
      collect(*cluster, report);
}

void Device::reportDeadlock(Cluster &first, size_t waiting, const Residency &residency) {
  std::vector<std::string> notes;
  if (skipped)
    notes.push_back(std::to_string(skipped) +
                    " instructions and operations were left out after their verdicts, which may be the cause");
  if (waiting > 1)
    notes.push_back(std::to_string(waiting - 1) + " other clusters wait as well");
  if (nextCluster < clusterCount)
    notes.push_back(residency.describe(uint64_t(clusterCount) * first.ctas.size()));
  first.reportDeadlock(std::move(notes));
}

void Device::run(Report &report) {
  if (chip)
    runTimed(report);
  else if (runsTogether)
    runTogether(report);
  else
    runParallel(report);
  keepModule();
  report.isComplete = !isStopped;
  report.verdicts = std::move(verdicts);
  report.suppressed = std::move(suppressed);
  report.output = std::move(output);
  for (auto &[rule, note] : notes)
    report.notes.push_back(std::move(note));
}

} // namespace girih::sim

//===- Launch.cpp - A launch of the program in the simulator --------------===//
#include "Launch.h"

#include "Api.h"
#include "girih/Simulator/Findings.h"

#include <algorithm>
#include <cstdio>

namespace girih::sim::host {
namespace {

std::string text(uint64_t number) { return std::to_string(number); }

uint64_t product(const std::array<uint32_t, 3> &shape) { return uint64_t(shape[0]) * shape[1] * shape[2]; }

void checkShapes(const LaunchRequest &request) {
  const Kernel &kernel = *request.kernel;
  auto refuse = [&](int code, const std::string &message) {
    throw Refusal{code, "'" + kernel.shownName + "': " + message};
  };
  constexpr uint32_t mostGrid[] = {0x7fffffff, 65535, 65535}, mostBlock[] = {1024, 1024, 64};
  for (int axis = 0; axis < 3; ++axis) {
    std::string size = std::string("size ") + "xyz"[axis] + " of the ";
    if (request.grid[axis] < 1 || request.grid[axis] > mostGrid[axis])
      refuse(CUDA_ERROR_INVALID_VALUE,
             size + "grid is " + text(request.grid[axis]) + " when it should be 1 to " + text(mostGrid[axis]));
    if (request.block[axis] < 1 || request.block[axis] > mostBlock[axis])
      refuse(CUDA_ERROR_INVALID_VALUE,
             size + "block is " + text(request.block[axis]) + " when it should be 1 to " + text(mostBlock[axis]));
  }
  uint64_t threads = product(request.block);
  if (threads > 1024)
    refuse(CUDA_ERROR_INVALID_VALUE, "a block has " + text(threads) + " threads when it should have 1 to 1024");
  if (kernel.signature->maxThreads && threads > kernel.signature->maxThreads)
    refuse(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
           "a block has " + text(threads) + " threads when the kernel allows " + text(kernel.signature->maxThreads));
  if (request.dynamicShared > kernel.mostDynamicShared)
    refuse(CUDA_ERROR_INVALID_VALUE,
           "a block has " + text(request.dynamicShared) + " bytes of dynamic shared memory when the kernel may have " +
               text(kernel.mostDynamicShared) + " (the attribute MaxDynamicSharedMemorySize)");
}

void checkClusters(const LaunchRequest &request, const Launch &launch) {
  std::string subject = "'" + request.kernel->shownName + "': ";
  for (const auto &shape : {launch.cluster, launch.preferredCluster}) {
    uint64_t size = product(shape), most = request.kernel->allowsLargeClusters ? 16 : 8;
    if (size > most)
      throw Refusal{CUDA_ERROR_INVALID_CLUSTER_SIZE,
                    subject + "a cluster has " + text(size) + " CTAs when it may have " + text(most) +
                        (most == 8 ? " (more with the attribute NonPortableClusterSizeAllowed)" : "")};
    for (int axis = 0; axis < 3 && size; ++axis)
      if (!shape[axis] || launch.grid[axis] % shape[axis])
        throw Refusal{CUDA_ERROR_INVALID_VALUE, subject + "grid size " + text(launch.grid[axis]) +
                                                    " is not a multiple of the cluster size " + text(shape[axis])};
  }
}

void checkCooperative(const LaunchRequest &request, uint32_t multiprocessors) {
  uint64_t most = uint64_t(multiprocessors) *
                  residentCtas(*request.kernel, uint32_t(product(request.block)), request.dynamicShared);
  if (product(request.grid) > most)
    throw Refusal{CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, "'" + request.kernel->shownName +
                                                               "': " + text(product(request.grid)) +
                                                               " CTAs run together when the chip holds " + text(most)};
}

/// The text of a line, for somebody who has no file of it.
std::string lineOf(const std::string &ptx, unsigned line) {
  size_t begin = 0;
  for (unsigned i = 1; i < line && begin != ptx.npos; ++i) {
    begin = ptx.find('\n', begin);
    begin += begin != ptx.npos;
  }
  if (begin >= ptx.size())
    return "";
  begin = std::min(ptx.find_first_not_of(" \t", begin), ptx.size());
  std::string text = ptx.substr(begin, ptx.find_first_of("\r\n", begin) - begin);
  // An instruction of tensor cores may have hundreds of registers.
  constexpr size_t room = 160;
  return text.size() <= room ? text : text.substr(0, room - 3) + "...";
}

/// The error that a program gets for the verdict with which a kernel has ended; 0
/// for what ends none.
int failureOf(const Verdict &verdict) {
  switch (verdict.kind) {
  case VerdictKind::Race:
  case VerdictKind::Mismatch:
    return CUDA_SUCCESS;
  case VerdictKind::Assertion:
    return CUDA_ERROR_ASSERT;
  case VerdictKind::Deadlock:
    return CUDA_ERROR_LAUNCH_TIMEOUT;
  case VerdictKind::Misuse:
    return verdict.fault == Fault::Address     ? CUDA_ERROR_ILLEGAL_ADDRESS
           : verdict.fault == Fault::Alignment ? CUDA_ERROR_MISALIGNED_ADDRESS
                                               : CUDA_ERROR_LAUNCH_FAILED;
  case VerdictKind::Syntax:
    return CUDA_ERROR_INVALID_PTX;
  case VerdictKind::Unsupported:
    return CUDA_ERROR_NOT_SUPPORTED;
  case VerdictKind::Uninitialised:
    return CUDA_ERROR_LAUNCH_FAILED;
  }
  return CUDA_ERROR_UNKNOWN;
}

int failureOf(const Findings &findings) {
  for (const Verdict &verdict : findings.verdicts)
    if (int failure = failureOf(verdict))
      return failure;
  return CUDA_ERROR_LAUNCH_FAILED;
}

bool isChosen(const Settings &settings, const Kernel &kernel, uint64_t number) {
  auto isNamed = [&](const std::string &part) {
    return kernel.readableName.find(part) != std::string::npos ||
           kernel.signature->name.find(part) != std::string::npos;
  };
  bool hasName = settings.only.empty() || std::any_of(settings.only.begin(), settings.only.end(), isNamed);
  bool hasNumber = settings.launches.empty() ||
                   std::find(settings.launches.begin(), settings.launches.end(), number) != settings.launches.end();
  return hasName && hasNumber;
}

/// What memory holds, to run a launch again.
std::vector<std::vector<uint8_t>> copyOf(const Launch &launch) {
  std::vector<std::vector<uint8_t>> copies;
  for (const MappedMemory &memory : launch.mapped)
    copies.emplace_back(memory.bytes, memory.bytes + (memory.isReadOnly ? 0 : memory.size));
  return copies;
}

void restore(const Launch &launch, const std::vector<std::vector<uint8_t>> &copies) {
  for (size_t i = 0; i < copies.size(); ++i)
    std::copy(copies[i].begin(), copies[i].end(), launch.mapped[i].bytes);
}

void print(const std::string &where, const Kernel &kernel, Findings &findings, const Settings &settings) {
  std::fwrite(findings.output.data(), 1, findings.output.size(), stdout);
  std::fflush(stdout);
  for (const RuleNote &note : findings.notes)
    std::fprintf(stderr, "%s: %s\n", where.c_str(), note.str().c_str());
  for (Verdict &verdict : findings.verdicts)
    if (std::string line = verdict.line ? lineOf(kernel.module->ptx, verdict.line) : ""; !line.empty())
      verdict.notes.insert(verdict.notes.begin(), "line " + std::to_string(verdict.line) + " is: " + line);
  for (const VerdictGroup &group : groupByCause(findings.verdicts))
    std::fprintf(stderr, "%s: %s\n", where.c_str(), group.str().c_str());
  if (findings.failingSeeds.empty() || !settings.schedules)
    return;
  if (findings.failingSeeds.size() > 1) {
    std::string seeds;
    for (size_t i = 0; i < findings.failingSeeds.size() && i < 16; ++i)
      seeds += " " + std::to_string(findings.failingSeeds[i]);
    std::fprintf(stderr, "%s: %zu of %llu seeds fail:%s%s\n", where.c_str(), findings.failingSeeds.size(),
                 static_cast<unsigned long long>(findings.runs), seeds.c_str(),
                 findings.failingSeeds.size() > 16 ? " ..." : "");
  }
  std::fprintf(stderr, "%s: repeat with --schedule random --seed %llu\n", where.c_str(),
               static_cast<unsigned long long>(findings.failingSeeds.front()));
}

/// Runs under one schedule, or under all that are asked for; says whether the last
/// run has come to its end.
Findings runAll(const Settings &settings, const Simulator &simulator, Launch &launch, bool &isComplete) {
  Findings findings;
  Options options = settings.options;
  findings.suppressions = options.suppressions;
  uint64_t runs = std::max<uint64_t>(settings.schedules, 1);
  if (settings.schedules)
    options.schedule = Schedule::Random;
  std::vector<std::vector<uint8_t>> before;
  if (runs > 1)
    before = copyOf(launch);
  for (uint64_t i = 0; i < runs; ++i, ++options.seed) {
    if (i)
      restore(launch, before);
    Report report = simulator.run(launch, options);
    bool isClean = report.isClean();
    isComplete = report.isComplete;
    ++findings.runs;
    findings.output.clear();
    findings.add(std::move(report), simulator);
    if (isClean)
      continue;
    findings.failingSeeds.push_back(options.seed);
    if (!options.keepsGoing)
      break;
  }
  return findings;
}

} // namespace

uint32_t residentCtas(const Kernel &kernel, uint32_t threads, uint64_t dynamicShared) {
  // As Machine/Residency.cpp counts, from what is known before the launch.
  constexpr uint64_t mostThreads = 2048, allShared = 228 * 1024, allRegisters = 65536, ofDriver = 1024;
  uint64_t warps = (threads + 31) / 32, most = 32;
  if (!warps || threads > 1024)
    return 0;
  most = std::min(most, mostThreads / (warps * 32));
  most = std::min(most, allShared / (ofDriver + kernel.signature->staticShared + dynamicShared));
  if (uint64_t registers = kernel.signature->maxRegisters)
    most = std::min(most, allRegisters / (warps * ((registers * 32 + 255) / 256 * 256)));
  return uint32_t(most);
}

Launch describe(const Session &session, const LaunchRequest &request) {
  const Kernel &kernel = *request.kernel;
  Launch launch;
  launch.kernel = kernel.signature->name;
  launch.grid = request.grid;
  launch.block = request.block;
  // The launch says, or the kernel's attributes, or its text.
  if (request.cluster[0])
    launch.cluster = request.cluster;
  else if (kernel.requiredCluster[0] > 0)
    for (int axis = 0; axis < 3; ++axis)
      launch.cluster[axis] = uint32_t(std::max(kernel.requiredCluster[axis], 1));
  else if (kernel.signature->cluster[0])
    launch.cluster = kernel.signature->cluster;
  launch.preferredCluster = request.preferredCluster;
  launch.dynamicSharedBytes = request.dynamicShared;
  launch.multiprocessors = session.multiprocessors();
  launch.mapped = session.memory.mapped();
  for (const std::vector<uint8_t> &bytes : request.parameters) {
    Argument &argument = launch.arguments.emplace_back();
    argument.bytes = bytes;
  }
  return launch;
}

void launch(Session &session, LaunchRequest &request) {
  checkShapes(request);
  Launch launch = describe(session, request);
  checkClusters(request, launch);
  if (request.isCooperative)
    checkCooperative(request, launch.multiprocessors);
  const Settings &settings = session.settings;
  uint64_t number = ++session.launches;
  Kernel &kernel = *request.kernel;
  bool isJudged = isChosen(settings, kernel, number);
  if (isJudged && !settings.record.empty())
    record(session, request, launch, number);
  Settings chosen = settings;
  if (!isJudged) {
    chosen.schedules = 0;
    chosen.options.schedule = Schedule::Deterministic;
    chosen.options.mostVerdicts = 0;
  }
  Findings findings;
  bool isComplete = false;
  try {
    findings = runAll(chosen, kernel.simulator(), launch, isComplete);
  } catch (const Stop &stop) {
    findings.verdicts.push_back(stop.found);
  }
  // A launch that nobody asks about is told only when it cannot go on.
  if (!isJudged && isComplete) {
    findings.notes.clear();
    findings.verdicts.clear();
  }
  print("launch " + std::to_string(number) + ", " + kernel.shownName, kernel, findings, settings);
  appendResult(settings.results,
               {findings.verdicts.size(), findings.warpInstructions, findings.asynchronousOperations, isJudged});
  if (!isComplete && !settings.options.keepsGoing)
    session.failure = failureOf(findings);
}

} // namespace girih::sim::host

//===- Session.cpp - One kernel: load, check, time ------------------------===//

#include "girih/Runtime/Session.h"
#include "girih/Runtime/DeviceProblem.h"
#include "girih/Runtime/Files.h"
#include "girih/Runtime/Kernel.h"
#include "girih/Runtime/Peer.h"
#include "girih/Support/Error.h"

using namespace girih;
using namespace girih::runtime;

namespace {

/// One kernel of a run; the order of members is the order of their release.
class Session {
public:
  Session(const Device &device, const Manifest &manifest, const LaunchChoices &choices, const SessionOptions &options,
          KernelReport &report)
      : device(device), options(options), report(report), binding(bindManifest(manifest, choices)),
        stream(options.timeout) {
    report.name = manifest.name;
    report.schedule = manifest.schedule;
    report.shape = describeProblem(binding);
    report.flops = problemFlops(binding, options.data);
    if (!manifest.tensors.empty())
      report.operandBits = 8 * int(elementBytes(manifest.tensors.front().type));
    kernel.emplace(device, manifest);
    report.registers = kernel->attribute(CU_FUNC_ATTRIBUTE_NUM_REGS);
    report.localBytes = kernel->attribute(CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
  }

  void check() {
    Verdict worst;
    for (const DataOptions &data : inputs()) {
      Verdict verdict = checkOnce(data);
      bool isWorse = !verdict.passed || verdict.worstShare >= worst.worstShare;
      if (report.checks++ == 0 || isWorse)
        worst = verdict;
      if (!verdict.passed) {
        std::string pattern(dataPatternName(data.pattern));
        worst.failure = pattern + " data, seed " + std::to_string(data.seed) + ": " + worst.failure;
        break;
      }
    }
    report.verdict = worst;
    if (!worst.passed)
      report.failure = worst.failure;
  }

  void bench(std::string &peerName) {
    DataOptions data{options.data.seed};
    data.lengths = options.data.lengths;
    DeviceProblem first(binding, makeProblemData(binding, data));
    int copies = copiesBeyondCache(first.bytes(), device.facts().cacheBytes);
    std::vector<DeviceProblem> ours;
    ours.push_back(std::move(first));
    while (int(ours.size()) < copies)
      ours.emplace_back(binding, ours[0].host());
    std::vector<KernelLaunch> launches;
    for (const DeviceProblem &problem : ours)
      launches.emplace_back(*kernel, binding, problem.addresses());

    std::vector<Contestant> contestants{{"girih", [&](int copy) { launches[size_t(copy)].enqueue(stream); }}};
    // The peer writes outputs of its own and reads the same inputs.
    std::unique_ptr<Peer> peer = findPeer();
    std::vector<DeviceOutputs> theirs;
    if (peer) {
      peerName = peer->name();
      for (const DeviceProblem &problem : ours)
        theirs.emplace_back(binding, problem.addresses());
      contestants.push_back({peerName, [&](int copy) { peer->enqueue(stream, theirs[size_t(copy)].addresses()); }});
    }
    BenchOptions benchOptions;
    benchOptions.rounds = options.rounds;
    benchOptions.batchMilliseconds = options.turnMilliseconds;
    benchOptions.copies = copies;
    benchOptions.seed = options.data.seed;
    std::vector<Timing> timings = race(stream, contestants, benchOptions, Meters(device.facts()));
    report.ours = timings[0];
    if (!peer)
      return;
    report.peer = timings[1];
    compareWithPeer(ours[0], theirs[0]);
  }

private:
  /// Several random inputs and one of each other pattern.
  std::vector<DataOptions> inputs() const {
    std::vector<DataPattern> patterns = options.patterns;
    if (patterns.empty())
      patterns = {DataPattern::Random};
    if (options.patterns.empty() && binding.manifest->problem.kind == "attention.forward")
      patterns.insert(patterns.end(), {DataPattern::Equal, DataPattern::OneHot, DataPattern::MinusInf});
    std::vector<DataOptions> inputs;
    for (DataPattern pattern : patterns)
      for (int i = 0; i < (pattern == DataPattern::Random ? options.inputs : 1); ++i) {
        DataOptions data = options.data;
        data.pattern = pattern;
        data.seed += uint64_t(i);
        data.injectNan &= pattern == DataPattern::Random;
        inputs.push_back(data);
      }
    return inputs;
  }

  Verdict checkOnce(const DataOptions &data) {
    DeviceProblem problem(binding, makeProblemData(binding, data));
    KernelLaunch launch(*kernel, binding, problem.addresses());
    launch.enqueue(stream);
    stream.synchronize();
    std::vector<HostTensor> results = problem.results();
    if (!options.save.empty() && report.checks == 0)
      save(results);
    Verdict verdict = verifyProblem(binding, results, data);
    // A race shows as other bits sooner than as a wrong number.
    problem.poisonOutputs();
    launch.enqueue(stream);
    stream.synchronize();
    if (verdict.passed && !sameBytes(results, problem.results()))
      verdict.fail("a second launch with the same inputs gave other bits");
    return verdict;
  }

  /// Each tensor's bytes, as NAME.out; girih-sim --save writes the same files.
  void save(const std::vector<HostTensor> &tensors) {
    for (size_t i = 0; i < tensors.size(); ++i) {
      std::string path = options.save + "/" + binding.manifest->tensors[i].name + ".out";
      const auto &bytes = tensors[i].bytes;
      writeWholeFile(path, std::string(reinterpret_cast<const char *>(bytes.data()), bytes.size()));
    }
  }

  static bool sameBytes(const std::vector<HostTensor> &a, const std::vector<HostTensor> &b) {
    for (size_t i = 0; i < a.size(); ++i)
      if (a[i].bytes != b[i].bytes)
        return false;
    return true;
  }

  std::unique_ptr<Peer> findPeer() {
    if (options.against.empty())
      return nullptr;
    try {
      return makePeer(options.against, binding);
    } catch (const Error &error) {
      if (options.peerRequired)
        throw;
      report.peerFailure = error.what();
      return nullptr;
    }
  }

  void compareWithPeer(const DeviceProblem &ours, const DeviceOutputs &theirs) {
    int index = binding.manifest->findTensor("o");
    if (index < 0)
      index = binding.manifest->findTensor("c");
    if (index < 0)
      return;
    PeerDifference difference = comparePeer(ours.result(index), theirs.result(index));
    report.peerDifference = difference.largest;
    if (difference.largest > difference.bound && report.failure.empty())
      report.failure = "differs from the peer by " + std::to_string(difference.largest) +
                       " when it should by at most " + std::to_string(difference.bound);
  }

  const Device &device;
  const SessionOptions &options;
  KernelReport &report;
  Binding binding;
  Stream stream;
  std::optional<Kernel> kernel;
};

} // namespace

KernelReport runtime::runKernel(const Device &device, const KernelEntry &entry, const SessionOptions &options,
                                std::string &peerName) {
  KernelReport report;
  report.manifest = entry.manifest;
  report.name = entry.manifest;
  report.shape = entry.manifest;
  try {
    Manifest manifest = readManifest(entry.manifest);
    Session session(device, manifest, entry.choices, options, report);
    if (options.check)
      session.check();
    if (options.bench && report.passed())
      session.bench(peerName);
  } catch (const Error &error) {
    if (report.failure.empty())
      report.failure = error.what();
  }
  return report;
}

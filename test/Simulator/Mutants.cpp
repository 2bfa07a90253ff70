//===- Mutants.cpp - Kernels broken on purpose ----------------------------===//
//
// Every kernel of this folder passes under every schedule; every mutant, one
// edit of its PTX, has to be caught. The edits are the faults that hang or
// corrupt real kernels: dropped waits, parities off by one, wrong byte counts,
// missing fences, slots released early. Prints `N caught of N`.
//
//===----------------------------------------------------------------------===//
#include "../../lib/Simulator/Launch/Description.h"

#include <iostream>
#include <map>
#include <regex>

using namespace girih::sim;

namespace {

struct Mutant {
  const char *kernel, *fault;
  /// A regular expression and what takes its place.
  std::string find, replace;
  /// Which match is replaced, from 0; -1 for all.
  int which = -1;
  /// The verdict that names the fault best; others count as well.
  VerdictKind expected = VerdictKind::Race;
};

std::string tagged(const std::string &instruction, const std::string &tag) {
  return instruction + "[^;]*;\\s*/\\*@" + tag + "\\*/";
}
std::string waitOn(const std::string &tag) { return tagged("mbarrier\\.try_wait", tag) + " @p bra done; bra again;"; }
std::string parityOf(const std::string &tag) {
  return "again: (mbarrier\\.try_wait[^,]*, \\[[^\\]]*\\]), (%r[0-9]+); /\\*@" + tag + "\\*/";
}
const std::string flipped = ".reg .b32 q; xor.b32 q, $2, 1; again: $1, q;";

constexpr auto deadlock = VerdictKind::Deadlock, misuse = VerdictKind::Misuse, race = VerdictKind::Race;
const char *const gemm = "gemm_sm90_cluster1", *const pair = "gemm_sm90_cluster2", *const chain = "attention_sm100";
const std::string init = "mbarrier\\.init\\.shared::cta\\.b64 \\[(%r[0-9]+)\\], %r[0-9]+;";
const std::string expect = "(expect_tx\\.shared::cta\\.b64 _, \\[%r[0-9]+\\]), %r[0-9]+; /\\*@expect\\*/";

const std::vector<Mutant> &mutants() {
  static const std::vector<Mutant> list = {
      {gemm, "no wgmma.wait_group", tagged("wgmma", "wgmma_wait"), "", -1, race},
      {gemm, "wgmma.wait_group leaves one group in flight", "wait_group\\.sync\\.aligned 0;",
       "wait_group.sync.aligned 1;", -1, race},
      {gemm, "no wgmma.commit_group", tagged("wgmma", "wgmma_commit"), "", -1, race},
      {gemm, "no wgmma.fence", tagged("wgmma", "wgmma_fence"), "", -1, misuse},
      {gemm, "no wait for a full stage", waitOn("wait_full"), "", -1, race},
      {gemm, "parity of the full barrier off by one", parityOf("wait_full"), flipped, -1, race},
      {gemm, "no wait for an empty stage", waitOn("wait_empty"), "", -1, race},
      {gemm, "parity of the empty barrier off by one", parityOf("wait_empty"), flipped, -1, deadlock},
      {gemm, "twice the bytes expected", expect, "$1, 65536;", -1, deadlock},
      {gemm, "half the bytes expected", expect, "$1, 16384;", -1, misuse},
      {gemm, "sixteen bytes too many expected", expect, "$1, 32784;", -1, deadlock},
      {gemm, "full barrier expects two arrivals", init, "mbarrier.init.shared::cta.b64 [$1], 2;", 0, deadlock},
      {gemm, "empty barrier expects one arrival too many", init, "mbarrier.init.shared::cta.b64 [$1], 9;", 1, deadlock},
      {gemm, "empty barrier expects one arrival too few", init, "mbarrier.init.shared::cta.b64 [$1], 7;", 1, race},
      {gemm, "empty stage never released", tagged("mbarrier\\.arrive", "arrive_empty"), "", -1, deadlock},
      {gemm, "mbarriers not initialised", init, "", -1, misuse},
      {gemm, "no fence after mbarrier.init", tagged("fence\\.mbarrier_init", "fence_init"), "", -1, race},
      {gemm, "no barrier of the CTA after mbarrier.init", "bar(rier)?\\.sync\\s+0;", "", 0, race},
      {gemm, "no fence.proxy.async before the tensor store", tagged("fence\\.proxy", "fence_async"), "", -1, race},
      {gemm, "fence.proxy.async of global memory before the tensor store", "fence\\.proxy\\.async;",
       "fence.proxy.async.global;", -1, race},
      {gemm, "no barrier of the warpgroup before the tensor store", tagged("bar\\.sync", "named"), "", -1, race},
      {gemm, "barrier of the warpgroup expects too many threads", "(bar\\.sync [12]), 128;", "$1, 160;", -1, deadlock},
      {gemm, "both warpgroups use one barrier", "bar\\.sync 2, 128;", "bar.sync 1, 128;", -1, race},
      {gemm, "exit without waiting for the tensor store", tagged("cp\\.async", "store_wait"), "", -1, misuse},
      {gemm, "tensor store not committed", tagged("cp\\.async", "store_commit"), "", -1, misuse},
      {gemm, "more registers than the pool has", "aligned\\.u32 240;", "aligned.u32 256;", -1, deadlock},
      {gemm, "registers never given back", tagged("setmaxnreg\\.dec", "registers_down"), "", -1, deadlock},
      {gemm, "C not staged by one store", tagged("st\\.shared", "stage_out"), "", 3, VerdictKind::Uninitialised},
      {pair, "no cluster barrier at the end",
       tagged("barrier\\.cluster", "cluster_end") + "\\s*" + tagged("barrier\\.cluster", "cluster_end_wait"), "", -1,
       race},
      {pair, "no cluster barrier at the start",
       tagged("barrier\\.cluster", "cluster_begin") + "\\s*" + tagged("barrier\\.cluster", "cluster_begin_wait"), "",
       -1, race},
      {pair, "cluster barrier without its wait", tagged("barrier\\.cluster", "cluster_begin_wait"), "", -1, misuse},
      {pair, "empty stage not released to the peer", tagged("mbarrier\\.arrive", "arrive_remote"), "", -1, deadlock},
      {pair, "empty stage released to the peer without order", "arrive\\.release(\\.cluster\\.shared::cluster)",
       "arrive.relaxed$1", -1, race},
      {pair, "empty stage released to the wrong CTA", "(mapa\\.shared::cluster\\.u32 remote, %r[0-9]+), %r[0-9]+;",
       "$1, 0;", -1, misuse},
      {pair, "multicast reaches one CTA only", ", %rs[0-9]+; /\\*@load_multicast", ", 1; /*@load_multicast", -1,
       deadlock},
      {pair, "parity of the empty barrier off by one", parityOf("wait_empty"), flipped, -1, deadlock},
      {chain, "no tcgen05.wait::st before P is published", tagged("tcgen05\\.wait::st", "wait_store"), "", -1, race},
      {chain, "no tcgen05.wait::ld before S is used", tagged("tcgen05\\.wait::ld", "wait_load"), "", -1, race},
      {chain, "no tcgen05.fence::before_thread_sync", tagged("tcgen05\\.fence::before", "fence_before"), "", -1, race},
      {chain, "no tcgen05.fence::after_thread_sync", tagged("tcgen05\\.fence::after", "fence_after"), "", -1, race},
      {chain, "no wait for S", waitOn("wait_scores"), "", -1, race},
      {chain, "no wait for P", waitOn("wait_weights"), "", -1, race},
      {chain, "no wait for O", waitOn("wait_output"), "", -1, race},
      {chain, "no wait for Q", waitOn("wait_query"), "", -1, race},
      {chain, "no wait for K and V", waitOn("wait_full"), "", -1, race},
      {chain, "no wait for an empty stage", waitOn("wait_empty"), "", -1, race},
      {chain, "parity of P off by one", parityOf("wait_weights"), flipped, -1, race},
      {chain, "parity of S off by one", parityOf("wait_scores"), flipped, -1, race},
      {chain, "S never committed", tagged("tcgen05\\.commit", "commit_scores"), "", -1, deadlock},
      {chain, "stage never committed", tagged("tcgen05\\.commit", "commit_stage"), "", -1, deadlock},
      {chain, "P published by the first of four warps", init, "mbarrier.init.shared::cta.b64 [$1], 1;", 6, race},
      {chain, "tensor memory leaked", tagged("tcgen05\\.dealloc", "dealloc"), "", -1, misuse},
      {chain, "tensor memory freed in part", "(tcgen05\\.dealloc[^,]*), 256;", "$1, 128;", -1, misuse},
      {chain, "tensor memory freed in flight", "bar(rier)?\\.sync\\s+0;", "", 1, race},
      {chain, "tensor memory allocated too small", "(tcgen05\\.alloc[^,]*), 256;", "$1, 128;", -1, misuse},
      {chain, "lanes of another warp", "(tcgen05\\.ld[^;]*\\}, \\[)(%r[0-9]+)(\\];)", "$1$2+2097152$3", 0, misuse},
  };
  return list;
}

/// The text with one match, or all, replaced; nothing when there is none.
std::optional<std::string> mutate(const std::string &text, const Mutant &mutant) {
  std::regex pattern(mutant.find);
  std::string result;
  auto begin = std::sregex_iterator(text.begin(), text.end(), pattern), end = std::sregex_iterator();
  size_t from = 0;
  int index = 0;
  bool hasChanged = false;
  for (auto match = begin; match != end; ++match, ++index) {
    if (mutant.which >= 0 && index != mutant.which)
      continue;
    result.append(text, from, size_t(match->position()) - from);
    result += match->format(mutant.replace);
    from = size_t(match->position() + match->length());
    hasChanged = true;
  }
  if (!hasChanged)
    return std::nullopt;
  return result + text.substr(from);
}

struct Plan {
  const char *name;
  Schedule schedule;
  uint64_t seed;
};
const Plan plans[] = {{"deterministic", Schedule::Deterministic, 1},
                      {"late", Schedule::Late, 1},
                      {"early", Schedule::Early, 1},
                      {"random 1", Schedule::Random, 1},
                      {"random 2", Schedule::Random, 2},
                      {"random 3", Schedule::Random, 3}};

std::optional<Verdict> judge(const LaunchTask &task, const std::string &ptx, const Plan &plan) {
  try {
    Simulator simulator(ptx);
    Launch launch = task.launch;
    Options options;
    options.schedule = plan.schedule;
    options.seed = plan.seed;
    options.spinLimit = 200'000;
    options.mostVerdicts = 1;
    Report report = simulator.run(launch, options);
    if (!report.isClean())
      return report.verdicts[0];
    return task.check ? task.check(launch) : std::nullopt;
  } catch (const Stop &stop) {
    return stop.found;
  }
}

} // namespace

int main(int argc, char **argv) {
  std::string folder = argc > 1 ? argv[1] : ".";
  bool isVerbose = argc > 2;
  unsigned caught = 0, always = 0, failures = 0;
  std::map<std::string, LaunchTask> tasks;
  for (const char *kernel : {gemm, pair, chain}) {
    try {
      tasks[kernel] = readDescription(folder + "/" + kernel + ".json");
    } catch (const Stop &stop) {
      std::cerr << stop.found.str() << "\n";
      return 2;
    }
    for (const Plan &plan : plans)
      if (auto verdict = judge(tasks[kernel], tasks[kernel].ptx, plan)) {
        std::cout << "FALSE ALARM " << kernel << ", " << plan.name << ": " << verdict->str() << "\n";
        ++failures;
      }
  }
  for (const Mutant &mutant : mutants()) {
    const LaunchTask &task = tasks[mutant.kernel];
    auto ptx = mutate(task.ptx, mutant);
    if (!ptx) {
      std::cout << "NO MATCH " << mutant.kernel << ": " << mutant.fault << "\n";
      ++failures;
      continue;
    }
    unsigned times = 0, asExpected = 0;
    std::string first;
    for (const Plan &plan : plans)
      if (auto verdict = judge(task, *ptx, plan)) {
        ++times;
        asExpected += verdict->kind == mutant.expected;
        if (first.empty())
          first = verdict->str();
      }
    caught += times > 0;
    always += times == std::size(plans);
    std::cout << (times ? "caught " : "MISSED ") << times << "/" << std::size(plans) << " (" << asExpected << " as "
              << verdictName(mutant.expected) << ") " << mutant.kernel << ": " << mutant.fault << "\n";
    if (isVerbose)
      std::cout << "    " << first << "\n";
  }
  std::cout << always << " of " << mutants().size() << " are caught under each of " << std::size(plans)
            << " schedules\n";
  std::cout << caught << " caught of " << mutants().size() << "\n";
  return caught == mutants().size() && !failures ? 0 : 1;
}

//===- RulesTest.cpp - Rules that chips do without ------------------------===//
//
// Each kernel breaks one rule of girih/Simulator/Rules.h: a verdict by the PTX
// ISA, a note and the right answer by what the hardware does. Its twin breaks
// more, which no chip mends: a verdict either way.
//
//===----------------------------------------------------------------------===//
#include "OrderHarness.h"
#include "TensorHarness.h"

namespace girih::sim {
namespace {

struct RuleCase {
  Rule rule;
  std::string body, verdict;
  /// What makes the twin of it.
  std::string replace, by;
  unsigned threads = 32, ctas = 1;
};
void PrintTo(const RuleCase &test, std::ostream *out) { *out << textOf(test.rule).broken; }

const std::string alloc = "mov.u32 %r40, smem;\nsetp.eq.u32 %p8, %warp, 0;\nmov.b32 %r5, 7;\n"
                          "@%p8 tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [%r40+16], 32;\nbar.sync 0;\n"
                          "ld.shared.b32 %r41, [%r40+16];\n";
const std::string dealloc = "@%p8 tcgen05.dealloc.cta_group::1.sync.aligned.b32 %r41, 32;\n";
const std::string store = "tcgen05.st.sync.aligned.32x32b.x1.b32 [%r41], {%r5};\ntcgen05.wait::st.sync.aligned;\n";
const std::string load = "tcgen05.ld.sync.aligned.32x32b.x1.b32 {%r0}, [%r41];\n";
const std::string waitLoad = "tcgen05.wait::ld.sync.aligned;\n";

/// Warps 0 and 4 reach the same lanes: one writes, the other reads.
std::string unfencedTensor() {
  return alloc + "setp.eq.u32 %p1, %warp, 4;\n@!%p8 bra MEET;\n" + store + "MEET: bar.sync 1;\n@!%p1 bra OVER;\n" +
         load + waitLoad +
         "mul.wide.u32 %rd1, %lane, 4;\nadd.u64 %rd1, %out, %rd1;\nst.global.b32 [%rd1], %r0;\nOVER: bar.sync 2;\n" +
         dealloc;
}

/// Two products of 128 x 16 and 128 x 32 with the same accumulator, one after the
/// other.
std::string twoProducts() {
  std::string product = "tcgen05.mma.cta_group::1.kind::f16 [%r41], %rd1, %rd1, IDESC, %p3;\n";
  auto of = [&](unsigned n) { return replaced(product, "IDESC", std::to_string(1 << 4 | n / 8 << 17 | 8 << 24)); };
  return setup("1") +
         "mad.lo.u32 %r1, %tid, 512, %r40;\nmov.b32 %r2, 0;\nFILL: st.shared.v4.b32 [%r1+1024], {0, 0, 0, 0};\n"
         "add.u32 %r1, %r1, 16;\nadd.u32 %r2, %r2, 1;\nsetp.lt.u32 %p1, %r2, 32;\n@%p1 bra FILL;\n"
         "fence.proxy.async;\nbar.sync 3;\n" +
         alloc +
         "@%p9 bra WAIT;\nadd.u32 %r3, %r40, 1024;\nshr.u32 %r3, %r3, 4;\ncvt.u64.u32 %rd1, %r3;\n"
         "or.b64 %rd1, %rd1, 0x400800100000;\nsetp.ne.u32 %p3, 0, 0;\n" +
         of(16) + of(32) +
         "tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 [%r40];\n"
         "WAIT: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra WAIT;\n"
         "tcgen05.fence::after_thread_sync;\n"
         "tcgen05.ld.sync.aligned.32x32b.x1.b32 {%r0}, [%r41];\ntcgen05.wait::ld.sync.aligned;\n"
         "add.u32 %r0, %r0, 7;\n" +
         storeR0 + dealloc;
}

/// CTA 0 works on the tensor memory of a pair and tells CTA 1, which frees it.
std::string remoteFree() {
  return setup("1") + clusterSync +
         "mov.u32 %r2, %cluster_ctarank;\nsetp.eq.u32 %p1, %r2, 0;\nsetp.eq.and.u32 %p3, %tid, 0, %p1;\n"
         "tcgen05.alloc.cta_group::2.sync.aligned.shared::cta.b32 [%r40+16], 32;\nld.shared.b32 %r41, [%r40+16];\n"
         "@!%p1 bra OTHER;\n@%p3 tcgen05.shift.cta_group::2.down [%r41];\n"
         "@%p3 tcgen05.commit.cta_group::2.mbarrier::arrive::one.shared::cluster.b64 [%r40];\n"
         "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra W;\n"
         "tcgen05.fence::after_thread_sync;\ntcgen05.fence::before_thread_sync;\nmapa.shared::cluster.u32 %r3, %r40, "
         "1;\n"
         "@%p3 mbarrier.arrive.shared::cluster.b64 _, [%r3];\nbra DONE;\n"
         "OTHER: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra OTHER;\n"
         "tcgen05.fence::after_thread_sync;\n"
         "DONE: tcgen05.dealloc.cta_group::2.sync.aligned.b32 %r41, 32;\nmov.b32 %r0, 7;\n@!%p1 bra END;\n" +
         storeR0 + "END:\n" + clusterSync;
}

const std::string bulkLoad =
    "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%in], 64, [%r40];\n";

std::vector<RuleCase> ruleCases() {
  return {
      {Rule::TensorFences, unfencedTensor(), "tcgen05.fence::before_thread_sync", "tcgen05.wait::st.sync.aligned;\n",
       "", 160},
      {Rule::TensorLoadWait, alloc + store + load + "add.u32 %r0, %r0, 0;\n" + storeR0 + dealloc,
       "expected tcgen05.wait::ld", "tcgen05.wait::st.sync.aligned;\n", ""},
      {Rule::MatrixOrder, twoProducts(), "is not ordered after the tensor-memory write", "tcgen05.commit",
       "@%p9 tcgen05.commit"},
      // Every warp gives lane 0; the twin is warp 2 in the lanes of warp 1.
      {Rule::TensorLane,
       alloc + "add.u32 %r41, %r41, 0;\n" + store + load + waitLoad + storeR0 +
           "tcgen05.fence::before_thread_sync;\nbar.sync 0;\ntcgen05.fence::after_thread_sync;\n" + dealloc,
       "tensor memory lane 0 is not one that", "add.u32 %r41, %r41, 0;",
       "shr.u32 %r6, %warp, 1;\nshl.b32 %r6, %r6, 21;\nadd.u32 %r41, %r41, %r6;", 96},
      {Rule::BarrierFence,
       replaced(setup("1"), "fence.mbarrier_init.release.cluster;\n", "") +
           "add.u32 %r1, %r40, 128;\n@%p9 bra W;\nmbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 64;\n" +
           bulkLoad + "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra W;\nmov.b32 %r0, 7;\n" +
           storeR0,
       "was not fenced", "READY: bar.sync 0;", "READY:", 64},
      {Rule::BulkExit,
       "mov.u32 %r1, smem;\nmad.lo.u32 %r2, %lane, 4, %r1;\nmov.b32 %r5, 7;\nst.shared.b32 [%r2], "
       "%r5;\nfence.proxy.async;\nbar.warp.sync -1;\n"
       "setp.eq.u32 %p1, %lane, 0;\n@%p1 cp.async.bulk.global.shared::cta.bulk_group [%out], [%r1], 128;\n"
       "@%p1 cp.async.bulk.commit_group;\n",
       "exits without waiting for 1 bulk copies", "fence.proxy.async;\n", ""},
      {Rule::RemoteScope,
       replaced(setup("1"), "bar.sync 0;\n", clusterSync) +
           "mov.u32 %r2, %cluster_ctarank;\nsetp.eq.u32 %p1, %r2, 0;\n@%p1 bra W;\nmapa.shared::cluster.u32 %r3, %r40, "
           "0;\n"
           "mov.b32 %r5, 7;\n@!%p9 st.shared::cluster.b32 [%r3+64], %r5;\n@!%p9 mbarrier.arrive.shared::cluster.b64 _, "
           "[%r3];\n"
           "bra END;\nW: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra W;\n"
           "ld.shared.b32 %r0, [%r40+64];\n" +
           storeR0 + "END:\n",
       "whose scopes both include the other thread",
       "@!%p9 st.shared::cluster.b32 [%r3+64], %r5;\n@!%p9 mbarrier.arrive.shared::cluster.b64 _, [%r3];\n",
       "@!%p9 mbarrier.arrive.shared::cluster.b64 _, [%r3];\n@!%p9 st.shared::cluster.b32 [%r3+64], %r5;\n", 32, 2},
      {Rule::ParityBits,
       setup("1") +
           "mov.b32 %r5, 7;\n@!%p9 st.shared.b32 [%r40+64], %r5;\n@!%p9 mbarrier.arrive.shared::cta.b64 _, [%r40];\n"
           "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 2;\n@!%p2 bra W;\nld.shared.b32 %r0, "
           "[%r40+64];\n" +
           storeR0,
       "phase parity is 2 when it should be 0 or 1", "[%r40], 2;", "[%r40], 3;", 64},
      // The code 0 in every chunk of an A of zeros; the twin stores numbers.
      {Rule::SparseZeros,
       "mov.b32 %r1, 0;\nmov.b32 %r2, 0x3c003c00;\nmov.b32 %r3, 0;\nmma.sp::ordered_metadata.sync.aligned."
       "m16n8k32.row.col.f32.f16.f16.f32 {%r4, %r5, %r6, %r7}, {%r1, %r1, %r1, %r1}, {%r2, %r2, %r2, %r2}, "
       "{%r1, %r1, %r1, %r1}, %r3, 0;\nadd.u32 %r0, %r4, 7;\n" +
           storeR0,
       "sparse metadata of row 0 and k = 0 is 0, which selects nothing", "mov.b32 %r1, 0;", "mov.b32 %r1, 0x3c003c00;"},
      // Each thread adds 1; the twin reads a part of the word.
      {Rule::GuessedValue,
       "mov.u32 %r1, smem;\nmov.b32 %r2, 0;\nsetp.eq.u32 %p1, %tid, 0;\n@%p1 st.shared.b32 [%r1], %r2;\n"
       "bar.sync 0;\nld.shared.b32 %r3, [smem];\nLOOP: mov.b32 %r4, %r3;\nadd.u32 %r5, %r4, 1;\n"
       "atom.shared.cas.b32 %r3, [%r1], %r4, %r5;\nsetp.ne.u32 %p2, %r3, %r4;\n@%p2 bra LOOP;\nbar.sync 0;\n"
       "ld.shared.b32 %r6, [%r1];\nsub.u32 %r0, %r6, 57;\n" +
           storeR0,
       "expected a strong read (ld.relaxed, ld.volatile) before the loop of atom.cas", "ld.shared.b32 %r3, [smem]",
       "ld.shared.u16 %r3, [smem]", 64},
      {Rule::RemoteScope, remoteFree(), "of tensor memory being freed",
       "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra W;\n", "", 32, 2},
  };
}

class Rules : public testing::TestWithParam<RuleCase> {
protected:
  static TestRun run(const std::string &body, const OrderPlan &plan, RuleSet rules, std::vector<Rule> assumes = {}) {
    const RuleCase &test = GetParam();
    TestLaunch launch;
    launch.threads = test.threads;
    launch.grid = launch.cluster = test.ctas;
    launch.options.schedule = plan.schedule;
    launch.options.seed = plan.seed;
    launch.options.rules = rules;
    launch.assumes = std::move(assumes);
    return runModule(makeModule(body, "sm_100a"), launch);
  }
};

TEST_P(Rules, AreJudgedByTheText) {
  std::string all;
  for (const OrderPlan &plan : orderPlans)
    for (const Verdict &verdict : run(GetParam().body, plan, RuleSet::Isa).report.verdicts)
      all += verdict.str() + "\n";
  EXPECT_NE(all.find(GetParam().verdict), all.npos) << all;
}

TEST_P(Rules, AreNotedByTheHardware) {
  bool isNoted = false;
  for (const OrderPlan &plan : orderPlans) {
    TestRun done = run(GetParam().body, plan, RuleSet::Hardware);
    EXPECT_EQ(done.verdict(), "") << plan.name;
    EXPECT_EQ(done.out<uint32_t>()[31], 7u) << plan.name;
    for (const RuleNote &note : done.report.notes) {
      EXPECT_EQ(note.rule, GetParam().rule) << note.str();
      EXPECT_NE(note.str().find(textOf(note.rule).reliedOnBy), std::string::npos);
      isNoted |= note.rule == GetParam().rule;
    }
  }
  EXPECT_TRUE(isNoted);
}

TEST_P(Rules, HideNothingElse) {
  std::string twin = replaced(GetParam().body, GetParam().replace, GetParam().by);
  std::string all;
  for (const OrderPlan &plan : orderPlans)
    all += run(twin, plan, RuleSet::Hardware).verdict();
  EXPECT_NE(all, "");
}

TEST_P(Rules, AreNotedWhereTheyAreAssumed) {
  for (const OrderPlan &plan : orderPlans)
    EXPECT_EQ(run(GetParam().body, plan, RuleSet::Assumed, {GetParam().rule}).verdict(), "") << plan.name;
}

TEST_P(Rules, AreJudgedWhereOthersAreAssumed) {
  std::vector<Rule> others;
  for (const auto &[name, rule] : assumptions())
    if (rule != GetParam().rule)
      others.push_back(rule);
  std::string without, with;
  for (const OrderPlan &plan : orderPlans) {
    for (const Verdict &verdict : run(GetParam().body, plan, RuleSet::Assumed).report.verdicts)
      without += verdict.str() + "\n";
    for (const Verdict &verdict : run(GetParam().body, plan, RuleSet::Assumed, others).report.verdicts)
      with += verdict.str() + "\n";
  }
  EXPECT_NE(without.find(GetParam().verdict), without.npos) << without;
  EXPECT_NE(with.find(GetParam().verdict), with.npos) << with;
}

INSTANTIATE_TEST_SUITE_P(All, Rules, testing::ValuesIn(ruleCases()));

/// Two warps; what the weak read before the atomic operation is told.
std::string guess(const std::string &read, const std::string &swap) {
  TestLaunch launch;
  launch.threads = 64;
  launch.options.rules = RuleSet::Hardware;
  return runBody("mov.b32 %r4, 0;\nmov.b32 %r7, 1;\n" + read + "\n" + swap + "\nsetp.ne.u32 %p1, %r5, %r3;\n", launch)
      .verdict();
}

TEST(RuleSets, AGuessIsComparedAtItsPlace) {
  std::string swap = "atom.global.cas.b32 %r5, [%out+8], %r3, %r7;";
  EXPECT_EQ(guess("ld.global.b32 %r3, [%out+8];", swap), "");
  EXPECT_EQ(guess("cvta.to.global.u64 %rd1, %out;\nld.global.u32 %r2, [%rd1+8];\nmov.b32 %r3, %r2;", swap), "");
  // Another place, a part, a value that something else decides, one that nobody compares.
  EXPECT_NE(guess("ld.global.b32 %r3, [%out+16];", swap + "\natom.global.add.u32 %r6, [%out+16], 1;"), "");
  for (const char *read : {"ld.global.b32 %r2, [%out+8];\nmov.b32 %r3, 0;", "ld.global.u16 %r3, [%out+8];",
                           "ld.global.b32 %r2, [%out+8];\nadd.u32 %r3, %r2, 1;"})
    EXPECT_NE(guess(read, "atom.global.add.u32 %r6, [%out+8], 1;\n" + swap), "") << read;
  // A weak write that the guess meets.
  EXPECT_NE(guess("ld.global.b32 %r3, [%out+8];", swap + "\nst.global.b32 [%out+8], %tid;"), "");
}

TEST(RuleSets, HaveNames) {
  EXPECT_EQ(parseRuleSet("isa"), RuleSet::Isa);
  EXPECT_EQ(parseRuleSet("hardware"), RuleSet::Hardware);
  EXPECT_EQ(parseRuleSet("assumed"), RuleSet::Assumed);
  EXPECT_FALSE(parseRuleSet("chip"));
}

} // namespace
} // namespace girih::sim

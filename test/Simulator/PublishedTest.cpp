//===- PublishedTest.cpp - What published kernels do within the rules -----===//
//
// Each pattern is one that CUTLASS, FlashAttention, DeepGEMM, ThunderKittens or
// CuTe DSL relies on and that the PTX ISA allows, beside the fault next to it.
//
//===----------------------------------------------------------------------===//
#include "OrderHarness.h"
#include "TensorHarness.h"

namespace girih::sim {
namespace {

struct Pattern {
  std::string body;
  unsigned threads = 32, ctas = 1;
  const char *target = "sm_90a";
  std::string outside = "";

  TestRun run(const OrderPlan &plan) const {
    TestLaunch launch;
    launch.threads = threads;
    launch.grid = launch.cluster = ctas;
    launch.options.schedule = plan.schedule;
    launch.options.seed = plan.seed;
    return runModule(makeModule(body, target, outside), launch);
  }
  Pattern with(const std::string &what, const std::string &other) const {
    Pattern changed = *this;
    changed.body = replaced(body, what, other);
    return changed;
  }
};

TestRun expectClean(const Pattern &pattern) {
  TestRun last;
  for (const OrderPlan &plan : orderPlans) {
    last = pattern.run(plan);
    EXPECT_EQ(last.verdict(), "") << plan.name;
  }
  return last;
}

/// Some schedule finds the fault, in these words.
void expectFault(const Pattern &pattern, const std::string &words) {
  std::string all;
  for (const OrderPlan &plan : orderPlans)
    all += pattern.run(plan).verdict() + "\n";
  EXPECT_NE(all.find(words), all.npos) << all;
}

/// A warpgroup multiplies tiles at smem + 1024; one of its threads tells a
/// producer that it may overwrite them.
Pattern warpgroupRelease() {
  return {setup("1") + "mad.lo.u32 %r1, %tid, 16, %r40;\nsetp.ge.u32 %p1, %tid, 128;\n@%p1 bra FILLED;\n"
                       "st.shared.v4.b32 [%r1+1024], {0, 0, 0, 0};\nst.shared.v4.b32 [%r1+3072], {0, 0, 0, 0};\n"
                       "fence.proxy.async.shared::cta;\nFILLED: bar.sync 0;\n@%p1 bra PRODUCER;\n"
                       "add.u32 %r2, %r40, 1024;\nshr.u32 %r2, %r2, 4;\ncvt.u64.u32 %rd1, %r2;\n"
                       "or.b64 %rd1, %rd1, 0x2000100000;\nadd.u64 %rd2, %rd1, 128;\nwgmma.fence.sync.aligned;\n"
                       "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f0, %f1, %f2, %f3}, %rd1, %rd2, 0, 1, 1, "
                       "0, 0;\nwgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\n@%p9 bra END;\n"
                       "mbarrier.arrive.shared::cta.b64 _, [%r40];\nbra END;\n"
                       "PRODUCER: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra PRODUCER;\n"
                       "st.shared.v4.b32 [%r1+1024], {1, 1, 1, 1};\nEND:\n",
          160};
}

TEST(Published, OneThreadReleasesForTheWarpgroup) {
  Pattern pattern = warpgroupRelease();
  expectClean(pattern);
  expectFault(pattern.with("wait_group.sync.aligned 0", "wait_group.sync.aligned 1"), "async-proxy read");
}

/// Lanes 0 and 1 copy 16 bytes each out of shared memory.
Pattern laneStores() {
  return {
      "mov.u32 %r1, smem;\nmad.lo.u32 %r1, %lane, 16, %r1;\nst.shared.v4.b32 [%r1], {%lane, 1, 2, 3};\n"
      "fence.proxy.async.shared::cta;\nbar.warp.sync -1;\nmul.wide.u32 %rd1, %lane, 16;\nadd.u64 %rd1, %out, %rd1;\n"
      "setp.ge.u32 %p1, %lane, 2;\n@%p1 bra END;\n"
      "cp.async.bulk.global.shared::cta.bulk_group [%rd1], [%r1], 16;\ncp.async.bulk.commit_group;\n"
      "cp.async.bulk.wait_group 0;\nEND:\n"};
}

TEST(Published, LanesStoreForThemselves) {
  Pattern pattern = laneStores();
  auto out = expectClean(pattern).out<uint32_t>();
  EXPECT_EQ(out[0], 0u);
  EXPECT_EQ(out[4], 1u);
  expectFault(pattern.with("bulk_group [%rd1]", "bulk_group [%out]"), "async-proxy write");
  expectFault(pattern.with("cp.async.bulk.wait_group 0;", "@!%p9 bra END;\ncp.async.bulk.wait_group 0;")
                  .with("setp.ge.u32 %p1, %lane, 2;", "setp.ge.u32 %p1, %lane, 2;\nsetp.eq.u32 %p9, %lane, 0;"),
              "exits without waiting");
}

TEST(Published, AllLanesMakeTheSameStore) {
  Pattern pattern = laneStores()
                        .with("setp.ge.u32 %p1, %lane, 2;\n@%p1 bra END;\n", "mov.u32 %r1, smem;\n")
                        .with("bulk_group [%rd1], [%r1], 16", "bulk_group [%out], [%r1], 32");
  EXPECT_EQ(expectClean(pattern).out<uint32_t>()[1], 1u);
  expectFault(pattern.with("bar.warp.sync -1;\n", ""), "write of line");
  // A reduction counts once for each lane.
  Pattern sum = pattern.with("cp.async.bulk.global.shared::cta.bulk_group", "cp.reduce.async.bulk.global.shared::cta"
                                                                            ".bulk_group.add.u32");
  EXPECT_EQ(expectClean(sum).out<uint32_t>()[1], 32u);
}

/// 7 goes to tensor memory and comes back.
const std::string allocate = "mov.u32 %r40, smem;\nmov.b32 %r5, 7;\n"
                             "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [%r40+16], 32;\n"
                             "ld.shared.b32 %r41, [%r40+16];\n";
const std::string deallocate = "tcgen05.dealloc.cta_group::1.sync.aligned.b32 %r41, 32;\n";
Pattern movedLoad(const std::string &between) {
  return {allocate +
              "tcgen05.st.sync.aligned.32x32b.x2.b32 [%r41], {%r5, %r5};\ntcgen05.wait::st.sync.aligned;\n"
              "tcgen05.ld.sync.aligned.32x32b.x2.b32 {%r1, %r2}, [%r41];\n" +
              between + storeR0 + deallocate,
          32, 1, "sm_100a"};
}

TEST(Published, MovesBeforeTheWaitOfALoad) {
  const std::string wait = "tcgen05.wait::ld.sync.aligned;\n";
  for (const std::string &moves :
       {"mov.b32 %r0, %r1;\n" + wait,
        "mov.b64 %rd1, {%r1, %r2};\nmov.b64 %rd2, %rd1;\n" + wait + "mov.b64 {%r3, %r0}, %rd2;\n",
        "mov.b32 %f1, %r2;\nmov.b32 %r3, %f1;\n" + wait + "mov.b32 %r0, %r3;\n"}) {
    TestRun run = expectClean(movedLoad(moves));
    EXPECT_EQ(run.out<uint32_t>()[31], 7u) << moves;
  }
  for (const std::string &moves :
       {"mov.b32 %r0, %r1;\nadd.u32 %r0, %r0, 0;\n" + wait, std::string("mov.b32 %r0, %r1;\n"),
        "mov.b64 %rd1, {%r1, %r2};\nadd.u64 %rd1, %rd1, 0;\ncvt.u32.u64 %r0, %rd1;\n" + wait,
        "mov.b32 %r0, %r1;\nmov.b32 %r0, 7;\n" + wait})
    expectFault(movedLoad(moves), "which is still in flight; expected tcgen05.wait::ld");
}

TEST(Published, OtherKernelsOfTheModule) {
  // Neither its shared memory nor an instruction outside of the simulated set.
  Pattern pattern{"mov.u32 %r0, smem;\n" + storeR0, 32, 1, "sm_90a",
                  ".visible .entry other() { .shared .align 8 .b8 mine[32]; .reg .b32 r; mov.u32 r, mine; "
                  "txq.width.b32 r, [mine]; ret; }\n.func f() { .shared .align 8 .b8 held[32]; .reg .b32 r; "
                  "mov.u32 r, held; ret; }\n"};
  EXPECT_EQ(expectClean(pattern).out<uint32_t>()[0], 1024u);
  EXPECT_EQ(expectClean(pattern.with("mov.u32 %r0", "call f, ();\nmov.u32 %r0")).out<uint32_t>()[0], 2048u);
}

/// Both CTAs of a pair allocate; then CTA 0 works on the tensor memory of both.
Pattern pairAllocation() {
  return {setup("1") + clusterSync +
              "mov.u32 %r2, %cluster_ctarank;\nsetp.eq.u32 %p1, %r2, 0;\nsetp.eq.and.u32 %p2, %tid, 0, %p1;\n"
              "setp.ne.u32 %p3, %r2, 9;\n"
              "@%p3 tcgen05.alloc.cta_group::2.sync.aligned.shared::cta.b32 [%r40+16], 32;\n"
              "ld.shared.b32 %r41, [%r40+16];\n@%p2 tcgen05.shift.cta_group::2.down [%r41];\n"
              "@%p2 tcgen05.commit.cta_group::2.mbarrier::arrive::one.shared::cluster.b64 [%r40];\n"
              "@!%p1 bra DONE;\nW: mbarrier.try_wait.parity.shared::cta.b64 %p4, [%r40], 0;\n@!%p4 bra W;\nDONE:\n"
              "tcgen05.fence::after_thread_sync;\n" +
              clusterSync + "@%p3 tcgen05.dealloc.cta_group::2.sync.aligned.b32 %r41, 32;\n",
          32, 2, "sm_100a"};
}

TEST(Published, PairsAllocateTogether) {
  Pattern pattern = pairAllocation();
  expectClean(pattern);
  expectFault(
      pattern.with("[%r40+16], 32", "[%r40+16], %r3")
          .with("setp.ne.u32 %p3, %r2, 9;", "setp.ne.u32 %p3, %r2, 9;\nadd.u32 %r3, %r2, 1;\nmul.lo.u32 %r3, %r3, 32;"),
      "when the other CTA of the pair executes tcgen05.alloc of");
  expectFault(pattern.with("@%p3 tcgen05.alloc", "@%p1 tcgen05.alloc"), "for the other CTA of its pair to execute");
  expectFault(pattern.with("@%p3 tcgen05.dealloc", "@%p1 tcgen05.dealloc"), "tcgen05.dealloc");
}

/// Warp 0 allocates, one of its lanes tells warp 1.
Pattern laneTellsAddress() {
  return {setup("1") +
              "setp.eq.u32 %p8, %warp, 0;\n@!%p8 bra WAIT;\n"
              "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [%r40+16], 32;\n"
              "setp.ne.u32 %p1, %lane, 5;\n@%p1 bra WAIT;\nmbarrier.arrive.shared::cta.b64 _, [%r40];\n"
              "WAIT: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra WAIT;\n"
              "ld.shared.b32 %r41, [%r40+16];\nbar.sync 0;\n@%p8 " +
              deallocate,
          64, 1, "sm_100a"};
}

TEST(Published, OneLanePassesTheAllocatedAddressOn) {
  Pattern pattern = laneTellsAddress();
  expectClean(pattern);
  const std::string alloc = "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [%r40+16], 32;\n";
  const std::string arrive = "@!%p9 mbarrier.arrive.shared::cta.b64 _, [%r40];\n";
  expectFault(pattern.with("mbarrier.arrive.shared::cta.b64 _, [%r40];\n", "").with(alloc, arrive + alloc),
              "read of shared memory");
}

/// CTA 1 writes its tensor memory and tells CTA 0 by a remote arrival.
Pattern remoteTensor() {
  Pattern pattern = pairAllocation();
  return pattern
      .with("@%p2 tcgen05.shift",
            "@%p1 bra TOLD;\nsetp.eq.u32 %p5, %lane, 0;\nmov.b32 %r4, 1;\n"
            "tcgen05.st.sync.aligned.32x32b.x1.b32 [%r41], {%r4};\ntcgen05.wait::st.sync.aligned;\n"
            "tcgen05.fence::before_thread_sync;\nmapa.shared::cluster.u32 %r6, %r40, 0;\n"
            "bar.warp.sync -1;\n@%p5 mbarrier.arrive.shared::cluster.b64 _, [%r6+8];\nbra JOIN;\n"
            "TOLD: mbarrier.try_wait.parity.shared::cta.b64 %p4, [%r40+8], 0;\n@!%p4 bra TOLD;\n"
            "tcgen05.fence::after_thread_sync;\nJOIN:\n@%p2 tcgen05.shift")
      .with("fence.mbarrier_init", "mbarrier.init.shared::cta.b64 [%r40+8], 1;\nfence.mbarrier_init");
}

TEST(Published, TensorFencesHaveNoScope) {
  Pattern pattern = remoteTensor();
  expectClean(pattern);
  expectClean(
      pattern.with("mbarrier.arrive.shared::cluster", "mbarrier.arrive.relaxed.cluster.shared::cluster")
          .with("TOLD: mbarrier.try_wait.parity.shared", "TOLD: mbarrier.try_wait.parity.relaxed.cluster.shared"));
  expectFault(pattern.with("tcgen05.fence::before_thread_sync;\n", ""), "tensor memory");
  expectFault(pattern.with("tcgen05.wait::st.sync.aligned;\n", ""), "tensor memory");
}

/// Warp 1 reads and exits; warp 0 alone comes to the cluster's barrier, and
/// overwrites what was read.
Pattern exitBeforeBarrier() {
  return {"mov.u32 %r1, smem;\nsetp.eq.u32 %p1, %tid, 0;\n@%p1 st.shared.b32 [%r1], 7;\nbar.sync 0;\n"
          "setp.eq.u32 %p2, %warp, 1;\n@%p2 bra READ;\nbarrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;\n"
          "st.shared.b32 [%r1], 8;\nbra END;\nREAD: ld.shared.b32 %r2, [%r1];\nEND:\n",
          64};
}

TEST(Published, WhatExitedThreadsHaveReadIsOver) {
  Pattern pattern = exitBeforeBarrier();
  expectClean(pattern);
  expectFault(pattern.with("barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;\n", ""),
              "write of shared memory");
  // What they have written is not visible by that.
  expectFault(pattern.with("st.shared.b32 [%r1], 8", "ld.shared.b32 %r2, [%r1]")
                  .with("ld.shared.b32 %r2, [%r1];\nEND", "st.shared.b32 [%r1], 9;\nEND"),
              "read of shared memory");
}

/// Both warps write one word, then its value.
Pattern equalWrites() {
  return {"mov.u32 %r1, smem;\nmov.b32 %r2, 7;\nst.shared.b32 [%r1], %r2;\nld.shared.b32 %r0, [%r1];\nbar.sync 0;\n" +
              storeR0,
          64};
}

TEST(Published, EqualValuesFromSeveralWarpsAreANote) {
  Pattern pattern = equalWrites();
  TestRun run = expectClean(pattern);
  EXPECT_EQ(run.out<uint32_t>()[63], 7u);
  ASSERT_EQ(run.report.notes.size(), 1u);
  EXPECT_EQ(run.report.notes[0].rule, Rule::EqualWrites);
  expectFault(pattern.with("mov.b32 %r2, 7", "add.u32 %r2, %warp, 7"), "write of shared memory");
  // A third warp reads without order.
  Pattern third = pattern.with("st.shared.b32 [%r1], %r2;\nld.shared.b32 %r0, [%r1];",
                               "setp.lt.u32 %p1, %warp, 2;\n@%p1 st.shared.b32 [%r1], %r2;\nld.shared.b32 %r0, [%r1];");
  third.threads = 96;
  expectFault(third, "of shared memory byte 1024 is not ordered");
}

} // namespace
} // namespace girih::sim

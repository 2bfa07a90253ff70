//===- MemoryOrderTest.cpp - Which synchronisation orders what ------------===//
//
// Correct programs beside broken twins, each under every schedule: lanes of a
// warp, scopes, release and acquire. A twin differs by one instruction.
//
//===----------------------------------------------------------------------===//
#include "OrderHarness.h"

namespace girih::sim {
namespace {

const std::string lanesSwap = "mov.u32 %r1, smem;\nmad.lo.u32 %r2, %lane, 4, %r1;\nxor.b32 %r3, %lane, 1;\n"
                              "mad.lo.u32 %r3, %r3, 4, %r1;\nst.shared.b32 [%r2], %lane;\nSYNC\n"
                              "ld.shared.b32 %r0, [%r3];\n";

TEST(LaneOrder, WarpSyncOrdersLanes) {
  for (const char *sync : {"bar.warp.sync 0xffffffff;", "bar.sync 0;", "barrier.sync 1, 32;"}) {
    TestRun run = expectOrdered(replaced(lanesSwap, "SYNC", sync) + storeR0);
    auto out = run.out<uint32_t>();
    for (uint32_t l = 0; l < 32; ++l)
      EXPECT_EQ(out[l], l ^ 1);
  }
}

TEST(LaneOrder, CollectivesDoNotOrderMemory) {
  for (const char *sync : {"", "shfl.sync.idx.b32 %r9, %lane, 0, 31, -1;", "vote.sync.ballot.b32 %r9, 1, -1;",
                           "redux.sync.add.u32 %r9, %lane, -1;", "match.any.sync.b32 %r9, %lane, -1;",
                           "elect.sync _|%p9, -1;", "fence.acq_rel.cta;"}) {
    std::string verdict = expectRace(replaced(lanesSwap, "SYNC", sync) + storeR0);
    EXPECT_NE(verdict.find("by warp 0 lane"), verdict.npos) << verdict;
    EXPECT_NE(verdict.find("expected bar.warp.sync"), verdict.npos) << verdict;
  }
}

TEST(LaneOrder, WarpSyncOrdersItsMembersOnly) {
  // Pairs of lanes meet; then lane 0 also reads what lane 2 wrote.
  std::string body = "mov.u32 %r1, smem;\nmad.lo.u32 %r2, %lane, 4, %r1;\nst.shared.b32 [%r2], %lane;\n"
                     "and.b32 %r4, %lane, 30;\nmov.b32 %r5, 3;\nshl.b32 %r5, %r5, %r4;\nbar.warp.sync %r5;\n"
                     "xor.b32 %r3, %lane, DISTANCE;\nmad.lo.u32 %r3, %r3, 4, %r1;\nld.shared.b32 %r0, [%r3];\n" +
                     storeR0;
  expectOrdered(replaced(body, "DISTANCE", "1"));
  expectRace(replaced(body, "DISTANCE", "2"));
}

TEST(LaneOrder, ReadsBeforeWritesOfOtherLanes) {
  std::string body = "mov.u32 %r1, smem;\nmad.lo.u32 %r2, %lane, 4, %r1;\nxor.b32 %r3, %lane, 1;\n"
                     "mad.lo.u32 %r3, %r3, 4, %r1;\nst.shared.b32 [%r2], %lane;\nbar.warp.sync -1;\n"
                     "ld.shared.b32 %r0, [%r3];\nSYNC\nst.shared.b32 [%r2], %r0;\n" +
                     storeR0;
  expectOrdered(replaced(body, "SYNC", "bar.warp.sync -1;"));
  expectRace(replaced(body, "SYNC", ""));
}

TEST(LaneOrder, OneInstructionWithTwoValues) {
  std::string body =
      "mov.u32 %r1, smem;\nst.shared.b32 [%r1], VALUE;\nbar.warp.sync -1;\nld.shared.b32 %r0, [%r1];\n" + storeR0;
  expectOrdered(replaced(body, "VALUE", "%warp"));
  std::string verdict = expectRace(replaced(body, "VALUE", "%lane"));
  EXPECT_NE(verdict.find("write of shared memory"), verdict.npos) << verdict;
  expectRace("st.global.b32 [%out], %lane;");
  expectOrdered("st.global.b32 [%out], %warp;\nld.global.b32 %r0, [%out];\nst.global.b32 [%out], %r0;");
}

TEST(LaneOrder, WaitOfOneLaneIsItsOwn) {
  // Lane 0 alone waits for the bulk copy; the others read what it brought.
  std::string body = setup("1") +
                     "@%p9 bra R;\nmbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 128;\n"
                     "add.s32 %r1, %r40, 1024;\n"
                     "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%in], 128, [%r40];\n"
                     "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra W;\nR: SYNC\n"
                     "mad.lo.u32 %r2, %lane, 4, %r40;\nld.shared.b32 %r0, [%r2+1024];\n" +
                     storeR0;
  expectOrdered(replaced(body, "SYNC", "bar.warp.sync -1;"));
  EXPECT_FALSE(raceOrUndefined(replaced(body, "SYNC", "")).empty());
  EXPECT_FALSE(raceOrUndefined(replaced(body, "SYNC", "vote.sync.any.pred %p3, 1, -1;")).empty());
}

TEST(LaneOrder, ArrivalOfOneLaneOrdersAnother) {
  // Lane 0 writes and arrives, lane 1 waits and reads: no bar.warp.sync.
  std::string body = setup("1") + "setp.eq.u32 %p1, %lane, 1;\n@%p1 bra W;\n@%p9 bra E;\nmov.b32 %r1, 41;\n"
                                  "st.shared.b32 [%r40+64], %r1;\nARRIVE\nbra E;\n"
                                  "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra W;\n"
                                  "ld.shared.b32 %r0, [%r40+64];\nst.global.b32 [%out], %r0;\nE:";
  TestRun run = expectOrdered(replaced(body, "ARRIVE", "mbarrier.arrive.shared::cta.b64 _, [%r40];"));
  EXPECT_EQ(run.out<uint32_t>()[0], 41u);
  expectOrdered(
      replaced(body, "ARRIVE", "fence.acq_rel.cta;\nmbarrier.arrive.relaxed.cta.shared::cta.b64 %rd1, [%r40];"));
  expectRace(replaced(body, "ARRIVE", "mbarrier.arrive.relaxed.cta.shared::cta.b64 %rd1, [%r40];"));
  // The arrival of lane 0 does not release what lane 2 wrote.
  expectRace(replaced(replaced(body, "@%p9 bra E;",
                               "setp.eq.u32 %p3, %lane, 2;\nmov.b32 %r1, 4;\n"
                               "@%p3 st.shared.b32 [%r40+64], %r1;\n@%p9 bra E;"),
                      "st.shared.b32 [%r40+64], %r1;\nARRIVE", "mbarrier.arrive.shared::cta.b64 _, [%r40];"));
}

TEST(LaneOrder, InitialisationByOneLane) {
  std::string body = "mov.u32 %r40, smem;\nsetp.eq.u32 %p1, %lane, 0;\n@%p1 mbarrier.init.shared::cta.b64 [%r40], 32;\n"
                     "SYNC\nmbarrier.arrive.shared::cta.b64 _, [%r40];\n";
  expectOrdered(replaced(body, "SYNC", "bar.warp.sync -1;"));
  std::string verdict = expectRace(replaced(body, "SYNC", "elect.sync _|%p2, -1;"));
  EXPECT_NE(verdict.find("without being ordered after its initialisation"), verdict.npos) << verdict;
}

TEST(LaneOrder, CopiesOfALaneAreItsOwn) {
  std::string body = "mov.u32 %r40, smem;\nmad.lo.s32 %r1, %tid, 4, %r40;\nmul.wide.u32 %rd1, %tid, 4;\n"
                     "add.s64 %rd1, %in, %rd1;\ncp.async.ca.shared.global [%r1], [%rd1], 4;\ncp.async.commit_group;\n"
                     "cp.async.wait_group 0;\nSYNC\nxor.b32 %r2, %r1, OTHER;\nld.shared.b32 %r0, [%r2];\n" +
                     storeR0;
  expectOrdered(replaced(replaced(body, "SYNC", ""), "OTHER", "0"));
  expectOrdered(replaced(replaced(body, "SYNC", "bar.warp.sync -1;"), "OTHER", "4"));
  expectRace(replaced(replaced(body, "SYNC", ""), "OTHER", "4"));
}

/// What a lane starts is ordered after what that lane has done, and not after
/// what others of the same instruction have.
TEST(LaneOrder, CopiesAreStartedByTheirLanes) {
  std::string body =
      "mov.u32 %r40, smem;\nmad.lo.s32 %r1, %tid, 4, %r40;\nmul.wide.u32 %rd1, %tid, 4;\n"
      "add.s64 %rd1, %in, %rd1;\nst.shared.b32 [%r1], %tid;\nbar.warp.sync -1;\nxor.b32 %r2, %r1, OTHER;\n"
      "ld.shared.b32 %r0, [%r2];\nSYNC\ncp.async.ca.shared.global [%r1], [%rd1], 4;\n"
      "cp.async.wait_all;\n" +
      storeR0;
  expectOrdered(replaced(replaced(body, "SYNC", ""), "OTHER", "0"));
  expectOrdered(replaced(replaced(body, "SYNC", "bar.warp.sync -1;"), "OTHER", "4"));
  expectRace(replaced(replaced(body, "SYNC", ""), "OTHER", "4"));
}

TEST(LaneOrder, RemoteStoresAreStartedByTheirLanes) {
  TestLaunch test;
  test.grid = test.cluster = 2;
  std::string body =
      setup("1") +
      "mov.u32 %r10, %cluster_ctarank;\nsetp.eq.u32 %p1, %r10, 0;\nmad.lo.s32 %r1, %tid, 4, %r40;\n"
      "st.shared.b32 [%r1+256], %tid;\n@!%p9 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 128;\n" +
      std::string("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;\n"
                  "@!%p1 bra W;\nmapa.shared::cluster.u32 %r11, %r40, 1;\n"
                  "mapa.shared::cluster.u32 %r12, %r1, 1;\nxor.b32 %r13, %r12, OTHER;\n"
                  "ld.shared::cluster.b32 %r0, [%r13+256];\nSYNC\n"
                  "st.async.shared::cluster.mbarrier::complete_tx::bytes.b32 [%r12+256], %r0, [%r11];\n"
                  "bra END;\nW: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p3, [%r40], 0;\n"
                  "@!%p3 bra W;\nld.shared.b32 %r0, [%r1+256];\n") +
      storeR0 + "END: barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;\n";
  expectOrdered(replaced(replaced(body, "SYNC", ""), "OTHER", "0"), test);
  expectOrdered(replaced(replaced(body, "SYNC", "bar.warp.sync -1;"), "OTHER", "4"), test);
  expectRace(replaced(replaced(body, "SYNC", ""), "OTHER", "4"), test);
}

/// A verdict about one lane names that one.
TEST(LaneOrder, MistakesOfALaneAreItsOwn) {
  auto expect = [](const std::string &text, const std::string &part) {
    TestRun run = runBody("mov.u32 %r40, smem;\nsetp.eq.u32 %p1, %lane, 5;\nmad.lo.s32 %r1, %lane, 16, %r40;\n"
                          "mul.wide.u32 %rd1, %lane, 16;\nadd.s64 %rd2, %out, %rd1;\n@%p1 add.s32 %r1, %r1, 8388608;\n"
                          "@%p1 add.s64 %rd2, %rd2, 1073741824;\n" +
                          text);
    ASSERT_FALSE(run.report.verdicts.empty()) << text;
    EXPECT_NE(run.verdict().find(part), std::string::npos) << run.verdict();
    EXPECT_NE(run.report.verdicts[0].agent.find("lanes 0x00000020"), std::string::npos) << run.report.verdicts[0].agent;
  };
  for (const char *text : {"st.shared.b32 [%r1], 1;", "ld.shared.b32 %r2, [%r1];", "red.shared.add.u32 [%r1], 1;",
                           "cp.async.ca.shared.global [%r1], [%in], 4;",
                           "stmatrix.sync.aligned.m8n8.x4.shared.b16 "
                           "[%r1], {%lane, %lane, %lane, %lane};"})
    expect(text, "shared memory");
  for (const char *text :
       {"st.global.b32 [%rd2], 1;", "ld.global.b32 %r2, [%rd2];", "atom.global.add.u32 %r2, [%rd2], 1;"})
    expect(text, "is out of range");
}

TEST(LaneOrder, MatrixLoadsAreWeakReads) {
  std::string body = "mov.u32 %r1, smem;\nmad.lo.u32 %r2, %lane, 16, %r1;\nxor.b32 %r3, %r2, 16;\n"
                     "st.shared.v4.b32 [%r3], {%lane, %lane, %lane, %lane};\nSYNC\n"
                     "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r0, %r5, %r6, %r7}, [%r2];\n" +
                     storeR0;
  expectOrdered(replaced(body, "SYNC", "bar.warp.sync -1;"));
  expectRace(replaced(body, "SYNC", ""));
}

TEST(LaneOrder, AtomicsOfLanesDoNotRace) {
  expectOrdered("red.global.add.u32 [%out], 1;\natom.global.max.u32 %r1, [%out+4], %lane;");
  expectRace("red.global.add.u32 [%out], 1;\nld.global.b32 %r0, [%out];\nst.global.b32 [%out+256], %r0;");
}

TEST(LaneOrder, NonCoherentLoadsAreForMemoryThatIsOnlyRead) {
  std::string body = "st.global.b32 [%out+4096], %warp;\nbar.sync 0;\nld.globalNC.b32 %r0, [FROM];\n" + storeR0;
  expectOrdered(replaced(replaced(body, "NC", ""), "FROM", "%out+4096"));
  expectOrdered(replaced(replaced(body, "NC", ".nc"), "FROM", "%in"));
  std::string verdict = expectRace(replaced(replaced(body, "NC", ".nc"), "FROM", "%out+4096"));
  EXPECT_NE(verdict.find("without .nc"), verdict.npos) << verdict;
}

TEST(LaneOrder, PollingLanesGiveWay) {
  // The lane with the lower program counter polls for the other.
  std::string body = "setp.eq.u32 %p1, %lane, 0;\nsetp.gt.u32 %p3, %lane, 1;\n@%p3 bra E;\n@!%p1 bra S;\n"
                     "L: ld.acquire.cta.global.b32 %r1, [%out];\nsetp.eq.u32 %p2, %r1, 0;\n@%p2 bra L;\nbra E;\n"
                     "S: st.release.cta.global.b32 [%out], %lane;\nE:";
  expectOrdered(body);
}

TEST(History, EveryReaderCounts) {
  // All 32 warps read a word; 31 of them arrive, and the last warp writes it.
  // The warp that does not arrive reads first, middle or last.
  TestLaunch test;
  test.threads = 1024;
  std::string body = setup("30") +
                     "@!%p9 st.shared.b32 [%r40+64], %tid;\nbar.sync 0;\nsetp.eq.u32 %p1, %warp, 31;\n@%p1 bra W;\n"
                     "ld.shared.b32 %r0, [%r40+64];\nsetp.ne.u32 %p3, %lane, 0;\nsetp.eq.u32 %p4, %warp, SILENT;\n"
                     "bar.warp.sync -1;\n@%p3 bra E;\n@%p4 bra E;\nmbarrier.arrive.shared::cta.b64 _, [%r40];\nbra E;\n"
                     "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra W;\n"
                     "setp.eq.u32 %p3, %lane, 0;\n@%p3 st.shared.b32 [%r40+64], %warp;\nE:";
  for (const char *silent : {"0", "15", "30"})
    expectRace(replaced(body, "SILENT", silent), test);
  expectOrdered(replaced(replaced(body, "SILENT", "99"), "], 30;", "], 31;"), test);
}

/// A flag between two warps, CTAs of a cluster, or CTAs of the grid.
std::string flagProgram(const std::string &writer, const std::string &reader) {
  return "setp.ne.u32 %p3, %lane, 0;\n@%p3 bra E;\nmov.u32 %r1, %ctaid.x;\nadd.u32 %r1, %r1, %warp;\n"
         "setp.eq.s32 %p1, %r1, 0;\n@%p1 bra W;\n"
         "L: " +
         reader +
         "ld.global.b32 %r3, [%out];\nst.global.b32 [%out+4], %r3;\nbra E;\n"
         "W: mov.b32 %r4, 77;\nst.global.b32 [%out], %r4;\n" +
         writer + "E:";
}

std::string waitFor(const std::string &load, const std::string &after = "") {
  return load + " %r2, [%out+1024];\nsetp.eq.s32 %p2, %r2, 0;\n@%p2 bra L;\n" + after;
}

std::string storeFlag(const std::string &store) { return store + " [%out+1024], %r4;\n"; }

TestLaunch shaped(unsigned threads, unsigned grid, unsigned cluster) {
  TestLaunch test;
  test.threads = threads;
  test.grid = grid;
  test.cluster = cluster;
  return test;
}

TEST(Scopes, ReleaseAndAcquireReachTheirScope) {
  TestLaunch warps = shaped(64, 1, 1), cluster = shaped(32, 2, 2), grid = shaped(32, 2, 1);
  auto with = [](const std::string &released, const std::string &acquired) {
    return flagProgram(storeFlag("st.release." + released + ".global.b32"),
                       waitFor("ld.acquire." + acquired + ".global.b32"));
  };
  expectOrdered(with("cta", "cta"), warps);
  expectOrdered(with("cluster", "cluster"), cluster);
  expectOrdered(with("gpu", "gpu"), grid);
  expectOrdered(with("sys", "gpu"), grid);
  for (auto [released, acquired] : {std::pair("cta", "cluster"), {"cluster", "cta"}, {"cta", "cta"}}) {
    std::string verdict = expectRace(with(released, acquired), cluster);
    EXPECT_NE(verdict.find("strong read"), verdict.npos) << verdict;
  }
  expectRace(with("cluster", "gpu"), grid);
  expectRace(with("gpu", "cluster"), grid);
}

TEST(Scopes, FencesReachTheirScope) {
  TestLaunch cluster = shaped(32, 2, 2), grid = shaped(32, 2, 1);
  auto with = [](const std::string &release, const std::string &acquire) {
    return flagProgram(release + storeFlag("st.relaxed.gpu.global.b32"), waitFor("ld.relaxed.gpu.global.b32", acquire));
  };
  expectOrdered(with("fence.acq_rel.gpu;\n", "fence.acq_rel.gpu;\n"), grid);
  expectOrdered(with("membar.gl;\n", "membar.sys;\n"), grid);
  expectOrdered(with("fence.release.gpu;\n", "fence.acquire.gpu;\n"), grid);
  expectOrdered(with("fence.cluster;\n", "fence.sc.cluster;\n"), cluster);
  std::string verdict = expectRace(with("fence.acq_rel.cta;\n", "fence.acq_rel.gpu;\n"), cluster);
  EXPECT_NE(verdict.find("scopes both include"), verdict.npos) << verdict;
  expectRace(with("fence.acq_rel.cluster;\n", "fence.acq_rel.cta;\n"), cluster);
  expectRace(with("fence.acq_rel.cluster;\n", "fence.acq_rel.gpu;\n"), grid);
  expectRace(with("fence.acquire.gpu;\n", "fence.acquire.gpu;\n"), grid);
  expectRace(with("fence.release.gpu;\n", "fence.release.gpu;\n"), grid);
  expectRace(with("fence.acq_rel.gpu;\n", ""), grid);
}

TEST(Scopes, VolatileIsRelaxedAtSystemScope) {
  TestLaunch grid = shaped(32, 2, 1);
  auto with = [](const std::string &fence) {
    return flagProgram(fence + storeFlag("st.volatile.global.b32"), waitFor("ld.volatile.global.b32", fence));
  };
  expectOrdered(with("membar.gl;\n"), grid);
  expectRace(with("membar.cta;\n"), grid);
  // What a strong read has returned comes before a weak write of the same.
  expectOrdered(flagProgram(storeFlag("st.volatile.global.b32"),
                            waitFor("ld.volatile.global.b32", "st.global.b32 [%out+1024], 0;\nbra E;\n")),
                grid);
}

TEST(Scopes, AtomicsReleaseAndKeepTheChain) {
  TestLaunch grid = shaped(32, 3, 1);
  // Two CTAs add to a counter, the third waits for both.
  std::string body = "setp.ne.u32 %p3, %lane, 0;\n@%p3 bra E;\nmov.u32 %r1, %ctaid.x;\nsetp.ne.s32 %p1, %r1, 2;\n"
                     "mul.wide.u32 %rd1, %r1, 4;\nadd.s64 %rd1, %out, %rd1;\n@%p1 bra W;\n"
                     "L: ld.acquire.gpu.global.b32 %r2, [%out+1024];\nsetp.ne.s32 %p2, %r2, 2;\n@%p2 bra L;\n"
                     "ld.global.b32 %r3, [%out];\nld.global.b32 %r4, [%out+4];\nadd.s32 %r3, %r3, %r4;\n"
                     "st.global.b32 [%out+8], %r3;\nbra E;\nW: add.u32 %r4, %r1, 10;\nst.global.b32 [%rd1], %r4;\n"
                     "ADD\nE:";
  TestRun run = expectOrdered(replaced(body, "ADD", "red.release.gpu.global.add.u32 [%out+1024], 1;"), grid);
  EXPECT_EQ(run.out<uint32_t>()[2], 21u);
  expectOrdered(replaced(body, "ADD", "fence.acq_rel.gpu;\natom.global.add.u32 %r5, [%out+1024], 1;"), grid);
  expectOrdered(replaced(body, "ADD", "atom.acq_rel.gpu.global.add.u32 %r5, [%out+1024], 1;"), grid);
  expectRace(replaced(body, "ADD", "red.global.add.u32 [%out+1024], 1;"), grid);
  expectRace(replaced(body, "ADD", "red.release.cta.global.add.u32 [%out+1024], 1;"), grid);
}

TEST(Scopes, AtomicsOfTooSmallAScopeRace) {
  TestLaunch grid = shaped(32, 2, 1), cluster = shaped(32, 2, 2);
  expectOrdered("red.relaxed.gpu.global.add.u32 [%out], 1;", grid);
  expectOrdered("red.relaxed.cluster.global.add.u32 [%out], 1;", cluster);
  expectRace("red.relaxed.cta.global.add.u32 [%out], 1;", cluster);
  expectRace("red.relaxed.cluster.global.add.u32 [%out], 1;", grid);
}

TEST(Scopes, ReadOfRedIsInNoAcquirePattern) {
  TestLaunch grid = shaped(32, 2, 1);
  std::string body = flagProgram("fence.acq_rel.gpu;\nst.relaxed.gpu.global.b32 [%out+1024], %r4;\n",
                                 waitFor("ld.relaxed.gpu.global.b32", "MORE"));
  expectRace(replaced(body, "MORE", "red.relaxed.gpu.global.add.u32 [%out+1024], 1;\n"), grid);
}

} // namespace
} // namespace girih::sim

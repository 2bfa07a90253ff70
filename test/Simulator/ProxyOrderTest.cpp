//===- ProxyOrderTest.cpp - Proxy fences, clusters and mbarriers ----------===//
//
// Correct programs beside broken twins, each under every schedule: the async
// and the tensor map proxy, barriers of a cluster, mbarriers across CTAs.
//
//===----------------------------------------------------------------------===//
#include "OrderHarness.h"

namespace girih::sim {
namespace {

std::string wait(const std::string &name, const std::string &how = "shared::cta") {
  return name + ": mbarrier.try_wait.parity." + how + ".b64 %p2, [%r40], 0;\n@!%p2 bra " + name + ";\n";
}

TEST(ProxyOrder, FencesNameTheStateSpaceOfASharedWrite) {
  std::string body = "mov.u32 %r40, smem;\nmad.lo.u32 %r2, %tid, 4, %r40;\nst.shared.b32 [%r2], %tid;\nFENCE\n"
                     "bar.sync 0;\nsetp.ne.u32 %p9, %tid, 0;\n@%p9 bra E;\n"
                     "cp.async.bulk.global.shared::cta.bulk_group [%out], [%r40], 256;\n"
                     "cp.async.bulk.commit_group;\ncp.async.bulk.wait_group.read 0;\nE:";
  TestLaunch test;
  test.threads = 64;
  for (const char *fence :
       {"fence.proxy.async;", "fence.proxy.async.shared::cta;", "fence.proxy.async.shared::cluster;",
        "fence.proxy.async::generic.release.sync_restrict::shared::cta.cluster;"}) {
    TestRun run = expectOrdered(replaced(body, "FENCE", fence), test);
    EXPECT_EQ(run.out<uint32_t>()[63], 63u);
  }
  for (const char *fence : {"", "fence.proxy.async.global;", "fence.proxy.alias;", "fence.acq_rel.gpu;",
                            "fence.mbarrier_init.release.cluster;"}) {
    std::string verdict = expectRace(replaced(body, "FENCE", fence), test);
    EXPECT_NE(verdict.find("expected fence.proxy.async of shared memory"), verdict.npos) << verdict;
  }
  // A fence of thread 0 after the barrier covers the writes of all.
  expectOrdered(replaced(replaced(body, "FENCE", ""), "@%p9 bra E;", "@%p9 bra E;\nfence.proxy.async;"), test);
  // A fence of thread 0 before it covers its own only.
  expectRace(replaced(replaced(body, "setp.ne.u32 %p9, %tid, 0;\n", ""), "FENCE",
                      "setp.ne.u32 %p9, %tid, 0;\n@!%p9 fence.proxy.async;"),
             test);
}

TEST(ProxyOrder, FencesNameTheStateSpaceOfAGlobalWrite) {
  std::string body = setup("1") +
                     "mul.wide.u32 %rd1, %tid, 4;\nadd.s64 %rd1, %in, %rd1;\nst.global.b32 [%rd1], %tid;\nFENCE\n"
                     "bar.warp.sync -1;\n@%p9 bra W;\nmbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 128;\n"
                     "add.s32 %r1, %r40, 1024;\n"
                     "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%in], 128, [%r40];\n" +
                     wait("W") + "mad.lo.u32 %r2, %lane, 4, %r40;\nld.shared.b32 %r0, [%r2+1024];\n" + storeR0;
  for (const char *fence : {"fence.proxy.async;", "fence.proxy.async.global;"}) {
    TestRun run = expectOrdered(replaced(body, "FENCE", fence));
    EXPECT_EQ(run.out<uint32_t>()[9], 9u);
  }
  for (const char *fence :
       {"", "fence.proxy.async.shared::cta;", "fence.proxy.async.shared::cluster;", "fence.acq_rel.sys;"}) {
    std::string verdict = expectRace(replaced(body, "FENCE", fence));
    EXPECT_NE(verdict.find("expected fence.proxy.async of global memory"), verdict.npos) << verdict;
  }
}

TEST(ProxyOrder, CompletionOfAStoreIsNotTheEndOfItsReads) {
  std::string body =
      "mov.u32 %r40, smem;\nsetp.ne.u32 %p9, %tid, 0;\n@%p9 bra E;\nst.shared.v4.b32 [%r40], {5, 6, 7, 8};\n"
      "fence.proxy.async.shared::cta;\n"
      "cp.async.bulk.global.shared::cta.bulk_group [%out], [%r40], 16;\n"
      "cp.async.bulk.commit_group;\nWAIT\nUSE\nE:";
  std::string load = "ld.global.b32 %r1, [%out+8];\nst.global.b32 [%out+256], %r1;";
  std::string again = "st.shared.b32 [%r40], %r40;";
  TestRun run = expectOrdered(replaced(replaced(body, "WAIT", "cp.async.bulk.wait_group 0;"), "USE", load));
  EXPECT_EQ(run.out<uint32_t>()[64], 7u);
  expectRace(replaced(replaced(body, "WAIT", "cp.async.bulk.wait_group.read 0;"), "USE", load));
  expectOrdered(replaced(replaced(body, "WAIT", "cp.async.bulk.wait_group.read 0;"), "USE", again));
  expectRace(replaced(replaced(body, "WAIT", "cp.async.bulk.wait_group.read 1;"), "USE",
                      again + "\ncp.async.bulk.wait_group.read 0;"));
}

TEST(ProxyOrder, GenericAtomicsRaceWithReducingCopies) {
  std::string body = "mov.u32 %r40, smem;\nsetp.ne.u32 %p9, %tid, 0;\nREST@%p9 bra E;\n"
                     "st.shared.v4.b32 [%r40], {5, 6, 7, 8};\nfence.proxy.async.shared::cta;\n"
                     "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [%out], [%r40], 16;\n"
                     "cp.async.bulk.commit_group;\ncp.async.bulk.wait_group.read 0;\nE:";
  TestLaunch grid;
  grid.grid = 2;
  expectOrdered(replaced(body, "REST", ""), grid);
  expectRace(replaced(body, "REST", "@%p9 red.global.add.u32 [%out], 1;\n"), grid);
}

/// CTA 1 of a pair reads through `use` what CTA 0 has written to it.
std::string pairProgram(const std::string &publish, const std::string &await) {
  return setup("1") +
         "barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;\nmov.u32 %r2, %cluster_ctarank;\n"
         "setp.eq.u32 %p1, %r2, 0;\nmov.b32 %r3, 1;\nmapa.shared::cluster.u32 %r4, %r40, %r3;\n@%p9 bra E;\n"
         "@!%p1 bra R;\nmov.b32 %r5, 99;\nst.shared::cluster.b32 [%r4+64], %r5;\n" +
         publish + "bra E;\nR:\n" + await +
         "ld.shared.b32 %r6, [%r40+64];\nst.global.b32 [%out], %r6;\nE:\nbar.warp.sync -1;\n"
         "barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;\n";
}

TEST(MemoryBarrierScopes, RemoteArrivalsNeedClusterScopeOnBothSides) {
  TestLaunch test;
  test.grid = test.cluster = 2;
  auto arrive = [](const std::string &how) { return "mbarrier.arrive" + how + ".shared::cluster.b64 _, [%r4];\n"; };
  const std::string clusterWait = "acquire.cluster.shared::cta";
  TestRun run = expectOrdered(pairProgram(arrive(".release.cluster"), wait("L", clusterWait)), test);
  EXPECT_EQ(run.out<uint32_t>()[0], 99u);
  expectOrdered(pairProgram("fence.acq_rel.cluster;\n" + arrive(".relaxed.cluster"), wait("L", clusterWait)), test);
  expectOrdered(
      pairProgram(arrive(".release.cluster"), wait("L", "relaxed.cluster.shared::cta") + "fence.acq_rel.cluster;\n"),
      test);
  std::string verdict = expectRace(pairProgram(arrive(""), wait("L", clusterWait)), test);
  EXPECT_NE(verdict.find("scopes both include"), verdict.npos) << verdict;
  expectRace(pairProgram(arrive(".release.cluster"), wait("L")), test);
  expectRace(pairProgram(arrive(".relaxed.cluster"), wait("L", clusterWait)), test);
  expectRace(pairProgram("fence.acq_rel.cta;\n" + arrive(".relaxed.cluster"), wait("L", clusterWait)), test);
  expectRace(pairProgram(arrive(".release.cluster"), wait("L", "relaxed.cluster.shared::cta")), test);
}

TEST(MemoryBarrierScopes, ReadsAreOverWhateverTheScope) {
  // CTA 1 has read its word when it arrives at CTA 0 with the default scope;
  // CTA 0 may then write it: consumers release stages to a peer like this.
  TestLaunch test;
  test.grid = test.cluster = 2;
  std::string body =
      setup("1") +
      "@!%p9 st.shared.b32 [%r40+64], %tid;\nbarrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;\n"
      "mov.u32 %r2, %cluster_ctarank;\nsetp.eq.u32 %p1, %r2, 1;\nxor.b32 %r3, %r2, 1;\n"
      "mapa.shared::cluster.u32 %r4, %r40, %r3;\n@%p9 bra E;\n@!%p1 bra W;\nld.shared.b32 %r5, [%r40+64];\n"
      "ARRIVE\nbra E;\n" +
      wait("W") +
      "st.shared::cluster.b32 [%r4+64], %r2;\nE:\nbar.warp.sync -1;\n"
      "barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;\n";
  expectOrdered(replaced(body, "ARRIVE", "mbarrier.arrive.shared::cluster.b64 _, [%r4];"), test);
  expectRace(replaced(body, "ARRIVE", "mbarrier.arrive.relaxed.cluster.shared::cluster.b64 _, [%r4];"), test);
}

TEST(ClusterBarrier, RelaxedArrivalPublishesInitialisationsOnly) {
  TestLaunch test;
  test.grid = test.cluster = 2;
  std::string body =
      "mov.u32 %r40, smem;\nsetp.ne.u32 %p9, %tid, 0;\n@%p9 bra A;\n"
      "mbarrier.init.shared::cta.b64 [%r40], 1;\nWRITE\nFENCE\nA: bar.warp.sync -1;\n"
      "barrier.cluster.arrive.ORDERaligned;\nbarrier.cluster.wait.acquire.aligned;\n"
      "mov.u32 %r2, %cluster_ctarank;\nxor.b32 %r3, %r2, 1;\nmapa.shared::cluster.u32 %r4, %r40, %r3;\n"
      "@%p9 bra E;\nmbarrier.arrive.release.cluster.shared::cluster.b64 _, [%r4];\nREAD\nE: bar.warp.sync -1;\n"
      "barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;\n";
  auto with = [&](const std::string &fence, const std::string &order, bool hasData) {
    std::string text = replaced(replaced(body, "FENCE", fence), "ORDER", order);
    text = replaced(text, "WRITE", hasData ? "st.shared.b32 [%r40+64], %tid;" : "");
    return replaced(text, "READ", hasData ? "ld.shared::cluster.b32 %r5, [%r4+64];" : "");
  };
  const std::string init = "fence.mbarrier_init.release.cluster;";
  expectOrdered(with(init, "release.", true), test);
  expectOrdered(with("", "", true), test); // release is the default
  expectOrdered(with(init, "relaxed.", false), test);
  std::string verdict = expectRace(with("", "relaxed.", false), test);
  EXPECT_NE(verdict.find("is used without being ordered after its initialisation"), verdict.npos) << verdict;
  expectRace(with(init, "relaxed.", true), test);
  expectRace(with("fence.proxy.async;", "relaxed.", false), test);
  expectOrdered(with("fence.acq_rel.cluster;", "relaxed.", true), test);
}

TEST(ProxyOrder, AsyncUseOfAnMbarrierNeedsAFenceAfterInit) {
  std::string body = "mov.u32 %r40, smem;\nsetp.ne.u32 %p9, %tid, 0;\n@%p9 bra E;\n"
                     "mbarrier.init.shared::cta.b64 [%r40], 1;\nFENCE\n"
                     "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 16;\nadd.s32 %r1, %r40, 1024;\n"
                     "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%in], 16, [%r40];\n" +
                     wait("L") + "E:";
  for (const char *fence :
       {"fence.mbarrier_init.release.cluster;", "fence.proxy.async;", "fence.proxy.async.shared::cta;"})
    expectOrdered(replaced(body, "FENCE", fence));
  for (const char *fence : {"", "fence.proxy.async.global;", "fence.acq_rel.cta;"}) {
    std::string verdict = expectRace(replaced(body, "FENCE", fence));
    EXPECT_NE(verdict.find("was not fenced"), verdict.npos) << verdict;
  }
}

TEST(ProxyOrder, AcrossClustersThroughGlobalMemory) {
  // CTA 0 writes global memory and releases a flag; CTA 1 copies it in bulk.
  TestLaunch test;
  test.grid = 2;
  std::string body = setup("1") +
                     "@%p9 bra E;\nmov.u32 %r1, %ctaid.x;\nsetp.eq.u32 %p1, %r1, 0;\n@!%p1 bra R;\n"
                     "mov.b32 %r2, 1;\nst.global.v4.b32 [%in], {%r2, %r2, %r2, %r2};\nFIRST\n"
                     "st.release.gpu.global.b32 [%in+64], %r2;\nbra E;\n"
                     "R: ld.acquire.gpu.global.b32 %r3, [%in+64];\nsetp.eq.u32 %p3, %r3, 0;\n@%p3 bra R;\nSECOND\n"
                     "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 16;\nadd.s32 %r4, %r40, 1024;\n"
                     "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r4], [%in], 16, [%r40];\n" +
                     wait("L") + "ld.shared.b32 %r0, [%r40+1028];\nst.global.b32 [%out], %r0;\nE:";
  auto with = [&](const std::string &first, const std::string &second) {
    return replaced(replaced(body, "FIRST", first), "SECOND", second);
  };
  TestRun run = expectOrdered(with("", "fence.proxy.async.global;"), test);
  EXPECT_EQ(run.out<uint32_t>()[0], 1u);
  expectOrdered(with("fence.proxy.async;", ""), test);
  expectRace(with("", ""), test);
  expectRace(with("", "fence.proxy.async.shared::cta;"), test);
}

/// Copies a tensor map to global memory and loads a tile with the copy.
TestRun runMapProgram(const std::string &fences, const OrderPlan &plan) {
  std::string copy;
  for (unsigned at = 0; at < 128; at += 8)
    copy += "ld.param.b64 %rd2, [p_map+" + std::to_string(at) + "];\nst.global.b64 [%out+" + std::to_string(at) +
            "], %rd2;\n";
  std::string ptx = makeModule(setup("1") + "@%p9 bra E;\n" + copy + fences +
                               "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 128;\nadd.s32 %r1, %r40, 1024;\n"
                               "mov.b32 %r2, 0;\n"
                               "cp.async.bulk.tensor.1d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
                               "[%r1], [%out, {%r2}], [%r40];\n" +
                               wait("L") + "ld.shared.b32 %r0, [%r40+1032];\nst.global.b32 [%out+1024], %r0;\nE:");
  ptx = replaced(ptx, ".param .u64 p_out)", ".param .u64 p_out, .param .align 64 .b8 p_map[128])");
  TestRun run;
  try {
    Simulator simulator(ptx);
    run.launch.kernel = "test";
    run.launch.block[0] = 32;
    run.launch.dynamicSharedBytes = 4096;
    std::vector<uint32_t> in(32);
    for (uint32_t i = 0; i < 32; ++i)
      in[i] = 3 * i;
    run.launch.buffers = {{"in", bytesOf(in), false}, {"out", std::vector<uint8_t>(4096), false}};
    run.launch.arguments.resize(3);
    for (unsigned i = 0; i < 2; ++i) {
      run.launch.arguments[i].kind = Argument::Kind::Pointer;
      run.launch.arguments[i].buffer = i;
    }
    Argument &map = run.launch.arguments[2];
    map.kind = Argument::Kind::TensorMap;
    map.map.element = MapElement::U32;
    map.map.rank = 1;
    map.map.sizes[0] = 32;
    map.map.box[0] = 32;
    Options options;
    options.schedule = plan.schedule;
    options.seed = plan.seed;
    run.report = simulator.run(run.launch, options);
  } catch (const Stop &stop) {
    run.report.verdicts.push_back(stop.found);
  }
  return run;
}

TEST(ProxyOrder, TensorMapsInGlobalMemoryAreFenced) {
  const std::string release = "fence.proxy.tensormap::generic.release.gpu;\n";
  const std::string acquire = "fence.proxy.tensormap::generic.acquire.gpu [%out], 128;\n";
  for (const OrderPlan &plan : orderPlans) {
    TestRun good = runMapProgram(release + acquire, plan);
    EXPECT_EQ(good.verdict(), "");
    EXPECT_EQ(good.out<uint32_t>()[256], 6u);
    for (const std::string &fences :
         {std::string(), release, acquire, acquire + release, std::string("fence.proxy.async;\n"),
          release + "fence.proxy.tensormap::generic.acquire.gpu [%out+256], 128;\n"}) {
      TestRun bad = runMapProgram(fences, plan);
      EXPECT_EQ(bad.verdict().substr(0, 4), "race") << bad.verdict() << fences;
      EXPECT_NE(bad.verdict().find("fence.proxy.tensormap"), std::string::npos) << bad.verdict();
    }
  }
  expectRace("st.global.b32 [%out], %lane;\nfence.proxy.alias;");
  TestRun size = runBody("fence.proxy.tensormap::generic.acquire.gpu [%out], 64;");
  EXPECT_NE(size.verdict().find("64 bytes when a tensor map has 128"), std::string::npos) << size.verdict();
}

} // namespace
} // namespace girih::sim

//===- HostValuesTest.cpp - What the host puts into memory, and reads -----===//
#include "Harness.h"

namespace girih::sim {
namespace {

Argument pointerTo(unsigned buffer, uint64_t offset = 0) {
  Argument made;
  made.kind = Argument::Kind::Pointer;
  made.buffer = buffer;
  made.offset = offset;
  return made;
}
Argument scalar(uint32_t value) {
  Argument made;
  made.bytes = bytesOf(std::vector<uint32_t>{value});
  return made;
}

/// A launch of the module's kernel `test(in, out)` with what `change` does.
template <class F> TestRun runWith(const std::string &ptx, F change, TestLaunch test = {}) {
  TestRun run;
  run.launch.kernel = "test";
  run.launch.block[0] = test.threads;
  run.launch.buffers = {{"in", test.in, false}, {"out", test.out, false}};
  run.launch.arguments = {pointerTo(0), pointerTo(1)};
  change(run.launch);
  run.report = Simulator(ptx, "test").run(run.launch, test.options);
  return run;
}

TEST(HostValues, PointersInBuffers) {
  TestRun run = runWith(makeModule("ld.global.u64 %rd1, [%in+8];\nst.global.u32 [%rd1], %tid;\n"), [](Launch &launch) {
    launch.buffers[0].contents = {{8, pointerTo(1, 12)}};
    launch.block[0] = 1;
  });
  EXPECT_EQ(run.verdict(), "");
  uint64_t address = 0;
  std::memcpy(&address, run.launch.buffers[0].bytes.data() + 8, 8);
  EXPECT_NE(address, 0u);
}

TEST(HostValues, ABufferHasRoomForThem) {
  TestRun run = runWith(makeModule(""), [](Launch &launch) {
    launch.buffers[0].bytes.resize(12);
    launch.buffers[0].contents = {{8, pointerTo(1)}};
  });
  EXPECT_EQ(run.verdict(), "misuse: buffer 'in' has 12 bytes when 8 are put at byte 8");
}

const char *const variables = ".const .align 4 .b8 table[8];\n.global .u32 counter = 5;\n";

TEST(HostValues, VariablesOfTheModule) {
  auto change = [](Launch &launch) {
    launch.values = {{"table", 4, scalar(70)}, {"counter", 0, scalar(7)}};
    launch.block[0] = 1;
  };
  std::string body = "ld.const.u32 %r1, [table+4];\nld.global.u32 %r2, [counter];\nadd.u32 %r1, %r1, %r2;\n"
                     "st.global.u32 [counter], %r1;\nst.global.u32 [%out], %r1;\n";
  std::string ptx = makeModule(body, "sm_90a", variables);
  TestRun run = runWith(ptx, change);
  EXPECT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[0], 77u);
  // The next launch goes on from there, but for what the host writes anew.
  TestRun next = runWith(ptx, [&](Launch &launch) {
    launch.moduleMemory = run.launch.moduleMemory;
    launch.values = {{"table", 4, scalar(1)}};
    launch.block[0] = 1;
  });
  EXPECT_EQ(next.out<uint32_t>()[0], 78u);
}

TEST(HostValues, VariablesThatAreNotThere) {
  std::string ptx = makeModule("ld.global.u32 %r1, [counter];\n", "sm_90a", variables);
  auto verdict = [&](const std::string &name, size_t offset) {
    return runWith(ptx, [&](Launch &launch) { launch.values = {{name, offset, scalar(1)}}; }).verdict();
  };
  EXPECT_EQ(verdict("smem", 0), "misuse: the module has no variable 'smem' in global or constant memory");
  EXPECT_EQ(verdict("table", 8), "misuse: variable 'table' has 8 bytes when 4 are put at byte 8");
}

/// %nclusterid, %cluster_nctarank and the rank by CTA.
const char *const clusterBody =
    "mov.u32 %r1, %ctaid.x;\nmul.wide.u32 %rd1, %r1, 16;\nadd.u64 %rd1, %out, %rd1;\nmov.u32 %r2, %cluster_nctarank;\n"
    "st.global.u32 [%rd1], %r2;\nmov.u32 %r2, %cluster_ctarank;\nst.global.u32 [%rd1+4], %r2;\n"
    "mov.u32 %r2, %clusterid.x;\nst.global.u32 [%rd1+8], %r2;\nmov.u32 %r2, %nclusterid.x;\nst.global.u32 [%rd1+12], "
    "%r2;\n";

std::vector<uint32_t> clusterNumbers(Schedule schedule, uint64_t seed, std::array<uint32_t, 3> preferred,
                                     std::string *verdict = nullptr) {
  TestLaunch test;
  test.options.schedule = schedule;
  test.options.seed = seed;
  TestRun run = runWith(
      makeModule(clusterBody),
      [&](Launch &launch) {
        launch.block[0] = 1;
        launch.grid[0] = 8;
        launch.cluster[0] = 2;
        launch.preferredCluster = preferred;
      },
      test);
  if (verdict)
    *verdict = run.verdict();
  auto all = run.out<uint32_t>();
  return {all.begin(), all.begin() + 32};
}

TEST(HostValues, PreferredClusters) {
  auto large = clusterNumbers(Schedule::Deterministic, 1, {4, 1, 1});
  auto small = clusterNumbers(Schedule::Late, 1, {4, 1, 1});
  for (uint32_t cta = 0; cta < 8; ++cta) {
    EXPECT_EQ(std::vector(&large[4 * cta], &large[4 * cta] + 4), (std::vector<uint32_t>{4, cta % 4, cta / 4, 2}));
    EXPECT_EQ(std::vector(&small[4 * cta], &small[4 * cta] + 4), (std::vector<uint32_t>{2, cta % 2, cta / 2, 4}));
  }
  // Both in one grid, each numbered as if all were like it.
  bool hasBoth = false;
  for (uint64_t seed = 1; seed < 9; ++seed) {
    auto mixed = clusterNumbers(Schedule::Random, seed, {4, 1, 1});
    hasBoth |= mixed[0] != mixed[16];
    for (uint32_t cta = 0; cta < 8; ++cta)
      EXPECT_EQ(mixed[4 * cta + 2], cta / mixed[4 * cta]);
  }
  EXPECT_TRUE(hasBoth);
}

TEST(HostValues, PreferredClustersFit) {
  std::string verdict;
  clusterNumbers(Schedule::Deterministic, 1, {3, 1, 1}, &verdict);
  EXPECT_EQ(verdict, "misuse: size x of the preferred cluster is 3 when it should be a multiple of the cluster's 2");
  clusterNumbers(Schedule::Deterministic, 1, {6, 1, 1}, &verdict);
  EXPECT_EQ(verdict, "misuse: size x of the preferred cluster is 6 when it should divide the grid's 8");
}

/// Formats and strings as nvcc places them, and a frame with the arguments.
const char *const printModule =
    ".extern .func (.param .b32 result) vprintf(.param .b64 format, .param .b64 arguments);\n"
    ".extern .func __assertfail(.param .b64 what, .param .b64 file, .param .b32 line, .param .b64 function, .param "
    ".b64 size);\n"
    ".global .align 1 .b8 format[] = {37, 100, 32, 37, 53, 46, 49, 102, 32, 37, 115, 32, 37, 108, 108, 120, 37, 37, "
    "10, 0};\n"
    ".global .align 1 .b8 wrong[] = {37, 113, 0};\n"
    ".global .align 1 .b8 text[] = {97, 60, 98, 0};\n";

std::string printBody(const std::string &format, const std::string &more = "") {
  return ".local .align 8 .b8 frame[32];\ncvta.local.u64 %rd1, frame;\nneg.s32 %r1, %tid;\nst.local.u32 [frame], %r1;\n"
         "st.local.f64 [frame+8], 0d4004000000000000;\ncvta.global.u64 %rd2, text;\nst.local.u64 [frame+16], %rd2;\n"
         "mov.u64 %rd3, 0x123456789a;\nst.local.u64 [frame+24], %rd3;\ncvta.global.u64 %rd4, " +
         format +
         ";\n{\n.param .b64 p0;\n.param .b64 p1;\n.param .b32 r0;\nst.param.b64 [p0], %rd4;\nst.param.b64 [p1], %rd1;\n"
         "call.uni (r0), vprintf, (p0, p1);\nld.param.b32 %r2, [r0];\n}\n" +
         more;
}

TEST(SystemCalls, Printf) {
  TestLaunch test;
  test.threads = 2;
  std::string body = printBody("format");
  TestRun run = runModule(makeModule(body, "sm_90a", printModule), test);
  EXPECT_EQ(run.verdict(), "");
  EXPECT_EQ(run.report.output, "0   2.5 a<b 123456789a%\n-1   2.5 a<b 123456789a%\n");
}

TEST(SystemCalls, PrintfComplaints) {
  TestLaunch test;
  test.threads = 1;
  std::string found = runModule(makeModule(printBody("wrong"), "sm_90a", printModule), test).verdict();
  EXPECT_NE(found.find("vprintf has the conversion '%q', which does not exist"), found.npos) << found;
  found = runModule(makeModule(printBody("0x10"), "sm_90a", printModule), test).verdict();
  EXPECT_NE(found.find("a call reads 1 bytes at 0x10 (in no buffer), which are out of range"), found.npos) << found;
  found = runModule(makeModule("{\n.param .b64 p0;\nst.param.b64 [p0], %rd1;\ncall.uni vprintf, (p0);\n}", "sm_90a",
                               printModule))
              .verdict();
  EXPECT_NE(found.find("passes 1 values and takes 0 where 'vprintf' has 2 and 1"), found.npos) << found;
}

TEST(SystemCalls, Assert) {
  std::string body =
      "setp.lt.u32 %p1, %tid, 3;\n@%p1 bra FINE;\ncvta.global.u64 %rd1, text;\nmov.u64 %rd2, 1;\n"
      "{\n.param .b64 p0;\n.param .b64 p1;\n.param .b32 p2;\n.param .b64 p3;\n.param .b64 p4;\n"
      "st.param.b64 [p0], %rd1;\nst.param.b64 [p1], %rd1;\nst.param.b32 [p2], 12;\nst.param.b64 [p3], %rd1;\n"
      "st.param.b64 [p4], %rd2;\ncall.uni __assertfail, (p0, p1, p2, p3, p4);\n}\nFINE:";
  TestRun run = runModule(makeModule(body, "sm_90a", printModule));
  ASSERT_EQ(run.report.verdicts.size(), 1u);
  EXPECT_EQ(run.report.verdicts[0].kind, VerdictKind::Assertion);
  EXPECT_EQ(run.report.verdicts[0].message, "'a<b' does not hold at a<b:12 in 'a<b'");
}

/// Other kernels of the module may do what is not simulated.
TEST(SystemCalls, OthersStopWhereTheyAreReached) {
  std::string outside = ".extern .func (.param .b64 result) malloc(.param .b64 size);\n";
  std::string call = "{\n.param .b64 p0;\n.param .b64 r0;\nst.param.b64 [p0], %rd1;\ncall.uni (r0), malloc, (p0);\n}\n";
  EXPECT_EQ(runModule(makeModule("", "sm_90a",
                                 outside + ".visible .entry other()\n{\n.reg .b64 %rd<2>;\n" + call + "ret;\n}\n"))
                .verdict(),
            "");
  std::string found = runModule(makeModule(call, "sm_90a", outside)).verdict();
  EXPECT_NE(found.find("no body for function 'malloc'"), found.npos) << found;
}

} // namespace
} // namespace girih::sim

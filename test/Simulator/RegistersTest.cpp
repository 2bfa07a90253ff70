//===- RegistersTest.cpp - Registers that share their storage -------------===//
#include "../../lib/Simulator/Program/Program.h"
#include "Harness.h"

namespace girih::sim {
namespace {

std::unique_ptr<Program> decode(const std::string &body, const std::string &outside = "") {
  return decodeProgram(parsePTX(makeModule(body, "sm_90a", outside)), "test");
}

/// Slots of 32-bit registers that a body takes.
uint32_t slotsOf(const std::string &body) { return decode(body)->find("test")->registers[1]; }

std::string repeated(unsigned count, const std::function<std::string(unsigned)> &line) {
  std::string text;
  for (unsigned i = 0; i < count; ++i)
    text += line(i);
  return text;
}
TestLaunch threads(unsigned count) {
  TestLaunch launch;
  launch.threads = count;
  return launch;
}

std::string r(unsigned i) { return "%r" + std::to_string(i); }

TEST(Registers, ValuesThatAreOverGiveTheirSlotBack) {
  // A chain of 300 registers, of which two are needed at a time.
  std::string chain = "mov.u32 %r0, %tid;\n" +
                      repeated(299, [](unsigned i) { return "add.u32 " + r(i + 1) + ", " + r(i) + ", 1;\n"; }) +
                      "st.global.u32 [%out], %r299;\n";
  EXPECT_LE(slotsOf(chain), 5u);
  // The same registers, all needed at the end.
  std::string sum =
      repeated(300, [](unsigned i) { return "add.u32 " + r(i) + ", %tid, " + std::to_string(i) + ";\n"; }) +
      repeated(299, [](unsigned i) { return "add.u32 %r0, %r0, " + r(i + 1) + ";\n"; }) +
      "st.global.u32 [%out], %r0;\n";
  EXPECT_GE(slotsOf(sum), 300u);
  for (const std::string &body : {chain, sum}) {
    TestRun run = runBody(body, threads(1));
    EXPECT_EQ(run.verdict(), "");
    EXPECT_EQ(run.out<uint32_t>()[0], body == chain ? 299u : 299u * 300 / 2);
  }
}

TEST(Registers, LoopsKeepWhatTheirNextRoundNeeds) {
  // %r1 is last named before %r2 is first, and is needed again in each round.
  TestRun run = runBody("mov.u32 %r0, 0;\nmov.u32 %r1, 7;\nmov.u32 %r9, 0;\n"
                        "again:\nadd.u32 %r9, %r9, %r1;\n"
                        "add.u32 %r2, %r0, 1;\nmul.lo.u32 %r3, %r2, 3;\nadd.u32 %r9, %r9, %r3;\nmov.u32 %r0, %r2;\n"
                        "setp.lt.u32 %p0, %r0, 4;\n@%p0 bra again;\nst.global.u32 [%out], %r9;\n",
                        threads(1));
  EXPECT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[0], 4 * 7 + 3 * (1 + 2 + 3 + 4u));
}

TEST(Registers, LanesThatDivergeKeepTheirOwn) {
  // Odd lanes take the branch with more registers while even ones wait behind it.
  TestRun run =
      runBody("and.b32 %r0, %tid, 1;\nsetp.eq.u32 %p0, %r0, 1;\nadd.u32 %r1, %tid, 100;\n@!%p0 bra even;\n" +
              repeated(20, [](unsigned i) { return "add.u32 " + r(10 + i) + ", %r1, " + std::to_string(i) + ";\n"; }) +
              repeated(20, [](unsigned i) { return "add.u32 %r1, %r1, " + r(10 + i) + ";\n"; }) +
              "even:\nmul.wide.u32 %rd0, %tid, 4;\nadd.u64 %mine, %out, %rd0;\nst.global.u32 [%mine], %r1;\n");
  EXPECT_EQ(run.verdict(), "");
  std::vector<uint32_t> out = run.out<uint32_t>();
  for (uint32_t lane = 0; lane < 32; ++lane)
    EXPECT_EQ(out[lane], lane % 2 ? 21 * (lane + 100) + 190 : lane + 100) << lane;
}

TEST(Registers, AnUndefinedOneHasNobodysValue) {
  // %r1 would get the slot of %r0, which is over, and the value with it.
  std::string begin = "mov.u32 %r0, 5;\nst.global.u32 [%out], %r0;\nsetp.lt.u32 %p0, %tid, 16;\n";
  std::string end = "st.global.u32 [%out+4], %r1;\n";
  for (const char *write : {"", "@%p0 mov.u32 %r1, 3;\n", "@%p0 bra skip;\nmov.u32 %r1, 3;\nskip:\n"}) {
    TestRun run = runBody(begin + write + end, threads(17));
    EXPECT_EQ(run.verdict().find("uninitialised: line"), 0u) << write << run.verdict();
  }
  EXPECT_EQ(runBody(begin + "mov.u32 %r1, 3;\n" + end, threads(1)).verdict(), "");
}

TEST(Registers, CallsAndJumpTablesGoWhereTheyGo) {
  std::string callee =
      ".func (.reg .b32 result) twice(.reg .b32 value)\n{\n.reg .b32 %t<3>;\nadd.u32 %t1, value, value;\n"
      "add.u32 %t2, %t1, 0;\nmov.u32 result, %t2;\nret;\n}\n";
  std::string body = "table: .branchtargets first, second;\nmov.u32 %r1, 3;\nmov.u32 %r2, 1;\n"
                     "call (%r3), twice, (%r1);\nbrx.idx %r2, table;\n"
                     "first:\nmov.u32 %r4, 1;\nadd.u32 %r3, %r3, %r4;\n"
                     "second:\nadd.u32 %r3, %r3, %r1;\nst.global.u32 [%out], %r3;\n";
  TestRun run = runModule(makeModule(body, "sm_90a", callee), threads(1));
  EXPECT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[0], 9u);
}

} // namespace
} // namespace girih::sim

//===- CallTest.cpp - Calls, function pointers, the stack -----------------===//
#include "Harness.h"

namespace girih::sim {
namespace {

const std::string storeR0 = "mul.wide.u32 %rd30, %tid, 4;\nadd.s64 %rd30, %out, %rd30;\nst.global.b32 [%rd30], %r0;\n";

void expectContains(const TestRun &run, const std::string &text) {
  EXPECT_NE(run.verdict().find(text), std::string::npos) << "verdict: " << run.verdict();
}

/// Functions of one .b32: twice and three times the argument; and of none.
const std::string functions =
    ".func (.param .b32 r) twice(.param .b32 x)\n{ .reg .b32 %a; ld.param.b32 %a, [x]; shl.b32 %a, %a, 1; "
    "st.param.b32 [r], %a; ret; }\n"
    ".func (.param .b32 r) thrice(.param .b32 x)\n{ .reg .b32 %a; ld.param.b32 %a, [x]; mul.lo.u32 %a, %a, 3; "
    "st.param.b32 [r], %a; ret; }\n"
    ".func nothing()\n{ ret; }\n"
    ".global .u64 table[2] = {twice, thrice};\n";
const std::string prototype = "P: .callprototype (.param .b32 _) _ (.param .b32 _);\n";
const std::string parameters = ".param .b32 a; .param .b32 b; st.param.b32 [a], %tid;\n";

TestRun runWith(const std::string &body) { return runModule(makeModule(body, "sm_90a", functions)); }

TEST(Call, ThroughATableByLane) {
  // Odd lanes call the second function: the call diverges and comes together.
  TestRun run = runWith("and.b32 %r1, %lane, 1;\nmul.wide.u32 %rd1, %r1, 8;\nmov.u64 %rd2, table;\n"
                        "add.s64 %rd1, %rd1, %rd2;\nld.global.u64 %rd3, [%rd1];\n{ " +
                        parameters + "call (b), %rd3, (a), table;\nld.param.b32 %r0, [b]; }\n" +
                        "vote.sync.ballot.b32 %r2, 1, -1;\nadd.u32 %r0, %r0, %r2;\n" + storeR0);
  ASSERT_EQ(run.verdict(), "");
  for (uint32_t lane = 0; lane < 32; ++lane)
    EXPECT_EQ(run.out<uint32_t>()[lane], lane * (2 + lane % 2) - 1);
}

TEST(Call, ThroughAPrototypeUnderAGuard) {
  TestRun run =
      runWith(prototype + "mov.u64 %rd1, thrice;\nmov.b32 %r0, 7;\nsetp.lt.u32 %p1, %lane, 4;\n{ " + parameters +
              "st.param.b32 [b], 7;\n@%p1 call (b), %rd1, (a), P;\nld.param.b32 %r0, [b]; }\n" + storeR0);
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[3], 9u);
  EXPECT_EQ(run.out<uint32_t>()[4], 7u);
}

TEST(Call, RegistersAndNumbers) {
  // Recursion: each frame has registers of its own.
  std::string callee = ".func (.reg .b32 sum) below(.reg .b32 n)\n{ .reg .pred %p; .reg .b32 %t;\n"
                       "setp.eq.u32 %p, n, 0;\nmov.b32 sum, 0;\n@%p bra E;\nsub.u32 %t, n, 1;\n"
                       "call (sum), below, (%t);\nadd.u32 sum, sum, n;\nE: ret; }\n";
  TestRun run = runModule(makeModule(
      "call (%r1), below, (%lane);\ncall (%r2), below, (4);\nadd.u32 %r0, %r1, %r2;\n" + storeR0, "sm_90a", callee));
  ASSERT_EQ(run.verdict(), "");
  for (uint32_t lane = 0; lane < 32; ++lane)
    EXPECT_EQ(run.out<uint32_t>()[lane], lane * (lane + 1) / 2 + 10);
}

TEST(Call, Mistakes) {
  expectContains(runWith("mov.u64 %rd1, 64;\n{ " + parameters + prototype + "call (b), %rd1, (a), P; }"),
                 "calls address 64, where no function is");
  expectContains(runWith("mov.u64 %rd1, nothing;\n{ " + parameters + prototype + "call (b), %rd1, (a), P; }"),
                 "passes 1 values where 'nothing' has 0");
  expectContains(runWith("{ " + parameters + "call (b), twice; }"), "passes 0 values where 'twice' has 1");
  expectContains(runWith("{ " + parameters + "call twice, (a); }"), "passes 0 results where 'twice' has 1");
  expectContains(runWith("mov.u64 %rd1, twice;\n{ " + parameters + prototype + "call %rd1, (a), P; }"),
                 "passes 1 values and takes 0 where prototype 'P' has 1 and 1");
  expectContains(runWith("mov.u64 %rd1, twice;\n{ " + parameters + "call (b), %rd1, (a), Q; }"),
                 "no prototype or table 'Q'");
  expectContains(runModule(makeModule("ret;", "sm_90a", ".global .u64 t[1] = {missing};\n")),
                 "an initial value names 'missing', which is not defined");
}

TEST(Stack, AllocaGrowsAndReturns) {
  // Lane l takes 8 + 16 l bytes; saving and restoring gives the same address.
  TestRun run = runBody("stacksave.u64 %rd1;\nmul.wide.u32 %rd2, %lane, 16;\nadd.s64 %rd2, %rd2, 8;\n"
                        "alloca.u64 %rd3, %rd2;\nst.local.b32 [%rd3], %lane;\nadd.s64 %rd4, %rd3, %rd2;\n"
                        "st.local.b32 [%rd4+-4], %tid;\nalloca.u64 %rd5, 4, 64;\nst.local.b32 [%rd5], -1;\n"
                        "and.b64 %rd6, %rd5, 63;\ncvt.u32.u64 %r3, %rd6;\n"
                        "ld.local.b32 %r1, [%rd3];\nld.local.b32 %r2, [%rd4+-4];\nstackrestore.u64 %rd1;\n"
                        "alloca.u64 %rd7, %rd2;\nsetp.eq.s64 %p1, %rd7, %rd3;\nselp.b32 %r4, 1000, 0, %p1;\n"
                        "add.u32 %r0, %r1, %r2;\nadd.u32 %r0, %r0, %r3;\nadd.u32 %r0, %r0, %r4;\n" +
                        storeR0);
  ASSERT_EQ(run.verdict(), "");
  for (uint32_t lane = 0; lane < 32; ++lane)
    EXPECT_EQ(run.out<uint32_t>()[lane], 2 * lane + 1000);
}

TEST(Stack, FunctionsFreeTheirs) {
  std::string callee = ".func (.param .b64 r) place()\n{ .reg .b64 %a; alloca.u64 %a, 256; st.local.b32 [%a], 1; "
                       "st.param.b64 [r], %a; ret; }\n";
  TestRun run = runModule(makeModule("{ .param .b64 a; call (a), place; ld.param.b64 %rd1, [a];\ncall (a), place; "
                                     "ld.param.b64 %rd2, [a]; }\nsub.s64 %rd3, %rd1, %rd2;\ncvt.u32.u64 %r0, %rd3;\n" +
                                         storeR0,
                                     "sm_90a", callee));
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[0], 0u);
}

TEST(Stack, Mistakes) {
  expectContains(runBody("alloca.u64 %rd1, 2000000;"), "alloca of 2000000 bytes exceeds the stack of 1048576");
  expectContains(runBody("alloca.u64 %rd1, 8, 12;"), "alignment 12 is not a power of two");
  expectContains(runBody("mov.u64 %rd1, 8;\nstackrestore.u64 %rd1;"), "stackrestore of 8 when the stack pointer is");
  expectContains(runBody("alloca.u64 %rd1, 8;\nld.local.b64 %rd2, [%rd1+8];"), "beyond the frame");
}

TEST(Control, TrapsAndEvents) {
  expectContains(runBody("brkpt;"), "misuse: line");
  expectContains(runBody("brkpt;"), "the kernel hits a breakpoint");
  expectContains(runBody("trap;"), "the kernel traps");
  expectContains(runBody("pmevent 16;"), "event 16 is not one of 0 to 15");
  EXPECT_EQ(runBody("pmevent 15;\npmevent.mask 0x8001;\nnanosleep.u32 20;").verdict(), "");
}

} // namespace
} // namespace girih::sim

//===- HalvesTest.cpp - Registers of which one half is defined ------------===//
//
// Compilers fill a pack with what they need of it. Each case makes %rd0 of the
// defined 7 or 1.0 in %r1 and of %r2, which nothing has written, does something
// with it, and stores one half: the defined one without a verdict, the other
// with one.
//
//===----------------------------------------------------------------------===//
#include "OrderHarness.h"

namespace girih::sim {
namespace {

struct HalvesCase {
  const char *name, *pack, *use, *defined, *other;
};

const HalvesCase cases[] = {
    {"unpack", "mov.b64 %rd0, {%r1, %r2};", "mov.b64 {%r3, %r4}, %rd0;", "%r3", "%r4"},
    {"upper", "mov.b64 %rd0, {%r2, %r1};", "mov.b64 {%r3, %r4}, %rd0;", "%r4", "%r3"},
    {"copy", "mov.b64 %rd0, {%r1, %r2};", "mov.b64 %rd1, %rd0; mov.b64 {%r3, %r4}, %rd1;", "%r3", "%r4"},
    {"f32x2", "mov.b64 %rd0, {%r1, %r2};",
     "add.rn.f32x2 %rd1, %rd0, %rd0; fma.rn.f32x2 %rd1, %rd1, %rd0, %rd1; mov.b64 {%r3, %r4}, %rd1;", "%r3", "%r4"},
    {"select", "mov.b64 %rd0, {%r1, %r2};",
     "setp.lt.u32 %p1, %tid, 5; selp.b64 %rd1, %rd0, 7, %p1; mov.b64 {%r3, %r4}, %rd1;", "%r3", "%r4"},
    {"truncation", "mov.b64 %rd0, {%r1, %r2};", "cvt.u32.u64 %r3, %rd0; shr.u64 %rd1, %rd0, 32; cvt.u32.u64 %r4, %rd1;",
     "%r3", "%r4"},
    {"left shift", "mov.b64 %rd0, {%r1, %r2};",
     "shl.b64 %rd1, %rd0, 32; mov.b64 {%r5, %r3}, %rd1; shr.s64 %rd1, %rd0, 40; cvt.u32.u64 %r4, %rd1;", "%r3", "%r4"},
    {"mask", "mov.b64 %rd0, {%r1, %r2};",
     "and.b64 %rd1, %rd0, 0xffffffff; mov.b64 {%r4, %r3}, %rd1; and.b64 %rd1, %rd0, -1; mov.b64 {%r5, %r4}, %rd1;",
     "%r3", "%r4"},
    {"logic", "mov.b64 %rd0, {%r1, %r2};", "not.b64 %rd1, %rd0; xor.b64 %rd1, %rd1, 3; mov.b64 {%r3, %r4}, %rd1;",
     "%r3", "%r4"},
    {"16 bits", "mov.b32 {%h1, %h3}, %r1; mov.b32 {%h2, %h3}, %r2; mov.b32 %r6, {%h1, %h2};",
     "add.bf16x2 %r6, %r6, %r6; neg.bf16x2 %r6, %r6; mov.b32 {%h4, %h5}, %r6; cvt.u32.u16 %r3, %h4; cvt.u32.u16 %r4, "
     "%h5;",
     "%r3", "%r4"},
    {"four of 16 bits", "mov.b32 {%h1, %h3}, %r1; mov.b32 {%h2, %h4}, %r2; mov.b64 %rd0, {%h1, %h3, %h2, %h4};",
     "mov.b64 {%h5, %h6, %h7, %h8}, %rd0; cvt.u32.u16 %r3, %h6; cvt.u32.u16 %r4, %h7;", "%r3", "%r4"},
    {"two floats in one", "cvt.rn.bf16x2.f32 %r6, %r2, %r1;",
     "prmt.b32 %r3, %r6, %r6, 0x1010; prmt.b32 %r4, %r6, %r1, 0x5432;", "%r3", "%r4"},
    {"128 bits", "mov.b64 %rd0, {%r1, %r1}; mov.b64 %rd1, {%r2, %r2}; mov.b128 %q0, {%rd0, %rd1};",
     "mov.b128 {%rd2, %rd3}, %q0; cvt.u32.u64 %r3, %rd2; cvt.u32.u64 %r4, %rd3;", "%r3", "%r4"},
    {"shared memory", "mov.b64 %rd0, {%r1, %r2};",
     "st.shared.b64 [smem], %rd0; ld.shared.b64 %rd1, [smem]; mov.b64 {%r3, %r5}, %rd1; ld.shared.b32 %r4, [smem+4];",
     "%r3", "%r4"},
    {"a vector", "", "st.shared.v2.b32 [smem], {%r1, %r2}; ld.shared.v2.b32 {%r3, %r4}, [smem];", "%r3", "%r4"},
};

TEST(Halves, OnlyWhatIsUsedHasToBeDefined) {
  for (const HalvesCase &test : cases) {
    TestLaunch launch;
    launch.threads = 1;
    auto run = [&](const std::string &stored) {
      return runModule(makeModule(".reg .b128 %q<2>;\nmov.b32 %r1, 7;\n" + std::string(test.pack) + "\n" + test.use +
                                      "\nmov.b32 %r0, " + stored + ";\n" + storeR0,
                                  "sm_100a"),
                       launch);
    };
    EXPECT_EQ(run(test.defined).verdict(), "") << test.name;
    EXPECT_NE(run(test.other).verdict().find("an undefined value is stored"), std::string::npos)
        << test.name << ": " << run(test.other).verdict();
  }
}

TEST(Halves, AWholeRegisterNeedsBoth) {
  for (const char *use : {"st.global.b64 [%out], %rd0;", "add.u64 %rd1, %rd0, 1; st.global.b64 [%out], %rd1;",
                          "ld.global.b32 %r3, [%rd0];", "cvt.rn.f32.u64 %f1, %rd0; st.global.b32 [%out], %f1;"}) {
    TestRun run = runBody("mov.b32 %r1, 7;\nmov.b64 %rd0, {%r1, %r2};\n" + std::string(use) + "\n");
    EXPECT_NE(run.verdict().find("undefined"), std::string::npos) << use << run.verdict();
  }
}

} // namespace
} // namespace girih::sim

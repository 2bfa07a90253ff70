//===- TensorRulesTest.cpp - What tcgen05.mma refuses --------------------===//
#include "TensorHarness.h"

namespace girih::sim {
namespace {

TEST(Collector, NeedsAFill) {
  uint32_t idesc = idescOf(1, 1, 128, 16);
  auto use = [&](const std::string &op) {
    return mma(f16 + (op.empty() ? "" : ".collector::a::" + op), sharedA, idesc);
  };
  for (const std::string &body : {use("fill") + use("use") + use("lastuse"), use("discard"), use("fill") + use("fill")})
    EXPECT_EQ(verdictOf(body), "");
  for (const std::string &body : {use("use"), use("fill") + use("lastuse") + use("use"),
                                  use("fill") + use("") + use("use"), use("fill") + use("discard") + use("lastuse")})
    expectPart(body, "without a fill of the collector buffer that is still valid");
  expectPart(use("fill") + mma(f16 + ".collector::a::use", text(descriptor(imageAt + 4096)), idesc),
             "filled the collector buffer from");
  auto stationary = [&](const std::string &op) {
    return mma(".ws" + f16 + ".collector::" + op, sharedA, idescOf(1, 1, 128, 64));
  };
  EXPECT_EQ(verdictOf(stationary("b1::fill") + stationary("b2::fill") + stationary("b1::use") +
                      stationary("b2::lastuse") + stationary("b1::lastuse")),
            "");
  expectPart(stationary("b1::fill") + stationary("b2::use"), ".collector::b2::use without a fill");
}

TEST(TensorMatrixForms, AreRefused) {
  uint32_t idesc = idescOf(1, 1, 128, 16);
  auto refuse = [&](const std::string &form, const std::string &a, const std::string &tail, const char *part) {
    expectPart(mma(form, a, idesc, tail), part);
  };
  const std::string four = "{%r1, %r2, %r3, %r4}";
  refuse(f16 + ".ashift", sharedA, "%p3", ".ashift is for A in tensor memory");
  refuse(f16 + ".ashift.collector::a::use", lanesA, "%p3", ".ashift with .collector::a::use");
  refuse(f16 + ".collector::b0::use", sharedA, "%p3", "collector buffer b0 when it should be a");
  refuse(".ws" + f16 + ".collector::a::use", sharedA, "%p3", "collector buffer a when it should be b0 to b3");
  refuse(f16, sharedA, "%p3, 16", "the scale of the input D is 16 when it should be 0 to 15");
  refuse(".cta_group::1.kind::f8f6f4", sharedA, "%p3, 1", "only .kind::f16 and .kind::tf32");
  refuse(f16, sharedA, "{%r1, %r2, %r3}, %p3", "3 words of disabled lanes when .cta_group::1 has 4");
  refuse(".ws" + f16, sharedA, four + ", %p3", "disables output lanes");
  refuse(".cta_group::1.kind::mxf4nvf4.block_scale", sharedA, "[%r1], [%r1], %p3", "no scale vector size");
  refuse(".cta_group::1.kind::mxf4.block_scale.scale_vec::4X", sharedA, "[%r1], [%r1], %p3",
         "cannot have .scale_vec::4X");
}

TEST(TensorMatrixRules, AreJudged) {
  const uint32_t good = idescOf(1, 1, 128, 16), half = idescOf(1, 1, 64, 16);
  auto operands = [](const std::string &d, const std::string &a, const std::string &b, uint32_t idesc) {
    return "tcgen05.mma.cta_group::1.kind::f16 [" + d + "], " + a + ", " + b + ", " + std::to_string(idesc) +
           ", %p3;\n";
  };
  expectPart(operands("%r41+1048576", sharedA, sharedB, good), "D begins at tensor memory lane 16 when it should be 0");
  expectPart(operands("%r41+524288", sharedA, sharedB, half),
             "D begins at tensor memory lane 8 when it should be 0 or 16");
  expectPart(operands("%r41+1048576", lanesA, sharedB, half), "A begins at tensor memory lane 0 when that of D is 16");
  expectPart(operands("%r41", lanesA, sharedB, good | 1 << 15), "A is transposed, but it lies in tensor memory");
  expectPart(operands("%r41", text(descriptor(imageAt, 1)), sharedB, good),
             "descriptor of A: atoms of 32 bytes, which only MN-major operands have");
  expectPart(operands("%r41", sharedA, text(descriptor(imageAt, 1)), good | 1 << 16),
             "descriptor of B: atoms of 32 bytes when MN-major operands of less than 32 bits have atoms of 16");
  expectPart("tcgen05.mma.cta_group::1.kind::tf32 [%r41], " + sharedA + ", " + sharedB + ", " +
                 std::to_string(idescOf(1, 2, 128, 16) | 1 << 16) + ", %p3;\n",
             "atoms of 16 bytes when MN-major operands of 32 bits have a 128-byte swizzle with atoms of 32");
  expectPart(mma(f16 + ".ashift", lanesA, half), "m is 64 when .ashift has 128 or 256");
  expectPart(mma(f16, sharedA, good | 1 << 2), "sparsity is 1 in a tcgen05.mma without .sp");
  expectPart("mov.b64 %rd20, " + text(uint64_t(5) << 56) + ";\n" +
                 mma(".ws" + f16, sharedA, idescOf(1, 1, 64, 64), "%p3, %rd20"),
             "the columns of B are shifted by 5 when the instruction descriptor allows 0");
  expectPart("mov.b64 %rd20, " + text(uint64_t(50) << 56) + ";\n" +
                 mma(".ws" + f16, sharedA, idescOf(1, 1, 64, 64), "%p3, %rd20"),
             "zero-column mask: a column shift of 50");
}

TEST(ScaleRules, CopiesAgree) {
  TensorKernel kernel;
  fillShared(kernel, Type::E4M3, 128, 16, 32);
  for (unsigned lane = 0; lane < 128; ++lane)
    for (unsigned column = 160; column < 180; ++column)
      kernel.cell(0, lane, column) = 0x7f;
  kernel.cell(0, 64 + 3, 161) = 0x80;
  std::string verdict = kernel.run(mma(".cta_group::1.kind::mxf8f6f4.block_scale", sharedA, 1 << 23 | 2 << 17 | 1 << 27,
                                       "[%r41+160], [%r41+170], %p3"));
  EXPECT_NE(verdict.find("scale factors differ: 128 in tensor memory lane 67 and 127 in lane 35 of column 161"),
            std::string::npos)
      << verdict;
}

} // namespace
} // namespace girih::sim

//===- TensorCopyTest.cpp - cp.async.bulk.tensor of every rank ------------===//
#include "Harness.h"

namespace girih::sim {
namespace {

struct CopyCase {
  unsigned rank, swizzle;
  int32_t start[5];
  bool fillsNaN;
};
void PrintTo(const CopyCase &c, std::ostream *out) { *out << "rank " << c.rank << " swizzle " << c.swizzle; }

class TensorCopy : public testing::TestWithParam<CopyCase> {};

/// Loads one box, reads shared memory back line by line and compares with
/// indices computed here; then stores the box elsewhere by the same map.
TEST_P(TensorCopy, LoadsAndStoresABox) {
  const CopyCase &c = GetParam();
  const uint64_t sizes[5] = {40, 6, 5, 3, 2};
  const uint32_t box[5] = {c.swizzle ? c.swizzle / 4 : c.rank == 1 ? 32u : 16u, 4, 3, 2, 2};
  TensorMapRecipe recipe;
  recipe.element = MapElement::F32;
  recipe.rank = c.rank;
  recipe.swizzle = c.swizzle;
  recipe.fillsNaN = c.fillsNaN;
  uint64_t elements = 1, boxElements = 1;
  for (unsigned i = 0; i < c.rank; ++i) {
    recipe.sizes[i] = sizes[i];
    recipe.strides[i] = elements * 4;
    recipe.box[i] = box[i];
    elements *= sizes[i];
    boxElements *= box[i];
  }
  std::vector<float> in(elements);
  for (size_t i = 0; i < in.size(); ++i)
    in[i] = float(i + 1);
  std::string at, dims = std::to_string(c.rank) + "d";
  for (unsigned i = 0; i < c.rank; ++i)
    at += (i ? ", " : "") + std::to_string(c.start[i]);
  std::string bytes = std::to_string(boxElements * 4);
  std::string ptx =
      ".version 8.8\n.target sm_90a\n.address_size 64\n.extern .shared .align 1024 .b8 smem[];\n"
      ".visible .entry test(.param .align 64 .b8 m[128], .param .align 64 .b8 o[128], .param .u64 p)\n{\n"
      ".reg .pred %p<4>; .reg .b32 %r<8>; .reg .b64 %rd<8>;\nld.param.u64 %rd3, [p];\n"
      "mov.b64 %rd1, m;\ncvta.param.u64 %rd1, %rd1;\nmov.b64 %rd2, o;\ncvta.param.u64 %rd2, %rd2;\n"
      "mov.u32 %r1, smem;\nadd.s32 %r2, %r1, 32768;\nmov.u32 %r3, %tid.x;\nsetp.ne.u32 %p1, %r3, 0;\n@%p1 bra W;\n"
      "mbarrier.init.shared::cta.b64 [%r2], 1;\nfence.mbarrier_init.release.cluster;\n"
      "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], " +
      bytes +
      ";\n"
      "cp.async.bulk.tensor." +
      dims + ".shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r1], [%rd1, {" + at +
      "}], [%r2];\n"
      "W: bar.sync 0;\nL: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r2], 0;\n@!%p2 bra L;\n"
      "mov.b32 %r4, %r3;\nC: mad.lo.s32 %r5, %r4, 4, %r1;\nld.shared.b32 %r6, [%r5];\nmul.wide.u32 %rd4, %r4, 4;\n"
      "add.s64 %rd5, %rd3, %rd4;\nst.global.b32 [%rd5], %r6;\nadd.s32 %r4, %r4, 32;\n"
      "setp.lt.u32 %p3, %r4, " +
      std::to_string(boxElements) +
      ";\n@%p3 bra C;\n@%p1 bra E;\n"
      "cp.async.bulk.tensor." +
      dims + ".global.shared::cta.tile.bulk_group [%rd2, {" + at +
      "}], [%r1];\n"
      "cp.async.bulk.commit_group;\ncp.async.bulk.wait_group 0;\nE: ret;\n}\n";
  Launch launch;
  launch.kernel = "test";
  launch.block[0] = 32;
  launch.dynamicSharedBytes = 40000;
  launch.buffers = {{"in", bytesOf(in), true},
                    {"copy", std::vector<uint8_t>(elements * 4), false},
                    {"out", std::vector<uint8_t>(boxElements * 4), false}};
  for (unsigned i = 0; i < 3; ++i) {
    Argument argument;
    argument.kind = i < 2 ? Argument::Kind::TensorMap : Argument::Kind::Pointer;
    argument.buffer = i;
    argument.map = recipe;
    launch.arguments.push_back(argument);
  }
  Simulator simulator(ptx);
  Report report = simulator.run(launch, {});
  ASSERT_TRUE(report.isClean()) << report.verdicts[0].str();
  std::vector<uint32_t> out(boxElements);
  std::memcpy(out.data(), launch.buffers[2].bytes.data(), boxElements * 4);
  std::vector<float> copy(elements);
  std::memcpy(copy.data(), launch.buffers[1].bytes.data(), elements * 4);
  std::vector<float> expectedCopy(elements, 0.0f);
  for (uint64_t e = 0; e < boxElements; ++e) {
    uint64_t rest = e, index = 0, stride = 1;
    bool isInside = true;
    for (unsigned i = 0; i < c.rank; ++i) {
      int64_t position = c.start[i] + int64_t(rest % box[i]);
      rest /= box[i];
      isInside &= position >= 0 && position < int64_t(sizes[i]);
      index += uint64_t(position) * stride;
      stride *= sizes[i];
    }
    uint64_t byte = e * 4;
    if (c.swizzle) {
      uint64_t mask = c.swizzle / 16 - 1;
      byte = byte ^ ((byte / 128 & mask) * 16);
    }
    uint32_t outside = c.fillsNaN ? 0xffffffffu : 0u;
    EXPECT_EQ(out[byte / 4], isInside ? __builtin_bit_cast(uint32_t, in[index]) : outside) << e;
    if (isInside)
      expectedCopy[index] = in[index];
  }
  EXPECT_EQ(copy, expectedCopy);
}

INSTANTIATE_TEST_SUITE_P(All, TensorCopy,
                         testing::Values(CopyCase{1, 0, {28}, false}, CopyCase{2, 0, {-4, 4}, false},
                                         CopyCase{2, 128, {16, 3}, true}, CopyCase{3, 64, {30, -1, 4}, false},
                                         CopyCase{4, 32, {8, 2, 3, 2}, false},
                                         CopyCase{5, 128, {0, 3, 1, -1, 1}, true}));

} // namespace
} // namespace girih::sim

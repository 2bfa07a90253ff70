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

/// Loads one box, stores shared memory line by line and then the box, by another map.
std::string copyKernel(unsigned rank, const std::string &at, uint64_t boxElements) {
  std::string dims = std::to_string(rank) + "d", bytes = std::to_string(boxElements * 4);
  return ".version 8.8\n.target sm_90a\n.address_size 64\n.extern .shared .align 1024 .b8 smem[];\n"
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
}

/// Of the three buffers, the first two by the map.
Launch copyLaunch(const TensorMapRecipe &recipe, const std::vector<float> &in, uint64_t boxElements) {
  Launch launch;
  launch.kernel = "test";
  launch.block[0] = 32;
  launch.dynamicSharedBytes = 40000;
  launch.buffers = {{"in", bytesOf(in), true},
                    {"copy", std::vector<uint8_t>(in.size() * 4), false},
                    {"out", std::vector<uint8_t>(boxElements * 4), false}};
  for (unsigned i = 0; i < 3; ++i) {
    Argument argument;
    argument.kind = i < 2 ? Argument::Kind::TensorMap : Argument::Kind::Pointer;
    argument.buffer = i;
    argument.map = recipe;
    launch.arguments.push_back(argument);
  }
  return launch;
}

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
  std::string at;
  for (unsigned i = 0; i < c.rank; ++i)
    at += (i ? ", " : "") + std::to_string(c.start[i]);
  Launch launch = copyLaunch(recipe, in, boxElements);
  Simulator simulator(copyKernel(c.rank, at, boxElements));
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

/// Four rows of 16 elements from row 2^30 - length + index on, of a part of 6 rows of 40: its rows end at 2^30, where
/// the part ends is told in units of 16 bytes, and 2^30 rows are taken back around the address space.
struct PartCase {
  int64_t begin, length, index;
};
class PartCopy : public testing::TestWithParam<PartCase> {};

constexpr int64_t partRows = int64_t(1) << 30;

TensorMapRecipe partRecipe() {
  TensorMapRecipe recipe;
  recipe.element = MapElement::F32;
  recipe.rank = 4;
  recipe.sizes = {40, uint64_t(partRows), 0x7fff0000, 0x7fff0000, 0};
  recipe.strides = {4, 160, (uint64_t(1) << 34) - 160, 16, 0};
  recipe.box = {16, 4, 1, 1, 0};
  return recipe;
}

TEST_P(PartCopy, EndsWhereThePartDoes) {
  auto [begin, length, index] = GetParam();
  std::vector<float> in(6 * 40);
  for (size_t i = 0; i < in.size(); ++i)
    in[i] = float(i + 1);
  Launch launch = copyLaunch(partRecipe(), in, 64);
  std::string at = "8, " + std::to_string(partRows - length + index) + ", " + std::to_string(partRows) + ", " +
                   std::to_string((begin + length) * 10);
  Simulator simulator(copyKernel(4, at, 64));
  Report report = simulator.run(launch, {});
  ASSERT_TRUE(report.isClean()) << report.verdicts[0].str();
  std::vector<float> out(64), copy(in.size()), expectedCopy(in.size(), 0.0f);
  std::memcpy(out.data(), launch.buffers[2].bytes.data(), out.size() * 4);
  std::memcpy(copy.data(), launch.buffers[1].bytes.data(), copy.size() * 4);
  for (int64_t row = 0; row < 4; ++row)
    for (int64_t column = 0; column < 16; ++column) {
      size_t from = size_t((begin + index + row) * 40 + 8 + column);
      bool isInside = index + row < length;
      EXPECT_EQ(out[size_t(row * 16 + column)], isInside ? in[from] : 0) << row << ", " << column;
      if (isInside)
        expectedCopy[from] = in[from];
    }
  EXPECT_EQ(copy, expectedCopy);
}

INSTANTIATE_TEST_SUITE_P(All, PartCopy,
                         testing::Values(PartCase{0, 6, 0}, PartCase{0, 6, 4}, PartCase{2, 3, 0}, PartCase{2, 3, 2},
                                         PartCase{0, 0, 0}, PartCase{6, 0, 0}, PartCase{5, 1, 0}));

TEST(TensorCopy, NeedsMemoryAtTheAddressOfALoadsMap) {
  Launch launch = copyLaunch(partRecipe(), std::vector<float>(6 * 40), 64);
  launch.arguments[1].offset = uint64_t(-160); // of the store
  std::string at = "8, " + std::to_string(partRows - 2) + ", " + std::to_string(partRows) + ", ";
  EXPECT_TRUE(Simulator(copyKernel(4, at + "30", 64)).run(launch, {}).isClean());
  launch.arguments[0].offset = uint64_t(-160);
  Report report = Simulator(copyKernel(4, at + "30", 64)).run(launch, {});
  ASSERT_FALSE(report.isClean());
  EXPECT_NE(report.verdicts[0].str().find("a load by a tensor map whose address is in no memory"), std::string::npos)
      << report.verdicts[0].str();
}

} // namespace
} // namespace girih::sim

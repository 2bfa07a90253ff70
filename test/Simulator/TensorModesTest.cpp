//===- TensorModesTest.cpp - Swizzle atoms, rows, small types -------------===//
#include "TensorModes.h"
#include "../../lib/Simulator/Memory/GlobalMemory.h"

namespace girih::sim {
namespace {

/// 64 columns of 16 bits by `rows`.
TensorMapRecipe matrix(uint32_t rows, uint32_t boxRows) {
  TensorMapRecipe recipe;
  recipe.rank = 2;
  recipe.sizes = {64, rows};
  recipe.strides = {0, 128};
  recipe.box = {64, boxRows};
  return recipe;
}

TEST(SwizzleAtoms, AsTheTablesShow) {
  // PTX ISA, "Swizzling Modes": the tables' rows name chunks of 16 bytes.
  const std::vector<std::vector<unsigned>> by32 = {
      {0, 1, 2, 3, 4, 5, 6, 7}, {2, 3, 0, 1, 6, 7, 4, 5}, {4, 5, 6, 7, 0, 1, 2, 3}, {6, 7, 4, 5, 2, 3, 0, 1}};
  const std::vector<std::vector<unsigned>> by64 = {{0, 1, 2, 3, 4, 5, 6, 7}, {4, 5, 6, 7, 0, 1, 2, 3}};
  for (int which = 0; which < 3; ++which) {
    TensorMapRecipe recipe = matrix(16, 16);
    recipe.swizzle = 128;
    recipe.swizzleAtom = which == 2 ? 64 : 32;
    recipe.flipsHalves = which == 1;
    auto in = counting(16 * 128);
    ModeRun run = runMode(recipe, in, "2d.shared::cta.global.tile", "{0, 0}], [%r2]", "2d.global.shared::cta",
                          "{0, 0}]", 2048, 2048);
    ASSERT_EQ(run.verdict(), "");
    EXPECT_EQ(run.stored, in);
    const auto &table = which == 2 ? by64 : by32;
    for (unsigned row = 0; row < 16; ++row)
      for (unsigned byte = 0; byte < 128; ++byte) {
        unsigned within = byte % 16;
        if (which == 1 && row % 2)
          within = (within + 8) % 16;
        EXPECT_EQ(run.shared[row * 128 + byte], in[row * 128 + table[row % table.size()][byte / 16] * 16 + within]);
      }
  }
}

TEST(FourRows, GatherAndScatter) {
  TensorMapRecipe recipe = matrix(10, 1);
  recipe.box[0] = 32;
  auto in = counting(10 * 128);
  ModeRun run = runMode(recipe, in, "2d.shared::cluster.global.tile::gather4", "{40, 7, 0, 10, 3}], [%r2]",
                        "2d.global.shared::cta.tile::scatter4", "{8, 1, 2, -1, 5}]", 256, 256);
  ASSERT_EQ(run.verdict(), "");
  const int from[] = {7, 0, 10, 3}, to[] = {1, 2, -1, 5};
  std::vector<uint8_t> stored(in.size(), 0xcc);
  for (int r = 0; r < 4; ++r)
    for (int byte = 0; byte < 64; ++byte) {
      int column = 80 + byte;
      uint8_t expected = from[r] < 10 && column < 128 ? in[size_t(from[r] * 128 + column)] : 0;
      EXPECT_EQ(run.shared[size_t(r * 64 + byte)], expected) << r << " " << byte;
      if (to[r] >= 0)
        stored[size_t(to[r] * 128 + 16 + byte)] = expected;
    }
  EXPECT_EQ(run.stored, stored);
  recipe.box[1] = 2;
  expectContains(
      runMode(recipe, in, "2d.shared::cta.global.tile::gather4", "{0, 7, 0, 10, 3}], [%r2]", "", "", 256, 256),
      "the box has 2 rows when copies of four rows need 1");
  expectContains(runMode(recipe, in, "2d.shared::cta.global.tile::gather4", "{0, 7}], [%r2]", "", "", 256, 256),
                 "has 2 coordinates when it needs 5");
}

TEST(SmallTypes, PaddingInSharedMemory) {
  for (MapElement element : {MapElement::U4x16, MapElement::U4x16Padded, MapElement::U6x16Padded}) {
    size_t row = element == MapElement::U6x16Padded ? 96 : 64, group = element == MapElement::U4x16Padded   ? 8
                                                                       : element == MapElement::U6x16Padded ? 12
                                                                                                            : 16;
    TensorMapRecipe recipe;
    recipe.element = element;
    recipe.rank = 2;
    recipe.sizes = {256, 4};
    recipe.strides = {0, 2 * row};
    recipe.box = {128, 4};
    auto in = counting(8 * row);
    unsigned bytes = unsigned(row / group * 16 * 4);
    // The padding is undefined, so the test reads what is not.
    ModeRun run =
        runMode(recipe, in, "2d.shared::cta.global.tile", "{128, 1}], [%r2]", "", "", bytes, unsigned(row * 4));
    if (group == 16)
      ASSERT_EQ(run.verdict(), "");
    else
      expectContains(run, "undefined value is stored");
    for (size_t r = 0; r < 4; ++r)
      for (size_t byte = 0; byte < row; ++byte) {
        uint8_t expected = r < 3 ? in[(r + 1) * 2 * row + row + byte] : 0;
        EXPECT_EQ(run.shared[(r * row + byte) / group * 16 + byte % group], expected) << r << " " << byte;
      }
  }
}

TEST(SmallTypes, AStoreDropsTheUpperBits) {
  TensorMapRecipe recipe;
  recipe.element = MapElement::U6x16Padded;
  recipe.rank = 1;
  recipe.sizes = {128};
  recipe.box = {128};
  std::string fill =
      "bar.sync 0;\nmov.b32 %r4, %r3;\nG: add.s32 %r5, %r4, %r1;\nmul.lo.s32 %r6, %r4, 37;\nst.shared.b8 [%r5], %r6;\n"
      "add.s32 %r4, %r4, 32;\nsetp.lt.u32 %p3, %r4, 128;\n@%p3 bra G;\n";
  auto store = [&](const std::string &at) {
    return runMode(recipe, counting(96), "", "", "1d.global.shared::cta.tile", at, 128, 96, fill);
  };
  ModeRun run = store("{0}]");
  ASSERT_EQ(run.verdict(), "");
  for (unsigned element = 0; element < 128; ++element) {
    unsigned value = 0;
    for (unsigned bit = 0; bit < 6; ++bit)
      value |= (run.stored[(element * 6 + bit) / 8] >> (element * 6 + bit) % 8 & 1u) << bit;
    EXPECT_EQ(value, element * 37 % 64) << element;
  }
  expectContains(store("{64}]"), "the first coordinate is 64 when it should be a multiple of 128");
  recipe.element = MapElement::U4x16Padded;
  expectContains(store("{0}]"), "is only for copies from global memory");
}

/// A map of 3 dimensions in shared memory gets another shape; it is copied to
/// global memory.
const std::string fields =
    "add.s64 %rd9, %rd10, 256;\ntensormap.replace.tile.rank.shared::cta.b1024.b32 [%r7], 2;\n"
    "tensormap.replace.tile.elemtype.shared::cta.b1024.b32 [%r7], 0;\n"
    "tensormap.replace.tile.global_dim.shared::cta.b1024.b32 [%r7], 0, 64;\n"
    "tensormap.replace.tile.global_dim.shared::cta.b1024.b32 [%r7], 1, 5;\n"
    "mov.b32 %r5, 4;\ntensormap.replace.tile.global_dim.shared::cta.b1024.b32 [%r7], 2, %r5;\n"
    "tensormap.replace.tile.global_stride.shared::cta.b1024.b64 [%r7], 0, 64;\n"
    "mov.b64 %rd6, 512;\ntensormap.replace.tile.global_stride.shared::cta.b1024.b64 [%r7], 1, %rd6;\n"
    "tensormap.replace.tile.box_dim.shared::cta.b1024.b32 [%r7], 0, 32;\n"
    "tensormap.replace.tile.box_dim.shared::cta.b1024.b32 [%r7], 1, 4;\n"
    "tensormap.replace.tile.box_dim.shared::cta.b1024.b32 [%r7], 2, 4;\n"
    "tensormap.replace.tile.element_stride.shared::cta.b1024.b32 [%r7], 2, 2;\n"
    "cvta.shared.u64 %rd6, map;\ntensormap.replace.tile.swizzle_mode.b1024.b32 [%rd6], 1;\n"
    "tensormap.replace.tile.swizzle_atomicity.shared::cta.b1024.b32 [%r7], 0;\n"
    "tensormap.replace.tile.interleave_layout.shared::cta.b1024.b32 [%r7], 0;\n"
    "tensormap.replace.tile.fill_mode.shared::cta.b1024.b32 [%r7], 0;\n";
const std::string fence =
    "tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release.gpu.sync.aligned [%rd8], "
    "[%r7], 128;\nfence.proxy.tensormap::generic.acquire.gpu [%rd8], 128;\n";

TEST(MapFields, AreReplacedOnTheDevice) {
  // The map of thread 0 is made from the kernel's: another type, address,
  // rank, sizes and swizzle, in shared memory and then in global memory.
  auto in = counting(64 * 64);
  auto with = [&](const std::string &fields, const std::string &fence, unsigned bytes) {
    std::string edit =
        "mov.u32 %r7, map;\n@%p1 bra R;\nmov.b32 %r4, 0;\nT: cvt.u64.u32 %rd6, %r4;\nadd.s64 %rd7, %rd1, %rd6;\n"
        "ld.param.b32 %r5, [%rd7];\nadd.s32 %r6, %r4, %r7;\nst.shared.b32 [%r6], %r5;\nadd.s32 %r4, %r4, 4;\n"
        "setp.lt.u32 %p3, %r4, 128;\n@%p3 bra T;\n" +
        fields + "R: bar.sync 0;\n" + fence + "mov.b64 %rd1, %rd8;\n";
    size_t at = edit.find("ld.param.b32 %r5");
    edit.replace(at, 8, "ld");
    return runMode(matrix(16, 4), in, "3d.shared::cta.global.tile", "{0, 1, 1}], [%r2]", "", "", 2 * 4 * 32, bytes,
                   edit);
  };
  ModeRun run = with(fields, fence, 256);
  ASSERT_EQ(run.verdict(), "");
  for (unsigned p = 0; p < 2; ++p)
    for (unsigned r = 0; r < 4; ++r)
      for (unsigned byte = 0; byte < 32; ++byte) {
        unsigned plane = 1 + 2 * p, row = 1 + r, line = p * 4 + r;
        uint8_t expected = row < 5 && plane < 4 ? in[plane * 512 + row * 64 + byte] : 0;
        unsigned at = line * 32 + byte;
        EXPECT_EQ(run.shared[at ^ (at / 128 % 2 * 16)], expected) << p << r << byte;
      }
  expectContains(with(fields,
                      "tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release.gpu.sync.aligned "
                      "[%rd8], [%r7], 128;\n",
                      256),
                 "fence.proxy.tensormap");
  expectContains(with(fields + "tensormap.replace.tile.box_dim.shared::cta.b1024.b32 [%r7], 1, 300;\n", fence, 256),
                 "tensor map: dimension 1: box is 300");
  expectContains(with("tensormap.replace.tile.elemtype.shared::cta.b1024.b32 [%r7], 16;\n", fence, 256),
                 "has the value 16 when 0 to 15");
  expectContains(with("tensormap.replace.tile.box_dim.shared::cta.b1024.b32 [%r7], 5, 1;\n", fence, 256),
                 "has the ordinal 5 when 0 to 4");
  expectContains(
      with("add.s32 %r7, %r7, 64;\ntensormap.replace.tile.rank.shared::cta.b1024.b32 [%r7], 2;\n", fence, 256),
      "no tensor map at shared memory byte");
}

TEST(MapFields, MayAllBeZeroAtFirst) {
  auto in = counting(64 * 64);
  std::string zeros;
  for (unsigned at = 0; at < 128; at += 16)
    zeros += "st.shared.v4.b32 [%r7+" + std::to_string(at) + "], {0, 0, 0, 0};\n";
  std::string address = "mov.b64 %rd6, " + std::to_string(bufferWindow) +
                        ";\ntensormap.replace.tile.global_address.shared::cta.b1024.b64 [%r7], %rd6;\n"
                        "tensormap.replace.tile.element_stride.shared::cta.b1024.b32 [%r7], 0, 1;\n";
  std::string stride = "tensormap.replace.tile.element_stride.shared::cta.b1024.b32 [%r7], 1, 1;\n";
  auto with = [&](const std::string &first, const std::string &more) {
    std::string edit = "mov.u32 %r7, map;\n@%p1 bra R;\n" + first + fields + more + "R: bar.sync 0;\n" + fence +
                       "mov.b64 %rd1, %rd8;\n";
    return runMode(matrix(16, 4), in, "3d.shared::cta.global.tile", "{0, 1, 1}], [%r2]", "", "", 2 * 4 * 32, 256, edit);
  };
  ModeRun run = with(zeros, address + stride);
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.shared[0], in[512 + 64]);
  EXPECT_EQ(run.shared[32], in[512 + 128]);
  expectContains(with(zeros, address), "tensor map: dimension 1: element stride is 0");
  expectContains(with(zeros + "st.shared.b32 [%r7+12], 1;\n", address + stride), "no tensor map at shared memory byte");
}

} // namespace
} // namespace girih::sim

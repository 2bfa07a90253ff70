//===- TensorModesTest.cpp - Swizzle atoms, rows, columns, small types ----===//
#include "../../lib/Simulator/Memory/GlobalMemory.h"
#include "Harness.h"

namespace girih::sim {
namespace {

struct ModeRun {
  Report report;
  /// What the load left in shared memory, and the tensor after the store.
  std::vector<uint8_t> shared, stored;
  std::string verdict() const { return report.verdicts.empty() ? "" : report.verdicts[0].str(); }
};

/// Fills `bytes` of shared memory, loads a box into it, copies it out; then
/// stores it by the same map into a second tensor, which holds 0xcc.
ModeRun runMode(const TensorMapRecipe &recipe, const std::vector<uint8_t> &in, const std::string &load,
                const std::string &loadOperands, const std::string &store, const std::string &storeOperands,
                unsigned bytes, unsigned counted, const std::string &before = "") {
  std::string words = std::to_string(bytes / 4);
  std::string ptx =
      ".version 9.0\n.target sm_100a\n.address_size 64\n.extern .shared .align 1024 .b8 smem[];\n"
      ".visible .entry test(.param .align 64 .b8 m[128], .param .align 64 .b8 o[128], .param .u64 p, .param .u64 "
      "g)\n{\n"
      ".reg .pred %p<4>; .reg .b32 %r<8>; .reg .b64 %rd<12>; .reg .b16 %h<4>;\n"
      ".shared .align 128 .b8 map[128];\n"
      "ld.param.u64 %rd3, [p];\nld.param.u64 %rd8, [g];\n"
      "mov.b64 %rd1, m;\ncvta.param.u64 %rd1, %rd1;\nmov.b64 %rd2, o;\ncvta.param.u64 %rd2, %rd2;\n"
      "mov.u32 %r1, smem;\nadd.s32 %r2, %r1, 32768;\nmov.u32 %r3, %tid.x;\nsetp.ne.u32 %p1, %r3, 0;\n"
      "mov.b32 %r4, %r3;\nmov.b32 %r6, 0xcccccccc;\n"
      "F: mad.lo.s32 %r5, %r4, 4, %r1;\nst.shared.b32 [%r5], %r6;\nadd.s32 %r4, %r4, 32;\nsetp.lt.u32 %p3, %r4, " +
      words + ";\n@%p3 bra F;\n" + before + "fence.proxy.async;\nbar.sync 0;\n" + (load.empty() ? "bra C0;\n" : "") +
      "@%p1 bra W;\nmbarrier.init.shared::cta.b64 [%r2], 1;\nfence.mbarrier_init.release.cluster;\n"
      "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], " +
      std::to_string(counted) + ";\n" +
      (load.empty()
           ? ""
           : "cp.async.bulk.tensor." + load + ".mbarrier::complete_tx::bytes [%r1], [%rd1, " + loadOperands + ";\n") +
      "W: bar.sync 0;\nL: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r2], 0;\n@!%p2 bra L;\n"
      "C0: mov.b32 %r4, %r3;\nC: mad.lo.s32 %r5, %r4, 4, %r1;\nld.shared.b32 %r6, [%r5];\nmul.wide.u32 %rd4, %r4, 4;\n"
      "add.s64 %rd5, %rd3, %rd4;\nst.global.b32 [%rd5], %r6;\nadd.s32 %r4, %r4, 32;\n"
      "setp.lt.u32 %p3, %r4, " +
      words + ";\n@%p3 bra C;\n@%p1 bra E;\n" +
      (store.empty() ? ""
                     : "cp.async.bulk.tensor." + store + ".bulk_group [%rd2, " + storeOperands +
                           ", [%r1];\ncp.async.bulk.commit_group;\ncp.async.bulk.wait_group 0;\n") +
      "E: ret;\n}\n";
  Launch launch;
  launch.kernel = "test";
  launch.block[0] = 32;
  launch.dynamicSharedBytes = 40000;
  launch.buffers = {{"in", in, true},
                    {"copy", std::vector<uint8_t>(in.size(), 0xcc), false},
                    {"out", std::vector<uint8_t>(bytes), false},
                    {"maps", std::vector<uint8_t>(512), false}};
  for (unsigned i = 0; i < 4; ++i) {
    Argument argument;
    argument.kind = i < 2 ? Argument::Kind::TensorMap : Argument::Kind::Pointer;
    argument.buffer = i;
    argument.map = recipe;
    launch.arguments.push_back(argument);
  }
  ModeRun run;
  try {
    run.report = Simulator(ptx).run(launch, {});
  } catch (const Stop &stop) {
    run.report.verdicts.push_back(stop.found);
  }
  run.shared = launch.buffers[2].bytes;
  run.stored = launch.buffers[1].bytes;
  return run;
}

void expectContains(const ModeRun &run, const std::string &text) {
  EXPECT_NE(run.verdict().find(text), std::string::npos) << "verdict: " << run.verdict();
}

std::vector<uint8_t> counting(size_t bytes) {
  std::mt19937 random{unsigned(bytes)};
  std::vector<uint8_t> made(bytes);
  for (uint8_t &byte : made)
    byte = uint8_t(random());
  return made;
}

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

/// Channels, width, height, images of bytes.
TensorMapRecipe images(uint32_t w, uint32_t h, uint32_t n, uint32_t pixels) {
  TensorMapRecipe recipe;
  recipe.element = MapElement::U8;
  recipe.mode = MapMode::Im2col;
  recipe.rank = 4;
  recipe.sizes = {32, w, h, n};
  recipe.strides = {0, 32, 32 * w, 32 * w * h};
  recipe.channelsPerPixel = 16;
  recipe.pixelsPerColumn = pixels;
  return recipe;
}

TEST(Columns, ThePixelsOfAConvolution) {
  struct Case {
    int lower, upper, stride, w, h, n, offsetW, offsetH;
  };
  // The second one lies within the images; the last runs out of images.
  for (const Case &c : {Case{-1, -1, 1, 7, 7, 0, 0, 0}, Case{0, -2, 1, 3, 2, 0, 2, 2}, Case{-1, -1, 2, 5, 7, 1, 1, 1},
                        Case{0, 0, 1, 0, 0, 2, 0, 0}}) {
    const int width = 9, height = 10, count = 3, pixels = 64;
    TensorMapRecipe recipe = images(width, height, count, pixels);
    recipe.lowerCorner = {c.lower, c.lower}, recipe.upperCorner = {c.upper, c.upper};
    recipe.elementStrides = {1, uint32_t(c.stride), uint32_t(c.stride), 1, 1};
    auto in = counting(size_t(32 * width * height * count));
    auto text = [](int i) { return std::to_string(i); };
    ModeRun run =
        runMode(recipe, in, "4d.shared::cluster.global.im2col",
                "{8, " + text(c.w) + ", " + text(c.h) + ", " + text(c.n) + "}], [%r2], {%h1, %h2}", "", "", pixels * 16,
                pixels * 16, "mov.b16 %h1, " + text(c.offsetW) + ";\nmov.b16 %h2, " + text(c.offsetH) + ";\n");
    ASSERT_EQ(run.verdict(), "");
    // Walk over every base position of the filter, from the given one on.
    std::vector<std::array<int, 3>> bases;
    for (int n = c.n; n < count + 1; ++n)
      for (int h = n == c.n ? c.h : c.lower; h < height + c.upper; h += c.stride)
        for (int w = n == c.n && h == c.h ? c.w : c.lower; w < width + c.upper; w += c.stride)
          bases.push_back({w, h, n});
    for (int p = 0; p < pixels; ++p)
      for (int byte = 0; byte < 16; ++byte) {
        auto [w, h, n] = size_t(p) < bases.size() ? bases[size_t(p)] : std::array<int, 3>{0, 0, count};
        w += c.offsetW, h += c.offsetH;
        bool isInside = w >= 0 && w < width && h >= 0 && h < height && n < count;
        uint8_t expected = isInside ? in[size_t(((n * height + h) * width + w) * 32 + 8 + byte)] : 0;
        ASSERT_EQ(run.shared[size_t(p * 16 + byte)], expected) << p << " " << byte << " lower " << c.lower;
      }
  }
}

TEST(Columns, AreStoredWithoutOffsets) {
  TensorMapRecipe recipe = images(5, 4, 2, 16);
  auto in = counting(32 * 5 * 4 * 2);
  std::string zero = "mov.b16 %h1, 0;\n", offsets = ", {%h1, %h1}";
  ModeRun run = runMode(recipe, in, "4d.shared::cta.global.im2col", "{0, 3, 2, 0}], [%r2]" + offsets,
                        "4d.global.shared::cta.im2col_no_offs", "{16, 1, 1, 1}]", 256, 256, zero);
  ASSERT_EQ(run.verdict(), "");
  std::vector<uint8_t> stored(in.size(), 0xcc);
  for (size_t p = 0; p < 16; ++p)
    for (size_t byte = 0; byte < 16; ++byte)
      if (20 + 6 + p < 40)
        stored[(20 + 6 + p) * 32 + 16 + byte] = in[(13 + p) * 32 + byte];
  EXPECT_EQ(run.stored, stored);
  auto fails = [&](const std::string &from, const std::string &to, const std::string &text) {
    expectContains(runMode(recipe, in, "4d.shared::cta.global.im2col", from, "4d.global.shared::cta.im2col_no_offs", to,
                           256, 256, "mov.b16 %h1, 300;\nmov.b16 %h2, 0;\n"),
                   text);
  };
  fails("{0, 0, 0, 0}], [%r2], {%h2, %h2}", "{0, -1, 0, 0}]", "coordinate -1 of a column that is stored is negative");
  fails("{0, 0, 0, 0}], [%r2], {%h1, %h2}", "{0, 0, 0, 0}]", "im2col offset 300 is not below 256");
  recipe.lowerCorner = {-1, 0};
  fails("{0, 0, 0, 0}], [%r2], {%h2, %h2}", "{0, 0, 0, 0}]", "leaves the tensor: corners -1 and 0");
  expectContains(runMode(recipe, in, "4d.shared::cta.global.tile", "{0, 0, 0, 0}], [%r2]", "", "", 256, 256),
                 "the tensor map is for im2col and the copy for tiles");
  expectContains(
      runMode(recipe, in, "4d.shared::cta.global.im2col::w", "{0, 0, 0, 0}], [%r2], {%h1, %h2}", "", "", 256, 256),
      "modifier '.im2col::w'");
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

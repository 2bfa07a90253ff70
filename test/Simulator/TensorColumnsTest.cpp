//===- TensorColumnsTest.cpp - The pixels of convolutions -----------------===//
#include "TensorModes.h"

namespace girih::sim {
namespace {

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
  expectContains(runMode(recipe, in, "4d.shared::cta.global.im2col::w", "{0, 0, 0, 0}], [%r2], {%h1, %h2}", "", "", 256,
                         256, "mov.b16 %h1, 0;\nmov.b16 %h2, 0;\n"),
                 "the tensor map is for im2col and the copy for im2col::w");
}

struct Width {
  MapMode mode;
  int lower, upper, stride, w, halo, offset, width;
};

ModeRun runWidth(const Width &c, const std::vector<uint8_t> &in, unsigned pixels, unsigned count) {
  TensorMapRecipe recipe = images(uint32_t(c.width), 3, count, 20);
  recipe.mode = c.mode;
  recipe.sizes[0] = recipe.channelsPerPixel = 64;
  recipe.strides = {0, 64, 64 * uint64_t(c.width), 192 * uint64_t(c.width)};
  recipe.swizzle = 64;
  recipe.lowerCorner = {c.lower}, recipe.upperCorner = {c.upper};
  recipe.elementStrides[1] = uint32_t(c.stride);
  auto text = [](int i) { return std::to_string(i); };
  return runMode(recipe, in,
                 std::string("4d.shared::cluster.global.im2col::w") + (c.mode == MapMode::Im2colWidth ? "" : "::128"),
                 "{0, " + text(c.w) + ", 2, 1}], [%r2], {%h1, %h2}", "", "", pixels * 64, pixels * 64,
                 "mov.b16 %h1, " + text(c.halo) + ";\nmov.b16 %h2, " + text(c.offset) + ";\n");
}

TEST(Columns, AlongTheWidth) {
  const MapMode plain = MapMode::Im2colWidth, grouped = MapMode::Im2colWidth128;
  const unsigned count = 6;
  // Rows of several images, with steps, from the left of the box, in one row; halos behind all or each 32.
  for (const Width &c : {Width{plain, -1, 0, 1, 3, 2, 0, 9}, Width{plain, 0, -1, 2, 0, 1, 1, 67},
                         Width{plain, -1, 0, 1, -4, 0, 3, 30}, Width{grouped, -1, 0, 1, 0, 2, 0, 40},
                         Width{grouped, 0, 0, 2, 4, 3, 1, 300}, Width{grouped, 0, 0, 1, 0, 0, 0, 7}}) {
    auto in = counting(size_t(192 * c.width) * count);
    // The positions of the filter, from the first one on.
    std::vector<std::pair<int, unsigned>> bases, expected;
    for (unsigned n = 1; bases.size() < 160; ++n)
      for (int w = n == 1 ? c.w : c.lower; w < c.width + c.upper; w += c.stride)
        bases.push_back({w, n});
    unsigned group = c.mode == plain ? 20 : 32, groups = c.mode == plain ? 1 : 4;
    for (unsigned g = 0; g < groups; ++g)
      for (unsigned p = 0; p < group + unsigned(c.halo); ++p)
        expected.push_back(bases[g * group + p]);
    ModeRun run = runWidth(c, in, unsigned(expected.size()), count);
    ASSERT_EQ(run.verdict(), "") << c.width;
    for (size_t p = 0; p < expected.size(); ++p)
      for (size_t byte = 0; byte < 64; ++byte) {
        auto [w, n] = expected[p];
        w += c.offset;
        bool isInside = w >= 0 && w < c.width && n < count;
        uint8_t value = isInside ? in[((n * 3 + 2) * size_t(c.width) + size_t(w)) * 64 + byte] : 0;
        size_t at = p * 64 + byte, chunk = at / 16 % 4 ^ at / 128 % 4;
        ASSERT_EQ(run.shared[at / 64 * 64 + chunk * 16 + at % 16], value) << c.width << " " << p << " " << byte;
      }
  }
}

TEST(Columns, AlongTheWidthWithinTheRules) {
  const MapMode plain = MapMode::Im2colWidth, grouped = MapMode::Im2colWidth128;
  auto fails = [](const Width &c, const std::string &text) {
    expectContains(runWidth(c, counting(size_t(192 * c.width) * 6), c.mode == plain ? 20 : 128, 6), text);
  };
  fails({plain, 0, 0, 1, 0, 512, 0, 9}, "wHalo 512 is not below 512");
  fails({grouped, 0, 0, 1, 0, 32, 0, 9}, "wHalo 32 is not below 32");
  fails({plain, 0, 0, 1, 0, 0, 32, 9}, "wOffset 32 is not below 32");
  fails({plain, 0, -2, 1, 7, 0, 0, 9}, "the first pixel at width 7 lies behind the bounding box, which ends at 6");
  // Where a halo lies that follows the end of the box is not known: nobody may use it.
  Width c{plain, 0, 0, 1, 0, 1, 0, 10};
  EXPECT_NE(runWidth(c, counting(1920 * 6), 21, 6).verdict().find("uninitialised"), std::string::npos);
}

} // namespace
} // namespace girih::sim

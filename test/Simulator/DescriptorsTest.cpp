//===- DescriptorsTest.cpp - Descriptors bit by bit -----------------------===//
#include "../../lib/Simulator/Descriptors/InstructionDescriptor.h"
#include "../../lib/Simulator/Descriptors/MatrixDescriptor.h"
#include "../../lib/Simulator/Descriptors/Swizzle.h"
#include "../../lib/Simulator/Descriptors/TensorMap.h"
#include "../../lib/Simulator/Descriptors/ZeroColumnMask.h"
#include "Harness.h"

namespace girih::sim {
namespace {

TEST(MatrixDescriptor, HopperFields) {
  uint64_t bits = 0x12340 >> 4 | uint64_t(0x1000 >> 4) << 16 | uint64_t(0x400 >> 4) << 32 | uint64_t(1) << 62;
  MatrixDescriptor d = decodeMatrixDescriptor90(bits);
  EXPECT_EQ(d.start, 0x12340u);
  EXPECT_EQ(d.leading, 0x1000u);
  EXPECT_EQ(d.stride, 0x400u);
  EXPECT_EQ(d.swizzle, 128u);
  EXPECT_EQ(d.problem, "");
  EXPECT_EQ(decodeMatrixDescriptor90(uint64_t(2) << 62).swizzle, 64u);
  EXPECT_EQ(decodeMatrixDescriptor90(uint64_t(3) << 62).swizzle, 32u);
  EXPECT_EQ(decodeMatrixDescriptor90(0).swizzle, 0u);
}

TEST(MatrixDescriptor, SaysWhatItCannotUse) {
  auto problem = [](uint64_t bits) { return decodeMatrixDescriptor100(uint64_t(1) << 46 | bits).problem; };
  // An address of more than 18 bits reaches beyond its field.
  EXPECT_NE(decodeMatrixDescriptor90(uint64_t(0x40400 >> 4)).problem.find("18 bits"), std::string::npos);
  EXPECT_NE(problem(uint64_t(0x40400 >> 4)).find("18 bits"), std::string::npos);
  EXPECT_EQ(decodeMatrixDescriptor100(0).problem, "bits 46 to 48 are 0 when they should be 1");
  EXPECT_EQ(problem(0), "");
  EXPECT_EQ(problem(uint64_t(1) << 52), "an absolute leading dimension address, which only sm_103a has");
  EXPECT_EQ(problem(uint64_t(5) << 53), "bits 53 to 60 are 5 when they should be 0");
  EXPECT_EQ(problem(uint64_t(3) << 61), "layout type is 3 when it should be 0, 1, 2, 4 or 6");
}

TEST(MatrixDescriptor, BlackwellLayouts) {
  uint64_t version = uint64_t(1) << 46;
  EXPECT_EQ(decodeMatrixDescriptor100(version | uint64_t(2) << 61).swizzle, 128u);
  EXPECT_EQ(decodeMatrixDescriptor100(version | uint64_t(4) << 61).swizzle, 64u);
  EXPECT_EQ(decodeMatrixDescriptor100(version | uint64_t(6) << 61).swizzle, 32u);
}

TEST(MatrixDescriptor, KMajorOffsets) {
  MatrixDescriptor d;
  d.stride = 1024;
  d.swizzle = 128;
  EXPECT_EQ(d.offsetOf(0, 16, false), 16u);
  EXPECT_EQ(d.offsetOf(9, 32, false), 1024u + 128 + 32);
  EXPECT_EQ(d.addressOf(9, 32, false), 1024u + 128 + (32 ^ 16));
  d.swizzle = 0;
  d.leading = 2048;
  EXPECT_EQ(d.offsetOf(9, 16, false), 1024u + 16 + 2048);
}

TEST(MatrixDescriptor, MnMajorOffsets) {
  MatrixDescriptor d;
  d.leading = 4096;
  d.stride = 1024;
  d.swizzle = 128;
  // Byte 160 along n is in the second group of 128 bytes; line 9 of k in the
  // second group of 8 lines.
  EXPECT_EQ(d.offsetOf(9, 160, true), 4096u + 32 + 128 + 1024);
}

TEST(Swizzle, IsAnInvolutionWithinItsSpan) {
  for (uint32_t span : {32u, 64u, 128u})
    for (uint32_t address = 0; address < 4096; address += 16) {
      EXPECT_EQ(swizzle(swizzle(address, span), span), address);
      EXPECT_EQ(swizzle(address, span) / span, address / span);
    }
  EXPECT_EQ(swizzle(3 * 128 + 5 * 16, 128), 3u * 128 + (5 ^ 3) * 16);
  EXPECT_EQ(swizzle(5 * 128 + 2 * 32, 128, 32), 5u * 128 + (2 ^ 1) * 32);
}

TEST(InstructionDescriptor, Fields) {
  uint32_t bits = 1 << 4 | 1 << 7 | 1 << 10 | 1 << 13 | 1 << 16 | (64 / 8) << 17 | (128 / 16) << 24;
  auto d = decodeInstructionDescriptor(bits, MatrixKind::F16);
  EXPECT_EQ(d.problem, "");
  EXPECT_EQ(d.m, 128u);
  EXPECT_EQ(d.n, 64u);
  EXPECT_EQ(d.k, 16u);
  EXPECT_EQ(d.a, Type::BF16);
  EXPECT_EQ(d.accumulator, Type::F32);
  EXPECT_TRUE(d.negatesA && !d.negatesB && !d.transposesA && d.transposesB);
}

TEST(InstructionDescriptor, BlockScaled) {
  uint32_t bits = 2 << 4 | 1 << 7 | 1 << 10 | 1 << 23 | (32 / 8) << 17 | (128 / 16) << 24 | 3u << 29;
  auto d = decodeInstructionDescriptor(bits, MatrixKind::MXF4);
  EXPECT_EQ(d.problem, "");
  EXPECT_EQ(d.k, 64u);
  EXPECT_EQ(d.scaleB, 2u);
  EXPECT_EQ(d.scaleA, 3u);
  EXPECT_EQ(d.scale, Type::UE8M0);
  EXPECT_EQ(d.a, Type::E2M1);
}

TEST(InstructionDescriptor, SaysWhatIsWrong) {
  uint32_t shape = (64 / 8) << 17 | (128 / 16) << 24;
  auto problem = [](uint32_t bits, MatrixKind kind) { return decodeInstructionDescriptor(bits, kind).problem; };
  EXPECT_EQ(problem(2 << 4 | shape, MatrixKind::F16), "accumulator format 2 does not belong to the kind");
  EXPECT_EQ(problem(1 << 7 | shape, MatrixKind::F16), "accumulator format 0 does not belong to the kind"); // bf16
  EXPECT_EQ(problem(2 << 7 | 2 << 10 | shape, MatrixKind::TF32), "accumulator format 0 does not belong to the kind");
  EXPECT_EQ(problem(1 << 4 | 7 << 7 | shape, MatrixKind::F16), "operand formats 7 and 0 do not belong to the kind");
  EXPECT_EQ(problem(1 << 4 | 1 << 3 | shape, MatrixKind::F16), "saturation is for integer types");
  EXPECT_EQ(problem(1 << 4 | 1 << 6 | shape, MatrixKind::F16), "reserved bit 6 and on is 1 when it should be 0");
  EXPECT_EQ(problem(1 << 7 | 1 << 10 | 1 << 23 | 1u << 31 | shape, MatrixKind::MXF4),
            "a K of 96, which only sm_103a has");
  EXPECT_EQ(problem(1 << 23 | 1u << 31 | shape, MatrixKind::MXF8F6F4), "reserved bit 31 is 1 when it should be 0");
  EXPECT_EQ(problem(1 << 23 | 5 << 24 | shape, MatrixKind::MXF8F6F4),
            "reserved bit 24 and on is 5 when it should be 0");
  EXPECT_EQ(decodeInstructionDescriptor(1 << 4 | 1 << 2 | shape, MatrixKind::F16).k, 32u); // sparse
}

/// PTX ISA, "Matrix Shape": rows and columns of every kind, by a list.
TEST(InstructionRules, Shapes) {
  struct Row {
    MatrixKind kind;
    uint32_t group;
    bool ws, sparse;
    std::vector<uint32_t> m;
    bool (*hasN)(uint32_t n);
  };
  auto by8 = [](uint32_t n) { return n % 8 == 0; };
  auto by16 = [](uint32_t n) { return n % 16 == 0; };
  auto by32 = [](uint32_t n) { return n % 32 == 0; };
  auto integer = [](uint32_t n) { return n == 8 || n == 24 || n % 16 == 0; };
  auto powers = [](uint32_t n) { return n == 64 || n == 128 || n == 256; };
  auto twoPowers = [](uint32_t n) { return n == 64 || n == 128; };
  std::vector<Row> rows;
  for (MatrixKind kind : {MatrixKind::F16, MatrixKind::TF32, MatrixKind::F8F6F4})
    for (bool sparse : {false, true}) {
      rows.push_back({kind, 1, false, sparse, {64, 128}, by8});
      rows.push_back({kind, 2, false, sparse, {128, 256}, by16});
    }
  rows.push_back({MatrixKind::I8, 1, false, false, {64, 128}, integer});
  rows.push_back({MatrixKind::I8, 2, false, true, {128, 256}, by32});
  for (MatrixKind kind : {MatrixKind::F16, MatrixKind::TF32, MatrixKind::F8F6F4, MatrixKind::I8}) {
    rows.push_back({kind, 1, true, false, {32, 64, 128}, powers});
    rows.push_back({kind, 1, true, true, {32, 64, 128}, twoPowers});
  }
  for (MatrixKind kind : {MatrixKind::MXF8F6F4, MatrixKind::MXF4, MatrixKind::MXF4NVF4}) {
    rows.push_back({kind, 1, false, false, {128}, by8});
    rows.push_back({kind, 2, false, false, {128, 256}, by16});
    rows.push_back({kind, 2, false, true, {256}, by16});
  }
  for (const Row &row : rows)
    for (uint32_t m = 16; m <= 256; m += 16)
      for (uint32_t n = 0; n <= 256; n += 8) {
        InstructionDescriptor d;
        d.m = m;
        d.n = n;
        d.isSparse = row.sparse;
        bool isLegal = std::count(row.m.begin(), row.m.end(), m) && n && row.hasN(n);
        EXPECT_EQ(checkInstruction(d, {row.kind, row.group, row.ws, 0}).empty(), isLegal)
            << unsigned(row.kind) << " " << row.group << " " << row.ws << row.sparse << " " << m << "x" << n;
      }
}

TEST(InstructionRules, Messages) {
  InstructionDescriptor d;
  auto check = [&](uint32_t m, uint32_t n, InstructionForm form) {
    d.m = m;
    d.n = n;
    return checkInstruction(d, form);
  };
  EXPECT_EQ(check(32, 64, {}), "m is 32 when .kind::f16 with .cta_group::1 has 64 or 128");
  EXPECT_EQ(check(256, 64, {MatrixKind::F16, 1, true}),
            "m is 256 when .ws.kind::f16 with .cta_group::1 has 32, 64 or 128");
  EXPECT_EQ(check(128, 24, {MatrixKind::TF32, 2}),
            "n is 24 when .kind::tf32 with .cta_group::2 has multiples of 16 up to 256");
  EXPECT_EQ(check(64, 32, {MatrixKind::F16, 1, true}),
            "n is 32 when .ws.kind::f16 with .cta_group::1 has 64, 128 or 256");
  d.transposesB = true;
  EXPECT_EQ(check(64, 24, {MatrixKind::I8}),
            "n is 24 when .kind::i8 with .cta_group::1 and transposed B has multiples of 16 up to 256");
  EXPECT_EQ(check(128, 64, {MatrixKind::MXF4, 1, false, 2}),
            "operands are transposed, which .kind::mxf4 with .cta_group::1 cannot");
  d.b = Type::E2M1;
  EXPECT_EQ(check(128, 64, {MatrixKind::F8F6F4}), "operands of less than 8 bits are transposed");
  d = {};
  d.negatesA = true;
  EXPECT_EQ(check(128, 64, {MatrixKind::I8}), "operands are negated, which .kind::i8 cannot");
  d = {};
  d.isSparse = true;
  d.sparsitySelector = 1;
  EXPECT_EQ(check(128, 64, {MatrixKind::I8}), "the sparsity selector is 1 when .kind::i8 with .cta_group::1 has 0");
  d = {};
  d.scale = Type::E4M3;
  EXPECT_EQ(check(128, 64, {MatrixKind::MXF4, 1, false, 2}),
            "the scale type is 0 (ue4m3) when .kind::mxf4 with .cta_group::1 and .scale_vec::2X has 1 (ue8m0)");
  d = {};
  d.scaleA = 1;
  EXPECT_EQ(check(128, 64, {MatrixKind::MXF4, 1, false, 2}),
            "a scale factor ID is 1 when .scale_vec::2X has multiples of 2");
}

/// The examples of the PTX ISA, "Zero-Column Mask Descriptor", lowest column
/// first.
TEST(ZeroColumnMask, ExamplesOfTheIsa) {
  auto mask = [](uint64_t bits, uint32_t m, uint32_t n) {
    std::string text;
    for (bool isZero : decodeZeroColumnMask(bits | uint64_t(2) << 40 | uint64_t(3) << 48, m, n).isZero)
      text += isZero ? '1' : '0';
    return text;
  };
  const uint64_t on = uint64_t(1) << 39, one = uint64_t(1) << 32;
  EXPECT_EQ(mask(0, 128, 16), "0000000000000000");
  EXPECT_EQ(mask(on, 128, 16), "0000111000011100");
  EXPECT_EQ(mask(on | one, 64, 32), "1110000111000011"
                                    "0000111000011100");
  EXPECT_EQ(mask(on | one | one << 1 | 1 << 8 | 2 << 16 | 1 << 24, 32, 64), "1110000111000011"
                                                                            "1100001110000111"
                                                                            "0011100001110000"
                                                                            "0001110000111000");
}

TEST(ZeroColumnMask, SaysWhatItCannotUse) {
  auto problem = [](uint64_t bits, uint32_t m) { return decodeZeroColumnMask(bits, m, 64).problem; };
  EXPECT_EQ(problem(uint64_t(17) << 56, 32), "a column shift of 17 when m = 32 has at most 16");
  EXPECT_EQ(problem(uint64_t(17) << 56, 64), "");
  EXPECT_EQ(problem(uint64_t(1) << 36, 64), "reserved bits are set");
  EXPECT_EQ(problem(uint64_t(1) << 39 | uint64_t(3) << 48 | 5, 128),
            "start count 0 is 5 when the first span has 4 columns");
}

TensorMapRecipe recipe2d(uint64_t columns, uint64_t rows, uint32_t boxColumns, uint32_t boxRows) {
  TensorMapRecipe recipe;
  recipe.element = MapElement::BF16;
  recipe.rank = 2;
  recipe.sizes = {columns, rows};
  recipe.strides = {2, columns * 2};
  recipe.box = {boxColumns, boxRows};
  return recipe;
}

TEST(TensorMap, EncodeDecode) {
  TensorMapRecipe recipe = recipe2d(96, 50, 64, 8);
  recipe.swizzle = 128;
  recipe.fillsNaN = true;
  auto bytes = encodeTensorMap(recipe, 4096);
  auto map = decodeTensorMap(bytes.data());
  ASSERT_TRUE(map);
  EXPECT_EQ(map->address, 4096u);
  EXPECT_EQ(map->recipe.sizes, recipe.sizes);
  EXPECT_EQ(map->recipe.strides[1], recipe.strides[1]);
  EXPECT_EQ(map->recipe.box, recipe.box);
  EXPECT_EQ(map->recipe.swizzle, 128u);
  EXPECT_TRUE(map->recipe.fillsNaN);
  EXPECT_EQ(map->rowBytes(), 64u * 2);
  bytes[12] ^= 1;
  EXPECT_FALSE(decodeTensorMap(bytes.data()));
}

TEST(TensorMap, RowsAtTheEdges) {
  auto bytes = encodeTensorMap(recipe2d(96, 50, 64, 8), 4096);
  auto map = *decodeTensorMap(bytes.data());
  auto rows = rowsOfBox(map, {64, 46});
  ASSERT_EQ(rows.size(), 8u);
  EXPECT_EQ(rows[1].globalAddress, 4096u + (47 * 96 + 64) * 2);
  EXPECT_EQ(rows[1].first, 0u);
  EXPECT_EQ(rows[1].last, 64u); // 96 - 64 elements
  EXPECT_EQ(rows[3].last, 64u);
  EXPECT_EQ(rows[4].last, 0u); // row 50 is outside
  auto before = rowsOfBox(map, {-10, -1});
  EXPECT_EQ(before[0].last, 0u);
  EXPECT_EQ(before[1].first, 20u);
  EXPECT_EQ(before[1].globalAddress, 4096u);
}

TEST(TensorMap, Limits) {
  EXPECT_EQ(checkTensorMap(recipe2d(96, 50, 64, 8), 4096), "");
  EXPECT_NE(checkTensorMap(recipe2d(96, 50, 64, 8), 4104), "");
  EXPECT_NE(checkTensorMap(recipe2d(97, 50, 64, 8), 4096), "");   // stride 194
  EXPECT_NE(checkTensorMap(recipe2d(96, 50, 64, 257), 4096), ""); // box
  EXPECT_NE(checkTensorMap(recipe2d(96, 50, 4, 8), 4096), "");    // 8 bytes
  TensorMapRecipe wide = recipe2d(96, 50, 80, 8);
  wide.swizzle = 128;
  EXPECT_NE(checkTensorMap(wide, 4096), "");
}

void expectRefused(const TensorMapRecipe &recipe, const std::string &text) {
  EXPECT_NE(checkTensorMap(recipe, 4096).find(text), std::string::npos) << checkTensorMap(recipe, 4096);
}

TEST(TensorMap, RefusesWhatTheDriverRefuses) {
  TensorMapRecipe recipe = recipe2d(96, 50, 64, 8);
  recipe.swizzle = 64, recipe.swizzleAtom = 32;
  expectRefused(recipe, "a swizzle of 64 bytes has no atoms of 32 bytes");
  recipe.swizzle = 128, recipe.swizzleAtom = 64, recipe.flipsHalves = true;
  expectRefused(recipe, "no atoms of 64 bytes with flipped halves");
  recipe = recipe2d(96, 50, 64, 8);
  recipe.interleave = 32;
  expectRefused(recipe, "an interleave of 32 bytes is not simulated");
  recipe.interleave = 0, recipe.element = MapElement::U16, recipe.fillsNaN = true;
  expectRefused(recipe, "cannot be NaN in a tensor of integers");
  TensorMapRecipe packed = recipe2d(256, 50, 128, 8);
  packed.element = MapElement::U6x16Padded;
  packed.strides[1] = 192;
  EXPECT_EQ(checkTensorMap(packed, 4096), "");
  EXPECT_NE(checkTensorMap(packed, 4096 + 16).find("not a multiple of 32"), std::string::npos);
  packed.box[0] = 64;
  expectRefused(packed, "64 elements when a padded type needs 128");
  packed.box[0] = 128, packed.sizes[0] = 192;
  expectRefused(packed, "size is 192 when it should be a multiple of 128");
  packed.sizes[0] = 256, packed.strides[1] = 208;
  expectRefused(packed, "stride is 208 bytes when it should be a multiple of 32");
  packed.strides[1] = 192, packed.swizzle = 64;
  expectRefused(packed, "the swizzle allows 64");
  packed.swizzle = 128, packed.element = MapElement::U4x16Padded, packed.swizzleAtom = 64;
  expectRefused(packed, "16U4_ALIGN16B has no atoms of 64 bytes");
  TensorMapRecipe column = recipe2d(64, 9, 0, 0);
  column.mode = MapMode::Im2col;
  column.channelsPerPixel = 64, column.pixelsPerColumn = 32;
  expectRefused(column, "rank is 2 when im2col needs 3 to 5");
  column.rank = 4, column.sizes = {64, 9, 14, 4}, column.strides = {0, 128, 1152, 16128};
  column.elementStrides = {1, 1, 1, 1, 1};
  EXPECT_EQ(checkTensorMap(column, 4096), "");
  column.lowerCorner = {-129, 0};
  expectRefused(column, "corner -129 is not within -128 to 127");
  column.lowerCorner = {5, 0}, column.upperCorner = {-4, 0};
  expectRefused(column, "the bounding box from 5 to 4 is empty");
  column.lowerCorner = {0, 0}, column.pixelsPerColumn = 1025;
  expectRefused(column, "pixels per column are 1025");
  column.pixelsPerColumn = 8, column.channelsPerPixel = 257;
  expectRefused(column, "channels per pixel are 257");
  // Along the width alone: one corner, of any dimensionality; no pixels of a fixed number.
  column.mode = MapMode::Im2colWidth, column.channelsPerPixel = 64, column.swizzle = 128;
  column.lowerCorner = {-200}, column.pixelsPerColumn = 1024;
  EXPECT_EQ(checkTensorMap(column, 4096), "");
  column.lowerCorner = {-32769};
  expectRefused(column, "corner -32769 is not within -32768 to 32767");
  column.lowerCorner = {0}, column.pixelsPerColumn = 0;
  expectRefused(column, "pixels per column are 0");
  column.mode = MapMode::Im2colWidth128;
  EXPECT_EQ(checkTensorMap(column, 4096), "");
  column.swizzle = 32, column.channelsPerPixel = 16;
  expectRefused(column, "needs a swizzle of 64 bytes");
  column.swizzle = 128, column.swizzleAtom = 32;
  EXPECT_EQ(checkTensorMap(column, 4096), "");
  column.flipsHalves = true;
  expectRefused(column, "needs a swizzle of 64 bytes");
}

} // namespace
} // namespace girih::sim

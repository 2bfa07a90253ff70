//===- DescriptorsTest.cpp - Descriptors bit by bit -----------------------===//
#include "../../lib/Simulator/Descriptors/InstructionDescriptor.h"
#include "../../lib/Simulator/Descriptors/MatrixDescriptor.h"
#include "../../lib/Simulator/Descriptors/Swizzle.h"
#include "../../lib/Simulator/Descriptors/TensorMap.h"
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
  EXPECT_NE(decodeInstructionDescriptor(2 << 4 | shape, MatrixKind::F16).problem, "");
  EXPECT_NE(decodeInstructionDescriptor(1 << 4 | shape | 1 << 2, MatrixKind::F16).problem, "");
  EXPECT_NE(decodeInstructionDescriptor(1 << 4 | 7 << 7 | shape, MatrixKind::F16).problem, "");
  EXPECT_NE(decodeInstructionDescriptor(1 << 4 | (8 / 8) << 17 | 8 << 24, MatrixKind::F16).problem, "");
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
  EXPECT_EQ(map->boxBytes(), 64u * 8 * 2);
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
  EXPECT_EQ(rows[1].last, 32u); // 96 - 64
  EXPECT_EQ(rows[3].last, 32u);
  EXPECT_EQ(rows[4].last, 0u); // row 50 is outside
  auto before = rowsOfBox(map, {-10, -1});
  EXPECT_EQ(before[0].last, 0u);
  EXPECT_EQ(before[1].first, 10u);
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

} // namespace
} // namespace girih::sim

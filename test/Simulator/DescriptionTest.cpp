//===- DescriptionTest.cpp - Tensor maps of a launch description ----------===//
#include "../../lib/Simulator/Launch/Description.h"

#include "girih/Simulator/Verdict.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace girih::sim {
namespace {

Argument parseMapArgument(const std::string &fields) {
  auto json = nlohmann::json::parse(
      R"({"girih_launch": 1, "ptx": "gemm_sm90_cluster1.ptx", "kernel": "k", "buffers": [{"name": "a", "elements": 4096}],
          "arguments": [{"kind": "tensor_map", "buffer": "a", )" +
      fields + "}]}");
  return parseDescription(json, SIMULATOR_TEST_DIRECTORY "/Kernels").launch.arguments.at(0);
}

std::string complaint(const std::string &fields) {
  try {
    parseMapArgument(fields);
  } catch (const Stop &stop) {
    return stop.found.message;
  }
  return "";
}

TEST(Description, TensorMapFields) {
  TensorMapRecipe tile =
      parseMapArgument(R"("dtype": "b6x16_p32", "sizes": [256, 4, 3], "box": [128, 2, 1], "swizzle": 128,
      "swizzle_atom": 32, "swizzle_flip": true, "element_strides": [1, 2, 1])")
          .map;
  EXPECT_EQ(tile.element, MapElement::U6x16Padded);
  EXPECT_EQ(tile.strides[1], 192u);
  EXPECT_EQ(tile.strides[2], 768u);
  EXPECT_EQ(tile.swizzleAtom, 32u);
  EXPECT_TRUE(tile.flipsHalves);
  EXPECT_EQ(tile.elementStrides[1], 2u);
  TensorMapRecipe column = parseMapArgument(R"("dtype": "f16", "sizes": [64, 9, 14, 4], "im2col": {"lower": [-1, -2],
      "upper": [1, 0], "channels": 32, "pixels": 128})")
                               .map;
  EXPECT_EQ(column.mode, MapMode::Im2col);
  EXPECT_EQ(column.lowerCorner[1], -2);
  EXPECT_EQ(column.upperCorner[0], 1);
  EXPECT_EQ(column.channelsPerPixel, 32u);
  EXPECT_EQ(column.pixelsPerColumn, 128u);
}

TEST(Description, TensorMapComplaints) {
  EXPECT_NE(complaint(R"("dtype": "f16", "sizes": [64, 9], "box": [64])").find("2 sizes and 1 box sizes"),
            std::string::npos);
  EXPECT_NE(complaint(R"("dtype": "f16", "sizes": [])").find("0 sizes"), std::string::npos);
  EXPECT_NE(complaint(R"("dtype": "f12", "sizes": [64])").find("unknown element type 'f12'"), std::string::npos);
  EXPECT_NE(complaint(R"("dtype": "f16", "sizes": [64, 9, 3], "im2col": {"channels": 8})").find("'pixels' is missing"),
            std::string::npos);
  EXPECT_NE(complaint(R"("dtype": "f16", "sizes": [64], "box": [64], "element_strides": [1, 1, 1, 1, 1, 1])")
                .find("'element_strides' should be a list of up to 5"),
            std::string::npos);
}

} // namespace
} // namespace girih::sim

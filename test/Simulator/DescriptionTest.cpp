//===- DescriptionTest.cpp - What a launch description may say ------------===//
#include "../../lib/Simulator/Launch/Description.h"

#include "girih/Simulator/Verdict.h"

#include <cmath>
#include <cstring>
#include <fstream>
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
  column = parseMapArgument(R"("dtype": "f16", "sizes": [64, 9, 14, 4], "im2col": {"mode": "w128", "lower": [-200],
      "channels": 64}, "swizzle": 128)")
               .map;
  EXPECT_EQ(column.mode, MapMode::Im2colWidth128);
  EXPECT_EQ(column.lowerCorner[0], -200);
}

void expectComplaint(const std::string &found, const std::string &wanted) {
  EXPECT_EQ(found, "launch description: " + wanted);
}

TEST(Description, TensorMapComplaints) {
  const std::string at = "/arguments/0/";
  expectComplaint(complaint(R"("dtype": "f16", "sizes": [64, 9], "box": [64])"),
                  at + "box: has 1 numbers when it should have 2");
  expectComplaint(complaint(R"("dtype": "f16", "sizes": [])"), at + "sizes: has 0 sizes when it should have 1 to 5");
  EXPECT_NE(complaint(R"("dtype": "f12", "sizes": [64])").find(at + "dtype: unknown 'f12'; there are u8, u16, "),
            std::string::npos);
  expectComplaint(complaint(R"("dtype": "f16", "sizes": [64, 9, 3], "im2col": {"channels": 8})"),
                  at + "im2col: member 'pixels' is missing");
  expectComplaint(complaint(R"("dtype": "f16", "sizes": [64, 9, 3], "im2col": {"mode": "w", "lower": [0, 0]})"),
                  at + "im2col/lower: has 2 numbers when it should have 1");
  expectComplaint(complaint(R"("dtype": "f16", "sizes": [64, 9, 3], "im2col": {"mode": "w128", "pixels": 8})"),
                  at + "im2col: unknown 'pixels'; there are mode, lower, upper, channels");
  expectComplaint(complaint(R"("dtype": "f16", "sizes": [64], "box": [64], "element_strides": [1, 1, 1, 1, 1, 1])"),
                  at + "element_strides: has 6 numbers when it should have 1");
  expectComplaint(complaint(R"("dtype": "f16", "sizes": [64, 2], "box": [64, 1], "strides": [])"),
                  at + "strides: has 0 numbers when it should have 1");
  expectComplaint(complaint(R"("dtype": "f16", "sizes": [-1], "box": [64])"),
                  at + "sizes/0: is -1 when it should be an integer from 1 to 4294967296");
  expectComplaint(complaint(R"("dtype": "f16", "sizes": [64], "box": [4294967296])"),
                  at + "box/0: is 4294967296 when it should be an integer from 0 to 4294967295");
  expectComplaint(complaint(R"("dtype": "f16", "sizes": [64], "box": [64], "fill": "one")"),
                  at + "fill: unknown 'one'; there are zero, nan");
}

/// What a description complains about in which these members replace or join
/// those of a right one.
std::string launchComplaint(const std::string &members) {
  auto json = nlohmann::json::parse(R"({"girih_launch": 1, "ptx": "gemm_sm90_cluster1.ptx", "kernel": "k"})");
  json.update(nlohmann::json::parse("{" + members + "}"));
  try {
    parseDescription(json, SIMULATOR_TEST_DIRECTORY "/Kernels");
  } catch (const Stop &stop) {
    return stop.found.message;
  }
  return "";
}

TEST(Description, NumbersDoNotWrap) {
  EXPECT_EQ(launchComplaint(R"("grid": [1, 2, 3], "block": 128, "shared_bytes": 4096)"), "");
  const std::string word = " when it should be an integer from 0 to 4294967295";
  expectComplaint(launchComplaint(R"("grid": [-1])"), "/grid/0: is -1" + word);
  expectComplaint(launchComplaint(R"("block": 4294967296)"), "/block: is 4294967296" + word);
  expectComplaint(launchComplaint(R"("cluster": [1, 1.5])"), "/cluster/1: is 1.5" + word);
  expectComplaint(launchComplaint(R"("grid": [1, 1, 1, 1])"), "/grid: has 4 sizes when it should have up to 3");
  expectComplaint(launchComplaint(R"("shared_bytes": -1)"), "/shared_bytes: is -1" + word);
  expectComplaint(launchComplaint(R"("registers": 256)"),
                  "/registers: is 256 when it should be an integer from 1 to 255");
  expectComplaint(launchComplaint(R"("multiprocessors": 0)"),
                  "/multiprocessors: is 0 when it should be an integer from 1 to 1024");
  expectComplaint(launchComplaint(R"("roles": [{"name": "load", "warps": -1}])"),
                  "/roles/0/warps: is -1 when it should be an integer from 1 to 32");
  expectComplaint(launchComplaint(R"("buffers": [{"name": "a", "elements": -1}])"),
                  "/buffers/0/elements: is -1 when it should be an integer from 0 to 4294967296");
  expectComplaint(launchComplaint(R"("buffers": [{"name": "a", "dtype": "f64", "elements": 4611686018427387904}])"),
                  "/buffers/0/elements: is 4611686018427387904 when it should be an integer from 0 to 536870912");
  auto scalar = [](const std::string &type, const std::string &value) {
    return launchComplaint(R"("arguments": [{"kind": "scalar", "type": ")" + type + R"(", "value": )" + value + "}]");
  };
  EXPECT_EQ(scalar("u8", "255") + scalar("s32", "-2147483648") + scalar("u64", "18446744073709551615"), "");
  expectComplaint(scalar("u32", "4294967296"), "/arguments/0/value: is 4294967296" + word);
  expectComplaint(scalar("s32", "2147483648"),
                  "/arguments/0/value: is 2147483648 when it should be an integer from -2147483648 to 2147483647");
}

TEST(Description, StructsLieAsInC) {
  auto json = nlohmann::json::parse(
      R"({"girih_launch": 1, "ptx": "gemm_sm90_cluster1.ptx", "kernel": "k", "buffers": [{"name": "a", "elements": 4}],
          "arguments": [{"kind": "struct", "bytes": 32, "members": [{"kind": "scalar", "type": "u8", "value": 7},
            {"kind": "scalar", "type": "u32", "value": 9}, {"kind": "pointer", "buffer": "a", "offset": 2}]}]})");
  Argument argument = parseDescription(json, SIMULATOR_TEST_DIRECTORY "/Kernels").launch.arguments.at(0);
  std::vector<uint8_t> bytes = parameterBytes(
      argument, [](const Argument &pointer) { return std::vector<uint8_t>(8, uint8_t(pointer.offset)); });
  EXPECT_EQ(bytes, (std::vector<uint8_t>{7, 0, 0, 0, 9, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2,
                                         0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  auto members = [](const std::string &list, const std::string &rest = "") {
    return launchComplaint(R"("arguments": [{"kind": "struct", "members": [)" + list + "]" + rest + "}]");
  };
  expectComplaint(members(R"({"kind": "scalar", "type": "u64", "value": 1})", R"(, "bytes": 4)"),
                  "/arguments/0/bytes: is 4 when it should be an integer from 8 to 32764");
}

/// The launch of a description with these members.
LaunchTask parseTask(const std::string &members) {
  auto json = nlohmann::json::parse(R"({"girih_launch": 1, "ptx": "gemm_sm90_cluster1.ptx",
      "buffers": [{"name": "a", "dtype": "f32", "elements": 4}, {"name": "b", "elements": 16}]})");
  json.update(nlohmann::json::parse("{" + members + "}"));
  return parseDescription(json, SIMULATOR_TEST_DIRECTORY "/Kernels");
}

std::vector<uint8_t> structBytes(const std::string &members) {
  LaunchTask task = parseTask(R"("kernel": "k", "arguments": [{"kind": "struct", )" + members + "}]");
  return parameterBytes(task.launch.arguments.at(0),
                        [](const Argument &part) { return std::vector<uint8_t>(8, uint8_t(part.offset)); });
}

TEST(Description, StructsInStructsAndBlobs) {
  EXPECT_EQ(structBytes(R"("members": [{"kind": "scalar", "type": "u8", "value": 1},
      {"kind": "struct", "members": [{"kind": "scalar", "type": "u8", "value": 2}, {"kind": "pointer", "buffer": "a", "offset": 3}]},
      {"kind": "scalar", "type": "u8", "value": 4}])"),
            (std::vector<uint8_t>{1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 3, 3, 3, 3, 4}));
  EXPECT_EQ(
      structBytes(
          R"("hex": "0aFf0b0c0d", "bytes": 12, "members": [{"kind": "scalar", "type": "u16", "value": 258, "at": 2}])"),
      (std::vector<uint8_t>{10, 255, 2, 1, 13, 0, 0, 0, 0, 0, 0, 0}));
  auto complaintOf = [](const std::string &members) {
    return launchComplaint(R"("arguments": [{"kind": "struct", )" + members + "}]");
  };
  const std::string digits = "/arguments/0/hex: should have two hexadecimal digits for each byte";
  expectComplaint(complaintOf(R"("hex": "0")"), digits);
  expectComplaint(complaintOf(R"("hex": "0x10")"), digits);
  expectComplaint(complaintOf(R"("hex": "", "file": "a")"), "/arguments/0: has both 'hex' and 'file'");
  expectComplaint(complaintOf(R"("members": [{"kind": "scalar", "type": "u8", "value": 1, "at": 40000}])"),
                  "/arguments/0/members/0/at: is 40000 when it should be an integer from 0 to 32764");
}

TEST(Description, WhatLiesInMemory) {
  LaunchTask task = parseTask(R"("kernel": "k", "preferred_cluster": [4],
      "buffers": [{"name": "a", "elements": 16, "contents": [{"at": 8, "kind": "pointer", "buffer": "b"}]},
                  {"name": "b", "elements": 16}],
      "variables": [{"name": "v", "contents": [{"at": 4, "kind": "scalar", "type": "u32", "value": 7}]}])");
  ASSERT_EQ(task.launch.buffers[0].contents.size(), 1u);
  EXPECT_EQ(task.launch.buffers[0].contents[0].offset, 8u);
  EXPECT_EQ(task.launch.buffers[0].contents[0].argument.buffer, 1u);
  ASSERT_EQ(task.launch.values.size(), 1u);
  EXPECT_EQ(task.launch.values[0].variable, "v");
  EXPECT_EQ(task.launch.values[0].offset, 4u);
  EXPECT_EQ(task.launch.preferredCluster, (std::array<uint32_t, 3>{4, 1, 1}));
  expectComplaint(launchComplaint(R"("variables": [{"name": "v", "contents": [{"kind": "scalar"}]}])"),
                  "/variables/0/contents/0: member 'at' is missing");
}

TEST(Description, Sequences) {
  LaunchTask task = parseTask(R"("launches": [{"kernel": "k", "grid": 2}, {"kernel": "l", "arguments":
      [{"kind": "pointer", "buffer": "b"}]}])");
  EXPECT_EQ(task.launch.kernel, "k");
  EXPECT_EQ(task.launch.buffers.size(), 2u);
  ASSERT_EQ(task.following.size(), 1u);
  EXPECT_EQ(task.following[0].kernel, "l");
  EXPECT_EQ(task.following[0].arguments[0].buffer, 1u);
  auto complaintOf = [](const std::string &members) -> std::string {
    try {
      parseTask(members);
    } catch (const Stop &stop) {
      return stop.found.message;
    }
    return "";
  };
  expectComplaint(complaintOf(R"("launches": [])"), "/launches: is empty");
  expectComplaint(
      complaintOf(R"("launches": [{"kernel": "k"}], "grid": 3)"),
      "unknown 'grid'; there are girih_launch, ptx, multiprocessors, buffers, expect, launches, variables_at");
  EXPECT_NE(complaintOf(R"("launches": [{"kernel": "k", "ptx": "p"}])")
                .find("/launches/0: unknown 'ptx'; there are kernel, "),
            std::string::npos);
}

/// What a file of these numbers says of a buffer with others.
std::string compared(const std::string &dtype, const std::vector<float> &wanted, const std::vector<float> &found,
                     const std::string &tolerance) {
  std::string folder = testing::TempDir();
  std::ofstream(folder + "/girih.ptx") << "";
  std::ofstream(folder + "/girih.bin", std::ios::binary)
      .write(reinterpret_cast<const char *>(wanted.data()), long(4 * wanted.size()));
  auto json = nlohmann::json::parse(R"({"girih_launch": 1, "ptx": "girih.ptx", "kernel": "k"})");
  json["buffers"] = {{{"name", "a"}, {"dtype", dtype}, {"elements", wanted.size()}}};
  json["expect"] = nlohmann::json::parse(R"([{"kind": "file", "buffer": "a", "path": "girih.bin")" + tolerance + "}]");
  try {
    LaunchTask task = parseDescription(json, folder);
    std::memcpy(task.launch.buffers[0].bytes.data(), found.data(), 4 * found.size());
    auto verdict = task.check(task.launch);
    return verdict ? verdict->message : "";
  } catch (const Stop &stop) {
    return stop.found.message;
  }
}

TEST(Description, ExpectedFiles) {
  const float nan = std::nanf("");
  EXPECT_EQ(compared("f32", {1, nan, 3}, {1, nan, 3}, ""), "");
  EXPECT_EQ(compared("f32", {1, 2, 100}, {1.001f, 2, 101}, R"(, "absolute": 0.01, "relative": 0.02)"), "");
  std::string found = compared("f32", {1, 2, 100}, {1, 2.5f, 103}, R"(, "absolute": 0.01, "relative": 0.02)");
  EXPECT_NE(found.find("'a': 2 elements are not as in '"), found.npos) << found;
  EXPECT_NE(found.find("first element 1: 2.5 when it should be 2 within 0.01 + 0.02 of it"), found.npos) << found;
  EXPECT_NE(compared("f32", {1}, {nan}, R"(, "absolute": 9)").find("1 elements"), std::string::npos);
  // The bits as integers.
  EXPECT_EQ(compared("s32", {1}, {std::nextafter(1.f, 2.f)}, R"(, "absolute": 1)"), "");
  EXPECT_NE(compared("f32", {1}, {1}, R"(, "absolute": -1)").find("/expect/0/absolute: should not be negative"),
            std::string::npos);
}

TEST(Description, NamesAreKnown) {
  auto buffer = [](const std::string &members) {
    return launchComplaint(R"("buffers": [{"name": "a", "elements": 4, )" + members + "}]");
  };
  expectComplaint(buffer(R"("access": "readonly")"), "/buffers/0/access: unknown 'readonly'; there are read, write");
  std::string found = buffer(R"("dtype": "float")");
  EXPECT_NE(found.find("/buffers/0/dtype: unknown 'float'; there are b8, b16, "), found.npos) << found;
  EXPECT_EQ(found.find("e2m1,"), found.npos) << found;
  expectComplaint(buffer(R"("fill": "twos")"),
                  "/buffers/0/fill: unknown 'twos'; there are zero, ones, random, file:PATH");
  expectComplaint(buffer(R"("acess": "read")"), "/buffers/0: unknown 'acess'; there are name, dtype, bytes, elements, "
                                                "access, fill, seed, scale, contents, address");
  expectComplaint(launchComplaint(R"("buffers": [{"name": "a", "elements": 4}, {"name": "a", "elements": 4}])"),
                  "/buffers/1/name: there is a buffer 'a' already");
  expectComplaint(launchComplaint(R"("buffers": {})"), "/buffers: should be a list");
  expectComplaint(launchComplaint(R"("kernel": 3)"), "/kernel: should be a text");
  expectComplaint(launchComplaint(R"("arguments": [{"kind": "record"}])"),
                  "/arguments/0/kind: unknown 'record'; there are scalar, pointer, tensor_map, struct");
  expectComplaint(launchComplaint(R"("arguments": [{"kind": "pointer", "buffer": "x"}])"),
                  "/arguments/0/buffer: no buffer 'x'");
  found = launchComplaint(R"("ptx": "none.ptx")");
  EXPECT_TRUE(found.starts_with("launch description: /ptx: cannot read '")) << found;
  found = buffer(R"("fill": "file:none.bin")");
  EXPECT_TRUE(found.starts_with("launch description: /buffers/0/fill: cannot read '")) << found;
  expectComplaint(launchComplaint(R"("girih_launch": 2)"),
                  "/girih_launch: is 2 when it should be an integer from 1 to 1");
}

} // namespace
} // namespace girih::sim

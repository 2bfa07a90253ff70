//===- LaunchTest.cpp - Launch descriptions and what they expect ----------===//
#include "../../lib/Simulator/Launch/Description.h"
#include "../../lib/Simulator/Launch/DescriptionNode.h"
#include "Harness.h"

#include <nlohmann/json.hpp>

namespace girih::sim {
namespace {

using nlohmann::json;

Buffer bufferOf(const char *name, std::vector<uint8_t> bytes) { return {name, std::move(bytes), false}; }

/// What the check of an expectation says of these buffers.
std::string checked(const json &expectation, std::vector<Buffer> buffers) {
  Launch launch;
  launch.buffers = std::move(buffers);
  try {
    auto verdict = parseExpectations({expectation, "launch", "/expect"}, launch, ".")(launch);
    return verdict ? verdict->str() : "";
  } catch (const Stop &stop) {
    return stop.found.str();
  }
}

// 1.5 is 0x3c in e4m3, -2 is 0xc0; 2^3 is 130 in ue8m0, 2^-1 is 126; a row of
// A (33 elements) is 1.5 and a row of B is -2.
json scaledProblem() {
  return {{"kind", "scaled_gemm"}, {"a", "a"}, {"b", "b"}, {"c", "c"}, {"scales_a", "x"},
          {"scales_b", "y"},       {"m", 2},   {"n", 1},   {"k", 33}};
}
std::vector<Buffer> scaledBuffers(float first, float second) {
  std::vector<uint8_t> scalesA(512, 127), scalesB(512, 127);
  scalesA[0] = 130;  // row 0, elements 0 to 31
  scalesA[1] = 126;  // row 0, element 32
  scalesA[16] = 128; // row 1, elements 0 to 31
  auto bfloat = [](float value) { return uint16_t(__builtin_bit_cast(uint32_t, value) >> 16); };
  return {bufferOf("a", std::vector<uint8_t>(66, 0x3c)), bufferOf("b", std::vector<uint8_t>(33, 0xc0)),
          bufferOf("c", bytesOf<uint16_t>({bfloat(first), bfloat(second)})), bufferOf("x", scalesA),
          bufferOf("y", scalesB)};
}

TEST(Expectation, ScaledGemm) {
  // -3 for each element: 32 of them times 8 and one times a half; then times
  // 2 and 1.
  float first = -3 * 32 * 8 - 1.5f, second = -3 * 32 * 2 - 3;
  EXPECT_EQ(checked(scaledProblem(), scaledBuffers(first, second)), "");
  std::string found = checked(scaledProblem(), scaledBuffers(first, -198));
  EXPECT_NE(found.find("mismatch: 'c' row 1 column 0 is -198.000000 when it should be -195.000000"), found.npos)
      << found;
}

TEST(Expectation, RowSums) {
  json problem = {{"kind", "row_sums"}, {"in", "in"}, {"out", "out"}, {"sums", "sums"}, {"rows", 1}, {"columns", 2}};
  auto buffers = [](float sum, float last) {
    return std::vector<Buffer>{bufferOf("in", bytesOf<float>({1, 5})), bufferOf("out", bytesOf<float>({-2, last})),
                               bufferOf("sums", bytesOf<float>({sum}))};
  };
  EXPECT_EQ(checked(problem, buffers(6, 2)), "");
  EXPECT_NE(checked(problem, buffers(7, 2)).find("'sums' row 0 column 0 is 7.000000 when it should be 6.000000"),
            std::string::npos);
  EXPECT_NE(checked(problem, buffers(6, 3)).find("'out' row 0 column 1 is 3.000000 when it should be 2.000000"),
            std::string::npos);
}

TEST(Expectation, NamesWhatIsMissing) {
  auto buffers = scaledBuffers(0, 0);
  buffers[2].bytes.resize(2);
  EXPECT_EQ(checked(scaledProblem(), buffers), "syntax: launch: /expect/c: buffer 'c' has 2 bytes when 4 are needed");
  buffers.erase(buffers.begin() + 1);
  EXPECT_EQ(checked(scaledProblem(), buffers), "syntax: launch: /expect/b: no buffer 'b'");
  EXPECT_EQ(checked({{"kind", "guess"}}, {}), "syntax: launch: /expect/kind: unknown 'guess'; there are gemm, "
                                              "scaled_gemm, attention.forward, row_sums, relu_attention, file");
}

} // namespace
} // namespace girih::sim

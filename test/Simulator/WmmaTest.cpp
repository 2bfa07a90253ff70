//===- WmmaTest.cpp - wmma.load, .mma and .store against plain loops ------===//
#include "Harness.h"

#include <cmath>

namespace girih::sim {
namespace {

struct WmmaCase {
  std::string element, accumulator;
  unsigned m, n, k, a, b;
  bool isRowA = true, isRowB = false, isRowC = true;
  /// Elements behind each line.
  unsigned padding = 0;
  std::string more = "", bitOperation = "";

  unsigned bits() const {
    return element == "b1"                          ? 1
           : element[0] == 's' || element[0] == 'u' ? unsigned(element[1] - '0')
           : element == "f64"                       ? 64
           : element == "tf32"                      ? 32
                                                    : 16;
  }
  unsigned accumulatorBits() const { return accumulator == "f64" ? 64 : accumulator == "f16" ? 16 : 32; }
  unsigned c() const { return m * n / 32 / (accumulatorBits() == 16 ? 2 : 1); }
  std::string shape() const { return "m" + std::to_string(m) + "n" + std::to_string(n) + "k" + std::to_string(k); }
};
void PrintTo(const WmmaCase &c, std::ostream *out) { *out << c.shape() << " " << c.element << " " << c.accumulator; }

int numberAt(const WmmaCase &c, unsigned row, unsigned column, unsigned salt) {
  uint32_t mixed = (row * 0x9e3779b9u) ^ (column * 0x85ebca6bu) ^ (salt * 0xc2b2ae35u);
  mixed = (mixed ^ mixed >> 15) * 0x2c1b3c6du;
  mixed ^= mixed >> 12;
  return c.bits() == 1 && salt < 2 ? int(mixed & 1) : c.element[0] == 'u' ? int(mixed % 8) : int(mixed % 7) - 3;
}

/// The code of a number of up to 11 bits.
uint64_t codeOf(const std::string &type, int number, unsigned bits) {
  double wide = number;
  float narrow = float(number);
  uint64_t code = 0;
  if (type == "f64")
    std::memcpy(&code, &wide, 8);
  else if (type == "f32" || type == "tf32" || type == "bf16")
    std::memcpy(&code, &narrow, 4);
  else if (type == "f16") {
    int exponent = 0;
    double fraction = std::frexp(std::abs(wide), &exponent);
    code =
        number ? (number < 0 ? 0x8000u : 0u) | unsigned(exponent + 14) << 10 | (unsigned(fraction * 2048) & 0x3ff) : 0;
  } else
    code = uint64_t(int64_t(number));
  if (type == "bf16")
    code >>= 16;
  return bits == 64 ? code : code & ((1ull << bits) - 1);
}

void putBits(std::vector<uint8_t> &bytes, uint64_t element, unsigned bits, uint64_t code) {
  for (unsigned i = 0; i < bits; ++i)
    if (code >> i & 1)
      bytes.at((element * bits + i) / 8) |= uint8_t(1u << (element * bits + i) % 8);
}

std::string list(const std::string &prefix, unsigned first, unsigned count) {
  std::string text = "{";
  for (unsigned i = 0; i < count; ++i)
    text += (i ? ", " : "") + prefix + std::to_string(first + i);
  return text + "}";
}

std::vector<WmmaCase> wmmaCases() {
  std::vector<WmmaCase> cases;
  auto add = [&](WmmaCase c) {
    cases.push_back(c);
    if (c.bits() < 8)
      return;
    for (unsigned layouts = 0; layouts < 8; ++layouts) {
      c.isRowA = layouts & 1;
      c.isRowB = layouts & 2;
      c.isRowC = layouts & 4;
      c.padding = layouts % 3 * 32;
      cases.push_back(c);
    }
  };
  for (auto [m, n] : {std::pair(16u, 16u), {8u, 32u}, {32u, 8u}}) {
    unsigned a = m * 16 / 32, b = n * 16 / 32;
    add({"f16", "f32", m, n, 16, 8, 8});
    add({"f16", "f16", m, n, 16, 8, 8});
    add({"bf16", "f32", m, n, 16, a / 2, b / 2});
    add({"s8", "s32", m, n, 16, a / 4, b / 4});
    add({"u8", "s32", m, n, 16, a / 4, b / 4});
  }
  add({"s8", "s32", 16, 16, 16, 2, 2, true, false, true, 0, ".satfinite", ""});
  add({"tf32", "f32", 16, 16, 8, 4, 4});
  add({"f64", "f64", 8, 8, 4, 1, 1});
  add({"s4", "s32", 8, 8, 32, 1, 1});
  add({"u4", "s32", 8, 8, 32, 1, 1});
  add({"b1", "s32", 8, 8, 128, 1, 1, true, false, true, 0, "", ".xor.popc"});
  add({"b1", "s32", 8, 8, 128, 1, 1, true, false, true, 0, "", ".and.popc"});
  return cases;
}

class Wmma : public testing::TestWithParam<WmmaCase> {};

TEST_P(Wmma, MatchesPlainLoops) {
  const WmmaCase c = GetParam();
  // A at 0, B at 16384, C at 32768 of the input; D at 0 of the output.
  TestLaunch launch;
  launch.in.resize(65536);
  auto strideOf = [&](bool isRow, unsigned rows, unsigned columns) { return (isRow ? columns : rows) + c.padding; };
  auto placeOf = [&](bool isRow, unsigned rows, unsigned columns, unsigned row, unsigned column) {
    unsigned stride = strideOf(isRow, rows, columns);
    return isRow ? row * stride + column : column * stride + row;
  };
  auto put = [&](unsigned at, bool isRow, unsigned rows, unsigned columns, unsigned salt, const std::string &type,
                 unsigned bits) {
    for (unsigned row = 0; row < rows; ++row)
      for (unsigned column = 0; column < columns; ++column)
        putBits(launch.in, at * 8 / bits + placeOf(isRow, rows, columns, row, column), bits,
                codeOf(type, numberAt(c, row, column, salt), bits));
  };
  put(0, c.isRowA, c.m, c.k, 0, c.element, c.bits());
  put(16384, c.isRowB, c.k, c.n, 1, c.element, c.bits());
  put(32768, c.isRowC, c.m, c.n, 2, c.accumulator, c.accumulatorBits());
  std::string registerA = c.bits() == 64 ? "%rd" : "%r", registerC = c.accumulatorBits() == 64 ? "%rd" : "%r";
  unsigned b = registerA == "%rd" ? 8 : 16, accumulator = registerC == "%rd" ? 16 : 32;
  auto row = [](bool isRow) { return std::string(isRow ? ".row" : ".col"); };
  auto load = [&](const std::string &which, bool isRow, const std::string &type, const std::string &registers,
                  unsigned at, unsigned stride) {
    return "wmma.load." + which + ".sync.aligned" + row(isRow) + "." + c.shape() + ".global." + type + " " + registers +
           ", [%in+" + std::to_string(at) + "], " + std::to_string(stride) + ";\n";
  };
  std::string types = c.element == "f16"
                          ? "." + c.accumulator + "." + c.accumulator
                          : "." + c.accumulator + "." + c.element + "." + c.element + "." + c.accumulator;
  std::string listC = list(registerC, accumulator, c.c());
  std::string body = load("a", c.isRowA, c.element, list(registerA, 0, c.a), 0, strideOf(c.isRowA, c.m, c.k)) +
                     load("b", c.isRowB, c.element, list(registerA, b, c.b), 16384, strideOf(c.isRowB, c.k, c.n)) +
                     load("c", c.isRowC, c.accumulator, listC, 32768, strideOf(c.isRowC, c.m, c.n)) + "wmma.mma" +
                     c.bitOperation + ".sync.aligned" + row(c.isRowA) + row(c.isRowB) + "." + c.shape() + types +
                     c.more + " " + listC + ", " + list(registerA, 0, c.a) + ", " + list(registerA, b, c.b) + ", " +
                     listC + ";\nwmma.store.d.sync.aligned" + row(c.isRowC) + "." + c.shape() + ".global." +
                     c.accumulator + " [%out], " + listC + ", " + std::to_string(strideOf(c.isRowC, c.m, c.n)) + ";\n";
  TestRun run = runModule(makeModule(body), launch);
  ASSERT_EQ(run.verdict(), "") << body;
  std::vector<uint8_t> expected(run.launch.buffers[1].bytes.size());
  for (unsigned i = 0; i < c.m; ++i)
    for (unsigned j = 0; j < c.n; ++j) {
      int sum = numberAt(c, i, j, 2);
      for (unsigned k = 0; k < c.k; ++k) {
        int x = numberAt(c, i, k, 0), y = numberAt(c, k, j, 1);
        sum += c.bitOperation == ".xor.popc" ? x != y : x * y;
      }
      putBits(expected, placeOf(c.isRowC, c.m, c.n, i, j), c.accumulatorBits(),
              codeOf(c.accumulator, sum, c.accumulatorBits()));
    }
  EXPECT_EQ(run.launch.buffers[1].bytes, expected) << body;
}

INSTANTIATE_TEST_SUITE_P(All, Wmma, testing::ValuesIn(wmmaCases()));

std::string loadA(const std::string &address, const std::string &stride) {
  return "wmma.load.a.sync.aligned.row.m16n16k16.f16 {%r0, %r1, %r2, %r3, %r4, %r5, %r6, %r7}, [" + address + "], " +
         stride + ";\n";
}

TEST(WmmaRules, LanesAgreeAndLinesAreAligned) {
  auto verdict = [](const std::string &body, RuleSet rules = RuleSet::Isa) {
    TestLaunch launch;
    launch.options.rules = rules;
    return runBody(body, launch).verdict();
  };
  EXPECT_EQ(verdict(loadA("%in", "16")), "");
  EXPECT_NE(verdict(loadA("%in+16", "16")).find("is not a multiple of the fragment's 32 bytes"), std::string::npos);
  EXPECT_NE(
      verdict("mul.wide.u32 %rd1, %lane, 32;\nadd.u64 %rd1, %in, %rd1;\n" + loadA("%rd1", "16")).find("the address is"),
      std::string::npos);
  EXPECT_NE(verdict("add.u32 %r9, %lane, 16;\n" + loadA("%in", "%r9")).find("the stride is 17 in lane 1"),
            std::string::npos);
  EXPECT_NE(verdict(loadA("%in", "24")).find("lines are 48 bytes apart"), std::string::npos);
  EXPECT_EQ(verdict(loadA("%in", "24"), RuleSet::Hardware), "");
  EXPECT_NE(verdict(loadA("%in", "20"), RuleSet::Hardware).find("lines are 20 elements apart, 320 bits"),
            std::string::npos);
  EXPECT_NE(verdict(loadA("%in", "2048")).find("is out of range"), std::string::npos);
}

TEST(WmmaRules, AReadOfWhatAnotherWarpWritesNeedsABarrier) {
  TestLaunch launch;
  launch.threads = 64;
  std::string fill = "mov.u32 %r40, smem;\nmad.lo.u32 %r41, %tid, 8, %r40;\nst.shared.v2.b32 [%r41], {%tid, %tid};\n";
  std::string load = loadA("smem", "16");
  load.replace(load.find(".f16"), 4, ".shared.f16");
  EXPECT_EQ(runBody(fill + "bar.sync 0;\n" + load, launch).verdict(), "");
  std::string verdict = runBody(fill + load, launch).verdict();
  EXPECT_TRUE(verdict.starts_with("race") || verdict.starts_with("uninitialised")) << verdict;
}

TEST(WmmaRules, WhatItDoesNotHaveStopsWithItsLine) {
  for (const char *form :
       {"wmma.load.a.sync.aligned.row.m16n16k32.f16 {%r0}, [%in];",
        "wmma.load.a.sync.aligned.row.m16n16k8.f16 {%r0}, [%in];",
        "wmma.load.a.sync.aligned.col.m8n8k32.s4 {%r0}, [%in];",
        "wmma.load.c.sync.aligned.row.m16n16k16.f64 {%rd0}, [%in];",
        "wmma.mma.sync.aligned.row.col.m8n8k4.rz.f64.f64.f64.f64 {%rd0, %rd1}, {%rd2}, {%rd3}, {%rd0, %rd1};",
        "wmma.mma.sync.aligned.row.row.m8n8k32.s32.s4.s4.s32 {%r0, %r1}, {%r2}, {%r3}, {%r4, %r5};",
        "wmma.fill.sync.aligned.m16n16k16 {%r0}, 0;"}) {
    std::string verdict = runBody(form).verdict();
    EXPECT_EQ(verdict.rfind("unsupported: line", 0), 0u) << form << "\n" << verdict;
  }
  EXPECT_NE(runBody("wmma.load.a.sync.aligned.row.m16n16k16.f16 {%r0, %r1}, [%in];")
                .verdict()
                .find("the fragment of A has 2 registers when 8 are needed"),
            std::string::npos);
}

} // namespace
} // namespace girih::sim

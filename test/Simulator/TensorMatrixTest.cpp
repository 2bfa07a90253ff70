//===- TensorMatrixTest.cpp - The forms of tcgen05.mma --------------------===//
#include "TensorHarness.h"

namespace girih::sim {
namespace {

//===----------------------------------------------------------------------===//
// Weight stationary: columns are split over groups of lanes.
//===----------------------------------------------------------------------===//

class WeightStationary : public testing::TestWithParam<unsigned> {};

TEST_P(WeightStationary, MatchesPlainLoops) {
  const unsigned m = GetParam(), n = 64, width = n * m / 128;
  for (bool fromLanes : {false, true}) {
    TensorKernel kernel;
    fillShared(kernel, Type::BF16, m, n, 16);
    for (unsigned lane = 0; lane < 128; ++lane) // a copy of A for each group
      for (unsigned k = 0; k < 16; ++k)
        putLane(kernel, lane, k, ofA(lane % m, k), Type::BF16);
    ASSERT_EQ(kernel.run(mma(".ws" + f16, fromLanes ? lanesA : sharedA, idescOf(1, 1, m, n))), "");
    for (unsigned row = 0; row < m; ++row)
      for (unsigned column = 0; column < n; ++column)
        ASSERT_EQ(asFloat(kernel.result(row + m * (column / width), column % width)), dot(row, column, 16));
  }
}
INSTANTIATE_TEST_SUITE_P(Rows, WeightStationary, testing::Values(32u, 64u, 128u));

/// Columns of zeros, and B from a later column on, K-major and MN-major.
TEST(WeightStationaryMask, SelectsColumns) {
  const unsigned m = 64, n = 64, shift = 5;
  for (bool isMnMajor : {false, true}) {
    TensorKernel kernel;
    fillShared(kernel, Type::BF16, m, 0, 16);
    for (unsigned k = 0; k < 16; ++k)
      for (unsigned column = shift; column < n + shift; ++column) // those before are not read
        isMnMajor ? putMN(kernel.images[0], offsetB, column, k, ofB(column, k), Type::BF16)
                  : putK(kernel.images[0], offsetB, column, k, ofB(column, k), Type::BF16);
    // Spans of 3 zeros and 2 columns; the second mask begins with its zeros and
    // one column later.
    uint64_t mask =
        uint64_t(1) << 39 | uint64_t(2) << 40 | uint64_t(1) << 48 | uint64_t(shift) << 56 | uint64_t(1) << 33 | 1 << 8;
    std::string body = "tcgen05.mma.ws.cta_group::1.kind::f16 [%r41], " + sharedA + ", " +
                       text(isMnMajor ? descriptor(imageAt + offsetB, 2, 1024, 16384) : descriptor(imageAt + offsetB)) +
                       ", " + std::to_string(idescOf(1, 1, m, n) | 1 << 30 | isMnMajor << 16) + ", %p3, %rd20;\n";
    ASSERT_EQ(kernel.run("mov.b64 %rd20, " + text(mask) + ";\n" + body), "");
    for (unsigned row = 0; row < m; ++row)
      for (unsigned column = 0; column < n; ++column) {
        unsigned part = column / 32, at = column % 32;
        bool isZero = part == 0 ? at % 5 >= 2 : (at + 1) % 5 < 3;
        ASSERT_EQ(asFloat(kernel.result(row + 64 * part, at)), isZero ? 0 : dot(row, column + shift, 16))
            << row << " " << column;
      }
  }
}

//===----------------------------------------------------------------------===//
// Operands: majors, tensor memory, shifts, signs.
//===----------------------------------------------------------------------===//

struct MajorCase {
  std::string name, kind;
  Type type;
  uint32_t accumulator, format, k;
};
void PrintTo(const MajorCase &c, std::ostream *out) { *out << c.name; }
class Majors : public testing::TestWithParam<MajorCase> {};

TEST_P(Majors, MatchPlainLoops) {
  const MajorCase &c = GetParam();
  const unsigned m = 64, n = 32;
  for (unsigned major = 1; major < 4; ++major) {
    TensorKernel kernel;
    bool isMnA = major & 1, isMnB = major & 2;
    for (unsigned k = 0; k < c.k; ++k) {
      for (unsigned row = 0; row < m; ++row)
        isMnA ? putMN(kernel.images[0], 0, row, k, ofA(row, k), c.type)
              : putK(kernel.images[0], 0, row, k, ofA(row, k), c.type);
      for (unsigned column = 0; column < n; ++column)
        isMnB ? putMN(kernel.images[0], offsetB, column, k, ofB(column, k), c.type)
              : putK(kernel.images[0], offsetB, column, k, ofB(column, k), c.type);
    }
    uint64_t layout = typeBits(c.type) == 32 ? 1 : 2, stride = typeBits(c.type) == 32 ? 512 : 1024;
    auto operand = [&](uint32_t at, bool isMn) {
      return text(isMn ? descriptor(imageAt + at, layout, stride, 16384) : descriptor(imageAt + at));
    };
    uint32_t idesc = idescOf(c.accumulator, c.format, m, n) | isMnA << 15 | isMnB << 16;
    ASSERT_EQ(kernel.run("tcgen05.mma.cta_group::1.kind::" + c.kind + " [%r41], " + operand(0, isMnA) + ", " +
                         operand(offsetB, isMnB) + ", " + std::to_string(idesc) + ", %p3;\n"),
              "");
    for (unsigned row = 0; row < m; ++row)
      for (unsigned column = 0; column < n; ++column) {
        uint32_t bits = kernel.result(row / 16 * 32 + row % 16, column);
        ASSERT_EQ(c.accumulator == 2 ? double(int32_t(bits)) : asFloat(bits), dot(row, column, c.k))
            << row << " " << column << " " << major;
      }
  }
}
const MajorCase majorCases[] = {{"f16", "f16", Type::F16, 1, 0, 16},      {"bf16", "f16", Type::BF16, 1, 1, 16},
                                {"tf32", "tf32", Type::TF32, 1, 2, 8},    {"e4m3", "f8f6f4", Type::E4M3, 1, 0, 32},
                                {"e5m2", "f8f6f4", Type::E5M2, 1, 1, 32}, {"s8", "i8", Type::S8, 2, 1, 32}};
INSTANTIATE_TEST_SUITE_P(All, Majors, testing::ValuesIn(majorCases), [](const auto &info) { return info.param.name; });

/// A in tensor memory; of 64 rows, in the upper half of each quarter's lanes.
class LanesOfA : public testing::TestWithParam<MajorCase> {};

TEST_P(LanesOfA, MatchPlainLoops) {
  const MajorCase &c = GetParam();
  for (unsigned m : {64u, 128u}) {
    TensorKernel kernel;
    auto laneOf = [&](unsigned row) { return m == 64 ? row / 16 * 32 + row % 16 + 16 : row; };
    for (unsigned k = 0; k < c.k; ++k) {
      for (unsigned row = 0; row < m; ++row)
        putLane(kernel, laneOf(row), k, ofA(row, k), c.type);
      for (unsigned column = 0; column < 16; ++column)
        putK(kernel.images[0], offsetB, column, k, ofB(column, k), c.type);
    }
    uint32_t lane = m == 64 ? 16 << 16 : 0;
    ASSERT_EQ(kernel.run("tcgen05.mma.cta_group::1.kind::" + c.kind + " [%r41+" + std::to_string(lane) + "], [%r41+" +
                         std::to_string(lane + 200) + "], " + sharedB + ", " +
                         std::to_string(idescOf(c.accumulator, c.format, m, 16)) + ", %p3;\n"),
              "");
    for (unsigned row = 0; row < m; ++row)
      for (unsigned column = 0; column < 16; ++column) {
        uint32_t bits = kernel.result(laneOf(row), column);
        ASSERT_EQ(c.accumulator == 2 ? double(int32_t(bits)) : asFloat(bits), dot(row, column, c.k));
      }
  }
}
const MajorCase laneCases[] = {{"bf16", "f16", Type::BF16, 1, 1, 16},    {"tf32", "tf32", Type::TF32, 1, 2, 8},
                               {"e4m3", "f8f6f4", Type::E4M3, 1, 0, 32}, {"e2m3", "f8f6f4", Type::E2M3, 1, 3, 32},
                               {"e2m1", "f8f6f4", Type::E2M1, 1, 5, 32}, {"s8", "i8", Type::S8, 2, 1, 32}};
INSTANTIATE_TEST_SUITE_P(All, LanesOfA, testing::ValuesIn(laneCases), [](const auto &info) { return info.param.name; });

TEST(ShiftOfA, TakesTheNextLanesRow) {
  for (unsigned ctas : {1u, 2u}) {
    TensorKernel kernel(ctas);
    const unsigned m = 128 * ctas;
    fillShared(kernel, Type::BF16, 0, 32, 16);
    for (unsigned row = 0; row < m; ++row)
      for (unsigned k = 0; k < 16; ++k)
        putLane(kernel, row % 128, k, ofA(row, k), Type::BF16, false, row / 128);
    auto before = kernel.before[0];
    ASSERT_EQ(kernel.run(mma(f16 + ".ashift", lanesA, idescOf(1, 1, m, 32))), "");
    for (unsigned row = 0; row < m; ++row)
      for (unsigned column = 0; column < 32; ++column)
        ASSERT_EQ(asFloat(kernel.result(row % 128, column, row / 128)),
                  dot(row % 32 == 31 ? row : row + 1, column, 16));
    EXPECT_EQ(kernel.result(5, 200), before[5 * TensorKernel::columns + 200]); // A stays as it is
  }
}

/// D = -A B + D / 8, with D of f32 or of f16 in the low half of a cell.
TEST(Accumulator, IsScaledAndNegated) {
  for (bool isHalf : {false, true}) {
    TensorKernel kernel;
    fillShared(kernel, Type::F16, 128, 16, 16);
    auto start = [](unsigned m, unsigned n) { return double(int(m % 7) - 3) * 8 + double(n) * 16; };
    Type type = isHalf ? Type::F16 : Type::F32;
    for (unsigned m = 0; m < 128; ++m)
      for (unsigned n = 0; n < 16; ++n)
        kernel.cell(0, m, n) = isHalf ? codeOf(start(m, n), type) : __builtin_bit_cast(uint32_t, float(start(m, n)));
    ASSERT_EQ(kernel.run(mma(f16, sharedA, idescOf(!isHalf, 0, 128, 16) | 1 << 14, "%p4, 3")), "");
    for (unsigned m = 0; m < 128; ++m)
      for (unsigned n = 0; n < 16; ++n) {
        uint32_t bits = kernel.result(m, n);
        double found = isHalf ? decodeFloat(bits, formatOf(type)) : asFloat(bits);
        ASSERT_EQ(found, start(m, n) / 8 - dot(m, n, 16)) << m << " " << n;
      }
  }
}

TEST(DisabledLanes, KeepTheirCells) {
  for (unsigned ctas : {1u, 2u}) {
    TensorKernel kernel(ctas);
    const unsigned m = 128 * ctas;
    fillShared(kernel, Type::BF16, m, 32, 16);
    for (auto &cells : kernel.before)
      cells.assign(TensorKernel::cells, 0x7e000000);
    std::string words, moves;
    for (unsigned i = 0; i < 4 * ctas; ++i) {
      moves += "mov.b32 %r" + std::to_string(80 + i) + ", " + std::to_string(0x11 << i) + ";\n";
      words += (i ? ", %r" : "{%r") + std::to_string(80 + i);
    }
    ASSERT_EQ(kernel.run(moves + mma(f16, sharedA, idescOf(1, 1, m, 32), words + "}, %p3")), "");
    for (unsigned row = 0; row < m; ++row)
      for (unsigned column = 0; column < 32; ++column) {
        bool isDisabled = 0x11u << row / 32 >> row % 32 & 1;
        uint32_t wanted = isDisabled ? 0x7e000000 : __builtin_bit_cast(uint32_t, float(dot(row, column, 16)));
        uint32_t bits = kernel.result(row % 128, column, row / 128);
        ASSERT_TRUE(bits == wanted || asFloat(bits) == asFloat(wanted)) << row << " " << column;
      }
  }
}

TEST(IntegerAccumulator, SaturatesOrWraps) {
  for (bool saturates : {false, true}) {
    TensorKernel kernel;
    fillShared(kernel, Type::S8, 128, 16, 32);
    auto start = [](unsigned m) { return m % 2 ? INT32_MAX - int32_t(m % 5) : INT32_MIN + int32_t(m % 5); };
    for (unsigned m = 0; m < 128; ++m)
      for (unsigned n = 0; n < 16; ++n)
        kernel.cell(0, m, n) = uint32_t(start(m));
    ASSERT_EQ(kernel.run(mma(".cta_group::1.kind::i8", sharedA, idescOf(2, 1, 128, 16) | saturates << 3, "%p4")), "");
    for (unsigned m = 0; m < 128; ++m)
      for (unsigned n = 0; n < 16; ++n) {
        int64_t sum = start(m) + int64_t(dot(m, n, 32));
        if (saturates)
          sum = sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
        ASSERT_EQ(int32_t(kernel.result(m, n)), int32_t(uint32_t(uint64_t(sum)))) << m << " " << n;
      }
  }
}

//===----------------------------------------------------------------------===//
// Scales of a pair of CTAs: B's are split between the halves of the lanes.
//===----------------------------------------------------------------------===//

TEST(ScaledPair, SplitsTheScalesOfB) {
  for (unsigned m : {128u, 256u}) {
    const unsigned n = 64, k = 32, rows = m / 2;
    TensorKernel kernel(2);
    fillShared(kernel, Type::E4M3, m, n, k);
    for (unsigned cta = 0; cta < 2; ++cta)
      for (unsigned quarter = 0; quarter < 4; ++quarter) {
        for (unsigned row = 0; row < rows; ++row)
          kernel.cell(cta, quarter * 32 + row % 32, 160 + row / 32) =
              encodeFloat(scaleAt(cta * rows + row, 0, 0), formatOf(Type::UE8M0), Rounding::NearestEven, true) << 16;
        for (unsigned column = 0; column < n; ++column) {
          unsigned at = m == 256 ? column : column % 32;
          if (m == 128 && column / 32 != quarter / 2)
            continue;
          kernel.cell(cta, quarter * 32 + at % 32, 170 + at / 32) =
              encodeFloat(scaleAt(column, 0, 1), formatOf(Type::UE8M0), Rounding::NearestEven, true);
        }
      }
    uint32_t idesc = 1 << 23 | n / 8 << 17 | m / 128 << 27 | 2 << 29; // scales of A in byte 2
    ASSERT_EQ(
        kernel.run(mma(".cta_group::1.kind::mxf8f6f4.block_scale", sharedA, idesc, "[%r41+160], [%r41+170], %p3")), "");
    for (unsigned row = 0; row < m; ++row)
      for (unsigned column = 0; column < n; ++column) {
        unsigned part = m == 128 ? column / 32 : 0;
        ASSERT_EQ(asFloat(kernel.result(row % rows + 64 * part, column - 32 * part, row / rows)),
                  dot(row, column, k) * scaleAt(row, 0, 0) * scaleAt(column, 0, 1))
            << row << " " << column;
      }
  }
}

} // namespace
} // namespace girih::sim

//===- MatrixLayoutTest.cpp - Canonical layouts of matrix operands --------===//
//
// The PTX ISA writes the canonical layouts as nested shapes and strides of
// elements under a swizzle of address bits ("Canonical Layouts"). Here they
// are evaluated as written there and compared with the descriptor's addresses,
// element by element.
//
//===----------------------------------------------------------------------===//
#include "../../lib/Simulator/Descriptors/MatrixDescriptor.h"
#include "Harness.h"

namespace girih::sim {
namespace {

struct Mode {
  uint32_t shape, stride;
};

/// Offset of coordinate `x` in a mode of nested modes, the first fastest.
uint32_t offsetIn(const std::vector<Mode> &modes, uint32_t x) {
  uint32_t offset = 0;
  for (const Mode &mode : modes) {
    offset += x % mode.shape * mode.stride;
    x /= mode.shape;
  }
  return offset;
}

/// Swizzle<bits, low, distance>: `bits` bits from `low` are XORed with those
/// `distance` above them.
uint32_t swizzleBits(uint32_t x, unsigned bits, unsigned low, unsigned distance) {
  for (unsigned i = 0; i < bits; ++i)
    x ^= (x >> (low + distance + i) & 1) << (low + i);
  return x;
}

struct LayoutCase {
  std::string name;
  /// Layout code of sm_100a and, where it has one, of sm_90a.
  uint32_t code, code90;
  bool isMnMajor;
  unsigned bits, low, distance;
};
void PrintTo(const LayoutCase &c, std::ostream *out) { *out << c.name; }

class CanonicalLayout : public testing::TestWithParam<LayoutCase> {};

TEST_P(CanonicalLayout, AgreesWithTheDescriptor) {
  const LayoutCase &c = GetParam();
  constexpr uint32_t leading = 8192, stride = 2048, many = 1024;
  for (uint32_t size : {1u, 2u, 4u})
    for (uint32_t base = 0; base < 8; base += c.bits ? 1 : 8) {
      uint32_t start = 0x8000 + base * 128, t = 16 / size;
      uint32_t chunks = c.low == 5 ? 8 : 1u << c.bits;
      uint32_t lbo = leading / size, sbo = stride / size;
      std::vector<Mode> mn, k;
      uint32_t extentK;
      if (!c.isMnMajor) {
        // ((8,m),(T,2k)):((chunks T,SBO),(1,T)), with LBO for T without a swizzle.
        mn = {{8, chunks * t}, {many, sbo}};
        k = {{t, 1}, {many, c.bits ? t : lbo}};
        extentK = c.bits ? chunks * t : 4 * t;
      } else {
        // ((T,chunks,m),(8,k)):((1,T,LBO),(chunks T,SBO)), LBO and SBO exchanged
        // without a swizzle; four lines in a group when atoms have 32 bytes.
        uint32_t lines = c.low == 5 ? 4 : 8;
        mn = {{t, 1}, {chunks, t}, {many, c.bits ? lbo : sbo}};
        k = {{lines, chunks * t}, {many, c.bits ? sbo : lbo}};
        extentK = 16;
      }
      uint64_t bits = (start & 0x3ffff) >> 4 | uint64_t(leading >> 4) << 16 | uint64_t(stride >> 4) << 32 |
                      uint64_t(c.bits ? base : 0) << 49;
      std::vector<MatrixDescriptor> descriptors = {
          decodeMatrixDescriptor100(bits | uint64_t(1) << 46 | uint64_t(c.code) << 61)};
      if (c.low == 4)
        descriptors.push_back(decodeMatrixDescriptor90(bits | uint64_t(c.code90) << 62));
      for (const MatrixDescriptor &d : descriptors) {
        ASSERT_EQ(d.problem, "");
        for (uint32_t row = 0; row < 3 * chunks * t; ++row)
          for (uint32_t column = 0; column < extentK; ++column) {
            uint32_t outer = c.isMnMajor ? column : row, inner = c.isMnMajor ? row : column;
            uint32_t wanted =
                start + swizzleBits((offsetIn(mn, row) + offsetIn(k, column)) * size, c.bits, c.low, c.distance);
            ASSERT_EQ(d.addressOf(outer, inner * size, c.isMnMajor), wanted) << row << " " << column << " " << size;
          }
      }
    }
}

const LayoutCase layoutCases[] = {
    {"K0", 0, 0, false, 0, 4, 3},   {"K32", 6, 3, false, 1, 4, 3},  {"K64", 4, 2, false, 2, 4, 3},
    {"K128", 2, 1, false, 3, 4, 3}, {"MN0", 0, 0, true, 0, 4, 3},   {"MN32", 6, 3, true, 1, 4, 3},
    {"MN64", 4, 2, true, 2, 4, 3},  {"MN128", 2, 1, true, 3, 4, 3}, {"MN128Atom32", 1, 0, true, 2, 5, 2},
};
INSTANTIATE_TEST_SUITE_P(All, CanonicalLayout, testing::ValuesIn(layoutCases),
                         [](const auto &info) { return info.param.name; });

/// The figures' examples: strides and encodings as the ISA lists them.
TEST(CanonicalLayoutExamples, OfTheIsa) {
  auto decode = [](uint64_t lbo, uint64_t sbo, uint64_t code) {
    return decodeMatrixDescriptor100(lbo << 16 | sbo << 32 | uint64_t(1) << 46 | code << 61);
  };
  // tf32, K-major, no swizzle: ((8,2),(4,4)):((4,32),(1,64)).
  EXPECT_EQ(decode(16, 8, 0).offsetOf(9, 5 * 4, false), (4u + 32 + 1 + 64) * 4);
  // bf16, MN-major, no swizzle: ((8,1,2),(8,2)):((1,8,64),(8,128)).
  EXPECT_EQ(decode(16, 8, 0).offsetOf(9, 9 * 2, true), (1u + 64 + 8 + 128) * 2);
  // bf16, MN-major, 64 bytes: ((8,4,2),(8,2)):((1,8,256),(32,512)).
  EXPECT_EQ(decode(32, 64, 4).offsetOf(9, 41 * 2, true), (1u + 8 + 256 + 32 + 512) * 2);
}

/// A pattern that begins between two boundaries: its rows are counted from
/// its own first.
TEST(BaseOffset, MovesThePattern) {
  uint64_t bits = uint64_t(1) << 46 | uint64_t(2) << 61;
  MatrixDescriptor moved = decodeMatrixDescriptor100(bits | 0x1180 >> 4 | uint64_t(3) << 49);
  EXPECT_EQ(moved.addressOf(0, 16, false), 0x1190u);
  EXPECT_EQ(moved.addressOf(1, 0, false), 0x1180u + 128 + 16);
  MatrixDescriptor plain = decodeMatrixDescriptor100(bits | 0x1180 >> 4);
  EXPECT_EQ(plain.addressOf(0, 16, false), 0x1180u + (1 ^ 3) * 16);
  EXPECT_EQ(decodeMatrixDescriptor90(uint64_t(3) << 49).problem, "a base offset of 3 without a swizzle");
}

} // namespace
} // namespace girih::sim

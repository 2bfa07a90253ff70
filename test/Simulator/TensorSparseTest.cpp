//===- TensorSparseTest.cpp - tcgen05.mma.sp -----------------------------===//
#include "TensorHarness.h"

namespace girih::sim {
namespace {

struct SparseCase {
  std::string name, form;
  Type type;
  uint32_t accumulator, format, m, k;
  /// Elements of a chunk.
  uint32_t chunk;
  uint32_t selector = 0, ctas = 1;

  bool isStationary() const { return form.starts_with(".ws"); }
  uint32_t rows() const { return m / ctas; }
  /// 64 rows lie in the lower 16 lanes of each quarter.
  bool usesHalf() const { return rows() == 64 && !isStationary(); }
  unsigned laneOf(unsigned row) const { return usesHalf() ? row / 16 * 32 + row % 16 : row; }
  /// The row of a lane, or rows() where there is none.
  unsigned rowOf(unsigned lane) const {
    return !usesHalf() ? lane % rows() : lane % 32 < 16 ? lane / 32 * 16 + lane % 16 : rows();
  }
};
void PrintTo(const SparseCase &c, std::ostream *out) { *out << c.name; }
class SparseProduct : public testing::TestWithParam<SparseCase> {};

/// Some code for each chunk, and the places of its stored elements.
uint32_t codeAt(const SparseCase &c, unsigned row, unsigned chunk) {
  static const uint32_t codes[] = {4, 8, 12, 9, 13, 14};
  unsigned which = row * 5 + chunk * 3;
  return c.chunk == 2 ? (which % 2 ? 14 : 4) : codes[which % 6];
}
unsigned placeAt(const SparseCase &c, unsigned row, unsigned stored) {
  unsigned chunk = stored / (c.chunk / 2), i = stored % (c.chunk / 2), code = codeAt(c, row, chunk);
  if (c.chunk == 2)
    return chunk * 2 + (code == 14);
  unsigned part = c.chunk / 4;
  return chunk * c.chunk + (i < part ? code & 3 : code >> 2) * part + i % part;
}

/// Metadata, scales and A in tensor memory of one CTA.
void fillLanes(TensorKernel &kernel, const SparseCase &c, unsigned cta) {
  unsigned first = cta * c.rows();
  for (unsigned lane = 0; lane < 128; ++lane) {
    kernel.cell(cta, lane, 160) = kernel.cell(cta, lane, 161) = 0x7f7f7f7f; // scales of 1
    kernel.cell(cta, lane, 162) = kernel.cell(cta, lane, 163) = 0x7f7f7f7f;
    unsigned own = c.rowOf(lane);
    if (own == c.rows())
      continue;
    for (unsigned k = 0; k < c.k / 2; ++k)
      putLane(kernel, lane, k, ofA(first + own, k), c.type, c.chunk == 8, cta);
    for (unsigned i = 0; i < 16; ++i) {
      if (typeBits(c.type) < 16) { // a lane a row, 8 codes a word
        kernel.cell(cta, lane, 180 + i / 8) |= codeAt(c, first + own, i) << i % 8 * 4;
      } else if (i < 8) { // 8 lanes for 16 rows: four codes of two rows each
        unsigned row = own / 16 * 16 + own % 8 + i / 4 * 8, chunk = own / 8 % 2 * 4 + i % 4;
        kernel.cell(cta, lane, 180 + c.selector) |= codeAt(c, first + row, chunk) << i * 4;
      }
    }
  }
}

TEST_P(SparseProduct, MatchesPlainLoops) {
  const SparseCase &c = GetParam();
  const unsigned n = 64;
  bool isDense = c.chunk == 8;
  for (bool fromLanes : {false, true}) {
    TensorKernel kernel(c.ctas);
    for (unsigned cta = 0; cta < c.ctas; ++cta) {
      for (unsigned k = 0; k < c.k; ++k)
        for (unsigned column = 0; column < n / c.ctas; ++column)
          putK(kernel.images[cta], offsetB, column, k, ofB(cta * n / c.ctas + column, k), c.type, isDense);
      for (unsigned k = 0; k < c.k / 2; ++k)
        for (unsigned row = 0; row < c.rows(); ++row)
          putK(kernel.images[cta], 0, row, k, ofA(cta * c.rows() + row, k), c.type, isDense);
      fillLanes(kernel, c, cta);
    }
    uint32_t idesc = idescOf(c.accumulator, c.format, c.m, n) | 1 << 2 | c.selector;
    if (isDense)
      idesc = 1 << 2 | 1 << 7 | 1 << 10 | 1 << 23 | n / 8 << 17 | 1 << 27;
    std::string tail = isDense ? ", [%r41+160], [%r41+160], %p3;\n" : ", %p3;\n";
    ASSERT_EQ(kernel.run("tcgen05.mma" + c.form + " [%r41], " + (fromLanes ? lanesA : sharedA) + ", " + sharedB +
                         ", [%r41+180], " + std::to_string(idesc) + tail),
              "");
    unsigned width = c.isStationary() ? n * c.m / 128 : n;
    for (unsigned row = 0; row < c.m; ++row)
      for (unsigned column = 0; column < n; ++column) {
        double sum = 0;
        for (unsigned k = 0; k < c.k / 2; ++k)
          sum += ofA(row, k) * ofB(column, placeAt(c, row, k));
        unsigned lane = c.laneOf(row % c.rows()) + c.rows() * (column / width);
        uint32_t bits = kernel.result(lane, column % width, row / c.rows());
        ASSERT_EQ(c.accumulator == 2 ? double(int32_t(bits)) : asFloat(bits), sum) << row << " " << column;
      }
  }
}
const SparseCase sparseCases[] = {
    {"f16", ".sp.cta_group::1.kind::f16", Type::F16, 1, 0, 128, 32, 4},
    {"f16Selector", ".sp.cta_group::1.kind::f16", Type::F16, 1, 0, 128, 32, 4, 1},
    {"tf32", ".sp.cta_group::1.kind::tf32", Type::TF32, 1, 2, 128, 16, 2},
    {"e4m3", ".sp.cta_group::1.kind::f8f6f4", Type::E4M3, 1, 0, 128, 64, 4},
    {"e2m1", ".sp.cta_group::1.kind::f8f6f4", Type::E2M1, 1, 5, 128, 64, 4},
    {"s8", ".sp.cta_group::1.kind::i8", Type::S8, 2, 1, 128, 64, 4},
    {"mxf4", ".sp.cta_group::1.kind::mxf4.block_scale", Type::E2M1, 1, 1, 128, 128, 8},
    {"f16Half", ".sp.cta_group::1.kind::f16", Type::F16, 1, 0, 64, 32, 4, 1},
    {"tf32Half", ".sp.cta_group::1.kind::tf32", Type::TF32, 1, 2, 64, 16, 2},
    {"e4m3Half", ".sp.cta_group::1.kind::f8f6f4", Type::E4M3, 1, 0, 64, 64, 4},
    {"f16Pair", ".sp.cta_group::1.kind::f16", Type::F16, 1, 0, 128, 32, 4, 0, 2},
    {"s8Pair", ".sp.cta_group::1.kind::i8", Type::S8, 2, 1, 128, 64, 4, 0, 2},
    {"f16WholePair", ".sp.cta_group::1.kind::f16", Type::F16, 1, 0, 256, 32, 4, 1, 2},
    {"ws32", ".ws.sp.cta_group::1.kind::f16", Type::F16, 1, 0, 32, 32, 4},
    {"ws64", ".ws.sp.cta_group::1.kind::f8f6f4", Type::E4M3, 1, 0, 64, 64, 4},
};
INSTANTIATE_TEST_SUITE_P(All, SparseProduct, testing::ValuesIn(sparseCases),
                         [](const auto &info) { return info.param.name; });

TEST(SparseRules, AreJudged) {
  auto sparse = [](const std::string &metadata, const std::string &b, uint32_t idesc) {
    return "tcgen05.mma.sp.cta_group::1.kind::f16 [%r41], " + sharedA + ", " + b + ", [%r41+" + metadata + "], " +
           std::to_string(idesc) + ", %p3;\n";
  };
  const uint32_t idesc = idescOf(1, 1, 128, 16) | 1 << 2;
  expectPart(sparse("180", sharedB, idesc), "sparse metadata of row 0 and k = 0 is 0, which selects nothing");
  expectPart(sparse("180", sharedB, idesc & ~4u), "sparsity is 0 in a tcgen05.mma with .sp");
  expectPart(sparse("181", sharedB, idesc), "column 181 when the column should be even");
  expectPart(sparse("1048756", sharedB, idesc),
             "the sparse metadata begins at tensor memory lane 16 when that of D is 0");
  expectPart(sparse("180", text(descriptor(imageAt, 6)), idesc), "a swizzle of 32 bytes when K has 64");
  // 64 rows may lie in the upper half of each quarter, all of them.
  expectPart("add.s32 %r41, %r41, 1048576;\n" + sparse("-1048396", sharedB, idescOf(1, 1, 64, 16) | 1 << 2),
             "the sparse metadata begins at tensor memory lane 0 when that of D is 16");
  expectPart("add.s32 %r41, %r41, 1048576;\n" + sparse("180", sharedB, idesc),
             "D begins at tensor memory lane 16 when it should be 0");
  expectPart(sparse("180", sharedB, idesc | 2), "sparsity selector 2");
}

} // namespace
} // namespace girih::sim

//===- MatrixTile.cpp - Operand tiles of matrix instructions --------------===//
#include "MatrixTile.h"

#include "../Numbers/Formats.h"
#include "girih/Support/Float.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace girih::sim {

static std::array<float, 256> makeTable(Type type) {
  std::array<float, 256> table;
  for (uint32_t code = 0; code < 256; ++code)
    table[code] = float(decodeFloat(code & ((1u << formatOf(type).bits()) - 1), formatOf(type)));
  return table;
}

/// Bits of one element in memory.
static uint32_t formatBits(Type type) { return type == Type::E3M2 || type == Type::E2M3 ? 6 : typeBits(type); }

float decodeElement(uint32_t code, Type type) {
  static const auto e4m3 = makeTable(Type::E4M3), e5m2 = makeTable(Type::E5M2), e3m2 = makeTable(Type::E3M2),
                    e2m3 = makeTable(Type::E2M3), e2m1 = makeTable(Type::E2M1);
  switch (type) {
  case Type::BF16:
    return bfloat16ToFloat(uint16_t(code));
  case Type::F16:
    return halfToFloat(uint16_t(code));
  case Type::TF32:
    // The matrix unit ignores the low 13 bits.
    return __builtin_bit_cast(float, code & 0xffffe000u);
  case Type::F32:
    return __builtin_bit_cast(float, code);
  case Type::E4M3:
    return e4m3[code & 0xff];
  case Type::E5M2:
    return e5m2[code & 0xff];
  case Type::E3M2:
    return e3m2[code & 0xff];
  case Type::E2M3:
    return e2m3[code & 0xff];
  case Type::E2M1:
    return e2m1[code & 0xff];
  case Type::S8:
    return float(int8_t(code));
  default:
    return float(uint8_t(code));
  }
}

/// Element e of 16 bytes.
static uint32_t elementOf(const uint8_t *chunk, uint32_t e, uint32_t bits) {
  uint32_t code = 0, first = e * bits;
  std::memcpy(&code, chunk + first / 8, std::min(4u, 16 - first / 8));
  code >>= first % 8;
  return bits == 32 ? code : code & ((1u << bits) - 1);
}

MatrixTile readTile(Cta &cta, const MatrixDescriptor &descriptor, uint32_t mn, uint32_t k, Type type, bool isMnMajor,
                    bool transposes, const Access &read, const Knowledge &knowledge, Packing packing, uint32_t first) {
  uint32_t bits = formatBits(type);
  // 16 bytes are contiguous along the major dimension in every layout.
  uint32_t step = bits >= 8 || bits == 1 ? 128 / bits : packing == Packing::Dense ? 32 : 16;
  uint32_t firstOuter = isMnMajor ? 0 : first, firstInner = isMnMajor ? first : 0;
  uint32_t outer = isMnMajor ? k : first + mn, inner = isMnMajor ? first + mn : k;
  MatrixTile tile;
  tile.rows = transposes ? k : mn;
  tile.columns = transposes ? mn : k;
  tile.values.resize(size_t(mn) * k);
  tile.isDefined.assign(mn, 1);
  for (uint32_t o = firstOuter; o < outer; ++o)
    for (uint32_t i = firstInner / step * step; i < inner; i += step) {
      uint8_t chunk[16];
      bool isDefined;
      uint32_t address = descriptor.addressOf(o, i / step * 16, isMnMajor);
      cta.readShared(address, chunk, 16, read, knowledge, &isDefined);
      for (uint32_t e = i < firstInner ? firstInner - i : 0; e < step && i + e < inner; ++e) {
        uint32_t m = (isMnMajor ? i + e : o) - first, kk = isMnMajor ? o : i + e;
        size_t at = transposes ? size_t(kk) * mn + m : size_t(m) * k + kk;
        tile.values[at] = decodeElement(elementOf(chunk, e, bits), type);
        tile.isDefined[m] &= isDefined;
      }
    }
  return tile;
}

static void multiplyIntegers(const MatrixTile &a, const MatrixTile &b, Accumulators &d) {
  uint32_t m = a.rows, k = a.columns, n = b.columns;
  for (uint32_t row = 0; row < m; ++row)
    for (uint32_t kk = 0; kk < k; ++kk) {
      auto factor = int32_t(a.values[size_t(row) * k + kk]);
      const float *other = b.values.data() + size_t(kk) * n;
      int32_t *out = d.integers.data() + size_t(row) * n;
      for (uint32_t col = 0; col < n; ++col)
        out[col] += factor * int32_t(other[col]);
    }
}

void multiply(const MatrixTile &a, const MatrixTile &b, const ProductTypes &types, Accumulators &d) {
  uint32_t n = b.columns;
  if (types.accumulator == Type::S32) {
    multiplyIntegers(a, b, d);
  } else {
    DotProduct product(types.rule, {a.values, types.a, a.scales}, {b.values, types.b, b.scales}, types.accumulator, n);
    for (uint32_t row = 0; row < a.rows; ++row)
      product.addRow(row, d.floats.data() + size_t(row) * n);
  }
  for (uint32_t row = 0; row < a.rows; ++row)
    for (uint32_t col = 0; col < n; ++col)
      d.isDefined[size_t(row) * n + col] &= a.isDefined[row] & b.isDefined[col];
}

void multiplySaturated(const MatrixTile &a, const MatrixTile &b, Accumulators &d) {
  uint32_t k = a.columns, n = b.columns;
  for (uint32_t row = 0; row < a.rows; ++row)
    for (uint32_t col = 0; col < n; ++col) {
      size_t at = size_t(row) * n + col;
      int64_t sum = d.integers[at];
      for (uint32_t kk = 0; kk < k; ++kk)
        sum += int64_t(a.values[size_t(row) * k + kk]) * int64_t(b.values[size_t(kk) * n + col]);
      d.integers[at] = int32_t(std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX));
      d.isDefined[at] &= a.isDefined[row] & b.isDefined[col];
    }
}

} // namespace girih::sim

//===- Elementwise.h - One instruction against a formula --------*- C++ -*-===//
//
// A case runs one instruction over random and special values in all lanes and
// compares with a formula that shares no code with the simulator.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_TEST_SIMULATOR_ELEMENTWISE_H
#define GIRIH_TEST_SIMULATOR_ELEMENTWISE_H

#include "Harness.h"

#include <bit>
#include <cmath>
#include <functional>

namespace girih::sim {

using U64 = uint64_t;

struct Case {
  std::string name;
  /// Sources in %rd1, %rd2, %rd3 (or %r1.. / %f1..), the result in register 0.
  std::string code;
  unsigned sourceBits, resultBits;
  std::function<U64(U64, U64, U64)> expect;
};

inline void PrintTo(const Case &c, std::ostream *out) { *out << c.code; }

inline float f(U64 x) { return std::bit_cast<float>(uint32_t(x)); }
inline double d(U64 x) { return std::bit_cast<double>(x); }
inline U64 u(float x) { return std::isnan(x) ? 0x7fffffff : std::bit_cast<uint32_t>(x); }
inline U64 u(double x) { return std::isnan(x) ? 0x7ff8000000000000 : std::bit_cast<U64>(x); }
inline int32_t s(U64 x) { return int32_t(uint32_t(x)); }
inline int64_t sl(U64 x) { return int64_t(x); }
inline uint32_t w(U64 x) { return uint32_t(x); }

inline std::vector<U64> inputs(unsigned bits, unsigned which) {
  std::mt19937_64 random(which * 77 + bits);
  std::vector<U64> values;
  static const U64 special32[] = {0,          1,          0x80000000, 0x7fffffff, 0xffffffff, 0x3f800000,
                                  0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x00000001, 0x807fffff,
                                  0x4f000000, 0xcf000000, 31,         255};
  for (unsigned i = 0; i < 32; ++i) {
    U64 x = random();
    if (bits == 32) {
      // Half of the values are numbers of moderate size when read as floats.
      x = i % 2 ? w(x) : std::bit_cast<uint32_t>(float(int64_t(x) >> 40) * 0x1p-12f);
      if (i < 16)
        x = special32[(i * (which + 1)) % 16];
    } else if (i % 2) {
      x = std::bit_cast<U64>(double(int64_t(x)) * 0x1p-40);
    }
    values.push_back(x);
  }
  return values;
}

inline void checkCase(const Case &c) {
  std::string body = "mul.wide.u32 %rd10, %tid, 8;\nadd.s64 %rd11, %in, %rd10;\nadd.s64 %rd12, %out, %rd10;\n";
  for (unsigned i = 1; i <= 3; ++i) {
    std::string n = std::to_string(i), at = std::to_string(256 * (i - 1));
    body += "ld.global.b64 %rd" + n + ", [%rd11+" + at + "];\ncvt.u32.u64 %r" + n + ", %rd" + n + ";\nmov.b32 %f" + n +
            ", %r" + n + ";\n";
  }
  body += c.code + "\n";
  if (c.code.find("%f0") != std::string::npos)
    body += "mov.b32 %r0, %f0;\n";
  body += c.resultBits == 32 ? "cvt.u64.u32 %rd0, %r0;\n" : "";
  body += "st.global.b64 [%rd12], %rd0;";
  std::vector<U64> all, a[3];
  for (unsigned i = 0; i < 3; ++i) {
    a[i] = inputs(c.sourceBits, i);
    all.insert(all.end(), a[i].begin(), a[i].end());
  }
  TestLaunch test;
  test.in = bytesOf(all);
  TestRun run = runModule(makeModule(body, "sm_100a"), test);
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<U64>();
  for (unsigned i = 0; i < 32; ++i)
    EXPECT_EQ(out[i], c.expect(a[0][i], a[1][i], a[2][i]))
        << c.code << " of " << std::hex << a[0][i] << ", " << a[1][i] << ", " << a[2][i];
}

} // namespace girih::sim

#endif // GIRIH_TEST_SIMULATOR_ELEMENTWISE_H

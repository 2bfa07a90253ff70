//===- VideoTest.cpp - Video instructions against plain loops -------------===//
#include "Elementwise.h"

namespace girih::sim {
namespace {

int64_t signedByte(U64 x, unsigned i) { return int8_t(x >> (8 * i)); }
int64_t unsignedByte(U64 x, unsigned i) { return uint8_t(x >> (8 * i)); }
int64_t signedHalf(U64 x, unsigned i) { return int16_t(x >> (16 * i)); }
int64_t unsignedHalf(U64 x, unsigned i) { return uint16_t(x >> (16 * i)); }
int64_t between(int64_t x, int64_t low, int64_t high) { return x < low ? low : x > high ? high : x; }
/// Bytes packed from a function of the index.
template <class F> U64 bytes(F f) {
  U64 r = 0;
  for (unsigned i = 0; i < 4; ++i)
    r |= (U64(f(i)) & 0xff) << (8 * i);
  return r;
}
template <class F> U64 halves(F f) { return (U64(f(0)) & 0xffff) | (U64(f(1)) & 0xffff) << 16; }

// clang-format off
const Case cases[] = {
  {"vadd", "vadd.s32.s32.s32.sat %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return w(U64(between(int64_t(s(a)) + s(b), INT32_MIN, INT32_MAX))); }},
  {"vsub_parts", "vsub.s32.u32.s32 %r0, %r1.b2, %r2.h1;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return w(U64(unsignedByte(a, 2) - signedHalf(b, 1))); }},
  {"vabsdiff_add", "vabsdiff.u32.u32.u32.add %r0, %r1.b3, %r2.b0, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w(c + U64(std::abs(unsignedByte(a, 3) - unsignedByte(b, 0)))); }},
  {"vadd_merge", "vadd.s32.s32.s32.sat %r0.b1, %r1.h0, %r2.h1, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return (w(c) & 0xffff00ffu) | (U64(between(signedHalf(a, 0) + signedHalf(b, 1), -128, 127)) & 0xff) << 8; }},
  {"vmin_merge", "vmin.u32.s32.s32 %r0.h1, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w((c & 0xffff) | (U64(s(a) < s(b) ? s(a) : s(b)) & 0xffff) << 16); }},
  {"vmax_min", "vmax.s32.s32.u32.min %r0, %r1, %r2.h0, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { int64_t m = std::max<int64_t>(s(a), unsignedHalf(b, 0)); return w(U64(std::min<int64_t>(m, s(c)))); }},
  {"vset", "vset.s32.u32.lt %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return int64_t(s(a)) < int64_t(w(b)); }},
  {"vset_add", "vset.u32.u32.ge.add %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w(c + (w(a) >= w(b))); }},
  {"vshl_clamp", "vshl.u32.u32.u32.sat.clamp %r0, %r1, %r2.b0;", 32, 32, [](U64 a, U64 b, U64) -> U64 { unsigned n = unsigned(std::min<U64>(b & 0xff, 32)); return n == 32 ? (w(a) ? 0xffffffff : 0) : std::min<U64>(U64(w(a)) << n, 0xffffffff); }},
  {"vshr_wrap", "vshr.s32.s32.u32.wrap %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return w(U64(s(a) >> (b & 31))); }},
  {"vmad", "vmad.s32.s32.u32.shr7 %r0, %r1.h1, %r2.b1, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w(U64((signedHalf(a, 1) * unsignedByte(b, 1) + s(c)) >> 7)); }},
  {"vmad_minus", "vmad.s32.s32.s32.sat %r0, -%r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w(U64(int64_t(between(-(int64_t(s(a)) * s(b)) + s(c), INT32_MIN, INT32_MAX)))); }},
  {"vmad_minus_c", "vmad.s32.u32.u32 %r0, %r1.h0, %r2.h0, -%r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w(U64(unsignedHalf(a, 0) * unsignedHalf(b, 0)) - c); }},
  {"vmad_po", "vmad.u32.u32.u32.po.shr15 %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w(U64((static_cast<unsigned __int128>(w(a)) * w(b) + w(c) + 1) >> 15)); }},
  {"vadd2", "vadd2.s32.s32.s32.sat %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return halves([=](unsigned i) { return between(signedHalf(a, i) + signedHalf(b, i), -32768, 32767); }); }},
  {"vavrg2_select", "vavrg2.s32.s32.s32.add %r0.h1, %r1.h32, %r2.h13, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { int64_t sum = signedHalf(b, 1) + signedHalf(a, 1); return w(c + U64((sum >= 0 ? sum + 1 : sum) >> 1)); }},
  {"vabsdiff4_add", "vabsdiff4.u32.u32.u32.add %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { U64 r = c; for (unsigned i = 0; i < 4; ++i) r += U64(std::abs(unsignedByte(a, i) - unsignedByte(b, i))); return w(r); }},
  {"vsub4_mask", "vsub4.s32.s32.s32 %r0.b31, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return bytes([=](unsigned i) { return i % 2 ? signedByte(a, i) - signedByte(b, i) : unsignedByte(c, i); }); }},
  {"vmax4_select", "vmax4.u32.u32.s32 %r0, %r1.b7016, %r2.b3120, %r3;", 32, 32, [](U64 a, U64 b, U64) -> U64 { U64 all = b << 32 | w(a); const unsigned x[] = {6, 1, 0, 7}, y[] = {0, 2, 1, 3}; return bytes([=](unsigned i) { return std::max(unsignedByte(all, x[i]), signedByte(all, y[i])); }); }},
  {"vset4", "vset4.s32.s32.gt %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return bytes([=](unsigned i) { return signedByte(a, i) > signedByte(b, i); }); }},
  {"vmin2_usat", "vmin2.u32.s32.u32.sat %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return halves([=](unsigned i) { return between(std::min(signedHalf(a, i), unsignedHalf(b, i)), 0, 65535); }); }},
};
// clang-format on

class Video : public testing::TestWithParam<Case> {};

TEST_P(Video, MatchesFormula) { checkCase(GetParam()); }

INSTANTIATE_TEST_SUITE_P(All, Video, testing::ValuesIn(cases), [](const auto &info) { return info.param.name; });

TEST(Video, BadParts) {
  auto verdictOf = [](const std::string &code) { return runBody(code).verdict(); };
  EXPECT_NE(verdictOf("vadd.s32.s32.s32 %r1, %r2.h2, %r3;").find("'.h2' is no byte or half"), std::string::npos);
  EXPECT_NE(verdictOf("vadd.s32.s32.s32 %r1, -%r2, %r3;").find("operand 2 cannot be negated"), std::string::npos);
  EXPECT_NE(verdictOf("vadd2.s32.s32.s32 %r1, %r2.b10, %r3, %r4;").find("does not name 2 elements"), std::string::npos);
  EXPECT_NE(verdictOf("vadd2.s32.s32.s32 %r1, %r2.h40, %r3, %r4;").find("names element 4 of 4"), std::string::npos);
  EXPECT_NE(verdictOf("vadd4.s32.s32.s32 %r1.h1, %r2, %r3, %r4;").find("is no mask of 4 elements"), std::string::npos);
  EXPECT_NE(verdictOf("vmad.u32.u32.u32.po %r1, %r2, %r3, -%r4;").find("cannot be negated with '.po'"),
            std::string::npos);
}

} // namespace
} // namespace girih::sim

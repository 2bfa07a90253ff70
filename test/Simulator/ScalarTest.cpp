//===- ScalarTest.cpp - Less common scalar forms --------------------------===//
#include "Elementwise.h"

namespace girih::sim {
namespace {

int32_t clamp32(int64_t x) { return int32_t(x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : x); }
U64 clampBits(int64_t x, int64_t low, int64_t high) { return U64(x < low ? low : x > high ? high : x); }

/// A bf16 pattern is the upper half of a float.
float bf(U64 x) { return f(x << 16); }
/// The value of an f16 pattern by its definition.
float hf(U64 x) {
  int e = int(x >> 10 & 31), m = int(x & 1023);
  float v = e == 31 ? (m ? NAN : INFINITY) : e ? std::ldexp(1.0f + float(m) / 1024, e - 15) : std::ldexp(float(m), -24);
  return x >> 15 & 1 ? -v : v;
}
float saturate(float x) { return x > 0 ? (x < 1 ? x : 1) : 0; }
float flushed(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }
/// Rounding toward zero of an exact double.
float towardZero(double x) {
  float r = float(x);
  return std::fabs(double(r)) > std::fabs(x) ? std::nextafterf(r, 0) : r;
}
U64 pair(U64 high, U64 low) { return high << 32 | (low & 0xffffffff); }
float lowF(U64 x) { return f(x & 0xffffffff); }
float highF(U64 x) { return f(x >> 32); }

// clang-format off
const Case cases[] = {
  {"mad_hi_sat", "mad.hi.sat.s32 %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w(U64(clamp32((int64_t(s(a)) * s(b) >> 32) + s(c)))); }},
  {"mad24_hi_sat", "mad24.hi.sat.s32 %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { int64_t x = int64_t(int32_t(w(a) << 8)) / 256, y = int64_t(int32_t(w(b) << 8)) / 256; return w(U64(clamp32(int64_t(int32_t(w(U64(x * y) >> 16))) + s(c)))); }},
  {"lop3_or", "setp.lt.s32 %p1, %r3, 0; lop3.or.b32 %r4|%p2, %r1, %r2, %r3, 0x80, %p1; selp.b32 %r5, 1, 0, %p2; shl.b32 %r4, %r4, 1; or.b32 %r0, %r4, %r5;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { uint32_t v = w(a & b & c); return w(v << 1) | (v != 0 || s(c) < 0); }},
  {"lop3_and", "setp.lt.s32 %p1, %r3, 0; lop3.and.b32 _|%p2, %r1, %r2, %r3, 0x96, !%p1; selp.b32 %r0, 1, 0, %p2;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w(a ^ b ^ c) != 0 && s(c) >= 0; }},
  {"bmsk_clamp", "bmsk.clamp.b32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { U64 r = 0; for (U64 i = 0; i < 32; ++i) if (i >= w(a) && i < U64(w(a)) + w(b)) r |= 1ull << i; return r; }},
  {"bmsk_wrap", "bmsk.wrap.b32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { U64 r = 0; for (U64 i = 0; i < 32; ++i) if (i >= (a & 31) && i < (a & 31) + (b & 31)) r |= 1ull << i; return r; }},
  {"szext_s", "szext.clamp.s32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { if (w(b) >= 32) return w(a); if (!w(b)) return 0; U64 low = a & ((1ull << w(b)) - 1); return low >> (w(b) - 1) & 1 ? w(low | ~U64(0) << w(b)) : w(low); }},
  {"szext_u", "szext.wrap.u32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return w(a) & ((1ull << (b & 31)) - 1); }},
  {"bfind_shift", "bfind.shiftamt.u64 %r0, %rd1;", 64, 32, [](U64 a, U64, U64) -> U64 { if (!a) return 0xffffffff; U64 n = 0; while (!(a >> (63 - n) & 1)) ++n; return n; }},
  {"fns", "and.b32 %r4, %r2, 31; and.b32 %r5, %r3, 7; sub.s32 %r5, %r5, 3; fns.b32 %r0, %r1, %r4, %r5;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { int at = int(b & 31), n = int(c & 7) - 3; if (!n) return a >> at & 1 ? U64(at) : 0xffffffff; int left = n < 0 ? -n : n; for (; at >= 0 && at < 32; at += n < 0 ? -1 : 1) if (a >> at & 1 && --left == 0) return U64(at); return 0xffffffff; }},
  {"prmt_f4e", "prmt.b32.f4e %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w((b << 32 | w(a)) >> (8 * (c & 3))); }},
  {"prmt_rc16", "prmt.b32.rc16 %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64, U64 c) -> U64 { U64 h = a >> (c & 1 ? 16 : 0) & 0xffff; return h | h << 16; }},
  {"prmt_sign", "prmt.b32 %r0, %r1, %r2, 0xa98b;", 32, 32, [](U64 a, U64, U64) -> U64 { U64 r = 0; const int from[] = {3, 0, 1, 2}; for (int i = 0; i < 4; ++i) if (a >> (8 * from[i] + 7) & 1) r |= 0xffull << 8 * i; return r; }},
  {"madc_chain", "mad.lo.cc.u32 %r4, %r1, %r2, %r3; madc.hi.u32 %r0, %r1, %r2, 0;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return (U64(w(a)) * w(b) + w(c)) >> 32; }},
  {"subc_cc", "sub.cc.u64 %rd4, %rd1, %rd2; subc.cc.u64 %rd5, %rd3, %rd2; subc.u64 %rd0, 0, 0;", 64, 64, [](U64 a, U64 b, U64 c) -> U64 { unsigned __int128 r = (unsigned __int128)c << 64 | a, t = (unsigned __int128)b << 64 | b; return r < t ? ~0ull : 0; }},
  {"dp2a_hi", "dp2a.hi.s32.u32 %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { int64_t t = int64_t(c); for (int i = 0; i < 2; ++i) t += int64_t(int16_t(a >> 16 * i)) * int64_t(uint8_t(b >> (8 * i + 16))); return w(U64(t)); }},
  {"mul24_hi_u", "mul24.hi.u32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return w((a & 0xffffff) * (b & 0xffffff) >> 16); }},
  {"add_s16x2", "add.s16x2 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return ((a + b) & 0xffff) | w(((a >> 16) + (b >> 16)) << 16); }},
  {"max_relu_s16x2", "max.relu.s16x2 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { U64 r = 0; for (int i = 0; i < 32; i += 16) { int x = int16_t(a >> i), y = int16_t(b >> i), m = x > y ? x : y; r |= U64(m < 0 ? 0 : m) << i; } return r; }},
  {"cvt_pack_u8", "cvt.pack.sat.u8.s32.b32 %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return clampBits(s(b), 0, 255) | clampBits(s(a), 0, 255) << 8 | w(c << 16); }},
  {"cvt_pack_s4", "cvt.pack.sat.s4.s32.b32 %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return (clampBits(s(b), -8, 7) & 15) | (clampBits(s(a), -8, 7) & 15) << 4 | w(c << 8); }},
  {"cvt_pack_u2", "cvt.pack.sat.u2.s32.b32 %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return clampBits(s(b), 0, 3) | clampBits(s(a), 0, 3) << 2 | w(c << 4); }},
  {"cvt_pack_s16", "cvt.pack.sat.s16.s32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return (clampBits(s(b), -32768, 32767) & 0xffff) | w(clampBits(s(a), -32768, 32767) << 16); }},
  {"mul_f32x2_rz", "mul.rz.f32x2 %rd0, %rd1, %rd2;", 64, 64, [](U64 a, U64 b, U64) -> U64 { auto g = [](float x, float y) { return u(towardZero(double(x) * double(y))); }; return pair(g(highF(a), highF(b)), g(lowF(a), lowF(b))); }},
  {"fma_f32x2_ftz", "fma.rn.ftz.f32x2 %rd0, %rd1, %rd2, %rd3;", 64, 64, [](U64 a, U64 b, U64 c) -> U64 { auto g = [](float x, float y, float z) { return u(flushed(__builtin_fmaf(flushed(x), flushed(y), flushed(z)))); }; return pair(g(highF(a), highF(b), highF(c)), g(lowF(a), lowF(b), lowF(c))); }},
  {"add_mixed_bf16", "mov.b32 {%h1, _}, %r1; add.f32.bf16 %r0, %h1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return u(bf(a & 0xffff) + f(b)); }},
  {"sub_mixed_sat", "mov.b32 {%h1, _}, %r1; sub.sat.f32.f16 %r0, %h1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return u(saturate(hf(a & 0xffff) - f(b))); }},
  {"fma_mixed", "mov.b32 {%h1, %h2}, %r1; fma.rn.f32.bf16 %r0, %h1, %h2, %r3;", 32, 32, [](U64 a, U64, U64 c) -> U64 { return u(__builtin_fmaf(bf(a & 0xffff), bf(w(a) >> 16), f(c))); }},
  {"min3", "min.f32 %f0, %f1, %f2, %f3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { U64 best = 0x7fffffff; for (U64 x : {a, b, c}) { if (std::isnan(f(x))) continue; if (std::isnan(f(best)) || f(x) < f(best) || (f(x) == f(best) && std::signbit(f(x)))) best = w(x); } return best; }},
  {"max3_abs", "max.abs.f32 %f0, %f1, %f2, %f3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { float best = NAN; for (U64 x : {a, b, c}) if (!std::isnan(f(x)) && !(best >= std::fabs(f(x)))) best = std::fabs(f(x)); return u(best); }},
  {"min_xorsign", "min.xorsign.abs.f32 %f0, %f1, %f2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { float x = std::fabs(f(a)), y = std::fabs(f(b)); if (std::isnan(x) && std::isnan(y)) return 0x7fffffff; float m = std::isnan(x) ? y : std::isnan(y) ? x : x < y ? x : y; return w(std::bit_cast<uint32_t>(m) | (w(a ^ b) & 0x80000000u)); }},
  {"max_xorsign_bf16x2", "max.NaN.xorsign.abs.bf16x2 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { U64 r = 0; for (int i = 0; i < 32; i += 16) { U64 x = a >> i & 0xffff, y = b >> i & 0xffff, m = (x & 0x7fff) > (y & 0x7fff) ? x & 0x7fff : y & 0x7fff; r |= (m > 0x7f80 ? 0x7fff : m | ((x ^ y) & 0x8000)) << i; } return r; }},
  {"set_f16x2", "set.lt.f16x2.f16x2 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { U64 r = 0; for (int i = 0; i < 32; i += 16) if (hf(a >> i & 0xffff) < hf(b >> i & 0xffff)) r |= 0x3c00ull << i; return r; }},
  {"set_bf16x2_u32", "set.geu.u32.bf16x2 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { U64 r = 0; for (int i = 0; i < 32; i += 16) if (!(bf(a >> i & 0xffff) < bf(b >> i & 0xffff))) r |= 0xffffull << i; return r; }},
  {"set_and_u16", "setp.ne.s32 %p1, %r3, 0; mov.b32 {%h1, _}, %r1; mov.b32 {%h2, _}, %r2; set.eq.and.u16.f16 %h0, %h1, %h2, !%p1; mov.b32 %r0, {%h0, %h0};", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return hf(a & 0xffff) == hf(b & 0xffff) && !w(c) ? 0xffffffff : 0; }},
  {"setp_ftz_f16", "mov.b32 {%h1, _}, %r1; setp.eq.ftz.f16 %p1, %h1, 0; selp.b32 %r0, 1, 0, %p1;", 32, 32, [](U64 a, U64, U64) -> U64 { return std::fabs(hf(a & 0xffff)) < 0x1p-14f; }},
  {"vector_registers", ".reg .v2 .b32 V; mov.b64 {V.x, V.y}, %rd1; add.u32 %r0, V.x, V.y;", 64, 32, [](U64 a, U64, U64) -> U64 { return w(a + (a >> 32)); }},
  {"constant_expression", "add.u32 %r0, %r1, (1<<4)+2*3-~0;", 32, 32, [](U64 a, U64, U64) -> U64 { return w(a + 23); }},
};
// clang-format on

class Scalar : public testing::TestWithParam<Case> {};

TEST_P(Scalar, MatchesFormula) { checkCase(GetParam()); }

INSTANTIATE_TEST_SUITE_P(All, Scalar, testing::ValuesIn(cases), [](const auto &info) { return info.param.name; });

TEST(Scalar, FmaOutOfBounds) {
  // 0x7fff is the NaN that tensor copies fill with; another NaN stays one.
  TestRun run = runModule(makeModule("mov.b32 %r1, 0x7fff3c00;\nmov.b32 %r2, 0x40004000;\nmov.b32 %r3, 0x3c003c00;\n"
                                     "fma.rn.oob.f16x2 %r4, %r1, %r2, %r3;\nmov.b32 %r5, 0x7e003c00;\n"
                                     "fma.rn.oob.relu.f16x2 %r6, %r2, %r5, %r3;\n"
                                     "st.global.v2.b32 [%out], {%r4, %r6};",
                                     "sm_90a"));
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[0], 0x00004200u); // 1 * 2 + 1
  EXPECT_EQ(run.out<uint32_t>()[1], 0x7fff4200u);
}

TEST(Scalar, ReduxOfFloats) {
  std::string body = "cvt.rn.f32.u32 %f1, %lane;\nsub.f32 %f1, %f1, 0f41A00000;\n" // lane - 20
                     "redux.sync.min.f32 %f2, %f1, -1;\nredux.sync.max.abs.f32 %f3, %f1, -1;\n"
                     "setp.eq.u32 %p1, %lane, 5;\n@%p1 mov.b32 %f1, 0x7fc00000;\n"
                     "redux.sync.max.f32 %f4, %f1, -1;\nredux.sync.max.NaN.f32 %f5, %f1, -1;\n"
                     "st.global.v4.f32 [%out], {%f2, %f3, %f4, %f5};";
  TestRun run = runModule(makeModule(body, "sm_100a"));
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<float>();
  EXPECT_EQ(out[0], -20.0f);
  EXPECT_EQ(out[1], 20.0f);
  EXPECT_EQ(out[2], 11.0f);
  EXPECT_EQ(run.out<uint32_t>()[3], 0x7fffffffu);
}

TEST(Scalar, PartsAndSignsOfRegisters) {
  auto verdictOf = [](const std::string &code) { return runBody(code).verdict(); };
  EXPECT_NE(verdictOf("add.s32 %r1, %r2.b1, 3;").find("takes no part of a register"), std::string::npos);
  EXPECT_NE(verdictOf("add.s32 %r1, -%r2, 3;").find("negated register"), std::string::npos);
  EXPECT_NE(verdictOf("mov.b32 %r1, 1/0;").find("division by zero"), std::string::npos);
  EXPECT_NE(verdictOf("cvt.rs.f64.f32 %rd1, %f1, %r2;").find("stochastic rounding from .f32 to .f64"),
            std::string::npos);
}

} // namespace
} // namespace girih::sim

//===- ElementwiseTest.cpp - Arithmetic against independent C++ -----------===//
#include "Elementwise.h"

namespace girih::sim {
namespace {

// clang-format off
const Case cases[] = {
  {"add_s32", "add.s32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return w(a + b); }},
  {"add_sat", "add.sat.s32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { int64_t x = int64_t(s(a)) + s(b); return w(U64(x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : x)); }},
  {"sub_u64", "sub.s64 %rd0, %rd1, %rd2;", 64, 64, [](U64 a, U64 b, U64) -> U64 { return a - b; }},
  {"mul_lo", "mul.lo.s32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return w(w(a) * U64(w(b))); }},
  {"mul_hi_u", "mul.hi.u32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return U64(w(a)) * w(b) >> 32; }},
  {"mul_hi_s64", "mul.hi.s64 %rd0, %rd1, %rd2;", 64, 64, [](U64 a, U64 b, U64) -> U64 { return U64((__int128(sl(a)) * sl(b)) >> 64); }},
  {"mul_wide", "mul.wide.s32 %rd0, %r1, %r2;", 32, 64, [](U64 a, U64 b, U64) -> U64 { return U64(int64_t(s(a)) * s(b)); }},
  {"mad_lo", "mad.lo.s32 %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w(w(a) * U64(w(b)) + c); }},
  {"div_s", "div.s32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return s(b) == 0 ? 0xffffffffu : s(b) == -1 ? w(0 - a) : w(U64(s(a) / s(b))); }},
  {"rem_u", "rem.u32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return w(b) ? w(a) % w(b) : 0xffffffffu; }},
  {"min_s", "min.s32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return w(U64(s(a) < s(b) ? s(a) : s(b))); }},
  {"max_u", "max.u32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return w(a) > w(b) ? w(a) : w(b); }},
  {"abs_s", "abs.s32 %r0, %r1;", 32, 32, [](U64 a, U64, U64) -> U64 { return s(a) < 0 ? w(0 - a) : w(a); }},
  {"sad_u", "sad.u32 %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w(c + (w(a) > w(b) ? w(a) - w(b) : w(b) - w(a))); }},
  {"popc", "popc.b64 %r0, %rd1;", 64, 32, [](U64 a, U64, U64) -> U64 { U64 n = 0; for (; a; a &= a - 1) ++n; return n; }},
  {"clz", "clz.b32 %r0, %r1;", 32, 32, [](U64 a, U64, U64) -> U64 { U64 n = 0; while (n < 32 && !(w(a) >> (31 - n) & 1)) ++n; return n; }},
  {"bfind_s", "bfind.s32 %r0, %r1;", 32, 32, [](U64 a, U64, U64) -> U64 { uint32_t x = s(a) < 0 ? ~w(a) : w(a); int n = 31; while (n >= 0 && !(x >> n & 1)) --n; return w(U64(n)); }},
  {"brev", "brev.b32 %r0, %r1;", 32, 32, [](U64 a, U64, U64) -> U64 { U64 r = 0; for (int i = 0; i < 32; ++i) r |= (a >> i & 1) << (31 - i); return r; }},
  {"bfe_u", "bfe.u32 %r0, %r1, 5, 9;", 32, 32, [](U64 a, U64, U64) -> U64 { return w(a) >> 5 & 511; }},
  {"bfe_s", "bfe.s32 %r0, %r1, 28, 9;", 32, 32, [](U64 a, U64, U64) -> U64 { return w(U64(s(a) >> 28)); }},
  {"bfi", "bfi.b32 %r0, %r1, %r2, 4, 8;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return (w(b) & ~0xff0u) | (w(a) & 0xff) << 4; }},
  {"and", "and.b32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return w(a & b); }},
  {"not64", "not.b64 %rd0, %rd1;", 64, 64, [](U64 a, U64, U64) -> U64 { return ~a; }},
  {"lop3", "lop3.b32 %r0, %r1, %r2, %r3, 0xe8;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w((a & b) | (a & c) | (b & c)); }},
  {"shl", "shl.b32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return w(b) > 31 ? 0 : w(a << w(b)); }},
  {"shr_s", "shr.s32 %r0, %r1, %r2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return w(U64(s(a) >> (w(b) > 31 ? 31 : w(b)))); }},
  {"shf_l", "shf.l.wrap.b32 %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w(((b << 32 | w(a)) << (c & 31)) >> 32); }},
  {"shf_r", "shf.r.clamp.b32 %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w(c) > 31 ? w(b) : w((b << 32 | w(a)) >> w(c)); }},
  {"prmt", "prmt.b32 %r0, %r1, %r2, 0x7531;", 32, 32, [](U64 a, U64 b, U64) -> U64 { U64 all = b << 32 | w(a); return (all >> 8 & 0xff) | (all >> 24 & 0xff) << 8 | (all >> 40 & 0xff) << 16 | (all >> 56 & 0xff) << 24; }},
  {"dp4a", "dp4a.s32.s32 %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { int32_t t = s(c); for (int i = 0; i < 4; ++i) t = int32_t(uint32_t(t) + uint32_t(int8_t(a >> 8 * i) * int8_t(b >> 8 * i))); return w(U64(t)); }},
  {"add_f32", "add.rn.f32 %f0, %f1, %f2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return u(float(double(f(a)) + double(f(b)))); }},
  {"sub_ftz", "sub.ftz.f32 %f0, %f1, %f2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { auto z = [](float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }; return u(z(z(f(a)) - z(f(b)))); }},
  {"mul_f32", "mul.rn.f32 %f0, %f1, %f2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return u(float(double(f(a)) * double(f(b)))); }},
  {"fma_f32", "fma.rn.f32 %f0, %f1, %f2, %f3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return u(__builtin_fmaf(f(a), f(b), f(c))); }},
  {"div_f32", "div.rn.f32 %f0, %f1, %f2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return u(float(double(f(a)) / double(f(b)))); }},
  {"sqrt_f32", "sqrt.rn.f32 %f0, %f1;", 32, 32, [](U64 a, U64, U64) -> U64 { return u(float(std::sqrt(double(f(a))))); }},
  {"fma_f64", "fma.rn.f64 %rd0, %rd1, %rd2, %rd3;", 64, 64, [](U64 a, U64 b, U64 c) -> U64 { return u(__builtin_fma(d(a), d(b), d(c))); }},
  {"max_f32", "max.f32 %f0, %f1, %f2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { float x = f(a), y = f(b); if (x == 0 && y == 0) return w(a & b); return std::isnan(x) && std::isnan(y) ? 0x7fffffff : std::isnan(x) ? w(b) : std::isnan(y) ? w(a) : x > y ? w(a) : w(b); }},
  {"min_nan", "min.NaN.f32 %f0, %f1, %f2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { float x = f(a), y = f(b); if (std::isnan(x) || std::isnan(y)) return 0x7fffffff; if (x == 0 && y == 0) return w(a | b); return x < y ? w(a) : w(b); }},
  {"neg_f32", "neg.f32 %f0, %f1;", 32, 32, [](U64 a, U64, U64) -> U64 { return w(a) ^ 0x80000000u; }},
  {"abs_f32", "abs.f32 %f0, %f1;", 32, 32, [](U64 a, U64, U64) -> U64 { return w(a) & 0x7fffffffu; }},
  {"copysign", "copysign.f32 %f0, %f1, %f2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return (w(a) & 0x80000000u) | (w(b) & 0x7fffffffu); }},
  {"setp_lt", "setp.lt.s32 %p1, %r1, %r2; selp.b32 %r0, 7, 9, %p1;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return s(a) < s(b) ? 7 : 9; }},
  {"setp_gtu", "setp.gtu.f32 %p1, %f1, %f2; selp.b32 %r0, 7, 9, %p1;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return !(f(a) <= f(b)) ? 7 : 9; }},
  {"setp_and", "setp.eq.s32 %p2, %r3, %r3; setp.hi.and.u32 %p1|%p3, %r1, %r2, %p2; selp.b32 %r4, 7, 9, %p1; selp.b32 %r5, 1, 2, %p3; add.s32 %r0, %r4, %r5;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return w(a) > w(b) ? 9 : 10; }},
  {"set", "set.ge.u32.f32 %r0, %f1, %f2;", 32, 32, [](U64 a, U64 b, U64) -> U64 { return f(a) >= f(b) ? 0xffffffffu : 0; }},
  {"slct", "slct.b32.s32 %r0, %r1, %r2, %r3;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return s(c) >= 0 ? w(a) : w(b); }},
  {"carry", "add.cc.u32 %r4, %r1, %r2; addc.u32 %r0, %r3, 0;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w(c + ((U64(w(a)) + w(b)) >> 32)); }},
  {"borrow", "sub.cc.u32 %r4, %r1, %r2; subc.u32 %r0, %r3, 5;", 32, 32, [](U64 a, U64 b, U64 c) -> U64 { return w(c - 5 - (w(a) < w(b))); }},
  {"cvt_s32_f32", "cvt.rzi.s32.f32 %r0, %f1;", 32, 32, [](U64 a, U64, U64) -> U64 { double x = f(a); return std::isnan(x) ? 0 : x >= 2147483647.0 ? 0x7fffffff : x <= -2147483648.0 ? 0x80000000u : w(U64(int64_t(x))); }},
  {"cvt_f32_u64", "cvt.rn.f32.u64 %f0, %rd1;", 64, 32, [](U64 a, U64, U64) -> U64 { return u(float(a)); }},
  {"cvt_f32_s32_rz", "cvt.rz.f32.s32 %f0, %r1;", 32, 32, [](U64 a, U64, U64) -> U64 { double x = s(a); float r = float(x); if (std::fabs(double(r)) > std::fabs(x)) r = std::nextafterf(r, 0); return u(r); }},
  {"cvt_s64_s32", "cvt.s64.s32 %rd0, %r1;", 32, 64, [](U64 a, U64, U64) -> U64 { return U64(int64_t(s(a))); }},
  {"cvt_u8", "cvt.u32.u8 %r0, %r1;", 32, 32, [](U64 a, U64, U64) -> U64 { return a & 0xff; }},
  {"cvt_sat_u8", "cvt.sat.u8.s32 %r0, %r1;", 32, 32, [](U64 a, U64, U64) -> U64 { return s(a) < 0 ? 0 : s(a) > 255 ? 255 : w(a); }},
  {"cvt_rpi", "cvt.rpi.f32.f32 %f0, %f1;", 32, 32, [](U64 a, U64, U64) -> U64 { return u(std::ceil(f(a))); }},
  {"cvt_f64", "cvt.f64.f32 %rd0, %f1;", 32, 64, [](U64 a, U64, U64) -> U64 { return u(double(f(a))); }},
};
// clang-format on

class Elementwise : public testing::TestWithParam<Case> {};

TEST_P(Elementwise, MatchesFormula) { checkCase(GetParam()); }

INSTANTIATE_TEST_SUITE_P(All, Elementwise, testing::ValuesIn(cases), [](const auto &info) { return info.param.name; });

} // namespace
} // namespace girih::sim

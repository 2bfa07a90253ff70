//===- TensorHarness.h - Kernels around tcgen05 instructions ----*- C++ -*-===//
#ifndef GIRIH_TEST_SIMULATOR_TENSORHARNESS_H
#define GIRIH_TEST_SIMULATOR_TENSORHARNESS_H

#include "../../lib/Simulator/Numbers/Formats.h"
#include "Harness.h"

#include <cmath>

namespace girih::sim {

/// Small integers: exact in every type and in every order of sums.
inline double valueAt(unsigned row, unsigned k, unsigned which) {
  return double(int((row * 5 + k * 3 + which) % 5) - 2);
}
inline double scaleAt(unsigned row, unsigned block, unsigned which) {
  return std::ldexp(1.0, int((row + block + which) % 4) - 1);
}

inline uint32_t codeOf(double value, Type type) {
  if (type == Type::S8 || type == Type::U8)
    return uint8_t(int8_t(value));
  if (type == Type::TF32)
    return __builtin_bit_cast(uint32_t, float(value));
  return encodeFloat(value, formatOf(type), Rounding::NearestEven, true);
}

inline unsigned bitsOf(Type type) { return type == Type::E2M3 || type == Type::E3M2 ? 6 : typeBits(type); }

inline void orWord(std::vector<uint8_t> &image, uint32_t at, uint32_t bits) {
  uint32_t word;
  std::memcpy(&word, image.data() + at, 4);
  word |= bits;
  std::memcpy(image.data() + at, &word, 4);
}

/// One element of a K-major operand with a swizzle of 128 bytes. Elements of
/// less than 8 bits are 16 to 16 bytes, or 32 when they are dense.
inline void putK(std::vector<uint8_t> &image, uint32_t base, unsigned row, unsigned k, double value, Type type,
                 bool isDense = false) {
  unsigned bits = bitsOf(type), perChunk = bits >= 8 ? 128 / bits : isDense ? 32 : 16;
  unsigned chunk = k / perChunk, first = k % perChunk * bits;
  orWord(image, base + row * 128 + (chunk ^ row % 8) * 16 + first / 8, codeOf(value, type) << first % 8);
}

/// One element of an MN-major operand with a swizzle of 128 bytes: lines of 128
/// bytes, one a step of k, groups of rows 16384 bytes apart. Words have atoms
/// of 32 bytes, exchanged every four lines; others of 16, every eight.
inline void putMN(std::vector<uint8_t> &image, uint32_t base, unsigned row, unsigned k, double value, Type type) {
  unsigned size = typeBits(type) / 8, byte = row * size;
  unsigned atom = size == 4 ? 32 : 16, lines = size == 4 ? 4 : 8;
  unsigned place = (byte % 128 / atom ^ k % lines) * atom + byte % atom;
  uint32_t at = base + byte / 128 * 16384 + k * 128 + place;
  orWord(image, at & ~3u, codeOf(value, type) << at % 4 * 8);
}

inline uint64_t descriptor(uint32_t address, uint64_t layout = 2, uint64_t stride = 1024, uint64_t leading = 16) {
  return uint64_t(address >> 4) | leading >> 4 << 16 | stride >> 4 << 32 | uint64_t(1) << 46 | layout << 61;
}
inline std::string text(uint64_t bits) { return std::to_string(int64_t(bits)); }

/// The image of 65536 bytes goes to shared memory at `imageAt`, 512 columns are
/// allocated at %r41, the mbarrier is at %r40, %p8 is true in warp 0 and %p9
/// false in thread 0.
constexpr uint32_t imageAt = 1024;
inline const std::string copyImage =
    "mov.u32 %r1, smem;\nmov.b32 %r2, %tid;\nC: mul.lo.s32 %r3, %r2, 16;\nadd.s32 %r4, %r1, %r3;\n"
    "cvt.u64.u32 %rd1, %r3;\nadd.s64 %rd2, %in, %rd1;\nld.global.v4.b32 {%r5, %r6, %r7, %r8}, [%rd2];\n"
    "st.shared.v4.b32 [%r4], {%r5, %r6, %r7, %r8};\nadd.s32 %r2, %r2, 128;\n"
    "setp.lt.s32 %p1, %r2, 4096;\n@%p1 bra C;\nfence.proxy.async;\n"
    "setp.ne.u32 %p9, %tid, 0;\nadd.s32 %r40, %r1, 65536;\n"
    "@!%p9 mbarrier.init.shared::cta.b64 [%r40], 1;\nfence.mbarrier_init.release.cluster;\n"
    "setp.eq.u32 %p8, %warp, 0;\n@%p8 tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [%r40+16], 512;\n"
    "tcgen05.fence::before_thread_sync;\nbar.sync 0;\ntcgen05.fence::after_thread_sync;\n"
    "ld.shared.b32 %r41, [%r40+16];\n";
inline const std::string finish = "tcgen05.fence::before_thread_sync;\nbar.sync 0;\ntcgen05.fence::after_thread_sync;\n"
                                  "@%p8 tcgen05.dealloc.cta_group::1.sync.aligned.b32 %r41, 512;\n";
inline const std::string waitProduct =
    "tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 [%r40];\n"
    "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra W;\ntcgen05.fence::after_thread_sync;\n";
inline const std::string clusterSync =
    "barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;\n";

/// The same for a pair of CTAs.
inline std::string asPair(std::string body) {
  for (size_t at; (at = body.find("cta_group::1")) != body.npos;)
    body.replace(at, 12, "cta_group::2");
  return body;
}

/// A kernel whose thread 0 (of CTA 0) executes `body` between a fill and a dump
/// of tensor memory: columns [0, 256) of every lane and CTA.
struct TensorKernel {
  static constexpr uint32_t columns = 256, cells = 128 * columns;
  unsigned ctas;
  /// By CTA: the image of shared memory, and the cells by lane.
  std::vector<std::vector<uint8_t>> images;
  std::vector<std::vector<uint32_t>> before, after;
  Options options;

  explicit TensorKernel(unsigned ctas = 1)
      : ctas(ctas), images(ctas, std::vector<uint8_t>(65536)), before(ctas, std::vector<uint32_t>(cells)), after(ctas) {
  }
  uint32_t &cell(unsigned cta, unsigned lane, unsigned column) { return before[cta][lane * columns + column]; }
  uint32_t result(unsigned lane, unsigned column, unsigned cta = 0) const {
    return after[cta][lane * columns + column];
  }

  /// The first verdict of the run; empty when there is none.
  std::string run(const std::string &body);
};

inline std::string TensorKernel::run(const std::string &body) {
  const uint32_t share = 65536 + cells * 4;
  std::string all = "mov.u32 %r9, %cluster_ctarank;\nmul.wide.u32 %rd9, %r9, " + std::to_string(share) +
                    ";\nadd.s64 %in, %in, %rd9;\nmul.wide.u32 %rd9, %r9, " + std::to_string(cells * 4) +
                    ";\nadd.s64 %out, %out, %rd9;\n" + copyImage +
                    "shl.b32 %r50, %warp, 21;\nadd.s32 %r50, %r41, %r50;\nmul.wide.u32 %rd3, %tid, " +
                    std::to_string(columns * 4) + ";\nadd.s64 %rd4, %in, %rd3;\nadd.s64 %rd3, %out, %rd3;\n";
  const std::string eight = "{%r60, %r61, %r62, %r63, %r64, %r65, %r66, %r67}";
  for (unsigned c = 0; c < columns; c += 8) {
    std::string at = std::to_string(65536 + 4 * c), upper = std::to_string(65536 + 4 * c + 16);
    all += "ld.global.v4.b32 {%r60, %r61, %r62, %r63}, [%rd4+" + at +
           "];\nld.global.v4.b32 {%r64, %r65, %r66, %r67}, "
           "[%rd4+" +
           upper + "];\ntcgen05.st.sync.aligned.32x32b.x8.b32 [%r50+" + std::to_string(c) + "], " + eight + ";\n";
  }
  all += "tcgen05.wait::st.sync.aligned;\ntcgen05.fence::before_thread_sync;\nbar.sync 0;\n";
  std::string wait = waitProduct;
  if (ctas == 2) {
    all += clusterSync;
    wait = "mov.b16 %h1, 3;\ntcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.multicast::cluster.b64 "
           "[%r40], %h1;\n" +
           waitProduct.substr(waitProduct.find("W:"));
  }
  all += "tcgen05.fence::after_thread_sync;\nsetp.ne.or.u32 %p7, %r9, 0, %p9;\nsetp.eq.s32 %p4, %r1, %r1;\n"
         "setp.ne.s32 %p3, %r1, %r1;\n@%p7 bra W;\n" +
         body + wait;
  for (unsigned c = 0; c < columns; c += 8) {
    all += "tcgen05.ld.sync.aligned.32x32b.x8.b32 " + eight + ", [%r50+" + std::to_string(c) +
           "];\ntcgen05.wait::ld.sync.aligned;\n";
    for (unsigned half = 0; half < 2; ++half) {
      std::string at = std::to_string(4 * c + 16 * half);
      all += "st.global.v4.b32 [%rd3+" + at + "], {";
      for (unsigned i = 0; i < 4; ++i)
        all += (i ? ", %r" : "%r") + std::to_string(60 + 4 * half + i);
      all += "};\n";
    }
  }
  all += finish + (ctas == 2 ? clusterSync : "");
  TestLaunch test;
  test.threads = 128;
  test.shared = 65536 + 1024;
  test.grid = test.cluster = ctas;
  test.options = options;
  test.in.clear();
  for (unsigned c = 0; c < ctas; ++c) {
    test.in.insert(test.in.end(), images[c].begin(), images[c].end());
    auto bytes = bytesOf(before[c]);
    test.in.insert(test.in.end(), bytes.begin(), bytes.end());
  }
  test.out.resize(size_t(ctas) * cells * 4);
  TestRun run = runModule(makeModule(ctas == 2 ? asPair(all) : all, "sm_100a"), test);
  if (run.launch.buffers.empty()) // the PTX has been refused
    return run.verdict();
  auto out = run.out<uint32_t>();
  for (unsigned c = 0; c < ctas; ++c)
    after[c].assign(out.begin() + c * cells, out.begin() + (c + 1) * cells);
  return run.verdict();
}

//===----------------------------------------------------------------------===//
// Products: A at the start of the image or in columns from 200 on, B at
// offsetB, D in columns from 0 on.
//===----------------------------------------------------------------------===//

constexpr uint32_t offsetB = 32768;

/// Of the plain kinds: formats as coded, m and n in their units.
inline uint32_t idescOf(uint32_t accumulator, uint32_t format, uint32_t m, uint32_t n) {
  return accumulator << 4 | format << 7 | format << 10 | n / 8 << 17 | m / 16 << 24;
}

inline double ofA(unsigned row, unsigned k) { return valueAt(row, k, 0); }
inline double ofB(unsigned row, unsigned k) { return valueAt(row, k, 1); }

inline double dot(unsigned m, unsigned n, unsigned count) {
  double sum = 0;
  for (unsigned k = 0; k < count; ++k)
    sum += ofA(m, k) * ofB(n, k);
  return sum;
}

/// Rows [0, m) of A and [0, n) of B, K-major; a pair of CTAs halves both.
inline void fillShared(TensorKernel &kernel, Type type, unsigned m, unsigned n, unsigned k, bool isDense = false) {
  for (unsigned c = 0; c < kernel.ctas; ++c)
    for (unsigned kk = 0; kk < k; ++kk) {
      for (unsigned row = 0; row < m / kernel.ctas; ++row)
        putK(kernel.images[c], 0, row, kk, ofA(c * m / kernel.ctas + row, kk), type, isDense);
      for (unsigned column = 0; column < n / kernel.ctas; ++column)
        putK(kernel.images[c], offsetB, column, kk, ofB(c * n / kernel.ctas + column, kk), type, isDense);
    }
}

/// One element of an A in tensor memory: packed along the columns from 200 on.
inline void putLane(TensorKernel &kernel, unsigned lane, unsigned k, double value, Type type, bool isDense = false,
                    unsigned cta = 0) {
  unsigned bits = isDense ? 4 : std::max(8u, typeBits(type)), padding = type == Type::E2M1 && !isDense ? 2 : 0;
  kernel.cell(cta, lane, 200 + k * bits / 32) |= codeOf(value, type) << padding << k * bits % 32;
}

inline const std::string sharedA = text(descriptor(imageAt)), lanesA = "[%r41+200]",
                         sharedB = text(descriptor(imageAt + offsetB));
inline std::string mma(const std::string &form, const std::string &a, uint32_t idesc, const std::string &tail = "%p3") {
  return "tcgen05.mma" + form + " [%r41], " + a + ", " + sharedB + ", " + std::to_string(int32_t(idesc)) + ", " + tail +
         ";\n";
}
inline const std::string f16 = ".cta_group::1.kind::f16";

inline double asFloat(uint32_t bits) { return __builtin_bit_cast(float, bits); }

inline std::string verdictOf(const std::string &body, unsigned ctas = 1) {
  TensorKernel kernel(ctas);
  return kernel.run(body);
}
inline void expectPart(const std::string &body, const std::string &part, unsigned ctas = 1) {
  std::string verdict = verdictOf(body, ctas);
  EXPECT_NE(verdict.find(part), std::string::npos) << verdict;
}

} // namespace girih::sim

#endif // GIRIH_TEST_SIMULATOR_TENSORHARNESS_H

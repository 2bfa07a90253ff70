//===- BulkCopyTest.cpp - Bulk copies and asynchronous stores -------------===//
#include "Harness.h"

#include <cmath>
#include <functional>

namespace girih::sim {
namespace {

void expectContains(const TestRun &run, const std::string &text) {
  EXPECT_NE(run.verdict().find(text), std::string::npos) << "verdict: " << run.verdict();
}

const std::string clusterSync = "barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;\n";
const std::string wait = "L: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra L;\n";

/// Two CTAs with an mbarrier at smem (%r40) and 256 bytes at smem + 128, which
/// hold `in` in CTA 1 and the next 256 bytes of it in CTA 0. Thread 0 of CTA 1
/// issues the operation with %r41, %r42 the barrier and the bytes of CTA 0;
/// CTA 0 waits for `expected` bytes and stores its 256.
TestRun runPair(const std::string &operation, unsigned expected, TestLaunch test,
                const std::string &target = "sm_90a") {
  test.grid = test.cluster = 2;
  std::string body =
      "mov.u32 %r40, smem;\nsetp.ne.u32 %p9, %tid, 0;\nmov.u32 %r1, %cluster_ctarank;\nsetp.eq.u32 %p8, %r1, 0;\n"
      "mul.wide.u32 %rd1, %tid, 8;\nadd.s64 %rd1, %in, %rd1;\n@%p8 add.s64 %rd1, %rd1, 256;\nld.global.b64 %rd2, "
      "[%rd1];\n"
      "mad.lo.s32 %r2, %tid, 8, %r40;\nst.shared.b64 [%r2+128], %rd2;\nfence.proxy.async;\n"
      "@%p9 bra READY;\nmbarrier.init.shared::cta.b64 [%r40], 1;\nfence.mbarrier_init.release.cluster;\n"
      "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], " +
      std::to_string(expected) + ";\nREADY:\n" + clusterSync +
      "mov.b32 %r3, 0;\nmapa.shared::cluster.u32 %r41, %r40, %r3;\nadd.s32 %r42, %r41, 128;\n"
      "cvta.shared.u64 %rd10, smem;\nmapa.u64 %rd11, %rd10, %r3;\nadd.s32 %r43, %r40, 128;\nmov.b64 %rd12, 0;\n"
      "@%p8 bra W;\n@%p9 bra E;\n" +
      operation +
      // Its own barrier has to come to an end too.
      "mbarrier.complete_tx.shared::cta.b64 [%r40], " + std::to_string(expected) + ";\nbra E;\nW: " + wait.substr(3) +
      "ld.shared.b64 %rd3, [%r2+128];\nmul.wide.u32 %rd4, %tid, 8;\nadd.s64 %rd4, %out, %rd4;\n"
      "st.global.b64 [%rd4], %rd3;\nE:\n" +
      clusterSync;
  size_t loop = body.find("@!%p2 bra L;");
  body.replace(loop, 12, "@!%p2 bra W;");
  return runModule(makeModule(body, target), std::move(test));
}

template <class T> TestLaunch filled(unsigned seed) {
  TestLaunch test;
  std::mt19937_64 random(seed);
  std::vector<T> values(512 / sizeof(T));
  for (T &value : values)
    value = T(random());
  std::vector<uint8_t> bytes = bytesOf(values);
  std::copy(bytes.begin(), bytes.end(), test.in.begin());
  return test;
}

/// The arithmetic of the PTX ISA, "red.async", on C++ integers.
template <class T> T combined(const std::string &how, T a, T b) {
  if (how == "add")
    return T(std::make_unsigned_t<T>(a) + std::make_unsigned_t<T>(b));
  if (how == "min")
    return std::min(a, b);
  if (how == "max")
    return std::max(a, b);
  if (how == "and")
    return a & b;
  if (how == "or")
    return a | b;
  if (how == "xor")
    return a ^ b;
  if (how == "inc")
    return a >= b ? 0 : a + 1;
  return a == 0 || a > b ? b : a - 1;
}

template <class T> void checkReductions(const std::string &type, std::initializer_list<const char *> operations) {
  TestLaunch test = filled<T>(unsigned(type[0] + operations.size()));
  std::vector<T> in(512 / sizeof(T)), out(256 / sizeof(T));
  std::memcpy(in.data(), test.in.data(), 512);
  const char *reg = sizeof(T) == 8 ? "%rd3" : "%r5";
  for (const std::string how : operations) {
    TestRun run = runPair("cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes." + how + "." +
                              type + " [%r42], [%r43], 256, [%r41];\n",
                          256, test);
    ASSERT_EQ(run.verdict(), "") << how;
    std::memcpy(out.data(), run.launch.buffers[1].bytes.data(), 256);
    for (size_t i = 0; i < out.size(); ++i)
      EXPECT_EQ(out[i], combined(how, in[out.size() + i], in[i])) << how << " " << type << " " << i;
    // The first element alone, by red.async from a register.
    std::string word = "ld.shared.b" + std::to_string(8 * sizeof(T)) + " " + reg + ", [%r43];\n";
    run = runPair(word + "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes." + how + "." + type +
                      " [%r42], " + reg + ", [%r41];\n",
                  sizeof(T), test);
    ASSERT_EQ(run.verdict(), "") << how;
    std::memcpy(out.data(), run.launch.buffers[1].bytes.data(), 256);
    EXPECT_EQ(out[0], combined(how, in[out.size()], in[0])) << how << " " << type;
    EXPECT_EQ(out[1], in[out.size() + 1]);
  }
}

TEST(AsyncReductions, OfSharedMemory) {
  checkReductions<uint32_t>("u32", {"add", "min", "max", "inc", "dec"});
  checkReductions<int32_t>("s32", {"add", "min", "max"});
  checkReductions<uint64_t>("u64", {"add"});
  checkReductions<uint32_t>("b32", {"and", "or", "xor"});
}

TEST(AsyncReductions, Misuse) {
  TestLaunch test = filled<uint32_t>(1);
  std::string red = "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.u32 ";
  expectContains(runPair(red + "[%r43], %r3, [%r40];\n", 4, test), "should be another CTA's");
  expectContains(runPair(red + "[%r42], %r3, [%r40];\n", 4, test), "completes on an mbarrier of cta (1, 0, 0)");
  expectContains(runPair(red + "[%r42+2], %r3, [%r41];\n", 4, test), "is not a multiple of 4");
  expectContains(
      runPair("red.async.relaxed.cluster.mbarrier::complete_tx::bytes.add.u32 [%rd12], %r3, [%rd11];\n", 4, test),
      "outside the shared window");
  expectContains(runBody("red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.min.u64 [%r1], %rd1, "
                         "[%r2];"),
                 "has no reduction .min.u64");
  expectContains(runBody("red.async.release.gpu.global.add.u32 [%out], %r1;"), "a release of global memory");
}

TEST(AsyncStores, Vectors) {
  TestLaunch test = filled<uint32_t>(2);
  std::vector<uint32_t> in(128);
  std::memcpy(in.data(), test.in.data(), 512);
  std::string load = "ld.shared.v4.b32 {%r4, %r5, %r6, %r7}, [%r43];\nmov.b64 %rd5, {%r4, %r5};\n"
                     "mov.b64 %rd6, {%r6, %r7};\n";
  struct Case {
    std::string text;
    unsigned bytes;
  };
  for (const Case &c :
       {Case{"st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [%r42], %r4, [%r41];\n", 4},
        Case{"st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v2.s32 [%r42], {%r4, %r5}, [%r41];\n", 8},
        Case{
            "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 [%r42], {%r4, %r5, %r6, %r7}, [%r41];\n",
            16},
        Case{"st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v2.b64 [%r42], {%rd5, %rd6}, [%r41];\n", 16},
        Case{"add.s64 %rd13, %rd11, 128;\n"
             "st.async.weak.mbarrier::complete_tx::bytes.s64 [%rd13], %rd5, [%rd11];\n",
             8}}) {
    TestRun run = runPair(load + c.text, c.bytes, test);
    ASSERT_EQ(run.verdict(), "") << c.text;
    auto out = run.out<uint32_t>();
    for (unsigned i = 0; i < 64; ++i)
      EXPECT_EQ(out[i], i < c.bytes / 4 ? in[i] : in[64 + i]) << c.text << i;
  }
  expectContains(runBody("st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.b64 [%r1], {%rd1, %rd2, %rd3, "
                         "%rd4}, [%r2];"),
                 "stores 256 bits when 128 are the most");
  expectContains(
      runBody("setp.ne.u32 %p1, %tid, 0;\n@%p1 bra E;\nmov.u32 %r1, smem;\nmbarrier.init.shared::cta.b64 [%r1], 1;\n"
              "mov.b32 %r2, 0;\n"
              "st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.b32 [%r1+64], %r2, [%r1];\nE:"),
      "in a cluster of 1 CTA");
}

TEST(BulkStores, Zeros) {
  auto with = [](const std::string &size, const std::string &operation) {
    return runModule(makeModule("mov.u32 %r1, smem;\ncvta.shared.u64 %rd2, smem;\nmov.b64 %rd1, " + size +
                                    ";\nmad.lo.s32 %r2, %tid, 4, %r1;\nst.shared.b32 [%r2], %tid;\nbar.sync 0;\n"
                                    "setp.eq.u32 %p1, %tid, 0;\n@%p1 " +
                                    operation +
                                    "bar.sync 0;\nld.shared.b32 %r3, [%r2];\nmul.wide.u32 %rd30, %tid, 4;\n"
                                    "add.s64 %rd30, %out, %rd30;\nst.global.b32 [%rd30], %r3;\n",
                                "sm_100a"));
  };
  for (const char *operation : {"st.bulk.weak.shared::cta [%r1+8], %rd1, 0;\n", "st.bulk [%rd2+8], %rd1, 0;\n"}) {
    TestRun run = with("64", operation);
    ASSERT_EQ(run.verdict(), "");
    auto out = run.out<uint32_t>();
    for (uint32_t i = 0; i < 32; ++i)
      EXPECT_EQ(out[i], i >= 2 && i < 18 ? 0u : i);
  }
  expectContains(with("12", "st.bulk.shared::cta [%r1], %rd1, 0;\n"), "st.bulk of 12 bytes");
  expectContains(with("65544", "st.bulk.shared::cta [%r1], %rd1, 0;\n"), "touches shared memory");
  expectContains(runBody("st.bulk.shared::cta [%r1], %rd1, 1;"), "initialises with 1 when only 0");
}

TEST(BulkCopies, BetweenCtas) {
  TestLaunch test = filled<uint32_t>(3);
  std::string copy = "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes ";
  TestRun run = runPair(copy + "[%r42], [%r43], 256, [%r41];\n", 256, test);
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(std::memcmp(run.launch.buffers[1].bytes.data(), test.in.data(), 256), 0);
  expectContains(runPair(copy + "[%r43], [%r43], 256, [%r40];\n", 256, test), "when it should be into another");
  expectContains(
      runPair("cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [%r42], [%in], 16, [%r40];\n", 16, test),
      "belongs to CTA 0");
  expectContains(runPair("mov.b16 %h1, 5;\ncp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes"
                         ".multicast::cluster [%r43], [%in], 16, [%r40], %h1;\n",
                         16, test),
                 "multicast mask 5 names CTAs beyond the cluster's 2");
}

TEST(BulkCopies, FromGlobalMemory) {
  TestLaunch test = filled<uint32_t>(4);
  for (const char *copy :
       {"cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r42], [%in], 240, [%r41];\n",
        "mov.b16 %h1, 1;\ncp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster"
        ".L2::cache_hint [%r43], [%in], 240, [%r40], %h1, %rd12;\n"}) {
    TestRun run = runPair(copy, 240, test);
    ASSERT_EQ(run.verdict(), "") << copy;
    EXPECT_EQ(std::memcmp(run.launch.buffers[1].bytes.data(), test.in.data(), 240), 0);
  }
}

/// Writes 64 bytes of shared memory over, or into, 64 bytes of ones.
TestRun runOut(const std::string &operation, const std::vector<uint8_t> &from, const std::vector<uint8_t> &old,
               const std::string &target = "sm_90a") {
  TestLaunch test;
  std::copy(from.begin(), from.end(), test.in.begin());
  std::copy(old.begin(), old.end(), test.out.begin());
  return runModule(makeModule("mov.u32 %r1, smem;\nmul.wide.u32 %rd1, %tid, 2;\nadd.s64 %rd1, %in, %rd1;\n"
                              "ld.global.b16 %h1, [%rd1];\nmad.lo.s32 %r2, %tid, 2, %r1;\nst.shared.b16 [%r2], %h1;\n"
                              "fence.proxy.async;\nbar.sync 0;\nmov.b64 %rd2, 0;\nmov.b16 %h2, 0x80f3;\n"
                              "setp.ne.u32 %p1, %tid, 0;\n@%p1 bra E;\n" +
                                  operation + "cp.async.bulk.commit_group;\ncp.async.bulk.wait_group 0;\nE:",
                              target),
                   test);
}

TEST(BulkCopies, ByteMask) {
  std::vector<uint8_t> from(64), old(64, 0xaa);
  for (size_t i = 0; i < 64; ++i)
    from[i] = uint8_t(i + 1);
  for (const char *operation :
       {"cp.async.bulk.global.shared::cta.bulk_group.cp_mask [%out], [%r1], 64, %h2;\n",
        "cp.async.bulk.global.shared::cta.bulk_group.L2::cache_hint.cp_mask [%out], [%r1], 64, %rd2, %h2;\n"}) {
    TestRun run = runOut(operation, from, old, "sm_100a");
    ASSERT_EQ(run.verdict(), "");
    for (size_t i = 0; i < 64; ++i)
      EXPECT_EQ(run.launch.buffers[1].bytes[i], 0x80f3 >> i % 16 & 1 ? from[i] : old[i]) << i;
  }
}

template <class T> void checkGlobal(const std::string &type, std::initializer_list<const char *> operations) {
  std::mt19937_64 random(type.size() + sizeof(T));
  std::vector<T> from(64 / sizeof(T)), old(from.size()), out(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    from[i] = T(int64_t(random()));
    old[i] = T(int64_t(random()));
    if constexpr (std::is_floating_point_v<T>) {
      from[i] = T(int64_t(from[i]) % 1000) / 8;
      old[i] = T(int64_t(old[i]) % 1000) / 8;
    }
  }
  for (const std::string how : operations) {
    TestRun run =
        runOut("cp.reduce.async.bulk.global.shared::cta.bulk_group." + how + "." + type + " [%out], [%r1], 64;\n",
               bytesOf(from), bytesOf(old));
    ASSERT_EQ(run.verdict(), "") << how << type;
    std::memcpy(out.data(), run.launch.buffers[1].bytes.data(), 64);
    for (size_t i = 0; i < out.size(); ++i) {
      if constexpr (std::is_floating_point_v<T>)
        EXPECT_EQ(out[i], old[i] + from[i]);
      else
        EXPECT_EQ(out[i], combined(how, old[i], from[i])) << how << type << i;
    }
  }
}

TEST(BulkReductions, OfGlobalMemory) {
  checkGlobal<uint32_t>("u32", {"add", "min", "max", "inc", "dec"});
  checkGlobal<int32_t>("s32", {"add", "min", "max"});
  checkGlobal<uint64_t>("u64", {"add", "min", "max"});
  checkGlobal<int64_t>("s64", {"min", "max"});
  checkGlobal<uint32_t>("b32", {"and", "or", "xor"});
  checkGlobal<uint64_t>("b64", {"and", "or", "xor"});
  checkGlobal<float>("f32", {"add"});
  checkGlobal<double>("f64", {"add"});
}

TEST(BulkReductions, OfHalves) {
  // Small integers, which both formats hold exactly: bf16 is the upper half of
  // a float, f16 of n has the exponent of 2^floor(log2 n).
  auto half = [](int n, bool isBf16) -> uint16_t {
    float value = float(n);
    uint32_t bits = __builtin_bit_cast(uint32_t, value);
    if (isBf16 || !n)
      return uint16_t(bits >> 16);
    return uint16_t((bits >> 16 & 0x8000) | ((bits >> 23 & 255) - 112) << 10 | (bits >> 13 & 0x3ff));
  };
  for (bool isBf16 : {false, true})
    for (const std::string how : {"add.noftz", "min", "max"}) {
      std::vector<uint16_t> from, old;
      for (int i = 0; i < 32; ++i) {
        from.push_back(half(i * 3 - 40, isBf16));
        old.push_back(half(37 - i * 2, isBf16));
      }
      TestRun run = runOut("cp.reduce.async.bulk.global.shared::cta.bulk_group." + how + (isBf16 ? ".bf16" : ".f16") +
                               " [%out], [%r1], 64;\n",
                           bytesOf(from), bytesOf(old));
      ASSERT_EQ(run.verdict(), "") << how;
      auto out = run.out<uint16_t>();
      for (int i = 0; i < 32; ++i) {
        int a = 37 - i * 2, b = i * 3 - 40;
        int expected = how == "min" ? std::min(a, b) : how == "max" ? std::max(a, b) : a + b;
        EXPECT_EQ(out[size_t(i)], half(expected, isBf16)) << how << i;
      }
    }
  expectContains(runBody("cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f16 [%out], [%r1], 64;"),
                 "needs .noftz");
  expectContains(runBody("cp.reduce.async.bulk.global.shared::cta.bulk_group.max.noftz.f16 [%out], [%r1], 64;"),
                 "has .noftz, which only .add");
  expectContains(runBody("cp.reduce.async.bulk.global.shared::cta.bulk_group.min.f32 [%out], [%r1], 64;"),
                 "has no reduction .min.f32");
}

TEST(BulkCopies, PrefetchesKeepTheRules) {
  EXPECT_EQ(runBody("mov.b64 %rd1, 0;\ncp.async.bulk.prefetch.L2.global [%in], 64;\n"
                    "cp.async.bulk.prefetch.L2.global.L2::cache_hint [%in], 64, %rd1;")
                .verdict(),
            "");
  expectContains(runBody("cp.async.bulk.prefetch.L2.global [%in+8], 64;"), "multiples of 16");
  expectContains(runBody("cp.async.bulk.prefetch.L2.global [%in], 60;"), "multiples of 16");
}

} // namespace
} // namespace girih::sim

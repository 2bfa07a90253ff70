//===- MutationTest.cpp - Faults put into a kernel on purpose -------------===//
#include "Harness.h"

#include "girih/Simulator/Mutation.h"

namespace girih::sim {
namespace {

/// What becomes of a body by each of its mutations, by fault.
std::map<std::string, std::vector<std::string>> mutants(const std::string &body, size_t each = 0) {
  std::string ptx = makeModule(body, "sm_100a");
  size_t before = ptx.find(body), behind = ptx.size() - before - body.size();
  std::map<std::string, std::vector<std::string>> found;
  for (const Mutation &mutation : findMutations(ptx, {"test"}, each)) {
    std::string text = mutated(ptx, mutation);
    found[mutation.fault].push_back(text.substr(before, text.size() - before - behind));
    Simulator(text, "test");
  }
  return found;
}

using Texts = std::vector<std::string>;

TEST(Mutations, Waits) {
  auto found = mutants("@%p3 mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r1+16], %r2, 0x989680;");
  EXPECT_EQ(found["wait dropped"], Texts{"setp.eq.u32 %p1, 0, 0;"});
  EXPECT_EQ(found["wait for the other parity"],
            Texts{"{ .reg .b32 girih_q; xor.b32 girih_q, %r2, 1; @%p3 mbarrier.try_wait.parity.shared::cta.b64 %p1, "
                  "[%r1+16], girih_q, 0x989680; }"});
  EXPECT_EQ(found["wait on the next barrier"],
            Texts{"@%p3 mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r1+24], %r2, 0x989680;"});
  EXPECT_EQ(found.size(), 5u);
}

TEST(Mutations, Arrivals) {
  auto found = mutants("@!%p1 mbarrier.arrive.shared::cta.b64 _, [%r1];");
  EXPECT_EQ(found["arrival dropped"], Texts{""});
  EXPECT_EQ(found["arrival twice"],
            Texts{"@!%p1 mbarrier.arrive.shared::cta.b64 _, [%r1]; @!%p1 mbarrier.arrive.shared::cta.b64 _, [%r1];"});
  found = mutants("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], 4096;");
  EXPECT_EQ(found["no bytes expected"], Texts{"mbarrier.arrive.shared::cta.b64 _, [%r1];"});
  EXPECT_EQ(found["half of the bytes expected"],
            Texts{"{ .reg .b32 girih_q; shr.u32 girih_q, 4096, 1; mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], "
                  "girih_q; }"});
}

/// The half of one arrival is none, and of an unknown number not known.
TEST(Mutations, HalvesAreOfKnownNumbers) {
  const std::string fault = "half of the arrivals expected";
  EXPECT_EQ(mutants("mbarrier.init.shared::cta.b64 [%r1], 1;").count(fault), 0u);
  EXPECT_EQ(mutants("mbarrier.init.shared::cta.b64 [%r1], %r2;").count(fault), 0u);
  EXPECT_EQ(mutants("mbarrier.init.shared::cta.b64 [%r1], 4;").count(fault), 1u);
  EXPECT_EQ(mutants("mov.b32 %r2, 4;\nmbarrier.init.shared::cta.b64 [%r1], %r2;").count(fault), 1u);
  EXPECT_EQ(mutants("mov.b32 %r2, 4;\n@%p1 mov.b32 %r2, 8;\nmbarrier.init.shared::cta.b64 [%r1], %r2;").count(fault),
            0u);
}

TEST(Mutations, Groups) {
  auto found = mutants("cp.async.wait_group 1;");
  EXPECT_EQ(found["wait for a group dropped"], Texts{""});
  EXPECT_EQ(found["wait for a group leaves one more"], Texts{"cp.async.wait_group 2;"});
}

TEST(Mutations, Copies) {
  auto found =
      mutants("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd1, {%r2, %r3}], "
              "[%r4];");
  EXPECT_EQ(found["copy dropped"], Texts{""});
  EXPECT_TRUE(found["copy counted on the next barrier"][0].ends_with("{%r2, %r3}], [%r4+8];"));
  EXPECT_TRUE(found["copy from 8 elements further"][0].starts_with(
      "{ .reg .b32 girih_q; add.u32 girih_q, %r2, 8; cp.async.bulk.tensor.2d"));
}

TEST(Mutations, TensorMemory) {
  auto found = mutants("tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 [%rd1];");
  EXPECT_EQ(found["arrival in place of a commit"],
            Texts{"{ .reg .b32 girih_q; cvt.u32.u64 girih_q, %rd1; mbarrier.arrive.shared::cta.b64 _, [girih_q]; }"});
  EXPECT_EQ(found["commit twice"].size(), 1u);
  found = mutants("tcgen05.ld.sync.aligned.32x32b.x1.b32 {%r1}, [%r2];\ntcgen05.wait::ld.sync.aligned;");
  EXPECT_EQ(found["tensor memory read 8 columns further"],
            Texts{"tcgen05.ld.sync.aligned.32x32b.x1.b32 {%r1}, [%r2+8];\ntcgen05.wait::ld.sync.aligned;"});
  EXPECT_EQ(found["tcgen05.wait::ld dropped"].size(), 1u);
}

TEST(Mutations, Products) {
  const std::string mma = "tcgen05.mma.cta_group::1.kind::f16 [%r1], %rd1, %rd2, %r2, ";
  auto found = mutants(mma + "%p1;");
  EXPECT_EQ(found["product added to what is there"],
            Texts{"{ .reg .pred girih_p; setp.eq.u32 girih_p, 0, 0; " + mma + "girih_p; }"});
  EXPECT_EQ(found["product not added"],
            Texts{"{ .reg .pred girih_p; setp.eq.u32 girih_p, 0, 1; " + mma + "girih_p; }"});
  EXPECT_EQ(found["operand B transposed"],
            Texts{"{ .reg .b32 girih_q; xor.b32 girih_q, %r2, 65536; tcgen05.mma.cta_group::1.kind::f16 [%r1], %rd1, "
                  "%rd2, girih_q, %p1; }"});
  EXPECT_EQ(found["operand B 32 bytes further"],
            Texts{"{ .reg .b64 girih_q; add.s64 girih_q, %rd2, 2; tcgen05.mma.cta_group::1.kind::f16 [%r1], %rd1, "
                  "girih_q, %r2, %p1; }"});
  // What is so anyway is no fault.
  found = mutants("setp.ne.b32 %p1, 1, 0;\n" + mma + "%p1;");
  EXPECT_EQ(found.count("product added to what is there"), 0u);
  EXPECT_EQ(found.count("product not added"), 1u);
}

TEST(Mutations, SomeOfEachAreSpread) {
  std::string body;
  for (int i = 0; i < 9; ++i)
    body += "bar.sync " + std::to_string(i) + ";\n";
  auto found = mutants(body, 3)["barrier of the CTA or a role dropped"];
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].find("bar.sync 0;"), std::string::npos);
  EXPECT_EQ(found[1].find("bar.sync 4;"), std::string::npos);
  EXPECT_EQ(found[2].find("bar.sync 8;"), std::string::npos);
}

/// Why the n-th place of a fault is none.
std::string reason(const std::string &body, const std::string &fault, size_t which = 0) {
  for (const Mutation &mutation : findMutations(makeModule(body, "sm_100a"), {"test"}))
    if (mutation.fault == fault && !which--)
      return mutation.equivalent;
  return "no such fault";
}

TEST(Mutations, EquivalentOnes) {
  EXPECT_EQ(reason("bar.warp.sync -1;\nadd.u32 %r1, %r1, 1;\nbar.sync 0;\n", "bar.warp.sync dropped"),
            "a barrier of the CTA follows before any access");
  EXPECT_EQ(reason("bar.warp.sync -1;\nld.shared.u32 %r1, [smem];\nbar.sync 0;\n", "bar.warp.sync dropped"), "");
  const std::string load = "tcgen05.ld.sync.aligned.32x32b.x1.b32 {%r1}, [%r2];\ntcgen05.wait::ld.sync.aligned;\n";
  const std::string after = "tcgen05.fence::after_thread_sync;\n",
                    free = "tcgen05.dealloc.cta_group::1.sync.aligned.b32 %r2, 32;\n";
  const std::string fault = "fence::after_thread_sync dropped";
  EXPECT_EQ(reason(after + load + after + load + after + free, fault),
            "no work on tensor memory has been issued, and tcgen05.alloc is synchronous");
  EXPECT_EQ(reason(after + load + after + load + after + free, fault, 1), "");
  EXPECT_EQ(reason(after + load + after + load + after + free, fault, 2),
            "tcgen05.dealloc follows, which is synchronous, and its warp has met the others elsewhere");
  const std::string wait = "A: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r1], 0;\n@!%p1 bra A;\n";
  EXPECT_EQ(reason(wait, "wait dropped"), "the warp ends behind the wait, whose barrier is of this CTA");
  EXPECT_EQ(reason(wait + "ld.shared.u32 %r1, [smem];\n", "wait dropped"), "");
}

} // namespace
} // namespace girih::sim

//===- TensorModes.h - A tensor copy in and out by one map ------*- C++ -*-===//
#ifndef GIRIH_TEST_SIMULATOR_TENSORMODES_H
#define GIRIH_TEST_SIMULATOR_TENSORMODES_H

#include "Harness.h"

namespace girih::sim {

struct ModeRun {
  Report report;
  /// What the load left in shared memory, and the tensor after the store.
  std::vector<uint8_t> shared, stored;
  std::string verdict() const { return report.verdicts.empty() ? "" : report.verdicts[0].str(); }
};

/// Fills `bytes` of shared memory, loads a box into it, copies it out; then
/// stores it by the same map into a second tensor, which holds 0xcc.
inline ModeRun runMode(const TensorMapRecipe &recipe, const std::vector<uint8_t> &in, const std::string &load,
                       const std::string &loadOperands, const std::string &store, const std::string &storeOperands,
                       unsigned bytes, unsigned counted, const std::string &before = "") {
  std::string words = std::to_string(bytes / 4);
  std::string ptx =
      ".version 9.0\n.target sm_100a\n.address_size 64\n.extern .shared .align 1024 .b8 smem[];\n"
      ".visible .entry test(.param .align 64 .b8 m[128], .param .align 64 .b8 o[128], .param .u64 p, .param .u64 "
      "g)\n{\n"
      ".reg .pred %p<4>; .reg .b32 %r<8>; .reg .b64 %rd<12>; .reg .b16 %h<4>;\n"
      ".shared .align 128 .b8 map[128];\n"
      "ld.param.u64 %rd3, [p];\nld.param.u64 %rd8, [g];\n"
      "mov.b64 %rd1, m;\ncvta.param.u64 %rd1, %rd1;\nmov.b64 %rd2, o;\ncvta.param.u64 %rd2, %rd2;\n"
      "mov.u32 %r1, smem;\nadd.s32 %r2, %r1, 32768;\nmov.u32 %r3, %tid.x;\nsetp.ne.u32 %p1, %r3, 0;\n"
      "mov.b32 %r4, %r3;\nmov.b32 %r6, 0xcccccccc;\n"
      "F: mad.lo.s32 %r5, %r4, 4, %r1;\nst.shared.b32 [%r5], %r6;\nadd.s32 %r4, %r4, 32;\nsetp.lt.u32 %p3, %r4, " +
      words + ";\n@%p3 bra F;\n" + before + "fence.proxy.async;\nbar.sync 0;\n" + (load.empty() ? "bra C0;\n" : "") +
      "@%p1 bra W;\nmbarrier.init.shared::cta.b64 [%r2], 1;\nfence.mbarrier_init.release.cluster;\n"
      "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], " +
      std::to_string(counted) + ";\n" +
      (load.empty()
           ? ""
           : "cp.async.bulk.tensor." + load + ".mbarrier::complete_tx::bytes [%r1], [%rd1, " + loadOperands + ";\n") +
      "W: bar.sync 0;\nL: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r2], 0;\n@!%p2 bra L;\n"
      "C0: mov.b32 %r4, %r3;\nC: mad.lo.s32 %r5, %r4, 4, %r1;\nld.shared.b32 %r6, [%r5];\nmul.wide.u32 %rd4, %r4, 4;\n"
      "add.s64 %rd5, %rd3, %rd4;\nst.global.b32 [%rd5], %r6;\nadd.s32 %r4, %r4, 32;\n"
      "setp.lt.u32 %p3, %r4, " +
      words + ";\n@%p3 bra C;\n@%p1 bra E;\n" +
      (store.empty() ? ""
                     : "cp.async.bulk.tensor." + store + ".bulk_group [%rd2, " + storeOperands +
                           ", [%r1];\ncp.async.bulk.commit_group;\ncp.async.bulk.wait_group 0;\n") +
      "E: ret;\n}\n";
  Launch launch;
  launch.kernel = "test";
  launch.block[0] = 32;
  launch.dynamicSharedBytes = 40000;
  launch.buffers = {{"in", in, true},
                    {"copy", std::vector<uint8_t>(in.size(), 0xcc), false},
                    {"out", std::vector<uint8_t>(bytes), false},
                    {"maps", std::vector<uint8_t>(512), false}};
  for (unsigned i = 0; i < 4; ++i) {
    Argument argument;
    argument.kind = i < 2 ? Argument::Kind::TensorMap : Argument::Kind::Pointer;
    argument.buffer = i;
    argument.map = recipe;
    launch.arguments.push_back(argument);
  }
  ModeRun run;
  try {
    run.report = Simulator(ptx).run(launch, {});
  } catch (const Stop &stop) {
    run.report.verdicts.push_back(stop.found);
  }
  run.shared = launch.buffers[2].bytes;
  run.stored = launch.buffers[1].bytes;
  return run;
}

inline void expectContains(const ModeRun &run, const std::string &text) {
  EXPECT_NE(run.verdict().find(text), std::string::npos) << "verdict: " << run.verdict();
}

inline std::vector<uint8_t> counting(size_t bytes) {
  std::mt19937 random{unsigned(bytes)};
  std::vector<uint8_t> made(bytes);
  for (uint8_t &byte : made)
    byte = uint8_t(random());
  return made;
}

} // namespace girih::sim

#endif // GIRIH_TEST_SIMULATOR_TENSORMODES_H

//===- Harness.h - Small kernels for unit tests -----------------*- C++ -*-===//
#ifndef GIRIH_TEST_SIMULATOR_HARNESS_H
#define GIRIH_TEST_SIMULATOR_HARNESS_H

#include "girih/Simulator/Simulator.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>

namespace girih::sim {

/// A module with one kernel `test(in, out)`: pointers to global buffers in
/// %in and %out, the thread in %tid, 32-bit registers %r0 to %r63, 64-bit ones
/// %rd0 to %rd31, predicates %p0 to %p15.
inline std::string makeModule(const std::string &body, const std::string &target = "sm_90a",
                              const std::string &outside = "") {
  return ".version 8.8\n.target " + target + "\n.address_size 64\n.extern .shared .align 1024 .b8 smem[];\n" + outside +
         ".visible .entry test(.param .u64 p_in, .param .u64 p_out)\n{\n"
         ".reg .pred %p<16>;\n.reg .b16 %h<16>;\n.reg .b32 %r<320>;\n.reg .b64 %rd<32>;\n.reg .f32 %f<32>;\n"
         ".reg .b32 %tid, %lane, %warp;\n.reg .b64 %in, %out, %mine;\n"
         "ld.param.u64 %in, [p_in];\nld.param.u64 %out, [p_out];\n"
         "mov.u32 %tid, %tid.x;\nmov.u32 %lane, %laneid;\nshr.u32 %warp, %tid, 5;\n" +
         body + "\nret;\n}\n";
}

struct TestRun {
  Report report;
  Launch launch;
  template <class T> std::vector<T> out() const {
    std::vector<T> values(launch.buffers[1].bytes.size() / sizeof(T));
    std::memcpy(values.data(), launch.buffers[1].bytes.data(), values.size() * sizeof(T));
    return values;
  }
  /// The first verdict as text; empty when there is none.
  std::string verdict() const { return report.verdicts.empty() ? "" : report.verdicts[0].str(); }
};

struct TestLaunch {
  unsigned threads = 32, grid = 1, cluster = 1, shared = 65536, multiprocessors = 132;
  std::vector<uint8_t> in = std::vector<uint8_t>(16384), out = std::vector<uint8_t>(65536);
  Options options;
  std::vector<Rule> assumes;
};

template <class T> std::vector<uint8_t> bytesOf(const std::vector<T> &values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

inline TestRun runModule(const std::string &ptx, TestLaunch test = {}) {
  TestRun run;
  try {
    Simulator simulator(ptx, "test");
    run.launch.kernel = "test";
    run.launch.block[0] = test.threads;
    run.launch.grid[0] = test.grid;
    run.launch.cluster[0] = test.cluster;
    run.launch.dynamicSharedBytes = test.shared;
    run.launch.multiprocessors = test.multiprocessors;
    run.launch.assumes = test.assumes;
    run.launch.buffers = {{"in", test.in, false}, {"out", test.out, false}};
    for (unsigned i = 0; i < 2; ++i) {
      Argument argument;
      argument.kind = Argument::Kind::Pointer;
      argument.buffer = i;
      run.launch.arguments.push_back(argument);
    }
    run.report = simulator.run(run.launch, test.options);
  } catch (const Stop &stop) {
    run.report.verdicts.push_back(stop.found);
  }
  return run;
}

inline TestRun runBody(const std::string &body, TestLaunch test = {}) {
  return runModule(makeModule(body), std::move(test));
}

} // namespace girih::sim

#endif // GIRIH_TEST_SIMULATOR_HARNESS_H

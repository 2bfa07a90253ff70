//===- ReportTest.cpp - Tables, CSV, JSON and the summary -----------------===//

#include "girih/Runtime/Report.h"
#include "girih/Runtime/Chip.h"
#include "girih/Runtime/Statistics.h"
#include <gtest/gtest.h>

using namespace girih::runtime;

namespace {

KernelReport timed(const char *shape, std::vector<double> ours, std::vector<double> peer) {
  KernelReport kernel;
  kernel.name = kernel.shape = shape;
  kernel.flops = 1e12;
  kernel.ours = Timing{"girih", std::move(ours), {1700}, {1550}, 10};
  kernel.peer = Timing{"cuDNN 9.19.0", std::move(peer), {1750}, {}, 10};
  kernel.verdict.emplace();
  kernel.verdict->hasReference = true;
  kernel.verdict->maxDifference = 0.00123;
  kernel.checks = 3;
  return kernel;
}

RunReport report() {
  RunReport run;
  run.device.name = "Fake GPU";
  run.device.multiprocessors = 132;
  run.device.driverVersion = 13000;
  run.peer = "cuDNN 9.19.0";
  run.peakFlops = 1000e12;
  run.kernels = {timed("[4, 32, 2048, 128] bf16", {2, 2, 2}, {3, 3, 3}),
                 timed("[1, 8, 64, 128] bf16", {4, 4, 4}, {4, 4, 4})};
  return run;
}

} // namespace

TEST(StatisticsTest, medians) {
  EXPECT_EQ(2, median({3, 1, 2}));
  EXPECT_EQ(2.5, median({4, 1, 2, 3}));
  EXPECT_EQ(0, median({}));
  EXPECT_EQ(100, spreadPercent({1, 1, 2, 3, 3}));
  // A round in which both were slow does not count against either.
  EXPECT_EQ(2, medianRatio({1, 10, 1}, {2, 20, 2}));
}

TEST(ReportTest, table_lines_up) {
  EXPECT_EQ("Fake GPU, 132 multiprocessors, CUDA driver 13.0, cuDNN 9.19.0\n"
            "\n"
            "shape                    our ms  cuDNN ms  speedup  TFLOP/s  max "
            "difference  check\n"
            "[4, 32, 2048, 128] bf16  2.0000    3.0000    1.500    500.0       "
            " 1.23e-03     ok\n"
            "[1, 8, 64, 128] bf16     4.0000    4.0000    1.000    250.0       "
            " 1.23e-03     ok\n"
            "\n"
            "peak TFLOP/s 500.0, average 375.0, best speedup 1.500, average "
            "speedup 1.225, 50.0 % of "
            "the chip's peak of 1000 TFLOP/s\n",
            formatTable(report()));
}

TEST(ReportTest, operands_of_8_bits_have_twice_the_peak) {
  RunReport run = report();
  run.kernels[0].operandBits = 8;
  Summary summary = summarize(run);
  EXPECT_EQ(0.25, summary.shareOfPeak);
  EXPECT_NE(std::string::npos, formatTable(run).find("25.0 % of the chip's peak of")) << formatTable(run);
}

TEST(ReportTest, failures_are_told_and_not_counted) {
  RunReport run = report();
  run.kernels[0].failure = "o: 1 of 8 elements were never written";
  EXPECT_FALSE(run.passed());
  Summary summary = summarize(run);
  EXPECT_EQ(1, summary.timed);
  EXPECT_EQ(250, summary.peakTeraflops);
  EXPECT_EQ(1, summary.bestSpeedup);
  EXPECT_NE(std::string::npos, formatTable(run).find("FAILED [4, 32, 2048, 128] bf16: o: 1 of 8 "
                                                     "elements were never written"));
}

TEST(ReportTest, checks_alone_have_no_times) {
  RunReport run = report();
  run.peer.clear();
  for (KernelReport &kernel : run.kernels) {
    kernel.ours.reset();
    kernel.peer.reset();
  }
  EXPECT_EQ(0, summarize(run).timed);
  EXPECT_NE(std::string::npos, formatMarkdown(run).find("| [1, 8, 64, 128] bf16 | - | - | - | - | 1.23e-03 | ok |\n"));
}

TEST(ReportTest, csv_quotes_commas) {
  std::string csv = formatCsv(report());
  EXPECT_NE(std::string::npos, csv.find("\n\"[4, 32, 2048, 128] bf16\",\"[4, 32, 2048, 128] "
                                        "bf16\",1,2,,1700,1550,cuDNN 9.19.0,"
                                        "3,,1750,,1.5,500,0.00123,,\n"))
      << csv;
}

TEST(ReportTest, json_holds_every_round) {
  std::string json = formatJson(report());
  EXPECT_NE(std::string::npos, json.find("\"speedup\": 1.5")) << json;
  EXPECT_NE(std::string::npos, json.find("\"rounds_ms\": [")) << json;
}

TEST(ChipTest, peak_of_the_data_sheet) {
  DeviceFacts device;
  EXPECT_FALSE(peakFlops(device));
  device.major = 9;
  device.multiprocessors = 132;
  device.clockKHz = 1980000;
  EXPECT_NEAR(989e12, *peakFlops(device), 1e12);
}

TEST(BenchTest, copies_fill_the_cache_several_times) {
  EXPECT_EQ(4, copiesBeyondCache(50 << 20, 50 << 20));
  EXPECT_EQ(1, copiesBeyondCache(int64_t(1) << 30, 50 << 20));
  EXPECT_EQ(64, copiesBeyondCache(1, 50 << 20));
}

//===- ToolTest.cpp - girih-run against the fake driver -------------------===//

#include "TestManifest.h"
#include "girih/Runtime/Files.h"
#include <cstdlib>
#include <filesystem>
#include <sys/wait.h>

using namespace girih::runtime;
using namespace girih::runtime::test;

namespace {

struct Outcome {
  int code = -1;
  std::string output; ///< stdout, then stderr
};

class ToolTest : public testing::Test {
protected:
  void SetUp() override {
    std::filesystem::create_directories(folder);
    writeWholeFile(folder + "/attention.cubin", fakeCubin);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  /// Writes the manifest of kernel `kernel` and returns its path.
  std::string manifest(const std::string &kernel, const std::string &from = "\"name\"",
                       const std::string &to = "\"name\"") {
    std::string text = replaced(attentionText(), "00000000000000000000000000000000", hashBytes(fakeCubin));
    text = replaced(text, "\"kernel\": \"attention\"", "\"kernel\": \"" + kernel + "\"");
    std::string path = folder + "/" + kernel + ".json";
    writeWholeFile(path, replaced(text, from, to));
    return path;
  }

  Outcome run(const std::string &arguments, const char *driverFolder = FAKE_CUDA_DIR) {
    std::string output = folder + "/output";
    std::string command =
        std::string("LD_LIBRARY_PATH='") + driverFolder + "' " + GIRIH_RUN + " " + arguments + " >" + output + " 2>&1";
    int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, readWholeFile(output)};
  }

  void expectOutput(const Outcome &outcome, int code, const std::string &part) {
    EXPECT_EQ(code, outcome.code) << outcome.output;
    EXPECT_NE(std::string::npos, outcome.output.find(part)) << outcome.output;
  }

  const std::string folder = testing::TempDir() + "girih-tool-test";
  const std::string sizes = " --size sq=70 --size skv=90 ";
};

} // namespace

TEST_F(ToolTest, explains_itself_without_a_driver) {
  expectOutput(run("--help", "/nowhere"), 0, "--suite");
  expectOutput(run("", "/nowhere"), 2, "no manifest and no suite given");
  expectOutput(run("--against triton", "/nowhere"), 2, "triton");
  if (!std::getenv("GIRIH_TESTS_HAVE_GPU"))
    expectOutput(run("x.json", "/nowhere"), 2, "no CUDA driver: libcuda.so.1 not found");
}

TEST_F(ToolTest, right_kernel_passes_in_any_layout) {
  std::string path = manifest("attention");
  expectOutput(run(path + sizes), 0, "[2, 4/2, 70x90, 128] bf16");
  expectOutput(run(path + sizes + "--layout bshd --pad 8"), 0, "ok");
  expectOutput(run(path + sizes + "--layout sbhd --inject-nan --inputs 1"), 0, "ok");
  expectOutput(run(path + sizes + "--scale-scores 30 --inputs 1"), 0, "ok");
  expectOutput(run(manifest("attention_causal", "\"none\"", "\"causal\"") + " --size sq=90 --size skv=70 --inputs 1"),
               0, "ok");
}

TEST_F(ToolTest, broken_kernels_fail) {
  expectOutput(run(manifest("wrong_tile") + sizes), 1, "checked rows are wrong");
  expectOutput(run(manifest("skips_row") + sizes), 1, "were never written, first [0, 0, 69, 0]");
  expectOutput(run(manifest("writes_gap") + sizes + "--pad 8"), 1, "elements between its rows were written");
  expectOutput(run(manifest("unrepeatable") + sizes), 1, "a second launch with the same inputs gave other bits");
  expectOutput(run(manifest("attention", "\"none\"", "\"causal\"") + sizes), 1, "checked rows are wrong");
}

TEST_F(ToolTest, hung_kernel_does_not_hang_the_tool) {
  expectOutput(run(manifest("hang") + sizes + "--timeout 1"), 1, "the kernel did not finish within 1 s");
}

TEST_F(ToolTest, kernel_that_does_not_fit_is_refused) {
  expectOutput(run(manifest("missing") + sizes), 1, "there is no kernel 'missing'");
  expectOutput(run(manifest("attention", "sm_90a", "sm_100a") + sizes), 1, "kernel is for sm_100a, device 0 is sm_90");
  expectOutput(run(manifest("attention", "197632", "300000") + sizes), 1,
               "the kernel needs 300000 bytes of shared memory when device 0 "
               "has 232448");
  expectOutput(
      run(manifest("attention", R"({"kind": "workspace", "bytes": 4})", R"({"kind": "size", "size": "sq"})") + sizes),
      1, "arguments[11] has 4 bytes when the kernel's parameter has 8");
  expectOutput(run(manifest("attention", R"({"kind": "pointer", "tensor": "o"},)", "") + sizes), 1,
               "arguments[9] has 4 bytes when the kernel's parameter has 8");
  expectOutput(run(manifest("attention") + sizes + "--pad 1"), 1,
               "tensor map of 'q': stride of mode 1 is 258 when it should be a "
               "multiple of 16 bytes");
  writeWholeFile(folder + "/attention.cubin", "other");
  expectOutput(run(manifest("attention") + sizes), 1, "manifest and cubin do not belong together");
}

TEST_F(ToolTest, malformed_manifest_is_named) {
  writeWholeFile(folder + "/bad.json", "{");
  expectOutput(run(folder + "/bad.json"), 1, "bad.json:1:2: not JSON");
  expectOutput(run(folder + "/absent.json"), 1, "absent.json: cannot open: No such file or directory");
  expectOutput(run(manifest("attention") + " --size sq=x"), 2, "--size 'sq=x' should be NAME=N");
  expectOutput(run(manifest("attention") + " --size sq=1 --size sq=2"), 2, "--size chooses 'sq' twice");
  expectOutput(run(manifest("attention") + " --device 1"), 2, "device is 1 when there are 1 devices");
}

TEST_F(ToolTest, report_that_cannot_be_written_is_a_failure) {
  std::string command = "LD_LIBRARY_PATH='" FAKE_CUDA_DIR "' " GIRIH_RUN " " + manifest("attention") + sizes;
  EXPECT_EQ(2, WEXITSTATUS(std::system((command + ">/dev/full 2>/dev/null").c_str())));
}

TEST_F(ToolTest, missing_library_is_an_error_only_when_asked_for) {
  manifest("attention");
  setenv("GIRIH_CUDNN_LIBRARY", "/nowhere/libcudnn.so.9", 1);
  std::string one = folder + "/attention.json --bench --rounds 1" + sizes;
  expectOutput(run(one + "--against cudnn"), 1, " cuDNN: ");
  expectOutput(run(one + "--against cublas"), 1, "cublas compares with problems of kind 'gemm'");
  writeWholeFile(folder + "/suite.json", R"({"kernels": ["attention.json"]})");
  expectOutput(run("--suite " + folder + " --rounds 1" + sizes), 0, " cuDNN: ");
  unsetenv("GIRIH_CUDNN_LIBRARY");
}

TEST_F(ToolTest, suite_is_checked_and_timed) {
  manifest("attention");
  writeWholeFile(folder + "/suite.json",
                 R"({"suite": "test", "kernels": [{"manifest": "attention.json", "sizes": {"sq": 16, "skv": 32}}]})");
  std::string json = folder + "/results.json";
  Outcome outcome = run("--suite " + folder + " --against none --rounds 3 --json " + json);
  // A launch takes 5 ms of the fake driver's time.
  expectOutput(outcome, 0, "  5.0000");
  expectOutput(outcome, 0, "peak TFLOP/s");
  EXPECT_NE(std::string::npos, readWholeFile(json).find("\"median_ms\": 5.0"));
  // A turn of 5 milliseconds is of one launch; cycles go by at the fake driver's clock.
  Outcome csv = run("--suite " + folder + " --against none --rounds 3 --turn 5 --csv");
  expectOutput(csv, 0, "attention_test,");
  expectOutput(csv, 0, ",5,,,1600,");
  expectOutput(run("--suite " + folder + " --turn 0"), 2, "--turn: Value 0 not in range");
}

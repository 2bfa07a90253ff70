//===- LaunchTest.cpp - Launches through the C API on a fake driver -------===//

#include "Runtime/TestManifest.h"
#include "girih-c/girih.h"
#include "girih/Support/Float.h"
#include <cmath>
#include <cuda.h>
#include <dlfcn.h>
#include <thread>

using namespace girih;
using namespace girih::runtime::test;

namespace {

GirihText textOf(const std::string &string) { return {string.data(), string.size()}; }

class LaunchTest : public testing::Test {
protected:
  void SetUp() override {
    kernel = make("\"name\"", "\"name\"");
    ASSERT_TRUE(kernel);
  }
  void TearDown() override {
    girihKernelDestroy(kernel);
    girihDiagnosticsDestroy(diagnostics);
  }

  /// The fake driver's attention kernel, with a change of its manifest.
  GirihKernel *make(const std::string &from, const std::string &to) {
    std::string cubin = fakeCubin;
    std::string manifest = replaced(attentionText(), "00000000000000000000000000000000", runtime::hashBytes(cubin));
    return girihKernelFromParts(textOf(replaced(manifest, from, to)), textOf(""), textOf(cubin), diagnostics);
  }

  std::string said() const {
    GirihText text = girihDiagnosticsText(diagnostics);
    return {text.data, text.size};
  }

  GirihDiagnostics *diagnostics = girihDiagnosticsCreate();
  GirihKernel *kernel = nullptr;
};

/// Host memory, which is the fake device's; V is all ones.
struct Problem {
  static constexpr int64_t queries = 33, keys = 40;
  std::vector<uint16_t> q = std::vector<uint16_t>(2 * 4 * queries * 128, floatToBfloat16(0.5f));
  std::vector<uint16_t> k = std::vector<uint16_t>(2 * 2 * keys * 128, floatToBfloat16(0.25f));
  std::vector<uint16_t> v = std::vector<uint16_t>(2 * 2 * keys * 128, floatToBfloat16(1));
  std::vector<uint16_t> o = std::vector<uint16_t>(q.size(), 0);
  std::vector<float> lse = std::vector<float>(2 * 4 * queries);
  int64_t queryShape[4] = {2, 4, queries, 128}, keyShape[4] = {2, 2, keys, 128};
  GirihTensor tensors[5] = {{q.data(), GIRIH_BF16, 4, queryShape, nullptr},
                            {k.data(), GIRIH_BF16, 4, keyShape, nullptr},
                            {v.data(), GIRIH_BF16, 4, keyShape, nullptr},
                            {o.data(), GIRIH_BF16, 4, queryShape, nullptr},
                            {lse.data(), GIRIH_F32, 3, queryShape, nullptr}};

  bool isRight() const {
    float expected = 0.125f * 128 / std::sqrt(128.0f) + std::log(float(keys));
    for (uint16_t element : o)
      if (element != floatToBfloat16(1))
        return false;
    for (float value : lse)
      if (std::fabs(value - expected) > 1e-4f)
        return false;
    return true;
  }
};

/// A function of the driver that the library has opened, by the name that cuda.h gives it.
#define GIRIH_NAME_OF(function) #function
#define GIRIH_DRIVER(function)                                                                                         \
  reinterpret_cast<decltype(&function)>(dlsym(dlopen("libcuda.so.1", RTLD_NOW), GIRIH_NAME_OF(function)))

} // namespace

TEST_F(LaunchTest, tells_of_devices) {
  EXPECT_EQ(girihDeviceCount(diagnostics), 1);
  EXPECT_STREQ(girihDeviceTarget(0, diagnostics), "sm_90a");
  EXPECT_EQ(girihDeviceTarget(3, diagnostics), nullptr);
  EXPECT_EQ(said(), "error: device is 3 when there are 1 devices\n");
}

TEST_F(LaunchTest, launches_into_any_stream) {
  GirihLoadedKernel *loaded = girihLoad(kernel, 0, diagnostics);
  ASSERT_TRUE(loaded) << said();
  for (uintptr_t stream : {0, 1, 2, 77, 1}) {
    Problem problem;
    EXPECT_TRUE(girihLaunch(loaded, problem.tensors, 5, reinterpret_cast<void *>(stream), diagnostics)) << said();
    EXPECT_TRUE(problem.isRight());
  }
  girihLoadedKernelRetire(loaded);
  girihLoadedKernelDestroy(nullptr);
  girihLoadedKernelRetire(nullptr);
}

/// What is kept of a launch is of its shapes, and of its addresses while they are the same.
TEST_F(LaunchTest, keeps_nothing_that_has_changed) {
  GirihLoadedKernel *loaded = girihLoad(kernel, 0, diagnostics);
  ASSERT_TRUE(loaded) << said();
  Problem first, second;
  for (Problem *problem : {&first, &second, &first, &first}) {
    std::fill(problem->o.begin(), problem->o.end(), uint16_t(0));
    EXPECT_TRUE(girihLaunch(loaded, problem->tensors, 5, nullptr, diagnostics)) << said();
    EXPECT_TRUE(problem->isRight());
  }
  // Fails after its first tensor has been taken in; then what was there before comes again.
  first.tensors[0].data = second.q.data();
  first.tensors[1].data = first.k.data() + 1;
  EXPECT_FALSE(girihLaunch(loaded, first.tensors, 5, nullptr, diagnostics));
  first.tensors[1].data = first.k.data();
  std::fill(second.q.begin(), second.q.end(), floatToBfloat16(8));
  std::fill(first.o.begin(), first.o.end(), uint16_t(0));
  first.tensors[0].data = first.q.data();
  EXPECT_TRUE(girihLaunch(loaded, first.tensors, 5, nullptr, diagnostics)) << said();
  EXPECT_TRUE(first.isRight());
  girihLoadedKernelDestroy(loaded);
}

TEST_F(LaunchTest, takes_more_shapes_than_it_keeps) {
  GirihLoadedKernel *loaded = girihLoad(kernel, 0, diagnostics);
  ASSERT_TRUE(loaded) << said();
  Problem problem;
  for (int round = 0; round < 2; ++round)
    for (int64_t keys = 1; keys <= Problem::keys; ++keys)
      for (int64_t queries : {1, 2}) {
        problem.queryShape[2] = queries;
        problem.keyShape[2] = keys;
        std::fill(problem.lse.begin(), problem.lse.end(), -1.f);
        ASSERT_TRUE(girihLaunch(loaded, problem.tensors, 5, nullptr, diagnostics)) << said();
        ASSERT_NEAR(problem.lse[size_t(queries) - 1], 0.125f * 128 / std::sqrt(128.0f) + std::log(float(keys)), 1e-4f);
      }
  girihLoadedKernelDestroy(loaded);
}

TEST_F(LaunchTest, launches_into_a_stream_that_is_captured) {
  GirihLoadedKernel *loaded = girihLoad(kernel, 0, diagnostics);
  ASSERT_TRUE(loaded) << said();
  Problem problem;
  CUgraph graph = nullptr;
  CUgraphExec executable = nullptr;
  ASSERT_EQ(GIRIH_DRIVER(cuStreamBeginCapture)(nullptr, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_SUCCESS);
  EXPECT_TRUE(girihLaunch(loaded, problem.tensors, 5, nullptr, diagnostics)) << said();
  ASSERT_EQ(GIRIH_DRIVER(cuStreamEndCapture)(nullptr, &graph), CUDA_SUCCESS);
  EXPECT_FALSE(problem.isRight());
  ASSERT_EQ(GIRIH_DRIVER(cuGraphInstantiate)(&executable, graph, 0), CUDA_SUCCESS);
  EXPECT_EQ(GIRIH_DRIVER(cuGraphLaunch)(executable, nullptr), CUDA_SUCCESS);
  EXPECT_TRUE(problem.isRight());
  // The graph has it: it stays.
  std::fill(problem.o.begin(), problem.o.end(), uint16_t(0));
  girihLoadedKernelRetire(loaded);
  EXPECT_EQ(GIRIH_DRIVER(cuGraphLaunch)(executable, nullptr), CUDA_SUCCESS);
  EXPECT_TRUE(problem.isRight());
  girihLoadedKernelDestroy(loaded);
}

TEST_F(LaunchTest, may_be_used_from_many_threads) {
  GirihLoadedKernel *loaded = girihLoad(kernel, 0, diagnostics);
  ASSERT_TRUE(loaded) << said();
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (uintptr_t thread = 0; thread < 8; ++thread)
    threads.emplace_back([&, thread] {
      Problem problem;
      right += girihLaunch(loaded, problem.tensors, 5, reinterpret_cast<void *>(thread), nullptr) && problem.isRight();
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(right, 8);
  girihLoadedKernelDestroy(loaded);
}

TEST_F(LaunchTest, refuses_more_streams_than_workspaces) {
  GirihLoadedKernel *loaded = girihLoad(kernel, 0, diagnostics);
  ASSERT_TRUE(loaded) << said();
  Problem problem;
  problem.queryShape[2] = 1;
  uintptr_t stream = 0;
  while (stream < 5000 && girihLaunch(loaded, problem.tensors, 5, reinterpret_cast<void *>(stream), diagnostics))
    ++stream;
  EXPECT_EQ(stream, 4096u);
  EXPECT_EQ(said(), "error: more than 4096 streams and captured graphs have launched this kernel\n");
  girihLoadedKernelDestroy(loaded);
}

TEST_F(LaunchTest, refuses_what_does_not_fit) {
  GirihLoadedKernel *loaded = girihLoad(kernel, 0, diagnostics);
  ASSERT_TRUE(loaded) << said();
  Problem problem;
  problem.keyShape[1] = 3;
  EXPECT_FALSE(girihLaunch(loaded, problem.tensors, 5, nullptr, diagnostics));
  EXPECT_NE(said().find("dimension 1 of 'k' is 3 when hkv is 2 by the kernel"), std::string::npos) << said();
  problem.keyShape[1] = 2;
  problem.tensors[0].data = problem.q.data() + 1;
  EXPECT_FALSE(girihLaunch(loaded, problem.tensors, 5, nullptr, diagnostics));
  EXPECT_NE(said().find("when it should be a multiple of 16 bytes"), std::string::npos) << said();
  girihLoadedKernelDestroy(loaded);
}

TEST_F(LaunchTest, refuses_a_kernel_for_another_chip) {
  GirihKernel *other = make("\"sm_90a\"", "\"sm_100a\"");
  EXPECT_FALSE(girihLoad(other, 0, diagnostics));
  EXPECT_EQ(said(), "error: kernel is for sm_100a, device 0 is sm_90\n");
  girihKernelDestroy(other);
}

//===- FuzzTest.cpp - Broken texts end in a verdict -----------------------===//
//
// Tokens of the kernels are dropped, doubled, swapped and altered and the texts
// cut short. Nothing is asked of the outcome but that there is one. More inputs
// with GIRIH_SIM_FUZZ=N in the environment.
//
//===----------------------------------------------------------------------===//
#include "../../lib/Simulator/Launch/Description.h"
#include "Harness.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace girih::sim {
namespace {

std::string readText(const std::string &name) {
  std::ifstream file(std::string(SIMULATOR_TEST_DIRECTORY) + "/Kernels/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

unsigned roundsOr(unsigned usual) {
  const char *wanted = std::getenv("GIRIH_SIM_FUZZ");
  return wanted ? unsigned(std::atoi(wanted)) : usual;
}

/// Places where a token begins.
std::vector<size_t> tokenStarts(const std::string &text) {
  std::vector<size_t> starts;
  auto isWord = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '%' || c == '$'; };
  for (size_t i = 0; i < text.size(); ++i)
    if (!std::isspace(static_cast<unsigned char>(text[i])) && (i == 0 || !isWord(text[i]) || !isWord(text[i - 1])))
      starts.push_back(i);
  starts.push_back(text.size());
  return starts;
}

std::string mutate(std::string text, std::mt19937 &random) {
  static const char *const spice[] = {"-1",    "4294967296", "18446744073709551615",
                                      "0",     "{",          "}",
                                      "(",     ")",          "[",
                                      "]",     ",",          ";",
                                      "<",     ">",          "|",
                                      ":",     "!",          "@",
                                      ".",     "::",         "%r1",
                                      "_",     "-",          "0f00000000",
                                      "\"",    "/*",         ".reg",
                                      ".v4",   ".b128",      "%p1",
                                      "1<<63", "~(((("};
  unsigned changes = 1 + random() % 3;
  for (unsigned i = 0; i < changes; ++i) {
    auto starts = tokenStarts(text);
    size_t which = random() % (starts.size() - 1), other = random() % (starts.size() - 1);
    size_t at = starts[which], length = starts[which + 1] - at;
    std::string token = text.substr(at, length), second = text.substr(starts[other], starts[other + 1] - starts[other]);
    switch (random() % 6) {
    case 0:
      text.erase(at, length);
      break;
    case 1:
      text.insert(at, token);
      break;
    case 2:
      text.replace(at, length, second);
      break;
    case 3:
      text.replace(at, length, spice[random() % std::size(spice)] + std::string(" "));
      break;
    case 4:
      text[at] = char(random() % 256);
      break;
    default:
      if (random() % 4 == 0)
        text.resize(at);
      else
        text.insert(at, spice[random() % std::size(spice)] + std::string(" "));
    }
    if (text.size() < 2)
      break;
  }
  return text;
}

TEST(Fuzz, BrokenKernelsDecodeOrStop) {
  std::mt19937 random(1);
  for (const char *name : {"gemm_sm90_cluster1.ptx", "gemm_sm90_cluster2.ptx", "attention_sm100.ptx"}) {
    std::string text = readText(name);
    ASSERT_FALSE(text.empty());
    for (unsigned i = 0; i < roundsOr(60); ++i) {
      try {
        Simulator simulator(mutate(text, random));
      } catch (const Stop &) {
      }
    }
  }
}

/// A kernel with many kinds of instructions that runs in no time.
const char *const smallBody =
    ".shared .align 16 .b32 buffer[256];\n.param .b32 a; .param .b32 b;\nmov.u32 %r1, buffer;\nmad.lo.u32 %r2, %tid, "
    "4, %r1;\n"
    "st.shared.b32 [%r2], %tid;\nbar.sync 0;\nxor.b32 %r3, %tid, 5;\nmad.lo.u32 %r4, %r3, 4, %r1;\nld.shared.b32 %r5, "
    "[%r4];\n"
    "setp.lt.u32 %p1, %r5, 16;\n@%p1 bra L;\nadd.s32 %r5, %r5, 100;\nL: shfl.sync.bfly.b32 %r6, %r5, 1, 31, -1;\n"
    "T: .branchtargets M, N;\nand.b32 %r7, %lane, 1;\nbrx.idx %r7, T;\nM: add.s32 %r6, %r6, 7;\nN:\n"
    "st.param.b32 [a], %r6;\ncall (b), twice, (a);\nld.param.b32 %r6, [b];\nalloca.u64 %rd1, 32;\nst.local.b32 [%rd1], "
    "%r6;\n"
    "vadd.s32.s32.s32.sat %r8.b1, %r6.h0, %r5.b2, %r3;\nlop3.b32 %r9, %r8, %r6, %r5, 0x96;\n"
    "cvt.rn.satfinite.e4m3x2.f32 %h1, %f1, %f2;\nmov.b32 %r10, {%h1, %h1};\natom.global.add.u32 %r11, [%out+4096], "
    "%r9;\n"
    "mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 {%r12, %r13}, {%r9, %r8}, {%r6}, {%r5, %r3};\n"
    "mul.wide.u32 %rd2, %tid, 4;\nadd.s64 %rd2, %out, %rd2;\nst.global.b32 [%rd2], %r9;";

TEST(Fuzz, BrokenProgramsRunToAVerdict) {
  std::string functions =
      ".func (.param .b32 r) twice(.param .b32 x)\n{ .reg .b32 %a; ld.param.b32 %a, [x]; shl.b32 %a, %a, "
      "1; st.param.b32 [r], %a; ret; }\n";
  std::string text = makeModule(smallBody, "sm_100a", functions);
  TestLaunch test;
  test.options.instructionLimit = 2000;
  ASSERT_EQ(runModule(text, test).verdict(), "");
  std::mt19937 random(2);
  for (unsigned i = 0; i < roundsOr(400); ++i)
    runModule(mutate(text, random), test);
}

TEST(Fuzz, BrokenKernelsRunToAVerdict) {
  const std::string folder = std::string(SIMULATOR_TEST_DIRECTORY) + "/Kernels/";
  std::mt19937 random(4);
  for (const char *name : {"reduce_sm90.json", "gemm_sm80_one_step.json"}) {
    LaunchTask task = readDescription(folder + name);
    Options options;
    options.instructionLimit = 20000;
    options.threads = 1;
    for (unsigned i = 0; i < roundsOr(60); ++i) {
      Launch launch = task.launch;
      try {
        Simulator(mutate(task.ptx, random)).run(launch, options);
      } catch (const Stop &) {
      }
    }
  }
}

TEST(Fuzz, EndlessLoopsThatStoreEnd) {
  TestLaunch test;
  test.options.instructionLimit = 1000;
  EXPECT_NE(runBody("L: st.global.b32 [%out], 1;\nbra L;", test).verdict().find("instructions when 1000 is the limit"),
            std::string::npos);
}

TEST(Fuzz, BrokenLaunchesStop) {
  namespace fs = std::filesystem;
  std::mt19937 random(3);
  std::string text = readText("gemm_sm90_cluster1.json");
  ASSERT_FALSE(text.empty());
  fs::path directory = fs::temp_directory_path() / ("girih-sim-fuzz-" + std::to_string(::getpid()));
  fs::create_directories(directory);
  fs::copy_file(fs::path(SIMULATOR_TEST_DIRECTORY) / "Kernels/gemm_sm90_cluster1.ptx",
                directory / "gemm_sm90_cluster1.ptx", fs::copy_options::overwrite_existing);
  for (unsigned i = 0; i < roundsOr(200); ++i) {
    fs::path path = directory / "launch.json";
    std::ofstream(path) << mutate(text, random);
    try {
      readDescription(path.string());
    } catch (const Stop &) {
    }
  }
  fs::remove_all(directory);
}

TEST(Fuzz, DeepNestingStops) {
  for (std::string opening : {"(", "~", "{", "-"}) {
    std::string deep;
    for (unsigned i = 0; i < 100000; ++i)
      deep += opening;
    EXPECT_NE(runBody("mov.b32 %r1, " + deep + "1;").verdict(), "") << opening;
    EXPECT_NE(runModule(makeModule("ret;", "sm_90a", ".global .b32 x[2] = {" + deep + "1};\n")).verdict(), "")
        << opening;
  }
}

TEST(Fuzz, SizesHaveLimits) {
  auto verdictOf = [](const std::string &outside) {
    return runModule(makeModule("ret;", "sm_90a", outside)).verdict();
  };
  EXPECT_NE(verdictOf(".global .b32 x[99999999999];\n").find("an array size is 99999999999 when at most"),
            std::string::npos);
  EXPECT_NE(verdictOf(".global .b32 x[65536][65536];\n").find("variable 'x' exceeds"), std::string::npos);
  EXPECT_NE(verdictOf(".global .align 3 .b32 x;\n").find("alignment 3 is not a power of two"), std::string::npos);
  EXPECT_NE(runBody(".reg .b32 %many<9999999>;").verdict().find("a register count is 9999999"), std::string::npos);
}

} // namespace
} // namespace girih::sim

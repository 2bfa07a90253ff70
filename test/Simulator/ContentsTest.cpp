//===- ContentsTest.cpp - What a module declares, and memory of the caller ===//
#include "../../lib/Simulator/Program/Program.h"
#include "Harness.h"

#include "girih/Simulator/Contents.h"

namespace girih::sim {
namespace {

const char *const module = R"(.version 8.0
.target sm_90a
.address_size 64
.const .align 4 .b8 table[8] = {1, 2};
.global .u32 counter = 5;
.global .u64 place = counter;
.shared .align 16 .b8 unused[64];
.visible .entry first(.param .u32 n, .param .u64 out) .maxntid 128 .minnctapersm 2 .reqnctapercluster 2 {
  .shared .align 4 .b8 box[100];
  .reg .u32 %r<3>;
  .reg .u64 %out;
  mov.u32 %r1, box;
  ld.global.u32 %r2, [counter];
  add.u32 %r2, %r2, 1;
  st.global.u32 [counter], %r2;
  ret;
}
.visible .entry second() { ret; }
)";

TEST(Contents, KernelsAndVariables) {
  ModuleContents contents = readContents(module);
  EXPECT_EQ(contents.target, "sm_90a");
  ASSERT_EQ(contents.kernels.size(), 2u);
  const KernelSignature &first = contents.kernels[0];
  EXPECT_EQ(first.name, "first");
  ASSERT_EQ(first.parameters.size(), 2u);
  EXPECT_EQ(first.parameters[1].offset, 8u);
  EXPECT_EQ(first.parameterBytes(), 16u);
  EXPECT_EQ(first.staticShared, 64u + 100u);
  EXPECT_EQ(contents.kernels[1].staticShared, 64u);
  EXPECT_EQ(first.maxThreads, 128u);
  EXPECT_EQ(first.minBlocks, 2u);
  EXPECT_EQ(first.cluster, (std::array<uint32_t, 3>{2, 1, 1}));
  ASSERT_EQ(contents.variables.size(), 3u);
  EXPECT_TRUE(contents.variables[0].isConstant);
  EXPECT_EQ(contents.variables[0].initial, (std::vector<uint8_t>{1, 2, 0, 0, 0, 0, 0, 0}));
  uint64_t address = 0;
  std::memcpy(&address, contents.variables[2].initial.data(), sizeof address);
  EXPECT_EQ(address, contents.variables[1].address);
}

/// Only kernels that may see each other's clusters run on one thread together.
TEST(Contents, AtomicsOfAnotherKernelAreNotThisOnes) {
  const std::string text = R"(.version 8.8
.target sm_90a
.address_size 64
.func add(.param .b64 p) { .reg .b64 d; ld.param.b64 d, [p]; red.global.add.u32 [d], 1; ret; }
.visible .entry counts(.param .u64 p)
{
  .param .b64 given;
  .reg .b64 d;
  ld.param.u64 d, [p];
  st.param.b64 [given], d;
  call add, (given);
  ret;
}
.visible .entry plain() { .shared .align 8 .b8 mine[8]; .reg .b32 r; atom.shared.add.u32 r, [mine], 1; ret; }
)";
  for (const char *decoded : {"", "plain"}) {
    auto program = decodeProgram(parsePTX(text), decoded);
    EXPECT_FALSE(program->readsGlobalState("plain")) << decoded;
    EXPECT_EQ(program->readsGlobalState("counts"), !*decoded) << decoded;
  }
}

TEST(Contents, VariablesLieWhereTheyAreWanted) {
  ModuleContents here = readContents(module), there = readContents(module, here.variablesEnd);
  EXPECT_EQ(there.variables[0].address % 16, 0u);
  EXPECT_GE(there.variables[0].address, here.variablesEnd);
}

TEST(Contents, AVariableInMemoryOfTheCallerIsItsOwn) {
  ModuleContents contents = readContents(module);
  uint32_t counter = 41;
  Launch launch;
  launch.kernel = "first";
  launch.grid[0] = 2;
  launch.arguments.resize(2);
  launch.arguments[0].bytes.resize(4);
  launch.arguments[1].bytes.resize(8);
  launch.mapped = {
      {"counter", contents.variables[1].address, reinterpret_cast<uint8_t *>(&counter), sizeof counter, false}};
  Options options;
  options.threads = 1;
  Report report = Simulator(module, "first").run(launch, options);
  EXPECT_FALSE(report.isClean()); // both CTAs write it
  EXPECT_EQ(counter, 43u);
  EXPECT_EQ(launch.moduleMemory.count("counter"), 0u);
  EXPECT_EQ(launch.moduleMemory.count("table"), 1u);
}

TEST(Contents, ANameThatIsNotThere) {
  EXPECT_THROW(readContents(".version 8.0\n.target sm_90a\n.address_size 64\n.global .u64 place = nothing;\n"), Stop);
}

} // namespace
} // namespace girih::sim

//===- LocationTest.cpp - Verdicts name the line of the source ------------===//
#include "Harness.h"

namespace girih::sim {
namespace {

/// An access far outside of every buffer, after some lines of `.loc`.
TestRun runFaulty(const std::string &before) {
  std::string body = before + "mov.u64 %rd0, 16;\nst.global.b32 [%rd0], %tid;\n";
  return runModule(makeModule(body) + "\n.file 1 \"kernels/attention.mlir\"\n.file 2 \"math.h\"\n");
}

TEST(Location, NoneWithoutDirectives) { EXPECT_EQ(runFaulty("").verdict().find("from"), std::string::npos); }

TEST(Location, TheLastDirectiveBeforeTheInstruction) {
  EXPECT_NE(runFaulty(".loc 2 1 1\n.loc 1 12 8\n").verdict().find("\n  from kernels/attention.mlir:12:8"),
            std::string::npos);
}

TEST(Location, OfInlinedFunctions) {
  EXPECT_NE(
      runFaulty(".loc 2 40 3, function_name $L__info_string0, inlined_at 1 12 8\n").verdict().find("from math.h:40:3"),
      std::string::npos);
}

TEST(Location, EscapesInFileNames) {
  // As LLVM and nvcc write bytes beyond ASCII, quotes and backslashes.
  std::string body = ".loc 1 3 4\nmov.u64 %rd0, 16;\nst.global.b32 [%rd0], %tid;\n";
  std::string verdict = runModule(makeModule(body) + R"(
.file 1 "d\303\251j\303\240 \"vu\"\\k\tl.mlir"
)")
                            .verdict();
  EXPECT_NE(verdict.find("\n  from d\u00e9j\u00e0 \"vu\"\\k\tl.mlir:3:4"), verdict.npos) << verdict;
}

} // namespace
} // namespace girih::sim

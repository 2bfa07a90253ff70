/* Optimize.c - passes on text */
#include "Test.h"

static const char *const kFunction = "func.func @twice(%a: i32) -> i32 {\n"
                                     "  %b = arith.addi %a, %a : i32\n"
                                     "  %c = arith.addi %a, %a : i32\n"
                                     "  %d = arith.muli %b, %c : i32\n"
                                     "  return %d : i32\n"
                                     "}\n";

static int additions(const char *text) {
  int count = 0;
  for (; (text = strstr(text, "arith.addi")); ++text)
    ++count;
  return count;
}

void testOptimize(void) {
  GirihDiagnostics *diagnostics = girihDiagnosticsCreate();
  char *text = girihOptimize(textOf(kFunction), textOf("builtin.module(cse)"), NULL, diagnostics);
  CHECK(text && additions(text) == 1);
  girihStringDestroy(text);
  text = girihOptimize(textOf(kFunction), textOf("cse,canonicalize"), NULL, diagnostics);
  CHECK(text && additions(text) == 1);
  girihStringDestroy(text);
  text = girihOptimize(textOf(kFunction), textOf(""), NULL, diagnostics);
  CHECK(text && additions(text) == 2);
  girihStringDestroy(text);
  CHECK(girihDiagnosticsCount(diagnostics) == 0);

  CHECK(!girihOptimize(textOf(kFunction), textOf("no-such-pass"), NULL, diagnostics));
  CHECK(contains(girihDiagnosticsText(diagnostics), "no-such-pass"));
  CHECK(!girihOptimize(textOf(kFunction), textOf("builtin.module(cse"), NULL, diagnostics));
  CHECK(!girihOptimize(textOf("func.func"), textOf("cse"), "short.mlir", diagnostics));
  CHECK(contains(girihDiagnosticsText(diagnostics), "short.mlir:1:"));
  girihStringDestroy(NULL);
  girihDiagnosticsDestroy(diagnostics);
}

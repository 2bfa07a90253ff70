/* Main.c - the C API's tests and what they share */
#include "Test.h"

int failures = 0;

GirihText textOf(const char *string) {
  GirihText text = {string, strlen(string)};
  return text;
}

int contains(GirihText text, const char *part) {
  size_t length = strlen(part), i;
  for (i = 0; i + length <= text.size; ++i)
    if (memcmp(text.data + i, part, length) == 0)
      return 1;
  return 0;
}

int equals(GirihText text, const char *string) {
  return text.size == strlen(string) && memcmp(text.data, string, text.size) == 0;
}

GirihKernel *compileSmall(const char *problem) {
  GirihCompileOptions options = {sizeof options};
  GirihDiagnostics *diagnostics = girihDiagnosticsCreate();
  GirihKernels *kernels;
  GirihKernel *kernel = NULL;
  options.target = "sm_90a";
  kernels = girihCompileAttention(textOf(problem), &options, diagnostics);
  CHECK(kernels);
  if (kernels)
    kernel = girihKernelsGet(kernels, 0);
  else
    fprintf(stderr, "%s", girihDiagnosticsText(diagnostics).data);
  girihKernelsDestroy(kernels);
  girihDiagnosticsDestroy(diagnostics);
  return kernel;
}

int main(void) {
  CHECK(girihApiVersion() == GIRIH_API_VERSION);
  CHECK(strcmp(girihVersion(), "0.1.0") == 0);
  testCompile();
  testKernelParts();
  testFunctions();
  testCompileErrors();
  testScheduleRule();
  testOptimize();
  testSimulate();
  testSimulateErrors();
  testCaptures();
  if (!failures)
    puts("all passed");
  return failures != 0;
}

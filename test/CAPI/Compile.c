/* Compile.c - problems and texts to kernels, and what is said on the way */
#include "Test.h"

static const char *const kModule =
    "func.func @a(%q: tensor<1x1x128x64xf16>, %k: tensor<1x1x128x64xf16>) -> tensor<1x1x128x64xf16> {\n"
    "  %o = attn.forward %q, %k, %k : tensor<1x1x128x64xf16>, tensor<1x1x128x64xf16>, tensor<1x1x128x64xf16>\n"
    "      -> tensor<1x1x128x64xf16>\n"
    "  return %o : tensor<1x1x128x64xf16>\n"
    "}\n";

static GirihCompileOptions optionsFor(const char *target) {
  GirihCompileOptions options = {sizeof options};
  options.target = target;
  return options;
}

void testCompile(void) {
  GirihCompileOptions options = optionsFor("sm_90a");
  GirihDiagnostics *diagnostics = girihDiagnosticsCreate();
  GirihKernels *kernels;
  GirihKernel *kernel;
  options.keepsPhases = 1;
  options.sourceName = "module.mlir";
  kernels = girihCompile(textOf(kModule), &options, diagnostics);
  CHECK(kernels);
  CHECK(girihDiagnosticsCount(diagnostics) == 0);
  if (!kernels)
    return;
  CHECK(girihKernelsCount(kernels) == 1);
  CHECK(girihKernelsGet(kernels, 1) == NULL);
  kernel = girihKernelsGet(kernels, 0);
  girihKernelsDestroy(kernels); /* the kernel lives on */
  CHECK(girihKernelPhaseCount(kernel) > 10);
  CHECK(equals(girihKernelPhaseName(kernel, 0), "attn-schedule"));
  CHECK(contains(girihKernelPhaseText(kernel, 0), "attn.forward"));
  CHECK(girihKernelPhaseText(kernel, 1000).size == 0);
  girihKernelDestroy(kernel);
  girihDiagnosticsDestroy(diagnostics);
}

void testKernelParts(void) {
  GirihKernel *kernel = compileSmall("b=?,h=2,sq=?,d=64,mask=causal,lse=1"), *again;
  GirihDiagnostics *diagnostics = girihDiagnosticsCreate();
  GirihText manifest, ptx, cubin;
  if (!kernel)
    return;
  manifest = girihKernelGetPart(kernel, GIRIH_KERNEL_MANIFEST);
  ptx = girihKernelGetPart(kernel, GIRIH_KERNEL_PTX);
  cubin = girihKernelGetPart(kernel, GIRIH_KERNEL_CUBIN);
  CHECK(equals(girihKernelGetPart(kernel, GIRIH_KERNEL_NAME), "attention_nx2xnx64_bf16_causal_lse"));
  CHECK(equals(girihKernelGetPart(kernel, GIRIH_KERNEL_TARGET), "sm_90a"));
  CHECK(contains(ptx, ".entry attention"));
  CHECK(cubin.size > 4 && memcmp(cubin.data, "\177ELF", 4) == 0);
  CHECK(contains(manifest, "\"girih_manifest\""));
  CHECK(contains(girihKernelGetPart(kernel, GIRIH_KERNEL_HEADER), "_launch("));
  CHECK(contains(girihKernelGetPart(kernel, GIRIH_KERNEL_REPORT), "registers at launch"));
  CHECK(girihKernelPhaseCount(kernel) == 0);
  CHECK(girihKernelTensorCount(kernel) == 5);
  CHECK(equals(girihKernelTensor(kernel, 4).name, "lse"));
  CHECK(girihKernelTensor(kernel, 4).type == GIRIH_F32);
  CHECK(girihKernelTensor(kernel, 4).isOutput);
  CHECK(girihKernelTensor(kernel, 0).rank == 4 && !girihKernelTensor(kernel, 0).isOutput);

  again = girihKernelFromParts(manifest, ptx, cubin, diagnostics);
  CHECK(again);
  CHECK(contains(girihKernelGetPart(again, GIRIH_KERNEL_REPORT), "registers at launch"));
  girihKernelDestroy(again);
  cubin.size -= 1;
  CHECK(!girihKernelFromParts(manifest, ptx, cubin, diagnostics));
  CHECK(contains(girihDiagnosticsText(diagnostics), "manifest and cubin do not belong together"));
  CHECK(!girihKernelFromParts(textOf("{}"), ptx, cubin, diagnostics));
  CHECK(!girihKernelFromParts(manifest, textOf(""), textOf(""), NULL));
  girihKernelDestroy(kernel);
  girihDiagnosticsDestroy(diagnostics);
}

static void countErrors(const GirihDiagnostic *diagnostic, void *user) {
  *(int *)user += diagnostic->severity == GIRIH_ERROR;
}

/* A function of the caller's is the problem's region, and its errors have a place in it. */
void testFunctions(void) {
  static const char kScore[] = "func.func @score(%s: f32, %b: index, %h: index, %q: index, %k: index) -> f32 {\n"
                               "  %0 = math.absf %s : f32\n  return %0 : f32\n}\n";
  GirihCompileOptions options = optionsFor("sm_90a");
  GirihDiagnostics *diagnostics = girihDiagnosticsCreate();
  GirihKernels *kernels;
  GirihKernel *kernel;
  options.functions = textOf(kScore);
  kernels = girihCompileAttention(textOf("b=1,h=1,sq=128,d=64"), &options, diagnostics);
  CHECK(kernels);
  kernel = girihKernelsGet(kernels, 0);
  CHECK(contains(girihKernelGetPart(kernel, GIRIH_KERNEL_MANIFEST), "\"abs\""));
  girihKernelDestroy(kernel);
  girihKernelsDestroy(kernels);
  CHECK(!girihCompile(textOf(kModule), &options, diagnostics));
  options.functions = textOf("func.func @score() {\n return\n}\n");
  CHECK(!girihCompileAttention(textOf("b=1,h=1,sq=128,d=64"), &options, diagnostics));
  CHECK(contains(girihDiagnosticsText(diagnostics), "<functions>:1:1: error"));
  options.functions = textOf("func.func");
  CHECK(!girihCompileAttention(textOf("b=1,h=1,sq=128,d=64"), &options, diagnostics));
  girihDiagnosticsDestroy(diagnostics);
}

void testCompileErrors(void) {
  GirihCompileOptions options = optionsFor("sm_90a");
  GirihDiagnostics *diagnostics = girihDiagnosticsCreate();
  GirihDiagnostic said;
  char hash[33];
  int errors = 0;
  girihDiagnosticsSetHandler(diagnostics, countErrors, &errors);
  options.sourceName = "wrong.mlir";
  CHECK(!girihCompile(textOf("\n  func.func @a() { %0 = tile.nothing }\n"), &options, diagnostics));
  CHECK(errors == 1 && girihDiagnosticsCount(diagnostics) == 1);
  said = girihDiagnosticsGet(diagnostics, 0);
  CHECK(said.severity == GIRIH_ERROR && said.line == 2 && said.column > 2 && equals(said.file, "wrong.mlir"));
  CHECK(contains(girihDiagnosticsText(diagnostics), "wrong.mlir:2:"));
  CHECK(girihDiagnosticsGet(diagnostics, 9).message.size == 0);

  /* A key is to blame, and the place is its own. */
  CHECK(!girihCompileAttention(textOf("b=1,h=1,sq=128,d=84"), &options, diagnostics));
  said = girihDiagnosticsGet(diagnostics, 1);
  CHECK(equals(said.file, "--attention") && said.line == 1 && said.column == 16);
  options.target = "sm_75";
  CHECK(!girihCompileAttention(textOf("b=1,h=1,sq=128,d=64"), &options, diagnostics));
  CHECK(contains(girihDiagnosticsText(diagnostics), "sm_75"));
  options.target = NULL;
  CHECK(!girihCompileAttention(textOf("b=1,h=1,sq=128,d=64"), &options, diagnostics));
  CHECK(contains(girihDiagnosticsText(diagnostics), "error: no target is given"));
  options.target = "sm_90a";
  options.name = "../escape";
  CHECK(!girihCompile(textOf(kModule), &options, diagnostics));
  options.name = NULL;
  options.ptxas = "/nowhere/ptxas";
  CHECK(!girihCompile(textOf(kModule), &options, diagnostics));
  CHECK(contains(girihDiagnosticsText(diagnostics), "/nowhere/ptxas"));
  girihHash(textOf(""), hash);
  CHECK(equals(textOf(hash), "99aa06d3014798d86001c324468d497f"));
  CHECK(!girihCompile(textOf(""), &options, NULL));
  girihDiagnosticsDestroy(diagnostics);
  girihDiagnosticsDestroy(NULL);
}

static const char *knobsForKeys(const GirihScheduleRule *rule, int64_t b, int64_t h, int64_t queries, int64_t keys) {
  int64_t shape[4] = {b, h, queries, 64};
  size_t index = girihScheduleRuleClassOf(rule, shape, keys);
  CHECK(index < girihScheduleRuleClassCount(rule));
  return girihScheduleRuleKnobs(rule, index).size ? girihScheduleRuleKnobs(rule, index).data : "";
}

static const char *knobsFor(const GirihScheduleRule *rule, int64_t b, int64_t h, int64_t queries) {
  return knobsForKeys(rule, b, h, queries, 0);
}

/* Few work items want fewer workers than there are with open sizes. */
void testScheduleRule(void) {
  GirihCompileOptions options = optionsFor("sm_90a");
  GirihDiagnostics *diagnostics = girihDiagnosticsCreate();
  GirihScheduleRule *rule = girihScheduleRuleCreate(textOf("b=?,h=?,sq=?,d=64"), &options, diagnostics);
  CHECK(rule);
  if (!rule)
    return;
  CHECK(girihScheduleRuleClassCount(rule) == 3 + 4);
  CHECK(girihScheduleRuleKnobs(rule, 0).size == 0 && girihScheduleRuleKnobs(rule, 7).size == 0);
  CHECK(strcmp(knobsFor(rule, 1, 8, 1024), "workers=1") == 0);
  CHECK(strcmp(knobsFor(rule, 1, 4, 4096), "workers=2") == 0);
  CHECK(strcmp(knobsFor(rule, 8, 32, 4096), "") == 0);
  /* And several CTAs for the keys of each, where these are many. */
  CHECK(strcmp(knobsForKeys(rule, 1, 4, 200, 4096), "workers=1,splits=4") == 0);
  CHECK(strcmp(knobsForKeys(rule, 1, 8, 1024, 4096), "workers=1") == 0);
  CHECK(strcmp(knobsFor(rule, 0, 32, 4096), "") == 0 && strcmp(knobsFor(rule, 1, 1, -5), "") == 0);
  girihScheduleRuleDestroy(rule);

  /* A schedule that is given stays, and sm_100a has one number of workers. */
  /* Heads on one of keys share tiles where queries are few, as many of 96 as fit. */
  rule = girihScheduleRuleCreate(textOf("b=?,h=96,hkv=1,sq=?,skv=?,d=128"), &options, diagnostics);
  CHECK(girihScheduleRuleClassCount(rule) == 4 + 8);
  CHECK(strcmp(knobsFor(rule, 1000, 96, 1), "heads=48,workers=1") == 0);
  CHECK(strcmp(knobsFor(rule, 1000, 96, 40), "heads=48,workers=2") == 0);
  CHECK(strcmp(knobsFor(rule, 1000, 96, 64), "workers=1") == 0);
  CHECK(strcmp(knobsFor(rule, 1, 96, 100), "") == 0);
  CHECK(strcmp(knobsForKeys(rule, 1, 96, 1, 8192), "heads=48,workers=1,splits=8") == 0);
  girihScheduleRuleDestroy(rule);
  int64_t few[4] = {1, 8, 63, 64}, many[4] = {1, 8, 64, 64};
  CHECK(girihAttentionWantsHeads(few, 2) && !girihAttentionWantsHeads(few, 8) && !girihAttentionWantsHeads(many, 2));
  rule = girihScheduleRuleCreate(textOf("b=?,h=?,sq=?,d=64,workers=2"), &options, diagnostics);
  CHECK(rule && girihScheduleRuleClassCount(rule) == 1 && strcmp(knobsFor(rule, 1, 8, 1024), "") == 0);
  girihScheduleRuleDestroy(rule);
  options.target = "sm_100a";
  rule = girihScheduleRuleCreate(textOf("b=?,h=?,sq=?,d=64"), &options, diagnostics);
  CHECK(rule && girihScheduleRuleClassCount(rule) == 1);
  girihScheduleRuleDestroy(rule);
  CHECK(girihDiagnosticsCount(diagnostics) == 0);
  options.target = "sm_75";
  CHECK(!girihScheduleRuleCreate(textOf("b=?,h=?,sq=?,d=64"), &options, diagnostics));
  CHECK(!girihScheduleRuleCreate(textOf("b=?,mask=wrong"), &options, diagnostics));
  CHECK(girihDiagnosticsCount(diagnostics) >= 2);
  girihScheduleRuleDestroy(NULL);
  girihDiagnosticsDestroy(diagnostics);
}

/* Simulate.c - kernels on arrays of the caller's */
#include "Test.h"

#include <math.h>
#include <stdlib.h>

enum { kHeads = 2, kQueries = 70, kKeys = 90, kSize = 64 };

/* f16 1.0; V holds it everywhere, so that every output is 1. */
static const uint16_t kOne = 0x3c00;

static uint16_t *filled(size_t count, uint16_t first, uint16_t rest) {
  uint16_t *data = malloc(count * sizeof *data);
  size_t i;
  for (i = 0; i < count; ++i)
    data[i] = i % kSize ? rest : first;
  return data;
}

struct Problem {
  uint16_t *data[4];
  float lse[kHeads * kQueries];
  int64_t queries[4], keys[4], rows[3], outStrides[4];
  GirihTensor tensors[5];
};

/* Q, K and V as row-major arrays, O with a gap of 8 after each row. */
static void makeProblem(struct Problem *problem) {
  int64_t queries[4] = {1, kHeads, kQueries, kSize}, keys[4] = {1, kHeads, kKeys, kSize};
  int64_t rows[3] = {1, kHeads, kQueries}, pitch = kSize + 8;
  int64_t outStrides[4] = {0, 0, 0, 1}; /* the first is of an extent of 1, and any number will do */
  int i;
  outStrides[0] = 7;
  outStrides[1] = kQueries * pitch;
  outStrides[2] = pitch;
  memcpy(problem->queries, queries, sizeof queries);
  memcpy(problem->keys, keys, sizeof keys);
  memcpy(problem->rows, rows, sizeof rows);
  memcpy(problem->outStrides, outStrides, sizeof outStrides);
  problem->data[0] = filled(kHeads * kQueries * kSize, kOne, 0);
  problem->data[1] = filled(kHeads * kKeys * kSize, kOne, kOne);
  problem->data[2] = filled(kHeads * kKeys * kSize, kOne, kOne);
  problem->data[3] = filled((size_t)(kHeads * kQueries * pitch), 0x1234, 0x1234);
  for (i = 0; i < 4; ++i) {
    GirihTensor tensor = {0};
    tensor.data = problem->data[i];
    tensor.type = GIRIH_F16;
    tensor.rank = 4;
    tensor.shape = i == 0 || i == 3 ? problem->queries : problem->keys;
    tensor.strides = i == 3 ? problem->outStrides : NULL;
    problem->tensors[i] = tensor;
  }
  problem->tensors[4] = problem->tensors[0];
  problem->tensors[4].data = problem->lse;
  problem->tensors[4].type = GIRIH_F32;
  problem->tensors[4].rank = 3;
  problem->tensors[4].shape = problem->rows;
}

static void freeProblem(struct Problem *problem) {
  int i;
  for (i = 0; i < 4; ++i)
    free(problem->data[i]);
}

/* Types, shapes and strides decide, not addresses. */
static void checkTensors(const GirihKernel *kernel, const struct Problem *problem) {
  GirihDiagnostics *diagnostics = girihDiagnosticsCreate();
  GirihTensor tensors[5];
  int64_t fewer[4] = {1, kHeads, kKeys - 1, kSize};
  memcpy(tensors, problem->tensors, sizeof tensors);
  tensors[0].data = NULL;
  CHECK(girihKernelCheckTensors(kernel, tensors, 5, diagnostics) && girihDiagnosticsCount(diagnostics) == 0);
  tensors[2].shape = fewer;
  CHECK(!girihKernelCheckTensors(kernel, tensors, 5, diagnostics));
  CHECK(contains(girihDiagnosticsText(diagnostics), "dimension 2 of 'v' is 89 when skv is 90"));
  tensors[2] = problem->tensors[2];
  tensors[4].type = GIRIH_BF16;
  CHECK(!girihKernelCheckTensors(kernel, tensors, 5, diagnostics));
  CHECK(contains(girihDiagnosticsText(diagnostics), "'lse' is bf16 when it should be f32"));
  CHECK(!girihKernelCheckTensors(kernel, tensors, 4, NULL));
  girihDiagnosticsDestroy(diagnostics);
}

void testSimulate(void) {
  GirihKernel *kernel = compileSmall("b=1,h=2,sq=?,skv=?,d=64,dtype=f16,lse=1");
  GirihSimulateOptions options = {sizeof options};
  GirihDiagnostics *diagnostics = girihDiagnosticsCreate();
  GirihSimulation *simulation;
  struct Problem problem;
  int64_t shape[4], i, j;
  int wrong = 0;
  if (!kernel)
    return;
  makeProblem(&problem);
  problem.tensors[3].rank = problem.tensors[4].rank = 0;
  CHECK(girihKernelInferShape(kernel, problem.tensors, 5, 4, shape, diagnostics));
  CHECK(shape[0] == 1 && shape[1] == kHeads && shape[2] == kQueries);
  problem.tensors[3].rank = 4, problem.tensors[4].rank = 3;
  checkTensors(kernel, &problem);
  options.schedule = "late";
  options.hasTrace = 1;
  simulation = girihSimulate(kernel, problem.tensors, 5, &options, diagnostics);
  CHECK(simulation);
  if (simulation) {
    CHECK(girihSimulationVerdictCount(simulation) == 0);
    CHECK(girihSimulationInstructions(simulation) > 0 && girihSimulationAsynchronousOperations(simulation) > 0);
    CHECK(contains(girihSimulationTrace(simulation), "traceEvents") || girihSimulationTrace(simulation).size > 100);
  } else {
    fprintf(stderr, "%s", girihDiagnosticsText(diagnostics).data);
  }
  for (i = 0; i < kHeads * kQueries; ++i)
    for (j = 0; j < kSize + 8; ++j)
      wrong += problem.data[3][i * (kSize + 8) + j] != (j < kSize ? kOne : 0x1234);
  CHECK(wrong == 0);
  /* All scores are 1/8, so the log of the sum is 1/8 + log(keys). */
  CHECK(fabs(problem.lse[kQueries] - (0.125 + log((double)kKeys))) < 1e-5);
  girihSimulationDestroy(simulation);

  options.checks = 1;
  options.schedule = NULL;
  simulation = girihSimulate(kernel, problem.tensors, 5, &options, diagnostics);
  CHECK(simulation && girihSimulationVerdictCount(simulation) == 0);
  girihSimulationDestroy(simulation);

  options.instructionLimit = 10;
  simulation = girihSimulate(kernel, problem.tensors, 5, &options, diagnostics);
  CHECK(simulation && girihSimulationVerdictCount(simulation) > 0);
  CHECK(simulation && girihSimulationVerdict(simulation, 0).message[0]);
  CHECK(simulation && girihSimulationVerdict(simulation, 99).message[0] == 0);
  girihSimulationDestroy(simulation);
  CHECK(girihDiagnosticsCount(diagnostics) == 0);
  freeProblem(&problem);
  girihKernelDestroy(kernel);
  girihDiagnosticsDestroy(diagnostics);
}

static void expectRefusal(const GirihKernel *kernel, const struct Problem *problem, size_t count,
                          const GirihSimulateOptions *options, const char *message) {
  GirihDiagnostics *diagnostics = girihDiagnosticsCreate();
  CHECK(!girihSimulate(kernel, problem->tensors, count, options, diagnostics));
  CHECK(contains(girihDiagnosticsText(diagnostics), message));
  if (!contains(girihDiagnosticsText(diagnostics), message))
    fprintf(stderr, "found: %s", girihDiagnosticsText(diagnostics).data);
  girihDiagnosticsDestroy(diagnostics);
}

void testSimulateErrors(void) {
  GirihKernel *kernel = compileSmall("b=1,h=2,sq=?,skv=?,d=64,dtype=f16,lse=1");
  GirihSimulateOptions options = {sizeof options};
  struct Problem problem;
  int64_t strides[4] = {1, 1, 1, 2}, negative[4] = {0, -64, 64, 1};
  if (!kernel)
    return;
  makeProblem(&problem);
  expectRefusal(kernel, &problem, 4, NULL, "takes 5 tensors, not 4");
  problem.tensors[1].type = GIRIH_BF16;
  expectRefusal(kernel, &problem, 5, NULL, "'k' is bf16 when it should be f16");
  problem.tensors[1].type = (GirihElementType)77;
  expectRefusal(kernel, &problem, 5, NULL, "element type 77");
  problem.tensors[1].type = GIRIH_F16;
  problem.tensors[1].rank = 3;
  expectRefusal(kernel, &problem, 5, NULL, "'k' has 3 dimensions when it should have 4");
  problem.tensors[1].rank = 0;
  expectRefusal(kernel, &problem, 5, NULL, "'k' has 0 dimensions when it should have 4");
  problem.tensors[1].rank = -1;
  expectRefusal(kernel, &problem, 5, NULL, "rank -1");
  problem.tensors[1].rank = 4;
  problem.keys[2] = kQueries;
  problem.tensors[2].shape = problem.queries;
  problem.queries[3] = 65;
  expectRefusal(kernel, &problem, 5, NULL, "dimension 3 of 'q' is 65 when d is 64 by the kernel");
  problem.queries[3] = kSize;
  problem.keys[2] = kKeys;
  expectRefusal(kernel, &problem, 5, NULL, "dimension 2 of 'v' is 70 when skv is 90 by dimension 2 of 'k'");
  problem.tensors[2].shape = problem.keys;
  problem.tensors[0].strides = strides;
  expectRefusal(kernel, &problem, 5, NULL, "the last stride of 'q' is 2 when it should be 1");
  problem.tensors[0].strides = negative;
  expectRefusal(kernel, &problem, 5, NULL, "stride 1 of 'q' is -64 when it should not be negative");
  problem.tensors[0].strides = NULL;
  problem.tensors[0].data = NULL;
  expectRefusal(kernel, &problem, 5, NULL, "'q' has no address");
  problem.tensors[0].data = problem.data[0];
  problem.keys[2] = 0;
  expectRefusal(kernel, &problem, 5, NULL, "skv");
  problem.keys[2] = kKeys;
  options.schedule = "lazy";
  expectRefusal(kernel, &problem, 5, &options, "schedule is 'lazy'");
  freeProblem(&problem);
  girihKernelDestroy(kernel);
}

/* A captured tensor and a number that is chosen at launch: scores are 1/8 t + slopes[h] (k - q). */
void testCaptures(void) {
  GirihKernel *kernel = compileSmall("b=1,h=2,sq=?,skv=?,d=64,dtype=f16,lse=1,score=temperature+alibi(slopes)");
  GirihSimulateOptions options = {sizeof options};
  GirihDiagnostics *diagnostics = girihDiagnosticsCreate();
  GirihSimulation *simulation;
  struct Problem problem;
  GirihTensor tensors[6] = {0};
  float slopes[kHeads] = {0, 0.5f}, temperature = 4;
  const void *scalars[1];
  int64_t heads = kHeads;
  if (!kernel)
    return;
  CHECK(girihKernelTensorCount(kernel) == 6 && girihKernelScalarCount(kernel) == 1);
  CHECK(equals(girihKernelTensor(kernel, 5).name, "slopes") && girihKernelTensor(kernel, 5).type == GIRIH_F32);
  CHECK(equals(girihKernelScalar(kernel, 0).name, "temperature") && girihKernelScalar(kernel, 0).type == GIRIH_F32);
  CHECK(girihKernelScalar(kernel, 1).name.size == 0);
  makeProblem(&problem);
  memcpy(tensors, problem.tensors, sizeof problem.tensors);
  tensors[5].data = slopes;
  tensors[5].type = GIRIH_F32;
  tensors[5].rank = 1;
  tensors[5].shape = &heads;
  scalars[0] = &temperature;
  options.scalars = scalars;
  options.scalarCount = 1;
  options.checks = 1;
  simulation = girihSimulate(kernel, tensors, 6, &options, diagnostics);
  CHECK(simulation && girihSimulationVerdictCount(simulation) == 0);
  if (!simulation)
    fprintf(stderr, "%s", girihDiagnosticsText(diagnostics).data);
  /* Without a slope all scores are 1/2. */
  CHECK(fabs(problem.lse[0] - (0.5 + log((double)kKeys))) < 1e-5);
  girihSimulationDestroy(simulation);
  options.scalarCount = 0;
  CHECK(!girihSimulate(kernel, tensors, 6, &options, diagnostics));
  CHECK(contains(girihDiagnosticsText(diagnostics), "takes 1 scalars, not 0"));
  options.scalarCount = 1;
  scalars[0] = NULL;
  CHECK(!girihSimulate(kernel, tensors, 6, &options, diagnostics));
  CHECK(contains(girihDiagnosticsText(diagnostics), "scalar 'temperature' has no address"));
  freeProblem(&problem);
  girihKernelDestroy(kernel);
  girihDiagnosticsDestroy(diagnostics);
}

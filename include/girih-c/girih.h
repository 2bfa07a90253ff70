/* girih.h - the C API of Girih

   Compiles attention and tile kernels, runs passes on IR, executes kernels in the
   simulator and launches them on a GPU. libgirih.so has LLVM and MLIR inside and shows
   none of their symbols.

   - Objects are made by a function that returns a pointer and released by their
     ...Destroy, which takes NULL too. A GirihText or a `const char *` that a getter
     returns lives as long as the object it came from.
   - A function that fails returns NULL, 0 or -1, as it says, and adds at least one
     error to the `diagnostics` that it was given. NULL is a fine place for them: then
     they are dropped.
   - Structs of options begin with their size, so that later versions can add members:
     GirihCompileOptions options = {sizeof options}; leaves all to the defaults.
   - All functions may be called from any thread. One object is for one thread at a
     time, except that kernels and loaded kernels may be shared. */
#ifndef GIRIH_C_GIRIH_H
#define GIRIH_C_GIRIH_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define GIRIH_API __attribute__((visibility("default")))
#else
#define GIRIH_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Of this interface. It grows when something is added, and names and meanings that
   are there stay. */
#define GIRIH_API_VERSION 4
GIRIH_API int girihApiVersion(void);
/* Of the compiler, as "0.1.0". */
GIRIH_API const char *girihVersion(void);

/* Bytes, which need not end with a zero. */
typedef struct GirihText {
  const char *data;
  size_t size;
} GirihText;

/*===--- Diagnostics ------------------------------------------------------===*/

typedef enum GirihSeverity { GIRIH_ERROR, GIRIH_WARNING, GIRIH_REMARK, GIRIH_NOTE } GirihSeverity;

typedef struct GirihDiagnostic {
  GirihSeverity severity;
  GirihText message; /* one sentence, lower case, without the place */
  GirihText file;    /* empty when there is no place */
  unsigned line, column;
} GirihDiagnostic;

/* What was said, in order; notes follow what they belong to. */
typedef struct GirihDiagnostics GirihDiagnostics;

GIRIH_API GirihDiagnostics *girihDiagnosticsCreate(void);
GIRIH_API void girihDiagnosticsDestroy(GirihDiagnostics *diagnostics);
GIRIH_API size_t girihDiagnosticsCount(const GirihDiagnostics *diagnostics);
GIRIH_API GirihDiagnostic girihDiagnosticsGet(const GirihDiagnostics *diagnostics, size_t index);
/* All of them as the tools print them: place, severity, message, the source line. */
GIRIH_API GirihText girihDiagnosticsText(const GirihDiagnostics *diagnostics);
/* Calls `handler` with each diagnostic when it is said, besides keeping it. */
typedef void (*GirihDiagnosticHandler)(const GirihDiagnostic *diagnostic, void *user);
GIRIH_API void girihDiagnosticsSetHandler(GirihDiagnostics *diagnostics, GirihDiagnosticHandler handler, void *user);

/*===--- Compilation ------------------------------------------------------===*/

typedef struct GirihCompileOptions {
  size_t structSize;
  const char *target;     /* the chip, as in a manifest; needed */
  const char *name;       /* what the kernel is called; NULL: by itself */
  const char *ptxas;      /* its path; NULL: of CUDA_ROOT, CUDA_HOME, CUDA_PATH, PATH, /usr/local/cuda */
  const char *sourceName; /* what diagnostics call the text; NULL: "<text>" */
  int hasLineInfo;        /* the text's line numbers go into PTX and cubin */
  int keepsPhases;        /* the IR after each phase is kept, see girihKernelPhase */
  GirihText functions;    /* of girihCompileAttention: MLIR with func.func @score(f32, index, index, index, index)
                             -> f32, which maps score, batch, head, query and key to a score, or
                             @mask(index, index, index, index) -> i1, whether the query sees the key,
                             or both; or nothing */
} GirihCompileOptions;

/* One compiled kernel. */
typedef struct GirihKernel GirihKernel;
/* The kernels of one compilation, in the order of the text. */
typedef struct GirihKernels GirihKernels;

/* Compiles a module of MLIR: problems, or kernels at any phase. NULL after an error. */
GIRIH_API GirihKernels *girihCompile(GirihText text, const GirihCompileOptions *options, GirihDiagnostics *diagnostics);
/* Compiles one attention problem: "b=4,h=32,hkv=8,sq=4096,d=128,mask=causal"; a size
   that is ? is chosen at launch. girih-compile --help has all keys. */
GIRIH_API GirihKernels *girihCompileAttention(GirihText problem, const GirihCompileOptions *options,
                                              GirihDiagnostics *diagnostics);
GIRIH_API size_t girihKernelsCount(const GirihKernels *kernels);
/* A kernel, which is to be destroyed on its own and may outlive the list. */
GIRIH_API GirihKernel *girihKernelsGet(const GirihKernels *kernels, size_t index);
GIRIH_API void girihKernelsDestroy(GirihKernels *kernels);

/* Sizes that a problem leaves open fall into classes, for each of which another kernel is the
   fastest: few queries, say, want smaller work items. A rule knows them for one problem; it may
   be shared by threads. The problem, the target and the functions are as for
   girihCompileAttention. NULL after an error. */
typedef struct GirihScheduleRule GirihScheduleRule;
GIRIH_API GirihScheduleRule *girihScheduleRuleCreate(GirihText problem, const GirihCompileOptions *options,
                                                     GirihDiagnostics *diagnostics);
GIRIH_API void girihScheduleRuleDestroy(GirihScheduleRule *rule);
/* At least 1, and only that where the problem says something of the schedule itself. */
GIRIH_API size_t girihScheduleRuleClassCount(const GirihScheduleRule *rule);
/* What to add to the problem for a class, after a comma: "workers=1". Empty for class 0, whose
   kernel is that of the problem as it is. */
GIRIH_API GirihText girihScheduleRuleKnobs(const GirihScheduleRule *rule, size_t index);
/* Whether a problem should say how many heads there are, for queries of that shape and so many
   heads of keys: the queries are few, and several heads share one of keys and so tiles. Costs
   some nanoseconds, as does what follows. */
GIRIH_API int girihAttentionWantsHeads(const int64_t queryShape[4], int64_t keyHeads);
/* The class of queries of that shape (batches, heads, length, head size) and so many keys. */
GIRIH_API size_t girihScheduleRuleClassOf(const GirihScheduleRule *rule, const int64_t shape[4], int64_t keys);

/* A kernel from what girihKernelPart gave once. Either PTX or cubin may be empty. NULL
   when the manifest is none, or when the hashes in it are not theirs. */
GIRIH_API GirihKernel *girihKernelFromParts(GirihText manifest, GirihText ptx, GirihText cubin,
                                            GirihDiagnostics *diagnostics);
GIRIH_API void girihKernelDestroy(GirihKernel *kernel);
/* The hash that a manifest has of a file: XXH3-128 as 32 hex digits, and a zero. */
GIRIH_API void girihHash(GirihText bytes, char hash[33]);

typedef enum GirihKernelPart {
  GIRIH_KERNEL_NAME,
  GIRIH_KERNEL_TARGET,
  GIRIH_KERNEL_PTX,
  GIRIH_KERNEL_CUBIN,
  GIRIH_KERNEL_MANIFEST, /* JSON: docs/manifest.md */
  GIRIH_KERNEL_HEADER,   /* a C header that embeds the cubin and launches it */
  GIRIH_KERNEL_REPORT    /* registers, spills, shared memory, times, for people */
} GirihKernelPart;
GIRIH_API GirihText girihKernelGetPart(const GirihKernel *kernel, GirihKernelPart part);

/* The phases of its compilation; none unless they were to be kept. */
GIRIH_API size_t girihKernelPhaseCount(const GirihKernel *kernel);
/* The name of the pass, and the IR after it. */
GIRIH_API GirihText girihKernelPhaseName(const GirihKernel *kernel, size_t index);
GIRIH_API GirihText girihKernelPhaseText(const GirihKernel *kernel, size_t index);

/* Runs passes on a module: a pipeline as girih-opt --pass-pipeline takes it, with or
   without builtin.module(...) around it. Returns the IR, for girihStringDestroy; NULL
   after an error. `sourceName` may be NULL. */
GIRIH_API char *girihOptimize(GirihText text, GirihText pipeline, const char *sourceName,
                              GirihDiagnostics *diagnostics);
GIRIH_API void girihStringDestroy(char *string);

/*===--- Tensors ----------------------------------------------------------===*/

/* Of integers, i8 has no sign. ue8m0 are powers of two, 2^(byte - 127), and NaN, 255. */
typedef enum GirihElementType {
  GIRIH_BF16,
  GIRIH_F16,
  GIRIH_F32,
  GIRIH_I8,
  GIRIH_I32,
  GIRIH_I64,
  GIRIH_E4M3,
  GIRIH_E5M2,
  GIRIH_UE8M0
} GirihElementType;

/* The caller's tensor. `data` is an address in host memory for the simulator and in
   the device's for a launch. */
typedef struct GirihTensor {
  void *data;
  GirihElementType type;
  int rank;
  const int64_t *shape;
  const int64_t *strides; /* in elements; NULL: row-major without gaps */
} GirihTensor;

/* What a kernel takes, in the order in which it is passed. */
typedef struct GirihTensorInfo {
  GirihText name; /* "q", "k", "v", "o", "lse", "query_lengths", "key_lengths", "query_starts", "key_starts",
                     "sinks", "q_descale", "k_descale", "v_descale", "dropout_state", "partial_o", "partial_lse",
                     "kv_num_blocks", "kv_indices", "full_kv_num_blocks", "full_kv_indices" of an
                     attention problem, and what its functions capture */
  GirihElementType type;
  int rank;
  int isOutput;
} GirihTensorInfo;
GIRIH_API size_t girihKernelTensorCount(const GirihKernel *kernel);
GIRIH_API GirihTensorInfo girihKernelTensor(const GirihKernel *kernel, size_t index);
/* A number that is chosen at launch, an f32 or an i32: "q_descale", "k_descale" or "v_descale" where
   these are no tensors, and what the functions of a problem use. */
typedef struct GirihScalarInfo {
  GirihText name;
  GirihElementType type;
} GirihScalarInfo;
GIRIH_API size_t girihKernelScalarCount(const GirihKernel *kernel);
GIRIH_API GirihScalarInfo girihKernelScalar(const GirihKernel *kernel, size_t index);

/* Writes the shape of tensor `index`, `rank` numbers, as it follows from the shapes of
   the other tensors: those whose rank is 0 are not known yet. Returns 1, or 0 after an
   error. */
GIRIH_API int girihKernelInferShape(const GirihKernel *kernel, const GirihTensor *tensors, size_t count, size_t index,
                                    int64_t *shape, GirihDiagnostics *diagnostics);
/* Whether the kernel takes tensors of such types, shapes and strides; addresses are not looked
   at. Returns 1, or 0 after the error that a launch would give. */
GIRIH_API int girihKernelCheckTensors(const GirihKernel *kernel, const GirihTensor *tensors, size_t count,
                                      GirihDiagnostics *diagnostics);

/*===--- Simulation -------------------------------------------------------===*/

typedef struct GirihSimulateOptions {
  size_t structSize;
  const char *schedule;       /* "deterministic" (NULL), "random", "late", "early" */
  uint64_t seed;              /* of a random schedule */
  unsigned threads;           /* of the host; 0: one for each core */
  unsigned multiprocessors;   /* of the chip; 0: 132 */
  uint64_t instructionLimit;  /* that a warp may execute; 0: 100 million */
  int checks;                 /* compares the outputs with a float64 reference */
  int hasTrace;               /* keeps a timeline */
  const void *const *scalars; /* the address of each scalar, in the kernel's order; NULL where there is none */
  size_t scalarCount;
} GirihSimulateOptions;

/* A run and what was found. */
typedef struct GirihSimulation GirihSimulation;

/* Executes the kernel's PTX on the CPU. Elements of outputs are written where the run
   was not refused; one that the kernel has not written is a NaN. NULL when the kernel
   cannot be run with these tensors; what goes wrong in the run is a verdict. Judged by the
   PTX ISA, but for what the manifest says the kernel assumes. */
GIRIH_API GirihSimulation *girihSimulate(const GirihKernel *kernel, const GirihTensor *tensors, size_t count,
                                         const GirihSimulateOptions *options, GirihDiagnostics *diagnostics);
GIRIH_API void girihSimulationDestroy(GirihSimulation *simulation);

typedef struct GirihVerdict {
  const char *kind; /* "race", "deadlock", "misuse", "uninitialised", "mismatch", "unsupported", "syntax" */
  const char *message;
  unsigned line;      /* of the PTX, from 1; 0 when no line is to blame */
  const char *source; /* file:line:column, with line information; may be empty */
  const char *agent;  /* the warp or asynchronous unit; may be empty */
  const char *text;   /* all of it, with notes, as girih-sim prints it */
} GirihVerdict;
/* 0 verdicts: nothing was found. */
GIRIH_API size_t girihSimulationVerdictCount(const GirihSimulation *simulation);
GIRIH_API GirihVerdict girihSimulationVerdict(const GirihSimulation *simulation, size_t index);
GIRIH_API uint64_t girihSimulationInstructions(const GirihSimulation *simulation); /* of warps */
GIRIH_API uint64_t girihSimulationAsynchronousOperations(const GirihSimulation *simulation);
/* The timeline in Chrome's trace format; empty unless it was to be kept. */
GIRIH_API GirihText girihSimulationTrace(const GirihSimulation *simulation);

/*===--- The GPU ----------------------------------------------------------===*/

/* How many there are; -1 after an error, such as that there is no driver. */
GIRIH_API int girihDeviceCount(GirihDiagnostics *diagnostics);
/* The target that a device's own code has; NULL after an error. */
GIRIH_API const char *girihDeviceTarget(int device, GirihDiagnostics *diagnostics);

/* A kernel on a device, in its primary context, which CUDA's runtime uses too. */
typedef struct GirihLoadedKernel GirihLoadedKernel;

/* NULL after an error: a kernel for another chip, say. */
GIRIH_API GirihLoadedKernel *girihLoad(const GirihKernel *kernel, int device, GirihDiagnostics *diagnostics);
/* Waits for nothing: launches must be over. */
GIRIH_API void girihLoadedKernelDestroy(GirihLoadedKernel *loaded);
/* The same for one whose launches may not be over: waits for the device. A kernel that a graph has
   captured stays there, since the graph may be launched again, and so does one of a failed device. */
GIRIH_API void girihLoadedKernelRetire(GirihLoadedKernel *loaded);
/* Puts one launch into a CUstream, NULL being the default one, and returns 1 without
   waiting for it, or 0 after an error. A stream that is captured captures it. */
GIRIH_API int girihLaunch(GirihLoadedKernel *loaded, const GirihTensor *tensors, size_t count, void *stream,
                          GirihDiagnostics *diagnostics);

/* The same for a kernel with scalars: the address of each on the host, in the kernel's order.
   They are read before this returns. */
GIRIH_API int girihLaunchWithScalars(GirihLoadedKernel *loaded, const GirihTensor *tensors, size_t count,
                                     const void *const *scalars, size_t scalarCount, void *stream,
                                     GirihDiagnostics *diagnostics);

#ifdef __cplusplus
}
#endif

#endif /* GIRIH_C_GIRIH_H */

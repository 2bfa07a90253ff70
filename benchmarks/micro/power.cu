// What benchmarks/micro/run --power compiles, with the generated kernels at the
// mark: each unit kept busy for a second and a half on all multiprocessors, with
// the energy by the driver's counter, the clock that it reports, and the clock
// by the cycles that went by; then what a launch and the next CTA cost.
#include "Check.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cuda_runtime.h>
#include <dlfcn.h>
#include <string>
#include <vector>

struct Span {
  long long cycles, nanoseconds;
};
__device__ long long nanoseconds() {
  long long now;
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now));
  return now;
}
__device__ void wait(unsigned barrier, unsigned parity) {
  asm volatile("{ .reg .pred p; again: mbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1; @!p bra again; }" ::"r"(barrier), "r"(parity) : "memory");
}
__device__ unsigned scrambled(unsigned x) {
  x = (x ^ x >> 16) * 0x7feb352d;
  x = (x ^ x >> 15) * 0x846ca68b;
  return x ^ x >> 16;
}
// Pairs of bf16 of either sign with magnitudes from 1/2 to 1, or zeros.
__device__ void fill(unsigned char *shared, int bytes, bool isRandom) {
  for (int i = threadIdx.x; i < bytes / 4; i += blockDim.x)
    reinterpret_cast<unsigned *>(shared)[i] = isRandom ? (scrambled(i) & 0x807f807f) | 0x3f003f00 : 0;
  asm volatile("fence.proxy.async;");
  __syncthreads();
}

//KERNELS

__global__ void sharedReads(Span *out, unsigned *sink, const unsigned char *, int rounds, int) {
  extern __shared__ __align__(1024) unsigned char shared[];
  fill(shared, 32768, true);
  unsigned at = (unsigned)__cvta_generic_to_shared(shared) + threadIdx.x * 16, total = 0;
  long long begin = clock64(), since = nanoseconds();
  for (int i = 0; i < rounds; ++i) {
    __syncthreads(); // one warp would go first
#pragma unroll
    for (int j = 0; j < 16; ++j) {
      unsigned a, b, c, d;
      asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];" : "=r"(a), "=r"(b), "=r"(c), "=r"(d) : "r"(at + j % 2 * 16384));
      total += a ^ b ^ c ^ d;
    }
  }
  if (threadIdx.x == 0)
    out[blockIdx.x] = {clock64() - begin, nanoseconds() - since};
  sink[threadIdx.x] = total;
}

// Bulk copies of 32 KiB, 4 in flight, from `span` bytes.
__global__ void copies(Span *out, unsigned *, const unsigned char *memory, int rounds, int spanMiB) {
  extern __shared__ __align__(1024) unsigned char shared[];
  __shared__ __align__(8) unsigned long long barriers[4];
  constexpr int bytes = 32768, depth = 4;
  size_t span = size_t(spanMiB) << 20;
  if (threadIdx.x)
    return;
  unsigned first = (unsigned)__cvta_generic_to_shared(barriers), base = (unsigned)__cvta_generic_to_shared(shared);
  for (int i = 0; i < depth; ++i)
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(first + 8 * i));
  asm volatile("fence.mbarrier_init.release.cluster;");
  long long begin = clock64(), since = nanoseconds();
  for (int i = 0; i < rounds + depth; ++i) {
    unsigned slot = i % depth, barrier = first + 8 * slot;
    if (i >= depth)
      wait(barrier, (i / depth - 1) & 1);
    if (i < rounds) {
      asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes));
      asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(base + slot * bytes),
                   "l"(memory + (size_t(i) * gridDim.x + blockIdx.x) * bytes % span), "r"(bytes), "r"(barrier) : "memory");
    }
  }
  out[blockIdx.x] = {clock64() - begin, nanoseconds() - since};
}

__global__ void spin(long long cycles) {
  long long begin = clock64();
  while (clock64() - begin < cycles)
    ;
}

static double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
template <class T> static T median(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? T() : values[values.size() / 2];
}

// NVML, which comes with the driver.
struct Meter {
  Meter() {
    void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW);
    auto find = [&](auto &function, const char *name) {
      *reinterpret_cast<void **>(&function) = library ? dlsym(library, name) : nullptr;
      if (!function) {
        std::fprintf(stderr, "libnvidia-ml.so.1 has no %s\n", name);
        std::exit(1);
      }
    };
    int (*start)();
    int (*handle)(const char *, void **);
    find(start, "nvmlInit_v2");
    find(handle, "nvmlDeviceGetHandleByPciBusId_v2");
    find(energy, "nvmlDeviceGetTotalEnergyConsumption");
    find(clock, "nvmlDeviceGetClockInfo");
    char bus[32];
    CHECK(cudaDeviceGetPCIBusId(bus, sizeof bus, 0));
    if (start() || handle(bus, &device)) {
      std::fprintf(stderr, "NVML does not find the GPU\n");
      std::exit(1);
    }
  }
  double joules() const {
    unsigned long long millijoules = 0;
    energy(device, &millijoules);
    return millijoules / 1e3;
  }
  unsigned reported() const {
    unsigned mhz = 0;
    clock(device, 1, &mhz); // of the multiprocessors
    return mhz;
  }
  void *device = nullptr;
  int (*energy)(void *, unsigned long long *);
  int (*clock)(void *, int, unsigned *);
};

static Span *out;
static unsigned *sink;
static unsigned char *memory;
static int chips;

// `each`: of what a CTA does in a round, in `unit`.
template <class K>
static void load(const Meter &meter, const char *name, K kernel, int threads, int shared, double each, const char *unit, int argument = 0) {
  CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared));
  auto launch = [&](int rounds) { kernel<<<chips, threads, shared>>>(out, sink, memory, rounds, argument); };
  auto longest = [&] {
    std::vector<Span> spans(chips);
    CHECK(cudaMemcpy(spans.data(), out, chips * sizeof(Span), cudaMemcpyDeviceToHost));
    return *std::max_element(spans.begin(), spans.end(), [](auto a, auto b) { return a.cycles < b.cycles; });
  };
  int rounds = 256;
  launch(rounds);
  CHECK(cudaDeviceSynchronize());
  rounds = int(std::clamp(rounds * 20e6 / std::max(longest().nanoseconds, 1ll), 256.0, 2e9)); // 20 ms
  double begin = seconds(), joules = 0, from = 0;
  std::vector<double> reported, real, rate;
  while (seconds() < begin + 1.6) {
    launch(rounds);
    bool isWarm = seconds() > begin + 0.6;
    if (isWarm && !from) {
      from = seconds();
      joules = meter.joules();
    }
    launch(rounds); // behind it, so that the chip never rests
    unsigned mhz = meter.reported();
    CHECK(cudaDeviceSynchronize());
    Span span = longest();
    if (isWarm) {
      reported.push_back(mhz);
      real.push_back(1e3 * double(span.cycles) / double(span.nanoseconds));
      rate.push_back(each * rounds / double(span.cycles));
    }
  }
  double watts = (meter.joules() - joules) / (seconds() - from);
  std::printf("\"%s\",%.1f,%.0f,%.1f,%.4g,%s\n", name, watts, median(reported), median(real), median(rate), unit);
  std::fflush(stdout);
}

static double launchMicroseconds(int grid, int threads, int shared, long long cycles) {
  constexpr int count = 100;
  CHECK(cudaFuncSetAttribute(spin, cudaFuncAttributeMaxDynamicSharedMemorySize, shared));
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t run;
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  for (int i = 0; i < count; ++i)
    spin<<<grid, threads, shared, stream>>>(cycles);
  CHECK(cudaStreamEndCapture(stream, &graph));
  CHECK(cudaGraphInstantiate(&run, graph, 0));
  cudaEvent_t begin, end;
  CHECK(cudaEventCreate(&begin));
  CHECK(cudaEventCreate(&end));
  float best = 1e9, one;
  for (int i = 0; i < 8; ++i) {
    CHECK(cudaEventRecord(begin, stream));
    CHECK(cudaGraphLaunch(run, stream));
    CHECK(cudaEventRecord(end, stream));
    CHECK(cudaEventSynchronize(end));
    CHECK(cudaEventElapsedTime(&one, begin, end));
    best = std::min(best, one);
  }
  CHECK(cudaGraphExecDestroy(run));
  CHECK(cudaGraphDestroy(graph));
  CHECK(cudaStreamDestroy(stream));
  return 1e3 * best / count;
}

int main() {
  CHECK(cudaMalloc(&out, 4096 * sizeof(Span)));
  CHECK(cudaMalloc(&sink, 1 << 20));
  CHECK(cudaMalloc(&memory, size_t(1) << 30));
  CHECK(cudaMemset(memory, 0x5a, size_t(1) << 30));
  cudaDeviceProp properties;
  CHECK(cudaGetDeviceProperties(&properties, 0));
  chips = properties.multiProcessorCount;
  Meter meter;
  std::printf("# %s, %d multiprocessors; benchmarks/micro/run --power. real_mhz: cycles by %%clock64 over time by %%globaltimer\n", properties.name, chips);
  std::printf("name,watts,reported_mhz,real_mhz,rate,unit\n");
  //CALLS
  load(meter, "ld.shared", sharedReads, 512, 32768, 16.0 * 512 * 16, "bytes a cycle of a multiprocessor");
  load(meter, "copies from the L2 cache", copies, 32, 131072, 32768, "bytes a cycle of a multiprocessor", 16);
  load(meter, "copies from memory", copies, 32, 131072, 32768, "bytes a cycle of a multiprocessor", 1024);
  double begin = seconds(), from = meter.joules();
  while (seconds() < begin + 1.5)
    ;
  std::printf("idle,%.1f,%u,0,0,\n", (meter.joules() - from) / (seconds() - begin), meter.reported());
  std::printf("launch,microseconds a launch,,,,CTAs a multiprocessor; threads; KiB of shared memory; cycles that each spins\n");
  for (int waves : {1, 2, 4})
    for (int threads : {128, 256, 384, 512})
      for (int shared : {0, 112, 224})
        for (long long cycles : {0ll, 10000ll})
          if (shared == 224 || waves == 1)
            std::printf("launch,%.3f,,,,%d; %d; %d; %lld\n", launchMicroseconds(waves * chips, threads, shared << 10, cycles), waves, threads, shared, cycles);
  return 0;
}

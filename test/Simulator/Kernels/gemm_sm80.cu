//===- gemm_sm80.cu - A multistage product with cp.async and mma.sync -----===//
//
// C [m, n] float = A [m, k] bfloat16 times B [n, k] bfloat16 transposed, in
// tiles of 64 by 64 and steps of 32 of k: four warps, each with 32 by 32, three
// stages in flight, ldmatrix out of rows of 64 bytes whose 16-byte chunks are
// permuted. Rows outside of A and B are filled with zeros; k is a multiple of 8.
//
//===----------------------------------------------------------------------===//
#include "ptx.cuh"
#include <cuda_bf16.h>

constexpr int tile = 64, tileK = 32, stages = 3, rowBytes = tileK * 2;
constexpr int tileBytes = tile * rowBytes, stageBytes = 2 * tileBytes;

/// Four chunks a row; eight rows that ldmatrix reads together hit all banks.
DEVICE uint32_t place(uint32_t base, int row, int chunk) {
  return base + row * rowBytes + ((chunk ^ (row / 2 % 4)) * 16);
}

DEVICE void copy16(uint32_t to, const void *from, uint32_t bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2; /*@copy*/" ::"r"(to), "l"(from), "r"(bytes) : "memory");
}
DEVICE void commitCopies() { asm volatile("cp.async.commit_group; /*@copy_commit*/" ::: "memory"); }
template <int pending> DEVICE void waitCopies() {
  asm volatile("cp.async.wait_group %0; /*@copy_wait*/" ::"n"(pending) : "memory");
}
DEVICE void loadMatrix(uint32_t (&r)[4], uint32_t address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4]; /*@load_matrix*/"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}
DEVICE void multiply(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, "
               "%1, %2, %3}; /*@mma*/"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// 64 rows of 4 chunks by 128 threads.
DEVICE void loadTile(uint32_t to, const __nv_bfloat16 *from, int firstRow, int rows, int firstColumn, int k) {
  for (int i = 0; i < 2; ++i) {
    int row = threadIdx.x / 4 + 32 * i, chunk = threadIdx.x % 4, column = firstColumn + chunk * 8;
    bool isInside = firstRow + row < rows && column < k;
    const __nv_bfloat16 *source = isInside ? from + size_t(firstRow + row) * k + column : from;
    copy16(place(to, row, chunk), source, isInside ? 16 : 0);
  }
}

extern "C" __global__ void __launch_bounds__(128)
    gemm(const __nv_bfloat16 *a, const __nv_bfloat16 *b, float *c, int m, int n, int k) {
  extern __shared__ __align__(128) char shared[];
  uint32_t base = sharedAddress(shared);
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, rowA = warp / 2 * 32, rowB = warp % 2 * 32;
  int steps = (k + tileK - 1) / tileK;
  // A group for each stage, empty past the end, so that the count is the same
  // in every step.
  auto load = [&](int i) {
    uint32_t at = base + i % stages * stageBytes;
    if (i < steps) {
      loadTile(at, a, blockIdx.x * tile, m, i * tileK, k);
      loadTile(at + tileBytes, b, blockIdx.y * tile, n, i * tileK, k);
    }
    commitCopies();
  };
  for (int i = 0; i < stages - 1; ++i)
    load(i);
  float d[2][4][4] = {};
  for (int i = 0; i < steps; ++i) {
    waitCopies<stages - 2>();
    // This step's copies of all threads are there; all have left the stage
    // that is filled next.
    __syncthreads();
    load(i + stages - 1);
    uint32_t at = base + i % stages * stageBytes;
#pragma unroll
    for (int kk = 0; kk < tileK / 16; ++kk) {
      uint32_t fragmentA[2][4], fragmentB[2][4];
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        loadMatrix(fragmentA[j], place(at, rowA + j * 16 + lane % 16, kk * 2 + lane / 16));
        // Two tiles of 8 columns, low and high halves of k.
        loadMatrix(fragmentB[j],
                   place(at + tileBytes, rowB + j * 16 + lane % 8 + lane / 16 * 8, kk * 2 + lane / 8 % 2));
      }
#pragma unroll
      for (int x = 0; x < 2; ++x)
#pragma unroll
        for (int y = 0; y < 4; ++y)
          multiply(d[x][y], fragmentA[x], fragmentB[y / 2][y % 2 * 2], fragmentB[y / 2][y % 2 * 2 + 1]);
    }
  }
  for (int x = 0; x < 2; ++x)
    for (int y = 0; y < 4; ++y)
      for (int e = 0; e < 4; ++e) {
        int row = blockIdx.x * tile + rowA + x * 16 + lane / 4 + e / 2 * 8;
        int column = blockIdx.y * tile + rowB + y * 8 + lane % 4 * 2 + e % 2;
        if (row < m && column < n)
          c[size_t(row) * n + column] = d[x][y][e];
      }
}

// As put.ptx.
extern "C" {
__device__ unsigned offset = 100;
__global__ void put(unsigned *out) { out[threadIdx.x] = threadIdx.x + offset; }
}

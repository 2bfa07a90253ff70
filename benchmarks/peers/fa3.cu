// A C function over FlashAttention-3's forward kernels, for benchmarks/peers/run. Built by
// build-fa3, once for each head size and type; nothing of FlashAttention is part of this project.
#include "flash_fwd_launch_template.h"

#if FA3_E4M3
using Element = cutlass::float_e4m3_t;
#else
using Element = cutlass::bfloat16_t;
#endif

#define JOIN2(a, b, c) a##b##c
#define JOIN(a, b, c) JOIN2(a, b, c)
#if FA3_E4M3
#define ENTRY JOIN(fa3_e4m3_, FA3_D, )
#else
#define ENTRY JOIN(fa3_bf16_, FA3_D, )
#endif

/// Referred to by the templates, for packed sequences only.
static void unreachable() { abort(); }
__attribute__((weak)) void prepare_varlen_num_blocks(Flash_fwd_params &, cudaStream_t, bool, int, int, bool) {
  unreachable();
}

/// q and o [b, h, s, d], k and v [b, hkv, s, d], lse [b, h, s] in floats, all dense; o is bf16.
/// `counter` is an int of the device, zeroed here, as FlashAttention-3's own entry does.
extern "C" int ENTRY(void *q, void *k, void *v, void *o, float *lse, int *counter, int b, int h, int hkv, int s,
                     int causal, int multiprocessors, cudaStream_t stream) {
  constexpr int64_t d = FA3_D;
  Flash_fwd_params p{};
  p.q_ptr = q, p.k_ptr = k, p.v_ptr = v, p.o_ptr = o, p.softmax_lse_ptr = lse;
  p.q_row_stride = p.k_row_stride = p.v_row_stride = p.o_row_stride = d;
  p.q_head_stride = p.k_head_stride = p.v_head_stride = p.o_head_stride = s * d;
  p.q_batch_stride = p.o_batch_stride = h * s * d;
  p.k_batch_stride = p.v_batch_stride = hkv * s * d;
  p.v_dim_stride = 1;
  p.b = p.b_k = b, p.h = h, p.h_k = hkv;
  p.seqlen_q = p.seqlen_k = s;
  p.seqlen_q_rounded = p.seqlen_k_rounded = (s + 127) / 128 * 128;
  p.total_q = p.total_k = b * s;
  p.d = p.dv = p.d_rounded = p.dv_rounded = d;
  p.scale_softmax = 1 / sqrtf(d);
  p.page_size = 1;
  p.p_dropout = p.rp_dropout = 1, p.p_dropout_in_uint8_t = 255;
  p.window_size_left = -1, p.window_size_right = causal ? 0 : -1;
  p.is_causal = causal, p.head_swizzle = causal;
  p.is_bf16 = !FA3_E4M3, p.is_e4m3 = FA3_E4M3;
  p.num_splits = 1;
  p.arch = 90, p.num_sm = multiprocessors;
  p.tile_count_semaphore = counter;
  if (cudaError_t error = cudaMemsetAsync(counter, 0, sizeof(int), stream))
    return error;
  run_mha_fwd_<90, Element, FA3_D, FA3_D, /*Split=*/false, /*PagedKVNonTMA=*/false, /*Has_softcap=*/false,
               /*PackGQA=*/false>(p, stream);
  return cudaGetLastError();
}

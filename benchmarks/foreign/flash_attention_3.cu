// FlashAttention-3: the forward kernel of its hopper/ folder on bf16 and head size 128, without PyTorch.
// -DCAUSAL chooses the causal one, which is not launched in clusters and takes its tiles from a counter.
#include "flash_fwd_launch_template.h"
#include "host.h"

using Element = cutlass::bfloat16_t;

#ifdef CAUSAL
constexpr bool isCausal = true;
#else
constexpr bool isCausal = false;
#endif

// For lengths of each sequence's own, which are not here.
void prepare_varlen_num_blocks(Flash_fwd_params &, cudaStream_t, bool, int, int, bool) {}

// The number of heads, 2 unless given; each has two tiles, and each tile a multiprocessor.
int main(int argc, char **argv) {
  constexpr int batch = 1, queries = 256, keys = 300, depth = 128;
  const int heads = argc > 1 ? std::atoi(argv[1]) : 2;
  Array<Element> q(batch * queries * heads * depth, 1), k(batch * keys * heads * depth, 2), v(k.host.size(), 3);
  Array<Element> out(q.host.size());
  Array<float> lse(batch * heads * queries);
  Array<int> tiles(1);
  tiles.upload();

  Flash_fwd_params params{};
  params.q_ptr = q.device;
  params.k_ptr = k.device;
  params.v_ptr = v.device;
  params.o_ptr = out.device;
  params.softmax_lse_ptr = lse.device;
  params.q_row_stride = params.k_row_stride = params.v_row_stride = params.o_row_stride = heads * depth;
  params.q_head_stride = params.k_head_stride = params.v_head_stride = params.o_head_stride = depth;
  params.q_batch_stride = params.o_batch_stride = queries * heads * depth;
  params.k_batch_stride = params.v_batch_stride = keys * heads * depth;
  params.v_dim_stride = 1;
  params.h = params.h_k = heads;
  params.b = params.b_k = batch;
  params.seqlen_q = params.total_q = queries;
  params.seqlen_k = params.total_k = keys;
  params.d = params.dv = params.d_rounded = params.dv_rounded = depth;
  params.scale_softmax = 1 / std::sqrt(float(depth));
  params.window_size_left = -1;
  params.window_size_right = isCausal ? 0 : -1;
  params.is_bf16 = true;
  params.is_causal = isCausal;
  params.num_splits = 1;
  params.tile_count_semaphore = tiles.device;
  params.arch = 90;
  params.num_sm = 2 * heads;
  run_flash_fwd<90, depth, depth, isCausal ? 1 : 2, Element, Element, isCausal, false, false, false, false, false, false,
                false, false, false>(params, nullptr);

  std::vector<double> expected(out.host.size()), expectedLse(lse.host.size());
  for (int head = 0; head < heads; ++head) {
    auto of = [&](const Array<Element> &array) {
      return [&, head](int row, int column) { return array[(row * heads + head) * depth + column]; };
    };
    Attention one = attention({queries, keys, depth, depth, isCausal, params.scale_softmax}, of(q), of(k), of(v), of(q), false);
    for (int i = 0; i < queries; ++i) {
      expectedLse[head * queries + i] = one.lse[i];
      for (int c = 0; c < depth; ++c)
        expected[(i * heads + head) * depth + c] = one.out[i * depth + c];
    }
  }
  Comparison comparison;
  comparison.add("output", out, expected);
  comparison.add("log-sum-exp", lse, expectedLse);
  return comparison.end();
}

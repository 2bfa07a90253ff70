// FlashMLA: sparse prefill on sm_90a with 64 heads, of which each query sees the keys that its list names, without PyTorch.
#include "host.h"
#include "sm90/prefill/sparse/phase1.cuh"

using Element = cutlass::bfloat16_t;

int main() {
  constexpr int queries = 2, keys = 200, heads = 64, depth = 512, listed = 128;
  Array<Element> q(queries * heads * depth, 1, 0.2f), kv(keys * depth, 2, 0.2f), out(queries * heads * depth);
  Array<float> most(queries * heads), lse(queries * heads);
  Array<int> indices(queries * listed);
  std::mt19937 random(3);
  for (int row = 0; row < queries; ++row)
    for (int i = 0; i < listed; ++i)
      indices.host[row * listed + i] = i % 16 == 5 ? -1 : int(random() % keys);
  indices.upload();

  SparseAttnFwdParams params{};
  params.s_q = queries;
  params.s_kv = keys;
  params.h_q = heads;
  params.h_kv = 1;
  params.d_qk = params.d_v = depth;
  params.topk = listed;
  params.sm_scale = 1 / std::sqrt(float(depth));
  params.sm_scale_div_log2 = params.sm_scale * float(M_LOG2E);
  params.q = q.device;
  params.kv = kv.device;
  params.indices = indices.device;
  params.stride_q_s_q = heads * depth;
  params.stride_q_h_q = params.stride_kv_s_kv = params.stride_kv_h_kv = depth;
  params.stride_indices_s_q = params.stride_indices_h_kv = listed;
  params.out = out.device;
  params.max_logits = most.device;
  params.lse = lse.device;
  params.num_sm = 2;
  sm90::fwd::run_fwd_phase1_kernel<depth, false>(params);

  std::vector<double> expected;
  for (int row = 0; row < queries; ++row) {
    std::vector<int> seen;
    for (int i = 0; i < listed; ++i)
      if (int index = indices.host[row * listed + i]; index >= 0)
        seen.push_back(index);
    auto key = [&](int i, int column) { return kv[seen[i] * depth + column]; };
    auto query = [&](int head, int column) { return q[(row * heads + head) * depth + column]; };
    Attention one = attention({heads, int(seen.size()), depth, depth, false, params.sm_scale}, query, key, key, key, false);
    expected.insert(expected.end(), one.out.begin(), one.out.end());
  }
  Comparison comparison;
  comparison.add("output", out, expected);
  return comparison.end();
}

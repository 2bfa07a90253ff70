// FlashMLA: dense decoding on bf16, with its scheduler of split keys and its combination, without PyTorch.
#include "host.h"
#include "sm90/decode/dense/splitkv_mla.cuh"
#include "smxx/decode/combine/combine.cu"
#include "smxx/decode/get_decoding_sched_meta/get_decoding_sched_meta.cu"

using Element = cutlass::bfloat16_t;

int main() {
  // The second sequence ends within a page, and both share three parts of the chip, so that keys are split.
  constexpr int batch = 2, heads = 64, inner = 576, outer = 512, page = 64, pages = 8, parts = 3;
  std::vector<int> lengths = {256, 130};
  Array<Element> q(batch * heads * inner, 1, 0.2f), cache(pages * page * inner, 2, 0.2f), out(batch * heads * outer);
  Array<float> lse(batch * heads), lseParts((batch + parts) * heads), outParts((batch + parts) * heads * outer);
  Array<int> keys(batch), table(batch * 4), splits(batch + 1);
  Array<DecodingSchedMeta> schedule(parts);
  keys.host = lengths;
  keys.upload();
  table.host = {5, 0, 3, 6, 1, 7, 2, 4};
  table.upload();
  // What lies behind the end of the second sequence must not count.
  for (int i = lengths[1] % page * inner; i < page * inner; ++i)
    cache.host[2 * page * inner + i] = Element(NAN);
  cache.upload();

  GetDecodeSchedMetaParams plan{batch, 1, page, 5, -1, -1, nullptr, nullptr, keys.device, schedule.device, splits.device, parts,
                                nullptr};
  smxx::decode::run_get_decoding_sched_meta_kernel(plan);

  DenseAttnDecodeParams params{};
  params.b = batch;
  params.s_q = params.h_k = 1;
  params.q_seq_per_hk = params.h_q = params.q_head_per_hk = heads;
  params.d = inner;
  params.d_v = outer;
  params.num_blocks = pages;
  params.scale_softmax = 1 / std::sqrt(float(inner));
  params.scale_softmax_log2 = params.scale_softmax * float(M_LOG2E);
  params.q_ptr = q.device;
  params.k_ptr = cache.device;
  params.o_ptr = out.device;
  params.softmax_lse_ptr = lse.device;
  params.q_batch_stride = heads * inner;
  params.k_batch_stride = page * inner;
  params.o_batch_stride = heads * outer;
  params.q_row_stride = params.k_row_stride = params.q_head_stride = params.k_head_stride = inner;
  params.o_row_stride = outer;
  params.o_head_stride = heads * outer;
  params.block_table = table.device;
  params.block_table_batch_stride = 4;
  params.page_block_size = page;
  params.seqlens_k_ptr = keys.device;
  params.tile_scheduler_metadata_ptr = schedule.device;
  params.num_sm_parts = parts;
  params.num_splits_ptr = splits.device;
  params.total_num_splits = batch + parts;
  params.softmax_lseaccum_ptr = lseParts.device;
  params.oaccum_ptr = outParts.device;
  sm90::run_flash_splitkv_mla_kernel<Element>(params);

  CombineParams combine{batch, 1, heads, outer, lse.device, out.device, heads, heads, heads * outer, heads * outer, outer,
                        lseParts.device, outParts.device, heads, heads, heads * outer, heads * outer, outer, schedule.device,
                        splits.device, parts, nullptr, nullptr};
  smxx::decode::run_flash_mla_combine_kernel<Element>(combine);

  std::vector<double> expected, expectedLse;
  for (int sequence = 0; sequence < batch; ++sequence) {
    auto key = [&](int row, int column) {
      return cache[(table.host[sequence * 4 + row / page] * page + row % page) * inner + column];
    };
    auto query = [&](int row, int column) { return q[(sequence * heads + row) * inner + column]; };
    // Heads are as queries of one head here.
    Attention one = attention({heads, lengths[sequence], inner, outer, false, params.scale_softmax}, query, key, key, key, false);
    expected.insert(expected.end(), one.out.begin(), one.out.end());
    expectedLse.insert(expectedLse.end(), one.lse.begin(), one.lse.end());
  }
  Comparison comparison;
  comparison.add("output", out, expected);
  comparison.add("log-sum-exp", lse, expectedLse);
  return comparison.end();
}

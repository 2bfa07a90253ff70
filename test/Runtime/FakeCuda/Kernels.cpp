//===- Kernels.cpp - What the fake driver can run -------------------------===//
//
// "attention" computes O and LSE from its parameters alone, so that a wrong
// tensor map, stride or order of arguments gives a wrong result. The other
// names make one mistake each.
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"
#include "girih/Support/Float.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <utility>

using namespace fake;

namespace {

template <typename T> T read(const Parameter &parameter) {
  T value;
  std::memcpy(&value, parameter.data(), sizeof value);
  return value;
}

/// A bf16 element of a tensor map whose modes are (64 columns, rows, column
/// halves, heads, batch).
float load(const TensorMap &map, int64_t b, int64_t h, int64_t row, int64_t column) {
  uint64_t at = map.address + uint64_t(column % 64) * map.strides[0] + uint64_t(row) * map.strides[1] +
                uint64_t(column / 64) * map.strides[2] + uint64_t(h) * map.strides[3] + uint64_t(b) * map.strides[4];
  return girih::bfloat16ToFloat(*reinterpret_cast<uint16_t *>(at));
}

/// The parameters of the attention kernels, in their order.
struct Attention {
  TensorMap q, k, v;
  uint16_t *o;
  int64_t oStrides[3];
  float *lse;
  int64_t lseStrides[2];
  int32_t keys;
  uint32_t *counter;

  explicit Attention(const std::vector<Parameter> &p)
      : q(read<TensorMap>(p[0])), k(read<TensorMap>(p[1])), v(read<TensorMap>(p[2])), o(read<uint16_t *>(p[3])),
        oStrides{read<int64_t>(p[4]), read<int64_t>(p[5]), read<int64_t>(p[6])}, lse(read<float *>(p[7])),
        lseStrides{read<int64_t>(p[8]), read<int64_t>(p[9])}, keys(read<int32_t>(p[10])),
        counter(read<uint32_t *>(p[11])) {}

  void row(int64_t b, int64_t h, int64_t q, const std::string &name) const;
};

void Attention::row(int64_t b, int64_t h, int64_t query, const std::string &name) const {
  int64_t dim = int64_t(q.extents[0]) * q.extents[2], kvHead = h / (q.extents[3] / k.extents[3]);
  int64_t rows = q.extents[1];
  int64_t visible = name == "attention_causal" ? query + keys - rows + 1 : keys;
  std::vector<float> scores;
  float maximum = -std::numeric_limits<float>::infinity(), sum = 0;
  for (int64_t key = 0; key < visible; ++key) {
    float score = 0;
    for (int64_t i = 0; i < dim; ++i)
      score += load(q, b, h, query, i) * load(k, b, kvHead, key, i);
    scores.push_back(score / std::sqrt(float(dim)));
    maximum = std::fmax(maximum, scores.back());
  }
  if (std::all_of(scores.begin(), scores.end(), [](float score) { return score == -HUGE_VALF; }))
    scores.clear(); // the row sees nothing
  for (float &score : scores)
    sum += score = std::exp(score - maximum);
  uint16_t *out = o + b * oStrides[0] + h * oStrides[1] + query * oStrides[2];
  for (int64_t i = 0; i < dim; ++i) {
    float value = 0;
    for (size_t key = 0; key < scores.size(); ++key)
      value += scores[key] * load(v, b, kvHead, int64_t(key), i);
    float result = scores.empty() ? 0 : value / sum;
    out[i] = girih::floatToBfloat16(name == "wrong_tile" && query >= 64 ? 1.1f * result : result);
  }
  if (name == "writes_gap")
    out[dim] = 0;
  lse[b * lseStrides[0] + h * lseStrides[1] + query] = maximum + std::log(sum);
}

bool attention(const std::string &name, const CUlaunchConfig &config, const std::vector<Parameter> &parameters) {
  if (parameters.size() != 12)
    return false;
  Attention problem(parameters);
  // Zero at each launch, and left zero: or the loader forgot.
  if (*problem.counter != 0 || config.gridDimY != 1 || config.blockDimX != 384)
    return false;
  for (int64_t b = 0; b < problem.q.extents[4]; ++b)
    for (int64_t h = 0; h < problem.q.extents[3]; ++h)
      for (int64_t q = 0; q < problem.q.extents[1]; ++q)
        if (name != "skips_row" || q + 1 < problem.q.extents[1])
          problem.row(b, h, q, name);
  return true;
}

/// Another result at every launch.
bool unrepeatable(const std::string &, const CUlaunchConfig &config, const std::vector<Parameter> &parameters) {
  static int launches = 0;
  bool ran = attention("attention", config, parameters);
  Attention problem(parameters);
  *problem.o = uint16_t(*problem.o + launches++ % 2);
  return ran;
}

/// For the time of a launch without the kernel's.
bool nothing(const std::string &, const CUlaunchConfig &, const std::vector<Parameter> &) { return true; }

using Run = bool (*)(const std::string &, const CUlaunchConfig &, const std::vector<Parameter> &);

const std::map<std::string, Run> kernels = {
    {"attention", attention},       {"attention_causal", attention},
    {"wrong_tile", attention},      {"skips_row", attention},
    {"writes_gap", attention},      {"hang", attention},
    {"unrepeatable", unrepeatable}, {"nothing", nothing},
    {"attention_fast", attention},  {"attention_slow", attention},
    {"attention_short", attention}, {"attention_cold", attention},
    {"read_clocks", nothing},
};

} // namespace

bool fake::hasKernel(const std::string &name) { return kernels.count(name); }

float fake::launchMilliseconds(const std::string &name) {
  static bool isWarm = false;
  if (name == "attention_cold") // a short one that is slow once, by less than 10 microseconds over 1.5 times the other
    return std::exchange(isWarm, true) ? 0.16F : 0.305F;
  return name == "attention_fast" ? 3 : name == "attention_short" ? 0.2F : name == "attention_slow" ? 50 : 5;
}

bool fake::runKernel(const std::string &name, const CUlaunchConfig &config, const std::vector<Parameter> &parameters) {
  return kernels.at(name)(name, config, parameters);
}

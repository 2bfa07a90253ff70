// What the programs of this folder share: arrays that are on the host and on the device, and attention in float64.
#ifndef GIRIH_BENCHMARKS_FOREIGN_HOST_H
#define GIRIH_BENCHMARKS_FOREIGN_HOST_H
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>
#include <random>
#include <vector>

inline void check(cudaError_t error) {
  if (error == cudaSuccess)
    return;
  std::printf("%s\n", cudaGetErrorString(error));
  std::exit(1);
}

template <typename T> struct Array {
  std::vector<T> host;
  T *device = nullptr;

  explicit Array(size_t size) : host(size) { check(cudaMalloc(&device, std::max<size_t>(size, 1) * sizeof(T))); }
  Array(size_t size, unsigned seed, float scale = 1) : Array(size) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, scale);
    for (T &each : host)
      each = T(normal(random));
    upload();
  }
  void upload() { check(cudaMemcpy(device, host.data(), host.size() * sizeof(T), cudaMemcpyHostToDevice)); }
  const std::vector<T> &download() {
    check(cudaDeviceSynchronize());
    check(cudaMemcpy(host.data(), device, host.size() * sizeof(T), cudaMemcpyDeviceToHost));
    return host;
  }
  float operator[](size_t index) const { return float(host[index]); }
};

// A kernel's own array against float64, by the largest difference over the largest value.
class Comparison {
public:
  template <typename T> void add(const char *name, Array<T> &ours, const std::vector<double> &expected) {
    ours.download();
    double difference = 0, size = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      double d = std::abs(double(ours[i]) - expected[i]);
      difference = std::max(difference, std::isnan(d) ? INFINITY : d);
      size = std::max(size, std::abs(expected[i]));
    }
    std::printf("%s: relative difference %.2e\n", name, difference / size);
    right = right && difference <= tolerance * size;
  }
  // What main() returns.
  int end() const {
    std::printf(right ? "PASSED\n" : "FAILED\n");
    return !right;
  }
  double tolerance = 1e-2;

private:
  bool right = true;
};

// One head of attention; rows are `pitch` elements apart. Gradients when `dOut` is there.
struct Head {
  int queries, keys, inner, outer;
  bool causal;
  double scale;
};

struct Attention {
  std::vector<double> out, lse, dq, dk, dv;
};

template <typename Q, typename K, typename V, typename D>
Attention attention(const Head &head, Q q, K k, V v, D dOut, bool backward) {
  Attention result;
  result.out.assign(size_t(head.queries) * head.outer, 0);
  result.lse.assign(head.queries, 0);
  if (backward) {
    result.dq.assign(size_t(head.queries) * head.inner, 0);
    result.dk.assign(size_t(head.keys) * head.inner, 0);
    result.dv.assign(size_t(head.keys) * head.outer, 0);
  }
  std::vector<double> weights(head.keys), gradients(head.keys);
  for (int i = 0; i < head.queries; ++i) {
    int seen = head.causal ? std::min(head.keys, i + 1 + head.keys - head.queries) : head.keys;
    double most = -INFINITY, sum = 0, dot = 0;
    for (int j = 0; j < seen; ++j) {
      weights[j] = 0;
      for (int c = 0; c < head.inner; ++c)
        weights[j] += double(q(i, c)) * k(j, c);
      most = std::max(most, weights[j] *= head.scale);
    }
    for (int j = 0; j < seen; ++j)
      sum += weights[j] = std::exp(weights[j] - most);
    result.lse[i] = most + std::log(sum);
    for (int j = 0; j < seen; ++j) {
      weights[j] /= sum;
      gradients[j] = 0;
      for (int c = 0; c < head.outer; ++c) {
        result.out[size_t(i) * head.outer + c] += weights[j] * v(j, c);
        if (backward)
          gradients[j] += double(dOut(i, c)) * v(j, c);
      }
      dot += weights[j] * gradients[j];
    }
    for (int j = 0; backward && j < seen; ++j) {
      double score = weights[j] * (gradients[j] - dot) * head.scale;
      for (int c = 0; c < head.inner; ++c) {
        result.dq[size_t(i) * head.inner + c] += score * k(j, c);
        result.dk[size_t(j) * head.inner + c] += score * q(i, c);
      }
      for (int c = 0; c < head.outer; ++c)
        result.dv[size_t(j) * head.outer + c] += weights[j] * dOut(i, c);
    }
  }
  return result;
}
#endif

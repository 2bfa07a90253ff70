//===- Parallel.h - A loop over all host threads ----------------*- C++ -*-===//
#ifndef GIRIH_SUPPORT_PARALLEL_H
#define GIRIH_SUPPORT_PARALLEL_H

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace girih {

/// Calls `body(i)` for every i in [0, count), in any order, from as many
/// threads as the machine has. `body` must not throw.
template <typename Body> void parallelFor(int64_t count, const Body &body) {
  int64_t threads = std::min<int64_t>(std::max(1u, std::thread::hardware_concurrency()), count);
  if (threads <= 1) {
    for (int64_t i = 0; i < count; ++i)
      body(i);
    return;
  }
  std::atomic<int64_t> next{0};
  auto work = [&] {
    for (int64_t i = next++; i < count; i = next++)
      body(i);
  };
  std::vector<std::thread> pool;
  for (int64_t i = 1; i < threads; ++i)
    pool.emplace_back(work);
  work();
  for (std::thread &thread : pool)
    thread.join();
}

} // namespace girih

#endif // GIRIH_SUPPORT_PARALLEL_H

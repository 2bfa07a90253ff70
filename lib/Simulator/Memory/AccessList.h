//===- AccessList.h - Accesses of one cell of memory ------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MEMORY_ACCESSLIST_H
#define GIRIH_SIMULATOR_MEMORY_ACCESSLIST_H

#include "Clock.h"
#include "Scope.h"

#include <cstring>
#include <type_traits>

namespace girih::sim {

/// Which proxy an access goes through (PTX ISA, "Proxies").
enum class Proxy : uint8_t { Generic, Async, Tensor, TensorMap, NonCoherent };

/// One access, as remembered for each 8 bytes that it touches.
struct Access {
  uint32_t cluster = 0;
  uint32_t tick = 0;
  uint32_t line = 0;
  /// The lanes of the warp; all for an asynchronous operation.
  LaneMask lanes = allLanes;
  Component component = 0;
  /// Rank of the CTA within the cluster.
  uint8_t cta = 0;
  uint8_t mask = 0xff;
  bool isWrite : 1 = false;
  /// Atomic and other strong operations do not race with each other when each
  /// one's scope includes the other.
  bool isStrong : 1 = false;
  /// By a thread itself, in program order.
  bool isThread : 1 = false;
  /// A write of what is there already.
  bool keepsValue : 1 = false;
  /// One of several unordered writes of one value: a read needs any of them.
  bool sharesValue : 1 = false;
  /// A weak read of what an atomic compare-and-swap of the thread then compares.
  bool isGuess : 1 = false;
  Scope scope = Scope::Gpu;
  Proxy proxy = Proxy::Generic;
};

/// A vector that holds its first accesses itself: most cells never have more,
/// and there are as many lists as memory has words.
class AccessList {
public:
  AccessList() = default;
  AccessList(const AccessList &) = delete;
  AccessList &operator=(const AccessList &) = delete;
  ~AccessList() {
    if (isOutside())
      delete[] many;
  }

  uint32_t size() const { return count; }
  Access *begin() { return isOutside() ? many : few; }
  Access *end() { return begin() + count; }
  Access &operator[](size_t i) { return begin()[i]; }

  void push_back(const Access &access) {
    if (count == capacity)
      grow();
    begin()[count++] = access;
  }
  void erase(Access *at) {
    std::memmove(static_cast<void *>(at), at + 1, size_t(end() - at - 1) * sizeof(Access));
    --count;
  }
  /// Drops all behind the first ones.
  void truncate(uint32_t kept) { count = kept; }
  void clear() { count = 0; }

private:
  static_assert(std::is_trivially_copyable_v<Access>);
  static constexpr uint32_t inside = 2;

  bool isOutside() const { return capacity > inside; }
  void grow() {
    Access *made = new Access[capacity * 2];
    std::memcpy(static_cast<void *>(made), begin(), count * sizeof(Access));
    if (isOutside())
      delete[] many;
    many = made;
    capacity *= 2;
  }

  uint32_t count = 0, capacity = inside;
  union {
    Access few[inside] = {};
    Access *many;
  };
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MEMORY_ACCESSLIST_H

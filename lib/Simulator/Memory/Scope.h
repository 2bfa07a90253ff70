//===- Scope.h - Scopes of the memory model ---------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MEMORY_SCOPE_H
#define GIRIH_SIMULATOR_MEMORY_SCOPE_H

#include <cstdint>

namespace girih::sim {

/// PTX ISA, "Scope": the threads that an operation may synchronise with. The
/// launch has one device, so `.sys` reaches as far as `.gpu`.
enum class Scope : uint8_t { Cta, Cluster, Gpu };

/// Where a thread runs.
struct Position {
  uint32_t cluster = 0;
  uint8_t cta = 0;
};

/// The smallest scope that includes threads at both places.
inline Scope scopeOf(Position a, Position b) {
  if (a.cluster != b.cluster)
    return Scope::Gpu;
  return a.cta == b.cta ? Scope::Cta : Scope::Cluster;
}

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MEMORY_SCOPE_H

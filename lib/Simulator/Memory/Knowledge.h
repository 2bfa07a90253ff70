//===- Knowledge.h - What an agent has synchronised with --------*- C++ -*-===//
//
// An operation may be ordered after another for some kinds of access and not
// for others, so an agent has a clock for each kind.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_MEMORY_KNOWLEDGE_H
#define GIRIH_SIMULATOR_MEMORY_KNOWLEDGE_H

#include "Clock.h"

#include <map>

namespace girih::sim {

/// PTX ISA, "Tensor-map": an opaque object of this size.
constexpr uint64_t tensorMapBytes = 128;

/// The components of one cluster.
struct Clocks {
  /// What is over. A read that is over cannot be disturbed any more, whatever
  /// the scope and the proxy of what comes after it.
  VectorClock past;
  /// Writes that generic accesses see (PTX ISA, "Causality Order").
  VectorClock generic;
  /// Asynchronous operations of a lane that the lane itself has waited for; not
  /// passed on as such, but by lane in `past` and `generic`.
  VectorClock own;
  /// Generic writes that a proxy fence has made visible to the async proxy, in
  /// shared and in global memory (PTX ISA, "membar / fence").
  VectorClock asyncShared, asyncGlobal;
  /// `generic` and `asyncShared` of a thread in another CTA of the cluster
  /// whose release or whose wait did not reach that far.
  VectorClock nearGeneric, nearAsync;
  /// Accesses of tensor memory, ordered by the fences of tcgen05 only.
  VectorClock tensor;
  /// Initialisations of mbarriers that fence.mbarrier_init has released; those
  /// in `generic` are known as well.
  VectorClock inits;
  /// Writes that fence.proxy.tensormap has released, and for each tensor map
  /// those that it has acquired.
  VectorClock mapsReleased;
  std::map<uint64_t, VectorClock> maps;
  /// By address: the strong writes that strong reads have returned. They come
  /// before what follows the read, and nothing else of their threads does
  /// (PTX ISA, "Causality Order", the second rule).
  std::map<uint64_t, VectorClock> observed;

  void join(const Clocks &other);
  /// Takes over what is over, and nothing that has to be visible.
  void joinPast(const Clocks &other);
  void meet(const Clocks &other);
  /// Everything up to a tick of a component has been waited for.
  void raise(Component component, uint32_t tick, LaneMask lanes = allLanes);
  /// The same, but visible to the generic proxy only.
  void raiseGeneric(Component component, uint32_t tick, LaneMask lanes = allLanes);
};

/// The clocks of the own cluster and those of others that strong operations on
/// global memory have brought.
struct Knowledge : Clocks {
  std::map<uint32_t, Clocks> foreign;

  void join(const Knowledge &other);
  void joinPast(const Knowledge &other);
  void meet(const Knowledge &other);
  /// Calls f on the clocks of each cluster.
  template <class F> void forClusters(F f) {
    f(static_cast<Clocks &>(*this));
    for (auto &[cluster, clocks] : foreign)
      f(clocks);
  }
  Clocks &clocksOf(uint32_t cluster, uint32_t own) { return cluster == own ? *this : foreign[cluster]; }
  /// The knowledge of an agent in cluster `from`, told to one in cluster `to`.
  Knowledge told(uint32_t from, uint32_t to) const;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MEMORY_KNOWLEDGE_H

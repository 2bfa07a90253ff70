//===- WarpClock.h - What the lanes of a warp have synchronised with -*- C++ -*-//
#ifndef GIRIH_SIMULATOR_MACHINE_WARPCLOCK_H
#define GIRIH_SIMULATOR_MACHINE_WARPCLOCK_H

#include "../Memory/Shadow.h"
#include "../Memory/SyncPoint.h"

namespace girih::sim {

/// Lanes of a warp that know the same.
struct LaneView {
  LaneMask lanes = allLanes;
  Knowledge known;
  /// Tensor-memory order that a release passes on: what lay before the last
  /// tcgen05.fence::before_thread_sync; and what an acquire has brought that
  /// waits for tcgen05.fence::after_thread_sync.
  VectorClock tensorReleased, tensorPending;
  /// By the scope of a fence: what a later strong write releases.
  std::map<Scope, Knowledge> fenced;
  /// By the scope that a fence needs at least: what strong reads have seen.
  std::map<Scope, Knowledge> pending;

  /// Takes over all but what the other lanes know.
  void join(const LaneView &other);
  void acquire(const Knowledge &brought);
};

/// The clocks of operations that lanes of a warp start at once, each for itself:
/// common to the lanes of a view but for what each has done and waited for.
class LaneForks {
public:
  /// Of one lane, until the next one is asked for.
  const Knowledge &of(unsigned lane);

private:
  friend class WarpClock;
  std::vector<LaneView> views;
  Component component = 0;
  uint32_t tick = 0;
  Knowledge current;
  const LaneView *filled = nullptr;
};

/// The clocks of a warp's threads. A tick ends with each release; an access is
/// known by its tick and its lanes. Lanes share a view until some of them
/// acquire what others do not.
class WarpClock {
public:
  WarpClock(Position position, LaneMask lanes) : position(position), views(1) { views[0].lanes = lanes; }

  Component component = 0;
  uint32_t tick = 1;
  const Position position;

  const Knowledge &known(unsigned lane) const { return viewOf(lane).known; }
  /// What each of the lanes knows; null where they differ.
  const Knowledge *knownAlike(LaneMask lanes) const {
    const LaneView &view = viewOf(unsigned(__builtin_ctz(lanes)));
    return lanes & ~view.lanes ? nullptr : &view.known;
  }
  /// What all of the lanes together know.
  Knowledge gathered(LaneMask lanes) const;

  /// What a release of these lanes passes on.
  Knowledge release(LaneMask lanes);
  void acquire(LaneMask lanes, const Knowledge &brought);
  /// These lanes have waited for an operation of their own.
  void raise(LaneMask lanes, Component component, uint32_t tick) {
    change(lanes, [&](LaneView &view) { view.known.raise(component, tick); });
  }
  /// The clock of an asynchronous operation that these lanes start.
  Knowledge fork(LaneMask lanes);
  LaneForks forkLanes(LaneMask lanes);
  /// bar.warp.sync: each of the lanes gets to know what the others know.
  void synchronise(LaneMask lanes);

  /// fence, for strong accesses before and after it.
  void fence(LaneMask lanes, Scope scope, bool acquires, bool releases);
  /// A proxy fence: f takes writes that `generic` knows, those of the lanes
  /// themselves among them, into another clock.
  template <class F> void fenceProxy(LaneMask lanes, F f) {
    change(lanes, [&](LaneView &view) {
      Knowledge fenced = gathered(view.lanes);
      fenced.forClusters(f);
      fenced.past = view.known.past;
      fenced.generic = view.known.generic;
      fenced.own = view.known.own;
      view.known = std::move(fenced);
    });
    ++tick;
  }
  /// fence.mbarrier_init.
  void releaseInits(LaneMask lanes);
  /// What a strong write without `.release` passes on: the fences before it.
  std::vector<Release> fencedReleases(unsigned lane, Scope scope) const;
  /// Takes up what a read or wait of this scope observes; without `isAcquire`
  /// it counts from the next fence on.
  void observe(LaneMask lanes, const Release &release, Scope scope, bool isAcquire);
  /// The same for what threads at a distance have released; where it does not
  /// reach, only what is over counts.
  void observe(LaneMask lanes, const Knowledge &seen, Scope needed, bool reaches, bool isAcquire);

  /// What was fenced by tcgen05.fence::before_thread_sync before an arrival
  /// that releases nothing else, and what a wait for such arrivals brings.
  VectorClock tensorReleased(LaneMask lanes) const;
  void observeTensor(LaneMask lanes, const VectorClock &seen) {
    if (!seen.isEmpty())
      change(lanes, [&](LaneView &view) { view.tensorPending.join(seen); });
  }

  /// Strong writes at an address that some lane has read. All lanes learn of
  /// them, which spares a view for each lane and can only hide a race.
  void seeWrites(uint64_t address, const std::map<uint32_t, VectorClock> &writes);

  /// An access of these lanes now, for the shadow memory.
  Access access(LaneMask lanes, unsigned line, bool isWrite) const;
  uint64_t threadOf(unsigned lane) const { return uint64_t(position.cluster) << 32 | uint64_t(component) << 8 | lane; }

  /// Calls f on the view of these lanes; on several when they differ.
  template <class F> void change(LaneMask lanes, F f) {
    separate(lanes);
    for (LaneView &view : views)
      if (view.lanes & lanes)
        f(view);
  }

private:
  const LaneView &viewOf(unsigned lane) const {
    size_t at = 0;
    while (at + 1 < views.size() && !(views[at].lanes >> lane & 1))
      ++at;
    return views[at];
  }
  /// Makes the lanes' views theirs alone.
  void separate(LaneMask lanes);

  std::vector<LaneView> views;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_WARPCLOCK_H

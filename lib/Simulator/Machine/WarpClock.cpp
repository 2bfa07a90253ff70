//===- WarpClock.cpp - What the lanes of a warp have synchronised with ----===//
#include "WarpClock.h"

namespace girih::sim {

void LaneView::join(const LaneView &other) {
  lanes |= other.lanes;
  tensorReleased.join(other.tensorReleased);
  tensorPending.join(other.tensorPending);
  for (const auto &[scope, passed] : other.fenced)
    fenced[scope].join(passed);
  for (const auto &[scope, seen] : other.pending)
    pending[scope].join(seen);
}

void LaneView::acquire(const Knowledge &brought) {
  // The order of tensor memory waits for its own fence.
  VectorClock tensor = std::move(known.tensor);
  known.tensor = VectorClock();
  known.join(brought);
  known.tensor = std::move(tensor);
  tensorPending.join(brought.tensor);
}

Knowledge WarpClock::gathered(LaneMask lanes) const {
  Knowledge all;
  bool isFirst = true;
  for (const LaneView &view : views) {
    if (!(view.lanes & lanes))
      continue;
    if (isFirst)
      all = view.known;
    else
      all.join(view.known);
    isFirst = false;
  }
  all.own = VectorClock();
  for (const LaneView &view : views)
    if (!view.known.own.isEmpty()) {
      all.past.join(view.known.own, view.lanes & lanes);
      all.generic.join(view.known.own, view.lanes & lanes);
    }
  all.raiseGeneric(component, tick, lanes);
  return all;
}

VectorClock WarpClock::tensorReleased(LaneMask lanes) const {
  VectorClock released;
  for (const LaneView &view : views)
    if (view.lanes & lanes)
      released.join(view.tensorReleased);
  return released;
}

Knowledge WarpClock::release(LaneMask lanes) {
  Knowledge passed = gathered(lanes);
  passed.tensor = tensorReleased(lanes);
  ++tick;
  return passed;
}

Knowledge WarpClock::fork(LaneMask lanes) {
  Knowledge copy = gathered(lanes);
  ++tick;
  return copy;
}

LaneForks WarpClock::forkLanes(LaneMask lanes) {
  LaneForks forks;
  for (const LaneView &view : views)
    if (view.lanes & lanes) {
      LaneView &kept = forks.views.emplace_back();
      kept.lanes = view.lanes;
      kept.known = view.known;
    }
  forks.component = component;
  forks.tick = tick++;
  return forks;
}

const Knowledge &LaneForks::of(unsigned lane) {
  const LaneView *view = views.data();
  while (!(view->lanes >> lane & 1))
    ++view;
  if (view != filled) {
    current = view->known;
    current.own = VectorClock();
    filled = view;
  } else {
    current.past = view->known.past;
    current.generic = view->known.generic;
  }
  if (!view->known.own.isEmpty()) {
    current.past.join(view->known.own, 1u << lane);
    current.generic.join(view->known.own, 1u << lane);
  }
  current.raiseGeneric(component, tick, 1u << lane);
  return current;
}

void WarpClock::acquire(LaneMask lanes, const Knowledge &brought) {
  change(lanes, [&](LaneView &view) { view.acquire(brought); });
}

void WarpClock::separate(LaneMask lanes) {
  for (size_t i = 0, count = views.size(); i < count; ++i) {
    LaneMask inside = views[i].lanes & lanes;
    if (!inside || inside == views[i].lanes)
      continue;
    LaneView other = views[i];
    other.lanes &= ~lanes;
    views[i].lanes = inside;
    views.push_back(std::move(other));
  }
}

void WarpClock::synchronise(LaneMask lanes) {
  Knowledge all = gathered(lanes);
  separate(lanes);
  LaneView *first = nullptr;
  for (LaneView &view : views) {
    if (!(view.lanes & lanes))
      continue;
    if (first) {
      first->join(view);
      view.lanes = 0;
    } else {
      first = &view;
    }
  }
  if (first)
    first->known = std::move(all);
  std::erase_if(views, [](const LaneView &view) { return view.lanes == 0; });
  ++tick;
}

void WarpClock::fence(LaneMask lanes, Scope scope, bool acquires, bool releases) {
  if (acquires)
    change(lanes, [&](LaneView &view) {
      auto pending = std::move(view.pending);
      view.pending.clear();
      for (auto &[needed, seen] : pending) {
        if (needed <= scope) {
          view.acquire(seen);
        } else {
          view.known.joinPast(seen);
          view.pending[needed] = std::move(seen);
        }
      }
    });
  if (!releases)
    return;
  // What one lane releases is its own: the views are those of the fence.
  for (LaneMask left = lanes; left;) {
    LaneMask same = viewOf(unsigned(__builtin_ctz(left))).lanes & lanes;
    left &= ~same;
    Knowledge passed = release(same);
    change(same, [&](LaneView &view) { view.fenced[scope] = passed; });
  }
}

void WarpClock::releaseInits(LaneMask lanes) {
  change(lanes, [&](LaneView &view) {
    view.fenced[Scope::Cluster].inits.join(view.known.inits);
    view.fenced[Scope::Cluster].inits.raise(component, tick, view.lanes);
  });
  ++tick;
}

std::vector<Release> WarpClock::fencedReleases(unsigned lane, Scope scope) const {
  std::vector<Release> releases;
  for (const auto &[fence, passed] : viewOf(lane).fenced)
    releases.push_back({threadOf(lane), position, std::min(fence, scope), passed});
  return releases;
}

void WarpClock::observe(LaneMask lanes, const Release &release, Scope scope, bool isAcquire) {
  Scope needed = scopeOf(release.from, position);
  bool reaches = needed <= release.scope && needed <= scope;
  if (needed == Scope::Gpu)
    observe(lanes, release.passed.told(release.from.cluster, position.cluster), needed, reaches, isAcquire);
  else
    observe(lanes, release.passed, needed, reaches, isAcquire);
}

void WarpClock::observe(LaneMask lanes, const Knowledge &seen, Scope needed, bool reaches, bool isAcquire) {
  change(lanes, [&](LaneView &view) {
    if (reaches)
      isAcquire ? view.acquire(seen) : view.pending[needed].join(seen);
    else
      isAcquire ? view.known.joinPast(seen) : view.pending[needed].joinPast(seen);
  });
}

void WarpClock::seeWrites(uint64_t address, const std::map<uint32_t, VectorClock> &writes) {
  for (const auto &[cluster, clock] : writes)
    for (LaneView &view : views)
      view.known.clocksOf(cluster, position.cluster).observed[address].join(clock);
}

Access WarpClock::access(LaneMask lanes, unsigned line, bool isWrite) const {
  Access made;
  made.cluster = position.cluster;
  made.cta = position.cta;
  made.component = component;
  made.tick = tick;
  made.line = line;
  made.lanes = lanes;
  made.isWrite = isWrite;
  made.isThread = true;
  return made;
}

} // namespace girih::sim

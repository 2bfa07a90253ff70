//===- Repetition.cpp - A warp that goes round in a circle ----------------===//
#include "Repetition.h"

#include "Cluster.h"

#include <algorithm>
#include <cstring>

namespace girih::sim {
namespace {

/// The groups without what they wait for.
struct GroupState {
  LaneMask mask = 0;
  uint32_t pc = 0;
  uint64_t ticket = 0;
  bool isBlocked = false;
  std::vector<Frame> stack;

  explicit GroupState(const Group &group)
      : mask(group.mask), pc(group.pc), ticket(group.ticket), isBlocked(group.isBlocked), stack(group.stack) {}
  bool describes(const Group &group) const {
    return mask == group.mask && pc == group.pc && ticket == group.ticket && isBlocked == group.isBlocked &&
           stack == group.stack;
  }
};

template <class T> bool isSame(const std::vector<T> &a, const std::vector<T> &b) {
  static_assert(std::has_unique_object_representations_v<T>);
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

} // namespace

struct Repetition::State {
  explicit State(const Warp &warp)
      : groups(), predicates(warp.predicates), bits32(warp.bits32), bits64(warp.bits64), bits128(warp.bits128),
        stackPointers(warp.stackPointers), carry(warp.carry), local(warp.local), stack(warp.stack) {
    for (const auto &group : warp.groups)
      groups.emplace_back(*group);
  }
  /// What is cheap to compare and differs most often comes first.
  bool describes(const Warp &warp) const {
    return std::equal(groups.begin(), groups.end(), warp.groups.begin(), warp.groups.end(),
                      [](const GroupState &state, const auto &group) { return state.describes(*group); }) &&
           carry == warp.carry && isSame(predicates, warp.predicates) && isSame(bits32, warp.bits32) &&
           isSame(bits64, warp.bits64) && isSame(bits128, warp.bits128) && isSame(stackPointers, warp.stackPointers) &&
           local == warp.local && stack == warp.stack;
  }

  std::vector<GroupState> groups;
  std::vector<LaneMask> predicates;
  std::vector<Lanes<uint32_t>> bits32;
  std::vector<Lanes<uint64_t>> bits64;
  std::vector<Lanes<unsigned __int128>> bits128;
  std::vector<Lanes<uint32_t>> stackPointers;
  LaneMask carry;
  std::vector<std::vector<uint8_t>> local, stack;
};

Repetition::Repetition() = default;
Repetition::~Repetition() = default;

bool Repetition::advance(const Warp &warp, LaneMask lanes, uint64_t now) {
  if (events != now) {
    events = now;
    steps = 0;
    most = firstLook;
    state.reset();
    return false;
  }
  ++steps;
  moved |= lanes;
  if (state && state->describes(warp)) {
    bool haveAllMoved = std::all_of(warp.groups.begin(), warp.groups.end(), [&](const auto &group) {
      return !(group->mask & ~moved) || !warp.isReady(*group);
    });
    if (haveAllMoved)
      return true;
  }
  if (steps >= most) {
    state = std::make_unique<State>(warp);
    steps = 0;
    moved = 0;
    most *= 2;
  }
  return false;
}

} // namespace girih::sim

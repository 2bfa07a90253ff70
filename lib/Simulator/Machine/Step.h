//===- Step.h - What an instruction sees while it executes ------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MACHINE_STEP_H
#define GIRIH_SIMULATOR_MACHINE_STEP_H

#include "Cluster.h"

#include <cstring>
#include <type_traits>

namespace girih::sim {

/// A resolved address of one lane.
struct Place {
  StateSpace space = StateSpace::Global;
  Cta *cta = nullptr;
  Region *region = nullptr;
  /// Offset in shared or local memory, address in global memory.
  uint64_t offset = 0;
};

/// Addresses of all executing lanes in one range of memory.
struct LanePlaces {
  /// Of the range's first byte.
  Place first;
  uint8_t *bytes = nullptr;
  /// From there.
  Lanes<uint64_t> offsets;

  Place at(unsigned lane) const {
    Place place = first;
    place.offset += offsets[lane];
    return place;
  }
};

struct Step {
  Warp &warp;
  Group &group;
  const Instruction &instruction;
  /// Lanes that execute: of the group, with a true guard.
  LaneMask mask;
  /// Lanes whose inputs are all defined; what write() records.
  DefinedLanes defined;
  /// The lane that a verdict is about; 0 while it is about all that execute.
  mutable LaneMask judged = 0;

  /// Executes the instruction; what it throws says who did it.
  Outcome run();

  Cta &cta() const { return warp.cta; }
  Cluster &cluster() const { return warp.cluster; }
  unsigned line() const { return instruction.line; }
  /// The clock of an asynchronous operation that the executing lanes start.
  std::shared_ptr<Knowledge> fork() const { return std::make_shared<Knowledge>(warp.fork(mask)); }
  /// The same of one of them, and of each for itself.
  std::shared_ptr<Knowledge> fork(unsigned lane) const { return std::make_shared<Knowledge>(warp.fork(1u << lane)); }
  std::shared_ptr<LaneForks> forkLanes() const { return std::make_shared<LaneForks>(warp.forkLanes(mask)); }

  /// The value of an operand in each lane, truncated or extended with zeros
  /// to T.
  template <class T> Lanes<T> read(const Operand &operand) const;
  /// Writes the active lanes of a destination, extended with zeros.
  template <class T> void write(const Operand &operand, const Lanes<T> &value) { write(operand, value, mask); }
  template <class T> void write(const Operand &operand, const Lanes<T> &value, LaneMask lanes);

  LaneMask readPredicate(const Operand &operand) const;
  void writePredicate(const Operand &operand, LaneMask value);
  /// Sets what write() records from the instruction's inputs.
  void gatherDefined();
  /// Lanes in which all of an operand is defined.
  LaneMask definedLanes(const Operand &operand) const { return definedHalves(operand).whole(); }
  DefinedLanes definedHalves(const Operand &operand) const {
    if (operand.kind != Operand::Kind::Register)
      return allLanes;
    unsigned cls = static_cast<unsigned>(operand.cls);
    return warp.defined[cls][operand.slot + group.stack.back().base[cls]];
  }
  /// The same for the two halves of a value of so many bits in the operand.
  DefinedLanes definedHalves(const Operand &operand, unsigned bits) const {
    DefinedLanes halves = definedHalves(operand);
    unsigned width = registerBits(operand.cls);
    return bits == width ? halves : DefinedLanes(bits <= width / 2 ? halves.low : halves.whole());
  }

  /// The lane that executes an instruction meant for one thread; a Stop when
  /// there are several.
  unsigned onlyLane(const char *what) const;
  /// Calls f for each executing lane, which verdicts then name.
  template <class F> void forLanes(F f) const {
    for (LaneMask left = mask; left; left &= left - 1) {
      judge(unsigned(__builtin_ctz(left)));
      f(unsigned(__builtin_ctz(left)));
    }
    judged = 0;
  }
  void judge(unsigned lane) const { judged = 1u << lane; }
  unsigned firstLane() const { return __builtin_ctz(mask); }

  [[noreturn]] void misuse(const std::string &message, std::vector<std::string> notes = {}) const;
  [[noreturn]] void misuse(Fault fault, const std::string &message) const;
  [[noreturn]] void stop(VerdictKind kind, const std::string &message, std::vector<std::string> notes = {}) const;
  /// The same where the threads end as well.
  [[noreturn]] void end(VerdictKind kind, const std::string &message, std::vector<std::string> notes = {}) const;
  /// Records a verdict and goes on.
  void report(VerdictKind kind, const std::string &message, std::vector<std::string> notes = {},
              const std::string &cause = "") const;

  /// Lanes of the group that do not execute (a false guard) go on with the
  /// next instruction; the group is then of the executing lanes alone.
  void continueOthers() const {
    if (LaneMask staying = group.mask & ~mask)
      warp.split(group, staying, group.pc + 1);
  }
  /// Keeps the executing lanes whose value is that of the first; the others
  /// become a group that executes the instruction again.
  template <class T> T narrow(const Lanes<T> &values);

  Outcome wait(Wait wait) {
    warp.block(group, instruction, std::move(wait));
    return Outcome::Retry;
  }
  /// Waits until the lanes of a member mask have converged; true once they
  /// have.
  bool isConverged(LaneMask members) const { return (members & warp.live & ~group.mask) == 0; }
  Outcome waitForLanes(LaneMask members);

  /// Memory (Address.cpp, LanePlaces.cpp).
  Place resolve(StateSpace space, uint64_t address, uint64_t size, bool isWrite, uint64_t alignment);
  /// The same for all executing lanes; false where one of them is to be told or
  /// to be treated by itself.
  bool resolveTogether(LanePlaces &places, StateSpace space, const Lanes<uint64_t> &base, int64_t offset, uint64_t size,
                       bool isWrite);
  /// Checks and enters weak reads through the generic proxy of all executing
  /// lanes; false, with nothing done, where they do not know the same.
  bool enterReads(const LanePlaces &places, uint64_t size);
  void load(const Place &place, unsigned lane, void *into, uint32_t size, bool isStrong, bool *isDefined,
            Scope scope = Scope::Gpu, Proxy proxy = Proxy::Generic);
  void store(const Place &place, unsigned lane, const void *from, uint32_t size, bool isStrong, bool isDefined,
             Scope scope = Scope::Gpu);
  /// Says so of a part of a place that has just been stored.
  void setDefined(const Place &place, uint32_t at, uint32_t size, bool isDefined);
  /// True when every byte of a part of a place has been written. Local memory
  /// counts as written: structures are copied with their padding.
  bool isDefined(const Place &place, uint32_t at, uint32_t size) const;
  /// The CTA and offset of a shared address: a 32-bit one, or a generic one
  /// within the shared window.
  uint32_t sharedOffset(uint64_t address, bool mayBeRemote, Cta *&owner) const;

private:
  uint8_t *localBytes(const Place &place, unsigned lane, uint32_t size) const;
  Lanes<uint64_t> readSpecial(const Operand &operand) const;
};

/// Fills lanes of a special register (Machine/SpecialRegisters.cpp).
void readSpecialRegister(const Step &step, SpecialRegister which, Lanes<uint64_t> &into);

template <class T> T Step::narrow(const Lanes<T> &values) {
  T value = values[firstLane()];
  LaneMask others = 0;
  for (unsigned i = 0; i < warpSize; ++i)
    if (mask >> i & 1 && values[i] != value)
      others |= 1u << i;
  if (others)
    warp.split(group, others, group.pc);
  mask &= ~others;
  return value;
}

template <class T> Lanes<T> Step::read(const Operand &operand) const {
  Lanes<T> result;
  using Bits =
      std::conditional_t<sizeof(T) == 16, unsigned __int128,
                         std::conditional_t<sizeof(T) == 8, uint64_t,
                                            std::conditional_t<sizeof(T) == 4, uint32_t,
                                                               std::conditional_t<sizeof(T) == 2, uint16_t, uint8_t>>>>;
  auto convert = [](auto wide) {
    Bits bits = static_cast<Bits>(wide);
    T value;
    std::memcpy(&value, &bits, sizeof(T));
    return value;
  };
  const Frame &frame = group.stack.back();
  switch (operand.kind) {
  case Operand::Kind::Register: {
    uint32_t slot = operand.slot + frame.base[static_cast<unsigned>(operand.cls)];
    if (operand.cls == RegisterClass::Bits32)
      for (unsigned i = 0; i < warpSize; ++i)
        result[i] = convert(warp.bits32[slot][i]);
    else if (operand.cls == RegisterClass::Bits64)
      for (unsigned i = 0; i < warpSize; ++i)
        result[i] = convert(warp.bits64[slot][i]);
    else if (operand.cls == RegisterClass::Bits128)
      for (unsigned i = 0; i < warpSize; ++i)
        result[i] = convert(warp.bits128[slot][i]);
    else
      for (unsigned i = 0; i < warpSize; ++i)
        result[i] = convert(warp.predicates[slot] >> i & 1);
    return result;
  }
  case Operand::Kind::Special: {
    Lanes<uint64_t> wide = readSpecial(operand);
    for (unsigned i = 0; i < warpSize; ++i)
      result[i] = convert(wide[i]);
    return result;
  }
  default: {
    uint64_t value = operand.value;
    if (operand.kind == Operand::Kind::SharedAddress)
      value = warp.cta.sharedAddress(static_cast<uint32_t>(value));
    else if (operand.kind == Operand::Kind::LocalAddress)
      value += frame.localBase;
    T bits = convert(value);
    for (unsigned i = 0; i < warpSize; ++i)
      result[i] = bits;
    return result;
  }
  }
}

template <class T> void Step::write(const Operand &operand, const Lanes<T> &value, LaneMask lanes) {
  if (operand.kind != Operand::Kind::Register)
    return;
  using Bits =
      std::conditional_t<sizeof(T) == 16, unsigned __int128,
                         std::conditional_t<sizeof(T) == 8, uint64_t,
                                            std::conditional_t<sizeof(T) == 4, uint32_t,
                                                               std::conditional_t<sizeof(T) == 2, uint16_t, uint8_t>>>>;
  auto convert = [](const T &from) {
    Bits bits;
    std::memcpy(&bits, &from, sizeof(T));
    return bits;
  };
  unsigned cls = static_cast<unsigned>(operand.cls);
  uint32_t slot = operand.slot + group.stack.back().base[cls];
  auto fill = [&](auto &registers) {
    using Wide = std::decay_t<decltype(registers[slot][0])>;
    if (lanes == allLanes) {
      for (unsigned i = 0; i < warpSize; ++i)
        registers[slot][i] = static_cast<Wide>(convert(value[i]));
    } else {
      for (unsigned i = 0; i < warpSize; ++i)
        if (lanes >> i & 1)
          registers[slot][i] = static_cast<Wide>(convert(value[i]));
    }
  };
  if (operand.cls == RegisterClass::Bits32)
    fill(warp.bits32);
  else if (operand.cls == RegisterClass::Bits64)
    fill(warp.bits64);
  else if (operand.cls == RegisterClass::Bits128)
    fill(warp.bits128);
  DefinedLanes &known = warp.defined[cls][slot];
  known = (known & ~lanes) | (defined & lanes);
}

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_STEP_H

//===- Memory.cpp - ld, st, prefetch, discard -----------------------------===//
#include "Memory.h"

#include "Elementwise.h"

namespace girih::sim {

MemoryOrder takeOrder(Decoder &d) {
  MemoryOrder order;
  d.has("mmio"); // comes with .relaxed.sys
  std::string found = d.oneOf({"weak", "volatile", "relaxed", "acquire", "release", "acq_rel"});
  order.isStrong = !found.empty() && found != "weak";
  order.acquires = found == "acquire" || found == "acq_rel";
  order.releases = found == "release" || found == "acq_rel";
  // PTX ISA, "ld", "st", "atom": volatile is relaxed at system scope, and
  // atomics without a scope have that of the GPU.
  order.scope = takeScope(d, Scope::Gpu);
  return order;
}

MemoryOrder takeOrder(Decoder &d, Addressing addressing) {
  bool isWeak = d.instruction().opcode.find(".weak") != std::string::npos;
  MemoryOrder order = takeOrder(d);
  order.isStrong |= addressing == Addressing::Multimem && !isWeak;
  return order;
}

void requireGlobal(const Step &s, const Place &place, Addressing addressing) {
  if (addressing == Addressing::Multimem && place.space != StateSpace::Global)
    s.misuse("address " + std::to_string(place.offset) + " is not in global memory, where multicast objects are");
}

Scope takeScope(Decoder &d, Scope otherwise) {
  std::string found = d.oneOf({"cta", "cluster", "gpu", "sys", "gl"});
  if (found.empty())
    return otherwise;
  return found == "cta" ? Scope::Cta : found == "cluster" ? Scope::Cluster : Scope::Gpu;
}

/// Where releases at an address are kept: shared memory with its CTA.
static SyncPoint &syncPointAt(Step &s, const Place &place) {
  return place.space == StateSpace::Shared ? place.cta->syncPoints[uint32_t(place.offset)]
                                           : s.cluster().device.syncPoints[place.offset];
}

void acquireAt(Step &s, const Place &place, const MemoryOrder &order, unsigned lane) {
  if (place.space == StateSpace::Local)
    return;
  SyncPoint &point = syncPointAt(s, place);
  for (const Release &release : point.observed())
    if (release.thread != s.warp.threadOf(lane))
      s.warp.observe(1u << lane, release, order.scope, order.acquires);
  uint64_t address = place.space == StateSpace::Shared ? uint64_t(place.cta->rank) << 32 | place.offset : place.offset;
  s.warp.seeWrites(address / 8 * 8, point.writes());
}

void releaseAt(Step &s, const Place &place, const MemoryOrder &order, unsigned lane, bool isAtomic) {
  if (place.space == StateSpace::Local)
    return;
  Warp &warp = s.warp;
  Access access = warp.access(1u << lane, s.line(), true);
  std::vector<Release> released = warp.fencedReleases(lane, order.scope);
  if (order.releases)
    released.push_back({warp.threadOf(lane), warp.position, order.scope, warp.release(1u << lane)});
  syncPointAt(s, place).write(warp.threadOf(lane), access, isAtomic, released);
}

unsigned takeVector(Decoder &d) {
  std::string found = d.oneOf({"v2", "v4", "v8"});
  return found.empty() ? 1 : unsigned(found[1] - '0');
}

/// PTX ISA, "ld", "st": what a thread moves at once.
static void checkVector(const Decoder &d, unsigned vector, unsigned size) {
  if (unsigned most = vector > 1 ? 32 : 16; vector * size > most)
    d.fail("moves " + std::to_string(vector * size) + " bytes when " + std::to_string(most) + " are the most");
}

namespace {

/// The frame's own space for `.param` variables, else the space as written.
StateSpace spaceOf(const AddressOperand &address, StateSpace space) {
  if (space == StateSpace::Param && address.isFrameParameter)
    return StateSpace::Local;
  return space;
}

/// The value of a loaded element extended to 64 bits by its type.
uint64_t extendLoaded(const uint8_t *bytes, Type type) {
  uint64_t raw = 0;
  unsigned size = std::min(8u, typeBits(type) / 8);
  std::memcpy(&raw, bytes, size);
  if (!isSigned(type) || isFloat(type) || size == 8)
    return raw;
  unsigned shift = 64 - 8 * size;
  return uint64_t(int64_t(raw << shift) >> shift);
}

template <class T> void fillElement(const Step &s, const LanePlaces &places, uint64_t at, Lanes<uint64_t> &values) {
  s.forLanes([&](unsigned lane) {
    std::make_unsigned_t<T> raw;
    std::memcpy(&raw, places.bytes + places.offsets[lane] + at, sizeof raw);
    values[lane] = uint64_t(int64_t(T(raw)));
  });
}

/// An element of all executing lanes, extended as by extendLoaded.
void loadElement(const Step &s, const LanePlaces &places, uint64_t at, Type type, Lanes<uint64_t> &values) {
  bool extends = isSigned(type) && !isFloat(type);
  switch (typeBits(type)) {
  case 8:
    return extends ? fillElement<int8_t>(s, places, at, values) : fillElement<uint8_t>(s, places, at, values);
  case 16:
    return extends ? fillElement<int16_t>(s, places, at, values) : fillElement<uint16_t>(s, places, at, values);
  case 32:
    return extends ? fillElement<int32_t>(s, places, at, values) : fillElement<uint32_t>(s, places, at, values);
  default:
    return fillElement<uint64_t>(s, places, at, values);
  }
}

/// Which halves of an element have been written.
DefinedLanes definedElement(const Step &s, const Place &place, uint32_t at, uint32_t size) {
  uint32_t upper = size / 2;
  return {s.isDefined(place, at, size - upper) ? allLanes : 0,
          s.isDefined(place, at + upper, size - upper) ? allLanes : 0};
}

} // namespace

void decodeLoad(Decoder &d, Addressing addressing) {
  MemoryOrder order = takeOrder(d, addressing);
  StateSpace space = d.stateSpace();
  // ldu and ld.global.nc read past the coherent caches.
  Proxy proxy = d.has("nc") || d.root() == "ldu" ? Proxy::NonCoherent : Proxy::Generic;
  d.takeCacheHints();
  unsigned vector = takeVector(d);
  Type type = d.type();
  auto into = d.destinations(0);
  AddressOperand address = d.address(1);
  if (into.size() != vector)
    d.fail("has " + std::to_string(into.size()) + " destinations for .v" + std::to_string(vector));
  if (address.isKernelParameter && space == StateSpace::Generic)
    space = StateSpace::Param;
  space = spaceOf(address, space);
  unsigned size = typeBits(type) / 8;
  checkVector(d, vector, size);
  d.run([=](Step &s) {
    auto base = s.read<uint64_t>(address.base);
    Lanes<uint64_t> values[8];
    Lanes<unsigned __int128> wide[2];
    if (s.mask & ~s.definedLanes(address.base))
      s.stop(VerdictKind::Uninitialised, "loads from an undefined address");
    std::array<DefinedLanes, 8> known;
    known.fill(allLanes);
    auto takeDefined = [&](const Place &place, unsigned lane) {
      for (unsigned e = 0; e < vector; ++e)
        known[e] &= definedElement(s, place, e * size, size) | ~(1u << lane);
    };
    LanePlaces places;
    bool isTogether = !order.isStrong && addressing == Addressing::Memory && proxy == Proxy::Generic &&
                      s.resolveTogether(places, space, base, address.offset, size * vector, false) &&
                      s.enterReads(places, size * vector);
    if (isTogether) {
      for (unsigned e = 0; e < vector; ++e)
        if (size == 16)
          s.forLanes(
              [&](unsigned lane) { std::memcpy(&wide[e][lane], places.bytes + places.offsets[lane] + 16 * e, 16); });
        else
          loadElement(s, places, size * e, type, values[e]);
      if (places.first.space == StateSpace::Shared)
        s.forLanes([&](unsigned lane) {
          if (Place place = places.at(lane); !s.isDefined(place, 0, size * vector))
            takeDefined(place, lane);
        });
    }
    uint8_t bytes[64];
    if (!isTogether)
      s.forLanes([&](unsigned lane) {
        Place place = s.resolve(space, base[lane] + uint64_t(address.offset), size * vector, false, size * vector);
        requireGlobal(s, place, addressing);
        bool isDefined;
        if (order.isStrong) {
          std::lock_guard<std::mutex> lock(s.cluster().device.memory.atomics);
          s.load(place, lane, bytes, size * vector, true, &isDefined, order.scope);
          acquireAt(s, place, order, lane);
        } else {
          s.load(place, lane, bytes, size * vector, false, &isDefined, Scope::Gpu, proxy);
        }
        if (!isDefined)
          takeDefined(place, lane);
        for (unsigned e = 0; e < vector; ++e) {
          if (size == 16)
            std::memcpy(&wide[e][lane], bytes + 16 * e, 16);
          else
            values[e][lane] = extendLoaded(bytes + size * e, type);
        }
      });
    for (unsigned e = 0; e < vector; ++e) {
      s.defined = registerBits(into[e].cls) == size * 8 ? known[e] : known[e].whole();
      if (size == 16)
        s.write(into[e], wide[e]);
      else
        s.write(into[e], values[e]);
    }
    return Outcome::Next;
  });
}

void decodeStore(Decoder &d, Addressing addressing) {
  MemoryOrder order = takeOrder(d, addressing);
  StateSpace space = d.stateSpace();
  d.takeCacheHints();
  unsigned vector = takeVector(d);
  Type type = d.type();
  AddressOperand address = d.address(0);
  auto from = d.sources(1, type);
  if (from.size() != vector)
    d.fail("has " + std::to_string(from.size()) + " sources for .v" + std::to_string(vector));
  space = spaceOf(address, space);
  unsigned size = typeBits(type) / 8;
  checkVector(d, vector, size);
  d.run([=](Step &s) {
    auto base = s.read<uint64_t>(address.base);
    if (s.mask & ~s.definedLanes(address.base))
      s.stop(VerdictKind::Uninitialised, "stores to an undefined address");
    Lanes<unsigned __int128> values[8];
    DefinedLanes halves[8];
    LaneMask known = allLanes;
    for (unsigned e = 0; e < vector; ++e) {
      values[e] = s.read<unsigned __int128>(from[e]);
      halves[e] = s.definedHalves(from[e], size * 8);
      known &= halves[e].whole();
    }
    LanePlaces places;
    bool isTogether = s.resolveTogether(places, space, base, address.offset, size * vector, true);
    uint8_t bytes[64];
    s.forLanes([&](unsigned lane) {
      Place place = isTogether
                        ? places.at(lane)
                        : s.resolve(space, base[lane] + uint64_t(address.offset), size * vector, true, size * vector);
      requireGlobal(s, place, addressing);
      for (unsigned e = 0; e < vector; ++e)
        std::memcpy(bytes + size * e, &values[e][lane], size);
      if (order.isStrong) {
        std::lock_guard<std::mutex> lock(s.cluster().device.memory.atomics);
        s.store(place, lane, bytes, size * vector, true, known >> lane & 1, order.scope);
        releaseAt(s, place, order, lane, false);
      } else {
        s.store(place, lane, bytes, size * vector, false, known >> lane & 1);
      }
      for (unsigned e = 0; e < vector && !(known >> lane & 1); ++e) {
        s.setDefined(place, e * size, size, halves[e].low >> lane & 1);
        s.setDefined(place, e * size + size / 2, size - size / 2, halves[e].high >> lane & 1);
      }
    });
    return Outcome::Next;
  });
}

namespace {

void decodeLd(Decoder &d) { decodeLoad(d, Addressing::Memory); }

void decodeSt(Decoder &d) {
  if (d.has("async"))
    return decodeAsyncStore(d);
  if (d.has("bulk"))
    return decodeBulkStore(d);
  decodeStore(d, Addressing::Memory);
}

/// Prefetches and priorities move no data that a program can see.
void decodePrefetch(Decoder &d) {
  d.stateSpace();
  d.oneOf({"tensormap", "L1", "L2"});
  d.takeCacheHints();
  d.address(0);
  d.run([](Step &) { return Outcome::Next; });
}

/// PTX ISA, "applypriority", "discard": 128 bytes at a multiple of 128, both of
/// global memory. The bytes of a discard hold anything afterwards.
void decodeLine(Decoder &d) {
  bool isDiscard = d.root() == "discard";
  StateSpace space = d.stateSpace();
  d.require(isDiscard ? "L2" : "L2::evict_normal");
  AddressOperand address = d.address(0);
  int64_t size = d.literal(1);
  if (size != 128)
    d.fail("has size " + std::to_string(size) + " when 128 is the only one");
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    auto base = s.read<uint64_t>(address.base);
    s.forLanes([&](unsigned lane) {
      Place place = s.resolve(space, base[lane] + uint64_t(address.offset), 128, isDiscard, 128);
      if (place.space != StateSpace::Global)
        s.misuse("address " + std::to_string(base[lane]) + " is not in global memory");
      // A value that stands out where it is used after all.
      uint8_t lost[128];
      std::memset(lost, 0xdb, sizeof lost);
      if (isDiscard)
        s.store(place, lane, lost, sizeof lost, false, true);
    });
    return Outcome::Next;
  });
}

/// createpolicy gives an opaque cache policy.
void decodeCreatepolicy(Decoder &d) {
  bool isConverted = d.has("cvt"), isRange = !isConverted && d.has("range");
  if (isConverted)
    d.require("L2");
  else if (!isRange)
    d.require("fractional");
  while (!d.startingWith("L2::").empty())
    ;
  d.has("global");
  d.type();
  Operand into = d.destination(0);
  if (isRange) {
    d.address(1);
    d.source(2, Type::U32);
    d.source(3, Type::U32);
  } else if (isConverted || d.count() > 1) {
    d.source(1, isConverted ? Type::B64 : Type::F32);
  }
  d.run([=](Step &s) {
    Lanes<uint64_t> r{};
    s.write(into, r);
    return Outcome::Next;
  });
}

} // namespace

void registerMemory(DecodeTable &table) {
  table["ld"] = decodeLd;
  table["ldu"] = decodeLd;
  table["st"] = decodeSt;
  table["prefetch"] = decodePrefetch;
  table["prefetchu"] = decodePrefetch;
  table["applypriority"] = decodeLine;
  table["discard"] = decodeLine;
  table["createpolicy"] = decodeCreatepolicy;
}

} // namespace girih::sim

//===- Move.cpp - mov, cvta, isspacep, mapa -------------------------------===//
#include "Elementwise.h"
#include "Halves.h"

namespace girih::sim {
namespace {

/// mov between predicates, registers, and `{a, b}` packs of smaller ones.
void decodeMov(Decoder &d) {
  Type type = d.type();
  if (type == Type::Pred) {
    Operand into = d.destination(0), a = d.predicate(1);
    d.run([=](Step &s) {
      s.writePredicate(into, s.readPredicate(a));
      return Outcome::Next;
    });
    return;
  }
  d.instruction().isMove = true;
  using Wide = unsigned __int128;
  auto parts = d.destinations(0);
  auto sources = d.sources(1, type);
  unsigned bits = typeBits(type);
  if (parts.size() == 1 && sources.size() == 1 && bits <= 64) {
    Operand into = parts[0], from = sources[0];
    keepHalves(d, {from});
    d.run([=](Step &s) {
      s.write(into, s.read<uint64_t>(from));
      return Outcome::Next;
    });
    return;
  }
  unsigned sourceBits = bits / unsigned(sources.size()), partBits = bits / unsigned(parts.size());
  d.run([=](Step &s) {
    Lanes<Wide> all{};
    for (size_t e = 0; e < sources.size(); ++e) {
      auto x = s.read<Wide>(sources[e]);
      Wide mask = sourceBits == 128 ? ~Wide(0) : (Wide(1) << sourceBits) - 1;
      for (unsigned i = 0; i < warpSize; ++i)
        all[i] |= (x[i] & mask) << (sourceBits * e);
    }
    // In pieces of which each source has two, from the lowest on.
    std::vector<LaneMask> known;
    for (const Operand &source : sources) {
      DefinedLanes halves = s.definedHalves(source, sourceBits);
      known.insert(known.end(), {halves.low, halves.high});
    }
    auto definedFrom = [&](size_t half) {
      size_t first = half * sources.size() / parts.size(), end = (half + 1) * sources.size() / parts.size();
      LaneMask all = known[first];
      while (++first < end)
        all &= known[first];
      return all;
    };
    for (size_t e = 0; e < parts.size(); ++e) {
      Lanes<Wide> r;
      Wide mask = partBits == 128 ? ~Wide(0) : (Wide(1) << partBits) - 1;
      for (unsigned i = 0; i < warpSize; ++i)
        r[i] = all[i] >> (partBits * e) & mask;
      s.defined = {definedFrom(2 * e), definedFrom(2 * e + 1)};
      s.write(parts[e], r);
    }
    return Outcome::Next;
  });
}

uint64_t windowOf(StateSpace space) {
  switch (space) {
  case StateSpace::Shared:
    return sharedWindow;
  case StateSpace::Local:
    return localWindow;
  case StateSpace::Param:
    return paramWindow;
  default:
    return 0;
  }
}

void decodeCvta(Decoder &d) {
  bool toSpace = d.has("to");
  StateSpace space = d.stateSpace();
  Type type = d.type();
  uint64_t window = windowOf(space);
  Operand into = d.destination(0), a = d.source(1, type);
  d.run([=](Step &s) {
    auto x = s.read<uint64_t>(a);
    for (unsigned i = 0; i < warpSize; ++i)
      x[i] = toSpace ? x[i] - window : x[i] + window;
    s.write(into, x);
    return Outcome::Next;
  });
}

void decodeIsspacep(Decoder &d) {
  std::string window;
  StateSpace space = d.stateSpace(&window);
  Operand into = d.destination(0), a = d.source(1, Type::B64);
  d.run([=](Step &s) {
    auto x = s.read<uint64_t>(a);
    LaneMask found = 0;
    for (unsigned i = 0; i < warpSize; ++i) {
      auto in = [&](uint64_t base) { return x[i] >= base && x[i] < base + windowSize; };
      bool is = space == StateSpace::Shared  ? in(sharedWindow)
                : space == StateSpace::Local ? in(localWindow)
                : space == StateSpace::Param ? in(paramWindow)
                : space == StateSpace::Const ? false
                                             : x[i] >= moduleWindow;
      if (is && space == StateSpace::Shared && window == "cta")
        is = (x[i] - sharedWindow) >> 24 == s.cta().rank;
      found |= LaneMask(is) << i;
    }
    s.writePredicate(into, found);
    return Outcome::Next;
  });
}

/// mapa: the address of the same byte in another CTA of the cluster.
void decodeMapa(Decoder &d) {
  bool isShared = d.has("shared::cluster");
  Type type = d.type();
  Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, Type::U32);
  d.run([=](Step &s) {
    auto x = s.read<uint64_t>(a);
    auto rank = s.read<uint32_t>(b);
    for (unsigned i = 0; i < warpSize; ++i) {
      if (!(s.mask >> i & 1))
        continue;
      if (rank[i] >= s.cluster().ctas.size())
        s.misuse("mapa names CTA " + std::to_string(rank[i]) + " of a cluster of " +
                 std::to_string(s.cluster().ctas.size()));
      uint64_t base = isShared ? 0 : sharedWindow;
      if (x[i] < base || x[i] - base >= windowSize)
        s.misuse("mapa of address " + std::to_string(x[i]) + ", which is outside the shared window");
      x[i] = base + (((x[i] - base) & 0xffffff) | uint64_t(rank[i]) << 24);
    }
    s.write(into, x);
    return Outcome::Next;
  });
}

void decodeGetctarank(Decoder &d) {
  bool isShared = d.has("shared::cluster");
  Type type = d.type();
  Operand into = d.destination(0), a = d.source(1, type);
  d.run([=](Step &s) {
    auto x = s.read<uint64_t>(a);
    Lanes<uint32_t> r;
    for (unsigned i = 0; i < warpSize; ++i)
      r[i] = uint32_t((isShared ? x[i] : x[i] - sharedWindow) >> 24);
    s.write(into, r);
    return Outcome::Next;
  });
}

} // namespace

void registerMove(DecodeTable &table) {
  table["mov"] = decodeMov;
  table["cvta"] = decodeCvta;
  table["isspacep"] = decodeIsspacep;
  table["mapa"] = decodeMapa;
  table["getctarank"] = decodeGetctarank;
}

} // namespace girih::sim

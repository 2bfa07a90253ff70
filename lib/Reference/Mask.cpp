//===- Mask.cpp - Which keys a query sees ---------------------------------===//
//
// Programs are asked for whole blocks first, on intervals, so that a long sequence costs little
// more than its edges.
//
//===----------------------------------------------------------------------===//

#include "girih/Reference/Attention.h"
#include <algorithm>

using namespace girih::reference;

namespace {

/// A mask program for problems of one size.
class Program {
public:
  Program(const ScoreProgram &program, int64_t queries, int64_t keys)
      : program(program), queries(queries), keys(keys) {}

  bool sees(const AttentionRow &row, int64_t key) const {
    return program.evaluate(
               {0, double(row.b), double(row.h), double(row.q), double(key), double(queries), double(keys)}) != 0;
  }

  /// Whether all of the block is seen or nothing, if that can be told.
  std::optional<bool> seesAll(const PairBlock &block) const {
    auto from = [](int64_t first, int64_t count) { return Interval{double(first), double(first + count - 1)}; };
    Interval seen =
        program.bound({Interval{}, from(block.b, 1), from(block.h, 1), from(block.firstQuery, block.queries),
                       from(block.firstKey, block.keys), from(queries, 1), from(keys, 1)});
    if (seen.low == 0 && seen.high == 0)
      return false;
    return seen.low > 0 || seen.high < 0 ? std::optional(true) : std::nullopt;
  }

  /// The first or last key of the block's row that is seen, -1 if there is none.
  int64_t edge(const PairBlock &block, bool last) const {
    if (std::optional<bool> known = seesAll(block))
      return !*known ? -1 : last ? block.firstKey + block.keys - 1 : block.firstKey;
    if (block.keys == 1)
      return sees({block.b, block.h, block.firstQuery}, block.firstKey) ? block.firstKey : -1;
    PairBlock left = block, right = block;
    left.keys = block.keys / 2;
    right.firstKey += left.keys;
    right.keys -= left.keys;
    int64_t found = edge(last ? right : left, last);
    return found >= 0 ? found : edge(last ? left : right, last);
  }

  int64_t pairs(const PairBlock &block) const {
    if (std::optional<bool> known = seesAll(block))
      return *known ? block.queries * block.keys : 0;
    if (block.queries == 1 && block.keys == 1)
      return sees({block.b, block.h, block.firstQuery}, block.firstKey);
    PairBlock first = block, second = block;
    if (block.queries > block.keys) {
      first.queries = block.queries / 2;
      second.firstQuery += first.queries;
      second.queries -= first.queries;
    } else {
      first.keys = block.keys / 2;
      second.firstKey += first.keys;
      second.keys -= first.keys;
    }
    return pairs(first) + pairs(second);
  }

private:
  const ScoreProgram &program;
  int64_t queries, keys;
};

} // namespace

KeyRange Mask::visible(const AttentionRow &row, int64_t queries, int64_t keys) const {
  if (blocks) {
    std::vector<int> times = listedTimes(row, queries, keys);
    KeyRange seen{keys, 0};
    for (int64_t k = 0; k < keys; ++k)
      if (times[size_t(k)] > 0)
        seen = {std::min(seen.begin, k), k + 1};
    return seen.size() > 0 ? seen : KeyRange{};
  }
  int64_t diagonal = kind == Kind::CausalTopLeft ? row.q : row.q + keys - queries;
  int64_t last = std::clamp<int64_t>(diagonal + 1, 0, keys);
  switch (kind) {
  case Kind::None:
    return {0, keys};
  case Kind::Causal:
  case Kind::CausalTopLeft:
    return {0, last};
  case Kind::SlidingWindow:
    return {std::clamp<int64_t>(diagonal + 1 - window, 0, keys), last};
  case Kind::Program: {
    Program mask(*program, queries, keys);
    PairBlock all{row.b, row.h, row.q, 1, 0, keys};
    int64_t first = keys > 0 ? mask.edge(all, /*last=*/false) : -1;
    return first < 0 ? KeyRange{} : KeyRange{first, mask.edge(all, /*last=*/true) + 1};
  }
  }
  return {0, keys};
}

bool Mask::sees(const AttentionRow &row, int64_t key, int64_t queries, int64_t keys) const {
  if (blocks)
    return listedTimes(row, queries, keys)[size_t(key)] > 0;
  return kind != Kind::Program || Program(*program, queries, keys).sees(row, key);
}

int64_t Mask::visiblePairs(int64_t queries, int64_t keys, int64_t batches, int64_t heads, int64_t firstBatch) const {
  int64_t pairs = 0;
  if (blocks && blocks->hasData()) // without, as if all were listed
    return listedPairs(queries, keys, batches, heads, firstBatch);
  if (kind == Kind::None)
    return queries * keys * batches * heads;
  if (kind != Kind::Program) {
    for (int64_t q = 0; q < queries; ++q)
      pairs += withoutBlocks().visible({0, 0, q}, queries, keys).size();
    return pairs * batches * heads;
  }
  if (queries == 0 || keys == 0)
    return 0;
  // Inputs 1 and 2 are batch and head.
  if (program->lacksData()) // as if it hid nothing
    return queries * keys * batches * heads;
  int64_t differentBatches = program->uses(1) ? batches : 1, differentHeads = program->uses(2) ? heads : 1;
  Program mask(*program, queries, keys);
  for (int64_t b = 0; b < differentBatches; ++b)
    for (int64_t h = 0; h < differentHeads; ++h)
      pairs += mask.pairs({firstBatch + b, h, 0, queries, 0, keys});
  return pairs * (batches / differentBatches) * (heads / differentHeads);
}

int64_t Mask::pairsIn(const PairBlock &block, int64_t queries, int64_t keys) const {
  if (kind == Kind::Program)
    return Program(*program, queries, keys).pairs(block);
  int64_t pairs = 0;
  for (int64_t q = block.firstQuery; q < block.firstQuery + block.queries; ++q) {
    KeyRange seen = visible({block.b, block.h, q}, queries, keys);
    pairs += KeyRange{std::max(seen.begin, block.firstKey), std::min(seen.end, block.firstKey + block.keys)}.size();
  }
  return pairs;
}

//===- Mask.cpp - Which keys a query sees ---------------------------------===//

#include "girih/Reference/Attention.h"
#include <algorithm>

using namespace girih::reference;

KeyRange Mask::visible(int64_t q, int64_t queries, int64_t keys) const {
  int64_t diagonal = kind == Kind::CausalTopLeft ? q : q + keys - queries;
  int64_t last = std::clamp<int64_t>(diagonal + 1, 0, keys);
  switch (kind) {
  case Kind::None:
    return {0, keys};
  case Kind::Causal:
  case Kind::CausalTopLeft:
    return {0, last};
  case Kind::SlidingWindow:
    return {std::clamp<int64_t>(diagonal + 1 - window, 0, keys), last};
  }
  return {0, keys};
}

int64_t Mask::visiblePairs(int64_t queries, int64_t keys) const {
  if (kind == Kind::None)
    return queries * keys;
  int64_t pairs = 0;
  for (int64_t q = 0; q < queries; ++q)
    pairs += visible(q, queries, keys).size();
  return pairs;
}

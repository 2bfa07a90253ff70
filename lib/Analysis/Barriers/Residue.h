// An integer of which the value modulo something is known: the domain in which
// the proof computes the indices and parities of barriers.
#ifndef GIRIH_LIB_ANALYSIS_BARRIERS_RESIDUE_H
#define GIRIH_LIB_ANALYSIS_BARRIERS_RESIDUE_H

#include "llvm/Support/MathExtras.h"

#include <cstdint>
#include <numeric>

namespace girih {

/// `value` if `modulus` is 0; any number that leaves `value` when divided by
/// `modulus`, if that is above 1; and any number at all if it is 1. Numbers that
/// are not exact are not negative.
struct Residue {
  static constexpr unsigned kIndexBits = 32; ///< convert-tile-to-nvvm computes with these

  int64_t value = 0, modulus = 1;
  int64_t source = 0; ///< numbers that are not known are equal if their sources are, and not 0

  static Residue exact(int64_t value) { return {value, 0}; }
  static Residue unknown() { return {0, 1}; }

  bool isExact() const { return modulus == 0; }
  bool isExact(int64_t other) const { return isExact() && value == other; }
  bool operator==(const Residue &other) const { return value == other.value && modulus == other.modulus; }
  /// Whether they stand for one number, and not only for numbers of which as much is known.
  bool isSameNumber(const Residue &other) const {
    return isExact() ? *this == other : source != 0 && source == other.source;
  }

  /// Forgets all but the value modulo `m`.
  Residue reduced(int64_t m) const { return make(value, std::gcd(modulus, m)); }

  /// As an integer of so many bits, signed. Numbers that are not exact are taken to
  /// fit if that is as wide as an index on the chip.
  Residue wrapped(unsigned bits) const {
    if (isExact())
      return exact(llvm::SignExtend64(value, bits));
    if (bits >= kIndexBits)
      return *this;
    Residue low = reduced(int64_t(1) << bits);
    return low.modulus == int64_t(1) << bits ? exact(llvm::SignExtend64(low.value, bits)) : low;
  }

  friend Residue operator+(Residue a, Residue b) {
    int64_t sum;
    if (mayBeNegative(a, b) || llvm::AddOverflow(a.value, b.value, sum))
      return unknown();
    return make(sum, std::gcd(a.modulus, b.modulus));
  }

  friend Residue operator-(Residue a, Residue b) {
    int64_t difference;
    bool isKnown = a.isExact() && b.isExact() && !llvm::SubOverflow(a.value, b.value, difference);
    return isKnown ? exact(difference) : unknown();
  }

  /// (a + i m) (b + j n) = a b + j a n + i b m + i j m n.
  friend Residue operator*(Residue a, Residue b) {
    int64_t ab, an, bm, mn;
    if (mayBeNegative(a, b) || llvm::MulOverflow(a.value, b.value, ab) || llvm::MulOverflow(a.value, b.modulus, an) ||
        llvm::MulOverflow(b.value, a.modulus, bm) || llvm::MulOverflow(a.modulus, b.modulus, mn))
      return unknown();
    return make(ab, std::gcd(std::gcd(an, bm), mn));
  }

  friend Residue operator/(Residue a, Residue b) {
    if (!b.isExact() || b.value <= 0 || a.value < 0 || (!a.isExact() && a.modulus % b.value != 0))
      return unknown();
    return make(a.value / b.value, a.modulus / b.value);
  }

  friend Residue operator%(Residue a, Residue b) {
    if (!b.isExact() || b.value <= 0 || a.value < 0)
      return unknown();
    if (a.modulus % b.value == 0)
      return exact(a.value % b.value);
    return make(a.value, std::gcd(a.modulus, b.value));
  }

  friend Residue operator&(Residue a, Residue b) {
    if (a.isExact() && b.isExact())
      return exact(a.value & b.value);
    if (a.isExact())
      return b & a;
    bool isMask = b.isExact() && b.value >= 0 && b.value < INT64_MAX && (b.value & (b.value + 1)) == 0;
    return isMask ? a % exact(b.value + 1) : unknown();
  }

  friend Residue operator^(Residue a, Residue b) {
    if (a.isExact() && b.isExact())
      return exact(a.value ^ b.value);
    if (a.isExact())
      return b ^ a;
    return b.isExact(1) && a.modulus % 2 == 0 ? make(a.value ^ 1, a.modulus) : unknown();
  }

  /// Whether no number can be both.
  static bool differ(Residue a, Residue b) {
    int64_t modulus = std::gcd(a.modulus, b.modulus), difference;
    if (modulus == 0)
      return a.value != b.value;
    return !llvm::SubOverflow(a.value, b.value, difference) && difference % modulus != 0;
  }

private:
  /// Whether a result that is not exact could be.
  static bool mayBeNegative(Residue a, Residue b) {
    return !(a.isExact() && b.isExact()) && (a.value < 0 || b.value < 0);
  }

  static Residue make(int64_t value, int64_t modulus) {
    if (modulus == 0)
      return exact(value);
    int64_t rest = value % modulus;
    return {rest < 0 ? rest + modulus : rest, modulus};
  }
};

} // namespace girih

#endif // GIRIH_LIB_ANALYSIS_BARRIERS_RESIDUE_H

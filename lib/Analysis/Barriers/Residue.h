// An integer of which the value modulo something is known: the domain in which
// the proof computes the indices and parities of barriers.
#ifndef GIRIH_LIB_ANALYSIS_BARRIERS_RESIDUE_H
#define GIRIH_LIB_ANALYSIS_BARRIERS_RESIDUE_H

#include <cstdint>
#include <numeric>

namespace girih {

/// `value` if `modulus` is 0; any number that leaves `value` when divided by
/// `modulus`, if that is above 1; and any number at all if it is 1. Numbers that
/// are not exact are not negative.
struct Residue {
  int64_t value = 0, modulus = 1;

  static Residue exact(int64_t value) { return {value, 0}; }
  static Residue unknown() { return {0, 1}; }

  bool isExact() const { return modulus == 0; }
  bool isExact(int64_t other) const { return isExact() && value == other; }
  bool operator==(const Residue &other) const { return value == other.value && modulus == other.modulus; }

  /// Forgets all but the value modulo `m`.
  Residue reduced(int64_t m) const { return make(value, std::gcd(modulus, m)); }

  friend Residue operator+(Residue a, Residue b) { return make(a.value + b.value, std::gcd(a.modulus, b.modulus)); }
  friend Residue operator-(Residue a, Residue b) { return make(a.value - b.value, std::gcd(a.modulus, b.modulus)); }

  /// (a + i m) (b + j n) = a b + j a n + i b m + i j m n.
  friend Residue operator*(Residue a, Residue b) {
    int64_t modulus = std::gcd(std::gcd(a.value * b.modulus, b.value * a.modulus), a.modulus * b.modulus);
    return make(a.value * b.value, modulus);
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
    bool isMask = b.isExact() && b.value >= 0 && (b.value & (b.value + 1)) == 0;
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
    int64_t modulus = std::gcd(a.modulus, b.modulus);
    return modulus == 0 ? a.value != b.value : (a.value - b.value) % modulus != 0;
  }

private:
  static Residue make(int64_t value, int64_t modulus) {
    if (modulus == 0)
      return exact(value);
    int64_t rest = value % modulus;
    return {rest < 0 ? rest + modulus : rest, modulus};
  }
};

} // namespace girih

#endif // GIRIH_LIB_ANALYSIS_BARRIERS_RESIDUE_H

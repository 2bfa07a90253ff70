// What tile.exp2_polynomial promises on every chip.
#ifndef GIRIH_TARGET_EXP2_H
#define GIRIH_TARGET_EXP2_H

namespace girih {

/// No result is further from the exact one, relative to it, but for those below 2^-126,
/// which are 0.
inline constexpr double kExp2PolynomialError = 8.8e-5;

} // namespace girih

#endif // GIRIH_TARGET_EXP2_H

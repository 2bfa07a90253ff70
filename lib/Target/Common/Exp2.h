// Part of the exponentials of a tile on the units that add and multiply, which are idle
// while the special function units compute the others.
#ifndef GIRIH_LIB_TARGET_COMMON_EXP2_H
#define GIRIH_LIB_TARGET_COMMON_EXP2_H

namespace mlir {
class RewritePatternSet;
class TypeConverter;
} // namespace mlir

namespace girih::exp2 {

/// 2^x is 2^floor(x) * p(x - floor(x)). p has degree 3, its largest relative error on
/// [0, 1] is the least with p(0) = 1, which keeps the weight of a row's maximum exact.
inline constexpr float kCoefficients[] = {1.0f, 0.695116786445f, 0.227644991135f, 0.0770670420721f};

/// x is clamped to this: its power of two has the bits of 0.
inline constexpr float kLeastInput = -127.0f;

/// A float in which the last bit is 1: added downwards, x leaves floor(x) in the lower
/// bits, biased as an exponent of f32 is.
inline constexpr float kFloorBias = 0x1.8p23f + 127;

/// math.exp2 with tile.exp2_polynomial. `hasPairs`: the chip adds and multiplies two f32 by
/// one instruction.
void populatePatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns, bool hasPairs = false);

} // namespace girih::exp2

#endif // GIRIH_LIB_TARGET_COMMON_EXP2_H

//===- Types.h - PTX operand types ------------------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_PROGRAM_TYPES_H
#define GIRIH_SIMULATOR_PROGRAM_TYPES_H

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace girih::sim {

using LaneMask = uint32_t;
constexpr unsigned warpSize = 32;
constexpr LaneMask allLanes = 0xffffffffu;

/// The lanes in which the lower and the upper half of a register are defined:
/// compilers fill and use the two parts of a pack on their own.
struct DefinedLanes {
  LaneMask low = 0, high = 0;

  DefinedLanes() = default;
  /// Both halves alike.
  DefinedLanes(LaneMask whole) : low(whole), high(whole) {}
  DefinedLanes(LaneMask low, LaneMask high) : low(low), high(high) {}

  LaneMask whole() const { return low & high; }
  friend DefinedLanes operator&(DefinedLanes a, DefinedLanes b) { return {a.low & b.low, a.high & b.high}; }
  friend DefinedLanes operator|(DefinedLanes a, DefinedLanes b) { return {a.low | b.low, a.high | b.high}; }
  DefinedLanes &operator&=(DefinedLanes other) { return *this = *this & other; }
};

/// One value for each lane of a warp.
template <class T> struct Lanes {
  alignas(64) T v[warpSize];
  T &operator[](unsigned lane) { return v[lane]; }
  const T &operator[](unsigned lane) const { return v[lane]; }
};

// clang-format off
enum class Type : uint8_t {
  Pred, B8, B16, B32, B64, B128, U8, U16, U32, U64, S8, S16, S32, S64,
  F16, F16x2, BF16, BF16x2, F32, F32x2, F64, TF32,
  E4M3, E5M2, E3M2, E2M3, E2M1, UE8M0,
  E4M3x2, E5M2x2, E3M2x2, E2M3x2, E2M1x2, UE8M0x2,
  E4M3x4, E5M2x4, E3M2x4, E2M3x4, E2M1x4,
  U16x2, S16x2, U8x4, S8x4, U4, S4, B1,
};
// clang-format on

/// The type that a modifier such as `bf16x2` names.
std::optional<Type> parseType(std::string_view name);
unsigned typeBits(Type type);
bool isFloat(Type type);
bool isSigned(Type type);
const char *typeName(Type type);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_PROGRAM_TYPES_H

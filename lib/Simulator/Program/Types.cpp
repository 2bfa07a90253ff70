//===- Types.cpp - PTX operand types --------------------------------------===//
#include "Types.h"

namespace girih::sim {
namespace {

struct Row {
  const char *name;
  Type type;
  unsigned bits;
  bool isFloat, isSigned;
};

// In the order of the enumeration.
constexpr Row rows[] = {
    {"pred", Type::Pred, 1, false, false},    {"b8", Type::B8, 8, false, false},
    {"b16", Type::B16, 16, false, false},     {"b32", Type::B32, 32, false, false},
    {"b64", Type::B64, 64, false, false},     {"b128", Type::B128, 128, false, false},
    {"u8", Type::U8, 8, false, false},        {"u16", Type::U16, 16, false, false},
    {"u32", Type::U32, 32, false, false},     {"u64", Type::U64, 64, false, false},
    {"s8", Type::S8, 8, false, true},         {"s16", Type::S16, 16, false, true},
    {"s32", Type::S32, 32, false, true},      {"s64", Type::S64, 64, false, true},
    {"f16", Type::F16, 16, true, true},       {"f16x2", Type::F16x2, 32, true, true},
    {"bf16", Type::BF16, 16, true, true},     {"bf16x2", Type::BF16x2, 32, true, true},
    {"f32", Type::F32, 32, true, true},       {"f32x2", Type::F32x2, 64, true, true},
    {"f64", Type::F64, 64, true, true},       {"tf32", Type::TF32, 32, true, true},
    {"e4m3", Type::E4M3, 8, true, true},      {"e5m2", Type::E5M2, 8, true, true},
    {"e3m2", Type::E3M2, 8, true, true},      {"e2m3", Type::E2M3, 8, true, true},
    {"e2m1", Type::E2M1, 4, true, true},      {"ue8m0", Type::UE8M0, 8, true, false},
    {"e4m3x2", Type::E4M3x2, 16, true, true}, {"e5m2x2", Type::E5M2x2, 16, true, true},
    {"e3m2x2", Type::E3M2x2, 16, true, true}, {"e2m3x2", Type::E2M3x2, 16, true, true},
    {"e2m1x2", Type::E2M1x2, 8, true, true},  {"ue8m0x2", Type::UE8M0x2, 16, true, false},
    {"e4m3x4", Type::E4M3x4, 32, true, true}, {"e5m2x4", Type::E5M2x4, 32, true, true},
    {"e3m2x4", Type::E3M2x4, 32, true, true}, {"e2m3x4", Type::E2M3x4, 32, true, true},
    {"e2m1x4", Type::E2M1x4, 16, true, true}, {"u16x2", Type::U16x2, 32, false, false},
    {"s16x2", Type::S16x2, 32, false, true},  {"u8x4", Type::U8x4, 32, false, false},
    {"s8x4", Type::S8x4, 32, false, true},    {"u4", Type::U4, 4, false, false},
    {"s4", Type::S4, 4, false, true},         {"b1", Type::B1, 1, false, false},
};

const Row &row(Type type) { return rows[static_cast<unsigned>(type)]; }

} // namespace

std::optional<Type> parseType(std::string_view name) {
  for (const Row &candidate : rows)
    if (name == candidate.name)
      return candidate.type;
  return std::nullopt;
}

unsigned typeBits(Type type) { return row(type).bits; }
bool isFloat(Type type) { return row(type).isFloat; }
bool isSigned(Type type) { return row(type).isSigned; }
const char *typeName(Type type) { return row(type).name; }

} // namespace girih::sim

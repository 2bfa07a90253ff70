//===- SpecialRegister.h - %tid, %laneid, ... -------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_PROGRAM_SPECIALREGISTER_H
#define GIRIH_SIMULATOR_PROGRAM_SPECIALREGISTER_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace girih::sim {

enum class SpecialRegister : uint8_t {
  TidX,
  TidY,
  TidZ,
  NtidX,
  NtidY,
  NtidZ,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  ClusteridX,
  ClusteridY,
  ClusteridZ,
  NclusteridX,
  NclusteridY,
  NclusteridZ,
  ClusterCtaidX,
  ClusterCtaidY,
  ClusterCtaidZ,
  ClusterNctaidX,
  ClusterNctaidY,
  ClusterNctaidZ,
  ClusterCtarank,
  ClusterNctarank,
  Laneid,
  Warpid,
  Nwarpid,
  Smid,
  Nsmid,
  Gridid,
  LanemaskEq,
  LanemaskLe,
  LanemaskLt,
  LanemaskGe,
  LanemaskGt,
  Clock,
  Clock64,
  Globaltimer,
  TotalSmemSize,
  AggrSmemSize,
  DynamicSmemSize,
  IsExplicitCluster,
  ClockHigh,
  GlobaltimerLow,
  GlobaltimerHigh,
  /// Where the driver's shared memory ends, and how much there is of it.
  ReservedSmemEnd,
  /// What the driver or the performance monitor sets: zero here.
  Unset32,
  Unset64,
};

/// The register that a name such as `%tid.x` means.
std::optional<SpecialRegister> parseSpecialRegister(std::string_view name);
unsigned specialRegisterBits(SpecialRegister which);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_PROGRAM_SPECIALREGISTER_H

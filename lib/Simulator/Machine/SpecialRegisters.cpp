//===- SpecialRegisters.cpp - Names and values of special registers -------===//
#include "../Program/SpecialRegister.h"

#include "Step.h"

namespace girih::sim {

using SR = SpecialRegister;

std::optional<SpecialRegister> parseSpecialRegister(std::string_view name) {
  static const std::map<std::string_view, SR> names = {
      {"%tid.x", SR::TidX},
      {"%tid.y", SR::TidY},
      {"%tid.z", SR::TidZ},
      {"%ntid.x", SR::NtidX},
      {"%ntid.y", SR::NtidY},
      {"%ntid.z", SR::NtidZ},
      {"%ctaid.x", SR::CtaidX},
      {"%ctaid.y", SR::CtaidY},
      {"%ctaid.z", SR::CtaidZ},
      {"%nctaid.x", SR::NctaidX},
      {"%nctaid.y", SR::NctaidY},
      {"%nctaid.z", SR::NctaidZ},
      {"%clusterid.x", SR::ClusteridX},
      {"%clusterid.y", SR::ClusteridY},
      {"%clusterid.z", SR::ClusteridZ},
      {"%nclusterid.x", SR::NclusteridX},
      {"%nclusterid.y", SR::NclusteridY},
      {"%nclusterid.z", SR::NclusteridZ},
      {"%cluster_ctaid.x", SR::ClusterCtaidX},
      {"%cluster_ctaid.y", SR::ClusterCtaidY},
      {"%cluster_ctaid.z", SR::ClusterCtaidZ},
      {"%cluster_nctaid.x", SR::ClusterNctaidX},
      {"%cluster_nctaid.y", SR::ClusterNctaidY},
      {"%cluster_nctaid.z", SR::ClusterNctaidZ},
      {"%cluster_ctarank", SR::ClusterCtarank},
      {"%cluster_nctarank", SR::ClusterNctarank},
      {"%laneid", SR::Laneid},
      {"%warpid", SR::Warpid},
      {"%nwarpid", SR::Nwarpid},
      {"%smid", SR::Smid},
      {"%nsmid", SR::Nsmid},
      {"%gridid", SR::Gridid},
      {"%lanemask_eq", SR::LanemaskEq},
      {"%lanemask_le", SR::LanemaskLe},
      {"%lanemask_lt", SR::LanemaskLt},
      {"%lanemask_ge", SR::LanemaskGe},
      {"%lanemask_gt", SR::LanemaskGt},
      {"%clock", SR::Clock},
      {"%clock64", SR::Clock64},
      {"%globaltimer", SR::Globaltimer},
      {"%clock_hi", SR::ClockHigh},
      {"%globaltimer_lo", SR::GlobaltimerLow},
      {"%globaltimer_hi", SR::GlobaltimerHigh},
      {"%total_smem_size", SR::TotalSmemSize},
      {"%aggr_smem_size", SR::AggrSmemSize},
      {"%dynamic_smem_size", SR::DynamicSmemSize},
      {"%is_explicit_cluster", SR::IsExplicitCluster},
      {"%reserved_smem_offset_begin", SR::Unset32},
      {"%reserved_smem_offset_end", SR::ReservedSmemEnd},
      {"%reserved_smem_offset_cap", SR::ReservedSmemEnd},
      {"%reserved_smem_offset_0", SR::Unset32},
      {"%reserved_smem_offset_1", SR::Unset32},
      {"%current_graph_exec", SR::Unset64},
  };
  auto found = names.find(name);
  if (found != names.end())
    return found->second;
  // %pm0 to %pm7, %pm0_64 to %pm7_64, %envreg0 to %envreg31.
  auto isNumber = [](std::string_view digits, int most) {
    return !digits.empty() && digits.size() < 3 && digits.find_first_not_of("0123456789") == digits.npos &&
           std::stoi(std::string(digits)) <= most;
  };
  if (name.starts_with("%envreg") && isNumber(name.substr(7), 31))
    return SR::Unset32;
  if (!name.starts_with("%pm"))
    return std::nullopt;
  bool isWide = name.ends_with("_64");
  name = name.substr(3, name.size() - 3 - (isWide ? 3 : 0));
  return isNumber(name, 7) ? std::optional(isWide ? SR::Unset64 : SR::Unset32) : std::nullopt;
}

unsigned specialRegisterBits(SpecialRegister which) {
  return which == SR::Clock64 || which == SR::Globaltimer || which == SR::Gridid || which == SR::Unset64 ? 64 : 32;
}

static uint64_t uniformValue(const Step &step, SR which) {
  const Cta &cta = step.cta();
  const Launch &launch = step.cluster().device.launch;
  auto axis = [&](SR first) { return static_cast<unsigned>(which) - static_cast<unsigned>(first); };
  if (which >= SR::NtidX && which <= SR::NtidZ)
    return launch.block[axis(SR::NtidX)];
  if (which >= SR::CtaidX && which <= SR::CtaidZ)
    return cta.id[axis(SR::CtaidX)];
  if (which >= SR::NctaidX && which <= SR::NctaidZ)
    return launch.grid[axis(SR::NctaidX)];
  if (which >= SR::ClusteridX && which <= SR::ClusteridZ)
    return cta.id[axis(SR::ClusteridX)] / cta.cluster.shape[axis(SR::ClusteridX)];
  if (which >= SR::NclusteridX && which <= SR::NclusteridZ)
    return launch.grid[axis(SR::NclusteridX)] / cta.cluster.shape[axis(SR::NclusteridX)];
  if (which >= SR::ClusterCtaidX && which <= SR::ClusterCtaidZ)
    return cta.id[axis(SR::ClusterCtaidX)] % cta.cluster.shape[axis(SR::ClusterCtaidX)];
  if (which >= SR::ClusterNctaidX && which <= SR::ClusterNctaidZ)
    return cta.cluster.shape[axis(SR::ClusterNctaidX)];
  // Steps, not cycles: clocks only have to grow.
  uint64_t steps = step.cluster().now * 32 + step.warp.instructions;
  switch (which) {
  case SR::ClusterCtarank:
    return cta.rank;
  case SR::ClusterNctarank:
    return step.cluster().ctas.size();
  case SR::Warpid:
    return step.warp.index;
  case SR::Nwarpid:
    return cta.warps.size();
  case SR::Smid:
    return (uint64_t(step.cluster().index) * step.cluster().ctas.size() + cta.rank) % launch.multiprocessors;
  case SR::Nsmid:
    return launch.multiprocessors;
  case SR::Clock:
  case SR::GlobaltimerLow:
  case SR::Clock64:
  case SR::Globaltimer:
    return steps;
  case SR::ClockHigh:
  case SR::GlobaltimerHigh:
    return steps >> 32;
  case SR::ReservedSmemEnd:
    return sharedBase;
  case SR::TotalSmemSize:
  case SR::AggrSmemSize:
    return cta.shared.size();
  case SR::DynamicSmemSize:
    return launch.dynamicSharedBytes;
  case SR::IsExplicitCluster:
    return step.cluster().ctas.size() > 1;
  default:
    return 0;
  }
}

void readSpecialRegister(const Step &step, SpecialRegister which, Lanes<uint64_t> &into) {
  const auto &block = step.cluster().device.launch.block;
  uint64_t uniform = uniformValue(step, which);
  for (unsigned lane = 0; lane < warpSize; ++lane) {
    uint32_t thread = step.warp.index * warpSize + lane;
    uint64_t bit = 1ull << lane;
    switch (which) {
    case SR::TidX:
      into[lane] = thread % block[0];
      break;
    case SR::TidY:
      into[lane] = thread / block[0] % block[1];
      break;
    case SR::TidZ:
      into[lane] = thread / block[0] / block[1];
      break;
    case SR::Laneid:
      into[lane] = lane;
      break;
    case SR::LanemaskEq:
      into[lane] = bit;
      break;
    case SR::LanemaskLe:
      into[lane] = bit * 2 - 1;
      break;
    case SR::LanemaskLt:
      into[lane] = bit - 1;
      break;
    case SR::LanemaskGe:
      into[lane] = 0xffffffffull & ~(bit - 1);
      break;
    case SR::LanemaskGt:
      into[lane] = 0xffffffffull & ~(bit * 2 - 1);
      break;
    default:
      into[lane] = uniform;
    }
  }
}

} // namespace girih::sim

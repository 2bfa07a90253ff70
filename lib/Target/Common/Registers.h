// How the registers of a multiprocessor are split over the roles of a kernel.
#ifndef GIRIH_LIB_TARGET_COMMON_REGISTERS_H
#define GIRIH_LIB_TARGET_COMMON_REGISTERS_H

#include "girih/Target/Target.h"

namespace girih {

/// What a thread of a role needs and what it gains nothing beyond.
struct RegisterNeeds {
  int64_t leastLoad, mostLoad, mostCompute;
};

/// Fills in the open knobs: to compute what the launch brings beside the least of the
/// others, to these what is left.
void completeRegisters(tile::Schedule &schedule, const Limits &limits, const RegisterNeeds &needs);

} // namespace girih

#endif // GIRIH_LIB_TARGET_COMMON_REGISTERS_H

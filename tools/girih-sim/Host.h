//===- Host.h - girih-sim --host --------------------------------*- C++ -*-===//
#ifndef GIRIH_SIM_HOST_H
#define GIRIH_SIM_HOST_H

#include "Arguments.h"

namespace girih::sim {

/// Exit codes of --host, beside those of the tool.
constexpr int programFailed = 3;

/// Runs a program with its kernels in the simulator; returns the exit code.
int runHost(const Arguments &arguments);

} // namespace girih::sim

#endif // GIRIH_SIM_HOST_H

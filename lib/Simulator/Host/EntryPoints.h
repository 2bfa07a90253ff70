//===- EntryPoints.h - Functions by name ------------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_HOST_ENTRYPOINTS_H
#define GIRIH_SIMULATOR_HOST_ENTRYPOINTS_H

#include <string>

namespace girih::sim::host {

/// The function that this library exports by a name, or null.
void *findEntryPoint(const std::string &name);
/// The form of a function of the driver that a caller with headers of a version
/// wants, or null.
void *findDriverFunction(const std::string &name, int version);

} // namespace girih::sim::host

#endif // GIRIH_SIMULATOR_HOST_ENTRYPOINTS_H

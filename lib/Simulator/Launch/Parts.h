//===- Parts.h - Parts of a launch description ------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_LAUNCH_PARTS_H
#define GIRIH_SIMULATOR_LAUNCH_PARTS_H

#include "Description.h"
#include "DescriptionNode.h"

namespace girih::sim {

/// Addresses that a description may choose, beyond the simulator's own windows.
constexpr uint64_t leastAddress = 0x0000'0400'0000'0000, mostAddress = 0x0000'ffff'ffff'ffff;

/// The file that a member names.
std::string fileText(const DescriptionNode &member, const std::string &path);

/// A buffer without the arguments in it, which may name buffers behind it.
Buffer parseBuffer(const DescriptionNode &object, const std::string &folder);

Argument parseArgument(const DescriptionNode &object, const Launch &launch, const std::string &folder);

/// Arguments that lie in memory, each `at` its byte.
std::vector<Argument::Member> parseContents(const DescriptionNode &list, const Launch &launch,
                                            const std::string &folder);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_LAUNCH_PARTS_H

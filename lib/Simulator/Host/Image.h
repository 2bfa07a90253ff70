//===- Image.h - What a program loads as a module ---------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_HOST_IMAGE_H
#define GIRIH_SIMULATOR_HOST_IMAGE_H

#include "Chip.h"

namespace girih::sim::host {

/// The PTX in an image that is the best for the chip: the image is PTX, a fat
/// binary, or what nvcc puts around one in a program. Throws Refusal that says
/// what there is when nothing suits. A fat binary ends within `available` bytes.
std::string findPtx(const void *image, const Chip &chip, uint64_t available = UINT64_MAX);

} // namespace girih::sim::host

#endif // GIRIH_SIMULATOR_HOST_IMAGE_H

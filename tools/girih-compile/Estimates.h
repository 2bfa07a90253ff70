// girih-compile --estimate.
#ifndef GIRIH_TOOLS_GIRIH_COMPILE_ESTIMATES_H
#define GIRIH_TOOLS_GIRIH_COMPILE_ESTIMATES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace girih {

/// The modelled times of kernels, by their manifests, as text. `sizes` are NAME=NUMBER.
llvm::Expected<std::string> estimateKernels(llvm::ArrayRef<std::string> manifests, llvm::ArrayRef<std::string> sizes);

} // namespace girih

#endif // GIRIH_TOOLS_GIRIH_COMPILE_ESTIMATES_H

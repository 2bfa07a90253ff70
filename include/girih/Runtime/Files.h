//===- Files.h - Whole files ------------------------------------*- C++ -*-===//
#ifndef GIRIH_RUNTIME_FILES_H
#define GIRIH_RUNTIME_FILES_H

#include <string>

namespace girih::runtime {

/// The bytes of the file at `path`. Throws Error with the system's reason.
std::string readWholeFile(const std::string &path);

/// Writes `text` to `path` through a temporary file beside it, so that a reader
/// sees the old file or the new one. Throws Error.
void writeWholeFile(const std::string &path, const std::string &text);

/// `path` relative to the folder of `base`, unless it is absolute.
std::string besides(const std::string &base, const std::string &path);

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_FILES_H

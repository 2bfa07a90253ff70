//===- Pack.h - Compiled schedules on their way to a device -----*- C++ -*-===//
//
// A folder: pack.jsonl, whose first line says which compiler made it and every other
// line what became of one schedule, and the cubins and manifests that these lines name.
// A line is written when its files are, so an interrupted compilation can go on.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_TUNE_PACK_H
#define GIRIH_TUNE_PACK_H

#include <string>
#include <vector>

namespace girih::tune {

/// A schedule with code.
struct PackEntry {
  std::string problem, schedule; ///< as the database has them
  std::string manifest;          ///< path
  double predicted = 0;          ///< microseconds, by the cost model
};

struct Pack {
  std::string target, compiler, assembler;
  std::vector<PackEntry> entries; ///< those of a problem in the order of its line

  /// The problems, each once.
  std::vector<std::string> problems() const;
};

/// Reads the pack in the folder `path`. A last line that is not whole is left out; all
/// else that is wrong throws Error.
Pack readPack(const std::string &path);

} // namespace girih::tune

#endif // GIRIH_TUNE_PACK_H

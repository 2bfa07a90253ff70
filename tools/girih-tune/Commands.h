//===- Commands.h - The commands of girih-tune ------------------*- C++ -*-===//
#ifndef GIRIH_TOOLS_GIRIH_TUNE_COMMANDS_H
#define GIRIH_TOOLS_GIRIH_TUNE_COMMANDS_H

#include "girih/Tune/Measure.h"

namespace girih::tune {

struct MeasureCommand {
  std::string pack, database;
  int device = 0;
  MeasureOptions options;
};

/// Measures every problem of a pack. Returns the exit code.
int runMeasure(const MeasureCommand &command);

struct ResultsCommand {
  std::string database;
  std::string format = "table"; ///< or csv, or def
  double share = 0.1;           ///< of the search that is tried on recorded times
};

/// The fastest schedule of every problem.
int printBest(const ResultsCommand &command);
/// What cost model and search are worth on the times of the database.
int printEvaluation(const ResultsCommand &command);

} // namespace girih::tune

#endif // GIRIH_TOOLS_GIRIH_TUNE_COMMANDS_H

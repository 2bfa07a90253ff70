//===- Evaluate.h - How good are model and search? --------------*- C++ -*-===//
#ifndef GIRIH_TUNE_EVALUATE_H
#define GIRIH_TUNE_EVALUATE_H

#include "girih/Tune/Database.h"

namespace girih::tune {

/// The cost model and the search, held against the times of one problem.
struct Evaluation {
  size_t measured = 0, timed = 0, wrong = 0, failed = 0;
  double best = 0;            ///< milliseconds of the fastest
  double rankCorrelation = 0; ///< Spearman's, of predictions and times; 0 with fewer than three
  double modelRegret = 0;     ///< the time of the schedule that the model prefers over the best, less 1
  size_t limit = 0;           ///< how many the search may measure
  double searchRegret = 0;    ///< the best time that it finds over the best, less 1
};

/// Runs the search again on recorded times, limited to `share` of the schedules.
Evaluation evaluate(const std::vector<Row> &rows, double share);

} // namespace girih::tune

#endif // GIRIH_TUNE_EVALUATE_H

//===- Suppression.h - Verdicts that nobody wants to hear -------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_SUPPRESSION_H
#define GIRIH_SIMULATOR_SUPPRESSION_H

#include "girih/Simulator/Verdict.h"

namespace girih::sim {

/// `KIND`, `KIND:LINE` of the PTX, or `KIND:FILE:LINE` of the source that `.loc`
/// names. FILE may be the end of a path.
struct Suppression {
  VerdictKind kind = VerdictKind::Race;
  unsigned line = 0;
  /// "FILE:LINE", or empty.
  std::string source;
  /// For messages: as it was written, and where ("known.txt:3").
  std::string text, origin;

  bool matches(const Verdict &verdict) const;
};

/// Throws Stop (syntax) that names the origin.
Suppression parseSuppression(const std::string &text, const std::string &origin);
/// One a line; `#` begins a comment.
std::vector<Suppression> parseSuppressions(const std::string &text, const std::string &path);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_SUPPRESSION_H

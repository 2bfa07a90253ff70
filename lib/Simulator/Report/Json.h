//===- Json.h - What the writers of reports share ---------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_REPORT_JSON_H
#define GIRIH_SIMULATOR_REPORT_JSON_H

#include "girih/Simulator/Findings.h"

#include <nlohmann/json.hpp>

namespace girih::sim {

struct SourcePlace {
  std::string file;
  unsigned line = 0, column = 0;
};
/// Takes `file:line:column` apart.
std::optional<SourcePlace> parseSource(const std::string &source);

/// The text; bytes that are no UTF-8 are replaced.
std::string dumped(const nlohmann::json &value);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_REPORT_JSON_H

//===- Sarif.cpp - Findings as SARIF 2.1.0 --------------------------------===//
//
// A verdict is a result, its kind a rule; tolerated rules of the PTX ISA are
// results of the level "note". What has been suppressed is not told here.
//
//===----------------------------------------------------------------------===//
#include "Json.h"

#include <cctype>
#include <cstdio>
#include <cstring>
#include <ostream>

namespace girih::sim {
namespace {

using nlohmann::json;

struct KindText {
  VerdictKind kind;
  const char *text;
};
const KindText kinds[] = {{VerdictKind::Syntax, "The PTX or the launch description cannot be read."},
                          {VerdictKind::Unsupported, "An instruction is outside the simulated set."},
                          {VerdictKind::Race, "Two accesses are not ordered."},
                          {VerdictKind::Deadlock, "No warp and no asynchronous unit can move."},
                          {VerdictKind::Misuse, "A rule of the PTX ISA is broken."},
                          {VerdictKind::Uninitialised, "An undefined value reaches an output, an address or a branch."},
                          {VerdictKind::Assertion, "The kernel's own assertion fails."},
                          {VerdictKind::Mismatch, "The result differs from the reference."}};

/// A path as a URI reference (RFC 3986).
std::string uriOf(const std::string &path) {
  std::string uri;
  for (unsigned char c : path) {
    if (std::isalnum(c) || std::strchr("/-._~", c)) {
      uri += char(c);
      continue;
    }
    char escape[4];
    std::snprintf(escape, sizeof escape, "%%%02X", c);
    uri += escape;
  }
  return uri.starts_with('/') ? "file://" + uri : uri;
}

json locationOf(const std::string &path, unsigned line, unsigned column = 0) {
  json place = {{"artifactLocation", {{"uri", uriOf(path)}}}};
  if (line)
    place["region"]["startLine"] = line;
  if (line && column)
    place["region"]["startColumn"] = column;
  return {{"physicalLocation", place}};
}

json resultOf(const Findings &findings, const Verdict &verdict) {
  std::string text = verdict.message;
  if (!verdict.agent.empty())
    text += "\nby " + verdict.agent;
  for (const std::string &note : verdict.notes)
    text += "\n" + note;
  json result = {{"ruleId", verdictName(verdict.kind)},
                 {"ruleIndex", unsigned(verdict.kind)},
                 {"level", "error"},
                 {"message", {{"text", text}}},
                 {"occurrenceCount", verdict.times}};
  json location = locationOf(findings.ptxPath, verdict.line);
  location["logicalLocations"] = json::array({{{"name", findings.kernel}, {"kind", "function"}}});
  result["locations"] = json::array({location});
  if (auto place = parseSource(verdict.source))
    result["relatedLocations"] = json::array({locationOf(place->file, place->line, place->column)});
  return result;
}

} // namespace

void writeSarif(std::ostream &out, const Findings &findings) {
  json driver = {{"name", "girih-sim"}, {"rules", json::array()}};
  for (const KindText &kind : kinds)
    driver["rules"].push_back({{"id", verdictName(kind.kind)}, {"shortDescription", {{"text", kind.text}}}});
  json results = json::array();
  for (const Verdict &verdict : findings.verdicts)
    results.push_back(resultOf(findings, verdict));
  for (const RuleNote &note : findings.notes) {
    const RuleText &text = textOf(note.rule);
    results.push_back(
        {{"ruleId", "misuse"},
         {"ruleIndex", unsigned(VerdictKind::Misuse)},
         {"level", "note"},
         {"message", {{"text", std::string(text.broken) + "\nagainst PTX ISA, \"" + text.section + "\""}}},
         {"locations", json::array({locationOf(findings.ptxPath, note.line)})}});
  }
  json run = {{"tool", {{"driver", driver}}}, {"results", results}, {"columnKind", "utf16CodeUnits"}};
  json log = {
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"}, {"version", "2.1.0"}, {"runs", json::array({run})}};
  out << dumped(log) << "\n";
}

} // namespace girih::sim

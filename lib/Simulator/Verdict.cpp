//===- Verdict.cpp - Findings as text -------------------------------------===//
#include "girih/Simulator/Verdict.h"

#include <algorithm>

namespace girih::sim {

const char *verdictName(VerdictKind kind) {
  switch (kind) {
  case VerdictKind::Syntax:
    return "syntax";
  case VerdictKind::Unsupported:
    return "unsupported";
  case VerdictKind::Race:
    return "race";
  case VerdictKind::Deadlock:
    return "deadlock";
  case VerdictKind::Misuse:
    return "misuse";
  case VerdictKind::Uninitialised:
    return "uninitialised";
  case VerdictKind::Assertion:
    return "assertion";
  case VerdictKind::Mismatch:
    return "mismatch";
  }
  return "verdict";
}

std::optional<VerdictKind> parseVerdictKind(const std::string &name) {
  for (unsigned i = 0; i <= unsigned(VerdictKind::Mismatch); ++i)
    if (name == verdictName(VerdictKind(i)))
      return VerdictKind(i);
  return std::nullopt;
}

std::vector<VerdictGroup> groupByCause(const std::vector<Verdict> &verdicts) {
  std::vector<VerdictGroup> groups;
  for (const Verdict &verdict : verdicts) {
    auto isSame = [&](const VerdictGroup &group) {
      return !verdict.cause.empty() && group.cause == verdict.cause && group.verdicts[0]->kind == verdict.kind;
    };
    auto group = std::find_if(groups.begin(), groups.end(), isSame);
    if (group == groups.end())
      group = groups.insert(groups.end(), VerdictGroup{verdict.cause, {}});
    group->verdicts.push_back(&verdict);
  }
  return groups;
}

std::string VerdictGroup::str() const {
  if (verdicts.size() == 1)
    return verdicts[0]->str();
  std::string text =
      std::string(verdictName(verdicts[0]->kind)) + ": " + cause + ": " + std::to_string(verdicts.size()) + " uses";
  for (const Verdict *verdict : verdicts) {
    // Without the kind, and one step further to the right.
    std::string each = verdict->str();
    text += "\n  ";
    for (char c : each.substr(each.find(": ") + 2))
      text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  }
  return text;
}

std::string Verdict::str() const {
  std::string text = verdictName(kind);
  text += ": ";
  if (line)
    text += "line " + std::to_string(line) + ": ";
  text += message;
  if (!agent.empty())
    text += "\n  by " + agent;
  if (!source.empty())
    text += "\n  from " + source;
  for (const std::string &note : notes)
    text += "\n  " + note;
  return text;
}

} // namespace girih::sim

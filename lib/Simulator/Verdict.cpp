//===- Verdict.cpp - Findings as text -------------------------------------===//
#include "girih/Simulator/Verdict.h"

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
  case VerdictKind::Mismatch:
    return "mismatch";
  }
  return "verdict";
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

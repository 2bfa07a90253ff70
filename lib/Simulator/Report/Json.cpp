//===- Json.cpp - Findings as JSON ----------------------------------------===//
#include "Json.h"

#include <ostream>

namespace girih::sim {

using nlohmann::json;

std::optional<SourcePlace> parseSource(const std::string &source) {
  size_t column = source.rfind(':');
  size_t line = column == source.npos || column == 0 ? source.npos : source.rfind(':', column - 1);
  if (line == source.npos)
    return std::nullopt;
  return SourcePlace{source.substr(0, line), unsigned(std::atoi(source.c_str() + line + 1)),
                     unsigned(std::atoi(source.c_str() + column + 1))};
}

std::string dumped(const json &value) { return value.dump(1, ' ', false, json::error_handler_t::replace); }

static json toJson(const Verdict &verdict) {
  json made = {{"kind", verdictName(verdict.kind)}, {"message", verdict.message}, {"times", verdict.times}};
  if (verdict.line)
    made["line"] = verdict.line;
  if (auto place = parseSource(verdict.source))
    made["source"] = {{"file", place->file}, {"line", place->line}, {"column", place->column}};
  if (!verdict.agent.empty())
    made["agent"] = verdict.agent;
  if (!verdict.cause.empty())
    made["cause"] = verdict.cause;
  if (!verdict.notes.empty())
    made["notes"] = verdict.notes;
  for (const Waiter &waiter : verdict.waiters)
    made["waiters"].push_back({{"name", waiter.name},
                               {"line", waiter.line},
                               {"object", waiter.object},
                               {"state", waiter.state},
                               {"others", waiter.others},
                               {"in_cycle", waiter.isInCycle}});
  return made;
}

void writeJson(std::ostream &out, const Findings &findings) {
  json made = {{"girih_report", 1},
               {"ptx", findings.ptxPath},
               {"kernel", findings.kernel},
               {"target", findings.target},
               {"rules", findings.rules},
               {"schedule", findings.schedule},
               {"runs", findings.runs},
               {"failing_seeds", findings.failingSeeds},
               {"status", findings.isClean() ? "ok" : "failed"},
               {"warp_instructions", findings.warpInstructions},
               {"asynchronous_operations", findings.asynchronousOperations},
               {"verdicts", json::array()},
               {"notes", json::array()}};
  for (const Verdict &verdict : findings.verdicts)
    made["verdicts"].push_back(toJson(verdict));
  for (const RuleNote &note : findings.notes) {
    const RuleText &text = textOf(note.rule);
    made["notes"].push_back({{"broken", text.broken},
                             {"section", text.section},
                             {"relied_on_by", text.reliedOnBy},
                             {"line", note.line},
                             {"agent", note.agent}});
  }
  for (size_t i = 0; i < findings.suppressions.size(); ++i)
    made["suppressions"].push_back({{"text", findings.suppressions[i].text},
                                    {"origin", findings.suppressions[i].origin},
                                    {"times", findings.suppressed[i]}});
  for (const InstructionCount &each : findings.coverage)
    made["coverage"].push_back({{"line", each.place.line},
                                {"function", each.place.function},
                                {"opcode", each.place.opcode},
                                {"executions", each.executions}});
  out << dumped(made) << "\n";
}

} // namespace girih::sim

//===- Html.cpp - Findings as a page --------------------------------------===//
#include "Json.h"
#include "Markup.h"

#include <algorithm>
#include <ostream>
#include <set>
#include <sstream>

namespace girih::sim {
namespace {

const char *const style = R"(body { font: 14px sans-serif; margin: 1.5em; max-width: 1220px; color: #222; }
pre, code, td { font: 12px/1.4 monospace; }
.verdict { border-left: 4px solid #c00; margin: 1em 0; padding: 0.1em 1em; background: #fff6f4; }
.note { border-left: 4px solid #e6b800; margin: 1em 0; padding: 0.1em 1em; background: #fffbe8; }
.excerpt { background: #f4f4f4; padding: 0.5em; overflow-x: auto; }
.hit { background: #ffd9d2; display: inline-block; width: 100%; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
td { padding: 0 0.6em; vertical-align: top; white-space: pre; }
td.number { color: #777; text-align: right; }
tr.bad { background: #ffd9d2; }
tr.never { background: #eee; color: #888; }
tr:target { outline: 2px solid #58c; }
)";

std::vector<std::string> linesOf(const std::string &text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

/// Three lines before and behind one, which stands out.
std::string excerpt(const std::vector<std::string> &lines, unsigned line) {
  if (!line || line > lines.size())
    return "";
  std::string text = "<pre class=\"excerpt\">";
  for (unsigned at = std::max(line, 4u) - 3; at <= std::min<size_t>(line + 3, lines.size()); ++at) {
    std::string each = std::to_string(at) + "  " + escaped(lines[at - 1]);
    text += at == line ? "<span class=\"hit\">" + each + "</span>\n" : each + "\n";
  }
  return text + "</pre>\n";
}

std::string linkTo(unsigned line) {
  std::string number = std::to_string(line);
  return "<a href=\"#L" + number + "\">line " + number + "</a>";
}

class Page {
public:
  Page(std::ostream &out, const Findings &findings, const std::function<std::string(const std::string &)> &readSource)
      : out(out), findings(findings), readSource(readSource), ptx(linesOf(findings.ptx)) {}

  void write() {
    std::string title = "girih-sim: " + escaped(findings.kernel);
    out << "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" << title << "</title>\n<style>\n"
        << style << "</style></head><body>\n<h1>" << title << "</h1>\n";
    out << "<p>" << escaped(findings.ptxPath) << ", " << escaped(findings.target) << ", rules " << findings.rules
        << ", schedule " << findings.schedule << ", " << findings.runs << " runs, " << findings.warpInstructions
        << " warp instructions: <b>" << (findings.isClean() ? "ok" : "failed") << "</b></p>\n";
    for (const VerdictGroup &group : groupByCause(findings.verdicts))
      writeGroup(group);
    for (const RuleNote &note : findings.notes)
      out << "<div class=\"note\"><pre>" << escaped(note.str()) << "</pre></div>\n";
    if (!findings.trace.empty())
      out << "<h2>Timeline</h2>\n<p>Green runs, yellow waits, red waits without an end, blue is asynchronous work; "
             "steps of the schedule from left to right.</p>\n<div class=\"scroll\">"
          << drawTimeline(findings.trace) << "</div>\n";
    writeListing();
    out << "</body></html>\n";
  }

private:
  void writeGroup(const VerdictGroup &group) {
    out << "<div class=\"verdict\">\n<h2>" << verdictName(group.verdicts[0]->kind) << "</h2>\n";
    if (group.verdicts.size() > 1)
      out << "<p><b>" << escaped(group.cause) << ": " << group.verdicts.size() << " uses</b></p>\n";
    for (const Verdict *verdict : group.verdicts)
      writeVerdict(*verdict);
    out << "</div>\n";
  }

  void writeVerdict(const Verdict &verdict) {
    out << "<p>" << (verdict.line ? linkTo(verdict.line) + ": " : "") << escaped(verdict.message);
    if (!verdict.agent.empty())
      out << "<br>by " << escaped(verdict.agent);
    for (const std::string &note : verdict.notes)
      out << "<br>" << escaped(note);
    out << "</p>\n" << excerpt(ptx, verdict.line);
    if (auto place = parseSource(verdict.source)) {
      out << "<p>from " << escaped(verdict.source) << "</p>\n";
      out << excerpt(linesOf(readSource(place->file)), place->line);
    }
    if (!verdict.waiters.empty())
      out << "<div class=\"scroll\">" << drawWaitGraph(verdict.waiters) << "</div>\n";
  }

  /// The text of the PTX: number, executions where they are known, verdicts.
  void writeListing() {
    std::map<unsigned, std::string> kinds;
    for (const Verdict &verdict : findings.verdicts)
      kinds[verdict.line] += (kinds[verdict.line].empty() ? "" : ", ") + std::string(verdictName(verdict.kind));
    std::map<unsigned, uint64_t> executions;
    std::set<unsigned> never;
    for (const InstructionCount &each : findings.coverage) {
      executions[each.place.line] = std::max(executions[each.place.line], each.executions);
      if (!each.executions)
        never.insert(each.place.line);
    }
    out << "<h2>PTX</h2>\n<div class=\"scroll\"><table>\n";
    for (unsigned line = 1; line <= ptx.size(); ++line) {
      auto kind = kinds.find(line);
      const char *look = kind != kinds.end() ? " class=\"bad\"" : never.count(line) ? " class=\"never\"" : "";
      out << "<tr id=\"L" << line << "\"" << look << "><td class=\"number\">" << line << "</td>";
      if (!findings.coverage.empty()) {
        auto count = executions.find(line);
        out << "<td class=\"number\">" << (count == executions.end() ? "" : std::to_string(count->second)) << "</td>";
      }
      out << "<td>" << (kind == kinds.end() ? "" : kind->second) << "</td><td>" << escaped(ptx[line - 1])
          << "</td></tr>\n";
    }
    out << "</table></div>\n";
  }

  std::ostream &out;
  const Findings &findings;
  const std::function<std::string(const std::string &)> &readSource;
  std::vector<std::string> ptx;
};

} // namespace

void writeHtml(std::ostream &out, const Findings &findings,
               const std::function<std::string(const std::string &path)> &readSource) {
  Page(out, findings, readSource).write();
}

} // namespace girih::sim

//===- Suppression.cpp - Verdicts that nobody wants to hear ---------------===//
#include "girih/Simulator/Suppression.h"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace girih::sim {
namespace {

/// A whole number from 1 on; 0 when the text is none.
unsigned lineNumber(const std::string &text) {
  unsigned line = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), line);
  return error == std::errc() && stop == text.data() + text.size() ? line : 0;
}

std::string trimmed(const std::string &text) {
  const char *space = " \t\r";
  size_t begin = text.find_first_not_of(space);
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

} // namespace

bool Suppression::matches(const Verdict &verdict) const {
  if (verdict.kind != kind || (line && verdict.line != line))
    return false;
  if (source.empty())
    return true;
  // "file:line:column" that ends with the source, up to the column.
  std::string place = verdict.source.substr(0, verdict.source.rfind(':'));
  if (!place.ends_with(source))
    return false;
  return place.size() == source.size() || place[place.size() - source.size() - 1] == '/';
}

Suppression parseSuppression(const std::string &text, const std::string &origin) {
  Suppression made;
  made.text = text;
  made.origin = origin;
  auto fail = [&](const std::string &why) {
    throw Stop(VerdictKind::Syntax, origin + ": '" + text + "' should be KIND, KIND:LINE or KIND:FILE:LINE; " + why);
  };
  size_t colon = std::min(text.find(':'), text.size());
  auto kind = parseVerdictKind(text.substr(0, colon));
  if (!kind || *kind == VerdictKind::Syntax || *kind == VerdictKind::Unsupported)
    fail("KIND is one of race, deadlock, misuse, uninitialised, assertion, mismatch");
  made.kind = *kind;
  if (colon == text.size())
    return made;
  std::string place = text.substr(colon + 1);
  size_t last = place.rfind(':');
  unsigned line = lineNumber(place.substr(last == place.npos ? 0 : last + 1));
  if (!line || last == 0)
    fail("LINE is a number from 1");
  if (last == place.npos)
    made.line = line;
  else
    made.source = place;
  return made;
}

std::vector<Suppression> parseSuppressions(const std::string &text, const std::string &path) {
  std::vector<Suppression> made;
  std::istringstream in(text);
  unsigned number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    std::string content = trimmed(line.substr(0, line.find('#')));
    if (!content.empty())
      made.push_back(parseSuppression(content, path + ":" + std::to_string(number)));
  }
  return made;
}

} // namespace girih::sim

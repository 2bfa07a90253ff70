//===- Markup.h - Pieces of HTML and SVG ------------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_REPORT_MARKUP_H
#define GIRIH_SIMULATOR_REPORT_MARKUP_H

#include <string>

namespace girih::sim {

/// Text as it may stand between tags and in quotes; bytes that are no text
/// become question marks.
inline std::string escaped(const std::string &text) {
  std::string made;
  for (unsigned char c : text) {
    if (c == '&')
      made += "&amp;";
    else if (c == '<')
      made += "&lt;";
    else if (c == '>')
      made += "&gt;";
    else if (c == '"')
      made += "&quot;";
    else
      made += c < ' ' && c != '\n' && c != '\t' ? '?' : char(c);
  }
  return made;
}

/// A number of an attribute, in quotes.
inline std::string quoted(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return '"' + text + '"';
}

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_REPORT_MARKUP_H

//===- Mutant.cpp - Tables of faults and their edits ----------------------===//
#include "Mutant.h"

#include "../../lib/Simulator/Launch/Description.h"

#include <nlohmann/json.hpp>
#include <regex>

namespace girih::sim {
namespace {

using nlohmann::json;

/// A wait is a loop around its instruction; ptx.cuh has the only form.
const std::string retry = " @p bra done; bra again;";

VerdictKind kindNamed(const std::string &name) {
  for (VerdictKind kind : {VerdictKind::Race, VerdictKind::Deadlock, VerdictKind::Misuse, VerdictKind::Uninitialised,
                           VerdictKind::Mismatch})
    if (name == verdictName(kind))
      return kind;
  throw Stop(VerdictKind::Syntax, "unknown verdict '" + name + "'");
}

Edit parseEdit(const json &object) {
  Edit edit;
  edit.which = object.value("which", -1);
  if (object.contains("drop")) {
    edit.tag = object["drop"];
    edit.find = R"([\s\S]*)";
  } else if (object.contains("flip")) {
    edit.tag = object["flip"];
    edit.find = R"(again: ([\s\S]*), (%r[0-9]+);)";
    edit.replace = ".reg .b32 q; xor.b32 q, $2, 1; again: $1, q;";
  } else {
    edit.tag = object.value("at", "");
    edit.find = object.at("find");
    edit.replace = object.at("replace");
  }
  return edit;
}

struct Range {
  size_t begin, end;
};

/// The instruction, and nothing else, that carries the tag.
std::vector<Range> taggedInstructions(const std::string &text, const std::string &tag) {
  std::vector<Range> ranges;
  std::string comment = "/*@" + tag + "*/";
  for (size_t at = text.find(comment); at != text.npos; at = text.find(comment, at + 1)) {
    size_t semicolon = text.rfind(';', at);
    size_t before = text.find_last_of(";\n", semicolon - 1);
    size_t end = at + comment.size();
    if (text.compare(end, retry.size(), retry) == 0)
      end += retry.size();
    ranges.push_back({before + 1, end});
  }
  return ranges;
}

std::vector<Range> matches(const std::string &text, const std::string &pattern) {
  std::vector<Range> ranges;
  std::regex regex(pattern);
  for (auto match = std::sregex_iterator(text.begin(), text.end(), regex); match != std::sregex_iterator(); ++match)
    ranges.push_back({size_t(match->position()), size_t(match->position() + match->length())});
  return ranges;
}

std::optional<std::string> applyEdit(const std::string &text, const Edit &edit) {
  auto places = edit.tag.empty() ? matches(text, edit.find) : taggedInstructions(text, edit.tag);
  std::regex pattern(edit.find);
  std::string result;
  size_t from = 0;
  int index = 0;
  bool hasChanged = false;
  for (Range place : places) {
    if (edit.which >= 0 && index++ != edit.which)
      continue;
    std::string old = text.substr(place.begin, place.end - place.begin);
    std::string changed = std::regex_replace(old, pattern, edit.replace, std::regex_constants::format_first_only);
    hasChanged |= changed != old;
    result += text.substr(from, place.begin - from) + changed;
    from = place.end;
  }
  if (!hasChanged)
    return std::nullopt;
  return result + text.substr(from);
}

} // namespace

std::vector<Mutant> readMutants(const std::string &path) {
  std::vector<Mutant> mutants;
  try {
    json table = json::parse(readTextFile(path));
    for (const json &object : table.at("mutants")) {
      Mutant mutant;
      mutant.fault = object.at("fault");
      mutant.launch = object.value("launch", std::string(table.at("launch")));
      mutant.expected = kindNamed(object.value("expect", "race"));
      if (object.contains("edits"))
        for (const json &edit : object["edits"])
          mutant.edits.push_back(parseEdit(edit));
      else
        mutant.edits.push_back(parseEdit(object));
      mutants.push_back(std::move(mutant));
    }
  } catch (const json::exception &error) {
    throw Stop(VerdictKind::Syntax, path + ": " + error.what());
  }
  return mutants;
}

std::optional<std::string> applyMutant(std::string text, const Mutant &mutant) {
  for (const Edit &edit : mutant.edits) {
    auto changed = applyEdit(text, edit);
    if (!changed)
      return std::nullopt;
    text = std::move(*changed);
  }
  return text;
}

} // namespace girih::sim

//===- JsonReader.cpp - JSON with the place of every mistake --------------===//

#include "girih/Runtime/JsonReader.h"
#include <algorithm>
#include <cmath>
#include <set>

using namespace girih;
using namespace girih::runtime;

namespace {

/// "3:14" for the byte of that number, counted from 1.
std::string lineAndColumn(const std::string &text, size_t byte) {
  std::string before = text.substr(0, byte == 0 ? 0 : byte - 1);
  size_t lineStart = before.rfind('\n') + 1; // 0 in the first line
  return std::to_string(1 + std::count(before.begin(), before.end(), '\n')) + ":" +
         std::to_string(1 + before.size() - lineStart);
}

/// Refuses a name that an object has twice; the parser would take the last.
class RepeatedNames {
public:
  explicit RepeatedNames(const std::string &file) : file(file) {}

  bool operator()(int, JsonReader::Json::parse_event_t event, const JsonReader::Json &parsed) {
    using Event = JsonReader::Json::parse_event_t;
    if (event == Event::object_start)
      objects.emplace_back();
    else if (event == Event::object_end)
      objects.pop_back();
    else if (event == Event::key && !objects.back().insert(parsed.get<std::string>()).second)
      throw Error(file + ": an object has '" + parsed.get<std::string>() + "' twice");
    return true;
  }

private:
  const std::string &file;
  std::vector<std::set<std::string>> objects;
};

} // namespace

JsonReader::Json JsonReader::parse(const std::string &text, const std::string &file) {
  Json json;
  try {
    json = Json::parse(text, RepeatedNames(file));
  } catch (const nlohmann::json::parse_error &error) {
    // What the library says of the place comes before what it says of the mistake.
    std::string what = error.what();
    size_t mistake = what.find(": ");
    throw Error(file + ":" + lineAndColumn(text, error.byte) +
                ": not JSON: " + (mistake == std::string::npos ? what : what.substr(mistake + 2)));
  } catch (const nlohmann::json::out_of_range &error) { // a number that no double holds, without its place
    std::string what = error.what();
    throw Error(file + ": not JSON: " + what.substr(what.find("] ") + 2));
  }
  if (!json.is_object())
    throw Error(file + ": a JSON object is expected");
  return json;
}

void JsonReader::fail(const std::string &message) const {
  throw Error(file + ": " + (place.empty() ? "" : place + " ") + message);
}

void JsonReader::requireObject() const {
  if (!json->is_object())
    fail("should be an object");
}

std::optional<JsonReader> JsonReader::optionalMember(const char *name) const {
  requireObject();
  auto found = json->find(name);
  if (found == json->end())
    return std::nullopt;
  return JsonReader(*found, file, place.empty() ? name : place + "." + name);
}

JsonReader JsonReader::member(const char *name) const {
  std::optional<JsonReader> found = optionalMember(name);
  if (!found)
    fail(std::string(place.empty() ? "" : "has no ") + "'" + name + "'" + (place.empty() ? " is missing" : ""));
  return *found;
}

std::vector<JsonReader> JsonReader::elements() const {
  if (!json->is_array())
    fail("should be a list");
  std::vector<JsonReader> result;
  for (size_t i = 0; i < json->size(); ++i)
    result.emplace_back((*json)[i], file, place + "[" + std::to_string(i) + "]");
  return result;
}

std::vector<std::pair<std::string, JsonReader>> JsonReader::members() const {
  requireObject();
  std::vector<std::pair<std::string, JsonReader>> result;
  for (auto item = json->begin(); item != json->end(); ++item)
    result.emplace_back(item.key(),
                        JsonReader(item.value(), file, place.empty() ? item.key() : place + "." + item.key()));
  return result;
}

std::string JsonReader::string() const {
  if (!json->is_string())
    fail("should be a string");
  return json->get<std::string>();
}

int64_t JsonReader::integer(int64_t low, int64_t high) const {
  if (!json->is_number_integer())
    fail("should be a whole number");
  // An unsigned value beyond int64_t would turn negative.
  bool tooLarge = json->is_number_unsigned() && json->get<uint64_t>() > uint64_t(INT64_MAX);
  int64_t value = tooLarge ? 0 : json->get<int64_t>();
  if (tooLarge || value < low || value > high)
    fail("is " + json->dump() + " when it should be from " + std::to_string(low) + " to " + std::to_string(high));
  return value;
}

double JsonReader::number() const {
  if (!json->is_number() || !std::isfinite(json->get<double>()))
    fail("should be a number");
  return json->get<double>();
}

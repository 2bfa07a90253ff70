//===- Pack.cpp - Reading a pack ------------------------------------------===//

#include "girih/Tune/Pack.h"
#include "girih/Runtime/Files.h"
#include "girih/Runtime/JsonReader.h"
#include <algorithm>

using namespace girih;
using namespace girih::tune;
using runtime::JsonReader;

std::vector<std::string> Pack::problems() const {
  std::vector<std::string> names;
  for (const PackEntry &entry : entries)
    if (std::find(names.begin(), names.end(), entry.problem) == names.end())
      names.push_back(entry.problem);
  return names;
}

Pack tune::readPack(const std::string &path) {
  std::string file = path + "/pack.jsonl", text = runtime::readWholeFile(file);
  Pack pack;
  int number = 0;
  for (size_t start = 0, end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    std::string place = file + ":" + std::to_string(++number);
    JsonReader::Json json = JsonReader::parse(text.substr(start, end - start), place);
    JsonReader line(json, place);
    if (number == 1) {
      line.member("girih_pack").integer(1, 1);
      pack.target = line.member("target").string();
      pack.compiler = line.member("compiler").string();
      pack.assembler = line.member("assembler").string();
    } else if (auto manifest = line.optionalMember("manifest")) {
      pack.entries.push_back({line.member("problem").string(), line.member("schedule").string(),
                              path + "/" + manifest->string(), line.member("predicted_us").number()});
    }
  }
  if (pack.entries.empty())
    throw Error(file + ": has no compiled schedule");
  return pack;
}

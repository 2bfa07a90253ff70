//===- Settings.cpp - What girih-sim asks of the host library -------------===//
#include "Settings.h"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

namespace girih::sim::host {

using nlohmann::json;

std::string writeSettings(const Settings &settings) {
  const Options &options = settings.options;
  json object = {{"schedule", int(options.schedule)},
                 {"seed", options.seed},
                 {"schedules", settings.schedules},
                 {"threads", options.threads},
                 {"rules", int(options.rules)},
                 {"most_verdicts", options.mostVerdicts},
                 {"keeps_going", options.keepsGoing},
                 {"instruction_limit", options.instructionLimit},
                 {"ignored", settings.ignored},
                 {"chip", settings.chip},
                 {"only", settings.only},
                 {"launches", settings.launches},
                 {"record", settings.record},
                 {"results", settings.results}};
  if (settings.multiprocessors)
    object["multiprocessors"] = *settings.multiprocessors;
  return object.dump();
}

Settings readSettings() {
  Settings settings;
  const char *text = std::getenv(settingsVariable);
  if (!text)
    return settings;
  json object = json::parse(text);
  Options &options = settings.options;
  options.schedule = Schedule(object.at("schedule").get<int>());
  options.rules = RuleSet(object.at("rules").get<int>());
  object.at("seed").get_to(options.seed);
  object.at("threads").get_to(options.threads);
  object.at("most_verdicts").get_to(options.mostVerdicts);
  object.at("keeps_going").get_to(options.keepsGoing);
  object.at("instruction_limit").get_to(options.instructionLimit);
  object.at("schedules").get_to(settings.schedules);
  object.at("ignored").get_to(settings.ignored);
  object.at("chip").get_to(settings.chip);
  object.at("only").get_to(settings.only);
  object.at("launches").get_to(settings.launches);
  object.at("record").get_to(settings.record);
  object.at("results").get_to(settings.results);
  if (object.contains("multiprocessors"))
    settings.multiprocessors = object["multiprocessors"].get<uint32_t>();
  for (const std::string &ignored : settings.ignored)
    options.suppressions.push_back(parseSuppression(ignored, "--ignore"));
  return settings;
}

void appendResult(const std::string &path, const LaunchResult &result) {
  if (path.empty())
    return;
  std::ofstream out(path, std::ios::app);
  out << (std::to_string(result.verdicts) + " " + std::to_string(result.warpInstructions) + " " +
          std::to_string(result.asynchronousOperations) + " " + std::to_string(result.isJudged) + "\n");
}

std::vector<LaunchResult> readResults(const std::string &path) {
  std::vector<LaunchResult> results;
  std::ifstream in(path);
  LaunchResult result;
  while (in >> result.verdicts >> result.warpInstructions >> result.asynchronousOperations >> result.isJudged)
    results.push_back(result);
  return results;
}

} // namespace girih::sim::host

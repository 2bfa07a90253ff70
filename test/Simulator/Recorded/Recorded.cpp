//===- Recorded.cpp - What a GPU gave for every form ----------------------===//
#include "Recorded.h"

#include "girih/Support/Error.h"

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace girih::sim {

std::string hashOf(const std::vector<uint8_t> &bytes) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(XXH3_64bits(bytes.data(), bytes.size())));
  return text;
}

Recorded readRecorded(const std::string &path) {
  std::ifstream file(path);
  auto json = nlohmann::json::parse(file, nullptr, false);
  if (json.is_discarded())
    throw Error("cannot read `" + path + "` as JSON");
  return {json.at("device"), json.at("forms")};
}

void writeRecorded(const std::string &path, const Recorded &recorded) {
  nlohmann::ordered_json json{{"device", recorded.device}, {"forms", recorded.hashes}};
  std::ofstream(path) << json.dump(1) << "\n";
}

std::vector<Form> readForms(const std::string &folder) {
  std::vector<Form> forms = readArithmeticForms(folder + "/arithmetic.txt");
  for (Form &form : readMatrixForms(folder + "/matrix.txt"))
    forms.push_back(std::move(form));
  for (Form &form : readCopyForms(folder))
    forms.push_back(std::move(form));
  return forms;
}

Launch simulate(const Form &form) {
  Launch launch = form.launch;
  Report report = Simulator(form.ptx).run(launch, {});
  if (!report.isClean())
    throw Error(report.verdicts[0].str());
  unifyNaNs(form, launch.buffers[1].bytes);
  return launch;
}

} // namespace girih::sim

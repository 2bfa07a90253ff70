//===- Results.cpp - girih-tune best and evaluate -------------------------===//

#include "Commands.h"
#include "girih/Support/Error.h"
#include "girih/Tune/Evaluate.h"
#include <cstdio>

using namespace girih;
using namespace girih::tune;

int tune::printBest(const ResultsCommand &command) {
  Database database(command.database);
  if (command.format == "csv")
    std::printf("problem,target,device,driver,compiler,assembler,milliseconds,schedule\n");
  for (const Key &key : database.keys()) {
    std::vector<Row> rows = database.rows(key);
    const Row *best = bestRow(rows);
    if (command.format == "table") {
      std::printf("%s\n  %s, %s, driver %d, compiler %s, %s\n", key.problem.c_str(), key.target.c_str(),
                  key.device.c_str(), key.driver, key.compiler.c_str(), key.assembler.c_str());
      if (best)
        std::printf("  %.4f ms  %s\n", best->milliseconds, best->schedule.c_str());
      else
        std::printf("  none is confirmed yet, %zu are measured\n", rows.size());
    } else if (best) {
      std::printf("\"%s\",%s,%s,%d,%s,%s,%.6g,\"%s\"\n", key.problem.c_str(), key.target.c_str(), key.device.c_str(),
                  key.driver, key.compiler.c_str(), key.assembler.c_str(), best->milliseconds, best->schedule.c_str());
    }
  }
  return 0;
}

int tune::printEvaluation(const ResultsCommand &command) {
  Database database(command.database);
  for (const Key &key : database.keys()) {
    Evaluation result = evaluate(database.rows(key), command.share);
    std::printf("%s\n  %s, %s, driver %d\n  %zu measured, %zu timed, %zu wrong, %zu failed; best %.4f ms\n"
                "  cost model: rank correlation %.3f, its first choice takes %.1f %% longer than the best\n"
                "  search: with %zu measurements it ends %.1f %% above the best\n",
                key.problem.c_str(), key.target.c_str(), key.device.c_str(), key.driver, result.measured, result.timed,
                result.wrong, result.failed, result.best, result.rankCorrelation, 100 * result.modelRegret,
                result.limit, 100 * result.searchRegret);
  }
  return 0;
}

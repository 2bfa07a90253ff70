//===- Lookup.cpp - Reading one schedule of a database --------------------===//

#include "girih/Tune/Lookup.h"
#include "Sqlite.h"

using namespace girih::tune;

static constexpr char kBest[] = "SELECT schedule FROM schedules WHERE problem = ? AND target = ? AND compiler = ? "
                                "AND confirmed = 1 ORDER BY session DESC, milliseconds LIMIT 1";

static Lookup lookup(sqlite3 *database, const std::string &problem, const std::string &target,
                     const std::string &compiler) {
  Lookup result;
  Statement version(database, "PRAGMA user_version");
  if (version.step() && version.integer(0) != kDatabaseVersion) {
    result.error = "it has version " + std::to_string(version.integer(0)) + ", this compiler reads version " +
                   std::to_string(kDatabaseVersion);
    return result;
  }
  Statement best(database, kBest);
  if (best.bind(problem).bind(target).bind(compiler).step())
    result.schedule = best.text(0);
  if (version.failed() || best.failed())
    result.error = sqlite3_errmsg(database);
  return result;
}

Lookup girih::tune::lookupSchedule(const std::string &path, const std::string &problem, const std::string &target,
                                   const std::string &compiler) {
  sqlite3 *database = nullptr;
  Lookup result;
  if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK)
    result = lookup(database, problem, target, compiler);
  else
    result.error = database ? sqlite3_errmsg(database) : "out of memory";
  sqlite3_close(database);
  return result;
}

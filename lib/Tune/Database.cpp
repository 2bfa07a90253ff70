//===- Database.cpp - What was measured, in SQLite ------------------------===//

#include "girih/Tune/Database.h"
#include "Sqlite.h"
#include "girih/Support/Error.h"
#include <ctime>

using namespace girih;
using namespace girih::tune;

namespace {

constexpr char kTable[] = R"(
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS schedules(
    problem TEXT NOT NULL, target TEXT NOT NULL, device TEXT NOT NULL, driver INTEGER NOT NULL,
    compiler TEXT NOT NULL, assembler TEXT NOT NULL, schedule TEXT NOT NULL,
    state TEXT NOT NULL, milliseconds REAL, rounds INTEGER NOT NULL, confirmed INTEGER NOT NULL,
    predicted_us REAL, reason TEXT, session INTEGER NOT NULL,
    PRIMARY KEY(problem, target, device, driver, compiler, assembler, schedule));)";

constexpr const char *kStates[] = {"timed", "slow", "wrong", "failed"};

constexpr char kOfKey[] = "SELECT schedule, state, milliseconds, rounds, confirmed, predicted_us, reason "
                          "FROM schedules WHERE problem = ? AND target = ? AND device = ? AND driver = ? "
                          "AND compiler = ? AND assembler = ? ORDER BY rowid";

State stateOf(const std::string &text) {
  for (int i = 0; i < 4; ++i)
    if (text == kStates[i])
      return State(i);
  throw Error("the database has a schedule in state '" + text + "'");
}

void bindKey(Statement &statement, const Key &key) {
  statement.bind(key.problem).bind(key.target).bind(key.device).bind(key.driver).bind(key.compiler).bind(key.assembler);
}

} // namespace

struct Database::Connection {
  sqlite3 *database = nullptr;
  std::string path;
  int64_t session = std::time(nullptr);

  ~Connection() { sqlite3_close(database); }

  [[noreturn]] void fail() const { throw Error(path + ": " + sqlite3_errmsg(database)); }
  void check(const Statement &statement) const {
    if (statement.failed())
      fail();
  }
  int version() const {
    Statement statement(database, "PRAGMA user_version");
    int version = statement.step() ? statement.integer(0) : 0;
    check(statement);
    return version;
  }
  void execute(const std::string &text) const {
    if (sqlite3_exec(database, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      fail();
  }
};

Database::Database(const std::string &path, bool create) : connection(std::make_unique<Connection>()) {
  connection->path = path;
  int flags = create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  if (sqlite3_open_v2(path.c_str(), &connection->database, flags, nullptr) != SQLITE_OK)
    connection->fail();
  sqlite3_busy_timeout(connection->database, 10000);
  int version = connection->version();
  if (create && version == 0) {
    connection->execute(kTable);
    connection->execute("PRAGMA user_version = " + std::to_string(kDatabaseVersion));
  } else if (version != kDatabaseVersion) {
    throw Error(path + ": is version " + std::to_string(version) + " of the database, this program has version " +
                std::to_string(kDatabaseVersion));
  }
}

Database::~Database() = default;

std::vector<Key> Database::keys() const {
  Statement statement(connection->database, "SELECT DISTINCT problem, target, device, driver, compiler, assembler "
                                            "FROM schedules ORDER BY 1, 2, 3, 4, 5, 6");
  std::vector<Key> keys;
  while (statement.step())
    keys.push_back({statement.text(0), statement.text(1), statement.text(2), statement.integer(3), statement.text(4),
                    statement.text(5)});
  connection->check(statement);
  return keys;
}

std::vector<Row> Database::rows(const Key &key) const {
  Statement statement(connection->database, kOfKey);
  bindKey(statement, key);
  std::vector<Row> rows;
  while (statement.step())
    rows.push_back({statement.text(0), stateOf(statement.text(1)), statement.number(2), statement.integer(3),
                    statement.integer(4) != 0, statement.number(5), statement.text(6)});
  connection->check(statement);
  return rows;
}

void Database::keep(const Key &key, const Row &row) {
  Statement statement(connection->database, "INSERT OR REPLACE INTO schedules VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  bindKey(statement, key);
  statement.bind(row.schedule)
      .bind(std::string(kStates[int(row.state)]))
      .bind(row.milliseconds)
      .bind(row.rounds)
      .bind(int(row.confirmed))
      .bind(row.predicted)
      .bind(row.reason)
      .bind(connection->session);
  statement.step();
  connection->check(statement);
}

const Row *tune::bestRow(const std::vector<Row> &rows) {
  const Row *best = nullptr;
  for (const Row &row : rows)
    if (row.state == State::Timed && row.confirmed && (!best || row.milliseconds < best->milliseconds))
      best = &row;
  return best;
}

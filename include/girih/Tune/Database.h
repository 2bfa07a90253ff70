//===- Database.h - What was measured, in SQLite ----------------*- C++ -*-===//
//
// One row for each schedule that was tried, committed when it was tried, so that an
// interruption loses the one that runs. docs/tuning.md has the columns.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_TUNE_DATABASE_H
#define GIRIH_TUNE_DATABASE_H

#include <memory>
#include <string>
#include <vector>

namespace girih::tune {

/// What a time holds for.
struct Key {
  std::string problem, target, device;
  int driver = 0;
  std::string compiler, assembler;
};

/// What became of a schedule.
enum class State {
  Timed,
  Slow,   ///< its first launch took so long that no other followed
  Wrong,  ///< its result was
  Failed, ///< it could not be loaded, or did not end
};

struct Row {
  std::string schedule;
  State state = State::Failed;
  double milliseconds = 0; ///< the median of `rounds`
  int rounds = 0;          ///< 1 where only the first launch was timed
  bool confirmed = false;  ///< compared with float64 on all patterns of data
  double predicted = 0;    ///< microseconds, by the cost model
  std::string reason;      ///< of Wrong and Failed
};

/// An open database. Everything throws Error.
class Database {
public:
  /// Opens the file at `path`; makes it when it is not there and `create` is set.
  explicit Database(const std::string &path, bool create = false);
  ~Database();
  Database(const Database &) = delete;
  Database &operator=(const Database &) = delete;

  std::vector<Key> keys() const;
  std::vector<Row> rows(const Key &key) const;
  /// Writes a row, over the one of the same schedule.
  void keep(const Key &key, const Row &row);

private:
  struct Connection;
  std::unique_ptr<Connection> connection;
};

/// The row that the compiler takes: the fastest of those that are confirmed. Null if none.
const Row *bestRow(const std::vector<Row> &rows);

} // namespace girih::tune

#endif // GIRIH_TUNE_DATABASE_H

//===- Sqlite.h - A statement with what it holds ----------------*- C++ -*-===//
#ifndef GIRIH_LIB_TUNE_SQLITE_H
#define GIRIH_LIB_TUNE_SQLITE_H

#include <sqlite3.h>
#include <string>

namespace girih::tune {

/// The version of the table, in the file's user_version.
inline constexpr int kDatabaseVersion = 1;

/// A prepared statement. Errors are codes of SQLite; nothing throws.
class Statement {
public:
  Statement(sqlite3 *database, const char *text) { code = sqlite3_prepare_v2(database, text, -1, &statement, nullptr); }
  ~Statement() { sqlite3_finalize(statement); }
  Statement(const Statement &) = delete;
  Statement &operator=(const Statement &) = delete;

  Statement &bind(const std::string &text) {
    sqlite3_bind_text(statement, ++bound, text.data(), int(text.size()), SQLITE_TRANSIENT);
    return *this;
  }
  Statement &bind(double number) {
    sqlite3_bind_double(statement, ++bound, number);
    return *this;
  }
  Statement &bind(int number) {
    sqlite3_bind_int(statement, ++bound, number);
    return *this;
  }

  Statement &bind(int64_t number) {
    sqlite3_bind_int64(statement, ++bound, number);
    return *this;
  }

  /// Whether there is a next row; `code` tells the end from an error.
  bool step() {
    if (code == SQLITE_OK || code == SQLITE_ROW)
      code = sqlite3_step(statement);
    return code == SQLITE_ROW;
  }
  bool failed() const { return code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE; }

  std::string text(int column) const {
    const unsigned char *value = sqlite3_column_text(statement, column);
    return value ? reinterpret_cast<const char *>(value) : "";
  }
  double number(int column) const { return sqlite3_column_double(statement, column); }
  int integer(int column) const { return sqlite3_column_int(statement, column); }

private:
  sqlite3_stmt *statement = nullptr;
  int code = SQLITE_OK, bound = 0;
};

} // namespace girih::tune

#endif // GIRIH_LIB_TUNE_SQLITE_H

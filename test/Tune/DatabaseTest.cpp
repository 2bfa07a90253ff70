//===- DatabaseTest.cpp - What is kept and what the compiler reads --------===//

#include "girih/Tune/Database.h"
#include "girih/Support/Error.h"
#include "girih/Tune/Lookup.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace girih;
using namespace girih::tune;

namespace {

class DatabaseTest : public testing::Test {
protected:
  void SetUp() override { TearDown(); }
  void TearDown() override {
    for (const char *suffix : {"", "-wal", "-shm"})
      std::filesystem::remove(path + suffix);
  }

  static Row timed(const std::string &schedule, double milliseconds, bool confirmed) {
    Row row;
    row.schedule = schedule;
    row.state = State::Timed;
    row.milliseconds = milliseconds;
    row.rounds = 15;
    row.confirmed = confirmed;
    return row;
  }

  std::string found(const std::string &problem = "p", const std::string &target = "sm_90a",
                    const std::string &compiler = "1") const {
    Lookup result = lookupSchedule(path, problem, target, compiler);
    EXPECT_EQ("", result.error);
    return result.schedule;
  }

  const std::string path = testing::TempDir() + "girih-database-test.sqlite";
  const Key key{"p", "sm_90a", "GPU", 13000, "1", "V13"};
};

} // namespace

TEST_F(DatabaseTest, keeps_rows_by_key) {
  Row row = timed("rows=1", 1.5, false);
  row.predicted = 1400;
  Row wrong;
  wrong.schedule = "rows=2";
  wrong.state = State::Wrong;
  wrong.reason = "o: 3 rows";
  {
    Database database(path, true);
    database.keep(key, timed("rows=1", 9, false));
    database.keep(key, row);
    database.keep(key, wrong);
    Key other = key;
    other.driver = 13010;
    database.keep(other, timed("rows=3", 1, true));
  }
  Database database(path);
  EXPECT_EQ(2u, database.keys().size());
  std::vector<Row> rows = database.rows(key);
  ASSERT_EQ(2u, rows.size());
  const Row &first = rows[0].schedule == "rows=1" ? rows[0] : rows[1], &second = &first == &rows[0] ? rows[1] : rows[0];
  EXPECT_EQ(1.5, first.milliseconds);
  EXPECT_EQ(1400, first.predicted);
  EXPECT_EQ(State::Wrong, second.state);
  EXPECT_EQ("o: 3 rows", second.reason);
  EXPECT_EQ(nullptr, bestRow(rows)); // none is confirmed
}

TEST_F(DatabaseTest, compiler_reads_the_fastest_that_is_confirmed) {
  Database database(path, true);
  database.keep(key, timed("rows=1", 3, true));
  database.keep(key, timed("rows=2", 2, true));
  database.keep(key, timed("rows=3", 1, false));
  EXPECT_EQ("rows=2", found());
  EXPECT_EQ("", found("other"));
  EXPECT_EQ("", found("p", "sm_100a"));
  EXPECT_EQ("", found("p", "sm_90a", "2"));
}

TEST_F(DatabaseTest, what_cannot_be_read_is_named) {
  EXPECT_EQ("unable to open database file", lookupSchedule("/nowhere/x", "p", "t", "1").error);
  EXPECT_THROW(Database("/nowhere/x"), Error);
  std::ofstream(path) << "not a database, but long enough to be looked at by SQLite";
  EXPECT_EQ("file is not a database", lookupSchedule(path, "p", "t", "1").error);
  EXPECT_THROW(Database(path, true), Error);
}

//===- MeasureTest.cpp - girih-tune against the fake driver ---------------===//
//
// Times are those of the fake driver's clock: 3 ms for the fast kernel, 50 ms for the
// slow one, 5 ms for others.
//
//===----------------------------------------------------------------------===//

#include "girih/Runtime/Files.h"
#include "girih/Tune/Database.h"
#include "girih/Tune/Pack.h"
#include "test/Runtime/TestManifest.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sys/wait.h>

using namespace girih;
using namespace girih::tune;
using namespace girih::runtime;
using namespace girih::runtime::test;

namespace {

class MeasureTest : public testing::Test {
protected:
  void SetUp() override {
    TearDown();
    std::filesystem::create_directories(folder);
    writeWholeFile(folder + "/attention.cubin", fakeCubin);
    index = "{\"girih_pack\":1,\"target\":\"sm_90a\",\"compiler\":\"1\",\"assembler\":\"V13\"}\n";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  /// A schedule of the pack, whose code is the fake driver's kernel of that name.
  void add(const std::string &schedule, const std::string &kernel, double predicted = 1) {
    std::string text = replaced(attentionText(), "00000000000000000000000000000000", hashBytes(fakeCubin));
    text = replaced(text, "\"kernel\": \"attention\"", "\"kernel\": \"" + kernel + "\"");
    text = replaced(text, "\"sq\": null, \"skv\": null", "\"sq\": 70, \"skv\": 32");
    writeWholeFile(folder + "/" + schedule + ".json", text);
    index += "{\"problem\":\"p\",\"schedule\":\"" + schedule + "\",\"manifest\":\"" + schedule +
             ".json\",\"predicted_us\":" + std::to_string(predicted) + "}\n";
  }

  /// Runs girih-tune; its output is in `output`.
  int run(const std::string &arguments) {
    writeWholeFile(folder + "/pack.jsonl", index);
    std::string command = std::string("LD_LIBRARY_PATH='") + FAKE_CUDA_DIR + "' " + GIRIH_TUNE + " " + arguments +
                          " >" + folder + "/output 2>&1";
    int status = std::system(command.c_str());
    output = readWholeFile(folder + "/output");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int measure(const std::string &options = "") {
    return run("measure " + folder + " --database " + database + " --rounds 2 --timeout 1 " + options);
  }

  std::map<std::string, Row> rows() const {
    std::map<std::string, Row> result;
    Database opened(database);
    for (const Key &key : opened.keys())
      for (const Row &row : opened.rows(key))
        result[row.schedule] = row;
    return result;
  }
  bool says(const std::string &part) const { return output.find(part) != std::string::npos; }

  const std::string folder = testing::TempDir() + "girih-measure-test", database = folder + "/database";
  std::string index, output;
};

} // namespace

TEST_F(MeasureTest, finds_the_fastest_right_one) {
  add("rows=1", "attention");
  add("rows=2", "attention_fast");
  add("rows=3", "attention_slow");
  add("rows=4", "wrong_tile");
  add("rows=5", "skips_row");
  add("rows=6", "missing");
  EXPECT_EQ(0, measure()) << output;
  EXPECT_TRUE(says("3.0000 ms  rows=2")) << output;
  auto found = rows();
  ASSERT_EQ(6u, found.size());
  EXPECT_EQ(State::Timed, found["rows=1"].state);
  EXPECT_EQ(5, found["rows=1"].milliseconds);
  EXPECT_TRUE(found["rows=2"].confirmed);
  EXPECT_FALSE(found["rows=1"].confirmed);
  EXPECT_EQ(State::Slow, found["rows=3"].state);
  EXPECT_EQ(1, found["rows=3"].rounds);
  EXPECT_EQ(State::Wrong, found["rows=4"].state);
  EXPECT_NE(std::string::npos, found["rows=4"].reason.find("rows differ from those of a right kernel, first row 64"))
      << found["rows=4"].reason;
  EXPECT_EQ(State::Wrong, found["rows=5"].state);
  EXPECT_EQ(State::Failed, found["rows=6"].state);
  EXPECT_EQ(0, run("best " + database + " --format csv"));
  EXPECT_TRUE(says("\"p\",sm_90a,Fake GPU,13000,1,V13,3,\"rows=2\"")) << output;
  EXPECT_EQ(0, run("evaluate " + database));
  EXPECT_TRUE(says("6 measured, 3 timed, 2 wrong, 1 failed; best 3.0000 ms")) << output;
}

// The first of a pack is the compiler's own choice. With the fastest it runs in the last race: a
// gain is that of one race.
TEST_F(MeasureTest, own_choice_is_in_the_last_race) {
  add("rows=1", "attention");
  for (int i = 2; i < 8; ++i)
    add("rows=" + std::to_string(i), "attention_fast");
  EXPECT_EQ(0, measure("--finalists 1")) << output;
  EXPECT_EQ(2, rows()["rows=1"].rounds);
  EXPECT_EQ(3, rows()["rows=7"].rounds); // screened
  EXPECT_TRUE(says("racing the last 2")) << output;
}

// One launch says little: 305 microseconds when cold are no reason to stop where 160 follow.
TEST_F(MeasureTest, short_kernel_is_not_judged_by_its_first_launch) {
  add("rows=1", "attention_short");
  add("rows=2", "attention_cold");
  EXPECT_EQ(0, measure()) << output;
  EXPECT_TRUE(says("0.1600 ms  rows=2")) << output;
  EXPECT_EQ(State::Timed, rows()["rows=2"].state);
}

TEST_F(MeasureTest, wrong_kernel_is_no_reference) {
  add("rows=1", "wrong_tile");
  add("rows=2", "attention");
  EXPECT_EQ(0, measure()) << output;
  EXPECT_EQ(State::Wrong, rows()["rows=1"].state);
  EXPECT_NE(std::string::npos, rows()["rows=1"].reason.find("checked rows are wrong"));
}

TEST_F(MeasureTest, none_right_is_a_failure) {
  add("rows=1", "wrong_tile");
  EXPECT_EQ(1, measure()) << output;
  EXPECT_TRUE(says("no schedule of p gives a right result")) << output;
}

TEST_F(MeasureTest, kernel_that_differs_between_launches_is_not_confirmed) {
  add("rows=1", "attention");
  add("rows=2", "unrepeatable");
  measure();
  EXPECT_FALSE(rows()["rows=2"].confirmed);
  EXPECT_TRUE(rows()["rows=1"].confirmed) << output;
}

TEST_F(MeasureTest, goes_on_after_a_kernel_that_hangs) {
  add("rows=1", "attention");
  add("rows=2", "hang");
  EXPECT_EQ(1, measure()) << output;
  EXPECT_TRUE(says("did not finish within 1 s; run again to go on without it")) << output;
  EXPECT_EQ(State::Failed, rows()["rows=2"].state);
  EXPECT_EQ(0, measure()) << output;
  EXPECT_TRUE(rows()["rows=1"].confirmed);
}

TEST_F(MeasureTest, measures_only_what_the_database_has_not) {
  add("rows=1", "attention");
  add("rows=2", "attention");
  EXPECT_EQ(0, measure()) << output;
  EXPECT_TRUE(says("screening 2 of 2")) << output;
  EXPECT_EQ(0, measure()) << output;
  EXPECT_FALSE(says("screening")) << output;
  add("rows=3", "attention_fast");
  EXPECT_EQ(0, measure()) << output;
  EXPECT_TRUE(says("screening 3 of 3")) << output;
  EXPECT_TRUE(rows()["rows=3"].confirmed);
}

TEST_F(MeasureTest, limited_to_a_share_begins_with_the_model) {
  for (int i = 0; i < 20; ++i)
    add("rows=" + std::to_string(i + 1), i == 13 ? "attention_fast" : "attention", i == 13 ? 1 : 2);
  EXPECT_EQ(0, measure("--share 0.2")) << output;
  EXPECT_EQ(4u, rows().size());
  EXPECT_TRUE(rows()["rows=14"].confirmed);
}

TEST_F(MeasureTest, pack_that_is_not_whole) {
  add("rows=1", "attention");
  index += "{\"problem\":\"p\",\"sched"; // interrupted
  EXPECT_EQ(0, measure()) << output;
  index = "{\"girih_pack\":2}\n";
  EXPECT_EQ(2, measure());
  EXPECT_TRUE(says("pack.jsonl:1: girih_pack is 2")) << output;
  index = "{\"girih_pack\":1,\"target\":\"sm_90a\",\"compiler\":\"1\",\"assembler\":\"\"}\n";
  EXPECT_EQ(2, measure());
  EXPECT_TRUE(says("has no compiled schedule")) << output;
  EXPECT_EQ(2, run("measure /nowhere --database " + database));
  EXPECT_TRUE(says("/nowhere/pack.jsonl: cannot open")) << output;
}

TEST_F(MeasureTest, commands_of_the_compiler_are_named_where_it_is_not) {
  std::filesystem::copy_file(GIRIH_TUNE, folder + "/girih-tune");
  std::system((folder + "/girih-tune compile x >" + folder + "/said 2>&1").c_str());
  EXPECT_NE(std::string::npos, readWholeFile(folder + "/said").find("`measure` a pack that was made elsewhere"));
}

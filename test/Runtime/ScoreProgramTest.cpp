//===- ScoreProgramTest.cpp - Functions in postfix notation ---------------===//

#include "girih/Reference/Attention.h"
#include "girih/Support/Error.h"
#include <array>
#include <cmath>
#include <gtest/gtest.h>

using namespace girih;
using namespace girih::reference;

namespace {

TEST(ScoreProgramTest, evaluates_postfix) {
  auto evaluate = [](const std::vector<std::string> &words) {
    return ScoreProgram(words).evaluate({3, 1, 2, 10, 4, 20, 30});
  };
  EXPECT_DOUBLE_EQ(30 * std::tanh(0.1), evaluate({"s", "30", "div", "tanh", "30", "mul"}));
  EXPECT_EQ(3 - 0.5 * 6, evaluate({"s", "0.5", "q", "k", "sub", "mul", "sub"}));
  EXPECT_EQ(2, evaluate({"q", "k", "mod"}));
  EXPECT_EQ(2, evaluate({"q", "k", "idiv"}));
  EXPECT_EQ(-INFINITY, evaluate({"b", "h", "ge", "s", "-inf", "select"}));
  EXPECT_EQ(36, evaluate({"s", "2", "mul", "=t", "t", "mul"}));
  EXPECT_TRUE(ScoreProgram({"s", "tanh"}).isApproximate());
  EXPECT_FALSE(ScoreProgram({"s", "2", "mul"}).isApproximate());
}

/// A table [2, 3] in rows of 4 and three integers.
struct Captured {
  float table[8] = {0, 1, 2, -1, 10, 11, 12, -1};
  int64_t wide[3] = {5, (int64_t(1) << 32) + 7, -2};
  Captures captures{{{"table", ElementType::F32, {2, 3}, {4, 1}, table}, {"wide", ElementType::I64, {3}, {1}, wide}},
                    {{"factor", 0.5}}};
};

TEST(ScoreProgramTest, reads_captured_tensors) {
  Captured captured;
  auto evaluate = [&](const std::vector<std::string> &words) {
    return ScoreProgram(words, captured.captures).evaluate({3, 1, 2, 10, 4, 20, 30});
  };
  EXPECT_EQ(11, evaluate({"b", "1", "@table"}));
  EXPECT_EQ(12, evaluate({"b", "k", "@table"})) << "beyond the last";
  EXPECT_EQ(0, evaluate({"b", "2", "sub", "-4", "@table"})) << "below the first";
  EXPECT_EQ(7, evaluate({"1", "@wide"})) << "the lower half";
  EXPECT_EQ(-2, evaluate({"h", "@wide"}));
  EXPECT_EQ(1.5, evaluate({"s", "$factor", "mul"}));
  ScoreProgram program({"b", "q", "k", "sub", "@table"}, captured.captures);
  std::array<Interval, ScoreProgram::inputs> inputs{};
  inputs[1] = {1, 1};
  inputs[3] = {1, 2};
  inputs[4] = {0, 1};
  Interval found = program.bound(inputs);
  EXPECT_EQ(10, found.low);
  EXPECT_EQ(12, found.high);
  inputs[1] = {0, 1}; // more than one row
  EXPECT_EQ(Interval::anything().low, program.bound(inputs).low);
  EXPECT_FALSE(program.lacksData());
  captured.captures.tensors[0].data = nullptr;
  EXPECT_TRUE(ScoreProgram({"b", "q", "@table"}, captured.captures).lacksData());
}

TEST(ScoreProgramTest, mistakes_about_captures_are_told) {
  Captured captured;
  auto message = [&](const std::vector<std::string> &words) -> std::string {
    try {
      ScoreProgram program(words, captured.captures);
    } catch (const Error &error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ("score: '@other' is no tensor of the problem", message({"k", "@other"}));
  EXPECT_EQ("score: '$other' is no number of the problem", message({"$other"}));
  EXPECT_EQ("score: '@table' takes 2 indices when there are 1", message({"k", "@table"}));
}

TEST(ScoreProgramTest, mistakes_are_told) {
  auto message = [](const std::vector<std::string> &words) -> std::string {
    try {
      ScoreProgram program(words);
    } catch (const Error &error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ("score: '=t' has no value to keep", message({"=t", "s"}));
  EXPECT_EQ("score: 't' is not a number, a variable or an operation", message({"t", "s", "=t"}));
  EXPECT_EQ("score: 'add' takes 2 operands when there are 1", message({"s", "add"}));
  EXPECT_EQ("score: 2 values are left when there should be 1", message({"s", "k"}));
  EXPECT_EQ("score: 'x' is not a number, a variable or an operation", message({"x"}));
}

TEST(ScoreProgramTest, intervals_hold_what_is_in_them) {
  const std::vector<std::vector<std::string>> programs = {{"k", "q", "mul", "h", "sub"},
                                                          {"k", "q", "sub", "3", "idiv"},
                                                          {"q", "k", "sub", "5", "mod", "neg"},
                                                          {"k", "q", "sub", "abs"},
                                                          {"k", "q", "min", "h", "max"},
                                                          {"k", "q", "lt", "k", "2", "mul", "q", "select"},
                                                          {"k", "q", "eq", "not"},
                                                          {"k", "exp"}};
  for (const std::vector<std::string> &words : programs) {
    ScoreProgram program(words);
    for (int64_t q = -6; q < 6; ++q)
      for (int64_t k = -6; k < 6; ++k)
        for (int64_t size = 0; size < 4; ++size) {
          Interval bounds = program.bound(
              {Interval{}, {}, {2, 2}, {double(q), double(q + size)}, {double(k), double(k + 2 * size)}, {}, {}});
          for (int64_t i = q; i <= q + size; ++i)
            for (int64_t j = k; j <= k + 2 * size; ++j) {
              double value = program.evaluate({0, 0, 2, double(i), double(j), 0, 0});
              EXPECT_LE(bounds.low, value);
              EXPECT_GE(bounds.high, value);
            }
        }
  }
}

} // namespace

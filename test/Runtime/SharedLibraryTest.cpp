//===- SharedLibraryTest.cpp - Where libraries are looked for -------------===//

#include "girih/Runtime/SharedLibrary.h"
#include "TestManifest.h"
#include "girih/Runtime/Files.h"
#include <cstdlib>
#include <filesystem>

using namespace girih::runtime;
using namespace girih::runtime::test;

TEST(SharedLibraryTest, candidates_follow_the_variable_and_the_environment) {
  std::string root = testing::TempDir() + "girih-library-test";
  std::string folder = root + "/lib/python3.12/site-packages/nvidia/cu13/lib";
  std::filesystem::create_directories(folder);
  writeWholeFile(folder + "/libgirihtest.so.1", "");
  setenv("VIRTUAL_ENV", root.c_str(), 1);
  unsetenv("GIRIH_TEST_LIBRARY");
  EXPECT_EQ((std::vector<std::string>{"libgirihtest.so.1", folder + "/libgirihtest.so.1"}),
            nvidiaLibraryCandidates("GIRIH_TEST_LIBRARY", "libgirihtest.so.1", {"cudnn", "cu13"}));
  setenv("GIRIH_TEST_LIBRARY", "/elsewhere/library.so", 1);
  EXPECT_EQ((std::vector<std::string>{"/elsewhere/library.so"}),
            nvidiaLibraryCandidates("GIRIH_TEST_LIBRARY", "libgirihtest.so.1", {"cu13"}));
  unsetenv("GIRIH_TEST_LIBRARY");
  unsetenv("VIRTUAL_ENV");
  std::filesystem::remove_all(root);
}

TEST(SharedLibraryTest, symbols) {
  SharedLibrary none = SharedLibrary::open({"/nowhere/libx.so"});
  EXPECT_FALSE(none);
  EXPECT_EQ(nullptr, none.find("x"));
  SharedLibrary math = SharedLibrary::open({"/nowhere/libx.so", "libm.so.6"});
  ASSERT_TRUE(math);
  EXPECT_EQ(2, math.require<double (*)(double)>("sqrt")(4));
  EXPECT_EQ("libm.so.6 has no girih", errorOf([&] { math.require<void (*)()>("girih"); }));
}

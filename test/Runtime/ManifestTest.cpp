//===- ManifestTest.cpp - Reading and refusing manifests ------------------===//

#include "TestManifest.h"
#include "girih/Runtime/Files.h"
#include <filesystem>

using namespace girih::runtime;
using namespace girih::runtime::test;

namespace {

std::string parseError(const std::string &from, const std::string &to) {
  return errorOf([&] { parseManifest(replaced(attentionText(), from, to), "dir/attention.json"); });
}

} // namespace

TEST(ManifestTest, reads_every_part) {
  Manifest manifest = parseManifest(attentionText(), "dir/attention.json");
  EXPECT_EQ("attention", manifest.kernel);
  EXPECT_EQ("sm_90a", manifest.target);
  ASSERT_EQ(6u, manifest.sizes.size());
  EXPECT_EQ("hkv", manifest.sizes[2].name);
  EXPECT_EQ(2, manifest.sizes[2].value);
  EXPECT_FALSE(manifest.sizes[3].value);
  ASSERT_EQ(5u, manifest.tensors.size());
  EXPECT_TRUE(manifest.tensors[3].isOutput);
  EXPECT_EQ(girih::ElementType::F32, manifest.tensors[4].type);
  EXPECT_EQ((std::vector<int>{0, 1, 2}), manifest.tensors[4].order);
  ASSERT_EQ(12u, manifest.arguments.size());
  const Argument &map = manifest.arguments[0];
  EXPECT_EQ(128, map.swizzle);
  ASSERT_EQ(5u, map.modes.size());
  EXPECT_EQ(64, map.modes[2].step);
  EXPECT_EQ(2, map.modes[2].extent);
  EXPECT_FALSE(map.modes[1].extent);
  EXPECT_EQ(2, manifest.arguments[6].dim);
  EXPECT_EQ(4, manifest.arguments[11].bytes);
}

TEST(ManifestTest, reads_roles) {
  auto parse = [](const std::string &roles) {
    return parseManifest(
        replaced(attentionText(), "\"launch\":", "\"resources\": {\"roles\": " + roles + "}, \"launch\":"),
        "attention.json");
  };
  Manifest manifest = parse(R"([{"name": "load", "warps": 4, "registers": 24}, {"name": "compute", "warps": 8}])");
  ASSERT_EQ(2u, manifest.roles.size());
  EXPECT_EQ("compute", manifest.roles[1].name);
  EXPECT_EQ(8, manifest.roles[1].warps);
  EXPECT_TRUE(parse("null").roles.empty());
  EXPECT_EQ("attention.json: resources.roles[0].warps should be a whole number",
            errorOf([&] { parse(R"([{"name": "load", "warps": "4"}])"); }));
}

TEST(ManifestTest, reads_what_functions_capture) {
  auto with = [](const std::string &problem, const std::string &scalars, const std::string &argument) {
    std::string text = replaced(attentionText(), "\"scale\":", problem + ", \"scale\":");
    text = replaced(text, "\"sizes\":", "\"scalars\": " + scalars + ", \"sizes\":");
    text = replaced(text, R"({"kind": "size", "size": "skv"})", argument);
    return replaced(text, "\"tensors\": [", R"("tensors": [
      {"name": "ids", "access": "read", "dtype": "i32", "shape": ["b", "skv"], "order": ["b", "skv"]},)");
  };
  const std::string problem = R"("sorted": ["ids"], "score": ["s", "b", "k", "@ids", "$t", "mul", "add"])";
  const std::string scalars = R"([{"name": "t", "dtype": "f32"}])", argument = R"({"kind": "scalar", "scalar": "t"})";
  Manifest manifest = parseManifest(with(problem, scalars, argument), "attention.json");
  ASSERT_EQ(1u, manifest.scalars.size());
  EXPECT_EQ(Argument::Kind::Scalar, manifest.arguments[10].kind);
  EXPECT_EQ(4u, manifest.arguments[10].parameterBytes());
  EXPECT_EQ(std::vector<std::string>{"ids"}, manifest.problem.sorted);
  EXPECT_EQ(girih::ElementType::I32, manifest.tensors[0].type);
  auto error = [&](const std::string &problem, const std::string &scalars, const std::string &argument) {
    return errorOf([&] { parseManifest(with(problem, scalars, argument), "attention.json"); });
  };
  EXPECT_EQ("attention.json: scalars[0].dtype is 'f64' when it should be 'f32' or 'i32'",
            error(problem, R"([{"name": "t", "dtype": "f64"}])", argument));
  EXPECT_EQ("attention.json: scalars[1].name 't' is there twice",
            error(problem, R"([{"name": "t", "dtype": "f32"}, {"name": "t", "dtype": "f32"}])", argument));
  EXPECT_EQ("attention.json: arguments[10].scalar 'u' is not in scalars",
            error(problem, scalars, R"({"kind": "scalar", "scalar": "u"})"));
  EXPECT_EQ("attention.json: problem.sorted[0] 'x' is not in tensors", error(R"("sorted": ["x"])", scalars, argument));
  EXPECT_EQ("attention.json: problem.score cannot be evaluated: score: '@x' is no tensor of the problem",
            error(R"("score": ["k", "@x"])", scalars, argument));
}

TEST(ManifestTest, order_can_differ_from_shape) {
  Manifest manifest =
      parseManifest(replaced(attentionText(), R"("order": ["b", "h", "sq", "d"])", R"("order": ["b", "sq", "h", "d"])"),
                    "attention.json");
  EXPECT_EQ((std::vector<int>{0, 2, 1, 3}), manifest.tensors[0].order);
}

TEST(ManifestTest, says_where_a_mistake_is) {
  EXPECT_EQ("attention.json: arguments[3].tensor 'x' is not in tensors",
            parseError(R"({"kind": "pointer", "tensor": "o"})", R"({"kind": "pointer", "tensor": "x"})"));
  EXPECT_EQ("attention.json: girih_manifest is version 3 when this loader reads versions 1 to 2",
            parseError("\"girih_manifest\": 1", "\"girih_manifest\": 3"));
  EXPECT_EQ("attention.json: 'kernel' is missing", parseError("\"kernel\": \"attention\"", "\"colonel\": 1"));
  EXPECT_EQ("attention.json: launch has no 'threads'", parseError("\"threads\": 384", "\"thread\": 384"));
  EXPECT_EQ("attention.json: launch.threads is 2048 when it should be from 1 to 1024", parseError("384", "2048"));
  EXPECT_EQ("attention.json: sizes.b should be a whole number", parseError("\"b\": 2", "\"b\": 2.5"));
  EXPECT_EQ("attention.json: arguments[0].swizzle is 96 when it should be 0, "
            "32, 64 or 128",
            parseError("\"swizzle\": 128", "\"swizzle\": 96"));
  EXPECT_EQ("attention.json: arguments[0].modes[2].step is -1 when it should be from 1 to 1099511627776",
            parseError("\"step\": 64", "\"step\": -1"));
  EXPECT_EQ("attention.json: arguments[0].modes[0] has no 'extent'",
            parseError(R"({"dim": 3, "extent": 64, "box": 64})", R"({"bytes": 16, "box": 64})"));
  EXPECT_EQ("attention.json: arguments[4].dim is 4 when it should be from 0 to 3",
            parseError("\"tensor\": \"o\", \"dim\": 0", "\"tensor\": \"o\", \"dim\": 4"));
  EXPECT_EQ("attention.json: tensors[0].dtype is 'f64' when it should be "
            "'bf16', 'f16', 'f32', 'e4m3', 'e5m2', 'ue8m0', 'i8', 'i32' or 'i64'",
            parseError("bf16", "f64"));
  EXPECT_EQ("attention.json: tensors[0].order[1] is not a dimension that "
            "'shape' still has",
            parseError(R"("order": ["b", "h", "sq", "d"])", R"("order": ["b", "b", "sq", "d"])"));
  EXPECT_EQ("attention.json: tensors[0].order should end with the last "
            "dimension of 'shape', "
            "which has stride 1",
            parseError(R"("order": ["b", "h", "sq", "d"])", R"("order": ["b", "h", "d", "sq"])"));
  EXPECT_EQ("attention.json: launch.work[0].size 'sk' is not in sizes",
            parseError(R"({"size": "sq", "tile": 128})", R"({"size": "sk", "tile": 128})"));
  EXPECT_EQ("attention.json: problem.weight_error should be from 0 to below 1",
            parseError("\"scale\":", "\"weight_error\": -0.1, \"scale\":"));
  EXPECT_EQ("attention.json: problem.dropout should be from 0 to below 1",
            parseError("\"scale\":", "\"dropout\": 1, \"scale\":"));
  EXPECT_EQ("attention.json: problem.blocks has 1 sizes when it should have 2, of queries and of keys",
            parseError("\"scale\":", "\"blocks\": [64], \"scale\":"));
  EXPECT_EQ("attention.json: problem.blocks needs a tensor 'kv_num_blocks'",
            parseError("\"scale\":", "\"blocks\": [64, 64], \"scale\":"));
  EXPECT_EQ("attention.json: problem.dropout needs a tensor 'dropout_state'",
            parseError("\"scale\":", "\"dropout\": 0.5, \"scale\":"));
  EXPECT_EQ("attention.json: files.cubin.xxh3_128 should be 32 lower-case hex digits",
            parseError("00000000000000000000000000000000", "0"));
  EXPECT_EQ(
      "attention.json:3:11: not JSON: syntax error while parsing value - unexpected end of input; expected '[', '{', "
      "or a literal",
      errorOf([] { parseManifest("{\n \"name\":\n          ", "attention.json"); }));
  EXPECT_NE(
      std::string::npos,
      parseError("\"kernel\": \"attention\",", "\"kernel\" \"attention\",").find("attention.json:4:22: not JSON: "));
  EXPECT_NE(std::string::npos,
            errorOf([] { parseManifest("", "attention.json"); }).find("attention.json:1:1: not JSON: "));
  EXPECT_EQ("attention.json: an object has 'b' twice", parseError("\"b\": 2", "\"b\": 2, \"b\": 3"));
  EXPECT_EQ("attention.json: a JSON object is expected", errorOf([] { parseManifest("[]", "attention.json"); }));
  EXPECT_EQ("attention.json: sizes.b is 18446744073709551615 when it should be "
            "from 0 to 1099511627776",
            parseError("\"b\": 2", "\"b\": 18446744073709551615"));
  EXPECT_EQ("attention.json: not JSON: number overflow parsing '1e999'", parseError("\"b\": 2", "\"b\": 1e999"));
}

TEST(ManifestTest, constraints_are_read_or_refused) {
  auto parse = [](const std::string &constraints) {
    return parseManifest(constrainedText(constraints), "attention.json");
  };
  Manifest manifest = parse(R"({"kind": "size", "size": "h", "multiple": "hkv"},
    {"kind": "stride", "tensor": "k", "dim": 2, "minimum": 0, "maximum": 80, "multiple": 8},
    {"kind": "reach", "tensor": "v", "dim": 1, "maximum": 1000})");
  ASSERT_EQ(3u, manifest.constraints.size());
  EXPECT_EQ("hkv", manifest.constraints[0].multiple->size);
  EXPECT_EQ(Constraint::Kind::Stride, manifest.constraints[1].kind);
  EXPECT_EQ(8, manifest.constraints[1].multiple->number);
  EXPECT_EQ(Constraint::Kind::Reach, manifest.constraints[2].kind);
  EXPECT_EQ(1, manifest.constraints[2].dim);
  auto message = [&](const std::string &constraint) { return errorOf([&] { parse(constraint); }); };
  EXPECT_EQ("attention.json: constraints[0].kind is 'phase' when it should be 'size', 'address', 'stride', 'reach' or "
            "'work_items'",
            message(R"({"kind": "phase"})"));
  EXPECT_EQ("attention.json: constraints[0].size 'x' is not in sizes", message(R"({"kind": "size", "size": "x"})"));
  EXPECT_EQ("attention.json: constraints[0].dim is 4 when it should be from 0 to 3",
            message(R"({"kind": "stride", "tensor": "q", "dim": 4})"));
  EXPECT_EQ("attention.json: constraints[0].multiple is 0 when it should be from 1 to 1099511627776",
            message(R"({"kind": "size", "size": "sq", "multiple": 0})"));
  EXPECT_EQ("attention.json: 'constraints' is missing", parseError("\"girih_manifest\": 1", "\"girih_manifest\": 2"));
}

TEST(ManifestTest, wrong_file_is_refused) {
  std::string folder = testing::TempDir() + "girih-manifest-test";
  std::filesystem::create_directories(folder);
  writeWholeFile(folder + "/attention.cubin", fakeCubin);
  Manifest manifest = parseManifest(attentionText(), folder + "/attention.json");
  std::string message = errorOf([&] { readKernelFile(manifest, *manifest.cubin, "cubin"); });
  EXPECT_NE(std::string::npos, message.find("manifest and cubin do not belong together")) << message;
  manifest.cubin->xxh3128 = hashBytes(fakeCubin);
  EXPECT_EQ(fakeCubin, readKernelFile(manifest, *manifest.cubin, "cubin"));
  std::filesystem::remove_all(folder);
  message = errorOf([&] { readKernelFile(manifest, *manifest.cubin, "cubin"); });
  EXPECT_NE(std::string::npos, message.find("cannot open: No such file")) << message;
}

TEST(ManifestTest, hash_is_xxh3_128) {
  // The reference values of the algorithm for the empty input.
  EXPECT_EQ("99aa06d3014798d86001c324468d497f", hashBytes(""));
}

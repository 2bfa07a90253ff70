//===- TestManifest.h - A manifest to start tests from ----------*- C++ -*-===//
#ifndef GIRIH_TEST_RUNTIME_TESTMANIFEST_H
#define GIRIH_TEST_RUNTIME_TESTMANIFEST_H

#include "girih/Runtime/Binding.h"
#include <gtest/gtest.h>
#include <string>

namespace girih::runtime::test {

/// The parameter sizes of the attention kernel, which are all of its "cubin".
inline const char *const fakeCubin = "128 128 128 8 8 8 8 8 8 8 4 8\n";

/// The text of a manifest of [2, 4/2, sq x skv, 128] bf16 attention; sq and skv
/// are dynamic.
inline std::string attentionText() {
  return R"({
  "girih_manifest": 1,
  "name": "attention_test",
  "kernel": "attention",
  "target": "sm_90a",
  "files": {"cubin": {"path": "attention.cubin", "xxh3_128": "00000000000000000000000000000000"}},
  "problem": {"kind": "attention.forward", "mask": "none", "scale": 0.08838834764831845},
  "sizes": {"b": 2, "h": 4, "hkv": 2, "sq": null, "skv": null, "d": 128},
  "tensors": [
    {"name": "q", "access": "read", "dtype": "bf16", "shape": ["b", "h", "sq", "d"], "order": ["b", "h", "sq", "d"]},
    {"name": "k", "access": "read", "dtype": "bf16", "shape": ["b", "hkv", "skv", "d"], "order": ["b", "hkv", "skv", "d"]},
    {"name": "v", "access": "read", "dtype": "bf16", "shape": ["b", "hkv", "skv", "d"], "order": ["b", "hkv", "skv", "d"]},
    {"name": "o", "access": "write", "dtype": "bf16", "shape": ["b", "h", "sq", "d"], "order": ["b", "h", "sq", "d"]},
    {"name": "lse", "access": "write", "dtype": "f32", "shape": ["b", "h", "sq"], "order": ["b", "h", "sq"]}
  ],
  "launch": {"threads": 384, "cluster": 2, "shared_bytes": 197632, "grid": "flat",
    "work": [{"size": "sq", "tile": 128}, {"size": "h", "tile": 1}, {"size": "b", "tile": 1}]},
  "arguments": [
    {"kind": "tensor_map", "tensor": "q", "swizzle": 128, "modes": [{"dim": 3, "extent": 64, "box": 64}, {"dim": 2, "box": 128}, {"dim": 3, "extent": 2, "step": 64, "box": 2}, {"dim": 1, "box": 1}, {"dim": 0, "box": 1}]},
    {"kind": "tensor_map", "tensor": "k", "swizzle": 128, "modes": [{"dim": 3, "extent": 64, "box": 64}, {"dim": 2, "box": 128}, {"dim": 3, "extent": 2, "step": 64, "box": 2}, {"dim": 1, "box": 1}, {"dim": 0, "box": 1}]},
    {"kind": "tensor_map", "tensor": "v", "swizzle": 128, "modes": [{"dim": 3, "extent": 64, "box": 64}, {"dim": 2, "box": 128}, {"dim": 3, "extent": 2, "step": 64, "box": 2}, {"dim": 1, "box": 1}, {"dim": 0, "box": 1}]},
    {"kind": "pointer", "tensor": "o"},
    {"kind": "stride", "tensor": "o", "dim": 0},
    {"kind": "stride", "tensor": "o", "dim": 1},
    {"kind": "stride", "tensor": "o", "dim": 2},
    {"kind": "pointer", "tensor": "lse"},
    {"kind": "stride", "tensor": "lse", "dim": 0},
    {"kind": "stride", "tensor": "lse", "dim": 1},
    {"kind": "size", "size": "skv"},
    {"kind": "workspace", "bytes": 4}
  ]
})";
}

/// `text` with the first `from` replaced, which must be there.
inline std::string replaced(std::string text, const std::string &from, const std::string &to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// The text of version 2 of that manifest with these constraints.
inline std::string constrainedText(const std::string &constraints) {
  std::string text = replaced(attentionText(), "\"girih_manifest\": 1", "\"girih_manifest\": 2");
  return replaced(text, "\"tensors\": [", "\"constraints\": [" + constraints + "],\n  \"tensors\": [");
}

/// The message of the Error that `body` throws; empty when it throws none.
template <typename Body> std::string errorOf(const Body &body) {
  try {
    body();
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

} // namespace girih::runtime::test

#endif // GIRIH_TEST_RUNTIME_TESTMANIFEST_H

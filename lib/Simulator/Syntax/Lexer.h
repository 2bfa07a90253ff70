//===- Lexer.h - PTX text to tokens -----------------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_SYNTAX_LEXER_H
#define GIRIH_SIMULATOR_SYNTAX_LEXER_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace girih::sim {

/// A word is a name, a directive or a whole opcode with its modifiers
/// (`mbarrier.try_wait.parity.shared::cta.b64` is one token).
struct Token {
  enum class Kind { Word, Integer, Float, String, Punctuation, End };
  Kind kind = Kind::End;
  std::string_view text;
  /// Bits of an integer, of a `0f` / `0d` literal, or of a decimal as double.
  uint64_t value = 0;
  /// Width of a float literal: 32 for `0f`, 64 for `0d` and decimals.
  unsigned floatBits = 0;
  unsigned line = 0;

  bool is(std::string_view wanted) const { return kind != Kind::String && text == wanted; }
};

/// What the inside of quotes means: `\303\244` is two bytes, `\"` a quote.
std::string unescape(std::string_view text);

/// Splits the text; the tokens point into it. Throws Stop on a bad character.
std::vector<Token> tokenize(std::string_view text);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_SYNTAX_LEXER_H

//===- Lexer.cpp - PTX text to tokens -------------------------------------===//
#include "Lexer.h"

#include "girih/Simulator/Verdict.h"

#include <bit>
#include <cctype>
#include <cstdlib>

namespace girih::sim {
namespace {

bool startsWord(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '%' || c == '.';
}

bool continuesWord(char c) { return startsWord(c) || std::isdigit(static_cast<unsigned char>(c)); }

class Lexer {
public:
  explicit Lexer(std::string_view text) : text(text) {}

  std::vector<Token> run() {
    for (skipBlank(); at < text.size(); skipBlank())
      next();
    Token end;
    end.line = line;
    tokens.push_back(end);
    return std::move(tokens);
  }

private:
  [[noreturn]] void fail(const std::string &message) const { throw Stop(VerdictKind::Syntax, message, line); }

  char peek(size_t ahead = 0) const { return at + ahead < text.size() ? text[at + ahead] : '\0'; }

  void skipBlank() {
    while (at < text.size()) {
      if (peek() == '\n') {
        ++line;
        ++at;
      } else if (std::isspace(static_cast<unsigned char>(peek()))) {
        ++at;
      } else if (peek() == '/' && peek(1) == '/') {
        while (at < text.size() && peek() != '\n')
          ++at;
      } else if (peek() == '/' && peek(1) == '*') {
        skipComment();
      } else {
        return;
      }
    }
  }

  void skipComment() {
    at += 2;
    while (!(peek() == '*' && peek(1) == '/')) {
      if (at >= text.size())
        fail("comment without end");
      if (peek() == '\n')
        ++line;
      ++at;
    }
    at += 2;
  }

  void push(Token::Kind kind, size_t begin) {
    Token token;
    token.kind = kind;
    token.text = text.substr(begin, at - begin);
    token.line = line;
    tokens.push_back(token);
  }

  void next() {
    char c = peek();
    if (std::isdigit(static_cast<unsigned char>(c)) || (c == '.' && std::isdigit(static_cast<unsigned char>(peek(1)))))
      return number();
    if (startsWord(c))
      return word();
    if (c == '"')
      return quoted();
    size_t begin = at++;
    if (std::string_view("{}()[]<>,;:=@!|+-*/&^~?").find(c) == std::string_view::npos)
      fail(std::string("unexpected character '") + c + "'");
    push(Token::Kind::Punctuation, begin);
  }

  void word() {
    size_t begin = at;
    while (true) {
      if (continuesWord(peek()))
        ++at;
      else if (peek() == ':' && peek(1) == ':')
        at += 2;
      else
        break;
    }
    push(Token::Kind::Word, begin);
  }

  void quoted() {
    size_t begin = ++at;
    while (peek() != '"') {
      if (at >= text.size() || peek() == '\n')
        fail("string without end");
      at += peek() == '\\' && at + 1 < text.size() && peek(1) != '\n' ? 2 : 1;
    }
    push(Token::Kind::String, begin);
    ++at;
  }

  void number() {
    size_t begin = at;
    if (peek() == '0' && (peek(1) == 'f' || peek(1) == 'F' || peek(1) == 'd' || peek(1) == 'D'))
      return hexFloat();
    while (std::isalnum(static_cast<unsigned char>(peek())))
      ++at;
    bool isHex = begin + 1 < at && (text[begin + 1] | 32) == 'x';
    std::string digits(text.substr(begin, at - begin));
    if (peek() == '.' || (!isHex && digits.find_first_of("eE") != digits.npos))
      return decimalFloat(begin);
    push(Token::Kind::Integer, begin);
    if (digits.back() == 'U')
      digits.pop_back();
    const char *start = digits.c_str();
    int base = 0;
    if (digits.size() > 2 && (digits[1] == 'b' || digits[1] == 'B')) {
      start += 2;
      base = 2;
    }
    char *end = nullptr;
    tokens.back().value = std::strtoull(start, &end, base);
    if (*end)
      fail("bad number '" + digits + "'");
  }

  void hexFloat() {
    size_t begin = at;
    bool isDouble = (peek(1) | 32) == 'd';
    at += 2;
    size_t digits = at;
    while (std::isxdigit(static_cast<unsigned char>(peek())))
      ++at;
    size_t wanted = isDouble ? 16 : 8;
    if (at - digits != wanted)
      fail("float literal has " + std::to_string(at - digits) + " hexadecimal digits when it should have " +
           std::to_string(wanted));
    push(Token::Kind::Float, begin);
    tokens.back().value = std::strtoull(std::string(text.substr(digits, wanted)).c_str(), nullptr, 16);
    tokens.back().floatBits = isDouble ? 64 : 32;
  }

  void decimalFloat(size_t begin) {
    at = begin;
    const std::string rest(text.substr(begin, 64));
    char *end = nullptr;
    double value = std::strtod(rest.c_str(), &end);
    at += end - rest.c_str();
    if (at == begin)
      fail("bad number");
    push(Token::Kind::Float, begin);
    tokens.back().value = std::bit_cast<uint64_t>(value);
    tokens.back().floatBits = 64;
  }

  std::string_view text;
  size_t at = 0;
  unsigned line = 1;
  std::vector<Token> tokens;
};

} // namespace

std::string unescape(std::string_view text) {
  std::string plain;
  for (size_t at = 0; at < text.size();) {
    char c = text[at++];
    if (c != '\\' || at == text.size()) {
      plain += c;
      continue;
    }
    unsigned code = 0, digits = 0;
    for (; digits < 3 && at < text.size() && text[at] >= '0' && text[at] <= '7'; ++digits)
      code = code * 8 + unsigned(text[at++] - '0');
    static constexpr std::string_view letters = "btnfr", meanings = "\b\t\n\f\r";
    if (size_t which = digits ? letters.npos : letters.find(text[at]); which != letters.npos)
      plain += meanings[which];
    else
      plain += digits ? char(code) : text[at];
    at += !digits;
  }
  return plain;
}

std::vector<Token> tokenize(std::string_view text) { return Lexer(text).run(); }

} // namespace girih::sim

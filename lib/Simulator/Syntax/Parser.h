//===- Parser.h - The recursive-descent parser of PTX -----------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_SYNTAX_PARSER_H
#define GIRIH_SIMULATOR_SYNTAX_PARSER_H

#include "Lexer.h"
#include "Syntax.h"

namespace girih::sim {

/// Size in bytes of a fundamental type such as `.b32`; 0 when unknown or .pred.
unsigned fundamentalTypeSize(std::string_view name);

class Parser {
public:
  explicit Parser(const std::string &text) : base(text.data()), tokens(tokenize(text)) {}
  std::unique_ptr<SyntaxModule> run();

private:
  // Token helpers (Parser.cpp).
  const Token &peek(size_t ahead = 0) const;
  const Token &take();
  bool accept(std::string_view text);
  void expect(std::string_view text);
  [[noreturn]] void fail(const std::string &message) const;
  std::string takeName(const char *what);
  uint64_t takeInteger(const char *what);
  void skipLine();
  void skipBraces();

  // Module level (Parser.cpp).
  void moduleItem();
  void fileDirective();
  void variable(std::vector<std::unique_ptr<Variable>> &into, bool isExtern);
  void initializer(Variable &variable, unsigned elementSize);
  void initialElement(Variable &variable, unsigned elementSize);

  // Functions (FunctionParser.cpp).
  void function(bool isEntry);
  std::vector<Parameter> parameterList();
  void functionDirective(Function &function);
  void body();
  void statement();
  void registerDeclaration();
  RegisterName registerType(const std::string &type);
  void declareRegister(const std::string &name, RegisterName reg);
  void declareVector(const std::string &name, RegisterName reg, unsigned elements);
  void locDirective();
  void branchTargets(const std::string &name);
  void callPrototype(const std::string &name);
  void instruction();

  // Constant expressions (Operands.cpp).
  bool startsConstant() const;
  uint64_t constant();
  uint64_t constantBinary(unsigned level);
  uint64_t constantUnary();
  uint64_t takeSize(const char *what, uint64_t most);
  uint64_t takeAlignment();

  // Operands (Operands.cpp).
  SyntaxOperand operand();
  SyntaxOperand plainOperand();
  SyntaxOperand floatNumber(bool isNegative);
  SyntaxOperand name();
  bool findRegister(SyntaxOperand &operand) const;
  SyntaxOperand address();
  SyntaxOperand sequence(const char *close, SyntaxOperand::Kind kind);
  const Variable *findVariable(const std::string &name) const;

  struct Scope {
    std::unordered_map<std::string, RegisterName> registers;
    /// Registers declared as `.v2` or `.v4`, by their elements.
    std::unordered_map<std::string, std::vector<RegisterName>> vectors;
    std::unordered_map<std::string, const Variable *> variables;
  };

  /// Counts how deep braces and parentheses nest, which the parser follows
  /// by recursion.
  struct Nesting {
    explicit Nesting(Parser &parser) : parser(parser) {
      if (++parser.depth > 64)
        parser.fail("braces or parentheses nest deeper than 64");
    }
    ~Nesting() { --parser.depth; }
    Parser &parser;
  };

  const char *base;
  std::vector<Token> tokens;
  size_t at = 0;
  unsigned depth = 0;
  /// Within a call, parentheses enclose a list.
  bool isCall = false;
  std::unique_ptr<SyntaxModule> module;
  Function *current = nullptr;
  std::vector<unsigned> openScopes;
  std::vector<Scope> scopes;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_SYNTAX_PARSER_H

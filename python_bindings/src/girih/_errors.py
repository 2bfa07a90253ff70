"""What can go wrong, and how it is said."""
from __future__ import annotations

import warnings
from typing import Any, NamedTuple

_SEVERITIES = ("error", "warning", "remark", "note")


class Diagnostic(NamedTuple):
    """One sentence of the compiler, with its place in the text it read."""

    severity: str  #: "error", "warning", "remark" or "note"
    message: str
    file: str  #: empty when there is no place
    line: int
    column: int


class Error(Exception):
    """Anything that goes wrong in this package, wrong types and values aside."""


class CompileError(Error, ValueError):
    """The compiler refused. Its text is what the tools print: place, sentence, the line."""

    def __init__(self, text: str, diagnostics: tuple[Diagnostic, ...]):
        super().__init__(text)
        self.diagnostics = diagnostics

    def __reduce__(self) -> Any:
        return type(self), (self.args[0], self.diagnostics)


class UnsupportedError(CompileError, NotImplementedError):
    """The call is a right one, but the compiler cannot make such a kernel."""


class DiagnosticWarning(UserWarning):
    """A warning of the compiler, such as that a kernel spills registers."""


# What the extension returns: diagnostics as plain tuples, and all of them as text.
Said = tuple[tuple[tuple[int, str, str, int, int], ...], str]


def diagnostics_of(said: Said) -> tuple[Diagnostic, ...]:
    return tuple(Diagnostic(_SEVERITIES[severity], message, file, line, column)
                 for severity, message, file, line, column in said[0])


def text_of(said: Said) -> str:
    return said[1].removeprefix("error: ").rstrip("\n")


def checked(result: Any, said: Said, kind: type[CompileError] = CompileError) -> Any:
    """The result of a compilation; warnings are issued, a missing result is raised."""
    if result is None:
        raise kind(text_of(said), diagnostics_of(said))
    for diagnostic in diagnostics_of(said):
        if diagnostic.severity == "warning":
            warnings.warn(diagnostic.message, DiagnosticWarning, stacklevel=4)
    return result


def value_of(result: Any, said: Said) -> Any:
    """The same for what takes numbers and arrays: a refusal is a ValueError."""
    if result is None:
        raise ValueError(text_of(said))
    return result

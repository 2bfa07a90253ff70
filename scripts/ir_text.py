"""IR as scripts/docs shows it: long types under short names, long lines broken, index arithmetic left out."""
import re
import textwrap

WIDTH = 112
# Lines that compute numbers, not tiles.
SCALAR = r" *%[\w:#-]+ = (?:arith\.\w+ .* : (?:index|i32|i64|i1)(?: to \w+)?|arith\.constant (?!dense).*" \
         r"|memref\.dim .*|llvm\.(?:mlir\.addressof|ptrtoint|inttoptr) .*)\n"
NAMES = {}  # the aliases of the page so far, and what they stand for


def forget_names():
    """A new page defines its aliases anew."""
    NAMES.clear()


def fenced(text, language=""):
    return f"```{language}\n{text}\n```"


def function(text, name):
    """The function of that name, `@` included, without what is around it."""
    found = re.search(rf"^( *)[\w.]+func.* ?{name}\(.*?^\1\}}.*?$", text, re.M | re.S)
    if not found:
        raise ValueError(f"there is no function {name}")
    return textwrap.dedent(found[0])


def shorten(text):
    """Puts aliases in the place of long attributes and types; returns those that are new on the page, and the text."""
    known = set(NAMES)

    def use(alias, value):
        while NAMES.setdefault(alias, value) != value:
            alias += "_1"
        return alias

    text = re.sub(r"(tensor<([\dx]+)x\w+, )(#tile\.fragment<[^>]*>)",
                  lambda m: m[1] + use(f"#fragment_{m[2]}", m[3]), text)
    text = re.sub(r"tensor<([\dx]+x\w+), #(?:tile\.)?(fragment|shared)(?:_\w+|<[^>]*>)>",
                  lambda m: use(f"!{'slice' if 'rows =' in m[0] else m[2]}_{m[1]}", m[0]), text)
    text = re.sub(r"memref<([\dx?]+x\w+), strided<[^>]*>>",
                  lambda m: use(f"!global_{m[1]}".replace("?", "n"), m[0]), text)
    text = re.sub(r"!tile\.tensor_map<\[([^]]*)\][^>]*>",
                  lambda m: use(f"!map_{m[1]}".replace(", ", "x"), m[0]), text)
    return [(alias, value) for alias, value in NAMES.items() if alias not in known], text


def wrap(line):
    """The lines of a long one, broken at spaces, but not inside a short type or list."""
    line = line if len(line) < 1000 else line[:300] + " ..."
    if len(line) <= WIDTH:
        return [line]
    bound = re.sub(r" (?== )|(?<= =) |(?<=\w:) ", "\0", line)
    for pair in (r"\[[^][]*\]", r"<[^<>]*>", r"<[^<>]*>"):
        bound = re.sub(pair, lambda m: m[0].replace(" ", "\0") if len(m[0]) < WIDTH - 20 else m[0], bound)
    pieces = textwrap.wrap(bound, WIDTH, subsequent_indent=re.match(" *", line)[0] + "    ", break_long_words=False,
                           break_on_hyphens=False)
    return [piece.replace("\0", " ") for piece in pieces]


def block(text, aliases=(), full=False, limit=None):
    """IR as a code block: aliases first, long lines broken, index arithmetic left out."""
    new, text = shorten(re.sub(r"(?<=\S)  (?=\S)", " ", text))
    if not full:
        text = re.sub(rf"(?:{SCALAR}){{2,}}", lambda m: re.match(" *", m[0])[0] + "// ...\n", text)
    body = sum(map(wrap, text.rstrip().split("\n")), [])
    if limit and len(body) > limit:
        body = body[:limit] + ["  // The rest is left out."]
    head = sum((wrap(f"{alias} = {value}") for alias, value in [*aliases, *new]), [])
    return fenced("\n".join(head + [""] * bool(head) + body), "mlir")

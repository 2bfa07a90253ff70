"""Random masks: by names, and as functions in MLIR."""

PREDICATES = ["slt", "sle", "sgt", "sge", "eq", "ne"]


def named(random, depth=2):
    """Names and their numbers: windows of nothing, of part of a tile, of several."""
    if depth and random.random() < 0.4:
        joined = named(random, depth - 1) + random.choice("&|") + named(random, depth - 1)
        return f"({joined})" if random.random() < 0.5 else joined
    number = lambda *special: random.choice([*special, 0, 1, 15, 63, 64, 100, 128, random.randint(0, 300)])
    return random.choice(["causal", "causal_top_left", f"window({number(-1)},0)", f"window({number(-1)},{number(-1)})",
                          f"prefix({number()})", "document"])


class Function:
    """func.func @mask of random ops."""

    def __init__(self, random):
        self.random, self.lines = random, []
        result = self.condition(random.choice([1, 2, 3]))
        self.text = "\n".join(["func.func @mask(%b: index, %h: index, %q: index, %k: index) -> i1 {", *self.lines,
                               f"  return {result} : i1", "}", ""])

    def emit(self, op):
        self.lines.append(f"  %{len(self.lines)} = {op}")
        return f"%{len(self.lines) - 1}"

    def number(self, *values):
        return self.emit(f"arith.constant {self.random.choice([*values, self.random.randint(-20, 200)])} : index")

    def index(self, depth):
        if not depth or self.random.random() < 0.3:
            return self.random.choice(["%q", "%q", "%k", "%k", "%b", "%h", None, None]) or self.number()
        x = self.index(depth - 1)
        kind = self.random.randrange(10)
        if kind < 2:
            return self.emit(f"arith.{self.random.choice(['divsi', 'remsi'])} {x}, {self.emit('arith.constant %d : index' % self.random.choice([1, 2, 3, 7, 48, 64]))} : index")
        if kind == 2:
            return self.emit(f"arith.muli {x}, {self.emit('arith.constant %d : index' % self.random.choice([-1, 0, 2, 3]))} : index")
        if kind == 3:
            return self.emit(f"math.absi {x} : index")
        if kind == 4:
            return self.emit(f"arith.select {self.condition(0)}, {x}, {self.index(depth - 1)} : index")
        op = self.random.choice(["addi", "subi", "subi", "addi", "minsi", "maxsi"])
        return self.emit(f"arith.{op} {x}, {self.index(depth - 1)} : index")

    def condition(self, depth):
        if not depth or self.random.random() < 0.3:
            # Mostly a key against what depends on the query.
            x = "%k" if self.random.random() < 0.5 else self.index(2)
            return self.emit(f"arith.cmpi {self.random.choice(PREDICATES[:4] * 3 + PREDICATES)}, {x}, {self.index(2)} : index")
        x, y = self.condition(depth - 1), self.condition(depth - 1)
        kind = self.random.randrange(8)
        if kind == 0:
            return self.emit(f"arith.select {self.condition(0)}, {x}, {y} : i1")
        if kind == 1:
            return self.emit(f"arith.xori {x}, {self.emit('arith.constant true')} : i1")
        return self.emit(f"arith.{self.random.choice(['andi', 'ori'])} {x}, {y} : i1")

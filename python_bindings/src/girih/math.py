"""Functions for score and mask functions: of traced values, of which they write down the op, and of Python's numbers.

    def softcap(s, b, h, q, k):
        return 20 * girih.math.tanh(s / 20, approximate=True)
"""
from girih._traceable import (abs, clamp, cos, exp, exp2, log, log2, maximum, minimum, rsqrt, sigmoid, sin, sqrt, tanh,
                              where)
from girih._traceable import to_float as float

__all__ = [
    "abs", "clamp", "cos", "exp", "exp2", "float", "log", "log2", "maximum", "minimum", "rsqrt", "sigmoid", "sin", "sqrt",
    "tanh", "where",
]

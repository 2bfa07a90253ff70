"""Attention on PyTorch's tensors: the operator ``girih::attention``, and the quick way past it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Optional

import torch
from torch import Tensor

from girih import _girih
from girih._attention import MOST_PROBLEMS, Mask, Score, check_launch, heads_of, kernels_of, off_device, run
from girih._beside import DESCALES, DROPOUT, SINKS, STATE, arrays_of, kinds_of, numbers_of, sequences_of, words_of
from girih._captures import number_at_launch
from girih._problem import knobs_of
from girih._trace import Function, captures_of, operands_of, without_values
from girih._traced import operands, traced

_BYTES = {torch.float8_e4m3fn: 6, torch.float8_e5m2: 7}
_DTYPES = {torch.bfloat16: 0, torch.float16: 1} | _BYTES
# Those of lse and of captured tensors too.
_ELEMENTS = _DTYPES | {torch.float32: 2, torch.bool: 3, torch.uint8: 3, torch.int32: 4, torch.int64: 5}
_PLAIN = (Tensor, torch.nn.Parameter)
_is_grad_enabled = torch.is_grad_enabled
_kernels: dict[Any, _girih.AttentionKernels] = {}  # by mask, score, scale, whether there is lse, knobs and inputs beside q, k and v
_HAS_EXCHANGE = hasattr(Tensor, "__dlpack_c_exchange_api__")  # from PyTorch 2.10 on


def need_tensor(name: str, tensor: Any) -> None:
    """TypeError for what is no tensor of PyTorch, and for one whose elements lie nowhere or are sparse."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name} is a {type(tensor).__name__} when it should be a tensor of PyTorch")
    if not _is_dense(tensor):
        raise TypeError(f"{name} is {'nested' if tensor.is_nested else tensor.layout} when it should be torch.strided")


def _is_dense(tensor: Tensor) -> bool:
    return tensor.layout is torch.strided and not tensor.is_nested


def _check(q: Tensor, k: Tensor, v: Tensor) -> None:
    """Whether a kernel could take the tensors. Before every call: what is wrong is found out when something is."""
    device = q.get_device() if isinstance(q, Tensor) else -1
    for tensor in (q, k, v):
        if not (isinstance(tensor, Tensor) and tensor.is_cuda and tensor.dtype in _DTYPES and tensor.dim() == 4 and
                tensor.get_device() == device and _is_dense(tensor)):
            _refuse(q, k, v)


def _refuse(q: Tensor, k: Tensor, v: Tensor) -> NoReturn:
    for name, tensor in (("q", q), ("k", k), ("v", v)):
        need_tensor(name, tensor)
        if tensor.dim() != 4:
            raise ValueError(f"{name} has {tensor.dim()} dimensions when it should have 4")
        if tensor.dtype not in _DTYPES:
            raise TypeError(f"{name} is {tensor.dtype} when it should be torch.bfloat16 or torch.float16, "
                            "or torch.float8_e4m3fn or torch.float8_e5m2")
        if tensor.device.type != "cuda":
            raise off_device(name, tensor.device.type)
        if tensor.device != q.device:
            raise ValueError(f"{name} is on {tensor.device} when q is on {q.device}")
    raise AssertionError("what was refused is right")


def _check_outputs(q: Tensor, o: Tensor, l: Optional[Tensor]) -> None:
    for name, tensor, dtype in (("out", o, _output_dtype(q)), ("lse of out", l, torch.float32)):
        if tensor is None and name != "out":
            continue
        need_tensor(name, tensor)
        if tensor.dtype != dtype:
            raise TypeError(f"{name} is {tensor.dtype} when it should be {dtype}")
        if tensor.device != q.device:
            raise ValueError(f"{name} is on {tensor.device} when q is on {q.device}")


def _output_dtype(q: Tensor) -> torch.dtype:
    return torch.bfloat16 if q.dtype in _BYTES else q.dtype


def _output(q: Tensor, v: Tensor) -> Tensor:
    """Memory in q's order where it is dense."""
    dtype = _output_dtype(q)
    if q.dim() != 4 or v.dim() != 4 or v.shape[3] == q.shape[3]:
        return torch.empty_like(q, dtype=dtype)
    b, h, sq, _ = q.shape
    if q.stride(1) < q.stride(2):
        return q.new_empty((b, sq, h, v.shape[3]), dtype=dtype).transpose(1, 2)
    return q.new_empty((b, h, sq, v.shape[3]), dtype=dtype)


def _lse(q: Tensor) -> Tensor:
    return q.new_empty(q.shape[:3], dtype=torch.float32)


def _outputs(q: Tensor, v: Tensor, lse: bool) -> tuple[Tensor, Tensor]:
    """Without `lse`, its place is taken by an empty tensor."""
    return _output(q, v), q.new_empty(q.shape[:3] if lse else (0,), dtype=torch.float32)


def _launch(q: Tensor, k: Tensor, v: Tensor, o: Tensor, l: Optional[Tensor], mask: str | Function, score: str | Function | None,
            scale: Optional[float], knobs: str, stream: Optional[int], arrays: list[Tensor],
            numbers: list[float | int], beside: tuple[str, ...] = ()) -> None:
    """With the arrays `beside` q, k and v, by their names, then those and the numbers that the functions capture."""
    key = str(mask), str(score) if score else None, scale, l is not None, knobs, beside
    if (kernels := _kernels.get(key)) and (said := kernels.launch(q, k, v, o, l, arrays, numbers, stream)) is not True:
        check_launch(said)
        return
    mask, score, device = without_values(mask), without_values(score) or None, q.get_device()
    heads = heads_of(score, q.shape, k.shape)
    problem = kernels_of(_DTYPES[q.dtype], (q.shape[3], v.shape[3]), heads, mask, score, scale, l is not None, knobs, device, beside)
    loaded = problem.loaded_for(q.shape, k.shape)
    if q.numel() == 0:
        return
    if k.shape[2] == 0 == v.shape[2] and not beside:  # no row sees a key
        o.zero_()
        if l is not None:
            l.fill_(-torch.inf)
        return
    tensors = (q, k, v, o) if l is None else (q, k, v, o, l)
    for array in arrays:
        if _tensor(array).device != q.device:
            raise ValueError(f"a captured tensor is on {array.device} when q is on {q.device}")
    # The kernel reads rows whose elements are neighbours.
    tensors += tuple(t if t.stride(-1) == 1 or t.shape[-1] == 1 else t.contiguous() for t in arrays)
    if not _HAS_EXCHANGE:
        run(loaded, [(t.data_ptr(), _ELEMENTS[t.dtype], t.shape, t.stride()) for t in tensors],
            torch.cuda.current_stream(device).cuda_stream if stream is None else stream, numbers)
        return
    check_launch(loaded.launch_tensors(*tensors, stream=stream, scalars=numbers))
    if kernels is None:
        if len(_kernels) >= MOST_PROBLEMS:
            _kernels.clear()
        kernels = _kernels.setdefault(key, _new_kernels(isinstance(score, str)))
    kernels.add(q, k, v, loaded, problem.rule)


def _new_kernels(needs_heads: bool, device_type: int = 2) -> _girih.AttentionKernels:
    """For tensors on a GPU, unless a test has another kind of device (of DLPack)."""
    return _girih.AttentionKernels(needs_heads, device_type, _PLAIN, torch.empty_like, _output, _lse)


def _tensor(captured: Any) -> Tensor:
    need_tensor("what a function captures", captured)
    return captured


@torch.library.custom_op("girih::attention", mutates_args=(), device_types="cuda",
                         schema="(Tensor q, Tensor k, Tensor v, str mask, str score, float? scale, bool lse, str knobs, "
                                "str beside, Tensor[] arrays, Tensor[] numbers) -> (Tensor, Tensor)")
def _attention(q: Tensor, k: Tensor, v: Tensor, mask: str, score: str, scale: Optional[float], lse: bool, knobs: str,
               beside: str, arrays: Sequence[Tensor], numbers: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """`beside` has the kinds of what is beside q, k and v, joined by commas. Of arrays and numbers it has the first."""
    _check(q, k, v)
    o, l = _outputs(q, v, lse)
    _launch(q, k, v, o, l if lse else None, traced(mask, "mask"), traced(score, "score"), scale, knobs, None, list(arrays),
            [number_at_launch(number) for number in numbers], tuple(beside.split(",")) if beside else ())
    return o, l


@_attention.register_fake
def _(q: Tensor, k: Tensor, v: Tensor, mask: str, score: str, scale: Optional[float], lse: bool, knobs: str, beside: str,
      arrays: Sequence[Tensor], numbers: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    return _outputs(q, v, lse)


def _no_backward(*_: Any) -> Any:
    raise NotImplementedError("girih.attention has no backward: call it under torch.no_grad(), or train with another")


_attention.register_autograd(_no_backward)


def in_one_line(text: str) -> str:
    """MLIR of a traced function as the operator takes it: inductor writes texts into comments as they are."""
    return text if "//" in text else text.replace("\n", " ")


def _by_operator(q: Tensor, k: Tensor, v: Tensor, mask: str | Function, score: str | Function | None, scale: float | None,
                 lse: bool, knobs: str, beside: dict[str, Any]) -> tuple[Tensor, Tensor]:
    captures = captures_of(mask, score)
    arrays, numbers = operands_beside(q, k, beside)
    arrays += [_tensor(found.value) for found in captures if not found.is_number]
    numbers += [torch.as_tensor(found.value) for found in captures if found.is_number]
    return torch.ops.girih.attention(q, k, v, in_one_line(str(mask)), in_one_line(str(score or "")), scale, lse, knobs,
                                     ",".join(kinds_of(beside)), arrays, numbers)


def operands_beside(q: Tensor, k: Tensor, beside: dict[str, Any]) -> tuple[list[Tensor], list[Tensor]]:
    """The arrays and the numbers of it, as the operator takes them."""
    if not beside:
        return [], []
    return _arrays(q, k, beside), [torch.tensor(number, dtype=torch.float64) for number in numbers_of(beside)]


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Mask, score: Score, scale: float | None, lse: bool,
           schedule: Mapping[str, int] | None, out: Any, stream: int | None, beside: dict[str, Any]) -> Any:
    """``girih.torch.attention`` with what is given beside q, k and v in one dict."""
    if torch.compiler.is_compiling():
        from girih import _graph

        if out is not None or stream is not None:
            return _graph.outside(_attend)(q, k, v, mask, score, scale, lse, schedule, out, stream, beside)
        o, l = _graph.attend(q, k, v, _graph.follow(mask, "mask", q), _graph.follow(score, "score", q), scale, lse,
                             knobs_of(schedule), ",".join(kinds_of(beside)), *operands_beside(q, k, beside))
        return (o, l) if lse else o
    if out is None and not beside:
        found = _by_known_kernel(q, k, v, mask, score, scale, lse, schedule, stream)
        if found is not None:
            return found if lse else found[0]
    return _attend(q, k, v, mask, score, scale, lse, schedule, out, stream, beside)


def _by_known_kernel(q: Tensor, k: Tensor, v: Tensor, mask: Mask, score: Score, scale: float | None, lse: bool,
                     schedule: Mapping[str, int] | None, stream: int | None) -> tuple[Tensor, ...] | None:
    """The quick way of most calls: o, and lse or nothing. None where another call has to make a kernel first, or to say
    what is wrong."""
    arrays: Sequence[Tensor] = ()
    numbers: Sequence[float | int] = ()
    # Kernels are found by names as they are, and by what functions are traced to.
    if not isinstance(mask, str):
        mask, arrays, numbers = operands(mask, "mask")
    if score is not None and not isinstance(score, str):
        score, of_score, numbers_of_score = operands(score, "score")
        arrays, numbers = [*arrays, *of_score], [*numbers, *numbers_of_score]
    kernels = _kernels.get((mask, score, scale, lse, knobs_of(schedule) if schedule else "", ()))
    if kernels is None or (_is_grad_enabled() and not (_is_plain(q, k, v) and not _wants_gradient(q, k, v, arrays))):
        return None
    outputs, said = kernels.attend(q, k, v, lse, arrays, numbers, stream)  # the tensors are checked there
    if said is not None:
        check_launch(said)
    return outputs


def _is_plain(q: Any, k: Any, v: Any) -> bool:
    """Whether they are what they seem: no fake tensors, and none of a subclass that would know what to do."""
    return type(q) in _PLAIN and type(k) in _PLAIN and type(v) in _PLAIN


def _wants_gradient(q: Tensor, k: Tensor, v: Tensor, arrays: Sequence[Any]) -> bool:
    """Where gradients are enabled."""
    return q.requires_grad or k.requires_grad or v.requires_grad or len(arrays) > 0 and any(
        getattr(array, "requires_grad", False) for array in arrays)


def _attend(q: Tensor, k: Tensor, v: Tensor, mask: Mask, score: Score, scale: float | None, lse: bool,
            schedule: Mapping[str, int] | None, out: Any, stream: int | None, beside: dict[str, Any]) -> Any:
    mask, score, knobs = traced(mask, "mask"), traced(score, "score"), knobs_of(schedule)
    _check(q, k, v)
    captured = [found.value for found in captures_of(mask, score) if not found.is_number]
    wants_gradient = _is_grad_enabled() and _wants_gradient(q, k, v, [*captured, *arrays_of(beside).values()])
    if out is None and stream is None and (wants_gradient or not _is_plain(q, k, v)):
        o, l = _by_operator(q, k, v, mask, score, scale, lse, knobs, beside)
        return (o, l) if lse else o
    if wants_gradient:
        _no_backward()
    o, l = _outputs_or(out, q, v, lse)
    _launch(q, k, v, o, l, mask, score, scale, knobs, stream, _arrays(q, k, beside) + captured,
            numbers_of(beside) + operands_of(mask, score)[1], kinds_of(beside))
    return (o, l) if lse else o


def _outputs_or(out: Any, q: Tensor, v: Tensor, lse: bool) -> tuple[Tensor, Tensor | None]:
    """What is given, or new ones."""
    if out is None:
        return _output(q, v), _lse(q) if lse else None
    o, l = out if lse else (out, None)
    _check_outputs(q, o, l)
    return o, l


def _arrays(q: Tensor, k: Tensor, beside: dict[str, Any]) -> list[Tensor]:
    """What is beside q, k and v, as a kernel takes it: floats in float32."""
    if DROPOUT in beside:
        beside = beside | {STATE: _state(q, beside.get(STATE))}
    tensors = arrays_of(beside)
    for name, tensor in tensors.items():
        need_tensor(name, tensor)
        if tensor.device != q.device:
            raise ValueError(f"{name} is on {tensor.device} when q is on {q.device}")
    sequences = sequences_of(beside, q.shape[0])
    return [_descales(tensor, sequences, k.shape[1]) if name in DESCALES else tensor.float() if name == SINKS else tensor
            for name, tensor in tensors.items()]


def _descales(given: Tensor, sequences: int, heads: int) -> Tensor:
    """One for each sequence and head of keys, in float32."""
    whole = given.reshape(1, 1).expand(sequences, heads) if given.numel() == 1 else given
    return whole.float().contiguous()


def _state(q: Tensor, given: Any) -> Any:
    """What random numbers begin with, as a kernel takes it: int32 [4]. What else is wrong with it, a launch says."""
    if given is None:  # CUDA graphs know of the generator, so that each replay has other numbers
        given = torch.randint(-2**63, 2**63 - 1, (2,), dtype=torch.int64, device=q.device)
    elif not isinstance(given, Tensor):
        return torch.tensor(words_of(given), dtype=torch.int32, device=q.device)
    return given.contiguous().view(torch.int32) if given.dtype == torch.int64 else given

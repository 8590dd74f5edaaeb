"""Compiled loops over bytes: lines out of columns, their hashes, and doubles as Python writes them.

All of it is in one file, because the cache of compiled code notices changes of a kernel's own file alone.
"""

import numpy as np
from numpy.typing import NDArray

from app.ledger.kernels import compiled, inlined

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
_COMMA, _DOT, _ZERO, _E, _MINUS = (ord(sign) for sign in ",.0e-")
_TAB, _NEWLINE, _OPEN, _CLOSE = (ord(sign) for sign in "\t\n{}")
# A text that begins so is a number below 10^-4, which Python writes with an exponent.
_LEADING_ZEROS = 4
_FNV_BASIS, _FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


@inlined
def _has_leading_zeros(data: Bytes, begin: int, end: int) -> bool:
    digits = begin + 2 + _LEADING_ZEROS
    has = end > digits and data[begin] == _ZERO and data[begin + 1] == _DOT
    for place in range(begin + 2, digits):
        has = has and data[place] == _ZERO
    return has


@inlined
def _write_with_exponent(data: Bytes, digits: int, end: int, into: Bytes, at: int) -> int:
    """Writes the digits of a number below 10^-4 and not below 10^-5, from its first one that is not 0."""
    into[at] = data[digits]
    at += 1
    if end > digits + 1:
        into[at] = _DOT
        at += 1
    for place in range(digits + 1, end):
        into[at] = data[place]
        at += 1
    for sign in (_E, _MINUS, _ZERO, _ZERO + 5):
        into[at] = sign
        at += 1
    return at


@inlined
def _copy_with_two_digits(data: Bytes, begin: int, end: int, into: Bytes, at: int) -> int:
    """Copies a number; an exponent of one digit gets a 0 before it."""
    for place in range(begin, end):
        if place == end - 1 and place >= begin + 2 and data[place - 2] == _E:
            into[at] = _ZERO
            at += 1
        into[at] = data[place]
        at += 1
    return at


@compiled
def exponents_as_repr(data: Bytes, into: Bytes) -> int:
    """Rewrites numbers between commas: 0.000012 as 1.2e-05, and 1e-7 as 1e-07; returns the bytes written."""
    at, begin = 0, 0
    while begin < len(data):
        end = begin
        while end < len(data) and data[end] != _COMMA:
            end += 1
        if data[begin] == _MINUS:
            into[at] = _MINUS
            at += 1
            begin += 1
        if _has_leading_zeros(data, begin, end):
            at = _write_with_exponent(data, begin + 2 + _LEADING_ZEROS, end, into, at)
        else:
            at = _copy_with_two_digits(data, begin, end, into, at)
        if end < len(data):
            into[at] = _COMMA
            at += 1
        begin = end + 1
    return at


@compiled
def join_columns(data: Bytes, bounds: Places, is_array: NDArray[np.bool_], into: Bytes, ends: Places) -> None:
    """Writes lines: columns between tabs, arrays in braces; `ends` is where each line ends in `into`.

    `bounds` has where texts begin, then where they end: a row for each column and a column for each line.
    """
    at = 0
    for line in range(bounds.shape[2]):
        for column in range(bounds.shape[1]):
            if is_array[column]:
                into[at] = _OPEN
                at += 1
            for place in range(bounds[0, column, line], bounds[1, column, line]):
                into[at] = data[place]
                at += 1
            if is_array[column]:
                into[at] = _CLOSE
                at += 1
            into[at] = _TAB
            at += 1
        into[at - 1] = _NEWLINE
        ends[line] = at


@compiled
def hash_lines(data: Bytes, ends: Places, into: Places) -> None:
    """FNV-1a of each line: whether a line is another one than the line stored before."""
    at = 0
    for line in range(len(ends)):
        value = _FNV_BASIS
        for place in range(at, ends[line]):
            value = (value ^ np.uint64(data[place])) * _FNV_PRIME
        into[line] = np.int64(value)
        at = ends[line]

"""Exact decimals as arrays: sums, the nearest doubles, and their text.

A number is a row of limbs to the base 10^8, lowest first. A sum over any number of rows is a sum of each limb
alone, in int64, without carries; `carry` makes it a number again.

Its compiled code is in one file, because the cache of compiled code notices changes of that file alone.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.ledger.kernels import compiled, inlined

LIMB_DIGITS = 8
BASE = 10**LIMB_DIGITS
EXACT = 2**53
"""Whole numbers up to here are doubles without rounding."""
_EXACT_POWER = 22
"""The highest power of 10 that is a double without rounding."""
_WORD = np.uint64(0xFFFFFFFF)
_ZERO = ord("0")

Limbs = NDArray[np.int64]


@compiled
def add_by_place(limbs: NDArray[np.int32], place: NDArray[np.int32], into: Limbs) -> None:
    """Adds each row of limbs to the row at its place."""
    for row in range(len(place)):
        for limb in range(limbs.shape[1]):
            into[place[row], limb] += limbs[row, limb]


@compiled
def carry(limbs: Limbs) -> None:
    """Brings every limb but the highest between 0 and the base; the numbers are not negative."""
    for row in range(len(limbs)):
        for limb in range(limbs.shape[1] - 1):
            up = limbs[row, limb] // BASE
            limbs[row, limb] -= up * BASE
            limbs[row, limb + 1] += up


def nearest(limbs: Limbs) -> NDArray[np.float64]:
    """The double nearest to each whole number, the even one of two equally near: as the server casts."""
    values = np.empty(len(limbs), np.float64)
    space = np.zeros(limbs.shape[1] + 2, np.uint64)
    _nearest(limbs, space, values)
    return values


def nearest_fractions(limbs: Limbs, fraction: int, scale: int) -> NDArray[np.float64]:
    """As `nearest`, of numbers with `fraction` limbs after the point and at most `scale` decimal places."""
    if not fraction:
        return nearest(limbs)
    places = min(scale, LIMB_DIGITS * fraction)
    unit = 10 ** (LIMB_DIGITS * fraction - places)  # below it are only zeros
    powers = [BASE**limb for limb in range(limbs.shape[1])]
    about = limbs.astype(np.float64) @ np.array(powers, np.float64) / unit
    small = (about < EXACT // 2) & (places <= _EXACT_POWER)
    units = np.zeros(int(small.sum()), np.int64)
    for limb, power in enumerate(powers):
        of_limb = limbs[small, limb]
        if power < unit:
            units += of_limb // (unit // power)
        elif power // unit < EXACT:  # a higher limb is 0 in small numbers
            units += of_limb * (power // unit)
    values = np.zeros(len(limbs), np.float64)
    values[small] = units / 10.0**places  # both are exact: the quotient is rounded once
    for row in np.flatnonzero(~small).tolist():
        exact = sum(limb * power for limb, power in zip(limbs[row].tolist(), powers, strict=True))
        values[row] = exact / 10 ** (LIMB_DIGITS * fraction)  # of integers: rounded once
    return values


def decimal_texts(limbs: Limbs) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Each whole number in decimal digits: bytes, and where each begins and ends."""
    digits = limbs.shape[1] * LIMB_DIGITS + LIMB_DIGITS + 4  # the highest limb is not bounded by the base
    text = np.empty(len(limbs) * digits, np.uint8)
    begin, end = np.empty(len(limbs), np.int64), np.empty(len(limbs), np.int64)
    used = _write_digits(limbs, text, begin, end)
    return text[:used].copy(), begin, end


@inlined
def _top_bits(number: Any, used: int) -> float:  # noqa: ANN401 - an array inside compiled code
    """The highest 64 bits as one integer whose last bit is set if any bit below is: it rounds rightly."""
    top = number[used - 1] << np.uint64(32) | number[used - 2]
    below = used - 2
    if below == 0:
        return float(top)
    shift = 0
    while not top >> np.uint64(63):
        shift += 1
        top = top << np.uint64(1) | number[below - 1] >> np.uint64(32 - shift) & np.uint64(1)
    rest = number[below - 1] << np.uint64(shift) & _WORD
    for place in range(below - 1):
        rest |= number[place]
    if rest:
        top |= np.uint64(1)
    return float(top) * 2.0 ** (32 * below - shift)


@compiled
def _nearest(limbs: Limbs, number: NDArray[np.uint64], into: NDArray[np.float64]) -> None:
    """`number` is space for one number to the base 2^32."""
    for row in range(len(limbs)):
        used = 0
        for limb in range(limbs.shape[1] - 1, -1, -1):
            over = np.uint64(limbs[row, limb])
            for place in range(used):
                value = number[place] * np.uint64(BASE) + over
                number[place] = value & _WORD
                over = value >> np.uint64(32)
            while over:
                number[used] = over & _WORD
                over >>= np.uint64(32)
                used += 1
        if used == 0:
            into[row] = 0.0
        elif used == 1:
            into[row] = float(number[0])
        else:
            into[row] = _top_bits(number, used)


@compiled
def _write_digits(limbs: Limbs, text: NDArray[np.uint8], begin: Limbs, end: Limbs) -> int:
    at = 0
    for row in range(len(limbs)):
        begin[row] = at
        has_begun = False
        for limb in range(limbs.shape[1] - 1, -1, -1):
            value = limbs[row, limb]
            if not has_begun and value == 0 and limb > 0:
                continue
            digits = LIMB_DIGITS
            if not has_begun:
                digits, rest = 1, value // 10
                while rest:
                    digits += 1
                    rest //= 10
            for place in range(at + digits - 1, at - 1, -1):
                text[place] = _ZERO + value % 10
                value //= 10
            at += digits
            has_begun = True
        end[row] = at
    return at

"""A zstd file as a stream of bytes that says when it is cut off; the library's own reader ends silently."""

import io
from typing import BinaryIO, Final

import zstandard

MAX_WINDOW_BYTES: Final = 128 * 2**20
"""Memory that unpacking may take: what `zstd --long` uses at most by default."""
_PACKED_BYTES: Final = 1_024
"""Read at a time. A block becomes 128 KiB at most and has at least four bytes: 32 MiB at a time."""


class ZstdFile(io.RawIOBase):
    """Several frames in a row are one file, as for zstd itself."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__()
        self._packed = packed
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._plain = memoryview(b"")

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fills the buffer as far as it can; 0 at the end.

        Raises:
            zstandard.ZstdError: damaged or cut off.
        """
        view = memoryview(buffer)  # type: ignore[arg-type]
        while not self._plain and self._read_more():
            pass
        piece, self._plain = self._plain[: len(view)], self._plain[len(view) :]
        view[: len(piece)] = piece
        return len(piece)

    def _read_more(self) -> bool:
        """Unpacks a piece, which may be empty; False at the end."""
        packed, plain = self._packed.read(_PACKED_BYTES), bytearray()
        is_more = bool(packed)
        if not packed and self._frame is not None:
            raise zstandard.ZstdError("it ends in the middle of a frame")
        while packed:
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).decompressobj()
            plain += self._frame.decompress(packed)
            packed, self._frame = (self._frame.unused_data, None) if self._frame.eof else (b"", self._frame)
        self._plain = memoryview(bytes(plain))
        return is_more

"""Chunks of zarr arrays, checked before they are unpacked.

Codecs trust the lengths that stand in a chunk: Blosc reads on behind the end of one that was cut off, and returns what
happens to lie there; a forged length fills the memory. So each packed chunk is looked at first, in zarr 2 and 3, inside
shards, too. Imported only where a zarr array is there.
"""

from __future__ import annotations

import bz2
import lzma
import math
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zarr
from numcodecs.abc import Codec as Numcodec
from zarr.abc.codec import BytesBytesCodec

from ..errors import InputError
from ..limits import check_claim

if TYPE_CHECKING:
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import Buffer

MAX_CHUNKS = 2**17
"""Chunks of an array that is read."""

MAX_CHUNK_BYTES = 2**28
"""Bytes of one chunk, unpacked."""

MAX_ARRAY_BYTES = 2**40
"""Bytes of a whole array, unpacked."""

_SLACK = 2**16
"""Bytes by which what a codec returns may exceed the chunk: other codecs may have wrapped it before."""

_ZSTD_BLOCK = 2**17
"""Bytes that one block of Zstandard holds at most, unpacked."""

_ZSTD_MAGIC = 0xFD2FB528


class _ChunkError(InputError):
    """A chunk is not whole, or claims more than it may hold."""


def checked(array: zarr.Array[Any], name: str) -> zarr.Array[Any]:
    """The same array, whose chunks are checked before they are unpacked; `name` is for messages.

    Raises
    ------
    InputError
        If the array claims more chunks, larger ones, or more bytes than are read.
    """
    grid = [-(-n // max(1, c)) for n, c in zip(array.shape, array.chunks, strict=True)]
    unit = array.dtype.itemsize
    check_claim(f"{name} claims", math.prod(grid), MAX_CHUNKS, "chunks", "store it in larger chunks")
    check_claim(
        f"each chunk of {name} claims",
        math.prod(array.chunks) * unit,
        MAX_CHUNK_BYTES,
        "bytes",
        "store it in smaller ones",
    )
    check_claim(f"{name} claims", math.prod(array.shape) * unit, MAX_ARRAY_BYTES, "bytes", "give a coarser level")
    metadata: Any = array.metadata
    if metadata.zarr_format == 3:
        metadata = replace(metadata, codecs=_guarded(metadata.codecs))
    elif metadata.compressor is not None:
        metadata = replace(metadata, compressor=_Checking(metadata.compressor, math.prod(array.chunks) * unit))
    return zarr.Array(zarr.AsyncArray(metadata, array.store_path, array.config))


def missing_chunks(array: zarr.Array[Any], folder: Path) -> tuple[int, int]:
    """How many files of chunks (or shards) an array lacks in its folder, of how many."""
    present = {
        (Path(root) / file).relative_to(folder).as_posix() for root, _, files in os.walk(folder) for file in files
    }
    grid = [range(-(-n // max(1, c))) for n, c in zip(array.shape, array.shards or array.chunks, strict=True)]
    key: Any = array.metadata.encode_chunk_key
    return sum(key(place) not in present for place in product(*grid)), math.prod(map(len, grid))


def _guarded(codecs: Any) -> list[Any]:
    """The codecs of a zarr 3 array, a check behind each that packs."""
    result: list[Any] = []
    for codec in codecs:
        settings = codec.to_dict()
        if settings["name"] == "sharding_indexed":
            codec = replace(codec, codecs=_guarded(codec.codecs))
        result.append(codec)
        if _kind(settings["name"]) in _CHECKS:
            result.append(_Check(_kind(settings["name"])))
    return result


def _kind(name: str) -> str:
    return name.removeprefix("numcodecs.")


@dataclass(frozen=True)
class _Check(BytesBytesCodec):
    """Looks at packed bytes on their way to the codec before it, and passes them on."""

    kind: str
    is_fixed_size = True

    async def _decode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> Buffer:
        expected = math.prod(chunk_spec.shape) * chunk_spec.dtype.to_native_dtype().itemsize
        _check(self.kind, chunk_bytes.to_bytes(), expected)
        return chunk_bytes

    async def _encode_single(self, chunk_bytes: Buffer, chunk_spec: ArraySpec) -> Buffer:
        return chunk_bytes

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        """As many bytes as before."""
        return input_byte_length


class _Checking(Numcodec):
    """A codec of zarr 2 that looks at packed bytes first."""

    codec_id = "checked"

    def __init__(self, codec: Any, expected: int) -> None:
        self._codec = codec
        self._expected = expected

    def encode(self, buf: Any) -> Any:
        """As the codec."""
        return self._codec.encode(buf)

    def decode(self, buf: Any, out: Any = None) -> Any:
        """As the codec, of bytes that are whole."""
        _check(self._codec.codec_id, bytes(buf), self._expected)
        return self._codec.decode(buf, out)


def _check(kind: str, data: bytes, expected: int) -> None:
    """Refuse packed bytes that are not whole, or that hold far more than is expected."""
    check = _CHECKS.get(kind)
    if check is None:
        return
    try:
        claimed = check(data, expected + _SLACK)
    except (struct.error, IndexError, EOFError, OSError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise _ChunkError(f"a chunk packed with {kind} is damaged ({error}); fetch the image again") from error
    if claimed > expected + _SLACK:
        raise _ChunkError(
            f"a chunk packed with {kind} claims {claimed:,} bytes where the metadata say {expected:,}; "
            "fetch the image again"
        )


def _blosc(data: bytes, most: int) -> int:
    """Bytes that a Blosc chunk claims, whose header tells its own length."""
    n_bytes, _, packed = struct.unpack_from("<3I", data, 4)
    if packed != len(data):
        raise ValueError(f"its header says {packed:,} bytes and there are {len(data):,}")
    return int(n_bytes)


def _lz4(data: bytes, most: int) -> int:
    (n_bytes,) = struct.unpack_from("<I", data)
    return int(n_bytes)


def _zstd(data: bytes, most: int) -> int:
    """The most that the blocks of Zstandard frames can hold; they must end where the data do."""
    at, total = 0, 0
    while at < len(data):
        (magic,) = struct.unpack_from("<I", data, at)
        if magic & 0xFFFFFFF0 == 0x184D2A50:  # a frame to be skipped
            at += 8 + struct.unpack_from("<I", data, at + 4)[0]
            continue
        if magic != _ZSTD_MAGIC:
            raise ValueError("it is no Zstandard frame")
        at, size = _zstd_frame(data, at)
        total += size
    if at != len(data):
        raise ValueError("it is cut off")
    return total


def _zstd_frame(data: bytes, at: int) -> tuple[int, int]:
    """Where a frame ends, and how many bytes it holds at most."""
    flags = data[at + 4]
    single, has_checksum = flags >> 5 & 1, flags >> 2 & 1
    width = (single, 2, 4, 8)[flags >> 6]  # of the content's size
    at += 5 + (1 - single) + (0, 1, 2, 4)[flags & 3]
    size = int.from_bytes(data[at : at + width], "little") + (256 if width == 2 else 0)
    at += width
    most, last = 0, False
    while not last:
        if at + 3 > len(data):
            raise ValueError("it is cut off")
        block = int.from_bytes(data[at : at + 3], "little")
        last, kind, length = bool(block & 1), block >> 1 & 3, block >> 3
        most += _ZSTD_BLOCK if kind == 2 else length
        at += 3 + (1 if kind == 1 else length)
    at += 4 * has_checksum
    if at > len(data):
        raise ValueError("it is cut off")
    # A frame that tells its size holds no more. Of another, the blocks tell, which need not be full.
    return at, size if width else most // 4


def _counted(unpacker: Callable[[], Any]) -> Callable[[bytes, int], int]:
    """A check that unpacks piece by piece, as far as is allowed, and counts."""

    def count(data: bytes, most: int) -> int:
        total = 0
        while data:
            engine = unpacker()
            total += len(_next(engine, data))
            while not engine.eof and total <= most:
                piece = _next(engine, getattr(engine, "unconsumed_tail", b""))
                if not piece and not engine.eof:
                    raise ValueError("it is cut off")
                total += len(piece)
            if total > most:
                return total
            data = engine.unused_data.lstrip(b"\0")  # gzip files may be padded
        return total

    return count


def _next(engine: Any, data: bytes) -> bytes:
    piece: bytes = engine.decompress(data, 2**20)
    return piece


_CHECKS: dict[str, Callable[[bytes, int], int]] = {
    "blosc": _blosc,
    "lz4": _lz4,
    "zstd": _zstd,
    "gzip": _counted(lambda: zlib.decompressobj(31)),
    "zlib": _counted(zlib.decompressobj),
    "bz2": _counted(bz2.BZ2Decompressor),
    "lzma": _counted(lzma.LZMADecompressor),
}
"""By codec, what counts the bytes that a packed chunk claims."""

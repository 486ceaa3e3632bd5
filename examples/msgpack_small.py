"""MessagePack, as little of it as does the work: https://github.com/msgpack/msgpack/blob/master/spec.md

None, booleans, integers, floats, strings, bytes, lists and dicts, and what they are in MessagePack. Extensions come as
Extension(type, data): points in time are those of type -1.
"""

import struct
from collections import namedtuple

Extension = namedtuple("Extension", "type data")

DEPTH_MAX = 64

# How many bytes the length or the number behind a first byte has, and how to read it.
_NUMBERS = {
    0xCA: ">f", 0xCB: ">d",
    0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
    0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q",
}
_LENGTHS = {1: ">B", 2: ">H", 4: ">I"}
# By the bytes of their data.
_FIXED_EXTENSIONS = {1: 0xD4, 2: 0xD5, 4: 0xD6, 8: 0xD7, 16: 0xD8}


def encode(value):
    """The value as bytes; raises TypeError, ValueError or OverflowError for what MessagePack does not have."""
    out = bytearray()
    _write(out, value, 0)
    return bytes(out)


def decode(data):
    """The value in the bytes; raises ValueError unless they are one value and nothing else."""
    try:
        value, end = _read(data, 0, 0)
    except (IndexError, struct.error) as error:
        raise ValueError("the bytes end within a value") from error
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes after the end of the value")
    return value


def _write(out, value, depth):
    if depth > DEPTH_MAX:
        raise ValueError(f"nested deeper than {DEPTH_MAX} levels")
    if value is None:
        out.append(0xC0)
    elif value is True or value is False:
        out.append(0xC3 if value else 0xC2)
    elif isinstance(value, int):
        _write_integer(out, value)
    elif isinstance(value, float):
        out += struct.pack(">Bd", 0xCB, value)
    elif isinstance(value, str):
        data = value.encode()
        _write_head(out, len(data), short=(0xA0, 32), heads=(0xD9, 0xDA, 0xDB))
        out += data
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _write_head(out, len(value), short=(0, 0), heads=(0xC4, 0xC5, 0xC6))
        out += value
    elif isinstance(value, Extension):
        if len(value.data) in _FIXED_EXTENSIONS:
            out.append(_FIXED_EXTENSIONS[len(value.data)])
        else:
            _write_head(out, len(value.data), short=(0, 0), heads=(0xC7, 0xC8, 0xC9))
        out += struct.pack(">b", value.type) + value.data
    elif isinstance(value, (list, tuple)):
        _write_head(out, len(value), short=(0x90, 16), heads=(None, 0xDC, 0xDD))
        for item in value:
            _write(out, item, depth + 1)
    elif isinstance(value, dict):
        _write_head(out, len(value), short=(0x80, 16), heads=(None, 0xDE, 0xDF))
        for key, item in value.items():
            _write(out, key, depth + 1)
            _write(out, item, depth + 1)
    else:
        raise TypeError(f"a {type(value).__name__} cannot be sent")


def _write_integer(out, value):
    if -32 <= value < 128:
        out += struct.pack(">b" if value < 0 else ">B", value)
        return
    heads = (0xCC, 0xCD, 0xCE, 0xCF) if value >= 0 else (0xD0, 0xD1, 0xD2, 0xD3)
    for head in heads:
        try:
            out += struct.pack(">B", head) + struct.pack(_NUMBERS[head], value)
            return
        except struct.error:
            continue
    raise OverflowError("an integer has 64 bits at most")


def _write_head(out, length, short, heads):
    base, below = short
    if length < below:
        out.append(base | length)
        return
    for head, size in zip(heads, (1, 2, 4)):
        if head is not None and length < 1 << (8 * size):
            out += struct.pack(">B", head) + struct.pack(_LENGTHS[size], length)
            return
    raise OverflowError("too long for MessagePack")


def _read(data, at, depth):
    """The value that begins there, and where it ends."""
    if depth > DEPTH_MAX:
        raise ValueError(f"nested deeper than {DEPTH_MAX} levels")
    head = data[at]
    at += 1
    if head < 0x80 or head >= 0xE0:
        return (head if head < 0x80 else head - 256), at
    if head < 0x90:
        return _read_dict(data, at, head & 0x0F, depth)
    if head < 0xA0:
        return _read_list(data, at, head & 0x0F, depth)
    if head < 0xC0:
        return _read_text(data, at, head & 0x1F)
    if head in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[head], at
    if head in _NUMBERS:
        (number,) = struct.unpack_from(_NUMBERS[head], data, at)
        return number, at + struct.calcsize(_NUMBERS[head])
    if 0xD4 <= head <= 0xD8:
        return _read_extension(data, at, 1 << (head - 0xD4))
    return _read_long(data, at, head, depth)


def _read_long(data, at, head, depth):
    families = {
        0xC4: (1, _read_bytes), 0xC5: (2, _read_bytes), 0xC6: (4, _read_bytes),
        0xC7: (1, _read_extension), 0xC8: (2, _read_extension), 0xC9: (4, _read_extension),
        0xD9: (1, _read_text), 0xDA: (2, _read_text), 0xDB: (4, _read_text),
    }
    containers = {0xDC: (2, _read_list), 0xDD: (4, _read_list), 0xDE: (2, _read_dict), 0xDF: (4, _read_dict)}
    if head in families:
        size, read = families[head]
        (length,) = struct.unpack_from(_LENGTHS[size], data, at)
        return read(data, at + size, length)
    if head in containers:
        size, read = containers[head]
        (length,) = struct.unpack_from(_LENGTHS[size], data, at)
        return read(data, at + size, length, depth)
    raise ValueError(f"0x{head:02x} begins no value")


def _read_bytes(data, at, length):
    if length > len(data) - at:
        raise ValueError("the bytes end within a value")
    return bytes(data[at : at + length]), at + length


def _read_text(data, at, length):
    raw, end = _read_bytes(data, at, length)
    return raw.decode(errors="replace"), end


def _read_extension(data, at, length):
    (kind,) = struct.unpack_from(">b", data, at)
    raw, end = _read_bytes(data, at + 1, length)
    return Extension(kind, raw), end


def _read_list(data, at, length, depth):
    items = []
    for _ in range(length):
        item, at = _read(data, at, depth + 1)
        items.append(item)
    return items, at


def _read_dict(data, at, length, depth):
    items = {}
    for _ in range(length):
        key, at = _read(data, at, depth + 1)
        if not isinstance(key, (str, int, float, bytes)):
            raise ValueError("a key that is neither text nor a number")
        items[key], at = _read(data, at, depth + 1)
    return items, at

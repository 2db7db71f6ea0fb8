#!/usr/bin/env python3
"""An independent reader of model packages, written from Format.md and manifest.proto alone.

    package_reader.py --tool .build/release/tandem PACKAGE ...

Reads each package with stock protobuf and zstandard, checks what the format says a reader checks
of bytes, decodes every tensor, and compares them with what `tandem inspect --export` writes.
Exits 0 if all are equal.
"""
import argparse
import hashlib
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy
import zstandard
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PROTO = pathlib.Path(__file__).parents[2] / "proto"
MANIFEST_MAGIC, SHARD_MAGIC = b"\x89TDM\r\n\x1a\n", b"\x89TDS\r\n\x1a\n"
DTYPES = {1: "<f4", 2: "<i4", 3: "<i8", 4: "?", 5: "i1", 6: "u1"}
BLOCK_MAX = 1 << 20


def check(condition, what):
    if not condition:
        raise ValueError(what)


def crc32c_table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


CRC32C = list(crc32c_table())


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC32C[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def manifest_class():
    """The message's class, from the schema at run time: no generated code."""
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["protoc-c", f"--proto_path={PROTO}", f"--descriptor_set_out={out.name}",
                        "tandem/package/v1/manifest.proto"], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClass(
        pool.FindMessageTypeByName("tandem.package.v1.Manifest"))


def read_manifest(folder, Manifest):
    data = (folder / "manifest").read_bytes()
    magic, version, length = struct.unpack_from("<8sIQ", data)
    check(magic == MANIFEST_MAGIC and version == 1, "no manifest of version 1")
    check(length == len(data) - 52, "the manifest's length")
    check(hashlib.sha256(data[:-32]).digest() == data[-32:], "the manifest's SHA-256")
    manifest = Manifest.FromString(data[20:-32])
    unknown = set(manifest.requires) - {b"tokens"}
    check(not unknown, "the package requires what this reader does not know")
    return manifest


def read_shard(folder, shard):
    """The raw bytes of a shard."""
    data = (folder / f"{shard.sha256.hex()}.shard").read_bytes()
    check(len(data) == shard.stored_bytes, "the shard's size")
    check(hashlib.sha256(data).digest() == shard.sha256, "the shard's SHA-256")
    magic, version, count, _, reserved = struct.unpack_from("<8sIIII", data)
    check(magic == SHARD_MAGIC and version == 1 and reserved == 0, "no shard of version 1")
    end = 24 + 24 * count
    checksum, = struct.unpack_from("<I", data, end)
    check(count == shard.block_count and checksum == shard.index_crc32c, "not this shard")
    check(crc32c(data[:end]) == checksum, "the index's checksum")
    raw, expected = bytearray(), end + 4
    for block in range(count):
        offset, stored, size, crc, codec = struct.unpack_from("<QIIII", data, 24 + 24 * block)
        check(offset == expected and 0 < size <= BLOCK_MAX and codec in (0, 1), "an index entry")
        bytes_ = data[offset:offset + stored]
        check(crc32c(bytes_) == crc, f"the checksum of block {block}")
        if codec == 1:
            check(zstandard.frame_content_size(bytes_) == size, "a frame's size")
            bytes_ = zstandard.ZstdDecompressor().decompress(bytes_)
        check(len(bytes_) == size, "a block's size")
        raw += bytes_
        expected = offset + stored
    check(expected == len(data) and len(raw) == shard.raw_bytes, "the shard's bytes")
    return raw


def read_tensors(folder, manifest):
    shards = [read_shard(folder, shard) for shard in manifest.shards]
    for tensor in manifest.tensors:
        data, rows = bytearray(), 0
        for segment in tensor.segments:
            check(segment.row_begin == rows and segment.offset % 64 == 0, "a segment")
            data += shards[segment.shard][segment.offset:segment.offset + segment.byte_count]
            rows += segment.row_count
        yield (tensor.name.decode(),
               numpy.frombuffer(data, DTYPES[tensor.data_type]).reshape(list(tensor.shape)))


def compare(tool, package, Manifest):
    folder = pathlib.Path(package)
    manifest = read_manifest(folder, Manifest)
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([tool, "inspect", package, "--export", out], check=True)
        count = total = 0
        for name, array in read_tensors(folder, manifest):
            theirs = numpy.load(f"{out}/{name.replace('/', '__')}.npy")
            check(theirs.dtype == array.dtype and theirs.shape == array.shape, f"{name}: its form")
            check(theirs.tobytes() == array.tobytes(), f"{name}: its bytes")
            count, total = count + 1, total + array.nbytes
    check(count == len(manifest.tensors) > 0, "the number of tensors")
    print(f"{package}: {count} tensors, {total} bytes, {len(manifest.shards)} shards: equal")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", required=True, help="the tandem to compare with")
    parser.add_argument("packages", nargs="+", help="directories of versions")
    arguments = parser.parse_args()
    manifest_type = manifest_class()
    try:
        for path in arguments.packages:
            compare(arguments.tool, path, manifest_type)
    except (ValueError, struct.error, zstandard.ZstdError) as error:
        sys.exit(f"package_reader: {error}")

#!/usr/bin/env python3
"""Takes the seeds of the fuzz targets out of what stock tools wrote, beside this directory.

usage: make-seeds.py OUTPUT    writes OUTPUT/<target>/seed-...; wants zstd and xz
"""

import gzip
import hashlib
import io
import json
import lzma
import pathlib
import struct
import subprocess
import sys
import tarfile

DATA = pathlib.Path(__file__).resolve().parent.parent
OUTPUT = pathlib.Path(sys.argv[1])


def seed(target, name, data):
    """Keeps one input; none is large."""
    if len(data) <= 65536:
        directory = OUTPUT / target
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"seed-{name}").write_bytes(data)


def repository(name):
    """The files of a repository, by their path in it."""
    with tarfile.open(DATA / f"{name}.tar.gz") as archive:
        for member in archive:
            if member.isfile():
                yield member.name.split("/", 1)[1], archive.extractfile(member).read()


TYPES = {
    "commit": b"0\n",
    "dirtree": b"1\n",
    "dirmeta": b"2\n",
    "summary": b"3\n",
    "superblock": b"4\n",
}


def metadata(target, name, data):
    """A value with a target of its own is one of any type as well."""
    seed(target, name, data)
    seed("gvariant", f"{target}-{name}", TYPES[target] + data)


def objects():
    for repo in ["archive-repo", "collection-repo"]:
        for path, data in repository(repo):
            kind = path.rsplit(".", 1)[-1]
            name = hashlib.sha256(data).hexdigest()[:8]
            if path.startswith("objects/") and kind in TYPES:
                metadata(kind, name, data)
            elif path.startswith("objects/") and kind == "commitmeta":
                seed("gvariant", f"commitmeta-{name}", b"6\n" + data)
            elif kind == "filez":
                seed("filez", name, data)
                seed("content_header", f"zlib-{name}", data[:200])
                # The same header without the size: (uuuusa(ayay)).
                length = struct.unpack(">I", data[:4])[0]
                plain = struct.pack(">II", length - 8, 0) + data[16 : 8 + length]
                seed("content_header", f"content-{name}", plain)
            elif path == "config":
                seed("config", repo, data)
            elif path.startswith("refs/"):
                seed("names", name, path.split("/", 2)[2].encode())
    for path, data in repository("bare-user-only-repo"):
        if path == "config":
            seed("config", "bare-user-only", data)
    seed("config", "full", CONFIG)
    seed("content_header", "ostreemeta", struct.pack(">III", 0, 0, 0o100644) + b"")


CONFIG = b"""# a comment
[core]
repo_version=1
mode=archive-z2
collection-id=org.example.Os
min-free-space-percent=3
min-free-space-size=500MB
lock-timeout-secs=10
tmp-expiry-secs=86400
fsync=true
[archive]
zlib-level=6
[remote "x"]
url=https://example.org/a b
branches=a;b\\s;
"""


def summaries():
    for name in ["archive-summary.bin", "collection-summary.bin"]:
        metadata("summary", name, (DATA / "summary" / name).read_bytes())
    metadata("summary", "ed25519", (DATA / "ed25519/ed25519-summary.bin").read_bytes())
    index = (DATA / "summary/delta.index.bin").read_bytes()
    seed("delta_index", "stock", index)
    for name in ["archive-summary.sig.bin"]:
        seed("gvariant", name, b"6\n" + (DATA / "summary" / name).read_bytes())


def deltas():
    for path in sorted((DATA / "delta").iterdir()):
        if path.name == "README.md":
            continue
        data = (path / "superblock" if path.is_dir() else path).read_bytes()
        if path.name.endswith(".gz"):
            data = gzip.decompress(data)
        metadata("superblock", path.name, data)
        if path.is_dir():
            parts(path.name, (path / "0").read_bytes())
    # A digest that is due does not matter to this target, so that a few objects of each kind do.
    blob = b"hello, world" + bytes(32)
    for name, kinds, ops in PROGRAMS:
        payload = part_payload(blob, ops)
        seed("delta_part", name, bytes([len(kinds)]) + kinds + b"\0" + payload)
        seed("gvariant", f"part-{name}", b"5\n" + payload)


PROGRAMS = [
    ("metadata", b"\1\2", b"S\5\0S\5\7"),
    ("splice", b"\0", b"S\0\0\5\0"),
    ("open", b"\0", b"o\0\0\5w\3\0w\2\7c"),
    ("source", b"\0\0", b"r\x0co\0\0\5w\5\3RcS\0\0\1\1R"),
    ("link", b"\0", b"S\1\0\5\0"),
    ("patch", b"\0", b"r\x0co\0\0\4B\0\0c"),
]


def part_payload(blob, ops):
    """(a(uuu)aa(ayay)ayay): two modes, one empty set of xattrs."""
    modes = struct.pack(">III", 0, 0, 0o100644) + struct.pack(">III", 0, 0, 0o120777)
    xattrs = b"\0"  # one empty array, and where it ends
    body = modes + xattrs + blob + ops
    ends = [len(modes) + len(xattrs) + len(blob), len(modes) + len(xattrs), len(modes)]
    width = 1 if len(body) + 3 <= 255 else 2
    return body + b"".join(end.to_bytes(width, "little") for end in ends)


def parts(name, part):
    seed("xz_part", name, part)
    payload = lzma.decompress(part[1:])
    seed("xz_part", f"plain-{name}", b"\0" + payload[:2000])
    seed("delta_part", name, b"\x08" + b"\2\1\0\0\0\0\0\0" + b"\0" + payload)
    seed("gvariant", f"part-{name}", b"5\n" + payload)
    for size in [0, 1, 700]:
        stream = stored(payload[:size])
        seed("stored_xz", f"{name}-{size}", stream)
        seed("xz_part", f"stored-{name}-{size}", b"x" + stream)


def stored(content):
    """A stored stream, as src/format/stored_xz.rs draws it."""
    import zlib

    out = bytes.fromhex("fd377a585a000004e6d6b446020021010800000 0d80f2313".replace(" ", ""))
    chunks = b""
    if content:
        chunks = b"\1" + struct.pack(">H", len(content) - 1) + content
    chunks += b"\0"
    unpadded = 12 + len(chunks) + 8
    out += chunks + bytes(-len(chunks) % 4)
    check = lzma.compress(content, lzma.FORMAT_XZ, lzma.CHECK_CRC64)
    # The check stands before the index, whose length the footer tells.
    index_len = (struct.unpack("<I", check[-8:-4])[0] + 1) * 4
    out += check[-12 - index_len - 8 : -12 - index_len]

    def number(value):
        digits = b""
        while value >= 0x80:
            digits += bytes([value & 0x7F | 0x80])
            value >>= 7
        return digits + bytes([value])

    index = b"\0\1" + number(unpadded) + number(len(content)) if content else b"\0\1" + number(unpadded) + b"\0"
    index += bytes(-len(index) % 4)
    index += struct.pack("<I", zlib.crc32(index))
    out += index
    tail = struct.pack("<I", len(index) // 4 - 1) + b"\0\4"
    return out + struct.pack("<I", zlib.crc32(tail)) + tail + b"YZ"


def gvariant():
    vectors = json.loads((DATA / "format/gvariant.json").read_text())
    cases = vectors if isinstance(vectors, list) else vectors.get("vectors", vectors.get("cases", []))
    for number, case in enumerate(cases):
        kind, text, data = (case.get(key) for key in ("type", "text", "hex_le"))
        if kind and data is not None:
            seed("gvariant", f"glib-{number}", kind.encode() + b"\n" + bytes.fromhex(data))
        if text:
            seed("gvariant_text", f"glib-{number}", text.encode())
    for number, text in enumerate(["{'key': <'value'>}", "[uint64 1, 2]", "@as []", "b'bytes'", "(1.5e3, true, <byte 0x2a>)"]):
        seed("gvariant_text", f"hand-{number}", text.encode())


def ustar(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    # Two blocks end it; Python pads to a record.
    length = sum(512 + len(data) + -len(data) % 512 for _, data in members)
    return out.getvalue()[: length + 1024]


def zstd(data):
    run = subprocess.run(["zstd", "-qc", "-1"], input=data, stdout=subprocess.PIPE, check=True)
    return run.stdout


def digest(data):
    return hashlib.sha256(data).hexdigest()


def bundles():
    filez = [
        (path, data)
        for path, data in sorted(repository("archive-repo"))
        if path.endswith(".filez") and len(data) < 500
    ][:3]
    small = ustar(filez)
    seed("pack", "three", b"\3" + small)
    seed("pack", "one", b"\1" + ustar(filez[:1]))
    seed("pack", "none", b"\0" + ustar([]))
    for size in [0, 9, 5000]:
        seed("zstd_member", str(size), size.to_bytes(3, "big") + zstd(b"part zero"[:size] * 556))
        seed("zstd_member", f"exact-{size}", min(size, 9).to_bytes(3, "big") + zstd(b"part zero"[:size]))
    members = [
        ("summary", b"the summary", {}),
        ("summary.sig", b"its signature", {}),
        ("payload/0/superblock", b"the superblock", {}),
        ("payload/0/0.zst", zstd(b"part zero"), {"unpacked": 9}),
        ("payload/0/objects-0.tar.zst", zstd(small), {"unpacked": len(small), "objects": len(filez)}),
    ]
    entries = [
        {"name": name, "size": len(data), "sha256": digest(data), "chunks": [digest(data)], **more}
        for name, data, more in members
    ]
    commit = "c" * 64
    release = {
        "ref": "stable", "commit": commit, "parent": None, "from": [], "version": None,
        "timestamp": 1700000000,
        "objects": {"commit": 1, "dirtree": 1, "dirmeta": 1, "file": len(filez)},
        "bytes": {"stored": 0, "content": 0},
    }
    manifest = {
        "airlock": "bundle/1",
        "repository": {"id": "0" * 32, "collection": None},
        "site": "default", "created": 1700000000, "expires": None,
        "origin": {"tool": "by hand"}, "sequence": {"stable": 1},
        "releases": [release], "refs-after": {"stable": commit},
        "members": entries, "extensions": {},
    }
    text = json.dumps(manifest, separators=(",", ":")).encode()
    seed("manifest", "sample", text)
    manifest["releases"][0].update(parent="a" * 64, version="42", **{"from": ["a" * 64]})
    manifest["expires"] = 1800000000
    seed("manifest", "from", json.dumps(manifest, separators=(",", ":")).encode())
    files = [("manifest.json", text), ("manifest.json.asc", b"-----BEGIN PGP SIGNATURE-----\n")]
    files += [(name, data) for name, data, _ in members]
    seed("bundle", "sample", ustar(files))


POLICY = b"""[certificates]
alice = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
bob = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

[[bundle]]
refs = ["os/**", "app/*/stable"]
certificates = ["alice", "bob"]
threshold = 2
collection = "org.example.Os"
max-age = "30d"
require-expiry = true

[[commit]]
[[summary]]
certificates = ["CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"]
[[trust]]
threshold = 2
"""


def texts():
    seed("policy", "full", POLICY)
    seed("policy", "small", b"[[bundle]]\n")
    statement = {
        "airlock": "trust/1", "version": 1, "previous": None, "created": 1700000000,
        "expires": None, "certificates": [], "policy": POLICY.decode(), "notes": "", "extensions": {},
    }
    seed("trust_statement", "first", json.dumps(statement, separators=(",", ":")).encode())
    statement.update(version=2, previous="a" * 64, expires=1800000000)
    seed("trust_statement", "second", json.dumps(statement, separators=(",", ":")).encode())
    inventory = {
        "airlock": "inventory/1", "site": "north", "created": 1700000000, "follows": "0" * 32,
        "collection": "org.example.Os", "mode": "archive", "heads": {"stable": "c" * 64},
        "sequence": {"stable": 7}, "extensions": {},
    }
    seed("inventory", "full", json.dumps(inventory, separators=(",", ":")).encode() + b"\n")
    lines, before = [], b""
    for number, more in enumerate([{"verb": "init"}, {"verb": "export", "bundle": "b" * 64}], 1):
        chain = digest(before) if before else "0" * 64
        record = {"n": number, "prev": chain, "time": 1700000000, **more}
        before = json.dumps(record, separators=(",", ":")).encode()
        lines.append(before + b"\n")
    seed("journal", "two", b"".join(lines))
    seed("journal", "id", b"0123456789abcdef" * 2)
    for number, name in enumerate([
        "os/x86_64/stable", "remote:os/stable", "org.example.Os", "north-1", "NOTES.txt",
        "a" * 64, f"{'a' * 64}-{'b' * 64}", f"{'a' * 64}.dirtree", "payload/0/objects-0.tar.zst",
        "payload/3/7.zst", "summary.sig", "attachments/x.tar", "A" * 40, "A" * 43,
        "os/**\nos/x/y", "*\nx", "a*b*c\naxbxc",
    ]):
        seed("names", str(number), name.encode())


def signed():
    for path in sorted((DATA / "gpg-verdicts").glob("*.sig")):
        seed("signatures", path.name, path.read_bytes())
    for path in sorted((DATA / "trust").glob("*.sig")):
        seed("signatures", path.name, path.read_bytes())
    for path in sorted((DATA / "ed25519").glob("*.b64")):
        seed("ed25519_keys", path.name, path.read_bytes())


for make in [objects, summaries, deltas, gvariant, bundles, texts, signed]:
    make()

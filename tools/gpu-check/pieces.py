"""Splits a folder into compressed pieces of limited size, and puts them together again, with Python's standard library alone."""
import hashlib
import io
import lzma
import os
import sys
import tarfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

part_bytes = 1 << 26
filters = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": int(os.environ.get("GPU_CHECK_PRESET", "9"))}]


def compress(job):
    """Compresses one part of a tar file, unless that was done before. Returns its path and compressed length."""
    tar, at, target, cache = job
    with open(tar, "rb") as file:
        file.seek(at)
        data = file.read(part_bytes)
    known = cache / f"{hashlib.sha256(data + repr(filters).encode()).hexdigest()}.xz"
    if not known.exists():
        temporary = known.with_suffix(".tmp")
        temporary.write_bytes(lzma.compress(data, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, filters=filters))
        temporary.rename(known)
    os.link(known, target)
    return target, known.stat().st_size


def plain(entry):
    """Leaves out of a tar file what differs from one packing to the next."""
    entry.mtime = entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def pack(folder, target, limit):
    """Writes `piece-1`, `piece-2`, … with at most `limit` bytes each. A piece is a folder of parts that are read independently."""
    cache = target / "compressed"
    cache.mkdir(parents=True, exist_ok=True)
    tar = target / "bundle.tar"
    names = [path for path in folder.rglob("*") if path.is_file() or path.is_symlink()]
    # The large files, which seldom change, first: their parts stay the same.
    names.sort(key=lambda path: (-(path.lstat().st_size >> 20), path.suffix, str(path)))
    with tarfile.open(tar, "w") as out:
        for path in names:
            out.add(path, str(path.relative_to(folder)), recursive=False, filter=plain)
    size = tar.stat().st_size
    jobs = [(tar, at, target / f"part-{at // part_bytes:03d}.xz", cache) for at in range(0, size, part_bytes)]
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(jobs))) as pool:
        parts = list(pool.map(compress, jobs))
    tar.unlink()
    pieces = []
    for path, length in sorted(parts, key=lambda part: -part[1]):
        if length > limit:
            sys.exit(f"expected a part of at most {limit} bytes, got {length}")
        piece = next((one for one in pieces if one[0] + length <= limit), None)
        if piece is None:
            pieces.append(piece := [0, []])
        piece[0] += length
        piece[1].append(path)
    for number, (_, paths) in enumerate(pieces, 1):
        place = target / f"piece-{number}"
        place.mkdir()
        for path in paths:
            path.rename(place / path.name)
        (place / "count").write_text(f"{len(jobs)}\n")


def decompress(job):
    source, target = job
    temporary = target.with_suffix(".tmp")
    temporary.write_bytes(lzma.decompress(source.read_bytes()))
    temporary.rename(target)


def receive(piece, target):
    """Decompresses the parts of one piece."""
    target.mkdir(parents=True, exist_ok=True)
    jobs = [(path, target / path.stem) for path in sorted(piece.glob("part-*.xz"))]
    if not jobs:
        sys.exit(f"{piece}: expected parts of a bundle, found none")
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(jobs))) as pool:
        list(pool.map(decompress, jobs))
    (target / "count").write_text((piece / "count").read_text())
    there = len(list(target.glob("part-[0-9][0-9][0-9]")))
    print(f"{there} of {(target / 'count').read_text().strip()} parts received")


class Parts(io.RawIOBase):
    """Parts read as one file."""

    def __init__(self, paths):
        self.paths = iter(paths)
        self.file = io.BytesIO()

    def readable(self):
        return True

    def readinto(self, buffer):
        while not (count := self.file.readinto(buffer)):
            path = next(self.paths, None)
            if path is None:
                return 0
            self.file = open(path, "rb")
        return count


def join(source, target):
    """Unpacks the bundle once all parts are there."""
    count = int((source / "count").read_text()) if (source / "count").exists() else 0
    paths = [source / f"part-{number:03d}" for number in range(count)]
    missing = [path.name for path in paths if not path.exists()]
    if count == 0 or missing:
        sys.exit(f"{source}: expected all parts of the bundle, missing: {', '.join(missing) or 'all'}; receive every piece first")
    with tarfile.open(fileobj=io.BufferedReader(Parts(paths), 1 << 20), mode="r|") as tar:
        tar.extractall(target, **({"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}))


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "pack":
        pack(Path(arguments[0]), Path(arguments[1]), int(arguments[2]))
    else:
        {"receive": receive, "join": join}[what](*map(Path, arguments))

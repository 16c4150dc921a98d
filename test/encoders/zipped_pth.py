"""Writes tensors as torch.save does since PyTorch 1.6: a ZIP archive with a pickle and a file for each storage.

Usage: zipped_pth.py INDEX OUT, where INDEX is JSON: [[name, type, shape, file of the numbers], ...]. PyTorch is not needed: modules of the
same names stand for it in the pickle.
"""

import collections
import io
import json
import pickle
import sys
import types
import zipfile


class Tensor:
    def __init__(self, storage, shape, parameter):
        self.storage, self.shape, self.parameter = storage, tuple(shape), parameter

    def strides(self):
        strides, step = [], 1
        for side in reversed(self.shape):
            strides.insert(0, step)
            step *= side
        return tuple(strides)

    def __reduce__(self):
        hooks = collections.OrderedDict()
        if self.parameter:
            return (rebuild_parameter, (Tensor(self.storage, self.shape, False), True, hooks))
        return (rebuild_tensor, (self.storage, 0, self.shape, self.strides(), False, hooks))


class Storage:
    def __init__(self, kind, key, count):
        self.kind, self.key, self.count = kind, key, count


class FloatStorage:
    pass


class LongStorage:
    pass


def rebuild_tensor(*_):
    pass


def rebuild_parameter(*_):
    pass


def pretend(module, name, thing):
    thing.__module__, thing.__qualname__, thing.__name__ = module, name, name
    owner = sys.modules.setdefault(module, types.ModuleType(module))
    setattr(owner, name, thing)


pretend("torch", "FloatStorage", FloatStorage)
pretend("torch", "LongStorage", LongStorage)
pretend("torch._utils", "_rebuild_tensor_v2", rebuild_tensor)
pretend("torch._utils", "_rebuild_parameter", rebuild_parameter)


class Pickler(pickle.Pickler):
    def persistent_id(self, thing):
        if isinstance(thing, Storage):
            return ("storage", thing.kind, thing.key, "cpu", thing.count)
        return None


def main(index, out):
    with open(index, encoding="utf-8") as file:
        entries = json.load(file)
    state = collections.OrderedDict()
    storages = {}
    for at, (name, dtype, shape, path) in enumerate(entries):
        with open(path, "rb") as file:
            storages[str(at)] = file.read()
        kind, size = (FloatStorage, 4) if dtype == "F32" else (LongStorage, 8)
        storage = Storage(kind, str(at), len(storages[str(at)]) // size)
        state[name] = Tensor(storage, shape, name.endswith(".weight"))
    state._metadata = collections.OrderedDict({"": {"version": 1}})
    text = io.BytesIO()
    Pickler(text, protocol=2).dump(state)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", text.getvalue())
        archive.writestr("archive/byteorder", "little")
        for key, numbers in storages.items():
            archive.writestr(f"archive/data/{key}", numbers)
        archive.writestr("archive/version", "3\n")


main(*sys.argv[1:])

"""Prints as JSON what TensorBoard itself finds in a folder of event files."""

import base64
import json
import sys
import types

# TensorBoard reads files without TensorFlow, which would take seconds to load.
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util import tensor_util

everything = {"images": 0, "scalars": 0, "tensors": 0}
events = EventAccumulator(sys.argv[1], size_guidance=everything, purge_orphaned_data=False)
events.Reload()
tags = events.Tags()


def tensors(plugin):
    return [tag for tag in tags["tensors"] if events.SummaryMetadata(tag).plugin_data.plugin_name == plugin]


def hparams(tag):
    return plugin_data_pb2.HParamsPluginData.FromString(events.SummaryMetadata(tag).plugin_data.content)


def plain(value):
    return getattr(value, value.WhichOneof("kind"))


start, end = (f"_hparams_/session_{name}_info" for name in ("start", "end"))
print(
    json.dumps(
        {
            "scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
            "images": {
                tag: [
                    [e.step, e.width, e.height, base64.b64encode(e.encoded_image_string).decode()]
                    for e in events.Images(tag)
                ]
                for tag in tags["images"]
            },
            "texts": {
                tag: [[e.step, e.tensor_proto.string_val[0].decode()] for e in events.Tensors(tag)]
                for tag in tensors("text")
            },
            "histograms": {
                tag: [[e.step, tensor_util.make_ndarray(e.tensor_proto).tolist()] for e in events.Tensors(tag)]
                for tag in tensors("histograms")
            },
            "hparams": {
                name: plain(value)
                for tag in tensors("hparams")
                if tag == start
                for name, value in hparams(tag).session_start_info.hparams.items()
            },
            "finished": [hparams(tag).session_end_info.status == 1 for tag in tensors("hparams") if tag == end],
        }
    )
)

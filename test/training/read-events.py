"""Prints as JSON what TensorBoard itself finds in a folder of event files."""

import base64
import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"images": 0, "scalars": 0, "tensors": 0})
events.Reload()
tags = events.Tags()
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
                for tag in tags["tensors"]
                if events.SummaryMetadata(tag).plugin_data.plugin_name == "text"
            },
        }
    )
)

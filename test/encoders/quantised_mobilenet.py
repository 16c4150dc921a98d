"""Gives MobileNetV2's ImageNet weights, as a quantised TFLite file holds them, to Keras's MobileNetV2, and says what Keras with these
weights, and TFLite itself, take photographs for after Pillow made them smaller.

Usage: quantised_mobilenet.py MODEL.tflite PHOTOGRAPHS FOLDER. Writes FOLDER/weights.h5 and prints a JSON object from a photograph's name
to its two classes.
"""
import json
import os
import sys
from pathlib import Path

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import h5py
import keras
import numpy
import tensorflow as tf
from keras.src.legacy.saving import legacy_h5_format
from PIL import Image

model, photographs, folder = (Path(word) for word in sys.argv[1:])
lite = tf.lite.Interpreter(str(model), experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
lite.allocate_tensors()


def numbers(index):
    """Of a tensor quantised by channel: with its scales along the dimension that they belong to."""
    details = lite._get_tensor_details(index, 0)
    quantised = details['quantization_parameters']
    shape = [1] * len(details['shape'])
    shape[quantised['quantized_dimension']] = -1
    return lite.get_tensor(index).astype('float32') * quantised['scales'].reshape(shape)


found = []
for operation in lite._get_ops_details():
    if operation['op_name'] in ('CONV_2D', 'DEPTHWISE_CONV_2D'):
        _, kernel, bias = operation['inputs']
        # [outputs, height, width, inputs], or for a depthwise one [1, height, width, inputs].
        axes = (1, 2, 3, 0)
        found.append((numbers(kernel).transpose(axes), numbers(bias)))

network = keras.applications.MobileNetV2(weights=None)
weighted = [layer for layer in network.layers if layer.weights]
for convolution, norm, (kernel, bias) in zip(weighted[::2], weighted[1::2], found):
    convolution.set_weights([kernel])
    # Batch norm is folded into these already: what is left is the shift.
    ones, zeros = numpy.ones_like(bias), numpy.zeros_like(bias)
    norm.set_weights([ones * numpy.sqrt(1.001), bias, zeros, ones])
kernel, bias = found[-1]
weighted[-1].set_weights([kernel[0, 0, :, 1:], bias[1:]])  # the first class there is the background
with h5py.File(folder / 'weights.h5', 'w') as file:
    legacy_h5_format.save_weights_to_hdf5_group(file, network)

labels = {}
for file in sorted(photographs.glob('*.jpg')):
    with Image.open(file) as image:
        picture = numpy.asarray(image.convert('RGB').resize((224, 224), Image.Resampling.BILINEAR))[None]
    lite.set_tensor(lite.get_input_details()[0]['index'], picture)
    lite.invoke()
    quantised = lite.get_tensor(lite.get_output_details()[0]['index'])[0, 1:]
    exact = numpy.asarray(network(picture.astype('float32') / 127.5 - 1, training=False))[0]
    labels[file.name] = [int(exact.argmax()), int(quantised.argmax())]
print(json.dumps(labels))

"""Saves a network of Keras with random weights in both of its layouts, and what it sees in random pictures.

Usage: keras_networks.py inception-v3|mobilenet-v2 FOLDER [top]. Writes FOLDER/keras2.h5, keras3.weights.h5 and expected.safetensors: pixels
(int32, [2, side, side, 3]), outputs of a few layers within, grid, pooled and, with top, logits.
"""
import os
import sys
from pathlib import Path

os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import h5py
import keras
import numpy
from keras.src.legacy.saving import legacy_h5_format
from safetensors.numpy import save_file

name, folder, top = sys.argv[1], Path(sys.argv[2]), 'top' in sys.argv
make, side, within = {
    'inception-v3': (keras.applications.InceptionV3, 299, ['mixed0', 'mixed3', 'mixed7', 'mixed8']),
    'mobilenet-v2': (keras.applications.MobileNetV2, 224, ['block_2_add', 'block_6_project_BN', 'block_13_project_BN']),
}[name]
keras.utils.set_random_seed(11)
numbers = numpy.random.default_rng(11)
whole = make(weights=None, include_top=top, classifier_activation=None)
for layer in whole.layers:
    if isinstance(layer, keras.layers.BatchNormalization):
        # As trained ones are: nothing is 0 or 1 that a reader could leave out without being noticed.
        layer.set_weights([
            numbers.uniform(0.5, 1.5, weight.shape) if 'gamma' in weight.path or 'variance' in weight.path else numbers.normal(0, 0.3, weight.shape)
            for weight in layer.weights
        ])

whole.save_weights(folder / 'keras3.weights.h5')
with h5py.File(folder / 'keras2.h5', 'w') as file:
    legacy_h5_format.save_weights_to_hdf5_group(file, whole)
    # The published files were written by Keras 2: names are bytes of one length, and those of weights end with the number of an output.
    file.attrs['layer_names'] = [layer.encode() for layer in file.attrs['layer_names']]
    for group in file.values():
        names = [weight for weight in group.attrs['weight_names']]
        for weight in names:
            group.move(weight, f'{weight}:0')
        del group.attrs['weight_names']
        group.attrs['weight_names'] = [f'{weight}:0'.encode() for weight in names]

pixels = numbers.integers(0, 256, (2, side, side, 3)).astype('int32')
pixels[1] = pixels[1] // 4 + numpy.linspace(0, 190, side, dtype='int32')[:, None, None]
last = whole.get_layer('mixed10' if name == 'inception-v3' else 'out_relu').output
outputs = [whole.get_layer(layer).output for layer in within] + [last] + ([whole.output] if top else [])
found = [numpy.asarray(one) for one in keras.Model(whole.inputs, outputs)(pixels.astype('float32') / 127.5 - 1, training=False)]
grid = found[len(within)].reshape(2, -1, last.shape[-1])
expected = {'pixels': pixels, 'grid': grid, 'pooled': grid.mean(1)}
expected |= {layer: found[at] for at, layer in enumerate(within)}
if top:
    expected['logits'] = found[-1]
save_file({key: numpy.ascontiguousarray(value) for key, value in expected.items()}, folder / 'expected.safetensors')
trained = sum(int(numpy.prod(weight.shape)) for weight in whole.weights)
print(trained, keras.__version__)

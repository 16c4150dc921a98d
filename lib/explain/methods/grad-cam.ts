/** Grad-CAM and Grad-CAM++: the channels of a block's feature map, weighted by their gradients. */
import type {GradCamOptions} from '../../option-types';
import {tf} from '../../tensorflow/tensorflow';
import {outputOfBlock} from '../blocks';
import type {CaptionModel} from '../caption-model';
import {wordMaps, type Attribution, type Method} from '../method';
import {gradCamOptions} from '../method-options';
import {joinViewMaps} from '../view-maps';

export type {GradCamOptions};

type Settings = Readonly<Required<GradCamOptions>>;

/** Computes the weight of each channel, `[images, 1, 1, channels]`, from a feature map and its gradient. */
type ChannelWeights = (map: tf.Tensor4D, gradient: tf.Tensor4D) => tf.Tensor;

const meanGradient: ChannelWeights = (_, gradient) => tf.mean(gradient, [1, 2], true);

/** Equation 19 of the paper, in which the derivatives of an exponential score become powers of the gradient. */
const weightedGradient: ChannelWeights = (map, gradient) => {
  const [square, cube] = [tf.square(gradient), tf.pow(gradient, 3)];
  const divisor = tf.add(tf.mul(square, 2), tf.mul(tf.sum(map, [1, 2], true), cube));
  const alpha = tf.divNoNan(square, divisor);
  return tf.sum(tf.mul(alpha, tf.relu(gradient)), [1, 2], true);
};

export const gradCam: Method<Settings> = variant('grad-cam', meanGradient, {
  title: 'Grad-CAM',
  about: "The channels of a block's feature map, each weighted by its mean gradient.",
  source: 'Selvaraju et al. 2017, arXiv 1610.02391',
});

export const gradCamPlusPlus: Method<Settings> = variant('grad-cam++', weightedGradient, {
  title: 'Grad-CAM++',
  about: 'Grad-CAM with weights that find several objects of a kind.',
  source: 'Chattopadhay et al. 2018, arXiv 1710.11063',
});

function variant(
  name: string,
  weights: ChannelWeights,
  described: Pick<Method, 'title' | 'about' | 'source'>,
): Method<Settings> {
  return {
    name,
    ...described,
    complete: false,
    features: 'cells',
    options: {...gradCamOptions, owner: `${name} method`},
    passes: (words) => 1 + words,
    *compute(model, settings): Generator<void, Attribution, void> {
      const maps = yield* classMaps(model, settings, weights);
      const side = Math.sqrt(maps[0]!.length);
      return {image: wordMaps(maps, side, side)};
    },
  };
}

/** Computes Grad-CAM's map of each word, row by row. */
export function* classMaps(
  model: CaptionModel,
  {block, positive}: Settings,
  weights: ChannelWeights = meanGradient,
): Generator<void, Float32Array[], void> {
  const {cnn, views} = model.parts;
  const layer = outputOfBlock(block, cnn.layers);
  const pass = model.pass(model.pixels, model.embeddings, [layer]);
  const found: Float32Array[] = [];
  try {
    for (let word = 0; word < model.words; word++) {
      yield;
      const gradients = pass.layerGradients(word, layer);
      const maps = pass.output(layer).map((map, view) => {
        const weighted = tf.tidy(() => {
          const sum = tf.sum(tf.mul(map, weights(map, gradients[view]!)), 3);
          return positive ? tf.relu(sum) : sum;
        });
        const values = weighted.dataSync<'float32'>().slice() as Float32Array;
        weighted.dispose();
        return values;
      });
      tf.dispose(gradients);
      found.push(joinViewMaps(maps, views));
    }
  } finally {
    pass.dispose();
  }
  return found;
}

/** The options of every kind of decoder, by its name. Loads no TensorFlow, since `--help` lists them. */
import {z} from 'zod';
import {optionGroup, type OptionGroup} from '../option-group';
import type {AdaptiveOptions, AttentionOptions, LstmOptions, TransformerOptions} from '../option-types';

const size = z.int().min(1).max(65_536);
const layers = z.int().min(1).max(100);
const dropout = z.number().min(0).lt(1);
const seed = z
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1)
  .default(1)
  .describe('Seed for weight initialisation.');

export const lstmOptions: OptionGroup<Readonly<Required<LstmOptions>>> = optionGroup<LstmOptions>({
  owner: 'lstm decoder',
  type: 'LstmOptions',
  about: 'Options of the `lstm` decoder.',
})(
  z.strictObject({
    embedding: size.default(256).describe('Size of a word vector.'),
    units: size.default(512).describe('Size of the recurrent state.'),
    layers: layers.default(1).describe('Stacked LSTM layers, all of the same size.'),
    imageInput: z
      .enum(['first', 'every'])
      .default('first')
      .describe('Where the LSTM reads the image: before the `first` word, or beside `every` word.'),
    dropout: dropout.default(0.5).describe('Dropout rate of layer inputs and output states.'),
    seed,
  }),
);

const attention = {
  embedding: size.default(256).describe('Size of a word vector.'),
  units: size.default(512).describe('Size of the recurrent state, and of a grid cell after projection.'),
  attention: size.default(512).describe('Size of the space in which attention compares states with cells.'),
  dropout: dropout.default(0.5).describe('Dropout rate of word vectors, cells and outputs.'),
};

export const attentionOptions: OptionGroup<Readonly<Required<AttentionOptions>>> =
  optionGroup<AttentionOptions>({
    owner: 'attention decoder',
    type: 'AttentionOptions',
    about: 'Options of the `attention` decoder.',
  })(
    z.strictObject({
      ...attention,
      regularization: z
        .number()
        .min(0)
        .max(1000)
        .default(1)
        .describe(
          'Weight of doubly stochastic regularization, by which the attention on each cell sums to 1 over a caption (Xu et al. 2015, equation 14).',
        ),
      seed,
    }),
  );

export const adaptiveOptions: OptionGroup<Readonly<Required<AdaptiveOptions>>> = optionGroup<AdaptiveOptions>(
  {
    owner: 'adaptive decoder',
    type: 'AdaptiveOptions',
    about: 'Options of the `adaptive` decoder.',
  },
)(
  z.strictObject({
    ...attention,
    embedding: size.default(256).describe('Size of a word vector, and of the vector of the whole image.'),
    seed,
  }),
);

const transformer = z.strictObject({
  units: size
    .multipleOf(4)
    .default(384)
    .describe('Model size: word vectors, cells and everything between the layers. `heads` must divide it.'),
  heads: size.default(8).describe('Attention heads; their number must divide `units`.'),
  layers: layers.default(2).describe('Layers over the words.'),
  encoderLayers: layers.default(1).describe('Layers over the grid cells.'),
  feedForward: size.default(1536).describe('Inner size of the feed-forward layers.'),
  dropout: dropout
    .default(0.3)
    .describe('Dropout rate of word vectors, cells and the output of each sublayer.'),
  seed,
});

export const transformerOptions: OptionGroup<Readonly<Required<TransformerOptions>>> =
  optionGroup<TransformerOptions>({
    owner: 'transformer decoder',
    type: 'TransformerOptions',
    about: 'Options of the `transformer` decoder.',
  })(
    transformer.superRefine(({units, heads}, context) => {
      if (units % heads === 0) return;
      const message = `expected a number that \`heads\`, ${heads}, divides`;
      context.addIssue({code: 'custom', path: ['units'], message});
    }),
  );

/** By kind, in the order in which they are listed. */
export const decoderOptions: ReadonlyMap<string, OptionGroup> = new Map<string, OptionGroup>([
  ['lstm', lstmOptions],
  ['attention', attentionOptions],
  ['adaptive', adaptiveOptions],
  ['transformer', transformerOptions],
]);

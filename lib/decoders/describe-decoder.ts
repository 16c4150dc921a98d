/** Describes decoders for consoles and notebooks. */
import {counted, countNumbers, description, describeOptions, grouped} from '../description';
import {fieldsOf} from '../option-fields';
import type {Decoder, StepDecoder} from './decoder';
import {decoderOptions} from './decoder-options';

/** Describes a decoder: what it reads and predicts, its weights, and the options that differ from the default. */
export function describeDecoder(decoder: StepDecoder & Partial<Pick<Decoder, 'weights'>>): string {
  const {kind, features, depth, vocabulary, options, weights} = decoder;
  const group = decoderOptions.get(kind);
  const defaults =
    group && Object.fromEntries(fieldsOf(group.schema).map((field) => [field.name, field.default]));
  return description(
    `${kind} decoder${weights ? ` of ${counted(countNumbers(weights.values()), 'weight')}` : ''}`,
    {
      reads:
        features === 'pooled'
          ? `pooled image features, [${depth}]`
          : `a grid of image features, [cells, ${depth}]`,
      predicts: `the next of ${counted(vocabulary, 'word')}`,
      options: defaults ? describeOptions(options, defaults) : JSON.stringify(options),
      weights: weights && describeWeights(weights),
    },
  );
}

/** Describes an ensemble by its members. */
export function describeEnsemble(ensemble: StepDecoder): string {
  const members = ensemble.options['decoders'] as readonly {readonly kind: string}[];
  return description(
    `ensemble of ${counted(members.length, 'decoder')}: ${members.map(({kind}) => kind).join(', ')}`,
    {
      reads: `${ensemble.features} image features of depth ${grouped(ensemble.depth)}`,
      predicts: `the next of ${counted(ensemble.vocabulary, 'word')}, by the mean of their probabilities`,
    },
  );
}

/** Sums up the weights by the first part of their names, which is the layer. */
function describeWeights(weights: Decoder['weights']): string {
  const layers = new Map<string, number>();
  for (const [name, weight] of weights) {
    const layer = name.replace(/\.[^.]*$/, '');
    layers.set(layer, (layers.get(layer) ?? 0) + countNumbers([weight]));
  }
  const shown = [...layers].map(([layer, count]) => `${layer} ${grouped(count)}`);
  return shown.length <= 8
    ? shown.join(', ')
    : `${shown.slice(0, 7).join(', ')} and ${shown.length - 7} more`;
}

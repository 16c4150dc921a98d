/** The small captioner of test/fixtures/explain/captioner.py, with the same weights, and what Captum finds for it. */
import {
  centredViews,
  createDecoder,
  createEnsemble,
  type Decoder,
  type Encoder,
  multiView,
  type Preprocessing,
  type StepDecoder,
  tf,
  type Attribution,
} from 'captioner';
import {multiViewDecoder} from 'captioner/dist/decoders/multi-view-decoder';
import type {Architecture} from 'captioner/dist/encoders/architecture';
import {Cnn} from 'captioner/dist/encoders/cnn';
import {inputLayer, NetworkBuilder} from 'captioner/dist/encoders/layers';
import {CaptionModel} from 'captioner/dist/explain/caption-model';
import {methodNamed} from 'captioner/dist/explain/methods';
import {float32} from 'captioner/dist/files/safetensors';
import {parseOptions} from 'captioner/dist/options';
import {readFixture, type Reference} from '../tensors';

/** The values of a method of Captum: one row for each explained word. */
export interface Found {
  readonly pixels: Reference;
  readonly words?: Reference;
}

export interface Fixture {
  readonly caption: number[];
  readonly explained: number[];
  readonly image: Reference;
  readonly noise: Reference;
  readonly encoder: Record<string, Reference>;
  readonly decoders: Record<
    string,
    {options: object; weights: Record<string, Reference>; scores: Reference; found: Record<string, Found>}
  >;
}

export const fixture: Fixture = readFixture('explain', 'captum.json');
export const kinds: string[] = Object.keys(fixture.decoders);
const [, size, , vocabulary] = [...fixture.image.shape.slice(0, 3), 9] as [number, number, number, number];

/** @param pooling Kind of the pooling layer in its second block. */
export function smallEncoder(pooling: 'maximum' | 'average' = 'maximum'): Encoder {
  const builder = new NetworkBuilder();
  builder.block('stem');
  const stem = builder.convolve('stem', inputLayer, 6, {kernel: 3, stride: 2, activation: 'relu'});
  builder.block('first');
  const filtered = builder.depthwise('first.depthwise', stem, {kernel: 3, activation: 'relu'});
  let x = builder.add('first.add', stem, builder.convolve('first.project', filtered, 6));
  builder.block('second');
  x = builder.pool(pooling, 'second.pooling', x, 2, 'valid');
  const sides = [
    builder.convolve('second.convolution', x, 4, {kernel: 3, activation: 'relu'}),
    builder.pool('average', 'second.average', x, 1, 'same'),
  ];
  x = builder.concatenate('second', sides);
  builder.block('head');
  builder.convolve('head', x, 7, {activation: 'relu'});
  const preprocessing: Preprocessing = {
    size,
    fit: 'stretch',
    interpolation: 'linear',
    mean: [127, 127, 127],
    std: [128, 128, 128],
  };
  const architecture: Architecture = {
    ...{name: 'small', preprocessing, layers: builder.layers},
    ...{normEpsilon: 1e-3, normScale: true, published: []},
  };
  const tensors = new Map(
    Object.entries(fixture.encoder).map(([name, {values, shape}]) => [
      name,
      float32(Float32Array.from(values), shape),
    ]),
  );
  return Cnn.create(architecture, preprocessing, {tensors, digest: 'small'}, 'small');
}

export function smallDecoder(kind: string): Decoder {
  const {options, weights} = fixture.decoders[kind]!;
  const decoder: Decoder = createDecoder(kind, vocabulary, 7, options);
  for (const [name, weight] of decoder.weights) {
    const {values, shape} = weights[name]!;
    tf.tidy(() => weight.assign(tf.tensor(values, shape)));
  }
  return decoder;
}

export interface ModelOptions {
  readonly batch?: number;
  readonly against?: number;
  readonly pooling?: 'average';
  /** Views of the image. */
  readonly views?: number;
}

/** The captioner with decoders of these kinds, for the words that the fixture explains. The caller frees it. */
export function smallModel(
  kind: string | readonly string[],
  {pooling, views = 1, ...options}: ModelOptions = {},
): CaptionModel & {free(): void} {
  const single = smallEncoder(pooling);
  const decoders = [kind].flat().map(smallDecoder);
  const [first] = decoders;
  let decoder: StepDecoder = decoders.length > 1 ? createEnsemble(decoders) : first!;
  const encoder = views > 1 ? multiView(single, centredViews(views)) : single;
  if (views > 1 && decoder.features === 'grid') decoder = multiViewDecoder(decoder, centredViews(views));
  const {caption, explained, image} = fixture;
  const model = new CaptionModel(
    {encoder, decoder},
    {caption, positions: explained, pixels: image.values, batch: 8, ...options},
  );
  const free = (): void => {
    model.dispose();
    encoder.dispose();
    decoder.dispose();
  };
  return Object.assign(model, {free});
}

/** Runs a generator to its end. */
export function finish<T>(steps: Generator<void, T, void>): T {
  for (;;) {
    const {done, value} = steps.next();
    if (done) return value;
  }
}

/** Runs a method of the registry. */
export function run(model: CaptionModel, name: string, options: object = {}): Attribution {
  const method = methodNamed(name);
  const settings = parseOptions(method.options.schema, options, method.options.owner);
  return finish(method.compute(model, settings));
}

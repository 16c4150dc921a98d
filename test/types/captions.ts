/**
 * Types of captioning and evaluation. Nothing here runs: compiling is the test. A line below `@ts-expect-error` must not compile, the others must.
 */
import {
  beamSearch,
  CaptionerError,
  evaluate,
  greedySearch,
  sample,
  type Captioned,
  type Captioner,
  type CaptionedImage,
  type Failed,
  type FeatureSource,
  type StepDecoder,
  type tf,
} from 'captioner';

export async function captions(captioner: Captioner): Promise<string[]> {
  const results: (Captioned | Failed)[] = await captioner.caption(['photo.jpg'], {
    beams: 5,
    suppressWords: ['blurry', 3],
    requiredPhrases: ['red ball', [17, 52]],
  });

  // @ts-expect-error An option must have a known name.
  await captioner.caption(['photo.jpg'], {beam: 5});
  // @ts-expect-error An option must have its own type.
  await captioner.caption(['photo.jpg'], {beams: '5'});
  // @ts-expect-error An option of sampling is none of the search.
  await captioner.caption(['photo.jpg'], {topP: 0.9});
  // @ts-expect-error Several files are captioned at once: a list is needed.
  await captioner.caption('photo.jpg');

  for (const result of results) {
    // @ts-expect-error A result that may have failed has no caption.
    void result.caption;
    // @ts-expect-error Nor has it an error, since it may have succeeded.
    void result.error;
  }
  return results.map((result) => ('error' in result ? result.error.message : result.caption));
}

export async function samples(captioner: Captioner): Promise<void> {
  for (const result of await captioner.sample(['photo.jpg'], {samples: 5, topP: 0.9, suppressWords: ['a']})) {
    // @ts-expect-error A result that may have failed has no samples.
    void result.samples;
    if ('error' in result) continue;
    const sentences: readonly string[] = result.samples.map(({caption}) => caption);
    // @ts-expect-error Results are read only.
    result.samples.push(result.samples[0]!);
    // @ts-expect-error There may be fewer samples than that.
    const first: string = sentences[0];
    void first;
  }
  // @ts-expect-error An option of the search is none of sampling.
  await captioner.sample(['photo.jpg'], {beams: 5});
}

export function searches(decoder: StepDecoder, features: tf.Tensor): void {
  beamSearch(decoder, features, {beams: 4, beamGroups: 2});
  sample(decoder, features, {samples: 2});
  greedySearch(decoder, features, {maximumLength: 10});
  // @ts-expect-error A search has ids, no words.
  beamSearch(decoder, features, {requiredPhrases: ['red ball']});
  // @ts-expect-error A search takes a tensor.
  beamSearch(decoder, [[0, 1]]);
}

export async function scores(
  captioner: Captioner,
  source: FeatureSource,
  images: CaptionedImage[],
): Promise<void> {
  const {metrics, captions: written} = await evaluate(captioner, source, images, {beams: 3});
  // @ts-expect-error A metric may be missing.
  const cider: number = metrics['CIDEr-D'];
  const ids: string[] = written.map(({image_id}) => image_id);
  void [cider, ids];
  // @ts-expect-error An option must have a known name.
  await evaluate(captioner, source, images, {beamz: 3});
}

export function errors(error: unknown): string {
  // @ts-expect-error Anything may be thrown; it must be checked.
  void error.code;
  if (!(error instanceof CaptionerError)) throw error;
  // @ts-expect-error This is not among the codes.
  if (error.code === 'missing') return '';
  // @ts-expect-error A new error must have one of the codes.
  void new CaptionerError('missing', 'Expected a file');
  return error.code === 'not-found' ? 'no such file' : error.message;
}

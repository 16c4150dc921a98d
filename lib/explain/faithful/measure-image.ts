/** Measures how faithful the maps of several methods are for one image and its caption. */
import type {Captioner} from '../../captioner';
import type {CaptionedImage} from '../../datasets/dataset';
import {decodePixels, readImageBytes} from '../../encoders/images';
import {Interrupt, runInSteps} from '../../interrupt';
import {spearman} from '../../metrics/ranks';
import {SeededRandom} from '../../random/random';
import {CaptionModel} from '../caption-model';
import {writtenTokens} from '../chosen-words';
import {deletionScores} from './deletion';
import {infidelity, maximumSensitivity} from './infidelity';
import {coarse, energyIn, massIn, peakOf, pixelMap} from './map-values';
import type {MeasuredImage, MeasuredMaps, MeasuredMethod, MeasureSettings} from './measurement';
import {effectsOf, noisy, perturbedScores, type Perturbed} from './probes';
import type {Truth} from './truth';
import {wordSignals} from './word-signals';

/** Cells per side at which maps are compared. */
const comparedCells = 14;

/** Measures an image. @returns `undefined` if no word of its caption says anything about it. */
export async function measureImage(
  captioner: Captioner,
  image: CaptionedImage,
  methods: readonly MeasuredMethod[],
  truth: Truth,
  settings: MeasureSettings,
  interrupt: Interrupt = new Interrupt(),
): Promise<MeasuredImage | undefined> {
  const {encoder, vocabulary} = captioner;
  const {preprocessing} = encoder;
  const {size} = preprocessing;
  const pause = async (): Promise<void> => {
    await interrupt.pause();
    interrupt.throwIfRequested();
  };
  const pixelsOf = async (bytes: Buffer): Promise<Uint8Array> =>
    decodePixels(bytes, image.file, preprocessing);
  const pixels = await pixelsOf(await readImageBytes(image.file));
  const caption = await writtenTokens(captioner, pixels, pause);
  const known = truth.wordsOf(
    image,
    caption.map((token) => vocabulary.word(token)),
  );
  if (known.length === 0) return undefined;
  const modelOf = (pixels: ArrayLike<number>): CaptionModel =>
    new CaptionModel(captioner, {
      pixels,
      caption,
      positions: known.map(({position}) => position),
      batch: settings.batch,
    });
  const model = modelOf(pixels);
  try {
    const {words} = model;
    const random = (use: number): SeededRandom => new SeededRandom(settings.seed, use, ...caption);
    const changed = await truth.changesOf(image);
    const changedPixels = await Promise.all(changed.map(async ({image}) => pixelsOf(image)));
    const effects =
      changed.length === 0 ? [] : await runInSteps(effectsOf(model, changed, changedPixels), pause);
    const objects = truth.objectsOf(image, size);
    const maskOf = (kind: unknown): Uint8Array | undefined => objects.find((one) => one.kind === kind)?.mask;
    // The maps, with what they cost.
    const found: Record<string, {maps: Float32Array[]; cost: MeasuredMaps['cost']; sensitivity?: number[]}> =
      {};
    const others = noisy(pixels, settings.noises, random(1)).map(modelOf);
    try {
      for (const {label, method, settings: own} of methods) {
        const [forward, backward, start] = [model.forwardPasses, model.backwardPasses, performance.now()];
        const mapsOf = async (one: CaptionModel): Promise<Float32Array[]> => {
          const {image} = await runInSteps(method.compute(one, own), pause);
          return Array.from({length: words}, (_, word) => pixelMap(image, word, size));
        };
        const maps = await mapsOf(model);
        const cost = {
          forwardPasses: model.forwardPasses - forward,
          backwardPasses: model.backwardPasses - backward,
          seconds: (performance.now() - start) / 1000,
        };
        found[label] = {maps, cost};
        if (others.length === 0) continue;
        const moved: Float32Array[][] = [];
        for (const other of others) moved.push(await mapsOf(other));
        found[label].sensitivity = maps.map((map, word) =>
          maximumSensitivity(
            map,
            moved.map((own) => own[word]!),
          ),
        );
      }
    } finally {
      for (const other of others) other.dispose();
    }
    const labels = Object.keys(found);
    const byWord = Array.from({length: words}, (_, word) => labels.map((label) => found[label]!.maps[word]!));
    const curveWords = shuffled(words, random(2)).slice(0, settings.curveWords);
    const curves =
      settings.steps > 1
        ? await runInSteps(
            deletionScores(
              model,
              byWord.map((own, word) => (curveWords.includes(word) ? own : [])),
              settings.steps,
            ),
            pause,
          )
        : undefined;
    const perturbed =
      settings.perturbations > 0
        ? await runInSteps(perturbedScores(model, settings.perturbations, random(3)), pause)
        : undefined;
    const small = byWord.map((own) => own.map((map) => coarse(map, size, comparedCells)));
    const scores = labels.map((label, at): [string, MeasuredMaps] => {
      const {maps, cost, sensitivity} = found[label]!;
      const about = maps.map((map, word) => ({map, mask: maskOf(known[word]!.kind)}));
      return [
        label,
        {
          cost,
          sums: maps.map((map) => map.reduce((sum, value) => sum + value, 0)),
          masses: maps.map((map) => map.reduce((sum, value) => sum + Math.abs(value), 0)),
          ...(curves && {
            deletion: curves.flatMap((own) => (own[at] ? [own[at].deletion] : [])),
            insertion: curves.flatMap((own) => (own[at] ? [own[at].insertion] : [])),
          }),
          ...(perturbed && {infidelity: maps.map((map, word) => relativeInfidelity(map, word, perturbed))}),
          ...(sensitivity && {sensitivity}),
          pointing: about.map(({map, mask}) => (mask ? mask[peakOf(map, size)] === 1 : null)),
          energy: about.map(({map, mask}) => (mask ? energyIn(map, mask) : null)),
          said: effects.map(({word, kind}) => massIn(maps[word]!, maskOf(kind)!)),
          agreement: Object.fromEntries(
            labels.map((other, to) => [other, mean(small.map((own) => spearman(own[at]!, own[to]!)))]),
          ),
        },
      ];
    });
    return {
      id: image.id,
      caption: vocabulary.decode(caption),
      words: wordSignals(model, known, captioner),
      effects,
      methods: Object.fromEntries(scores),
    };
  } finally {
    model.dispose();
  }
}

/** Infidelity after the best scaling, divided by that of a map of zeros. */
function relativeInfidelity(map: Float32Array, word: number, {masks, falls}: Perturbed): number {
  const found = falls.map((own) => own[word]!);
  const said = masks.map((mask) => massIn(map, mask));
  const none = infidelity(
    found.map(() => 0),
    found,
  );
  return none > 0 ? infidelity(said, found, {normalize: true}) / none : 0;
}

function shuffled(count: number, random: SeededRandom): number[] {
  const keys = Array.from({length: count}, (_, at) => ({at, key: random.next()}));
  return keys.sort((a, b) => a.key - b.key).map(({at}) => at);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** `captioner evaluate` and `captioner score`: how good captions are, a checkpoint's or anyone's. */
import {Captioner} from '../captioner';
import {ofSplit, splits} from '../data/dataset';
import {CaptionerError} from '../errors';
import {bleu} from '../metrics/bleu';
import {evaluate as evaluateCaptions} from '../metrics/evaluate';
import {pairCaptions} from '../metrics/pairs';
import {userPath} from '../places';
import {tokenize} from '../text/tokenizer';
import {open} from './data';
import {usualFeatures} from './features';
import {readJson, report, weightsOf, writeJson} from './output';

export interface EvaluateFlags {
  readonly checkpoint: string;
  readonly data: string;
  readonly split: string;
  readonly weights?: string;
  readonly beams?: number;
  readonly predictions?: string;
  readonly json?: string;
}

export async function evaluate(flags: EvaluateFlags): Promise<void> {
  const split = splits.find((name) => name === flags.split);
  if (split === undefined)
    throw new CaptionerError('options', `Expected --split ${splits.join(', ')}, got ${flags.split}`);
  const dataset = await open(flags.data);
  const images = ofSplit(dataset, split);
  if (images.length === 0)
    throw new CaptionerError('dataset', `${dataset.folder}: expected images of split ${split}, found none`);
  const captioner = await Captioner.load(userPath(flags.checkpoint), weightsOf(flags));
  const store = await usualFeatures(captioner.encoder, dataset, captioner.decoder.features, images);
  const search = flags.beams === undefined ? {} : {beams: flags.beams};
  const {metrics, predictions} = evaluateCaptions(captioner, store, images, search);
  if (flags.predictions !== undefined) await writeJson(flags.predictions, predictions);
  await report(metrics, flags.json);
}

export interface ScoreFlags {
  readonly references: string;
  readonly candidates: string;
  readonly json?: string;
}

export async function score({references, candidates, json}: ScoreFlags): Promise<void> {
  const pairs = pairCaptions(readJson(candidates), readJson(references));
  const metrics = bleu(
    pairs.map(({candidate}) => tokenize(candidate)),
    pairs.map((pair) => pair.references.map(tokenize)),
  );
  await report(metrics, json);
}

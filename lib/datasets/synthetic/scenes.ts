/**
 * The built-in dataset: drawn images, each with captions and a record of its content. This module writes them to a folder and opens
 * them.
 */
import {promises as fs, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import sharp from 'sharp';
import {writeFileAtomic} from '../../files/atomic';
import {interruptible} from '../../interrupt';
import type {SceneOptions} from '../../option-types';
import {parseOptions} from '../../options';
import {SeededRandom} from '../../random/random';
import {startProgress, type ProgressOptions} from '../../show-progress';
import {splits, type CaptionedImage, type Dataset, type Split} from '../dataset';
import {isImageFile} from '../image-folders';
import type {Layout} from '../layouts/layout';
import {captionsOf} from './captions';
import {compose} from './composition';
import {draw} from './drawing';
import {rareNouns} from './rare-nouns';
import type {Scene, SceneObject} from './scene';
import {sceneOptions, type ScenePlan} from './scene-options';
import {
  isScenes,
  readRecord,
  recordName,
  version,
  type RecordedScene,
  type SceneRecord,
} from './scene-record';
import {falseClaims} from './verify-caption';

export type {SceneOptions};
export type {Box, Scene, SceneObject} from './scene';
export {falseClaims} from './verify-caption';
export {isScenes} from './scene-record';

/**
 * Draws the scenes into a folder, unless it already contains them. The record is written last, so a folder without it is incomplete and is
 * drawn again.
 *
 * @throws CaptionerError `options` or `no-space`; `stopped`
 */
export async function drawScenes(
  folder: string,
  options: SceneOptions = {},
  {progress}: ProgressOptions = {},
): Promise<void> {
  const plan = parseOptions(sceneOptions.schema, options, sceneOptions.owner);
  if (isWhole(folder, plan)) return;
  const total = splits.reduce((sum, split) => sum + plan[split], 0);
  const bar = startProgress({progress}, 'Drawing scenes', total);
  let drawn = 0;
  try {
    await interruptible(
      async (interrupt) =>
        drawAll(folder, plan, async (done) => {
          drawn = done;
          await bar.update(done);
          await interrupt.pause();
          interrupt.throwIfRequested();
        }),
      {stopped: () => `after drawing ${drawn} of ${total} scenes`, resumes: false},
    );
  } finally {
    await bar.finish();
  }
}

/** @param onDrawn Called now and then with the number of images drawn; may throw to end the drawing. */
async function drawAll(
  folder: string,
  plan: ScenePlan,
  onDrawn: (done: number) => Promise<void>,
): Promise<void> {
  await fs.mkdir(folder, {recursive: true});
  await fs.rm(join(folder, recordName), {force: true});
  const scenes: (Scene & {split: Split; bytes: number})[] = [];
  const waiting: Promise<void>[] = [];
  for (const split of splits) {
    for (let k = 0; k < plan[split]; k++) {
      const {scene, svg} = sceneOf(plan, split, k);
      const at = scenes.push({...scene, split, bytes: 0}) - 1;
      waiting.push(
        (async () => {
          const image = await render(svg);
          scenes[at]!.bytes = image.length;
          await writeFileAtomic(join(folder, scene.file), image);
        })(),
      );
      if (waiting.length < 8) continue;
      await Promise.all(waiting.splice(0));
      await onDrawn(scenes.length);
    }
  }
  await Promise.all(waiting);
  await onDrawn(scenes.length);
  const record: SceneRecord = {version, plan, scenes};
  await writeFileAtomic(join(folder, recordName), `${JSON.stringify(record)}\n`);
}

/**
 * Composes a scene and its image, which depend only on the seed, the split and the position in it, not on the number of scenes. What the other
 * options ask for is drawn apart, so that they change nothing else.
 */
function sceneOf(plan: ScenePlan, split: Split, position: number): {scene: Scene; svg: string} {
  const {seed, bias, rareWords, fewestCaptions} = plan;
  const biased = split !== 'test' && randomOf(seed, split, position, 4).bernoulli(bias);
  const composition = compose(randomOf(seed, split, position, 1), position, biased);
  const svg = draw(composition, randomOf(seed, split, position, 2));
  const counts = Array.from({length: 6 - fewestCaptions}, (_, at) => fewestCaptions + at);
  const captions = captionsOf(composition, randomOf(seed, split, position, 3), {
    rare: rareWords ? randomOf(seed, split, position, 5) : undefined,
    count: randomOf(seed, split, position, 6).pick(counts),
  });
  const file = `${split}-${String(position + 1).padStart(4, '0')}.jpg`;
  const objects = rareWords ? composition.objects.map(withRareNouns) : composition.objects;
  return {scene: {file, ...composition, objects, captions}, svg};
}

function withRareNouns(object: SceneObject): SceneObject {
  const rare = rareNouns[object.kind].flatMap(({one, many}) => [one, many]);
  return {...object, words: [...object.words, ...rare]};
}

/** Returns the random numbers of a scene's composition (1), drawing (2), captions (3), bias (4), rare words (5) or number of captions (6). */
function randomOf(seed: number, split: Split, position: number, use: number): SeededRandom {
  return new SeededRandom(seed, {train: 1, validation: 2, test: 3}[split], position, use);
}

/**
 * Draws a scene of a folder again with other objects and the same background, down to each random detail.
 *
 * @param scene A scene of `readRecord`.
 * @param seed Seed of its record.
 * @param objects What to draw in place of each of its objects, `undefined` for nothing.
 * @returns A JPEG.
 */
export function redraw(
  scene: RecordedScene,
  seed: number,
  objects: readonly (SceneObject | undefined)[] = scene.objects,
): Promise<Buffer> {
  const position = Number(/\d+/.exec(scene.file)![0]) - 1;
  return render(draw(scene, randomOf(seed, scene.split, position, 2), objects));
}

function render(svg: string): Promise<Buffer> {
  return sharp(Buffer.from(svg)).flatten().jpeg({quality: 92, chromaSubsampling: '4:4:4'}).toBuffer();
}

function isWhole(folder: string, plan: ScenePlan): boolean {
  if (!isScenes(folder)) return false;
  let record: SceneRecord;
  try {
    record = readRecord(folder);
  } catch {
    return false;
  }
  if (JSON.stringify(record.plan) !== JSON.stringify(plan)) return false;
  return record.scenes.every(
    ({file, bytes}) => statSync(join(folder, file), {throwIfNoEntry: false})?.size === bytes,
  );
}

/**
 * Reads scenes written by `drawScenes`.
 *
 * @throws CaptionerError `not-found`, `dataset` (the record is unreadable) or `version`.
 */
export function readScenes(folder: string): Dataset {
  const all = readRecord(folder).scenes.map(({split, bytes, ...scene}): CaptionedImage => {
    const {file, captions} = scene;
    const verify = (caption: string): string[] => falseClaims(caption, scene);
    return {id: file, file: join(folder, file), split, captions, verify};
  });
  const present = new Set(readdirSync(folder));
  const [known, missing] = [new Set(all.map(({id}) => id)), all.filter(({id}) => !present.has(id))];
  const missingOf = (split: Split): string[] =>
    missing.filter((image) => image.split === split).map(({id}) => id);
  return {
    layout: 'scenes',
    folder,
    // Captions tell left from right.
    mirrorImages: false,
    images: all.filter(({id}) => present.has(id)),
    rejected: [],
    missing: missing.map(({id}) => id),
    missingBySplit: {train: missingOf('train'), validation: missingOf('validation'), test: missingOf('test')},
    unassigned: [],
    unreferenced: [...present].filter((name) => isImageFile(name) && !known.has(name)),
  };
}

export const scenes: Layout = {
  name: `drawn scenes (${recordName})`,
  found: isScenes,
  read: (folder) => Promise.resolve(readScenes(folder)),
};

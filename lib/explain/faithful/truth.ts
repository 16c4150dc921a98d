/** The truth about an image and each word of its caption: from the record of a drawn scene, or from people's captions. */
import {basename, dirname} from 'node:path';
import type {CaptionedImage} from '../../datasets/dataset';
import {counterfactuals, type Change} from '../../datasets/synthetic/counterfactuals';
import {side, type Kind} from '../../datasets/synthetic/scene';
import {isScenes, readRecord, type RecordedScene} from '../../datasets/synthetic/scene-record';
import {redraw} from '../../datasets/synthetic/scenes';
import {wordClaims, type WordClaim} from '../../datasets/synthetic/verify-caption';
import {functionWords} from '../../evaluation/scores-by-word';
import {metricTokens} from '../../text/metric-tokens';
import {boxMask, type PixelBox} from './map-values';

/** A word of a caption that says something about the image. */
export interface KnownWord {
  /** Position in the caption, from 0. */
  readonly position: number;
  /** Whether it is true of the drawn scene, or used by one of the people who described the photograph. */
  readonly isTrue: boolean;
  /** Its claim about a drawn scene. */
  readonly type?: WordClaim['type'];
  /** Kind of the objects of a drawn scene that it is about. */
  readonly kind?: Kind;
}

/** The same scene with the objects of one kind changed. */
export interface ChangedScene {
  readonly kind: Kind;
  readonly change: Change;
  /** Content of a JPEG file. */
  readonly image: Buffer;
}

/** Tells what is known of images; keeps the records that it has read. */
export class Truth {
  readonly #scenes = new Map<
    string,
    {seed: number; scenes: ReadonlyMap<string, RecordedScene>} | undefined
  >();

  /**
   * Returns the words of a caption that say something about the image; of photographs, all but function words.
   *
   * @param caption The caption's words.
   */
  wordsOf(image: CaptionedImage, caption: readonly string[]): KnownWord[] {
    const scene = this.#sceneOf(image)?.scene;
    if (scene) {
      const claims = wordClaims(caption.join(' '), scene);
      return caption.flatMap((_, position) => {
        const {isTrue, type, kind} = claims[position] ?? {};
        return isTrue === undefined ? [] : [{position, isTrue, type: type!, ...(kind && {kind})}];
      });
    }
    const used = new Set(image.captions.flatMap((reference) => metricTokens(reference)));
    return caption.flatMap((word, position) =>
      functionWords.has(word) || !/\w/.test(word) ? [] : [{position, isTrue: used.has(word)}],
    );
  }

  /** Returns the kinds of objects in a drawn scene with the pixels that they cover, `[size, size]`; nothing of a photograph. */
  objectsOf(image: CaptionedImage, size: number): {kind: Kind; mask: Uint8Array}[] {
    const objects = this.#sceneOf(image)?.scene.objects ?? [];
    return [...new Set(objects.map(({kind}) => kind))].map((kind) => {
      const boxes: PixelBox[] = objects.filter((object) => object.kind === kind).map(({box}) => box);
      return {kind, mask: boxMask(boxes, side, size)};
    });
  }

  /** Draws the counterfactuals of a scene; none of a photograph. */
  async changesOf(image: CaptionedImage): Promise<ChangedScene[]> {
    const known = this.#sceneOf(image);
    if (!known) return [];
    const {scene, seed} = known;
    return Promise.all(
      counterfactuals(scene).map(async ({kind, change, objects}) => ({
        kind,
        change,
        image: await redraw(scene, seed, objects),
      })),
    );
  }

  #sceneOf({file}: CaptionedImage): {scene: RecordedScene; seed: number} | undefined {
    const folder = dirname(file);
    if (!this.#scenes.has(folder)) {
      const record = isScenes(folder) ? readRecord(folder) : undefined;
      const scenes = new Map(record?.scenes.map((scene) => [scene.file, scene]));
      this.#scenes.set(folder, record && {seed: record.plan.seed, scenes});
    }
    const known = this.#scenes.get(folder);
    const scene = known?.scenes.get(basename(file));
    return known && scene && {scene, seed: known.seed};
  }
}

/**
 * Model cards (Mitchell et al. 2019, arXiv 1810.03993): what a model is, what it was trained on and how, how good its captions are, what
 * they get wrong, and on which terms it may be used. A card says only what is recorded or measured, and says what isn't.
 */
import {existsSync} from 'node:fs';
import {basename} from 'node:path';
import type {Dataset, Split} from '../datasets/dataset';
import {ofSplit} from '../datasets/image-list';
import {openDataset} from '../datasets/open-dataset';
import {userPath} from '../paths';
import type {SearchOptions} from '../search/beam-search';
import type {WithText} from '../search/phrases';
import type {ProgressOptions} from '../show-progress';
import {thumbnail, type Thumbnail} from '../show/image';
import {trainedOn} from '../training/provenance';
import {libraryVersion} from '../version';
import {leadOf, modelSection, useSection} from './about';
import {assess, type Assessment} from './assessment';
import type {CardContent, CardImage} from './blocks';
import {assertNoCard, cardFiles, writeCard} from './card-files';
import {shortPath} from './command';
import {readFacts, type ModelFacts} from './facts';
import {licenceSection, limitsSection} from './limits';
import {dataSection, reproductionSection, trainingSection} from './making';
import {cardMarkdown} from './markdown';
import {metadataOf} from './metadata';
import {cardPage} from './page';
import {errorsSection, panelSection, scoresSection} from './quality';

/** Options of `modelCard`. */
export interface ModelCardOptions extends ProgressOptions {
  /** Data set that the model is evaluated on, or its folder. @default the one that the run was trained on, if it is still there */
  readonly data?: Dataset | string;
  /** Split that the model is evaluated on. @default 'test', or 'validation' where there are no test images */
  readonly split?: Split;
  /** Whether more than one image in a hundred may be missing. @default false */
  readonly allowMissing?: boolean;
  /** Number of images of the split to caption, the first ones. @default all */
  readonly limit?: number;
  /** Whether the page shows the photographs of the dataset; drawn scenes are always shown. @default false */
  readonly photographs?: boolean;
  /** Options of the search. */
  readonly search?: WithText<SearchOptions>;
  /** Licence of the weights. @default 'unknown' */
  readonly licence?: string;
  /** Weight file of the encoder. @default the installed one */
  readonly weights?: string;
}

/** A model card as Markdown and as a page. */
export interface ModelCard {
  /** Text with the metadata that Hugging Face reads. */
  readonly markdown: string;
  /** A page without scripts, in one file. */
  readonly html: string;
  /** Measurements; undefined where there was no dataset to evaluate on. */
  readonly assessment: Assessment | undefined;
  /**
   * Writes `README.md`, `card.html` and the images of the former.
   *
   * @param options.replace Whether a card that lies there is replaced. @default false
   * @returns The paths of `card.html` and `README.md`.
   * @throws CaptionerError `mismatch` when a card lies there; `no-space`
   */
  save(folder: string, options?: {readonly replace?: boolean}): Promise<string[]>;
}

const shown = {panelImages: 12, worstImages: 8} as const;

/**
 * Evaluates a model and writes its card.
 *
 * @param run A run: then its best checkpoint; or a checkpoint.
 * @throws CaptionerError as `loadCheckpoint`, `openDataset` and `Captioner.load`; `dataset` for a split without images; `stopped`
 * @example
 * const card = await modelCard('checkpoints/scenes');
 * await card.save('checkpoints/scenes/card');
 */
export async function modelCard(run: string, options: ModelCardOptions = {}): Promise<ModelCard> {
  const {licence = 'unknown', photographs = false} = options;
  const facts = await readFacts(run);
  const dataset = await datasetOf(facts, options.data);
  const assessment = dataset && (await assess(run, dataset, {...shown, ...assessed(dataset, options)}));
  const evaluated = dataset && trainedOn(dataset);
  const trained = facts.provenance?.data;
  const content = contentOf(run, facts, {licence, assessment, evaluated});
  const drawn = dataset?.layout === 'scenes';
  const thumbnails = await thumbnailsOf(drawn || photographs ? content : undefined);
  const pathOf = ({id}: CardImage): string | undefined =>
    drawn && thumbnails.has(id) ? `${cardFiles.images}/${id.replace(/[\\/]/g, '-')}` : undefined;
  const markdown = cardMarkdown(content, {
    metadata: metadataOf(facts, {licence, trained, evaluated, assessment}),
    imagePath: pathOf,
  });
  const html = cardPage(content, ({id}) => thumbnails.get(id));
  return {
    markdown,
    html,
    assessment,
    async save(folder, {replace = false} = {}) {
      if (!replace) assertNoCard(folder);
      const images = imagesOf(content).flatMap((image) => {
        const path = pathOf(image);
        return path === undefined ? [] : [[path, decoded(thumbnails.get(image.id)!)] as const];
      });
      const {markdown: readme, page} = cardFiles;
      const paths = await writeCard(folder, {
        ...Object.fromEntries(images),
        [page]: html,
        [readme]: markdown,
      });
      return paths.slice(-2);
    },
  };
}

async function datasetOf(
  {provenance}: ModelFacts,
  data: Dataset | string | undefined,
): Promise<Dataset | undefined> {
  if (typeof data === 'object') return data;
  if (data !== undefined) return openDataset(data);
  const folder = provenance?.data.folder;
  return folder !== undefined && existsSync(folder) ? openDataset(folder) : undefined;
}

function assessed(
  dataset: Dataset,
  {split, limit, search, weights, progress, allowMissing}: ModelCardOptions,
) {
  const usual = ofSplit(dataset, 'test').length > 0 ? 'test' : 'validation';
  return {split: split ?? usual, limit, search, weights, progress, allowMissing} as const;
}

function contentOf(
  run: string,
  facts: ModelFacts,
  {
    licence,
    assessment,
    evaluated,
  }: {
    readonly licence: string;
    readonly assessment: Assessment | undefined;
    readonly evaluated: ReturnType<typeof trainedOn> | undefined;
  },
): CardContent {
  const trained = facts.provenance?.data;
  const {version, commit} = libraryVersion();
  const step = facts.training ? `, of step ${facts.training.position.step}` : '';
  return {
    title: facts.name,
    lead: leadOf(facts, trained && basename(trained.folder)),
    sections: [
      useSection(shortPath(userPath(run))),
      modelSection(facts),
      dataSection(trained, evaluated),
      ...(assessment ? [scoresSection(assessment), panelSection(assessment), errorsSection(assessment)] : []),
      limitsSection(facts, trained, assessment),
      trainingSection(facts, trained),
      reproductionSection(facts, trained),
      licenceSection(facts, {licence, trained}),
    ],
    footer: `Written by captioner ${version}${commit === undefined ? '' : ` (commit ${commit})`} on ${new Date().toISOString().slice(0, 10)}${step}.`,
  };
}

function imagesOf({sections}: CardContent): CardImage[] {
  const all = sections.flatMap(({blocks}) =>
    blocks.flatMap((block) => (block.kind === 'images' ? block.images : [])),
  );
  return [...new Map(all.map((image) => [image.id, image])).values()];
}

async function thumbnailsOf(content: CardContent | undefined): Promise<Map<string, Thumbnail>> {
  const found = new Map<string, Thumbnail>();
  for (const {id, file} of content ? imagesOf(content) : []) {
    // A damaged image is left out.
    const made = await thumbnail(file, 320).catch(() => undefined);
    if (made) found.set(id, made);
  }
  return found;
}

function decoded({uri}: Thumbnail): Buffer {
  return Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64');
}

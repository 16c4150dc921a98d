/** The sections of a card that say how good a model's captions are, with examples, and what they get wrong. */
import {formatNumber} from '../show/text';
import {decimals, list, percent, table, text, type Block, type CardImage, type Section} from './blocks';
import type {Assessment, Captioning} from './assessment';

export function scoresSection({
  split,
  images,
  of,
  search,
  size,
  scores,
  diversity,
  warnings,
}: Assessment): Section {
  const which =
    images === of
      ? `all ${formatNumber(images)}`
      : `the first ${formatNumber(images)} of ${formatNumber(of)}`;
  const set = Object.entries({beams: 3, ...search}).map(
    ([name, value]) => `${name} ${JSON.stringify(value)}`,
  );
  return {
    title: 'Scores',
    blocks: [
      text(
        `Free-running captions of ${which} images of the ${split} split, at ${size} pixels, search: ${set.join(', ')}. ` +
          'Metrics as COCO computes them, against all references of each image; the interval covers 95 % of bootstrap resamples of the images. SPICE is not computed.',
      ),
      {kind: 'scores', scores: Object.entries(scores).map(([name, score]) => ({name, ...score}))},
      ...(split === 'validation'
        ? [text('The epoch was selected on this split, so expect slightly lower scores on other images.')]
        : []),
      ...(split === 'train'
        ? [text('The model was trained on these images: the scores say nothing about others.')]
        : []),
      text('Diversity of the captions:'),
      table(
        Object.entries(diversity).map(([name, value]) => ({
          measure: measures[name] ?? name,
          value: Number.isInteger(value) ? value : decimals(value),
        })),
      ),
      ...(warnings.length > 0 ? [text('Warnings:'), list(...warnings)] : []),
    ],
  };
}

const measures: Readonly<Record<string, string>> = {
  'distinct-1': 'different words, among all words',
  'distinct-2': 'different pairs of words, among all pairs',
  'repeated': 'captions that another image has too',
  'novel': 'captions that no training image has',
  'vocabulary': 'words used',
  'length': 'words in a caption, mean',
};

export function panelSection({split, panel}: Assessment): Section {
  return {
    title: 'Examples',
    blocks: [
      text(`Images spread evenly over the ${split} split, not chosen by how good their captions are.`),
      {kind: 'images', images: panel.map((one) => imageOf(one))},
    ],
  };
}

/** Words of which a card names so many. */
const named = 12;

export function errorsSection(assessment: Assessment): Section {
  const {worst, images, words, wordUse, people} = assessment;
  const overused = wordUse.filter(({captions, references}) => captions - references > 0.02).slice(0, named);
  const invented = wordUse
    .filter(
      ({captions, unsupported}) => captions * images >= Math.max(5, 0.01 * images) && unsupported >= 0.3,
    )
    .sort((a, b) => b.unsupported * b.captions - a.unsupported * a.captions)
    .slice(0, named);
  return {
    title: 'What it gets wrong',
    blocks: [
      ...factualBlocks(assessment),
      text(
        `The ${worst.length} captions with the lowest CIDEr-D. Some are wrong; others are right in words that nobody else used.`,
      ),
      {kind: 'images', images: worst.map((one) => imageOf(one, `CIDEr-D ${decimals(one.score)}`))},
      ...(words.length > 1
        ? [
            text('CIDEr-D of the images that most people use a word of:'),
            list(
              `Best: ${words.slice(0, named).map(wordScore).join(', ')}`,
              `Worst: ${words.slice(-named).reverse().map(wordScore).join(', ')}`,
            ),
          ]
        : []),
      ...(overused.length > 0
        ? [
            text('Words that it uses more often than people do:'),
            table(
              overused.map(({word, captions, references, unsupported}) => ({
                'word': word,
                'of its captions': percent(captions),
                'of the references': percent(references),
                'no reference of the image has it': percent(unsupported),
              })),
            ),
          ]
        : []),
      ...(invented.length > 0
        ? [
            text(
              `Words that it often says of images where no reference has them, with the fraction of the captions in which it does: ${invented.map(({word, unsupported}) => `${word} ${percent(unsupported)}`).join(', ')}.`,
            ),
          ]
        : []),
      ...peopleBlocks(people),
    ],
  };
}

function factualBlocks({false: wrong, images, scores}: Assessment): Block[] {
  if (!wrong) return [];
  const factual = scores['factual'];
  const range = factual && ` (95 % interval ${percent(1 - factual.high)} to ${percent(1 - factual.low)})`;
  if (wrong.length === 0)
    return [text(`None of the ${images} captions says anything that is false of its image.`)];
  return [
    text(
      `What each image shows is known, so false claims can be counted: ${wrong.length} of ${images} captions have at least one, ${percent(wrong.length / images)}${range ?? ''}. Those with most:`,
    ),
    {
      kind: 'images',
      images: wrong.slice(0, 8).map((one) => imageOf(one, `false: ${one.falseClaims!.join('; ')}`)),
    },
  ];
}

/** Fewer images say nothing. */
const enough = 20;

function peopleBlocks({captions, references, ofMen, ofWomen}: Assessment['people']): Block[] {
  if (references.men + references.women < 0.02) return [];
  const misnamed = (kind: string, other: string, {images, fraction}: typeof ofMen): string | false =>
    images >= enough &&
    `Of ${images} images where most people mention a ${kind} and nobody a ${other}, ${percent(fraction)} of the captions mention only a ${other}.`;
  return [
    text('Men and women:'),
    list(
      `Men or boys are in ${percent(captions.men)} of its captions and ${percent(references.men)} of the references, women or girls in ${percent(captions.women)} and ${percent(references.women)}.`,
      misnamed('woman or a girl', 'man or a boy', ofWomen),
      misnamed('man or a boy', 'woman or a girl', ofMen),
    ),
  ];
}

function wordScore({word, score}: Assessment['words'][number]): string {
  return `${word} ${score.toFixed(2)}`;
}

function imageOf({id, file, caption, references}: Captioning, note?: string): CardImage {
  return {id, file, caption: caption || '(no words)', references: references.slice(0, 3), note};
}

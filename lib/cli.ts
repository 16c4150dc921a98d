/**
 * The command line: the library's words as commands. What a command does lies in `commands/` and is loaded when it is
 * asked for, since TensorFlow takes a second, which `--help` and a wrong option need not wait for.
 */
import {Command, CommanderError} from 'commander';
import type {CaptionFlags} from './commands/caption';
import type {CardFlags} from './commands/card';
import type {DownloadFlags} from './commands/download';
import type {EvaluateFlags, ScoreFlags} from './commands/evaluate';
import type {ExportFlags} from './commands/export';
import type {FeatureFlags} from './commands/features';
import {complain, warn} from './commands/io';
import {optionHelp} from './commands/option-help';
import {collectOption} from './commands/set-option';
import type {TrainFlags} from './commands/train';
import {CaptionerError} from './errors';
import {decoderOptions} from './decoders/decoder-options';
import {sampleOptions, searchOptions} from './search/search-options';
import {trainerOptions} from './training/trainer-options';

const data = ['--data <dir>', 'the data set: a folder, or "scenes"'] as const;
const checkpoint = [
  '--checkpoint <dir>',
  'a checkpoint or a run; named more than once: they write together (default: checkpoints/flickr8k, or checkpoints/scenes)',
  (dir: string, before: readonly string[] = []) => [...before, dir],
] as const;
const beams = ['--beams <n>', 'hypotheses kept at each step', whole('--beams')] as const;
const search = [
  '--set <key=value>',
  'an option of the list below, such as \'requiredPhrases=["red ball"]\'; may be repeated',
  collectOption,
  {},
] as const;
const encoder = ['which CNN', 'efficientnet-lite2'] as const;
const weights = ['weights other than the usual ones: .safetensors, .h5 of Keras, .pth of PyTorch'] as const;
const size = ['side of its input (default: as it was trained)', whole('--size')] as const;
const lookSize = [
  '--size <pixels>',
  'side of the images it looks at (default: as the checkpoint says)',
  whole('--size'),
] as const;
const lookViews = [
  '--views <n>',
  'views of each image that its caption is written from: the whole, its mirror image, the middle, that mirrored… (default: as the checkpoint says)',
  whole('--views'),
] as const;
const fit = ['stretch or crop (default: stretch)'] as const;
const json = ['--json <file>', 'writes the scores as JSON'] as const;
const perImage = ['--per-image <file>', 'writes captions with their own scores as JSON'] as const;
const frequencies = [
  '--frequencies <file>',
  'document frequencies for CIDEr-D (default: of the references)',
] as const;

/** @returns Every command with its options, not yet parsed. */
export function program(): Command {
  const all = new Command('captioner')
    .description('Image captioning')
    .exitOverride()
    .configureOutput({
      outputError: (text) =>
        warn(
          text
            .replace(/^error: /, '')
            .trim()
            .split('\n')[0]!,
        ),
    });
  const command = (name: string, does: string): Command => all.command(name).description(does).exitOverride();

  command('caption', 'writes a caption for each image')
    .argument('<image...>')
    .option(...checkpoint)
    .option(...beams)
    .option(...lookSize)
    .option(...lookViews)
    .option('--sample <n>', 'draws so many at random instead of searching for the best', whole('--sample'))
    .option(...search)
    .option('--weights <file>', 'weights of its encoder, where they are not the usual ones')
    .option('--json', "as a JSON array, with all hypotheses and their words' log-probabilities")
    .addHelpText('after', () =>
      optionHelp([searchOptions, {...sampleOptions, owner: 'sampling, with --sample'}]),
    )
    .action(async (images: string[], flags: CaptionFlags) =>
      (await import('./commands/caption.js')).caption(images, flags),
    );
  command('features', 'computes image features once')
    .requiredOption(...data)
    .option('--encoder <name>', ...encoder)
    .option('--weights <file>', ...weights)
    .option('--size <pixels>', ...size)
    .option('--fit <fit>', ...fit)
    .option('--kind <kind>', 'grid (a vector for each cell) or pooled (their mean)', 'grid')
    .option('--shard <i/n>', 'computes only this part, to be copied together with the others')
    .option(
      '--out <dir>',
      'where they go (default: where train and evaluate look for them, in data/features)',
    )
    .action(async (flags: FeatureFlags) => (await import('./commands/features.js')).features(flags));
  command('train', 'trains a decoder')
    .requiredOption(...data)
    .requiredOption('--run <dir>', 'where the run is kept')
    .option(
      '--decoder <kind>',
      `which decoder: ${[...decoderOptions.keys()].join(', ')} (default: lstm, or that of the run or checkpoint)`,
    )
    .option('--encoder <name>', 'which CNN (default: efficientnet-lite2, or that of the run or checkpoint)')
    .option('--weights <file>', ...weights)
    .option(
      '--size <pixels>',
      'side of its input (default: as it was trained, or as the run or checkpoint says)',
      whole('--size'),
    )
    .option('--fit <fit>', 'stretch or crop (default: stretch, or as the run or checkpoint says)')
    .option('--preset <name>', 'a named recipe: quick, standard, best')
    .option('--from <dir>', 'begins with the weights of a checkpoint or a run')
    .option('--fine-tune <block>', 'lets the encoder learn too, from this block on')
    .option(
      '--views <n>',
      'views of each image to learn from: the whole, parts, mirror images (default: 6 with --fine-tune, else 1)',
      whole('--views'),
    )
    .option('--no-mirror', 'no mirror images: captions tell left from right')
    .option('--epochs <n>', 'epochs in all (default: what suits the data)', whole('--epochs'))
    .option(
      '--minimum-count <n>',
      'rarer words become unknown (default: 3 for fewer than 10,000 captions, else 5)',
      whole('--minimum-count'),
    )
    .option(
      '--word-vectors <file>',
      'vectors that words begin with: text of GloVe, fastText or word2vec, also .gz',
    )
    .option('--set <key=value>', 'an option of the list below; may be repeated', collectOption, {})
    .option('--resume', 'go on where the run was stopped')
    .addHelpText('after', () => optionHelp([trainerOptions, ...decoderOptions.values()]))
    .action(async (flags: TrainFlags) => (await import('./commands/train.js')).train(flags));
  command('evaluate', 'scores free-running captions of a split (all metrics but SPICE)')
    .option(...checkpoint)
    .requiredOption(...data)
    .option('--split <name>', 'train, validation or test', 'test')
    .option('--weights <file>', 'weights of its encoder, where they are not the usual ones')
    .option(...lookSize)
    .option(...lookViews)
    .option(...beams)
    .option(...search)
    .option('--predictions <file>', 'writes the captions as JSON')
    .option('--kinds <n>', 'names the kinds of image that captions are best and worst for', whole('--kinds'))
    .option(...json)
    .option(...perImage)
    .option(...frequencies)
    .addHelpText('after', () => optionHelp([searchOptions]))
    .action(async (flags: EvaluateFlags) => (await import('./commands/evaluate.js')).evaluate(flags));
  command('score', 'scores captions of any origin (all metrics but SPICE)')
    .requiredOption('--references <file>', 'JSON: image id to captions, or COCO annotations')
    .requiredOption('--candidates <file>', 'JSON: [{"image_id": …, "caption": "…"}]')
    .option(...json)
    .option(...perImage)
    .option(...frequencies)
    .option('--save-frequencies <file>', "saves the references' document frequencies")
    .option('--against <file>', 'other captions of the same images: which are better?')
    .action(async (flags: ScoreFlags) => (await import('./commands/evaluate.js')).score(flags));
  command('export', 'makes a checkpoint to be shipped: only what captions need, in half precision')
    .argument('<from...>', 'a checkpoint or a run; of several it is the average')
    .requiredOption('--to <dir>', 'where it goes')
    .option('--replace', 'in the place of a checkpoint that lies there')
    .option(...lookSize)
    .option(...lookViews)
    .action(async (from: string[], flags: ExportFlags) =>
      (await import('./commands/export.js')).exportTo(from, flags),
    );
  command('card', 'writes a model card: data, settings, scores, examples, errors, terms')
    .argument('<run>', 'a run or a checkpoint')
    .option('--data <dir>', 'the data set that it is evaluated on (default: the one it was trained on)')
    .option('--split <name>', 'validation or test (default: test, if there are test images)')
    .option('--to <dir>', 'where README.md and card.html go (default: card in the folder of the run)')
    .option('--limit <n>', 'captions only the first images of the split', whole('--limit'))
    .option('--images', 'shows photographs in card.html; drawn scenes are always shown')
    .option('--licence <name>', 'licence of the weights (default: unknown)')
    .option('--weights <file>', 'weights of its encoder, where they are not the usual ones')
    .option(...beams)
    .option(...search)
    .option('--replace', 'in the place of a card that lies there')
    .addHelpText('after', () => optionHelp([searchOptions]))
    .action(async (run: string, flags: CardFlags) => (await import('./commands/card.js')).card(run, flags));
  command('download', 'fetches a data set or weights; without a name, lists them')
    .argument('[name]')
    .option('--to <dir>', 'where it goes (default: its place in data/)')
    .action(async (name: string | undefined, flags: DownloadFlags) =>
      (await import('./commands/download.js')).download(name, flags),
    );
  command('doctor', 'says what is set up and what is wrong').action(async () =>
    (await import('./commands/doctor.js')).doctor(),
  );
  return all;
}

function whole(name: string): (text: string) => number {
  return (text) => {
    if (!/^[1-9]\d*$/.test(text))
      throw new CaptionerError('options', `Expected ${name} to be an integer from 1 up, got ${text}`);
    return Number(text);
  };
}

/** @returns When all is done; the exit code is the process's: 0, 1 for a failed run, 2 for wrong use, 130 for one that was stopped. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...args], {from: 'user'});
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      complain(error);
      const code = error instanceof CaptionerError ? error.code : undefined;
      process.exitCode = code === 'options' ? 2 : code === 'stopped' ? 130 : 1;
    }
  }
}

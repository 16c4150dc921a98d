/**
 * The command line. The code of a command is in `commands/` and loaded only when the command runs, since loading TensorFlow takes a
 * second, which `--help` and a wrong option need not wait for.
 */
import {constants} from 'node:os';
import {Command, CommanderError, Option} from 'commander';
import type {CaptionFlags} from './commands/caption';
import type {CardFlags} from './commands/card';
import type {DownloadFlags} from './commands/download';
import type {EvaluateFlags, ScoreFlags} from './commands/evaluate';
import {exitCodes} from './commands/exit-codes';
import type {ExplainFlags} from './commands/explain';
import type {ExportFlags} from './commands/export';
import type {FeatureFlags} from './commands/features';
import type {LaunchFlags} from './commands/launch';
import type {ServeFlags} from './commands/serve';
import {complain, warn} from './commands/io';
import {optionHelp} from './commands/option-help';
import {collectOption} from './commands/set-option';
import type {RunsFlags} from './commands/runs';
import type {SweepFlags} from './commands/sweep';
import type {TrainFlags} from './commands/train';
import type {WatchFlags} from './commands/watch';
import {CaptionerError} from './errors';
import {explainFileError} from './file-error';
import {endingSignal, requestEnd} from './interrupt';
import {decoderOptions} from './decoders/decoder-options';
import {sampleOptions, searchOptions} from './search/search-options';
import {trainerOptions} from './training/trainer-options';

const data = ['--data <dir>', 'the dataset: a folder, or "scenes"'] as const;
const checkpoint = [
  '--checkpoint <dir>',
  'a checkpoint or a run; repeat it for an ensemble (default: checkpoints/flickr8k, or checkpoints/scenes)',
  (dir: string, before: readonly string[] = []) => [...before, dir],
] as const;
const beams = ['--beams <n>', 'beam width: hypotheses kept at each step', whole('--beams')] as const;
const search = [
  '--set <key=value>',
  'an option listed below, such as \'requiredPhrases=["red ball"]\'; may be repeated',
  collectOption,
] as const;
const encoder = ['the CNN', 'efficientnet-lite2'] as const;
const weights = ['weight file in place of the default: .safetensors, Keras .h5 or PyTorch .pth'] as const;
const size = ['side of its input in pixels (default: as it was trained)', whole('--size')] as const;
const lookSize = [
  '--size <pixels>',
  "side of the encoder's input (default: as the checkpoint says)",
  whole('--size'),
] as const;
const lookViews = [
  '--views <n>',
  'views of each image to write its caption from: whole, mirrored, centre crop, mirrored crop, … (default: as the checkpoint says)',
  whole('--views'),
] as const;
const fit = ['stretch or crop (default: stretch)'] as const;
const json = ['--json <file>', 'writes the scores as JSON'] as const;
const perImage = ['--per-image <file>', 'writes captions with their own scores as JSON'] as const;
const frequencies = [
  '--frequencies <file>',
  'document frequencies for CIDEr-D (default: those of the references)',
] as const;

/** Returns all commands with their options, not yet parsed. */
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
    .argument(
      '<image...>',
      'image files, folders (with all images in them), or - for a list on standard input',
    )
    .option(...checkpoint)
    .option(...beams)
    .option(...lookSize)
    .option(...lookViews)
    .option('--sample <n>', 'samples n captions instead of searching for the best', whole('--sample'))
    .option(...search)
    .option('--weights <file>', "weight file of the encoder, if it isn't the default")
    .option(
      '--json',
      "prints a line of JSON for each image, with all hypotheses and their words' log-probabilities",
    )
    .option('--csv', 'prints a table: image,caption')
    .option('--skip <n>', 'leaves out the first n images, to continue after Ctrl-C', whole('--skip'))
    .addHelpText('after', () =>
      optionHelp([searchOptions, {...sampleOptions, owner: 'sampling, with --sample'}]),
    )
    .action(async (images: string[], flags: CaptionFlags) =>
      (await import('./commands/caption.js')).caption(images, flags),
    );
  command('explain', 'shows why each word of a caption was written')
    .argument('<image>', 'an image file')
    .option(...checkpoint)
    .option(
      '--method <name>',
      'method; repeat it to compare several on the page (an unknown name lists all)',
      (name: string, before: readonly string[] = []) => [...before, name],
    )
    .option('--words <list>', 'words or their positions from 0, such as dog,ball (default: all)')
    .option('--against <word>', 'explains why the one word in --words was written and not this one')
    .option('--caption <text>', 'the caption to explain (default: the one that the decoder writes)')
    .option('--set <key=value>', 'an option of the method; may be repeated', collectOption)
    .option('--output <file>', 'writes a page to explore (.html), JSON (.json) or arrays for NumPy (.npz)')
    .option(...lookSize)
    .option(...lookViews)
    .option('--weights <file>', "weight file of the encoder, if it isn't the default")
    .action(async (image: string, flags: ExplainFlags) =>
      (await import('./commands/explain.js')).explain(image, flags),
    );
  command('features', 'computes image features ahead of training')
    .requiredOption(...data)
    .option('--encoder <name>', ...encoder)
    .option('--weights <file>', ...weights)
    .option('--size <pixels>', ...size)
    .option('--fit <fit>', ...fit)
    .option('--kind <kind>', 'grid (a vector for each cell) or pooled (their mean)', 'grid')
    .option(
      '--shard <i/n>',
      'computes only part i of n, into its own --out; auto/n takes i from a Slurm array or a Kubernetes Indexed Job',
    )
    .addOption(
      new Option(
        '--merge <dir...>',
        'puts parts together: checks that every shard is there once, and makes the store',
      ).conflicts(['shard', 'encoder', 'weights', 'size', 'fit', 'kind']),
    )
    .option('--out <dir>', 'output folder (default: where train and evaluate look, in data/features)')
    .action(async (flags: FeatureFlags) => (await import('./commands/features.js')).features(flags));
  command('train', 'trains a decoder, and optionally the last blocks of the encoder')
    .requiredOption(...data)
    .requiredOption('--run <dir>', 'folder of the run')
    .option(
      '--decoder <kind>',
      `kind of decoder: ${[...decoderOptions.keys()].join(', ')} (default: lstm, or that of the run or checkpoint)`,
    )
    .option('--features <dir>', 'a feature store that is used as it is: no image is read')
    .option('--encoder <name>', 'the CNN (default: efficientnet-lite2, or that of the run or checkpoint)')
    .option('--weights <file>', ...weights)
    .option(
      '--size <pixels>',
      'side of its input in pixels (default: as it was trained, or as the run or checkpoint says)',
      whole('--size'),
    )
    .option('--fit <fit>', 'stretch or crop (default: stretch, or as the run or checkpoint says)')
    .option('--preset <name>', 'a named recipe: quick, standard, best')
    .option('--from <dir>', 'starts from the weights of a checkpoint or a run')
    .option('--fine-tune <block>', 'fine-tunes the encoder from this block on')
    .option(
      '--views <n>',
      'views of each training image: whole, crops, mirror images (default: 6 with --fine-tune, else 1)',
      whole('--views'),
    )
    .option('--no-mirror', 'no mirror images, because captions mention left or right')
    .option('--epochs <n>', 'total number of epochs (default: what suits the data)', whole('--epochs'))
    .option(
      '--minimum-count <n>',
      'words that are rarer become unknown (default: 1 for fewer than 1,000 captions, 3 for fewer than 10,000, else 5)',
      whole('--minimum-count'),
    )
    .option(
      '--word-vectors <file>',
      'word vectors that the embedding starts from: GloVe, fastText or word2vec as text, also .gz',
    )
    .option('--set <key=value>', 'an option listed below; may be repeated', collectOption)
    .option('--resume', 'resumes the run where it was stopped; of several with this name, the newest')
    .option('--replace', 'removes a run in that folder (default: the new one gets a number)')
    .option('--json-lines', 'prints its events as JSON, one a line, as metrics.jsonl has them')
    .addHelpText('after', () => optionHelp([trainerOptions, ...decoderOptions.values()]))
    .action(async (flags: TrainFlags) => {
      (await import('./tensorflow/cluster.js')).joinCluster();
      await (await import('./commands/train.js')).train(flags);
    });
  command('launch', 'starts the workers of a cluster on this machine, which divide a training')
    .requiredOption('--workers <n>', 'number of workers', whole('--workers'))
    .argument('<command...>', 'the train command with its options')
    .allowUnknownOption()
    .action(async (args: string[], flags: LaunchFlags) =>
      (await import('./commands/launch.js')).launch(args, flags),
    );
  command('sweep', 'trains again and again with options that Optuna chooses; several workers may share it')
    .argument('<space>', 'file with ranges and choices by option: JSON, or a module that exports them')
    .argument('<command...>', 'the train command with its options, without --run')
    .requiredOption(
      '--trials <n>',
      'trials that the study is to have, of all workers together',
      whole('--trials'),
    )
    .option('--study <name>', 'name of the study (default: that of the file)')
    .option(
      '--storage <url>',
      'database of the study, such as postgresql://HOST/NAME (default: study.db in the folder)',
    )
    .option('--run <dir>', 'folder that the runs lie in (default: the name of the study in checkpoints)')
    .option(
      '--metric <name>',
      'score that trials are compared by, or validation-loss (default: the one that selects the best epoch)',
    )
    .option('--startup <n>', 'complete trials before any is pruned (default: 5)', whole('--startup'), 5)
    .option('--no-prune', 'trains every trial to its end')
    .allowUnknownOption()
    .action(async (space: string, args: string[], flags: SweepFlags) =>
      (await import('./commands/sweep.js')).sweep(space, args, flags),
    );
  command('watch', 'shows how a run goes that another process trains')
    .argument('<run>', 'folder of the run')
    .option(
      '--until <epoch>',
      'ends after this epoch (default: when the run ends or stops)',
      whole('--until'),
    )
    .action(async (run: string, flags: WatchFlags) =>
      (await import('./commands/watch.js')).watch(run, flags),
    );
  command('evaluate', 'captions a split of a dataset and scores the captions (all metrics but SPICE)')
    .option(...checkpoint)
    .requiredOption(...data)
    .option('--split <name>', 'train, validation or test', 'test')
    .option('--weights <file>', "weight file of the encoder, if it isn't the default")
    .option(...lookSize)
    .option(...lookViews)
    .option(...beams)
    .option(...search)
    .option('--allow-missing', 'scores the images that are there, even if more than 1 % are missing')
    .option('--predictions <file>', 'writes the captions as JSON, or as a table if the name ends in .csv')
    .option('--kinds <n>', 'lists n words whose images get the best and the worst captions', whole('--kinds'))
    .option(...json)
    .option(...perImage)
    .option(...frequencies)
    .addHelpText('after', () => optionHelp([searchOptions]))
    .action(async (flags: EvaluateFlags) => (await import('./commands/evaluate.js')).evaluate(flags));
  command('score', 'scores captions from any source (all metrics but SPICE)')
    .requiredOption(
      '--references <file>',
      'JSON (image id to captions, or COCO annotations), or CSV: image_id,caption',
    )
    .requiredOption(
      '--candidates <file>',
      'JSON ([{"image_id": …, "caption": "…"}] or {id: caption}), JSON Lines, or CSV: image_id,caption',
    )
    .option(...json)
    .option(...perImage)
    .option(...frequencies)
    .option('--save-frequencies <file>', "saves the references' document frequencies")
    .option('--against <file>', 'other captions of the same images, to compare with')
    .action(async (flags: ScoreFlags) => (await import('./commands/evaluate.js')).score(flags));
  command('export', 'writes a checkpoint for captioning only, in half precision')
    .argument('<from...>', 'a checkpoint or a run; several are averaged')
    .requiredOption('--to <dir>', 'output folder')
    .option('--replace', 'replaces a checkpoint that is already there')
    .option(...lookSize)
    .option(...lookViews)
    .action(async (from: string[], flags: ExportFlags) =>
      (await import('./commands/export.js')).exportTo(from, flags),
    );
  const runs = command('runs', 'lists runs: settings that differ, best scores, epochs')
    .argument('[folder]', "folder that holds them (default: the project's checkpoints)")
    .option('--metric <name>', 'the score to compare them by')
    .option('--json', 'prints a JSON array, with all settings and epochs')
    .action(async (folder: string | undefined, flags: RunsFlags) =>
      (await import('./commands/runs.js')).runs(folder, flags),
    );
  runs
    .command('remove')
    .description('removes runs; files in their folders that are not of a run are kept')
    .argument('<name...>', "names in the project's checkpoints, or paths")
    .option('--yes', 'does not ask')
    .exitOverride()
    .action(async (names: string[], flags: {readonly yes?: boolean}) =>
      (await import('./commands/runs.js')).removeRuns(names, flags),
    );
  command('card', 'writes a model card: data, settings, scores, examples, errors, terms')
    .argument('<run>', 'a checkpoint or a run')
    .option(
      '--data <dir>',
      'the dataset to evaluate it on: a folder, or "scenes" (default: the one it was trained on)',
    )
    .option('--split <name>', 'train, validation or test (default: test, or validation without test images)')
    .option('--to <dir>', 'output folder (default: card in the folder of the run)')
    .option('--allow-missing', 'scores the images that are there, even if more than 1 % are missing')
    .option('--limit <n>', 'captions only the first n images of the split', whole('--limit'))
    .option('--images', 'shows photographs in card.html; drawn scenes are always shown')
    .option('--licence <name>', 'licence of the weights (default: unknown)')
    .option('--weights <file>', "weight file of the encoder, if it isn't the default")
    .option(...beams)
    .option(...search)
    .option('--replace', 'replaces a card that is already there')
    .addHelpText('after', () => optionHelp([searchOptions]))
    .action(async (run: string, flags: CardFlags) => (await import('./commands/card.js')).card(run, flags));
  command('download', 'downloads a dataset or encoder weights; without a name, lists them')
    .argument('[name]')
    .option('--to <dir>', 'output folder (default: its own in data/)')
    .action(async (name: string | undefined, flags: DownloadFlags) =>
      (await import('./commands/download.js')).download(name, flags),
    );
  command('serve', 'shows captions of your own images on a page on this machine')
    .option('--port <n>', 'port to listen on; 0 takes a free one (default: 8700)', portNumber)
    .option(
      '--checkpoint <dir>',
      'checkpoint or run to start with (default: checkpoints/flickr8k); the page can switch to the others in checkpoints',
    )
    .action(async (flags: ServeFlags) => (await import('./commands/serve.js')).serve(flags));
  command('doctor', 'checks the installation').action(async () =>
    (await import('./commands/doctor.js')).doctor(),
  );
  for (const one of all.commands)
    if (readsImages.has(one.name()))
      one.option(
        '--max-megapixels <n>',
        'refuses images with more million pixels (default: 50)',
        whole('--max-megapixels'),
      );
  all.hook('preAction', async (_, action) => {
    const {maxMegapixels} = action.opts<{readonly maxMegapixels?: number}>();
    if (maxMegapixels !== undefined)
      (await import('./encoders/images.js')).setPixelLimit(maxMegapixels * 1_000_000);
  });
  return all;
}

/**
 * Ends the process when nobody reads its output any more (`| head`), as SIGPIPE ends other programs, or when the output can't be written. A
 * training is saved first.
 */
function endWithReader(): void {
  const end = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE' && !unwritable) warn(`the output can't be written: ${error.message}`);
    unwritable ||= error.code !== 'EPIPE';
    // Work that saves its progress ends first.
    if (requestEnd('SIGPIPE')) return;
    process.exit(error.code === 'EPIPE' ? 128 + constants.signals.SIGPIPE : 1);
  };
  process.stdout.on('error', end);
  process.stderr.on('error', end);
}

/** Whether the output could not be written, as on a full disk. */
let unwritable = false;

/** Commands that decode images. */
const readsImages = new Set(['caption', 'explain', 'features', 'train', 'evaluate', 'card', 'serve']);

function whole(name: string): (text: string) => number {
  return (text) => {
    if (!/^[1-9]\d*$/.test(text))
      throw new CaptionerError('options', `Expected ${name} to be an integer from 1 up, got ${text}`);
    return Number(text);
  };
}

function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65536) return Number(text);
  throw new CaptionerError('options', `Expected --port to be an integer from 0 to 65535, got ${text}`);
}

/**
 * Runs a command and sets the exit code of the process: 0, 1 for a failed run, 2 for wrong use, 75 if another worker of a cluster was lost, 130
 * for a run that was stopped, or 128 and the number of the signal that ended it.
 */
export async function main(args: readonly string[]): Promise<void> {
  endWithReader();
  try {
    await program().parseAsync([...args], {from: 'user'});
  } catch (thrown) {
    const error = explainFileError(thrown);
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      const ending = endingSignal() ?? 'SIGINT';
      if (ending !== 'SIGPIPE') complain(error);
      process.exitCode = exitCodeOf(error, ending);
      // TensorFlow would wait for the other workers, who need to know.
      const {cluster} = await import('./tensorflow/cluster.js');
      if (cluster().size > 1 && process.exitCode <= 128) process.exit();
    }
  }
}

function exitCodeOf(error: unknown, ending: NodeJS.Signals): number {
  if (unwritable) return 1;
  const code = error instanceof CaptionerError ? error.code : undefined;
  if (code === 'stopped' || ending === 'SIGPIPE') return 128 + constants.signals[ending];
  return code !== undefined && code in exitCodes ? exitCodes[code as keyof typeof exitCodes] : 1;
}

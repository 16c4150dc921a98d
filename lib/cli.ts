/** The command line: the library's words as commands. Results go to stdout, everything else to stderr. */
import {readFileSync} from 'node:fs';
import {Command, CommanderError} from 'commander';
import type {EpochReport} from './training/history';
import type {Trainer} from './training/trainer';
import {CaptionerError} from './errors';
import {featureFolder, home, userPath} from './places';

type Library = typeof import('./index.js');
/** TensorFlow takes a second to load, which `--help` and a wrong option need not wait for. */
const library = (): Promise<Library> => import('./index.js');

interface CaptionFlags {
  readonly checkpoint: string;
  readonly beams?: number;
  readonly json?: boolean;
}

async function caption(images: string[], {checkpoint, beams, json}: CaptionFlags): Promise<void> {
  const {Captioner} = await library();
  const captioner = await Captioner.load(checkpoint);
  const results = await captioner.caption(images.map(userPath), searchOptions(beams));
  let failed = 0;
  const lines: {image: string; caption: string}[] = [];
  for (const [at, result] of results.entries()) {
    if ('error' in result) {
      failed++;
      complain(result.error);
    } else lines.push({image: images[at]!, caption: result.caption});
  }
  if (json) print(JSON.stringify(lines, undefined, 2));
  else for (const {image, caption} of lines) print(images.length > 1 ? `${image}: ${caption}` : caption);
  if (failed > 0) process.exitCode = 1;
}

interface FeatureFlags {
  readonly data: string;
  readonly encoder: string;
  readonly weights?: string;
  readonly out: string;
  readonly kind: string;
}

async function features({data, encoder: name, weights, out, kind}: FeatureFlags): Promise<void> {
  const {FeatureStore, loadEncoder, openDataset, progress} = await library();
  if (kind !== 'pooled' && kind !== 'grid')
    throw new CaptionerError('options', `Expected --kind pooled or grid, got ${kind}`);
  const dataset = await openDataset(data);
  const encoder = await loadEncoder(name, weights === undefined ? {} : {weights: userPath(weights)});
  const bar = progress('Features', dataset.images.length);
  const store = await FeatureStore.build(encoder, dataset.images, userPath(out), {
    kind,
    onProgress: bar.update,
  });
  await bar.finish();
  print(`${store.size} images in ${store.folder}`);
  for (const [id, reason] of store.quarantined) process.stderr.write(`${id}: ${reason}\n`);
}

interface TrainFlags {
  readonly data: string;
  readonly run: string;
  readonly decoder: string;
  readonly epochs?: number;
  readonly minimumCount: number;
  readonly set: Record<string, unknown>;
  readonly resume?: boolean;
}

async function train({
  data,
  run,
  decoder: kind,
  epochs,
  minimumCount,
  set,
  resume,
}: TrainFlags): Promise<void> {
  const {createDecoder, FeatureStore, loadEncoder, ofSplit, openDataset, progress, Vocabulary, ...lib} =
    await library();
  const dataset = await openDataset(data);
  const encoder = await loadEncoder('efficientnet-lite2');
  const bar = progress('Features', dataset.images.length);
  const folder = featureFolder(dataset, encoder.name, 'pooled');
  const store = await FeatureStore.build(encoder, dataset.images, folder, {onProgress: bar.update});
  await bar.finish();
  const start = async (): Promise<Trainer> => {
    const vocabulary = Vocabulary.from(
      ofSplit(dataset, 'train').flatMap(({captions}) => captions),
      {minimumCount},
    );
    const forDecoder = Object.fromEntries(Object.entries(set).filter(([key]) => decoderKeys.includes(key)));
    const forTrainer = Object.fromEntries(Object.entries(set).filter(([key]) => !decoderKeys.includes(key)));
    const decoder = createDecoder(kind, vocabulary.size, store.depth, forDecoder);
    const options = {...forTrainer, ...(epochs !== undefined && {epochs})};
    return lib.Trainer.create({dataset, store, vocabulary, decoder, run: userPath(run), options});
  };
  const trainer = resume ? await lib.Trainer.resume(userPath(run), {dataset, store}) : await start();
  for (const {checkpoint, reason} of trainer.skipped)
    process.stderr.write(`passed over ${checkpoint}: ${reason}\n`);
  const steps = progress('Steps', trainer.options.epochs * trainer.stepsPerEpoch);
  const {stopped} = await trainer.train({
    ...(resume && epochs !== undefined && {epochs: Math.max(0, epochs - trainer.position.epoch)}),
    onStep: ({step, loss}) => steps.update(step, undefined, `loss ${loss.toFixed(3)}`),
    onEpoch: (report) => print(epochLine(report)),
  });
  await steps.finish();
  trainer.close();
  print(
    stopped
      ? `stopped and saved at step ${trainer.position.step}; go on with --resume`
      : `trained; the run lies in ${userPath(run)}`,
  );
}

const decoderKeys = ['units', 'embedding', 'dropout'];

function epochLine({epoch, loss, validationLoss, metrics, seconds, panel, best}: EpochReport): string {
  const scores = Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  const sample = panel[0] ? ` · ${panel[0].id}: ${panel[0].caption}` : '';
  return `epoch ${epoch}${best ? ' *' : ''} · loss ${loss.toFixed(3)} · validation ${validationLoss.toFixed(3)} · ${scores.join(' · ')} · ${seconds.toFixed(0)} s${sample}`;
}

interface EvaluateFlags {
  readonly checkpoint: string;
  readonly data: string;
  readonly split: string;
  readonly beams?: number;
  readonly predictions?: string;
  readonly json?: string;
}

async function evaluateCommand({
  checkpoint,
  data,
  split,
  beams,
  predictions,
  json,
}: EvaluateFlags): Promise<void> {
  const {Captioner, evaluate, FeatureStore, ofSplit, openDataset, progress, splits} = await library();
  const known = splits.find((name) => name === split);
  if (known === undefined)
    throw new CaptionerError('options', `Expected --split ${splits.join(', ')}, got ${split}`);
  const dataset = await openDataset(data);
  const captioner = await Captioner.load(userPath(checkpoint));
  const {encoder, decoder} = captioner;
  const images = ofSplit(dataset, known);
  if (images.length === 0)
    throw new CaptionerError('dataset', `${dataset.folder}: expected images of split ${split}, found none`);
  const bar = progress('Features', images.length);
  const folder = featureFolder(dataset, encoder.name, decoder.features);
  const store = await FeatureStore.build(encoder, images, folder, {
    kind: decoder.features,
    onProgress: bar.update,
  });
  await bar.finish();
  const {metrics, captions} = evaluate(captioner, store, images, searchOptions(beams));
  await writeJson(predictions, captions);
  await report(metrics, json);
}

interface ScoreFlags {
  readonly references: string;
  readonly candidates: string;
  readonly json?: string;
}

async function score({references, candidates, json}: ScoreFlags): Promise<void> {
  const {bleu, tokenize} = await library();
  const {pairCaptions} = await import('./metrics/pairs.js');
  const pairs = pairCaptions(readJson(candidates), readJson(references));
  const metrics = bleu(
    pairs.map(({candidate}) => tokenize(candidate)),
    pairs.map((pair) => pair.references.map(tokenize)),
  );
  await report(metrics, json);
}

async function doctorCommand(): Promise<void> {
  const {doctor} = await import('./doctor.js');
  const parts = await doctor();
  const width = Math.max(...parts.map(({part}) => part.length));
  for (const {part, verdict, detail, advice} of parts) {
    print(`${part.padEnd(width)}  ${verdict.padEnd(5)}  ${detail}`);
    if (verdict === 'wrong' && advice !== undefined) print(`${''.padEnd(width)}         ${advice}`);
  }
  if (parts.some(({verdict}) => verdict === 'wrong')) process.exitCode = 1;
}

function searchOptions(beams: number | undefined): {beams?: number} {
  return beams === undefined ? {} : {beams};
}

async function report(metrics: Readonly<Record<string, number>>, json: string | undefined): Promise<void> {
  await writeJson(json, metrics);
  for (const [name, value] of Object.entries(metrics)) print(`${name.padEnd(8)} ${value.toFixed(4)}`);
}

async function writeJson(file: string | undefined, value: unknown): Promise<void> {
  if (file === undefined) return;
  const {writeFileAtomic} = await import('./files/atomic.js');
  await writeFileAtomic(userPath(file), `${JSON.stringify(value, undefined, 2)}\n`);
}

function readJson(file: string): unknown {
  const path = userPath(file);
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new CaptionerError('not-found', `${path}: expected a JSON file, found nothing`, {cause});
    throw new CaptionerError('captions', `${path}: expected JSON: ${(cause as Error).message}`, {cause});
  }
}

/** Text that is a number, true or false becomes one; what it must be, the options' own check says. */
function setting(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const [, key, value] = /^(\w+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw new CaptionerError('options', `Expected --set KEY=VALUE, got ${text}`);
  const plain =
    value === 'true' || value === 'false'
      ? value === 'true'
      : value.trim() !== '' && !Number.isNaN(Number(value))
        ? Number(value)
        : value;
  return {...before, [key]: plain};
}

function whole(name: string): (text: string) => number {
  return (text) => {
    if (!/^[1-9]\d*$/.test(text))
      throw new CaptionerError('options', `Expected ${name} to be an integer from 1 up, got ${text}`);
    return Number(text);
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function complain(error: unknown): void {
  const message =
    error instanceof CaptionerError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  process.stderr.write(`captioner: ${message}\n`);
}

function program(): Command {
  const scenes = `${home()}/checkpoints/scenes`;
  const beams = ['--beams <n>', 'hypotheses kept at each step', whole('--beams')] as const;
  const all = new Command('captioner')
    .description('Image captioning')
    .exitOverride()
    .configureOutput({
      outputError: (text, write) =>
        write(
          `captioner: ${
            text
              .replace(/^error: /, '')
              .trim()
              .split('\n')[0]
          }\n`,
        ),
    });
  const command = (name: string, does: string): Command => all.command(name).description(does).exitOverride();
  command('caption', 'writes a caption for each image')
    .argument('<image...>')
    .option('--checkpoint <dir>', 'a checkpoint or a run', userPath, scenes)
    .option(...beams)
    .option('--json', 'as a JSON array')
    .action(caption);
  command('features', 'computes image features once')
    .requiredOption('--data <dir>', 'the data set: a folder, or "scenes"')
    .option('--encoder <name>', 'which CNN', 'efficientnet-lite2')
    .option('--weights <file>', 'weights other than those of set-up')
    .option('--kind <kind>', 'pooled or grid', 'pooled')
    .requiredOption('--out <dir>', 'where the features go')
    .action(features);
  command('train', 'trains a decoder')
    .requiredOption('--data <dir>', 'the data set: a folder, or "scenes"')
    .requiredOption('--run <dir>', 'where the run is kept')
    .option('--decoder <kind>', 'which decoder', 'lstm')
    .option('--epochs <n>', 'epochs in all', whole('--epochs'))
    .option('--minimum-count <n>', 'rarer words become unknown', whole('--minimum-count'), 5)
    .option('--set <key=value>', 'an option of the trainer or the decoder', setting, {})
    .option('--resume', 'go on where the run was stopped')
    .action(train);
  command('evaluate', 'scores free-running captions of a split')
    .requiredOption('--checkpoint <dir>', 'a checkpoint or a run')
    .requiredOption('--data <dir>', 'the data set: a folder, or "scenes"')
    .option('--split <name>', 'train, validation or test', 'test')
    .option(...beams)
    .option('--predictions <file>', 'writes the captions as JSON')
    .option('--json <file>', 'writes the scores as JSON')
    .action(evaluateCommand);
  command('score', 'scores captions of any origin')
    .requiredOption('--references <file>', 'JSON: image id to captions, or COCO annotations')
    .requiredOption('--candidates <file>', 'JSON: [{"image_id": …, "caption": "…"}]')
    .option('--json <file>', 'writes the scores as JSON')
    .action(score);
  command('doctor', 'says what is set up and what is wrong').action(doctorCommand);
  return all;
}

/** @returns When all is done; the exit code is the process's: 0, 1 for a failed run, 2 for wrong use. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...args], {from: 'user'});
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      complain(error);
      process.exitCode = error instanceof CaptionerError && error.code === 'options' ? 2 : 1;
    }
  }
}

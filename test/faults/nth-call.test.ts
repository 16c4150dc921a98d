/**
 * Every command with the n-th call that changes or reads a file failing, and with all calls failing from there on, as on a full or a broken
 * disk: each fault is said in words, and no run is lost. By default some of the calls; with CAPTIONER_FAULTS=all every one that changes a
 * file, and twenty of those that read.
 */
import {cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {drawScenes} from 'captioner';
import {loadCheckpoint} from 'captioner/dist/checkpoints/checkpoint';
import {checkpointsIn} from 'captioner/dist/checkpoints/run-layout';
import {expect} from 'chai';
import {saveToyCheckpoint} from '../checkpoints/toy';
import {temporaryFolder} from '../support';
import {captioner} from './command';
import {FailingCalls, type Fault, type Kind} from './failing-calls';

const everything = process.env['CAPTIONER_FAULTS'] === 'all';
const codes: Readonly<Record<Kind, readonly Fault[]>> = {
  write: ['ENOSPC', 'EIO', 'EACCES', 'EROFS', 'EFBIG', 'EMFILE'],
  read: ['EIO', 'EACCES', 'EMFILE'],
};

interface Command {
  readonly args: readonly string[];
  /** Names of prepared files that the command starts with. */
  readonly with: readonly string[];
  /** Checks that nothing is lost, after a fault and without any. */
  readonly check?: (home: string) => Promise<void>;
  /** Whether it takes seconds, as METEOR's tables do. */
  readonly slow?: boolean;
}

const tiny = [
  'units=4',
  'embedding=4',
  'meteor=false',
  'batch=8',
  'validationImages=2',
  'panelImages=1',
  'beams=1',
];
const training = [
  'train',
  '--data',
  'drawn',
  '--run',
  'run',
  '--encoder',
  'efficientnet-lite0',
  '--epochs',
  '1',
];
const train = [...training, ...tiny.flatMap((option) => ['--set', option])];

/** Every checkpoint of the run is whole, and it can be resumed. */
async function runIsWhole(home: string): Promise<void> {
  const run = join(home, 'run');
  for (const name of checkpointsIn(run))
    (await loadCheckpoint(join(run, 'checkpoints', name))).decoder.dispose();
  if (checkpointsIn(run).length === 0) return;
  const {code, text} = await captioner([...training.slice(0, 5), '--resume']);
  expect(code, text).to.equal(0);
}

/** Expects the file that lay there before, or the whole of the new one. */
function fileIsWhole(name: string, end: string): (home: string) => Promise<void> {
  return (home) => {
    const text = readFileSync(join(home, name), 'utf8').trimEnd();
    if (text !== earlierFile) expect(text.endsWith(end), `${name}: ${text.slice(-40)}`).to.equal(true);
    return Promise.resolve();
  };
}
const earlierFile = 'what lay there before';

async function exportIsWhole(home: string): Promise<void> {
  (await loadCheckpoint(join(home, 'shipped'))).decoder.dispose();
}

const commands: Readonly<Record<string, Command>> = {
  'train': {args: train, with: ['drawn', 'data'], check: runIsWhole},
  'train --resume': {args: [...training.slice(0, 5), '--resume', '--epochs', '2'], with: ['drawn', 'data', 'run'], check: runIsWhole},
  'features': {args: ['features', '--data', 'drawn', '--encoder', 'efficientnet-lite0', '--out', 'store'], with: ['drawn']},
  'export': {args: ['export', 'checkpoint', '--to', 'shipped', '--replace'], with: ['checkpoint', 'shipped'], check: exportIsWhole},
  'score': {
    args: ['score', '--references', 'references.json', '--candidates', 'candidates.json', '--json', 'scores.json', '--per-image', 'each.json', '--save-frequencies', 'frequencies.json'],
    with: ['references.json', 'candidates.json'],
    slow: true,
  },
  'evaluate': {args: ['evaluate', '--data', 'drawn', '--checkpoint', 'checkpoint', '--predictions', 'captions.csv', '--json', 'scores.json'], slow: true, with: ['drawn', 'checkpoint', 'data']},
  'caption': {args: ['caption', 'drawn', '--checkpoint', 'checkpoint', '--json'], with: ['drawn', 'checkpoint'], slow: true},
  'explain': {args: ['explain', 'drawn/test-0001.jpg', '--checkpoint', 'checkpoint', '--method', 'saliency', '--output', 'page.html'], with: ['drawn', 'checkpoint', 'page.html'], check: fileIsWhole('page.html', '</html>'), slow: true},
  'explain to arrays': {args: ['explain', 'drawn/test-0001.jpg', '--checkpoint', 'checkpoint', '--method', 'saliency', '--output', 'maps.json'], with: ['drawn', 'checkpoint', 'maps.json'], check: fileIsWhole('maps.json', '}'), slow: true},
  'runs remove': {args: ['runs', 'remove', 'run', '--yes'], with: ['run']},
}; // prettier-ignore

describe('The n-th call to a file', function () {
  this.timeout(600_000);
  const root = temporaryFolder();
  const [home, kept] = [join(root, 'home'), join(root, 'kept')];
  const earlier = {...process.env};
  let calls: FailingCalls;
  let [tried, failed] = [0, 0];

  /** Lays only the named parts into the folder of the user. */
  function lay(names: readonly string[]): void {
    rmSync(home, {recursive: true, force: true});
    mkdirSync(home);
    for (const name of names)
      if (existsSync(join(kept, name))) cpSync(join(kept, name), join(home, name), {recursive: true});
  }

  before(async () => {
    Object.assign(process.env, {CAPTIONER_OUTPUT: home, CAPTIONER_CWD: home});
    mkdirSync(kept, {recursive: true});
    await drawScenes(join(kept, 'drawn'), {train: 4, validation: 2, test: 2});
    await saveToyCheckpoint(join(kept, 'checkpoint'), join(kept, 'drawn'));
    await saveToyCheckpoint(join(kept, 'shipped'), join(kept, 'drawn'));
    writeFileSync(join(kept, 'references.json'), JSON.stringify({a: ['a dog runs'], b: ['a cat']}));
    for (const name of ['page.html', 'maps.json']) writeFileSync(join(kept, name), earlierFile);
    const candidates = ['a', 'b'].map((image_id) => ({image_id, caption: 'a dog'}));
    writeFileSync(join(kept, 'candidates.json'), JSON.stringify(candidates));
    lay(['drawn', 'checkpoint']);
    for (const args of [train, commands['evaluate']!.args]) {
      const {code, text} = await captioner(args);
      expect(code, text).to.equal(0);
    }
    for (const name of ['run', 'data']) cpSync(join(home, name), join(kept, name), {recursive: true});
    calls = new FailingCalls(home);
  });

  after(() => {
    calls?.restore();
    for (const name of ['CAPTIONER_OUTPUT', 'CAPTIONER_CWD']) {
      if (earlier[name] === undefined) delete process.env[name];
      else process.env[name] = earlier[name];
    }
    if (everything) console.log(`      ${tried} faults, ${failed} of them raw or with a loss`);
  });

  for (const [name, {args, with: needed, check, slow = false}] of Object.entries(commands))
    for (const kind of ['write', 'read'] as const)
      it(`that ${kind === 'write' ? 'changes' : 'reads'} it is said in words and loses nothing: ${name}`, async function () {
        lay(needed);
        calls.arm(0, 'EIO', false, kind);
        const whole = await captioner(args);
        const {count} = calls;
        expect(whole.code, whole.text).to.equal(0);
        if (count === 0) return this.skip(); // nothing is written, or nothing read
        const most = everything ? (kind === 'write' ? count : 20) : slow ? 1 : 3;
        const step = Math.ceil(count / most);
        for (let at = 1; at <= count; at += step)
          for (const lasting of [false, true]) {
            const fault = codes[kind][(at + Number(lasting)) % codes[kind].length]!;
            lay(needed);
            calls.arm(at, fault, lasting, kind);
            const {code, text} = await captioner(args);
            const where = `${fault} at call ${at} of ${count}, ${calls.names[at - 1]}${lasting ? ', and all after it' : ''}:\n${text}`;
            calls.arm(0);
            tried++;
            failed++;
            expect(text, where).to.not.match(/^ +at /m);
            expect(text, where).to.not.match(/(Type|Reference|Range|Syntax)Error|Invalid TF_Status/);
            if (code !== 0)
              expect(text, where).to.match(/^captioner: .*(full|permission|read-only|error|limit|too many)/m);
            await check?.(home).catch((error: unknown) => {
              throw new Error(`${where}\n${String(error)}`);
            });
            failed--;
          }
      });
});

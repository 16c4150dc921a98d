/**
 * Presses stop in the chapters, as people do, and runs the stopped cells again. Nothing may be lost: the executed notebook is the one of
 * somebody who never pressed stop, but for durations. `CAPTIONER_CHAPTER_DATA` names other data than a few drawn scenes,
 * `CAPTIONER_CHAPTER_STOPS` asks for that many stops in all chapters.
 */
import {spawnSync} from 'node:child_process';
import {cpSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {drawScenes} from 'captioner';
import {draws, projectRoot, python, temporaryFolder, writeElsewhere} from '../support';
import {notebooks} from './quick';

interface Cell {
  readonly cell_type: string;
  readonly source: string | readonly string[];
  readonly outputs?: readonly Output[];
}

interface Output {
  readonly text?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

interface Executed {
  readonly notebook: {readonly cells: readonly Cell[]};
  readonly stopped: readonly {readonly cell: number; readonly end: string}[];
}

type Stops = Readonly<Record<number, readonly number[]>>;

const other = process.env['CAPTIONER_CHAPTER_DATA'];
const many = Number(process.env['CAPTIONER_CHAPTER_STOPS'] ?? 0);

function execute(name: string, parameters: object, stops: Stops = {}): Executed {
  const set = Object.entries(parameters).map(([key, value]) => `${key} = ${JSON.stringify(value)};`);
  const job = {
    ...{notebook: join(projectRoot, 'notebooks', name), folder: join(projectRoot, 'notebooks')},
    ...{parameters: [...set, 'void 0;'].join('\n'), stops},
  };
  const {stdout, stderr, status} = spawnSync(
    python(),
    [join(projectRoot, 'test', 'notebooks', 'interrupted.py')],
    {input: JSON.stringify(job), encoding: 'utf8', maxBuffer: 2 ** 30},
  );
  if (status !== 0) throw new Error(stderr.slice(-3000));
  return JSON.parse(stdout) as Executed;
}

/** The outputs of a cell, without durations, rates, memory and progress bars, which only slow work has. */
function shown({outputs = []}: Cell): string[] {
  const texts = outputs.map(({text, data}) => text ?? JSON.stringify(data));
  return texts
    .filter(
      (text) =>
        !/"text\/plain":"(Encoding images|Comparing images|Captions|Scores|Preparing scores|Learning rates|Drawing scenes) /.test(
          text,
        ),
    )
    .map((text) =>
      text
        .replace(/data:image\/svg\+xml;base64,[\w+/=]+/g, 'svg')
        .replace(/\b\d[\d.,]* (h|min|s)\b( \d+ (min|s)\b)?/g, 'duration')
        // The columns `seconds` and `time` of tables; no score or loss has one decimal.
        .replace(/(?<![\d.])\d+\.\d(?!\d)/g, 'duration')
        .replace(/ {2,}|-{3,}/g, ' ')
        .replace(/(\/|\.\.\/)[\w./-]*captioner-\w+\/[\w/-]+/g, 'folder')
        .replace(/captions-[\w-]+|[\da-f]{8}-[\da-f-]{27}|\b20\d\d-\d\d-\d\d[ T][\d:.Z]+/g, 'mark'),
    );
}

/** Compares what two cells show; outputs of megabytes are cut to where they first differ. */
function expectSame(cell: Cell, wanted: Cell): void {
  const [a, b] = [shown(cell).join('\n'), shown(wanted).join('\n')];
  if (a === b) return;
  const at = [...a].findIndex((letter, index) => letter !== b[index]);
  const from = Math.max(0, (at < 0 ? a.length : at) - 200);
  expect(a.slice(from, from + 400), [cell.source].flat().join('')).to.equal(b.slice(from, from + 400));
}

/** The index of the code cell that holds a text. */
function cellWith(text: string, name: string): number {
  const {cells} = JSON.parse(readFileSync(join(projectRoot, 'notebooks', name), 'utf8')) as {
    cells: Cell[];
  };
  return cells.findIndex(
    ({cell_type, source}) => cell_type === 'code' && [source].flat().join('').includes(text),
  );
}

describe('A chapter in which stop is pressed', () => {
  writeElsewhere();
  const folder = temporaryFolder();
  const drawn = join(folder, 'drawn');
  const chapter = '05-training.ipynb';
  const small = {epochs: 4, units: 32, embedding: 32, minimumCount: 1};
  const training = other === undefined ? {data: drawn, ...small} : {data: other, epochs: 3};
  before(() => drawScenes(drawn, {train: 60, validation: 10, test: 8}));

  it('five times in training shows what it shows without', () => {
    const whole = execute(chapter, {...training, run: join(folder, 'whole', 'run')});
    expect(whole.stopped).to.deep.equal([]);
    // Two in the first epochs, one in each of the calls that follow, one as soon as a cell begins.
    const scale = other === undefined ? 1 : 20;
    const [a, b, c, d] = draws(4, 1000, 5).map((moment) => scale * (0.3 + moment / 1000)) as [number, number, number, number]; // prettier-ignore
    const stops = {
      [cellWith('until: half', chapter)]: [0, a, b],
      [cellWith('until: oneMore', chapter)]: [c],
      [cellWith("title: 'Loss, resumed'", chapter)]: [d],
    };
    const often = execute(chapter, {...training, run: join(folder, 'often', 'run')}, stops);
    // A press may come before the kernel has seen the cell that it was meant for.
    expect(often.stopped.length).to.be.within(4, 5);
    for (const {end} of often.stopped)
      expect(end).to.match(
        /^(Not begun|Stopped\.|Stopped at step [\d,]+ of [\d,]+, saved; run the cell again to continue)$/,
      );
    for (const [at, cell] of whole.notebook.cells.entries()) expectSame(often.notebook.cells[at]!, cell);
  }).timeout(60 * 60_000);

  if (many === 0) return;
  it(`${many} times at random in any chapter loses nothing`, () => {
    const run = join(folder, 'all', 'run');
    const each = Math.ceil(many / notebooks.length);
    for (const [at, name] of notebooks.entries()) {
      const {cells} = JSON.parse(readFileSync(join(projectRoot, 'notebooks', name), 'utf8')) as {
        cells: Cell[];
      };
      const code = [...cells.keys()].filter((index) => cells[index]!.cell_type === 'code');
      const stops: Record<number, number[]> = {};
      const places = draws(each, 1000, 20 + at);
      const moments = draws(each, 1000, 40 + at);
      for (const [press, place] of places.entries())
        (stops[code[place % code.length]!] ??= []).push((moments[press]! / 1000) ** 2 * 3);
      const data = join(folder, `drawn-${at}`);
      if (other === undefined) cpSync(drawn, data, {recursive: true});
      const own = /^11-/.test(name)
        ? {run: `${run}-own`, epochs: 1, from: ''}
        : name === chapter
          ? {...training, run}
          : name < chapter
            ? {}
            : {checkpoint: run};
      const parameters = {data: other ?? data, ...own};
      // Cells that were not stopped end without an error, which execute() would throw.
      const {notebook, stopped} = execute(name, parameters, stops);
      for (const {end} of stopped) expect(end, name).to.match(/^(Not begun|Stopped\b)/);
      const quiet = execute(name, name === chapter ? {...parameters, run: `${run}-quiet`} : parameters);
      expect(quiet.stopped).to.deep.equal([]);
      for (const index of code)
        if (!/Trainer|train|evaluate|build|throughput/.test([cells[index]!.source].flat().join('')))
          expectSame(notebook.cells[index]!, quiet.notebook.cells[index]!);
      console.log(`      ${name}: ${stopped.length} of ${each} presses met work`);
    }
  }).timeout(120 * 60_000);
});

import {expect} from 'chai';
import {inKernel, type Result} from './stopping';

/** Runs cells one after another and returns what each printed. */
async function printed(...cells: readonly string[]): Promise<{status: string; text: string}[]> {
  const results = await inKernel(cells.map((code) => ({code})));
  expect(results).to.have.length(cells.length);
  return results.map(({statuses, texts}: Result) => ({status: statuses[0]!, text: texts[0]!}));
}

describe('Errors in a notebook', function () {
  this.timeout(120_000);

  it('of the library are one line and the line of the cell', async () => {
    const [, opened, typed, wrapped] = await printed(
      `import {createDecoder, interruptible, openDataset} from 'captioner';
import {setTimeout as pause} from 'node:timers/promises';`,
      `// A comment, and a type that leaves no trace in the compiled code:
interface Wanted {
  readonly name: string;
}
const wanted: Wanted = {name: '/nowhere'};
const dataset = await openDataset(
  wanted.name,
);
console.log(dataset);`,
      `const options: object = {unit: 5};
let a = 1; let b = 2; const decoder = createDecoder('lstm', a + 99, 1280, options);`,
      `async function work(): Promise<void> {
  await pause(5);
  createDecoder('lstm', 100, 1280, {units: -1} as object);
}
await interruptible(() => work(), {stopped: () => ''});`,
    );
    expect(opened).to.deep.equal({
      status: 'error',
      text: 'CaptionerError: /nowhere: expected a folder, found nothing\n  cell line 6: const dataset = await openDataset(\n',
    });
    expect(typed!.text).to.match(
      /^CaptionerError: .*unit.*\n  cell line 2: let a = 1; let b = 2; const decoder = .*\n$/,
    );
    expect(wrapped!.text).to.match(/^CaptionerError: .*units.*\n  cell line 3: createDecoder\(.*\n$/);
  });

  it('of other code are the message and the lines of the cells that led to it', async () => {
    const [, called, caused, thrown, late, lost] = await printed(
      `const mean = (values: number[]) => {
  const {length} = values;
  return values.reduce((a, b) => a + b, 0) / length;
};`,
      `const values = [1, 2, 3];
console.log(mean(values));
console.log(mean(undefined));`,
      `throw new TypeError('fetch failed', {cause: new Error('no network')});`,
      `throw 'a text';`,
      `setTimeout(() => { throw new RangeError('late'); }, 10);
await new Promise((resolve) => setTimeout(resolve, 200));`,
      `void Promise.reject(new Error('lost'));
await new Promise((resolve) => setTimeout(resolve, 200));`,
    );
    expect(called!.text.split('\n')).to.deep.equal([
      '2',
      "TypeError: Cannot destructure property 'length' of 'values' as it is undefined.",
      '  cell [1] line 2: const {length} = values;',
      '  cell line 3: console.log(mean(undefined));',
      '',
    ]);
    expect(caused!.text).to.match(
      /^TypeError: fetch failed\n  because of Error: no network\n  cell line 1: throw .*\n$/,
    );
    expect(thrown).to.deep.equal({status: 'error', text: "'a text'\n"});
    expect(late).to.deep.equal({
      status: 'ok',
      text: "RangeError: late\n  cell line 1: setTimeout(() => { throw new RangeError('late'); }, 10);\n  in work that no cell awaited\n",
    });
    expect(lost!.text).to.equal(
      "Error: lost\n  cell line 1: void Promise.reject(new Error('lost'));\n  in work that no cell awaited\n",
    );
  });

  it('show their stacks where DEBUG names captioner', async () => {
    const [, ours, theirs, quiet] = await printed(
      `import {openDataset} from 'captioner';
process.env.DEBUG = 'captioner';`,
      `await openDataset('/nowhere');`,
      `(undefined as any).x;`,
      `delete process.env.DEBUG;
await openDataset('/nowhere');`,
    );
    expect(ours!.text)
      .to.match(/^CaptionerError: \/nowhere.*\n( {4}at .*\n)+/)
      .and.include('open-dataset');
    expect(theirs!.text).to.match(/^TypeError: .*\n( {4}at .*\n)+/);
    expect(quiet!.text.split('\n')).to.have.length(3);
  });
});

import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Worker} from 'node:worker_threads';
import {expect} from 'chai';
import {device, tf} from 'captioner';
import {compiled, compiles, disposeFunctions, functionOf} from 'captioner/dist/tensorflow/compiled';
import {int64} from 'captioner/dist/tensorflow/casts';
import {bool, runOp, runOpMulti, shape, text, type} from 'captioner/dist/tensorflow/ops';
import {normal} from 'captioner/dist/ops/random';
import {projectRoot} from '../support';
import {eagerly, leaked} from '../tensors';

const numbers = (x: tf.Tensor): number[] => [...x.dataSync<'float32'>()];
const float32 = [type('T', 'float32')];

describe('compiled', () => {
  const layer = (x: tf.Tensor2D, weight: tf.Tensor2D) => tf.tanh(tf.matMul(tf.softmax(x), weight));

  it('computes what the function computes, and the same bits each time', () => {
    const fast = compiled(layer);
    const [x, weight] = [normal([40, 30], [1, 2]), normal([30, 20], [3, 4])] as [tf.Tensor2D, tf.Tensor2D];
    const first = numbers(fast(x, weight));
    expect(numbers(fast(x, weight))).to.deep.equal(first);
    expect(fast.size).to.equal(1);
    const plain = numbers(layer(x, weight));
    expect(numbers(eagerly(() => fast(x, weight)))).to.deep.equal(plain);
    const largest = Math.max(...plain.map(Math.abs));
    for (const [at, value] of plain.entries())
      expect(Math.abs(first[at]! - value) / largest).to.be.below(1e-6);
    fast.dispose();
    expect(fast.size).to.equal(0);
    expect(numbers(fast(x, weight))).to.deep.equal(first);
    fast.dispose();
  });

  it('is written for each shape, type and value that is no tensor, and called with no other', () => {
    const seen: string[] = [];
    const scale = compiled(
      (x: tf.Tensor, more: {readonly by: number; readonly bias?: tf.Tensor; readonly how?: string}) => {
        seen.push(`${x.dtype} ${x.shape.join('×')} ${more.by} ${more.how}`);
        const scaled = tf.mul(tf.cast(x, 'float32'), more.by);
        return {y: more.bias ? tf.add(scaled, more.bias) : scaled, sizes: [x.size]};
      },
    );
    const calls: (() => {y: tf.Tensor; sizes: number[]})[] = [
      () => scale(tf.ones([2]), {by: 2}),
      () => scale(tf.ones([3]), {by: 2}),
      () => scale(tf.ones([1, 3]), {by: 2}),
      () => scale(tf.ones([3], 'int32'), {by: 2}),
      () => scale(tf.ones([3]), {by: 0}),
      () => scale(tf.ones([3]), {by: -0}),
      () => scale(tf.ones([3]), {by: NaN}),
      () => scale(tf.ones([3]), {by: 2, how: '2'}),
      () => scale(tf.ones([3]), {by: 2, bias: tf.ones([3])}),
    ];
    const results = calls.map((call) => call());
    expect(seen).to.have.length(calls.length);
    expect(results.map(({y}) => numbers(y)[0])).to.deep.equal([2, 2, 2, 2, 0, -0, NaN, 2, 3]);
    expect(results.map(({sizes}) => sizes[0])).to.deep.equal([2, ...Array<number>(8).fill(3)]);
    for (const call of calls) call();
    expect(seen).to.have.length(calls.length);
    // Types that tfjs calls int32 too.
    const asFloat = compiled((x: tf.Tensor) =>
      runOp('Cast', [x], [type('SrcT', 'int64'), type('DstT', 'float32')]),
    );
    expect(() => asFloat(int64(3))).to.not.throw();
    expect(() => asFloat(tf.scalar(3, 'int32'))).to.throw(/Cast/);
    for (const one of [scale, asFloat]) one.dispose();
  });

  it('takes inputs apart that are the same tensor when it is written', () => {
    const minus = compiled((a: tf.Tensor, b: tf.Tensor) => tf.sub(a, b));
    const [one, two] = [tf.tensor1d([1, 1]), tf.tensor1d([2, 5])];
    expect(numbers(minus(one, one))).to.deep.equal([0, 0]);
    expect(numbers(minus(two, one))).to.deep.equal([1, 4]);
    minus.dispose();
  });

  it('reads variables at each call, keeps other tensors, and returns inputs as they are', () => {
    const weight = tf.variable(tf.tensor1d([1, 2]));
    const twin = tf.variable(weight);
    let outside: tf.Tensor | undefined = tf.relu(tf.tensor1d([10, 20]));
    const sum = compiled(
      (x: tf.Tensor) => [tf.addN([x, tf.reshape(weight, [2]), outside!]), tf.clone(x), twin] as const,
    );
    const x = tf.ones([2]);
    expect(numbers(sum(x)[0])).to.deep.equal([12, 23]);
    outside.dispose();
    outside = undefined;
    weight.assign(tf.tensor1d([5, 6]));
    const [y, same, other] = sum(x);
    expect(numbers(y)).to.deep.equal([16, 27]);
    expect(same.dataId).to.equal(x.dataId);
    expect(numbers(other)).to.deep.equal([1, 2]);
    sum.dispose();
    for (const one of [weight, twin]) one.dispose();
  });

  it('is written again when a variable that it used is gone', () => {
    let weight = tf.variable(tf.scalar(1));
    const scaled = compiled((x: tf.Tensor) => tf.mul(x, weight));
    expect(numbers(scaled(tf.scalar(3)))).to.deep.equal([3]);
    weight.dispose();
    weight = tf.variable(tf.scalar(4));
    expect(numbers(scaled(tf.scalar(3)))).to.deep.equal([12]);
    expect(scaled.size).to.equal(1);
    scaled.dispose();
    weight.dispose();
  });

  it('keeps the order of what happens to TensorFlow variables', () => {
    const dtype = type('dtype', 'float32');
    const handle = runOp(
      'VarHandleOp',
      [],
      [text('container', ''), text('shared_name', 'test.order'), dtype, shape('shape', [2])],
    );
    const assign = (value: tf.Tensor) =>
      void runOpMulti('AssignVariableOp', [handle, value], [dtype, bool('validate_shape', false)], 0);
    const read = () => runOp('ReadVariableOp', [handle], [dtype]);
    assign(tf.tensor1d([1, 1]));
    const twice = compiled((by: tf.Tensor) => {
      const before = read();
      assign(tf.mul(before, by));
      const between = read();
      assign(tf.mul(between, by));
      return [before, between, read()];
    });
    const results = twice(tf.scalar(3)).map((x) => numbers(x)[0]);
    expect(results).to.deep.equal([1, 3, 9]);
    twice(tf.scalar(2));
    expect(numbers(read())[0]).to.equal(36);
    const blind = compiled((value: tf.Tensor) => {
      assign(value);
      return tf.square(value);
    });
    blind(tf.tensor1d([7, 7]));
    expect(numbers(read())[0]).to.equal(7);
    for (const one of [twice, blind]) one.dispose();
    runOpMulti('DestroyResourceOp', [handle], [bool('ignore_lookup_error', true)], 0);
  });

  it('is not compiled where a gradient is taken, so that it is differentiable', () => {
    const square = compiled((x: tf.Tensor) => tf.square(x));
    expect(numbers(tf.grad((x) => square(x))(tf.scalar(3)))).to.deep.equal([6]);
    const slope = compiled((x: tf.Tensor) => tf.grad((y) => square(y))(x));
    expect(numbers(slope(tf.scalar(4)))).to.deep.equal([8]);
    expect([square.size, slope.size]).to.deep.equal([0, 1]);
    slope.dispose();
  });

  it('says which op reads a number, has no fixed shape or fails, and works on afterwards', () => {
    const x = tf.ones<tf.Rank.R2>([2, 3]);
    const reading = compiled((x: tf.Tensor) => tf.mul(x, tf.relu(x).dataSync()[0]!), {name: 'reading'});
    const inputReading = compiled((x: tf.Tensor) => tf.mul(x, x.dataSync()[0]!), {name: 'reading'});
    const outsideReading = compiled((y: tf.Tensor) => tf.mul(y, tf.relu(x).dataSync()[0]!), {
      name: 'reading',
    });
    expect(() => reading(x)).to.throw(/reading_\d+: the output of Relu was read on the host/);
    expect(() => inputReading(x)).to.throw(/an input was read on the host/);
    expect(() => outsideReading(x)).to.throw(/the output of Relu was read on the host/);
    const counting = compiled((x: tf.Tensor) => runOp('Where', [x], float32), {name: 'counting'});
    expect(() => counting(x)).to.throw(/counting_\d+: the shape of the output of Where depends on numbers/);
    const wrong = compiled((x: tf.Tensor) => runOp('MatMul', [x, x], float32), {name: 'wrong'});
    expect(() => wrong(x)).to.throw(/wrong_\d+: MatMul: Dimensions must be equal, but are 3 and 2/);
    const unknown = compiled((x: tf.Tensor) => runOp('NoSuchOp', [x]));
    expect(() => unknown(x)).to.throw(/NoSuchOp/);
    const gather = compiled((x: tf.Tensor, rows: tf.Tensor1D) => tf.gather(x, rows), {name: 'rows'});
    expect(numbers(gather(x, tf.tensor1d([1], 'int32')))).to.deep.equal([1, 1, 1]);
    if (device() === 'cpu')
      expect(() => gather(x, tf.tensor1d([2], 'int32')).dataSync()).to.throw(/GatherV2/);
    const map = compiled((x: unknown) => x as tf.Tensor);
    expect(() => map(new Map([['x', x]]))).to.throw(TypeError, /got Map/);
    expect(() => map(() => x)).to.throw(TypeError, /got function/);
    expect(numbers(tf.mul(x, 2))[0]).to.equal(2);
    gather.dispose();
  });

  it('frees the least recently used functions and leaks neither tensors nor functions', () => {
    const constant = tf.relu(tf.ones([1]));
    const weight = tf.variable(tf.ones([1]));
    const work = () => {
      const f = compiled(
        (x: tf.Tensor, by: number) => tf.tidy(() => tf.mul(tf.add(tf.add(x, constant), weight), by)),
        {keep: 2},
      );
      const call = (by: number) => {
        const x = tf.ones([2]);
        const y = f(x, by);
        expect(numbers(y)).to.deep.equal([3 * by, 3 * by]);
        tf.dispose([x, y]);
      };
      for (const by of [1, 2, 1, 3, 1, 2]) call(by);
      expect(f.size).to.equal(2);
      const failing = compiled((x: tf.Tensor) =>
        tf.tidy(() => tf.mul(constant, tf.add(x, 1).dataSync()[0]!)),
      );
      const x = tf.ones([2]);
      expect(() => failing(x)).to.throw(/Add/);
      x.dispose();
      f.dispose();
    };
    work();
    expect(leaked(work)).to.deep.equal({tensors: 0, native: 0});
    weight.dispose();
  });

  it('belongs to an object and goes with it', () => {
    const [owner, other] = [{}, {}];
    const double = (x: tf.Tensor) => tf.mul(x, 2);
    const made = functionOf(owner, 'double', double);
    expect(functionOf(owner, 'double', double)).to.equal(made);
    expect(functionOf(owner, 'double', double, [other])).to.not.equal(made);
    expect(functionOf(other, 'double', double)).to.not.equal(made);
    made(tf.ones([2]));
    expect(made.size).to.equal(1);
    disposeFunctions(owner);
    expect(made.size).to.equal(0);
    expect(functionOf(owner, 'double', double)).to.not.equal(made);
  });

  it('works in worker threads', async () => {
    const code = `
      const {tf} = require('captioner/dist/tensorflow/tensorflow');
      const {compiled, compiles} = require('captioner/dist/tensorflow/compiled');
      const f = compiled((x) => tf.sum(tf.mul(x, 2)));
      const found = [1, 2, 3].map((size) => f(tf.ones([size])).dataSync()[0]);
      require('node:worker_threads').parentPort.postMessage({found, size: f.size, compiles: compiles()});`;
    const answers = [1, 2].map(
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker(code, {eval: true});
          worker.once('message', resolve);
          worker.once('error', reject);
        }),
    );
    const here = compiled((x: tf.Tensor) => tf.sum(tf.mul(x, 3)));
    expect(numbers(here(tf.ones([4])))).to.deep.equal([12]);
    for (const answer of await Promise.all(answers))
      expect(answer).to.deep.equal({found: [2, 4, 6], size: 3, compiles: true});
    here.dispose();
  });

  it('runs the example of its page', () => {
    const page = readFileSync(join(projectRoot, 'docs', 'compiled-functions.md'), 'utf8');
    const example = /```js\n([^]*?)```/.exec(page)![1]!;
    expect(example.trim().split('\n').length).to.be.at.most(10);
    const printed = execFileSync(process.execPath, ['-e', example], {
      cwd: projectRoot,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(printed).to.equal(/```text\n([^]*?)```/.exec(page)![1]);
  });

  it('is available', () => {
    expect(compiles()).to.equal(true);
    expect(eagerly(compiles)).to.equal(false);
  });
});

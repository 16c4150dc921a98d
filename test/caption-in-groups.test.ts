import {join} from 'node:path';
import {Captioner, drawScenes, tf} from 'captioner';
import {captionInGroups, type GroupSearch} from 'captioner/dist/caption-in-groups';
import {readScenes} from 'captioner/dist/datasets/synthetic/scenes';
import {expect} from 'chai';
import {saveToyCheckpoint} from './checkpoints/toy';
import {colourEncoder, plain} from './features/colours';
import {refusal, temporaryFolder} from './support';

/** The mean red of each image, in place of a caption. */
const reds: GroupSearch<{red: number}> = {
  encoder: colourEncoder(),
  kind: 'pooled',
  rows: 1,
  *search(features) {
    yield;
    return (features.arraySync() as number[][]).map(([red]) => ({red: Math.round(255 * red!)}));
  },
};

describe('captionInGroups', () => {
  let bytes: Buffer[];

  before(async () => {
    bytes = await Promise.all(
      Array.from({length: 50}, (_, k) =>
        plain([k * 5, 0, 0], 8, 8)
          .png()
          .toBuffer(),
      ),
    );
  });

  it('gives the result of every image in their order, the first before most are read', async () => {
    let read = 0;
    const images = Array.from({length: 400}, (_, k) => ({
      name: `${k}`,
      get bytes() {
        read++;
        return bytes[k % 50]!;
      },
    }));
    const found: unknown[] = [];
    let ahead = 0;
    await captionInGroups(
      images,
      reds,
      (result) => {
        // Each is looked at once more before any work, to see whether it is an image.
        ahead = Math.max(ahead, read - images.length - found.length);
        if (found.length === 0) expect(read - images.length).to.be.at.most(32);
        found.push(result);
      },
      {progress: false},
    );
    expect(found).to.deep.equal(images.map(({name}, k) => ({file: name, red: (k % 50) * 5})));
    // A group of 64 that is being handed over, and those that are decoded meanwhile.
    expect(ahead).to.be.at.most(64 + 3 * 8);
  });

  it('leaves no tensor behind when the search or the listener fails, or it is stopped', async () => {
    const before = tf.memory().numTensors;
    const broken: GroupSearch<object> = {
      ...reds,
      *search() {
        yield;
        throw new RangeError('broken');
      },
    };
    const failure = await captionInGroups(bytes, broken, () => undefined, {progress: false}).catch(
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(RangeError);
    let done = 0;
    const stopped = captionInGroups(
      bytes,
      reds,
      () => {
        if (++done === 20) process.emit('SIGINT');
      },
      {progress: false},
    );
    const {code, message} = await refusal(stopped);
    expect([code, message]).to.match(/^stopped,Stopped after (2[0-9]|3[0-9]) of 50 images$/);
    const deaf = captionInGroups(bytes, reds, () => Promise.reject(new TypeError('deaf')), {progress: false});
    expect(await deaf.catch((error: unknown) => error)).to.be.instanceOf(TypeError);
    expect(tf.memory().numTensors).to.equal(before);
  });
});

describe('A long call', function () {
  this.timeout(240_000);
  const folder = temporaryFolder();
  let captioner: Captioner;
  let files: string[];

  before(async () => {
    await drawScenes(join(folder, 'drawn'), {train: 0, validation: 0, test: 24});
    files = readScenes(join(folder, 'drawn')).images.map(({file}) => file);
    await saveToyCheckpoint(join(folder, 'checkpoint'), join(folder, 'drawn'), {kind: 'attention'});
    captioner = await Captioner.load(join(folder, 'checkpoint'), {views: 3});
  });
  after(() => captioner.dispose());

  /** The longest time between two ticks of a timer during a call, in milliseconds. */
  async function longestGap(call: () => Promise<unknown>): Promise<number> {
    let [last, longest] = [performance.now(), 0];
    const timer = setInterval(() => {
      const now = performance.now();
      [last, longest] = [now, Math.max(longest, now - last)];
    }, 1);
    try {
      await call();
      await new Promise((resolve) => setTimeout(resolve, 5));
    } finally {
      clearInterval(timer);
    }
    return longest;
  }

  /** How many times longer than on two free cores a machine, or a busy one, needs for a batch of 16 images in three views. */
  async function slowness(): Promise<number> {
    const {encoder} = captioner;
    const pixels = tf.zeros<tf.Rank.R4>(
      [16, encoder.preprocessing.size, encoder.preprocessing.size, 3],
      'int32',
    );
    const start = performance.now();
    const {grid, pooled} = encoder.encode(pixels);
    await pooled.data();
    tf.dispose([pixels, grid, pooled]);
    return Math.max(1, (performance.now() - start) / 1000);
  }

  // Another program on this machine can hold a thread up at any time, but not in each of several calls.
  for (const [what, call] of [
    ['captioning', () => captioner.caption(files, {beams: 3})],
    ['sampling', () => captioner.sample(files, {samples: 3})],
    ['encoding', () => captioner.encode(files.slice(0, 6))],
  ] as const)
    it(`lets other events through at least every 100 ms: ${what}`, async () => {
      const gaps: number[] = [];
      for (let time = 0; time < 5; time++) {
        const before = await slowness();
        gaps.push((await longestGap(call)) / Math.max(before, await slowness()));
        if (gaps.at(-1)! <= 100) break;
      }
      expect(Math.min(...gaps), gaps.join(', ')).to.be.at.most(100);
    });

  it('answers the same when two run at once as one after the other', async () => {
    const [one, other] = [files.slice(0, 10), files.slice(10)];
    const apart = [await captioner.caption(one), await captioner.caption(other)];
    const before = tf.memory().numTensors;
    expect(await Promise.all([captioner.caption(one), captioner.caption(other)])).to.deep.equal(apart);
    expect(tf.memory().numTensors).to.equal(before);
  });
});

/** Damaged and malicious weight files and shards: refused in words, whatever is in them. */
import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from 'captioner';
import {Unpickler, type Builders} from 'captioner/dist/encoders/pickle';
import {parsePth} from 'captioner/dist/encoders/pth';
import {readShard, writeShard} from 'captioner/dist/features/shard';
import {readShards} from 'captioner/dist/features/shard-index';
import {formatSafetensors} from 'captioner/dist/files/safetensors';
import {expect} from 'chai';
import {temporaryFolder} from '../support';

const refuseAll: Builders = {
  call: (_, __, refuse) => refuse('a call'),
  persistent: (_, refuse) => refuse('a storage'),
};
const acceptAll: Builders = {call: () => new Map(), persistent: ([, type]) => type};

/** The error that reading bytes ends with; undefined if they are read. */
function errorOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('A pickle', () => {
  const pickles = [
    'NR.', 'NQ.', 'K\x01Q.', 'Q.', 'R.', '(e.', '(K\x01e.', 'N(K\x01e.', '(u.', 's.', 'N(K\x01K\x02u.', ')\x85R.',
    '(\x85)R.', '(\x85Q.', 'cos\nsystem\n(\x85R.', 'cos\nsystem\nX\x02\x00\x00\x00id\x85R.', 'h\x07.', '(t.', 't.',
    '\x80\x04.', '\x93.', '\x81.', 'ios\nsystem\n.', '(cos\nsystem\no.', '\x82\x01.', 'e.', ']e.', '](e.', '}(e.', 'b.',
  ]; // prettier-ignore

  it('is read or refused in words, never with an error of JavaScript', () => {
    for (const pickle of pickles)
      for (const builders of [refuseAll, acceptAll]) {
        const error = errorOf(() => new Unpickler(Buffer.from(pickle, 'latin1'), 'x.pth', builders).next());
        if (error !== undefined) expect(error, JSON.stringify(pickle)).to.be.instanceOf(CaptionerError);
      }
  });

  it('is so as a weight file, whatever is in its dictionary', () => {
    const magic = '\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.';
    const system = '\x80\x02}X\x0d\x00\x00\x00little_endian\x88s.';
    for (const content of [...pickles, '}(NNu.', '}N(\x85s.', '}X\x01\x00\x00\x00aNs.', '}K\x01K\x02s.'])
      for (const keys of ['].', ']N\x85e.', '](X\x01\x00\x00\x000e.', ']((e.', 'N.']) {
        const bytes = Buffer.from(
          `${magic}\x80\x02M\xe9\x03.${system}${content}${keys}\xff\xff\xff\xff`,
          'latin1',
        );
        expect(
          errorOf(() => parsePth(bytes, 'x.pth')),
          JSON.stringify(content),
        ).to.be.instanceOf(CaptionerError);
      }
  });
});

describe('A shard of features', () => {
  const source = {
    encoder: {name: 'efficientnet-lite0', digest: '0'.repeat(64)},
    preprocessing: {size: 64, fit: 'stretch', interpolation: 'cubic', mean: [0, 0, 0], std: [1, 1, 1]},
    kind: 'pooled',
    cells: 1,
    depth: 4,
  } as const;

  it('is refused with the advice to remove it, whatever its description is', () => {
    const file = join(temporaryFolder(), 'shard-00000.safetensors');
    const descriptions = ['null', '', '{', '[]', '"text"', '7', '{"version":2}', '{"version":9}', '{"version":2,"images":{}}', '{"__proto__":null}']; // prettier-ignore
    for (const description of descriptions) {
      const metadata = [['features', description] as const, ['sha256', 'x'] as const];
      writeFileSync(file, formatSafetensors([], metadata));
      expect(() => readShard(file), description).to.throw(CaptionerError, /remove that file and build/);
    }
  });

  it('is left out of a build when any bit of it makes it unreadable', async () => {
    const folder = temporaryFolder();
    await writeShard(folder, 0, source, [{id: 'a.jpg', sha256: '0'}], [new Uint16Array(4)]);
    const file = join(folder, 'shard-00000.safetensors');
    const {readFileSync} = await import('node:fs');
    const good = readFileSync(file);
    for (let bit = 0; bit < 8 * good.length; bit += 3) {
      const bytes = Buffer.from(good);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(file, bytes);
      const error = errorOf(() => readShard(file));
      if (error === undefined) continue;
      expect(error, `bit ${bit}`).to.be.instanceOf(CaptionerError);
      expect((error as Error).message, `bit ${bit}`).to.match(/remove that file and build/);
      // Another version is another program's, and is not built over.
      if ((error as CaptionerError).code !== 'version')
        expect(readShards(folder, {damaged: true}), `bit ${bit}`).to.deep.equal([]);
    }
    expect(existsSync(file)).to.equal(true);
  });
});

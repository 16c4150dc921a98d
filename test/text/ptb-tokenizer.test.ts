import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {ptbTokenize} from 'captioner';
import {expect} from 'chai';
import {flickr8k, projectRoot} from '../support';

interface Fixture {
  readonly lines: readonly (readonly [string, string])[];
  readonly flickr8k: {readonly captions: number; readonly digests: string};
}

const fixture = JSON.parse(
  readFileSync(join(projectRoot, 'test', 'fixtures', 'text', 'ptb.json'), 'utf8'),
) as Fixture;

describe('ptbTokenize', () => {
  it('matches PTBTokenizer on hard lines', () => {
    expect(fixture.lines.length).to.be.above(1000);
    const different = fixture.lines
      .map(([line, tokens]) => ({line, expected: tokens, got: ptbTokenize(line).join(' ')}))
      .filter(({expected, got}) => expected !== got);
    expect(different).to.deep.equal([]);
  });

  it('matches PTBTokenizer on every caption of Flickr8k', function () {
    const folder = flickr8k();
    if (folder === undefined) this.skip();
    const images = new Map<string, string[]>();
    const lines = readFileSync(join(folder, 'Flickr8k.token.txt'), 'utf8').split('\n');
    for (const line of lines.filter((line) => line !== '')) {
      const [name, caption] = line.split('\t') as [string, string];
      const image = name.split('#')[0]!;
      images.set(image, [...(images.get(image) ?? []), caption]);
    }
    const captions = [...images.values()];
    expect(captions.flat().length).to.equal(fixture.flickr8k.captions);
    const digests = Buffer.from(fixture.flickr8k.digests, 'base64');
    const different = captions.filter((group, at) => {
      const tokens = group.map((caption) => ptbTokenize(caption).join(' ')).join('\n');
      const digest = createHash('sha256').update(tokens).digest().subarray(0, 4);
      return !digest.equals(digests.subarray(4 * at, 4 * at + 4));
    });
    expect(different).to.deep.equal([]);
  });

  it('returns no tokens for empty captions', () => {
    for (const caption of ['', ' ', '\t\n', '.', '...', '“”'.slice(0, 1), '\u{1f600}'])
      expect(ptbTokenize(caption), JSON.stringify(caption)).to.deep.equal([]);
  });

  it('treats a line break as a space', () => {
    expect(ptbTokenize('a dog\nruns\r\nhome.')).to.deep.equal(['a', 'dog', 'runs', 'home']);
  });

  it('tokenizes long repetitive texts quickly', () => {
    for (const part of ['a', 'a-', 'a.', '1,', '@', "'", '-', 'a@', 'http://', '😀', '&', 'a/', '( '])
      ptbTokenize(part.repeat(2000));
  });
});

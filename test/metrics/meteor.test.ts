import {cpSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {type MetricStatistics, ptbTokenize} from 'captioner';
import type {Words} from 'captioner/dist/metrics/statistics';
import {Meteor} from 'captioner/dist/metrics/meteor';
import {meteorFolder} from 'captioner/dist/paths';
import {expect} from 'chai';
import {flickr8k, projectRoot, refusal, temporaryFolder} from '../support';

interface Case {
  readonly name: string;
  readonly candidates: string[][];
  readonly references: string[][][];
  readonly statistics: number[][];
  readonly scores: number[];
  readonly total: number;
}

const fixture = join(projectRoot, 'test', 'fixtures', 'metrics', 'meteor.json');
const {cases, flickr8k: photographs} = JSON.parse(readFileSync(fixture, 'utf8')) as {
  cases: Case[];
  flickr8k: {scores: number[]; total: number};
};
/** The pycocoevalcap folder that set-up installs. */
const folder = meteorFolder();

function words(caption: string): string[] {
  return caption.split(' ').filter((word) => word !== '');
}

function single({scores, statistics}: MetricStatistics): number[] {
  return statistics.map((own) => scores(own, 1)[0]!);
}

function corpus({scores, statistics}: MetricStatistics): number {
  const total = new Float64Array(statistics[0]!.length);
  for (const own of statistics) for (const [at, value] of own.entries()) total[at]! += value;
  return scores(total, statistics.length)[0]!;
}

async function bare(candidate: string, ...references: string[]): Promise<number> {
  const own = [references.map(words)];
  return single((await Meteor.load(undefined, own)).measure([words(candidate)], own))[0]!;
}

describe('METEOR with its tables', () => {
  let meteor: Meteor;

  before(async () => {
    meteor = await Meteor.load(
      folder,
      cases.flatMap(({references}) => references),
    );
  });

  for (const {name, candidates, references, statistics, scores, total} of cases)
    it(`equals pycocoevalcap's: ${name}`, () => {
      const measured = meteor.measure(candidates, references);
      expect(measured.names).to.deep.equal(['METEOR']);
      for (const [at, score] of single(measured).entries()) {
        const caption = candidates[at]!.join(' ');
        const own = statistics[at]!.slice(0, 20);
        expect([...measured.statistics[at]!.slice(0, 20)], caption).to.deep.equal(own);
        expect(score, caption).closeTo(scores[at]!, 1e-9);
      }
      expect(corpus(measured)).closeTo(total, 1e-9);
    });

  it("equals pycocoevalcap's on captions of photographs", async function () {
    const file = join(flickr8k() ?? '', 'Flickr8k.token.txt');
    if (!existsSync(file)) {
      console.log('      skipped: FLICKR8K names no folder with Flickr8k.token.txt');
      return this.skip();
    }
    const captions = new Map<string, Words[]>();
    for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
      const [name, text] = line.split('\t') as [string, string];
      const image = name.slice(0, name.indexOf('#'));
      captions.set(image, [...(captions.get(image) ?? []), ptbTokenize(text)]);
    }
    const first = [...captions.values()].slice(0, photographs.scores.length);
    const candidates = first.map(([candidate]) => candidate!);
    const references = first.map(([, ...others]) => others);
    const measured = (await Meteor.load(folder, references)).measure(candidates, references);
    for (const [at, score] of single(measured).entries())
      expect(score, `image ${at}`).closeTo(photographs.scores[at]!, 1e-9);
    expect(corpus(measured)).closeTo(photographs.total, 1e-9);
  });

  it('rejects damaged tables', async () => {
    const copy = temporaryFolder();
    mkdirSync(join(copy, 'meteor'));
    const jar = join(copy, 'meteor', 'meteor-1.5.jar');
    cpSync(join(folder!, 'meteor', 'meteor-1.5.jar'), jar);
    const whole = readFileSync(jar);
    expect((await refusal(Meteor.load(copy, []))).message).to.include('paraphrase-en.gz');

    const changed = Buffer.from(whole);
    const name = Buffer.from('synonym/english.synsets');
    changed.writeUInt32LE(7, changed.indexOf(name) + name.length + 5000);
    for (const content of [changed, whole.subarray(0, 100_000)]) {
      writeFileSync(jar, content);
      const error = await refusal(Meteor.load(copy, []));
      expect(error.code).to.equal('archive');
      expect(error.message).to.include(jar);
    }
  });
});

describe('METEOR without tables', () => {
  it('has a different name', async () => {
    const measured = (await Meteor.load(undefined, [[['a']]])).measure([['a']], [[['a']]]);
    expect(measured.names).to.deep.equal(['METEOR (exact and stem)']);
  });

  it('is 1 if a caption equals a reference and 0 if no word matches', async () => {
    expect(await bare('a dog runs', 'the cat', 'a dog runs')).closeTo(1, 1e-12);
    expect(await bare('a dog runs', 'the cat sleeps')).to.equal(0);
  });

  it('weights stem matches by 0.6, and penalises chunks unless one covers the whole caption', async () => {
    const share = (1 + 0.6) / 2;
    expect(await bare('dog runs', 'dog running')).closeTo(share, 1e-12);
    const fragments = 0.6 * (2 / 2) ** 0.2; // two chunks of one word each
    expect(await bare('dog runs', 'running dog')).closeTo(share * (1 - fragments), 1e-12);
  });

  it('weights recall more than precision', async () => {
    const [long, short] = [await bare('a b c d', 'a b'), await bare('a b', 'a b c d')];
    expect(long).to.be.greaterThan(short);
  });

  it('decreases with the number of chunks', async () => {
    const scores = [
      await bare('a b c d', 'a b c d'),
      await bare('a b c d', 'c d a b'),
      await bare('a b c d', 'd c b a'),
    ];
    expect([...scores].sort((a, b) => b - a)).to.deep.equal(scores);
    expect(new Set(scores).size).to.equal(3);
  });

  it('is finite for empty captions', async () => {
    for (const [candidate, reference] of [
      ['', 'a dog'],
      ['a dog', ''],
      ['', ''],
    ] as const)
      expect(await bare(candidate, reference)).to.equal(0);
    const references = [[words('a dog')], [[]]];
    const measured = (await Meteor.load(undefined, references)).measure([words('a dog'), []], references);
    expect(corpus(measured)).closeTo(1, 1e-12);
  });

  it('does not depend on the order of images or references', async () => {
    const {candidates, references} = cases.at(-1)!;
    const meteor = await Meteor.load(undefined, references);
    const reversed = meteor.measure(
      [...candidates].reverse(),
      references.map((own) => [...own].reverse()).reverse(),
    );
    const straight = meteor.measure(candidates, references);
    expect(single(reversed).reverse()).to.deep.equal(single(straight));
  });

  it('is finite for long captions of a single repeated word', async () => {
    const long = 'dog dogs '.repeat(30);
    expect(await bare(long, long.replaceAll('dog ', 'dogs '))).to.be.within(0.3, 1);
  });
});

describe('METEOR', () => {
  it('rejects captions without references, and references that were not loaded', async () => {
    const meteor = await Meteor.load(undefined, [[['a']]]);
    expect(() => meteor.measure([['a']], [])).to.throw('got 1 captions and 0 sets');
    expect(() => meteor.measure([['a']], [[]])).to.throw('Expected references for caption 0, got none');
    expect(() => meteor.measure([['a']], [[['b']]])).to.throw(
      'expected a reference that was passed to `load`, got "b"',
    );
  });

  it('rejects a folder without tables, and files that are not archives', async () => {
    const empty = temporaryFolder();
    const missing = await refusal(Meteor.load(empty, []));
    expect(missing.code).to.equal('not-found');
    expect(missing.message).to.match(/meteor-1\.5\.jar: expected METEOR's Java archive, found nothing/);
    mkdirSync(join(empty, 'meteor'));
    writeFileSync(join(empty, 'meteor', 'meteor-1.5.jar'), 'text');
    expect((await refusal(Meteor.load(empty, []))).code).to.equal('archive');
  });
});

import {falseClaims, tokenize} from 'captioner';
import {wordClaims} from 'captioner/dist/datasets/synthetic/verify-caption';
import {captionsOf} from 'captioner/dist/datasets/synthetic/captions';
import {compose, type Composition} from 'captioner/dist/datasets/synthetic/composition';
import {SeededRandom} from 'captioner/dist/random/random';
import {expect} from 'chai';

const scenes = Array.from({length: 400}, (_, turn) => compose(new SeededRandom(turn, 1), turn));
const captions = scenes.map((scene, turn) => captionsOf(scene, new SeededRandom(turn, 3)));

/** Changes a word in every caption that contains it and counts the changed captions that still pass. */
function undetected(
  pattern: RegExp,
  replace: (word: string, scene: Composition) => string,
): {changed: number; missed: string[]} {
  let changed = 0;
  const missed: string[] = [];
  for (const [at, scene] of scenes.entries())
    for (const caption of captions[at]!) {
      const other = caption.replace(pattern, (word) => replace(word, scene));
      if (other === caption) continue;
      changed++;
      if (falseClaims(other, scene).length === 0) missed.push(`${caption} → ${other}`);
    }
  return {changed, missed};
}

const things = ['bench', 'car', 'dog', 'ball'];
const next = (list: readonly string[]) => (word: string) => list[(list.indexOf(word) + 1) % list.length]!;

describe('falseClaims', () => {
  it('accepts captions generated from the record', () => {
    for (const [at, scene] of scenes.entries())
      for (const caption of captions[at]!) expect(falseClaims(caption, scene), caption).to.deep.equal([]);
  });

  const mutations: readonly (readonly [string, RegExp, (word: string, scene: Composition) => string])[] = [
    [
      'thing',
      /\b(dog|cat|bird|child|ball|car|duck|tree|bench)\b/,
      (_, scene) => things.find((thing) => scene.objects.every(({kind}) => kind !== thing))!,
    ],
    [
      'colour',
      /\b(red|blue|yellow|white|black|brown|orange)\b(?= (?!sky))/,
      next(['red', 'blue', 'yellow', 'white', 'black', 'brown', 'orange']),
    ],
    ['number', /\b(two|three)\b/i, (word) => (word.toLowerCase() === 'two' ? 'three' : 'two')],
    [
      'number: one for many',
      /^(a|an) (\w+ )?(dog|cat|bird|ball|car|duck)\b/i,
      (words) => words.replace(/^an?/i, 'two').concat('s'),
    ],
    [
      'relation',
      /\b(next to|beside|under (?=an? )|below|on top of|in front of|above)/,
      (word) => (word === 'above' ? 'under' : word === 'in front of' ? 'on top of' : 'in front of '),
    ],
    [
      'background',
      /(in the snow|on the beach|on the lake|on the road|in a meadow)/,
      next(['in the snow', 'on the beach', 'on the lake', 'on the road', 'in a meadow']),
    ],
    ['time of day', /(at night|at sunset|during the day)/, next(['at night', 'at sunset', 'during the day'])],
    ['size', /\b(small|little|large|big)\b/, (word) => (/small|little/.test(word) ? 'large' : 'small')],
    [
      'action',
      /\b(sitting|standing|lying|flying|sailing|swimming)\b/,
      next(['sitting', 'standing', 'lying', 'flying', 'sailing', 'swimming']),
    ],
    ['place', /on the (left|right)/, (word) => (word.endsWith('left') ? 'on the right' : 'on the left')],
  ];
  for (const [what, pattern, replace] of mutations)
    it(`detects a changed ${what}`, () => {
      const {changed, missed} = undetected(pattern, replace);
      expect(missed).to.deep.equal([]);
      expect(changed).to.be.above(5);
    });

  it('names the false claims', () => {
    const at = scenes.findIndex(({main, relation}) => main === 'dog' && relation?.name === 'under');
    const scene = scenes[at]!;
    const {second} = scene.relation!;
    expect(falseClaims('Two horses on the moon.', scene).join('; ')).to.include('names no thing');
    expect(falseClaims(`A cat under the ${second}.`, scene)[0]).to.equal('"a cat": there is no cat');
    expect(falseClaims('', scene)).to.deep.equal(['it names no thing']);
  });

  it('rejects repeated mentions and words without a continuation', () => {
    const scene = scenes.find(({main, number, relation}) => main === 'dog' && number === 1 && !relation)!;
    expect(falseClaims('a dog', scene)).to.deep.equal([]);
    for (const caption of ['a dog and a dog', 'a dog and', 'a dog next to', 'dog', 'a a dog', 'a dogs'])
      expect(falseClaims(caption, scene), caption).to.not.be.empty;
  });
});

describe('wordClaims', () => {
  const boat = scenes.find(({objects}) => objects.length === 1 && objects[0]!.kind === 'boat')!;

  it('finds only true words in captions generated from the record, and a noun in each', () => {
    for (const [at, scene] of scenes.entries())
      for (const caption of captions[at]!) {
        const claims = wordClaims(caption, scene);
        expect(claims).to.have.lengthOf(tokenize(caption).length);
        const said = claims.filter((claim) => claim !== undefined);
        expect(
          said.every(({isTrue}) => isTrue),
          caption,
        ).to.equal(true);
        expect(
          said.some(({type}) => type === 'noun'),
          caption,
        ).to.equal(true);
      }
  });

  it('marks the word that is false, and only that one', () => {
    const words = (caption: string): string =>
      wordClaims(caption, boat)
        .map((claim, at) => (claim ? `${tokenize(caption)[at]!}:${claim.type}:${claim.isTrue}` : ''))
        .filter(Boolean)
        .join(' ');
    const {colour, time} =
      boat.objects.length > 0 ? {colour: boat.objects[0]!.colour!, time: boat.time} : expect.fail();
    const other = colour === 'red' ? 'blue' : 'red';
    const said = {day: 'on a sunny day', sunset: 'at sunset', night: 'under the stars'}[time];
    const decides = {day: 'sunny', sunset: 'sunset', night: 'stars'}[time];
    expect(words(`a ${colour} boat sails on the lake ${said}`)).to.equal(
      `a:number:true ${colour}:colour:true boat:noun:true sails:action:true lake:background:true ${decides}:time:true`,
    );
    expect(words(`two ${other} boats fly over a sandy beach`)).to.equal(
      `two:number:false ${other}:colour:false boats:noun:true fly:action:false sandy:background:false`,
    );
    // Nothing can be said of what is not there.
    expect(words(`a small red ball next to a boat`)).to.equal(
      'ball:noun:false next:relation:false a:number:true boat:noun:true',
    );
  });

  it('names the kind that a word is about', () => {
    const claims = wordClaims('a red boat is sailing', boat).map((claim) => claim?.kind);
    expect(claims).to.deep.equal(['boat', 'boat', 'boat', undefined, 'boat']);
  });
});

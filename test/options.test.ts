/** Options stand once: what is generated from their schemas is current, and messages name what was meant. */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {createDecoder, loadEncoder, type Decoder} from 'captioner';
import {architectureOf} from 'captioner/dist/encoders/registry';
import {fieldsOf, rangeOf} from 'captioner/dist/option-fields';
import {optionGroups} from 'captioner/dist/option-groups';
import {nearest, unknownName, unknownOption} from 'captioner/dist/option-names';
import {parseOptions} from 'captioner/dist/options';
import {sampleSettings} from 'captioner/dist/search/sampling';
import {searchSettings} from 'captioner/dist/search/beam-search';
import {trainerSettings} from 'captioner/dist/training/options';
import {expect} from 'chai';
import {z} from 'zod';
import {projectRoot} from './support';

/** As for names that are known only when a program runs: those that are written in the code are checked by the compiler. */
const make = (kind: string, options: object): Decoder => createDecoder(kind, 8, 4, options);

interface Generator {
  readonly generate: () => Map<string, string>;
}

describe('Options', () => {
  it('are described in docs/options.md and lib/option-types.ts as the schemas have them', async () => {
    const {generate} = (await import(
      pathToFileURL(join(projectRoot, 'tools', 'options.mjs')).href
    )) as Generator;
    for (const [path, content] of generate())
      expect(readFileSync(join(projectRoot, path), 'utf8'), `${path}: run node tools/options.mjs`).to.equal(
        content,
      );
  });

  for (const {type, owner, names, schema} of optionGroups)
    it(`of the ${owner} have a description, a default and a range`, () => {
      const fields = fieldsOf(schema);
      expect(fields.map(({name}) => name)).to.deep.equal(names);
      for (const {name, description, range, type: ofField, ...field} of fields) {
        expect(description, `${type}.${name}`).to.match(/^[A-Z`0-9].*\.$/s);
        if (ofField === 'OnBuildProgress' || ofField === 'ProgressDisplay') continue;
        // An option without a default says what happens when it is absent.
        if (!('default' in field)) expect(description, `${type}.${name}`).to.match(/By default/);
        if (/^(number|boolean|')/.test(ofField)) expect(range, `${type}.${name}`).to.be.a('string');
      }
      const defaults = Object.fromEntries(
        fields.flatMap(({name, default: value}) => (value === undefined ? [] : [[name, value]])),
      );
      expect(parseOptions(schema, {}, owner)).to.deep.equal(defaults);
    });

  it('say their range in words', () => {
    for (const [schema, words] of [
      [z.int().min(1).max(5), 'an integer from 1 to 5'],
      [z.int().min(0), 'an integer from 0 up'],
      [z.int().max(3), 'an integer up to 3'],
      [z.int(), 'an integer'],
      [z.int().min(4).multipleOf(4), 'an integer from 4 up, a multiple of 4'],
      [z.number().gt(0), 'a number above 0'],
      [z.number().gt(0).max(1), 'a number above 0 and up to 1'],
      [z.number().min(0).lt(1), 'a number from 0 to below 1'],
      [z.number().lt(1), 'a number below 1'],
      [z.boolean(), 'true or false'],
      [z.enum(['a', 'b', 'c']), '"a", "b" or "c"'],
      [z.string(), undefined],
    ] as const)
      expect(rangeOf(schema)).to.equal(words);
  });
});

describe('A wrong option', () => {
  it('is named with what was expected and what came', () => {
    for (const [action, message] of [
      [() => make('lstm', {units: 0}), 'lstm decoder: `units`: expected an integer from 1 to 65536, got 0'],
      [() => make('lstm', {imageInput: 'last'}), '`imageInput`: expected "first" or "every", got "last"'],
      [
        () => make('transformer', {units: 10}),
        '`units`: expected an integer from 1 to 65536, a multiple of 4, got 10',
      ],
      [() => trainerSettings({meteor: 1}), 'trainer: `meteor`: expected true or false, got 1'],
      [
        () => searchSettings({suppressWords: ['dog']}),
        'search: `suppressWords.0`: expected an integer from 0 up, got "dog"',
      ],
      [
        () => trainerSettings({schedule: 'cosin'}),
        '`schedule`: expected "cosine", "constant", "step" or "plateau", got "cosin"; did you mean "cosine"?',
      ],
      [() => trainerSettings({selectBy: 'CIDEr'}), 'got "CIDEr"; did you mean "CIDEr-D"?'],
      [
        () => searchSettings({requiredPhrases: [[]]}),
        '`requiredPhrases.0`: expected a list of at least 1 item, got []',
      ],
      [() => searchSettings({suppressWords: 'dog'}), '`suppressWords`: expected a list, got "dog"'],
      [() => sampleSettings({topP: 0}), 'sampling: `topP`: expected a number above 0 and up to 1, got 0'],
    ] as const)
      expect(action, message).to.throw(message).with.property('code', 'options');
  });

  it('never meets a word of zod, whatever the option and the value', () => {
    const values = [
      -1,
      0,
      0.5,
      1e9,
      NaN,
      'x',
      '',
      true,
      null,
      [],
      [-1],
      ['x'],
      [[]],
      [[-1]],
      {},
      {x: 1},
      () => 1,
    ];
    let refused = 0;
    for (const {owner, names, schema} of optionGroups)
      for (const name of names)
        for (const value of values) {
          try {
            parseOptions(schema, {[name]: value}, owner);
          } catch (error) {
            refused++;
            const {message} = error as Error;
            expect(message).to.match(/^[\w -]+: `[\w.]+`: (expected .+, got .+|unknown option)/s);
            expect(message).to.not.match(
              /Invalid|Too (small|big)|received|NaN to|undefined|[<>]=?\d|\bzod\b/i,
            );
          }
        }
    expect(refused).to.be.greaterThan(500);
  });

  it('of an encoder or of its preprocessing is named too', async () => {
    const messages = await Promise.all(
      [{size: 0}, {size: 1.5}, {mean: [1, 2]}, {mean: ['a', 1, 2]}, {fit: 'strech'}, {pixels: 260}].map(
        (preprocessing) =>
          loadEncoder('efficientnet-lite0', {preprocessing: preprocessing as object}).then(
            () => 'accepted',
            (error: Error) => error.message,
          ),
      ),
    );
    expect(messages).to.deep.equal([
      'efficientnet-lite0: `size`: expected an integer from 1 to 2048, got 0',
      'efficientnet-lite0: `size`: expected an integer from 1 to 2048, got 1.5',
      'efficientnet-lite0: `mean`: expected a list of at least 3 items, got [1,2]',
      'efficientnet-lite0: `mean.0`: expected a number, got "a"',
      'efficientnet-lite0: `fit`: expected "stretch" or "crop", got "strech"; did you mean "stretch"?',
      'efficientnet-lite0: preprocessing: unknown option `pixels`; known: size, fit, interpolation, mean, std',
    ]);
  });

  it('is told the nearest name that is known, else all', () => {
    const group = {owner: 'trainer', names: ['learningRate', 'epochs', 'beams']};
    const other = {owner: 'transformer decoder', names: ['heads', 'beams']};
    for (const [name, message] of [
      ['learningrate', 'unknown option `learningrate`; did you mean `learningRate`?'],
      ['learning_rate', 'unknown option `learning_rate`; did you mean `learningRate`?'],
      ['epoch', 'unknown option `epoch`; did you mean `epochs`?'],
      ['size', 'unknown option `size`; known: learningRate, epochs, beams'],
      ['rate', '`rate` is called `learningRate` now'],
      ['heads', 'unknown option `heads`, which is one of the transformer decoder options'],
      ['constructor', 'unknown option `constructor`; known: learningRate, epochs, beams'],
    ] as const)
      expect(unknownOption(name, [group], [other])).to.equal(message);
    expect(unknownOption('size', [group, other])).to.match(
      /; known for the trainer: learningRate, .*; for the transformer decoder: heads, /,
    );
    expect(unknownName('decoder', 'ltsm', ['attention', 'lstm'])).to.equal(
      'Unknown decoder "ltsm"; did you mean "lstm"?',
    );
    expect(nearest('atention', ['attention', 'lstm'])).to.equal('attention');
    expect(() => make('transfomer', {})).to.throw(
      'Unknown decoder "transfomer"; did you mean "transformer"?',
    );
    expect(() => architectureOf('inception_v3')).to.throw(
      'Unknown encoder "inception_v3"; did you mean "inception-v3"?',
    );
  });

  it('of version 0.1 is told its name of today', () => {
    const now = (name: string, settings: (options: object) => unknown) => {
      expect(() => settings({[name]: 1}), name).to.throw(new RegExp(`\`${name}\` is called \`\\w+\` now$`));
    };
    for (const name of [
      ...[
        'rate',
        'clip',
        'together',
        'judged',
        'panel',
        'best',
        'movingAverage',
        'encoderRate',
        'lengthExponent',
      ],
    ])
      now(name, trainerSettings);
    for (const name of ['lengthExponent', 'noRepeatNgram', 'groups', 'diversity', 'forced', 'banned'])
      now(name, searchSettings);
    now('image', (options) => make('lstm', options));
  });
});

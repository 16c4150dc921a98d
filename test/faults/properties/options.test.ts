/** Options: any value is accepted or refused in words, and what is accepted stays as it is. */
import {collectOption} from 'captioner/dist/commands/set-option';
import {optionGroups} from 'captioner/dist/option-groups';
import {parseOptions} from 'captioner/dist/options';
import {expect} from 'chai';
import fc from 'fast-check';
import {expectInWords, hostileJson, holds, readOrRefused} from './cases';

/** Values of every type, and those that stand at the edge of a range. */
const values = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, 1, -1, 0.5, 65_536, 65_537, 1e9, 2 ** 53, NaN, Infinity, -Infinity, '', 'cosine', true),
  fc.anything({withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withObjectString: true, withSparseArray: true}),
  hostileJson.map((text) => JSON.parse(text) as unknown),
); // prettier-ignore

function expectAccepted(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    expectInWords(error);
    expect((error as Error).message).to.not.match(/Invalid input|Too (small|big)|received|\bzod\b/i);
  }
}

describe('Any options', function () {
  this.timeout(600_000);

  it('are accepted or refused in words, and stay as they are', () => {
    const given = fc.constantFrom(...optionGroups).chain((group) => {
      const name = fc.oneof(
        {weight: 8, arbitrary: fc.constantFrom(...group.names)},
        {weight: 1, arbitrary: fc.string()},
      );
      return fc.tuple(fc.constant(group), fc.dictionary(name, values, {minKeys: 1, maxKeys: 3}));
    });
    holds(
      fc.property(given, ([{owner, schema}, options]) => {
        let accepted: unknown;
        expectAccepted(() => (accepted = parseOptions(schema, options, owner)));
        if (accepted === undefined) return;
        expect(parseOptions(schema, accepted, owner)).to.deep.equal(accepted);
      }),
    );
  });

  it('that are no object are refused in words', () => {
    holds(
      fc.property(values, fc.constantFrom(...optionGroups), (value, {owner, schema}) => {
        expectAccepted(() => parseOptions(schema, value, owner));
      }),
    );
  });

  it('on the command line are read or refused in words', () => {
    const texts = fc.oneof(
      fc.string({unit: 'binary'}),
      fc.tuple(fc.constantFrom(...optionGroups.flatMap(({names}) => names)), hostileJson).map(([name, text]) => `${name}=${text}`),
      fc.constantFrom('__proto__=1', 'constructor=1', 'units=', '=1', 'units=[', 'units==', 'units=\u202e', 'units=0x10'),
    ); // prettier-ignore
    holds(
      fc.property(texts, fc.constantFrom(...optionGroups), (text, {owner, schema}) => {
        const options = readOrRefused(() => collectOption(text));
        if (options !== undefined) expectAccepted(() => parseOptions(schema, options, owner));
        expect(({} as Record<string, unknown>)['units']).to.equal(undefined);
      }),
    );
  });
});

import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {readSearchSpace} from 'captioner/dist/training/search-space';
import {expect} from 'chai';
import {refusal, temporaryFolder} from '../support';

const folder = temporaryFolder();
let files = 0;

function file(content: string, extension = 'json'): string {
  const path = join(folder, `${files++}.${extension}`);
  writeFileSync(path, content);
  return path;
}

describe('The space of a sweep', () => {
  it('has ranges and choices', async () => {
    const space = {
      learningRate: {low: 1e-4, high: 1e-2, log: true},
      units: [32, 64],
      layers: {low: 1, high: 3, int: true},
      decoder: ['lstm', 'transformer'],
    };
    expect(await readSearchSpace(file(JSON.stringify(space)))).to.deep.equal({
      learningRate: {low: 1e-4, high: 1e-2, log: true, int: false},
      units: {choices: [32, 64]},
      layers: {low: 1, high: 3, log: false, int: true},
      decoder: {choices: ['lstm', 'transformer']},
    });
  });

  it('may be what a module exports', async () => {
    for (const [code, extension] of [
      ['export default {units: [1, 2, 3].map((k) => k * 16)};', 'mjs'],
      ['module.exports = {units: [16, 32, 48]};', 'cjs'],
    ] as const)
      expect(await readSearchSpace(file(code, extension))).to.deep.equal({units: {choices: [16, 32, 48]}});
  });

  for (const [name, content, message] of [
    ['an unknown option', '{"unit": [1]}', /unknown option `unit`; did you mean `units`\?/],
    ['a value that the option refuses', '{"learningRate": [-1]}', /`learningRate`: expected .*got -1/],
    ['a bound that the option refuses', '{"dropout": {"low": 0, "high": 2}}', /`dropout`: expected .*got 2/],
    ['an unknown kind of decoder', '{"decoder": ["gru"]}', /`decoder`: expected lstm, attention, .*got gru/],
    [
      'bounds the wrong way round',
      '{"units": {"low": 9, "high": 3, "int": true}}',
      /`high`: expected at least/,
    ],
    ['a logarithm of 0', '{"dropout": {"low": 0, "high": 0.5, "log": true}}', /`low`: expected more than 0/],
    ['a misspelt key', '{"units": {"low": 1, "hihg": 3}}', /hihg/],
    ['no option', '{}', /expected options with ranges or choices, got none/],
    ['what is no JSON', '{units: 3}', /expected JSON/],
  ] as const)
    it(`refuses ${name}`, async () => {
      const {code, message: text} = await refusal(readSearchSpace(file(content)));
      expect(code).to.equal('options');
      expect(text).to.match(message);
    });

  it('refuses a module that fails, or is not there', async () => {
    const failing = await refusal(readSearchSpace(file('throw new Error("no space here");', 'mjs')));
    expect(failing.message).to.match(/default export is a search space: no space here/);
    expect((await refusal(readSearchSpace(join(folder, 'nowhere.mjs')))).code).to.equal('not-found');
  });
});

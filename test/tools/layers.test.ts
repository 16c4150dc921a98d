import {join} from 'node:path';
import {expect} from 'chai';
import {ESLint} from 'eslint';
import {projectRoot} from '../support';

describe('Imports in lib', () => {
  const eslint = new ESLint({
    cwd: projectRoot,
    // These rules need no types, so the compiler need not read the whole library.
    ruleFilter: ({ruleId}) => ruleId.startsWith('layers/'),
    overrideConfig: {languageOptions: {parserOptions: {projectService: false}}},
  });

  /** Messages of a rule for a file of lib, if it had this text. */
  async function objections(file: string, text: string, rule = 'direction'): Promise<string[]> {
    const [result] = await eslint.lintText(text, {filePath: join(projectRoot, 'lib', file)});
    return result!.messages.filter(({ruleId}) => ruleId === `layers/${rule}`).map(({message}) => message);
  }

  const later = (from: string, to: string): string =>
    `${from} must not import ${to}: in the order of layers, ${to.split('/')[0]} comes after ${from.split('/')[0]}.`;

  for (const [title, text] of [
    ['a value', "import {Trainer} from '../training/trainer';"],
    ['a type', "import type {Trainer} from '../training/trainer';"],
    ['a type in place', "export type Later = import('../training/trainer').Trainer;"],
    ['what it hands on', "export {Trainer} from '../training/trainer';"],
    ['everything that it hands on', "export * from '../training/trainer';"],
    ['a module at run time', "export const later = () => import('../training/trainer.js');"],
    ['a module the old way', "const later = require('../training/trainer');"],
  ] as const)
    it(`may not go against the order of layers: ${title}`, async () => {
      expect(await objections('text/tokenizer.ts', text)).to.deep.equal([
        later('text/tokenizer', 'training/trainer'),
      ]);
    });

  it('may follow the order, stay in a folder and name packages', async () => {
    const text = `
      import {tokenize} from '../text/tokenizer';
      import {CaptionerError} from '../errors';
      import {Batches} from './batches';
      import {join} from 'node:path';
      import {z} from 'zod';`;
    expect(await objections('training/step.ts', text)).to.deep.equal([]);
  });

  it('hold for files outside of folders too', async () => {
    expect(await objections('errors.ts', "import {print} from './files/lines';")).to.deep.equal([
      later('errors', 'files/lines'),
    ]);
    expect(await objections('text/tokenizer.ts', "import {Captioner} from '../captioner';")).to.deep.equal([
      later('text/tokenizer', 'captioner'),
    ]);
    expect(await objections('index.ts', "export {doctor} from './doctor';")).to.deep.equal([]);
  });

  it('need a place in the order for every folder', async () => {
    const [unknown] = await objections('attic/chest.ts', '');
    expect(unknown).to.equal('attic has no place in the order of layers; give it one in eslint.config.mjs.');
  });

  it('may not lead back to where they began, whether of values or of types', async () => {
    for (const keyword of ['import', 'import type'])
      expect(
        await objections('text/tokenizer.ts', `${keyword} {Vocabulary} from './vocabulary';`, 'no-cycles'),
      ).to.deep.equal(['This import closes a cycle: text/tokenizer → text/vocabulary → text/tokenizer.']);
    expect(
      await objections('text/tokenizer.ts', "import {words} from './lexer';", 'no-cycles'),
    ).to.deep.equal([]);
  });
});

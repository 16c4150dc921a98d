/** What documents say of options is what the code does. */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {createDecoder, decoderKinds} from 'captioner/dist/decoders/registry';
import {sampleSettings} from 'captioner/dist/search/sampling';
import {searchSettings} from 'captioner/dist/search/beam-search';
import {trainerSettings} from 'captioner/dist/training/options';
import {expect} from 'chai';
import {projectRoot} from './support';

/** Names and defaults in the table below a heading, in order. */
function table(text: string, heading: string): [string, string][] {
  const [, below] = text.split(new RegExp(`^#+ ${heading}\n`, 'm')) as [string, string];
  const section = below.split(/^#/m)[0]!;
  return [...section.matchAll(/^\| `(\w+)` \| (.*?)(?: \*)? \|/gm)].map(([, name, value]) => [name!, value!]);
}

const written = (options: object): [string, string][] =>
  Object.entries(options).map(([name, value]) => [name, Array.isArray(value) ? '[]' : String(value)]);
const sorted = (rows: [string, string][]): [string, string][] => rows.sort(([a], [b]) => (a < b ? -1 : 1));

describe('docs/options.md', () => {
  const text = readFileSync(join(projectRoot, 'docs', 'options.md'), 'utf8');
  const decoders = decoderKinds.map((kind): [string, object] => {
    const decoder = createDecoder(kind, 8, 4);
    decoder.dispose();
    return [kind, decoder.options];
  });
  for (const [heading, options] of [
    ['Training', trainerSettings()],
    ...decoders,
    ['Search', searchSettings()],
    ['Sampling', sampleSettings()],
  ] as [string, object][])
    it(`lists every option of ${heading.toLowerCase()} with its default`, () => {
      expect(sorted(table(text, heading))).to.deep.equal(sorted(written(options)));
    });
});

/** Tables of captions: what Python's csv module writes is read, and any other text is read or refused in words, line by line. */
import {execFileSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {tableCaptions} from 'captioner/dist/datasets/formats/csv';
import {readCaptions, type CaptionLine} from 'captioner/dist/datasets/formats/read-captions';
import {cleanText} from 'captioner/dist/text/tokenizer';
import {expect} from 'chai';
import fc from 'fast-check';
import {python, temporaryFolder} from '../../support';
import {damaged, drawn, edits, expectInWords, holdsAsync} from './cases';

const folder = temporaryFolder();
const file = join(folder, 'captions.csv');

/** Reads a table: each caption, or the reason why a line has none. */
async function read(content: Buffer | string): Promise<(CaptionLine | string)[] | undefined> {
  writeFileSync(file, content);
  const found: (CaptionLine | string)[] = [];
  let last = 0;
  try {
    await tableCaptions(file, (line, one) => {
      expect(line).to.be.at.least(last);
      last = line;
      found.push(one);
    });
  } catch (error) {
    expectInWords(error);
    return undefined;
  }
  for (const one of found)
    if (typeof one === 'string') expect(one).to.have.length.within(5, 500);
    else expect([typeof one.image, typeof one.caption]).to.deep.equal(['string', 'string']);
  return found;
}

/** Texts with everything that has a meaning in a table. A caption that looks like a list would be read as one. */
const captions = fc
  .array(
    fc.oneof(
      fc.constantFrom('"', '""', ',', ';', '\t', '|', '\n', '\r\n', ' ', "'", 'a dog', 'é', '犬', '🐕'),
      fc.string({maxLength: 6}),
    ),
    {maxLength: 12},
  )
  .map((parts) => `a ${parts.join('')}`)
  .filter((text) => !text.includes('\0'));
const rows = fc.array(fc.tuple(fc.stringMatching(/^[a-z0-9_]{1,8}\.jpg$/), captions), {
  minLength: 1,
  maxLength: 8,
});
const dialects = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  lineterminator: fc.constantFrom('\n', '\r\n'),
  quoting: fc.constantFrom(0, 1), // minimal, all
});

describe('Any table of captions', function () {
  this.timeout(600_000);

  it("is read as Python's csv module wrote it", async () => {
    const all = drawn(fc.tuple(dialects, rows));
    const list = join(folder, 'tables.json');
    writeFileSync(list, JSON.stringify(all));
    const code = `
import csv, io, json, sys
for dialect, rows in json.load(open(sys.argv[1], encoding='utf-8')):
    text = io.StringIO(newline='')
    writer = csv.writer(text, **dialect)
    writer.writerow(['image', 'caption'])
    writer.writerows(rows)
    print(text.getvalue().encode('utf-8', 'surrogatepass').hex())`;
    const written = execFileSync(python(), ['-c', code, list], {encoding: 'utf8', maxBuffer: 2 ** 30});
    for (const [at, line] of written.trimEnd().split('\n').entries()) {
      const [dialect, wanted] = all[at]!;
      const found = await read(Buffer.from(line, 'hex'));
      const plain = found?.map((one) =>
        typeof one === 'string' ? one : [one.image, cleanText(one.caption)],
      );
      expect(plain, JSON.stringify([dialect, wanted])).to.deep.equal(
        wanted.map(([image, caption]) => [image, cleanText(caption)]),
      );
    }
  });

  it('is read or refused in words, whatever its text is', async () => {
    const pieces = fc.oneof(
      captions,
      fc.constantFrom('\n', '"\n', ',', 'a.jpg,', '"a.jpg","', '\0', '\u2028', '\ufeff', '"'.repeat(300)),
      fc.string({unit: 'binary', maxLength: 20}),
    );
    const header = fc.constantFrom('image,caption\n', 'caption\timage\n', 'sep=;\nimage;caption\n', 'image|caption|split\n', ''); // prettier-ignore
    await holdsAsync(
      fc.asyncProperty(header, fc.array(pieces, {maxLength: 30}), async (first, parts) => {
        await read(first + parts.join(''));
      }),
    );
  });

  it('is read or refused in words after damage to its bytes, and every line is counted once', async () => {
    const lines = Array.from({length: 30}, (_, at) => `image${at}.jpg,"a dog, number ""${at}"""`);
    const good = Buffer.from(['image,caption', ...lines].join('\n'));
    await holdsAsync(
      fc.asyncProperty(edits, async (changes) => {
        const found = await read(damaged(good, changes));
        if (found === undefined) return;
        let accepted = 0;
        const {rejected} = await readCaptions(file, tableCaptions, () => (accepted++, undefined)).catch(
          (error: unknown) => (expectInWords(error), {rejected: undefined}),
        );
        if (rejected) expect(accepted + rejected.length).to.equal(found.length);
      }),
    );
  });
});

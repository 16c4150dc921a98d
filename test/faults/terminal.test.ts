/** Untrusted text on its way to a terminal: no control character and no change of direction gets through. */
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError, loadCheckpoint, Vocabulary} from 'captioner';
import {CaptionOutput} from 'captioner/dist/commands/caption-output';
import {complain, print, warn} from 'captioner/dist/commands/io';
import {parseSafetensors} from 'captioner/dist/files/safetensors';
import {show as showBundle} from 'captioner/dist/show/output';
import {tableText} from 'captioner/dist/show/table';
import {columns} from 'captioner/dist/show/text';
import {emitWarning, shown, shownLines} from 'captioner/dist/terminal';
import {expect} from 'chai';
import {refusal, temporaryFolder} from '../support';

/** What a hostile name holds: a window title, a cleared screen, a forged line, turned and hidden text. */
const hostile = [
  '\u001b]0;OWNED\u0007',
  '\u001b[2J\u001b[H',
  'x\ncaptioner: all is well',
  'x\r\u001b[K',
  '\u202egnp.exe',
  '\u2066\u2069\u200f\u061c',
  '\u009b2J',
  '\u0000\u0008\u007f',
  '\u2028\u2029',
  '\ud800',
];
const control = /(?!\n)[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Runs work and returns what it writes on stdout and stderr. */
async function written(work: () => unknown): Promise<string> {
  const streams = [process.stdout, process.stderr];
  const originals = streams.map((stream) => stream.write.bind(stream));
  let text = '';
  for (const stream of streams) stream.write = (part: string | Uint8Array) => ((text += String(part)), true);
  try {
    await work();
  } finally {
    for (const [at, stream] of streams.entries()) stream.write = originals[at]!;
  }
  return text;
}

describe('Text for a terminal', () => {
  it('has its control characters escaped', () => {
    expect(shown('a\u001b[2J\n\u202eb')).to.equal('a\\u001b[2J\\n\\u202eb');
    expect(shownLines('a\u001b\tb\nc')).to.equal('a\\u001b\tb\nc');
    for (const text of hostile) expect(shown(text)).to.not.match(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
  });

  it('stays as it is where it is harmless', () => {
    for (const text of ['two dogs', 'žluťoučký kůň', '两只狗', 'می‌خواهم', '👩‍👩‍👧', 'a\u00a0b', "don't"])
      expect(shown(text)).to.equal(text);
  });

  it('is safe from every way of printing', async () => {
    for (const text of hostile) {
      const output = new CaptionOutput('text', true, false);
      const caption = {file: text, caption: text, hypotheses: []};
      const all = await written(async () => {
        print(text);
        warn(text);
        complain(new CaptionerError('image', text));
        complain(new Error(text));
        await output.print(text, caption);
        await new CaptionOutput('json', true, false).print(text, caption);
        showBundle({'text/plain': text});
      });
      expect(all, JSON.stringify(text)).to.not.match(control);
      // A forged line never looks like one of ours.
      const forged = (await written(() => warn(text))).split('\n').slice(1);
      for (const line of forged) expect(line).to.not.match(/^captioner:/);
      expect(tableText([{[text]: text}]), 'table').to.not.match(control);
      expect(columns([[text, text]]).split('\n'), 'columns').to.have.length(1);
    }
  });

  it('is safe in warnings', async () => {
    const messages: string[] = [];
    const listen = (warning: Error): void => void messages.push(warning.message);
    process.on('warning', listen);
    for (const text of hostile) emitWarning(text);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    expect(messages).to.have.length(hostile.length);
    for (const message of messages) expect(message).to.not.match(control);
  });

  it('is unchanged as JSON', async () => {
    for (const text of hostile.slice(0, -1)) {
      const line = await written(() =>
        new CaptionOutput('json', true, false).print(text, {file: text, caption: text, hypotheses: []}),
      );
      expect((JSON.parse(line) as {image: string}).image).to.equal(text);
    }
  });
});

describe('A message', () => {
  it('is one line of limited length, whatever it quotes', () => {
    for (const text of [...hostile, 'x'.repeat(1e6), '\u001b'.repeat(1e5)]) {
      const {message, stack} = new CaptionerError('header', `${text}: expected something else`);
      expect(message).to.not.match(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
      expect(message).to.have.length.below(4100);
      expect(stack!.split('\n')[0]).to.not.match(control);
    }
  });

  it('quotes untrusted files in the same way', async () => {
    const header = (name: string): Buffer => {
      const json = Buffer.from(JSON.stringify({[name]: {dtype: name, shape: [1], data_offsets: [0, 4]}}));
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(json.length));
      return Buffer.concat([length, json, Buffer.alloc(4)]);
    };
    const folder = temporaryFolder();
    for (const text of hostile) {
      expect(() => parseSafetensors(header(text), text)).to.throw(CaptionerError).with.property('message').that.does.not.match(control); // prettier-ignore
      writeFileSync(join(folder, 'manifest.json'), JSON.stringify({version: text}));
      expect((await refusal(loadCheckpoint(folder))).message).to.not.match(control);
    }
  });

  it('is what a vocabulary with such words ends in', () => {
    for (const text of hostile)
      expect(() => Vocabulary.fromJSON({version: 1, words: ['dog', text]})).to.throw(/control characters/);
    Vocabulary.fromJSON({version: 1, words: ['dog', 'می‌خواهم', "'s"]});
  });
});

import {execFile} from 'node:child_process';
import {closeSync, mkdirSync, openSync, statSync, writeFileSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {expect} from 'chai';
import {temporaryFolder} from '../support';

const images = 200_000;
const captions = 1_000_000;
/** Number of image files that exist; a few suffice. */
const present = 100;

const words =
  'a the man woman dog cat on in with red large street ball table rides holds sits near two'.split(' ');

/** Returns eleven pseudorandom words. */
function say(k: number): string {
  const said: string[] = [];
  for (let state = k + 1, at = 0; at < 11; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    said.push(words[(state >>> 16) % words.length]!);
  }
  return `${said.join(' ')} .`;
}

/** As in COCO, images and captions are in different orders. */
const imageOf = (k: number): number => (k * 7919) % images;
const named = (image: number): string => `COCO_train2014_${String(image).padStart(12, '0')}.jpg`;

function* coco(): Generator<string> {
  yield '{"info": {"year": 2014}, "images": [';
  for (let id = 0; id < images; id++) {
    const url = `http://images.cocodataset.org/train2014/${named(id)}`;
    const size = {height: 480, width: 640, date_captured: '2013-11-14 16:28:13', flickr_url: url};
    yield `${id > 0 ? ', ' : ''}${JSON.stringify({license: 1, file_name: named(id), coco_url: url, ...size, id})}`;
  }
  yield '], "licenses": [], "annotations": [';
  for (let k = 0; k < captions; k++)
    yield `${k > 0 ? ', ' : ''}{"image_id": ${imageOf(k)}, "id": ${k}, "caption": "${say(k)}"}`;
  yield ']}';
}

function* token(): Generator<string> {
  for (let k = 0; k < captions; k++) yield `${named(imageOf(k))}#${Math.floor(k / images)}\t${say(k)}\n`;
}

/** A third of the captions need quotes, and some contain a line end. */
function* table(): Generator<string> {
  yield 'image,caption\n';
  for (let k = 0; k < captions; k++) {
    const caption = k % 3 ? say(k) : `"${say(k)}, ""here""${k % 30 ? ' ' : '\n'}too"`;
    yield `${named(imageOf(k))},${caption}\n`;
  }
}

function write(file: string, parts: Iterable<string>): void {
  const out = openSync(file, 'w');
  let text = '';
  for (const part of parts) {
    text += part;
    if (text.length < 1_000_000) continue;
    writeSync(out, text);
    text = '';
  }
  writeSync(out, text);
  closeSync(out);
}

interface Found {
  seconds: number;
  megabytes: number;
  calls: number;
  last: number;
  total: number;
}

describe('A million captions', () => {
  const cases = [
    ['own', 'captions.csv', 'images', table],
    ['flickr8k', 'Flickr8k.token.txt', 'Images', token],
    ['coco', 'captions_train2014.json', 'train2014', coco],
  ] as const;
  for (const [layout, name, folder, parts] of cases)
    it(`are read from ${name} in less than 300 MB, with progress`, async () => {
      const root = temporaryFolder();
      mkdirSync(join(root, folder));
      for (let image = 0; image < present; image++) writeFileSync(join(root, folder, named(image)), '');
      const file = join(root, name);
      write(file, parts());
      const {stdout} = await promisify(execFile)(process.execPath, [join(__dirname, 'read-alone.js'), root]);
      const {seconds, megabytes, calls, last, total, ...found} = JSON.parse(stdout) as Found;
      console.log(`      ${seconds.toFixed(1)} s, ${megabytes.toFixed(0)} MB`);
      expect(found).to.deep.equal({
        layout,
        images: present,
        captions: (present * captions) / images,
        missing: images - present,
        rejected: 0,
        tensorflow: false,
      });
      expect(megabytes).to.be.below(300);
      expect(calls).to.be.above(100);
      expect([last, total]).to.deep.equal([statSync(file).size, statSync(file).size]);
    });
});

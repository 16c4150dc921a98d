/**
 * Measures that the parsers take time that grows with their input, not with its square: the time per megabyte of 1, 10 and 100 MB of each
 * pathological pattern, which may grow by a factor of three at most. Prints a table; exits with 1 if a pattern grew more.
 *
 *     node tools/linear-time.mjs                       # all patterns: half an hour
 *     node tools/linear-time.mjs --largest 10 NAME…    # some, up to 10 MB
 */
import {spawnSync} from 'node:child_process';
import {closeSync, mkdtempSync, openSync, rmSync, writeSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';

const {values: given, positionals} = parseArgs({
  options: {largest: {type: 'string', default: '100'}, one: {type: 'boolean', default: false}},
  allowPositionals: true,
});
const sizes = [1, 10, 100].filter((size) => size <= Number(given.largest));
const most = 3;
/** Seconds after which a pattern is given up. */
const patience = 1200;

const load = createRequire(new URL('../lib/package.json', import.meta.url));
const formats = (name) => load(`./dist/datasets/formats/${name}`);

/** Reads captions as a dataset does, and splits each into words as the decoders and the metrics do. */
const captions = (format) => async (file) => {
  const {readCaptions} = formats('read-captions');
  const {tokenize} = load('./dist/text/tokenizer');
  const {metricTokens} = load('./dist/text/metric-tokens');
  await readCaptions(file, format(), ({caption}) => {
    tokenize(caption);
    metricTokens(caption);
  });
};
const table = captions(() => formats('csv').tableCaptions);
const token = captions(() => formats('flickr').tokenCaptions);
const results = captions(() => formats('flickr').kaggleResults);
const lines = captions(() => formats('json-lines').jsonLines);
const array = captions(() => formats('json-lines').jsonArray);
const object = captions(() => formats('json-lines').jsonObject);
const coco = captions(() => formats('coco').cocoCaptions);
const karpathy = captions(() => formats('coco').karpathyCaptions(() => []));
const vectors = (file) => {
  const {Vocabulary} = load('./dist/text/vocabulary');
  const known = Vocabulary.from(['dog'], {minimumCount: 1});
  return load('./dist/text/word-vectors').readWordVectors(file, known);
};
const bytesOf = (file) => load('./dist/files/regular-file').readFileChecked(file, {code: 'header'});
/** A safetensors file with this header. */
const safetensors = (file) => {
  const header = bytesOf(file);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  load('./dist/files/safetensors').parseSafetensors(Buffer.concat([length, header]), file);
};
const pickle = (file) => {
  const {Unpickler} = load('./dist/encoders/pickle');
  new Unpickler(bytesOf(file), file, {call: () => new Map(), persistent: () => ''}).next();
};
const references = (file) => {
  const {pairCaptions} = load('./dist/metrics/predictions');
  pairCaptions([{image_id: '0', caption: 'a dog'}], JSON.parse(bytesOf(file).toString()));
};

const csv = {parse: table, head: 'image,caption\n', end: '\n'};
/** A table whose captions repeat a text up to 1,900 characters. */
const caption = (text) => ({...csv, unit: `a.jpg,${text.repeat(Math.floor(1900 / text.length))}`});
const x = 'x'.repeat(90);

/** Patterns: what the file begins with, what is repeated (`#` stands for a number), what stands between, and how it ends. */
const patterns = {
  'csv: quotes that close and open again': {...csv, unit: `${x}","${x}`},
  'csv: quotes in the middle': {...csv, unit: `a.jpg,${x}"${x}`},
  'csv: a quote that is never closed': {...csv, unit: `a.jpg,"${x}`},
  'csv: only quotes': {...csv, unit: '"'.repeat(200)},
  'csv: an odd number of quotes': {...csv, unit: '"'.repeat(201)},
  'csv: doubled quotes': {...csv, unit: `a.jpg,"${x}""${x}""`},
  'csv: empty quotes': {...csv, unit: '"",""'},
  'csv: too many columns': {...csv, unit: ','.repeat(500)},
  'csv: lines of blanks': {...csv, unit: ' '.repeat(80)},
  'csv: carriage returns': {...csv, unit: `a.jpg,${'\r'.repeat(80)}`},
  'csv: lists of texts that do not end': {...csv, unit: `a.jpg,[${"'a'  ".repeat(300)}`},
  'csv: tuples of texts that do not end': {...csv, unit: `a.jpg,(${"'a'  ,  ".repeat(200)}`},
  'csv: lists with escapes': {...csv, unit: `a.jpg,['${'\\'.repeat(1500)}`},
  'tsv: tabs in quotes': {...csv, head: 'image\tcaption\n', unit: `a.jpg\t"${'\t'.repeat(80)}`},
  'caption: words': caption('a dog runs '),
  'caption: entities': caption('&amp;amp;'),
  'caption: zero-width joiners': caption('\u200d'),
  'caption: combining marks': caption('e\u0301\u0302\u0303'),
  'caption: blanks of many kinds': caption('\u3000 \t'),
  'caption: apostrophes': caption("a'"),
  'caption: hyphens': caption('a-'),
  'caption: numbers with points': caption('1.1,'),
  'caption: full stops': caption('a.'),
  'caption: addresses that do not end': caption('a@a.'),
  'caption: markup that does not end': caption('<a '),
  'caption: emoji in sequences': caption('👩‍👩‍👧'),
  'caption: Chinese': caption('一只狗在草地上奔跑'),
  'caption: Thai': caption('สุนัขวิ่งบนหญ้า'),
  'caption: bytes that are not UTF-8': caption('\ud800'),
  'flickr: numbers of captions': {parse: token, unit: 'a.jpg#1\ta dog', end: '\n'},
  'flickr: names of hashes': {parse: token, unit: `${'#1'.repeat(400)}x\ta dog`, end: '\n'},
  'flickr: bars': {parse: results, head: 'image_name| comment_number| comment\n', unit: `a.jpg|${'| '.repeat(200)}`, end: '\n'},
  'json lines: captions': {parse: lines, unit: '{"image":"a.jpg","caption":"a dog"}', end: '\n'},
  'json lines: brackets': {parse: lines, unit: `{"image":"a.jpg","caption":${'['.repeat(1000)}${']'.repeat(1000)}}`, end: '\n'},
  'json lines: no JSON': {parse: lines, unit: `{"image":${'{'.repeat(1000)}`, end: '\n'},
  'json array: captions': {parse: array, head: '[', unit: '{"image":"a.jpg","caption":"a dog"}', between: ',', tail: ']'},
  'json array: one text': {parse: array, head: '["', unit: 'a dog ', tail: '"]'},
  'json array: escapes': {parse: array, head: '["', unit: '\\u0041\\n', tail: '"]'},
  'json array: lists in a list': {parse: array, head: '[', unit: '[[[[]]]]', between: ',', tail: ']'},
  'json array: one object': {parse: array, head: '[{', unit: '"a#":1', between: ',', tail: '}]'},
  'json object: images': {parse: object, head: '{', unit: '"#.jpg":["a dog"]', between: ',', tail: '}'},
  'json object: one image twice and again': {parse: object, head: '{', unit: '"a.jpg":["a dog"]', between: ',', tail: '}'},
  'coco: annotations without images': {parse: coco, head: '{"annotations":[', unit: '{"image_id":#,"caption":"a dog"}', between: ',', tail: '],"images":[{"id":-1,"file_name":"a.jpg"}]}'},
  'coco: one image': {parse: coco, head: '{"images":[{"id":1,"file_name":"a.jpg"}],"annotations":[', unit: '{"image_id":1,"caption":"a dog"}', between: ',', tail: ']}'},
  'karpathy: folders of slashes': {parse: karpathy, head: '{"images":[{"filename":"a.jpg","split":"train","sentences":[],"filepath":"', unit: '/', tail: 'x"}]}'},
  'karpathy: one image': {parse: karpathy, head: '{"images":[{"filename":"a.jpg","split":"train","sentences":[', unit: '{"raw":"a dog"}', between: ',', tail: ']}]}'},
  'vectors: words': {parse: vectors, head: 'dog 1 2 3\n', unit: 'w# 1 2 3', end: '\n'},
  'vectors: words with blanks': {parse: vectors, head: 'dog 1 2 3\n', unit: `${'w '.repeat(300)}1 2 3`, end: '\n'},
  'safetensors: tensors': {parse: safetensors, head: '{', unit: '"t#":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}', between: ',', tail: '}'},
  'safetensors: escapes in a name': {parse: safetensors, head: '{"', unit: '\\"', tail: '":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'},
  'safetensors: brackets': {parse: safetensors, head: '{"a":', unit: '[', tail: ''},
  'safetensors: metadata': {parse: safetensors, head: '{"__metadata__":{', unit: '"k#":"v"', between: ',', tail: '}}'},
  'pickle: tuples in tuples': {parse: pickle, head: '\x80\x02', unit: '(((Nttt', tail: '.'},
  'pickle: marks': {parse: pickle, head: '\x80\x02', unit: '(', tail: 't.'},
  'pickle: a dictionary': {parse: pickle, head: '\x80\x02}(', unit: 'K\x01K\x02', tail: 'u.'},
  'pickle: names that do not end': {parse: pickle, head: '\x80\x02', unit: 'c\n\n', tail: '.'},
  'score: one image': {parse: references, head: '{"0":[', unit: '"a dog"', between: ',', tail: ']}'},
}; // prettier-ignore

/** Writes a pattern of so many megabytes. */
function write(file, {head = '', unit, between = '', end = '', tail = ''}, megabytes) {
  const encode = (text) => Buffer.from(text, text.includes('\x80') ? 'latin1' : 'utf8');
  const descriptor = openSync(file, 'w');
  let left = megabytes * 1e6;
  const put = (text) => {
    const bytes = encode(text);
    left -= bytes.length;
    writeSync(descriptor, bytes);
  };
  put(head);
  for (let at = 0; left > 0;) {
    let part = '';
    for (; part.length < Math.min(left, 1e6); at++)
      part += (at === 0 ? '' : between) + unit.replaceAll('#', String(at)) + end;
    put(part);
  }
  put(tail);
  closeSync(descriptor);
}

/** Seconds of parsing; a refusal in words ends it, too. */
async function secondsOf(parse, file) {
  const began = performance.now();
  try {
    await parse(file);
  } catch (error) {
    if (error.name !== 'CaptionerError') throw error;
  }
  return (performance.now() - began) / 1000;
}

/** Measures one pattern in this process: milliseconds per megabyte of each size. */
async function measure(name) {
  const folder = mkdtempSync(join(tmpdir(), 'captioner-linear-'));
  process.on('exit', () => rmSync(folder, {recursive: true, force: true}));
  const {parse, ...pattern} = patterns[name];
  const found = [];
  for (const size of sizes) {
    const file = join(folder, `${size}`);
    write(file, pattern, size);
    // The first times compile; small files are read several times.
    const times = [];
    const wanted = size === 1 ? 5 : size === 10 ? 2 : 1;
    for (let time = 0; time < wanted; time++) times.push(await secondsOf(parse, file));
    found.push((1000 * Math.min(...times)) / size);
    rmSync(file);
  }
  console.log(JSON.stringify(found));
}

if (given.one) await measure(positionals[0]);
else {
  let failures = 0;
  const chosen = positionals.length === 0 ? Object.keys(patterns) : positionals;
  console.log(`milliseconds per megabyte of ${sizes.join(', ')} MB, and the growth`);
  for (const name of chosen) {
    const args = ['--max-old-space-size=12000', fileURLToPath(import.meta.url), '--one', '--largest', given.largest, name];
    const {stdout, stderr, status, signal} = spawnSync(process.execPath, args, {encoding: 'utf8', timeout: 1000 * patience});
    const found = status === 0 ? JSON.parse(stdout.trimEnd().split('\n').at(-1)) : undefined;
    const growth = found && found.at(-1) / found[0];
    const failed = growth === undefined || growth > most;
    failures += Number(failed);
    const reason = found ? `${found.map((value) => value.toFixed(1)).join('  ')}  × ${growth.toFixed(2)}` : (signal ?? stderr.trim().split('\n').at(-1));
    console.log(`${failed ? 'FAILED' : 'ok    '} ${name}: ${reason}`);
  }
  console.log(`${chosen.length} patterns, ${failures} failed`);
  process.exitCode = failures > 0 ? 1 : 0;
} // prettier-ignore

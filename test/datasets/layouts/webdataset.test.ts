import {randomBytes} from 'node:crypto';
import {createServer, type Server} from 'node:http';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {FeatureStore, openDataset, type Dataset} from 'captioner';
import {readImageFile} from 'captioner/dist/encoders/image-guard';
import {readTarFile} from 'captioner/dist/files/tar-files';
import {expect} from 'chai';
import sharp from 'sharp';
import {pack, type Pack} from 'tar-stream';
import {colourEncoder} from '../../features/colours';
import {refusal, temporaryFolder} from '../../support';

/** A member of an archive: its header, and its content unless it is a link. */
type Member = readonly [Parameters<Pack['entry']>[0] | string, (Buffer | string)?];

async function archive(members: readonly Member[]): Promise<Buffer> {
  const tar = pack();
  for (const [header, content = ''] of members)
    tar.entry(typeof header === 'string' ? {name: header, mtime: new Date(0)} : header, content);
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function draw(seed: number): Promise<Buffer> {
  const background = {r: (seed * 47) % 256, g: (seed * 91) % 256, b: (seed * 13) % 256};
  return sharp({create: {width: 8, height: 8, channels: 3, background}})
    .png()
    .toBuffer();
}

/** A sample of an image, a caption and what else such sets have. */
async function sample(at: number): Promise<Member[]> {
  const key = String(at).padStart(9, '0');
  return [
    [`${key}.png`, await draw(at)],
    [`${key}.txt`, `Image number ${at}.`],
    [`${key}.json`, JSON.stringify({caption: 'not this one', key})],
    [`${key}.cls`, '7'],
  ];
}

async function samples(from: number, count: number): Promise<Member[]> {
  return (await Promise.all(Array.from({length: count}, (_, at) => sample(from + at)))).flat();
}

/** A folder with an archive of each name. */
async function lay(archives: Readonly<Record<string, readonly Member[] | Buffer>>): Promise<string> {
  const folder = temporaryFolder();
  for (const [name, members] of Object.entries(archives)) {
    mkdirSync(join(folder, name, '..'), {recursive: true});
    writeFileSync(join(folder, name), Buffer.isBuffer(members) ? members : await archive(members));
  }
  return folder;
}

const captionsOf = ({images}: Dataset): unknown => images.map(({id, captions}) => [id, captions]);

/** Serves a folder's files by ranges on the loopback interface, unless `broken` answers itself. */
async function serve(
  folder: string,
  broken: (url: string) => number | undefined = () => undefined,
): Promise<{readonly address: string; readonly server: Server; readonly sent: string[]; bytes: number}> {
  const found = {sent: [] as string[], bytes: 0};
  const server = createServer((asked, answer) => {
    const status = broken(asked.url!);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(asked.headers.range ?? '') ?? [];
    found.sent.push(`${asked.url} ${from}`);
    if (status !== undefined) return void answer.writeHead(status).end();
    const bytes = readFileSync(join(folder, asked.url!));
    const part = bytes.subarray(Number(from), Number(to) + 1);
    found.bytes += part.length;
    const range = `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}`;
    answer.writeHead(206, {'content-range': range, 'etag': '"1"'}).end(part);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  return Object.assign(found, {server, address: `http://127.0.0.1:${port}`});
}

describe('A dataset in tar archives', () => {
  it('has the images and captions of all archives, in their order', async () => {
    const folder = await lay({'00001.tar': await samples(20, 3), '00000.tar': await samples(0, 2)});
    const dataset = await openDataset(folder);
    expect(dataset.layout).to.equal('webdataset');
    expect(captionsOf(dataset)).to.deep.equal([
      ['00000.tar/000000000.png', ['Image number 0.']],
      ['00000.tar/000000001.png', ['Image number 1.']],
      ['00001.tar/000000020.png', ['Image number 20.']],
      ['00001.tar/000000021.png', ['Image number 21.']],
      ['00001.tar/000000022.png', ['Image number 22.']],
    ]);
    expect([dataset.missing, dataset.rejected, dataset.unreferenced]).to.deep.equal([[], [], []]);
    for (const [at, {file}] of dataset.images.entries())
      expect(await readImageFile(file)).to.deep.equal(await draw(at < 2 ? at : at + 18));
  });

  it('reads several captions of an image, JSON, and names that begin with ./', async () => {
    const folder = await lay({
      'set.tar': [
        ['./a.b.png', await draw(1)],
        ['./a.txt', 'One.\r\n\nTwo.\n'],
        ['./c.json', JSON.stringify({captions: ['Three.', 'Four.'], width: 8})],
        ['./c.jpg', await draw(2)],
        [`${'long/'.repeat(40)}d.png`, await draw(3)],
        [`${'long/'.repeat(40)}d.txt`, 'Ein süßer Hund 🐕.'],
        ['e.png', await draw(4)],
        ['e.json', JSON.stringify({caption: 'Five.'})],
      ],
    });
    const dataset = await openDataset(folder);
    expect(captionsOf(dataset)).to.deep.equal([
      ['set.tar/a.b.png', ['One.', 'Two.']],
      ['set.tar/c.jpg', ['Three.', 'Four.']],
      [`set.tar/${'long/'.repeat(40)}d.png`, ['Ein süßer Hund 🐕.']],
      ['set.tar/e.png', ['Five.']],
    ]);
    expect(await readImageFile(dataset.images[2]!.file)).to.deep.equal(await draw(3));
  });

  it('takes the splits from the names of archives or folders', async () => {
    const folder = await lay({
      'train-000.tar': await samples(0, 2),
      'val/000.tar': await samples(2, 1),
      'test/000.tar': await samples(3, 1),
    });
    const dataset = await openDataset(folder);
    expect(dataset.images.map(({id, split}) => [id, split])).to.have.deep.members([
      ['train-000.tar/000000000.png', 'train'],
      ['train-000.tar/000000001.png', 'train'],
      ['val/000.tar/000000002.png', 'validation'],
      ['test/000.tar/000000003.png', 'test'],
    ]);
  });

  it('has the features of the same images in a folder, to the bit', async () => {
    const folder = await lay({'00000.tar': await samples(0, 5), '00001.tar': await samples(5, 4)});
    const dataset = await openDataset(join(folder, '{00000..00001}.tar'));
    const loose = temporaryFolder();
    const files = await Promise.all(
      dataset.images.map(async ({id}, at) => {
        const file = join(loose, `${at}.png`);
        writeFileSync(file, await draw(at));
        return {id, file};
      }),
    );
    const [ours, theirs] = [temporaryFolder(), temporaryFolder()];
    const options = {batch: 2, shard: 4} as const;
    await FeatureStore.build(colourEncoder(), dataset, ours, options);
    await FeatureStore.build(colourEncoder(), files, theirs, options);
    for (const name of ['shard-00000', 'shard-00001', 'shard-00002', 'places'])
      expect(readFileSync(join(ours, `${name}.safetensors`))).to.deep.equal(
        readFileSync(join(theirs, `${name}.safetensors`)),
      );
  });

  it('is read from a server by ranges, and not more of it than is needed', async () => {
    const noise = Buffer.concat([await draw(0), randomBytes(12_000_000)]);
    const folder = await lay({
      '00000.tar': [['big.png', noise], ['big.txt', 'A large image.'], ...(await samples(1, 2))],
      '00001.tar': await samples(10, 2),
    });
    const {address, server, sent, ...counted} = await serve(folder);
    try {
      const dataset = await openDataset(`${address}/{00000..00001}.tar`);
      expect(captionsOf(dataset)).to.deep.equal(captionsOf(await openDataset(folder)));
      expect(dataset.images[0]!.file).to.equal(`${address}/00000.tar/big.png`);
      expect(noise.length).to.be.above(1.2e7);
      expect(sent.filter((request) => request.startsWith('/00000'))).to.have.lengthOf.at.most(4);
      expect(await readImageFile(dataset.images[2]!.file)).to.deep.equal(await draw(2));
      expect(await readImageFile(dataset.images[0]!.file)).to.deep.equal(noise);
      const store = await FeatureStore.build(colourEncoder(), dataset.images.slice(1), temporaryFolder());
      expect([store.size, store.quarantined.size, counted.bytes]).to.deep.equal([4, 0, 0]);
    } finally {
      server.close();
    }
  });

  it('names what a server lacks', async () => {
    const folder = await lay({'a.tar': await samples(0, 1)});
    for (const [status, code] of [
      [404, 'not-found'],
      [200, 'download'],
      [403, 'download'],
      [503, 'download'],
    ] as const) {
      const {address, server} = await serve(folder, () => status);
      try {
        const error = await refusal(openDataset(`${address}/a.tar`));
        expect(error.code, `${status}: ${error.message}`).to.equal(code);
        expect(error.message).to.include(`${address}/a.tar`);
      } finally {
        server.close();
      }
    }
    const remote = await refusal(openDataset('http://example.com/a.tar'));
    expect([remote.code, remote.message]).to.deep.equal([
      'download',
      'http://example.com/a.tar: expected an https address',
    ]);
  });
});

describe('A hostile tar archive', () => {
  let good: Member[];
  before(async () => {
    good = await samples(1, 101);
  });
  const evil: [string, Member[], RegExp][] = [
    ['an absolute path', [['/etc/x.png', 'x']], /expected the name of an image.*\/etc\/x\.png/],
    ['a path that leaves the folder', [['../../x.png', 'x']], /expected the name of an image.*x\.png/],
    [
      'a symbolic link',
      [[{name: 'x.png', type: 'symlink', linkname: '/etc/passwd'}]],
      /expected a file, got a symlink "x\.png"/,
    ],
    [
      'a hard link',
      [[{name: 'x.png', type: 'link', linkname: '/etc/passwd'}]],
      /expected a file, got a link/,
    ],
    ['a device', [[{name: 'x.png', type: 'character-device'}]], /expected a file, got a character-device/],
    [
      'a name that comes twice',
      [['000000001.png', 'x']],
      /expected each name once, got "000000001.png" again/,
    ],
    [
      'a key that comes twice',
      [['000000001.jpg', 'x']],
      /expected the members of "000000001" one after the other/,
    ],
    [
      'captions of gigabytes',
      [['x.txt', 'x'.repeat(2 ** 20 + 1)]],
      /expected at most 1 MB of captions, got 1048577/,
    ],
    ['an image without a caption', [['x.png', 'x']], /expected a caption of "x", found none/],
    ['a caption without an image', [['x.txt', 'A dog.']], /expected an image of "x", found none/],
    ['JSON that is none', [['x.json', '{']], /expected JSON in "x\.json"/],
    [
      'two images of a sample',
      [
        ['x.png', 'x'],
        ['x.jpg', 'x'],
        ['x.txt', 'A dog.'],
      ],
      /expected one image of "x"/,
    ],
    [
      'control characters',
      [
        ['\u001b[31m.png', 'x'],
        ['\u001b[31m.txt', 'A dog.'],
      ],
      /expected the name of an image/,
    ],
  ];
  for (const [what, members, reason] of evil)
    it(`loses only ${what}`, async () => {
      const folder = await lay({'set.tar': [...good, ...members]});
      const dataset = await openDataset(folder);
      expect(dataset.images.filter(({id}) => id.startsWith('set.tar/000'))).to.have.length(101);
      expect(dataset.rejected).to.have.length(1);
      expect(dataset.rejected[0]!.file).to.equal('set.tar');
      expect(dataset.rejected[0]!.reason).to.match(reason);
    });

  it('is refused when it is truncated, damaged or none', async () => {
    const whole = await archive(await samples(0, 3));
    const damaged = Buffer.from(whole);
    damaged.fill(1, 512 * 2, 512 * 3);
    const huge = Buffer.from(whole);
    huge.write('77777777777\0', 124);
    sum(huge);
    const cases = {
      truncated: whole.subarray(0, 700),
      inAHeader: whole.subarray(0, 1300),
      damaged,
      huge,
      text: Buffer.from('not an archive at all, but longer than a header '.repeat(40)),
    };
    for (const [what, bytes] of Object.entries(cases)) {
      const folder = await lay({'set.tar': bytes});
      const error = await refusal(openDataset(folder));
      expect(error.code, `${what}: ${error.message}`).to.equal('archive');
      expect(error.message, what).to.include('set.tar: expected');
    }
  });

  it('is refused when most of it is bad', async () => {
    const folder = await lay({'set.tar': [...(await samples(1, 3)), ['x.txt', 'A dog.']]});
    const error = await refusal(openDataset(folder));
    expect([error.code, /1 of 4/.test(error.message)]).to.deep.equal(['captions', true]);
  });

  it('gives images to the guard, which bounds their size and format', async () => {
    const folder = await lay({
      'set.tar': [['a.png', '<svg/>'], ['a.txt', 'A drawing.'], ...(await samples(1, 1))],
    });
    const dataset = await openDataset(folder);
    const store = await FeatureStore.build(colourEncoder(), dataset, temporaryFolder());
    expect([...store.quarantined]).to.deep.equal([
      ['set.tar/a.png', 'expected JPEG, PNG, WebP, GIF, got something else'],
    ]);
    const large = await refusal(readTarFile(dataset.images[1]!.file, 10));
    expect(large.code).to.equal('image');
    const gone = await refusal(readImageFile(join(folder, 'set.tar', 'b.png')));
    expect([gone.code, gone.message.endsWith('expected an image, found nothing')]).to.deep.equal([
      'not-found',
      true,
    ]);
  });
});

/** Writes the checksum of an archive's first header. */
function sum(tar: Buffer): void {
  tar.fill(' ', 148, 156);
  const total = tar.subarray(0, 512).reduce((all, byte) => all + byte, 0);
  tar.write(`${total.toString(8).padStart(6, '0')}\0 `, 148);
}

import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {expect} from 'chai';
import {sha256} from 'captioner/dist/files/atomic';
import {download} from 'captioner/dist/files/download';
import {temporaryFolder} from '../support';
import {
  broken,
  closeServers,
  content,
  half,
  md5,
  quick,
  refused,
  serve,
  status,
  whole,
  type Handler,
} from './server';

describe('A download', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder, 'file');
  });
  afterEach(closeServers);

  it('appears complete, reports checksums and progress, and leaves no other files', async () => {
    const {address} = await serve(whole);
    const progress: [number, number | undefined][] = [];
    const sums = await download(address, path, {
      ...quick,
      sha256: sha256(content),
      md5,
      size: content.length,
      onProgress: (done, total) => progress.push([done, total]),
    });
    expect(sums).to.deep.equal({size: content.length, sha256: sha256(content), md5});
    expect(readFileSync(path).equals(content)).to.equal(true);
    expect(progress.at(-1)).to.deep.equal([content.length, content.length]);
    expect(readdirSync(folder)).to.deep.equal(['file']);
  });

  it('is not repeated while its checksum is right', async () => {
    const {address, requests} = await serve(whole);
    for (const sums of [{sha256: sha256(content)}, {md5}, {md5}])
      await download(address, path, {...quick, ...sums});
    expect(requests.length).to.equal(1);
    writeFileSync(path, 'damaged');
    await download(address, path, {...quick, md5});
    expect([requests.length, readFileSync(path).equals(content)]).to.deep.equal([2, true]);
  });

  for (const after of ['end', 'silence'] as const)
    it(`resumes after ${after === 'end' ? 'a broken connection' : 'a timeout'} without fetching a byte twice`, async () => {
      const {address, requests} = await serve(broken(after), whole);
      await download(address, path, {...quick, sha256: sha256(content)});
      expect(requests.map(({range, 'if-range': tag}) => [range, tag])).to.deep.equal([
        [undefined, undefined],
        [`bytes=${half}-`, '"one"'],
      ]);
      expect(readFileSync(path).equals(content)).to.equal(true);
    });

  it('resumes by date without a strong ETag, and starts over without either', async () => {
    const date = 'Sat, 01 Jan 2022 00:00:00 GMT';
    const dated: Handler = (_, response) => {
      response.writeHead(200, {'etag': 'W/"weak"', 'last-modified': date, 'content-length': content.length});
      response.write(content.subarray(0, half), () => setTimeout(() => response.destroy(), 150));
    };
    const rest: Handler = (_, response) => {
      const range = `bytes ${half}-${content.length - 1}/${content.length}`;
      response.writeHead(206, {'content-range': range}).end(content.subarray(half));
    };
    const first = await serve(dated, rest);
    await download(first.address, path, {...quick, md5});
    expect(first.requests[1]).to.include({'range': `bytes=${half}-`, 'if-range': date});

    const unmarked: Handler = (_, response) => {
      response.writeHead(200, {'content-length': content.length});
      response.write(content.subarray(0, half), () => setTimeout(() => response.destroy(), 150));
    };
    const second = await serve(unmarked, whole);
    await download(second.address, join(folder, 'other'), {...quick, md5});
    expect(second.requests[1]).not.to.have.property('range');
  });

  it('starts over when the server sends the whole file instead of the rest', async () => {
    const changed = randomBytes(200_000);
    const other: Handler = (_, response) => {
      response.writeHead(200, {'etag': '"two"', 'content-length': changed.length}).end(changed);
    };
    const {address, requests} = await serve(broken('end'), other);
    await download(address, path, {...quick, sha256: sha256(changed)});
    expect(requests[1]).to.include({'if-range': '"one"'});
    expect(readFileSync(path).equals(changed)).to.equal(true);
  });

  const mismatchedRanges: [string, number, Record<string, string>][] = [
    ['has another ETag', 206, {'etag': '"two"', 'content-range': `bytes ${half}-299999/300000`}],
    ['starts elsewhere', 206, {'etag': '"one"', 'content-range': `bytes 10-299999/300000`}],
    ['belongs to a longer file', 206, {'etag': '"one"', 'content-range': `bytes ${half}-299999/400000`}],
    ['does not say where it starts', 206, {etag: '"one"'}],
    ['is out of range', 416, {'content-range': 'bytes */10'}],
  ];
  for (const [what, code, headers] of mismatchedRanges)
    it(`starts over when the rest ${what}`, async () => {
      const {address, requests} = await serve(broken('end'), status(code, headers), whole);
      await download(address, path, {...quick, sha256: sha256(content)});
      expect(requests.map(({range}) => range)).to.deep.equal([undefined, `bytes=${half}-`, undefined]);
    });

  it('is refused when it is longer than announced', async () => {
    const chunked: Handler = (_, response) => void response.writeHead(200, {etag: '"one"'}).end(content);
    const unannounced = await serve(chunked);
    await refused(
      download(unannounced.address, path, {...quick, size: 100}),
      'download',
      /file: expected 100 bytes, got more$/,
    );
    await refused(
      download(unannounced.address, path, {...quick, limit: 100}),
      'download',
      /file: expected 100 bytes, got more$/,
    );
    const longRest: Handler = (_, response) => {
      const range = `bytes ${half}-${content.length - 1}/${content.length}`;
      response.writeHead(206, {'etag': '"one"', 'content-range': range}).end(content);
    };
    const long = await serve(broken('end'), longRest);
    await refused(download(long.address, path, quick), 'download', /expected 300000 bytes, got more$/);
    expect([unannounced.requests.length, long.requests.length]).to.deep.equal([2, 2]);
    expect(existsSync(path)).to.equal(false);
  });

  it('ends at the announced length', async () => {
    const head = 'HTTP/1.1 200 OK\r\netag: "one"\r\ncontent-length: 100\r\n\r\n';
    const more: Handler = (_, response) =>
      void response.socket!.write(Buffer.concat([Buffer.from(head), content.subarray(0, 200)]));
    const {address} = await serve(more);
    expect((await download(address, path, quick)).sha256).to.equal(sha256(content.subarray(0, 100)));
    await refused(download(address, path, {...quick, md5}), 'checksum', /expected MD5/);
  });

  it('is refused when its length is unexpected or above the limit', async () => {
    const {address, requests} = await serve(whole);
    await refused(
      download(address, path, {...quick, size: 7}),
      'download',
      /expected 7 bytes, the server has 300000$/,
    );
    await refused(
      download(address, path, {...quick, limit: 7}),
      'download',
      /at most 7 bytes, the server has 300000$/,
    );
    expect([requests.length, readdirSync(folder)]).to.deep.equal([2, []]);
  });

  it('resumes when the response was too short', async () => {
    const short: Handler = (_, response) =>
      void response.writeHead(200, {etag: '"one"'}).end(content.subarray(0, half));
    const {address, requests} = await serve(short, whole);
    await download(address, path, {...quick, size: content.length, md5});
    expect(requests[1]).to.include({range: `bytes=${half}-`});
  });

  it('asks for no content encoding and is refused with one', async () => {
    const {address, requests} = await serve(status(200, {'content-encoding': 'gzip'}));
    await refused(download(address, path, quick), 'download', /without content encoding, got gzip$/);
    expect(requests[0]).to.include({'accept-encoding': 'identity'});
  });

  it('is retried after a 503 or a 429 but not after a 404', async () => {
    const busy = await serve(status(503), status(429), whole);
    await download(busy.address, path, {...quick, md5});
    expect(busy.requests.length).to.equal(3);
    const missing = await serve(status(404));
    await refused(
      download(missing.address, join(folder, 'other'), quick),
      'download',
      /file: expected the file, the server answered 404$/,
    );
    expect([missing.requests.length, readdirSync(folder)]).to.deep.equal([1, ['file']]);
  });

  it('fails after five tries with doubling delays, with advice', async () => {
    const {address, requests} = await serve(broken('end'), status(503));
    const start = performance.now();
    await refused(
      download(address, path, {...quick, pause: 20}),
      'download',
      /within 5 tries, .* 503; 150000 bytes are kept in .*\/\.file\.download\/part; run the command again to resume$/,
    );
    expect(performance.now() - start).to.be.above(20 + 40 + 80 + 160);
    expect(requests.length).to.equal(5);
    const sound = await serve(whole);
    writeState(folder, sound.address);
    await download(sound.address, path, {...quick, md5});
    expect(sound.requests[0]).to.include({range: `bytes=${half}-`});
  });

  it('is removed when its checksum is wrong and never appears under its name', async () => {
    const {address} = await serve(whole);
    for (const wrong of [
      {md5: md5.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))},
      {sha256: sha256('x')},
    ])
      await refused(
        download(address, path, {...quick, ...wrong}),
        'checksum',
        /file: expected (MD5|SHA-256) \w+, got \w+; the download was removed$/,
      );
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('starts over when the state is unreadable or belongs to another address', async () => {
    const {address, requests} = await serve(whole);
    for (const state of [
      '',
      'null',
      '{"address": "https://elsewhere/file", "etag": "\\"one\\"", "length": 300000}',
    ]) {
      mkdirSync(join(folder, '.file.download'), {recursive: true});
      writeFileSync(join(folder, '.file.download', 'part'), 'of something else');
      writeFileSync(join(folder, '.file.download', 'state.json'), state);
      await download(address, path, quick);
      expect(requests.at(-1)).not.to.have.property('range');
      expect(readFileSync(path).equals(content)).to.equal(true);
    }
  });

  it('is only verified when the process ended just before the rename', async () => {
    const {address, requests} = await serve(whole);
    mkdirSync(join(folder, '.file.download'));
    writeFileSync(join(folder, '.file.download', 'part'), content);
    writeState(folder, address);
    await download(address, path, {...quick, md5});
    expect(requests.length).to.equal(0);
  });

  it('resumes after a killed process', async () => {
    const {address, requests} = await serve(broken('silence'), whole);
    const library = JSON.stringify(require.resolve('captioner/dist/files/download'));
    const script = `require(${library}).download(${JSON.stringify(address)}, ${JSON.stringify(path)}, {insecure: true})`;
    const child = spawn(process.execPath, ['-e', script], {stdio: 'inherit'});
    const part = join(folder, '.file.download', 'part');
    while (!existsSync(part) || readFileSync(part).length < half) await wait(20);
    await refused(download(address, path, quick), 'locked', new RegExp(`process ${child.pid} is using it`));
    child.kill('SIGKILL');
    await new Promise((done) => child.once('close', done));
    await download(address, path, {...quick, sha256: sha256(content)});
    expect(requests[1]).to.include({'range': `bytes=${half}-`, 'if-range': '"one"'});
    expect(requests.length).to.equal(2);
    expect(readdirSync(folder)).to.deep.equal(['file']);
  });

  it('reports a full disk', async function () {
    if (!existsSync('/dev/full')) this.skip();
    const {address, requests} = await serve(whole);
    mkdirSync(join(folder, '.file.download'));
    symlinkSync('/dev/full', join(folder, '.file.download', 'part'));
    await refused(download(address, path, quick), 'no-space', /file: the disk is full/);
    expect(requests.length).to.equal(1);
  });
});

function writeState(folder: string, address: string): void {
  const state = {address, etag: '"one"', length: content.length};
  writeFileSync(join(folder, '.file.download', 'state.json'), JSON.stringify(state));
}

import {execFileSync, spawn} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import {createServer as createSecureServer, globalAgent} from 'node:https';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {expect} from 'chai';
import {CaptionerError, type ErrorCode} from 'captioner/dist/errors';
import {sha256} from 'captioner/dist/files/atomic';
import {download, type DownloadOptions} from 'captioner/dist/files/download';
import {temporaryFolder} from '../support';

const content = randomBytes(300_000);
const half = 150_000;
const md5 = createHash('md5').update(content).digest('hex');
const quick: DownloadOptions = {insecure: true, timeout: 300, pause: 5};

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const servers: Server[] = [];

async function listen(server: Server, scheme = 'http'): Promise<string> {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
}

/** A server that answers each request with the next handler, the last one again and again. */
async function serve(
  ...handlers: Handler[]
): Promise<{address: string; requests: IncomingMessage['headers'][]}> {
  const requests: IncomingMessage['headers'][] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(request.headers);
    handlers[Math.min(requests.length, handlers.length) - 1]!(request, response);
  };
  return {address: await listen(createServer(listener)), requests};
}

/** The file, or the rest that was asked for, as a sound server answers. */
const whole: Handler = (request, response) => {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  const rest = content.subarray(Number(from ?? 0));
  response.writeHead(from === undefined ? 200 : 206, {
    'etag': '"one"',
    'content-length': rest.length,
    ...(from && {'content-range': `bytes ${from}-${content.length - 1}/${content.length}`}),
  });
  response.end(rest);
};
/** Half of what is left, then silence, or the end of the connection. */
const broken =
  (after: 'silence' | 'end', etag = '"one"', bytes: Buffer = content): Handler =>
  (_, response) => {
    response.writeHead(200, {etag, 'content-length': bytes.length});
    response.write(
      bytes.subarray(0, half),
      () => after === 'end' && setTimeout(() => response.destroy(), 30),
    );
  };
const status =
  (code: number, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    response.writeHead(code, headers).end();

async function refused(work: Promise<unknown>, code: ErrorCode, message: RegExp): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, String(error)).to.be.instanceOf(CaptionerError);
  expect((error as CaptionerError).message).to.match(message);
  expect((error as CaptionerError).code).to.equal(code);
}

describe('A download', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder, 'file');
  });
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  it('appears whole, says its sums and how far it is, and leaves nothing beside it', async () => {
    const {address} = await serve(whole);
    const told: [number, number | undefined][] = [];
    const sums = await download(address, path, {
      ...quick,
      sha256: sha256(content),
      md5,
      size: content.length,
      onProgress: (done, total) => told.push([done, total]),
    });
    expect(sums).to.deep.equal({size: content.length, sha256: sha256(content), md5});
    expect(readFileSync(path).equals(content)).to.equal(true);
    expect(told.at(-1)).to.deep.equal([content.length, content.length]);
    expect(readdirSync(folder)).to.deep.equal(['file']);
  });

  it('is not fetched again while its checksum is right', async () => {
    const {address, requests} = await serve(whole);
    for (const sums of [{sha256: sha256(content)}, {md5}, {md5}])
      await download(address, path, {...quick, ...sums});
    expect(requests.length).to.equal(1);
    writeFileSync(path, 'spoilt');
    await download(address, path, {...quick, md5});
    expect([requests.length, readFileSync(path).equals(content)]).to.deep.equal([2, true]);
  });

  for (const after of ['end', 'silence'] as const)
    it(`goes on after ${after === 'end' ? 'a connection that broke' : 'a server that fell silent'}, fetching no byte twice`, async () => {
      const {address, requests} = await serve(broken(after), whole);
      await download(address, path, {...quick, sha256: sha256(content)});
      expect(requests.map(({range, 'if-range': tag}) => [range, tag])).to.deep.equal([
        [undefined, undefined],
        [`bytes=${half}-`, '"one"'],
      ]);
      expect(readFileSync(path).equals(content)).to.equal(true);
    });

  it('goes on by the date where there is no strong ETag, and starts again where there is neither', async () => {
    const date = 'Sat, 01 Jan 2022 00:00:00 GMT';
    const dated: Handler = (_, response) => {
      response.writeHead(200, {'etag': 'W/"weak"', 'last-modified': date, 'content-length': content.length});
      response.write(content.subarray(0, half), () => setTimeout(() => response.destroy(), 30));
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
      response.write(content.subarray(0, half), () => setTimeout(() => response.destroy(), 30));
    };
    const second = await serve(unmarked, whole);
    await download(second.address, join(folder, 'other'), {...quick, md5});
    expect(second.requests[1]).not.to.have.property('range');
  });

  it('starts again from zero when the server sends the whole file instead of the rest', async () => {
    const changed = randomBytes(200_000);
    const other: Handler = (_, response) => {
      response.writeHead(200, {'etag': '"two"', 'content-length': changed.length}).end(changed);
    };
    const {address, requests} = await serve(broken('end'), other);
    await download(address, path, {...quick, sha256: sha256(changed)});
    expect(requests[1]).to.include({'if-range': '"one"'});
    expect(readFileSync(path).equals(changed)).to.equal(true);
  });

  const notTheRest: [string, number, Record<string, string>][] = [
    ['of another file', 206, {'etag': '"two"', 'content-range': `bytes ${half}-299999/300000`}],
    ['from elsewhere', 206, {'etag': '"one"', 'content-range': `bytes 10-299999/300000`}],
    ['of a longer file', 206, {'etag': '"one"', 'content-range': `bytes ${half}-299999/400000`}],
    ['of which nobody says where it starts', 206, {etag: '"one"'}],
    ['that is out of range', 416, {'content-range': 'bytes */10'}],
  ];
  for (const [what, code, headers] of notTheRest)
    it(`starts again from zero when it is offered a rest ${what}`, async () => {
      const {address, requests} = await serve(broken('end'), status(code, headers), whole);
      await download(address, path, {...quick, sha256: sha256(content)});
      expect(requests.map(({range}) => range)).to.deep.equal([undefined, `bytes=${half}-`, undefined]);
    });

  it('is refused when more comes than was said', async () => {
    const chunked: Handler = (_, response) => void response.writeHead(200, {etag: '"one"'}).end(content);
    const unsaid = await serve(chunked);
    await refused(
      download(unsaid.address, path, {...quick, size: 100}),
      'download',
      /file: expected 100 bytes, got more$/,
    );
    await refused(
      download(unsaid.address, path, {...quick, limit: 100}),
      'download',
      /file: expected 100 bytes, got more$/,
    );
    const longRest: Handler = (_, response) => {
      const range = `bytes ${half}-${content.length - 1}/${content.length}`;
      response.writeHead(206, {'etag': '"one"', 'content-range': range}).end(content);
    };
    const long = await serve(broken('end'), longRest);
    await refused(download(long.address, path, quick), 'download', /expected 300000 bytes, got more$/);
    expect([unsaid.requests.length, long.requests.length]).to.deep.equal([2, 2]);
    expect(existsSync(path)).to.equal(false);
  });

  it('has no byte beyond the length that the server says', async () => {
    const head = 'HTTP/1.1 200 OK\r\netag: "one"\r\ncontent-length: 100\r\n\r\n';
    const more: Handler = (_, response) =>
      void response.socket!.write(Buffer.concat([Buffer.from(head), content.subarray(0, 200)]));
    const {address} = await serve(more);
    expect((await download(address, path, quick)).sha256).to.equal(sha256(content.subarray(0, 100)));
    await refused(download(address, path, {...quick, md5}), 'checksum', /expected MD5/);
  });

  it('is refused when its length is not the one that is known, or beyond the limit', async () => {
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

  it('goes on when fewer bytes came than the file has', async () => {
    const short: Handler = (_, response) =>
      void response.writeHead(200, {etag: '"one"'}).end(content.subarray(0, half));
    const {address, requests} = await serve(short, whole);
    await download(address, path, {...quick, size: content.length, md5});
    expect(requests[1]).to.include({range: `bytes=${half}-`});
  });

  it('is refused when it comes encoded, and asks not to have it so', async () => {
    const {address, requests} = await serve(status(200, {'content-encoding': 'gzip'}));
    await refused(download(address, path, quick), 'download', /got it encoded as gzip$/);
    expect(requests[0]).to.include({'accept-encoding': 'identity'});
  });

  it('is asked for again after a 503 or a 429, and not after a 404', async () => {
    const busy = await serve(status(503), status(429), whole);
    await download(busy.address, path, {...quick, md5});
    expect(busy.requests.length).to.equal(3);
    const gone = await serve(status(404));
    await refused(
      download(gone.address, join(folder, 'other'), quick),
      'download',
      /file: expected the file, the server answered 404$/,
    );
    expect([gone.requests.length, readdirSync(folder)]).to.deep.equal([1, ['file']]);
  });

  it('is given up after five tries, each twice as late, with what to do', async () => {
    const {address, requests} = await serve(broken('end'), status(503));
    const start = performance.now();
    await refused(
      download(address, path, {...quick, pause: 20}),
      'download',
      /in 5 tries, .* 503; 150000 bytes of it lie in .*\/\.file\.download\/part; run the command again to go on$/,
    );
    expect(performance.now() - start).to.be.above(20 + 40 + 80 + 160);
    expect(requests.length).to.equal(5);
    const sound = await serve(whole);
    writeState(folder, sound.address);
    await download(sound.address, path, {...quick, md5});
    expect(sound.requests[0]).to.include({range: `bytes=${half}-`});
  });

  it('is removed when its checksum is wrong, and its name never appears', async () => {
    const {address} = await serve(whole);
    for (const wrong of [
      {md5: md5.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))},
      {sha256: sha256('x')},
    ])
      await refused(
        download(address, path, {...quick, ...wrong}),
        'checksum',
        /file: expected (MD5|SHA-256) \w+, got \w+; what was fetched is removed$/,
      );
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('starts from zero when what is known of a part cannot be read, or is of another address', async () => {
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

  it('only needs its checksum looked at when the process ended just before', async () => {
    const {address, requests} = await serve(whole);
    mkdirSync(join(folder, '.file.download'));
    writeFileSync(join(folder, '.file.download', 'part'), content);
    writeState(folder, address);
    await download(address, path, {...quick, md5});
    expect(requests.length).to.equal(0);
  });

  it('goes on where a process was killed', async () => {
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

  it('says when the disk is full', async function () {
    if (!existsSync('/dev/full')) this.skip();
    const {address, requests} = await serve(whole);
    mkdirSync(join(folder, '.file.download'));
    symlinkSync('/dev/full', join(folder, '.file.download', 'part'));
    await refused(download(address, path, quick), 'no-space', /file: the disk is full/);
    expect(requests.length).to.equal(1);
  });

  it('follows redirects, and gives up on a loop', async () => {
    const {address} = await serve(whole);
    const first = await serve(status(302, {location: '/next'}), status(307, {location: address}));
    await download(first.address, path, {...quick, md5});
    const loop = await serve(status(301, {location: '/file'}));
    await refused(
      download(loop.address, join(folder, 'other'), quick),
      'download',
      /expected at most 10 redirects, got more$/,
    );
    expect(loop.requests.length).to.equal(11);
    const nowhere = await serve(status(302));
    await refused(
      download(nowhere.address, join(folder, 'other'), quick),
      'download',
      /to say where to, got undefined$/,
    );
  });

  it('comes over https only, whatever a redirect says', async () => {
    const {address, requests} = await serve(whole);
    await refused(download(address, path), 'download', /^http:.*: expected an https address$/);
    for (const elsewhere of [
      'http://captioner.invalid/file',
      'file:///etc/passwd',
      'ftp://captioner.invalid/file',
    ]) {
      const away = await serve(status(302, {location: elsewhere}));
      await refused(
        download(away.address, path, quick),
        'download',
        new RegExp(`: expected a redirect to an https address, got ${elsewhere}$`),
      );
    }
    expect(requests.length).to.equal(0);
  });

  it('goes no way back from https to http, and trusts no certificate of unknown origin', async function () {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    try {
      const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
      const kind = [
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ];
      execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', certificate], {
        stdio: 'ignore',
      });
    } catch {
      this.skip();
    }
    const [cert, plain] = [readFileSync(certificate), await serve(whole)];
    const secure = createSecureServer({key: readFileSync(key), cert}, (request, response) =>
      request.url === '/down'
        ? status(302, {location: plain.address})(request, response)
        : whole(request, response),
    );
    const address = await listen(secure, 'https');
    await refused(download(address, path, quick), 'download', /expected a certificate to be trusted/);
    globalAgent.options.ca = cert;
    try {
      await download(address, path, {...quick, md5});
      const down = address.replace('file', 'down');
      await refused(
        download(down, join(folder, 'other'), quick),
        'download',
        /to an https address, got http:/,
      );
      expect(plain.requests.length).to.equal(0);
    } finally {
      delete globalAgent.options.ca;
    }
  });

  it('says at once when the host cannot be reached', async () => {
    const {address} = await serve(whole);
    servers.pop()!.close();
    const start = performance.now();
    await refused(
      download(address, path, {insecure: true}),
      'download',
      /file: 127.0.0.1:\d+ can't be reached: .*ECONNREFUSED.*; is there a network\?$/,
    );
    expect(performance.now() - start).to.be.below(1000);
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});

function writeState(folder: string, address: string): void {
  const state = {address, etag: '"one"', length: content.length};
  writeFileSync(join(folder, '.file.download', 'state.json'), JSON.stringify(state));
}

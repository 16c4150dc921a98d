import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import http, {type IncomingMessage, type ServerResponse} from 'node:http';
import https from 'node:https';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {download} from 'captioner/dist/files/download';
import {lockFolder} from 'captioner/dist/files/lock';
import {expect} from 'chai';
import {projectRoot, refusal, temporaryFolder} from '../support';

const content = randomBytes(300_000);
const sha256 = createHash('sha256').update(content).digest('hex');
const quick = {insecure: true, pause: 5, patience: 300, sha256} as const;

type Handler = (request: IncomingMessage, response: ServerResponse, attempt: number) => void;

/** A server that does what a test wants, and remembers what it was asked. */
class Server {
  readonly asked: IncomingMessage['headers'][] = [];
  /** Bytes of bodies that it sent. */
  sent = 0;
  readonly #server: http.Server;

  private constructor(handler: Handler) {
    this.#server = http.createServer((request, response) => {
      this.asked.push(request.headers);
      const write = response.write.bind(response) as (...parts: unknown[]) => boolean;
      response.write = (part: Buffer, ...rest: unknown[]) => {
        this.sent += part.length;
        return write(part, ...rest);
      };
      handler(request, response, this.asked.length);
    });
  }

  static async start(handler: Handler): Promise<Server> {
    const server = new Server(handler);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/file.bin`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Serves ranges as a good server does; `body` may cut what is sent. */
function serve(
  {headers}: IncomingMessage,
  response: ServerResponse,
  {etag = '"one"', all = content, until}: {etag?: string; all?: Buffer; until?: number} = {},
): void {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  const continues = from > 0 && headers['if-range'] === etag;
  const part = continues ? all.subarray(from) : all;
  response.writeHead(continues ? 206 : 200, {
    etag,
    'content-length': part.length,
    ...(continues && {'content-range': `bytes ${from}-${all.length - 1}/${all.length}`}),
  });
  response.write(until === undefined ? part : part.subarray(0, until), () =>
    until === undefined ? response.end() : void setTimeout(() => response.destroy(), 40),
  );
}

describe('download', () => {
  let server: Server | undefined;
  let file: string;
  beforeEach(() => (file = join(temporaryFolder(), 'file.bin')));
  afterEach(() => server?.stop());
  const start = async (handler: Handler): Promise<Server> => (server = await Server.start(handler));
  const whole = (): void => {
    expect(readFileSync(file).equals(content)).to.equal(true);
    expect(readdirSync(join(file, '..')).filter((name) => name.startsWith('.'))).to.deep.equal([]);
  };

  it('fetches a file, says how far it is, and does not fetch it twice', async () => {
    const {address, asked} = await start((request, response) => serve(request, response));
    const seen: (readonly [number, number | undefined])[] = [];
    expect(await download(address, file, {...quick, onProgress: (...now) => void seen.push(now)})).to.equal(
      sha256,
    );
    whole();
    expect(seen.at(-1)).to.deep.equal([content.length, content.length]);
    await download(address, file, quick);
    expect(asked).to.have.length(1);
  });

  it('goes on where a connection was dropped, and fetches nothing twice', async () => {
    const {address, asked} = await start((request, response, attempt) =>
      serve(request, response, attempt < 4 ? {until: 70_000} : {}),
    );
    await download(address, file, quick);
    whole();
    expect(asked).to.have.length(4);
    expect(asked[0]!.range).to.equal(undefined);
    for (const [at, headers] of asked.slice(1).entries())
      expect(headers).to.include({'range': `bytes=${(at + 1) * 70_000}-`, 'if-range': '"one"'});
    expect(server!.sent).to.equal(content.length);
  });

  it('goes on when a server falls silent', async () => {
    const {address, asked} = await start((request, response, attempt) => {
      if (attempt > 1) return serve(request, response);
      response.writeHead(200, {'etag': '"one"', 'content-length': content.length});
      response.write(content.subarray(0, 1000)); // and no more
    });
    await download(address, file, quick);
    whole();
    expect(asked[1]).to.include({range: 'bytes=1000-'});
  });

  it('begins again when the file on the server has changed meanwhile', async () => {
    const {address} = await start((request, response, attempt) =>
      attempt === 1
        ? serve(request, response, {etag: '"old"', all: Buffer.alloc(300_000), until: 50_000})
        : serve(request, response),
    );
    await download(address, file, quick);
    whole();
  });

  it('begins again when the server ignores that only a part is wanted', async () => {
    const {address, asked} = await start((request, response, attempt) => {
      if (attempt === 1) return serve(request, response, {until: 50_000});
      response.writeHead(200, {'etag': '"one"', 'content-length': content.length}).end(content);
    });
    await download(address, file, quick);
    whole();
    expect(asked).to.have.length(2);
  });

  it('begins again when the server sends another part than was asked for', async () => {
    for (const range of [
      'bytes 10-299999/300000',
      `bytes 50000-${content.length}/${content.length + 1}`,
      'nonsense',
    ]) {
      const {address, asked} = await start((request, response, attempt) => {
        if (attempt !== 2) return serve(request, response, attempt === 1 ? {until: 50_000} : {});
        response.writeHead(206, {'etag': '"one"', 'content-range': range}).end(content.subarray(10));
      });
      file = join(temporaryFolder(), 'file.bin');
      await download(address, file, quick);
      whole();
      expect(asked[2]!.range).to.equal(undefined);
      server!.stop();
    }
  });

  it('begins again when the server has no such part', async () => {
    const {address} = await start((request, response, attempt) => {
      if (attempt !== 2) return serve(request, response, attempt === 1 ? {until: 50_000} : {});
      response.writeHead(416, {'content-range': 'bytes */10'}).end();
    });
    await download(address, file, quick);
    whole();
  });

  it('is not taken in by lengths that are lies', async () => {
    // Says more than it has: it is asked again, and at last given up.
    const more = await start((_, response) => {
      response.writeHead(200, {'etag': '"one"', 'content-length': content.length + 100});
      response.write(content, () => response.destroy());
    });
    const tooLong = await refusal(download(more.address, file, {...quick, tries: 2}));
    expect([tooLong.code, existsSync(file)]).to.deep.equal(['download', false]);
    expect(tooLong.message).to.match(/gave up after 2 tries .* run the command again$/);
    server!.stop();
    // Says less than it has: what follows is not the file's.
    file = join(temporaryFolder(), 'file.bin');
    const less = await start((_, response) => {
      response.socket!.write(`HTTP/1.1 200 OK\r\nContent-Length: ${content.length - 100}\r\n\r\n`);
      response.socket!.end(content);
    });
    const tooShort = await refusal(download(less.address, file, {...quick, tries: 2}));
    expect(tooShort.code).to.be.oneOf(['checksum', 'download']);
    expect(existsSync(file)).to.equal(false);
  });

  it('takes a body without a length', async () => {
    const {address} = await start((_, response) => response.writeHead(200).end(content));
    await download(address, file, quick);
    whole();
  });

  it('refuses another file than was expected, and leaves nothing of it', async () => {
    const {address} = await start((request, response) =>
      serve(request, response, {all: Buffer.concat([content, Buffer.from('x')])}),
    );
    const wrong = await refusal(download(address, file, quick));
    expect(wrong.code).to.equal('checksum');
    expect(wrong.message).to.include(`expected SHA-256 ${sha256}, got `);
    expect(existsSync(file)).to.equal(false);
    const {sha256: _, ...unknown} = quick;
    const other = await refusal(download(address, file, {...unknown, md5: '0'.repeat(32)}));
    expect(other.message).to.include(`expected MD5 ${'0'.repeat(32)}, got `);
  });

  it('keeps the checksum of a file that has none published, and holds the next download to it', async () => {
    let all = content;
    const {address} = await start((request, response) => serve(request, response, {all}));
    const {sha256: _, ...unknown} = quick;
    await download(address, file, unknown);
    expect(readFileSync(`${file}.sha256`, 'utf8')).to.equal(`${sha256}  file.bin\n`);
    all = Buffer.alloc(10);
    writeFileSync(file, 'damaged');
    expect((await refusal(download(address, file, unknown))).message).to.include(
      'remove it to fetch it again',
    );
    execFileSync('rm', [file]);
    expect((await refusal(download(address, file, unknown))).code).to.equal('checksum');
  });

  it('tries again what may pass, and not what will not', async () => {
    const busy = await start((request, response, attempt) =>
      attempt < 3 ? void response.writeHead(503).end() : serve(request, response),
    );
    await download(busy.address, file, quick);
    whole();
    server!.stop();
    const none = await start((_, response) => response.writeHead(404).end());
    const error = await refusal(download(none.address, join(temporaryFolder(), 'none'), quick));
    expect([error.code, none.asked.length]).to.deep.equal(['download', 1]);
    expect(error.message).to.include('it answered 404 Not Found');
    const nobody = await refusal(
      download('http://127.0.0.1:9/x', join(temporaryFolder(), 'x'), {...quick, tries: 2}),
    );
    expect(nobody.message).to.match(/gave up after 2 tries \(.*ECONNREFUSED/);
  });

  it('follows redirects, but not for ever and not away from HTTPS', async function () {
    const good = await start((request, response) =>
      request.url === '/moved'
        ? serve(request, response)
        : void response.writeHead(302, {location: '/moved'}).end(),
    );
    await download(good.address, file, quick);
    whole();
    server!.stop();
    const loop = await start((_, response) => response.writeHead(302, {location: '/again'}).end());
    const endless = await refusal(download(loop.address, join(temporaryFolder(), 'x'), quick));
    expect(endless.message).to.include('was sent on 10 times');
    const plain = await refusal(download('http://example.org/x', join(temporaryFolder(), 'x')));
    expect(plain.message).to.include('expected an address that begins with https://');

    const folder = temporaryFolder();
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const words = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout ${key} -out ${cert}`;
    if (spawnSync('openssl', words.split(' ')).status !== 0) return this.skip();
    const secure = https.createServer({key: readFileSync(key), cert: readFileSync(cert)}, (_, response) =>
      response.writeHead(301, {location: 'http://127.0.0.1:9/file.bin'}).end(),
    );
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const address = `https://127.0.0.1:${(secure.address() as AddressInfo).port}/x`;
    const stranger = await refusal(download(address, join(temporaryFolder(), 'x'), {...quick, tries: 1}));
    expect(stranger.message).to.include('self-signed certificate');
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const error = await refusal(download(address, join(temporaryFolder(), 'x'), quick));
      expect(error.message).to.include('expected to stay with HTTPS, but was sent to http://');
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      secure.close();
    }
  });

  it('goes on with what a killed process left', async () => {
    const {address, asked} = await start((request, response, attempt) => {
      if (attempt > 1) return serve(request, response);
      response.writeHead(200, {'etag': '"one"', 'content-length': content.length});
      response.write(content.subarray(0, 120_000));
    });
    const script = `require('captioner/dist/files/download').download(${JSON.stringify(address)}, ${JSON.stringify(file)}, {insecure: true})`;
    const child = spawn(process.execPath, ['-e', script], {cwd: projectRoot, stdio: 'ignore'});
    const partial = join(file, '..', '.file.bin.part', 'data');
    while (!existsSync(partial) || statSync(partial).size < 120_000) await pause(10);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.on('exit', resolve));
    await download(address, file, quick);
    whole();
    expect(asked[1]!.range).to.equal('bytes=120000-');
  });

  it('is done by one process at a time', async () => {
    const folder = join(file, '..', '.file.bin.part');
    mkdirSync(folder);
    const lock = lockFolder(folder);
    expect((await refusal(download('https://127.0.0.1:9/x', file, {tries: 1}))).code).to.equal('locked');
    lock.release();
  });
});

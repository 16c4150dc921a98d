/** Downloads through a proxy: a server that connects to wherever it is asked to (CONNECT), or refuses. */
import {readdirSync, readFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {createServer as createSecureServer} from 'node:https';
import {connect, createServer as createTcpServer, type AddressInfo, type Socket} from 'node:net';
import {join} from 'node:path';
import {download, type DownloadOptions} from 'captioner/dist/files/download';
import {expect} from 'chai';
import {temporaryFolder} from '../support';
import {
  broken,
  closeServers,
  content,
  listen,
  md5,
  quick,
  refused,
  selfSigned,
  serve,
  whole,
  type Handler,
} from './server';

interface Connect {
  readonly target: string;
  readonly authorization: string | undefined;
}

const variables = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy'];

describe('A request through a proxy', () => {
  const before = variables.map((name) => [name, process.env[name]] as const);
  const sockets = new Set<Socket>();
  let folder: string;
  let path: string;
  let pair: {readonly key: Buffer; readonly cert: Buffer};
  let trusting: DownloadOptions;

  beforeEach(function () {
    for (const name of variables) delete process.env[name];
    folder = temporaryFolder();
    path = join(folder, 'file');
    pair = selfSigned(temporaryFolder()) ?? this.skip();
    trusting = {...quick, timeout: 2000, ca: pair.cert};
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    closeServers();
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });

  /** @param answer Status for a request to connect; 200 connects. */
  async function proxy(
    answer: (connect: Connect) => number = () => 200,
  ): Promise<{host: string; connects: Connect[]}> {
    const connects: Connect[] = [];
    const server = createServer((_, response) => response.writeHead(500).end('no CONNECT'));
    server.on('connect', (request, client: Socket) => {
      const one = {target: request.url!, authorization: request.headers['proxy-authorization']};
      connects.push(one);
      sockets.add(client.on('error', () => undefined));
      const status = answer(one);
      if (status !== 200) return client.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
      const [, port] = one.target.split(':');
      const remote = connect(Number(port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        remote.pipe(client).pipe(remote);
      });
      sockets.add(remote.on('error', () => client.destroy()));
      return undefined;
    });
    return {host: new URL(await listen(server)).host, connects};
  }

  async function secure(
    ...handlers: Handler[]
  ): Promise<{address: string; target: string; ranges: unknown[]}> {
    const ranges: unknown[] = [];
    const server = createSecureServer(pair, (request, response) => {
      ranges.push(request.headers.range);
      expect(request.headers['proxy-authorization']).to.equal(undefined);
      handlers[Math.min(ranges.length, handlers.length) - 1]!(request, response);
    });
    const address = await listen(server, 'https');
    return {address, target: new URL(address).host, ranges};
  }

  for (const name of ['HTTPS_PROXY', 'https_proxy'])
    it(`tunnels to the server that ${name} is to reach, and checks the server's own certificate`, async () => {
      const [{host, connects}, {address, target}] = [await proxy(), await secure(whole)];
      process.env[name] = name === 'HTTPS_PROXY' ? `http://${host}` : host; // curl needs no scheme either
      await refused(download(address, path, quick), 'download', /expected a trusted certificate/);
      await download(address, path, {...trusting, md5});
      expect(readFileSync(path)).to.deep.equal(content);
      expect(connects.map((one) => one.target)).to.deep.equal([target, target]);
    });

  it('resumes after a broken connection, and refuses a redirect from https to http', async () => {
    const plain = await serve(whole);
    const [{host, connects}, {address, ranges}] = [await proxy(), await secure(broken('end'), whole)];
    process.env['HTTPS_PROXY'] = `http://${host}`;
    await download(address, path, {...trusting, md5});
    // Data on its way through the proxy is lost with the connection.
    expect(ranges).to.have.length(2);
    expect(ranges[1]).to.match(/^bytes=[1-9]\d*-$/);
    expect(connects).to.have.length(2);
    const down = await secure((_, response) => response.writeHead(302, {location: plain.address}).end());
    await refused(download(down.address, join(folder, 'other'), trusting), 'download', /got http:/);
    expect(plain.requests).to.have.length(0);
  });

  it('goes past the proxy to hosts of NO_PROXY, and to this machine in plain http', async () => {
    const [{host, connects}, {address}, plain] = [await proxy(), await secure(whole), await serve(whole)];
    process.env['HTTPS_PROXY'] = `http://${host}`;
    process.env['HTTP_PROXY'] = `http://${host}`;
    const {port} = new URL(address);
    const direct = ['127.0.0.1', '*', `.example.com,127.0.0.1:${port}`, '127.0.0.1 localhost'];
    for (const [at, value] of direct.entries()) {
      process.env['NO_PROXY'] = value;
      await download(address, join(folder, `file-${at}`), {...trusting, md5});
    }
    const named = address.replace('127.0.0.1', 'localhost');
    process.env['NO_PROXY'] = '';
    process.env['no_proxy'] = 'LOCALHOST';
    await download(named, join(folder, 'named'), {...trusting, md5});
    await download(plain.address, join(folder, 'plain'), {...quick, md5});
    expect(connects).to.deep.equal([]);
    process.env['no_proxy'] = 'ocalhost,127.0.0.1:1';
    await download(named, join(folder, 'through'), {...trusting, md5});
    expect(connects.map(({target}) => target)).to.deep.equal([`localhost:${port}`]);
  });

  it('gives the proxy a user and a password, also with characters that addresses escape', async () => {
    const expected = `Basic ${Buffer.from('me@work:p%:ä').toString('base64')}`;
    const {host, connects} = await proxy(({authorization}) => (authorization === expected ? 200 : 407));
    const {address} = await secure(whole);
    process.env['HTTPS_PROXY'] = `http://me%40work:p%25%3A%C3%A4@${host}`;
    await download(address, path, {...trusting, md5});
    process.env['HTTPS_PROXY'] = `http://token@${host}`;
    await refused(
      download(address, join(folder, 'other'), trusting),
      'download',
      /answered 407; give it a user/,
    );
    expect(connects.at(-1)!.authorization).to.equal(`Basic ${Buffer.from('token:').toString('base64')}`);
    expect(connects).to.have.length(2);
  });

  it('says what a proxy answered, without its password, and tries again where that may help', async () => {
    const {address} = await secure(whole);
    const no = await proxy(() => 403);
    process.env['HTTPS_PROXY'] = `http://me:secret@${no.host}`;
    const message = `^${address}: expected a connection, the proxy ${no.host} answered 403; ask whoever`;
    await refused(download(address, path, trusting), 'download', new RegExp(message));
    expect(no.connects).to.have.length(1);
    let tries = 0;
    const busy = await proxy(() => (++tries < 3 ? 503 : 200));
    process.env['HTTPS_PROXY'] = `http://${busy.host}`;
    await download(address, path, {...trusting, md5});
    expect(tries).to.equal(3);
    for (const wrong of ['socks5://me:secret@127.0.0.1:9', 'http://:secret@', 'ftp://secret.example'])
      for (const name of ['HTTPS_PROXY']) {
        process.env[name] = wrong;
        const own = /^HTTPS_PROXY: expected http:\/\/host:port or https:\/\/host:port, got another address$/;
        await refused(download(address, join(folder, 'other'), trusting), 'download', own);
      }
  });

  it('gives up on a proxy that is not there or never answers, and leaves no connection behind', async () => {
    const {address} = await secure(whole);
    process.env['HTTPS_PROXY'] = 'http://me:secret@127.0.0.1:1';
    const absent =
      /cannot reach 127.0.0.1:\d+ \(HTTPS_PROXY names 127.0.0.1:1\): .*ECONNREFUSED.*is there a network\?$/;
    await refused(download(address, path, trusting), 'download', absent);
    const open = new Set<Socket>();
    const silent = createTcpServer((socket) => {
      open.add(socket);
      socket
        .resume()
        .on('error', () => undefined)
        .on('close', () => open.delete(socket));
    });
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    process.env['HTTPS_PROXY'] = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const given = download(address, path, {...trusting, timeout: 200, tries: 2});
    await refused(given, 'download', /within 2 tries, the last failed with: received nothing for 0.2 s/);
    for (let k = 0; k < 50 && open.size > 0; k++) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(open.size).to.equal(0);
    silent.close();
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});

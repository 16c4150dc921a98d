/** The server in the library's README runs as it stands there. */
import {spawn, type ChildProcess} from 'node:child_process';
import {readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {Captioner, drawScenes, type Captioned} from 'captioner';
import {expect} from 'chai';
import {saveToyCheckpoint} from './checkpoints/toy';
import {projectRoot, temporaryFolder} from './support';

describe("The server of the library's README", function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const image = (k: number): Buffer => readFileSync(join(folder, 'drawn', `test-000${k}.jpg`));
  let server: ChildProcess;
  let address: string;

  before(async () => {
    const readme = readFileSync(join(projectRoot, 'lib', 'README.md'), 'utf8');
    const [code] = [...readme.matchAll(/^```js\n([^]*?)^```$/gm)]
      .map(([, block]) => block!)
      .filter((block) => block.includes('createServer')) as [string];
    expect(code.trimEnd().split('\n').length).to.be.at.most(15);
    writeFileSync(join(folder, 'server.mjs'), code);
    symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
    await drawScenes(join(folder, 'drawn'), {train: 0, validation: 0, test: 4});
    await saveToyCheckpoint(join(folder, 'checkpoint'), join(folder, 'drawn'));
    const env = {...process.env, INIT_CWD: folder};
    server = spawn(process.execPath, ['server.mjs', 'checkpoint', '0'], {cwd: folder, env});
    address = await new Promise((resolve, reject) => {
      server.stdout!.once('data', (line: Buffer) => resolve(line.toString().trim()));
      server.once('close', (code) => reject(new Error(`ended with ${code}`)));
    });
  });
  after(() => server.kill('SIGKILL'));

  const post = async (body: Buffer): Promise<{status: number; answer: unknown}> => {
    const response = await fetch(address, {method: 'POST', body: new Uint8Array(body)});
    return {status: response.status, answer: await response.json()};
  };

  it('captions what it is sent, several requests at once, and refuses the rest', async () => {
    expect(new URL(address).hostname).to.equal('127.0.0.1');
    const captioner = await Captioner.load(join(folder, 'checkpoint'));
    const images = [1, 2, 3, 4].map(image);
    const said = ((await captioner.caption(images)) as Captioned[]).map(({caption}) => caption);
    captioner.dispose();
    const answers = await Promise.all(images.map(post));
    expect(answers).to.deep.equal(said.map((caption) => ({status: 200, answer: {caption}})));
    const broken = await post(image(1).subarray(0, 1000));
    expect(broken.status).to.equal(422);
    expect(JSON.stringify(broken.answer)).to.match(/^\{"error":"image 1: cannot be decoded/);
    expect((await post(Buffer.alloc(20_000_001))).status).to.equal(413);
  });

  it('outlives a sender that gives up', async () => {
    const {port} = new URL(address);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\nhalf');
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await post(image(2))).status).to.equal(200);
  });
});

import {spawn, type ChildProcess} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {request} from 'node:http';
import {join} from 'node:path';
import {drawScenes} from 'captioner';
import {readScenes} from 'captioner/dist/datasets/synthetic/scenes';
import {serve as serveHere} from 'captioner/dist/serve/server';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';
import {ask} from './ask';

const command = join(projectRoot, 'lib', 'bin', 'captioner.js');

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  /** Its exit code, or the signal that killed it, and all that it wrote. */
  readonly ended: Promise<{code: number | string | null; text: string}>;
}

function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const child = spawn(program, args, {env: {...process.env, ...env}, cwd: projectRoot});
  let text = '';
  const ended = new Promise<{code: number | string | null; text: string}>((resolve) =>
    child.on('close', (code, signal) => resolve({code: code ?? signal, text})),
  );
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        const [url] = /http:\S+/.exec(text) ?? [];
        if (url !== undefined) resolve({child, url, ended});
      });
    void ended.then(() => reject(new Error(text)));
  });
}

const serve = (...args: string[]): Promise<Started> => start(process.execPath, [command, 'serve', ...args]);

/** Whether the port of an address can be listened on again. */
async function isFree(url: string): Promise<boolean> {
  const port = Number(new URL(url).port);
  const server = await serveHere({port}).catch(() => undefined);
  await server?.close();
  return server !== undefined;
}

const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

describe('captioner serve', function () {
  this.timeout(120_000);
  let image: Buffer;
  before(async () => {
    const drawn = join(temporaryFolder(), 'drawn');
    await drawScenes(drawn, {train: 0, validation: 0, test: 1});
    image = readFileSync(readScenes(drawn).images[0]!.file);
  });

  it('prints the address with the token, and serves there before TensorFlow is loaded', async () => {
    const began = performance.now();
    const {child, url, ended} = await serve('--port', '0');
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/);
    expect((await ask(url)).status).to.equal(200);
    expect(performance.now() - began).to.be.below(10_000);
    child.kill('SIGTERM');
    const {code, text} = await ended;
    expect(code).to.equal('SIGTERM');
    expect(text).to.match(/^Open this address in a browser on this machine; its last part is a secret:\n/);
    expect(text).to.not.match(/error|tensorflow/i);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    it(`ends at once on ${signal}, also while a model is loaded and captions are written, and frees its port`, async () => {
      // Before anything is loaded, while it is loaded, and while a caption is written.
      for (const [at, delay] of [0, 300, 4000].entries()) {
        const {child, url, ended} = await serve('--port', '0');
        const asked =
          at === 0
            ? undefined
            : request(`${url}api/caption?run=flickr8k&beams=100`, {method: 'POST', agent: false}).on(
                'error',
                () => undefined,
              );
        asked?.end(image);
        await pause(delay);
        const began = performance.now();
        child.kill(signal);
        const {code, text} = await ended;
        expect(code, text).to.equal(signal);
        expect(performance.now() - began).to.be.below(1000);
        expect(await isFree(url)).to.equal(true);
        asked?.destroy();
      }
    });

  it('ends with npm, even where that is killed', async () => {
    const shell = `"${process.execPath}" "${command}" serve --port 0 & wait`;
    const {child, url} = await start('sh', ['-c', shell], {npm_lifecycle_event: 'try'});
    expect((await ask(url)).status).to.equal(200);
    child.kill('SIGKILL');
    await pause(2500);
    expect(await isFree(url)).to.equal(true);
  });

  it('says what to do about a port in use, and about what is no checkpoint', async () => {
    const {child, url, ended} = await serve('--port', '0');
    const {port} = new URL(url);
    for (const [args, status, words] of [
      [
        ['--port', port],
        2,
        `captioner: Port ${port} is in use; choose another, such as --port ${Number(port) + 1}, or any free one: --port 0\n`,
      ],
      [['--port', 'http'], 2, 'captioner: Expected --port to be an integer from 0 to 65535, got http\n'],
      [['--port', '65536'], 2, 'captioner: Expected --port to be an integer from 0 to 65535, got 65536\n'],
      [['--checkpoint', 'docs'], 1, 'captioner: docs: expected a checkpoint or a run, found none\n'],
    ] as const) {
      const refused = spawn(process.execPath, [command, 'serve', ...args], {cwd: projectRoot});
      let text = '';
      for (const stream of [refused.stdout, refused.stderr])
        stream.setEncoding('utf8').on('data', (part: string) => (text += part));
      const code = await new Promise((resolve) => refused.on('close', resolve));
      expect([code, text]).to.deep.equal([status, words]);
    }
    child.kill('SIGINT');
    await ended;
  });
});

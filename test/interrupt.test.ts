import {spawn} from 'node:child_process';
import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {CaptionerError, drawScenes, FeatureStore, interruptible} from 'captioner';
import {download} from 'captioner/dist/files/download';
import {expect} from 'chai';
import {colourEncoder, drawImages} from './features/colours';
import {content, quick, serve, whole, closeServers} from './files/server';
import {refusal, temporaryFolder} from './support';

interface Stopped {
  readonly code: string;
  readonly message: string;
  readonly milliseconds: number;
}

/** Starts some long work in a process of its own, which sends itself SIGINT in the middle of it. */
function stopped(what: string, ...args: readonly string[]): Promise<Stopped> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(__dirname, 'interrupted.js'), what, ...args]);
    let [out, errors] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.on('close', () => {
      try {
        resolve(JSON.parse(out) as Stopped);
      } catch {
        reject(new Error(`${out}\n${errors}`));
      }
    });
  });
}

describe('interruptible', () => {
  it('says where work was stopped, and stops at an AbortSignal', async () => {
    const abort = new AbortController();
    const work = interruptible(
      async (interrupt) => {
        for (let step = 0; ; step++) {
          if (step === 3) abort.abort();
          interrupt.throwIfRequested();
          await interrupt.pause();
        }
      },
      {stopped: () => 'at step 3, saved', signal: abort.signal},
    );
    const {code, message} = await refusal(work);
    expect([code, message]).to.deep.equal(['stopped', 'Stopped at step 3, saved']);
  });

  it('makes one message of work within other work, with a word of the inner where the outer wants it', async () => {
    const abort = new AbortController();
    abort.abort();
    const inner = (): Promise<void> =>
      interruptible((interrupt) => Promise.resolve(interrupt.throwIfRequested()), {
        stopped: () => 'at step 12 of 70, saved',
        signal: abort.signal,
      });
    const outer = interruptible(inner, {stopped: () => 'in run 2 of 6'});
    expect((await refusal(outer)).message).to.equal('Stopped in run 2 of 6');
    const detailed = interruptible(inner, {stopped: (place) => `in run 2 of 6, ${place}`});
    expect((await refusal(detailed)).message).to.equal('Stopped in run 2 of 6, at step 12 of 70, saved');
  });

  it('leaves other errors alone, and no listener behind', async () => {
    const before = process.listenerCount('SIGINT');
    const error = await interruptible(() => Promise.reject(new RangeError('other')), {
      stopped: () => '',
    }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(RangeError).and.not.instanceOf(CaptionerError);
    expect(process.listenerCount('SIGINT')).to.equal(before);
  });
});

describe('Ctrl-C', function () {
  this.timeout(60_000);
  afterEach(closeServers);

  it('saves the images of an unfinished shard, and the next build goes on to the same files', async () => {
    const images = await drawImages(temporaryFolder(), 20);
    const [folder, fresh] = [temporaryFolder(), temporaryFolder()];
    const source = join(images[0]!.file, '..');
    const {code, message, milliseconds} = await stopped('features', source, '20', folder);
    expect(code).to.equal('stopped');
    const [, saved] = /^Stopped at (\d+) of 20 images, saved$/.exec(message) ?? expect.fail(message);
    expect(Number(saved)).to.be.within(6, 10);
    expect(milliseconds).to.be.below(1000);
    expect(FeatureStore.open(folder).size).to.equal(Number(saved));
    expect(readdirSync(folder)).to.not.include('.lock');
    const encoder = colourEncoder();
    await FeatureStore.build(encoder, images, folder, {batch: 2, shard: 16});
    expect(encoder.encoded).to.equal(20 - Number(saved));
    await FeatureStore.build(colourEncoder(), images, fresh, {batch: 2, shard: 16});
    for (const name of readdirSync(fresh))
      expect(readFileSync(join(folder, name)), name).to.deep.equal(readFileSync(join(fresh, name)));
  });

  it('keeps what was downloaded, and the next download asks for the rest', async () => {
    // Sends the first half at once and the other never.
    const slow = createServer((_, response) => {
      response.writeHead(200, {'etag': '"one"', 'content-length': content.length});
      response.write(content.subarray(0, 200_000));
    });
    await new Promise<void>((done) => slow.listen(0, '127.0.0.1', done));
    const path = join(temporaryFolder(), 'file');
    const address = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/file`;
    const {code, message, milliseconds} = await stopped('download', address, path);
    slow.closeAllConnections();
    slow.close();
    expect([code, message]).to.deep.equal(['stopped', 'Stopped at 0.2 of 0.3 MB of file, kept']);
    expect(milliseconds).to.be.below(1000);
    const work = join(path, '..', '.file.download');
    expect(statSync(join(work, 'part')).size).to.equal(200_000);
    expect(existsSync(join(work, '.lock'))).to.equal(false);
    const {address: there, requests} = await serve(whole);
    const state = join(work, 'state.json');
    const known = JSON.parse(readFileSync(state, 'utf8')) as {address: string};
    expect(known.address).to.equal(address);
    // The same file at another port counts as another file, so the test gives it the old one's address.
    const {writeFileSync} = await import('node:fs');
    writeFileSync(state, JSON.stringify({...known, address: there}));
    await download(there, path, quick);
    expect(requests.map(({range}) => range)).to.deep.equal(['bytes=200000-']);
    expect(readFileSync(path)).to.deep.equal(content);
  });

  it('ends drawing, reading, captioning, preparing and scoring within a second', async () => {
    const folder = temporaryFolder();
    await drawScenes(join(folder, 'scenes'), {train: 40, validation: 8, test: 0});
    const expected: Readonly<Record<string, RegExp>> = {
      draw: /^Stopped after drawing \d+ of 800 scenes$/,
      read: /^Stopped at \d+ of \d+ MB of captions$/,
      caption: /^Stopped after \d+ of 400 captions$/,
      scorer: /^Stopped while preparing the references$/,
      score: /^Stopped while scoring captions$/,
    };
    for (const [what, message] of Object.entries(expected)) {
      const found = await stopped(what, folder);
      expect(found.code, what).to.equal('stopped');
      expect(found.message).to.match(message);
      expect(found.milliseconds, what).to.be.below(1000);
    }
    expect(existsSync(join(folder, 'drawn', 'scenes.json'))).to.equal(false);
  });
});

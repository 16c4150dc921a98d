import {cpSync, existsSync, readdirSync, readFileSync, truncateSync} from 'node:fs';
import {request, type ClientRequest} from 'node:http';
import {basename, join} from 'node:path';
import {type Captioned, Captioner, drawScenes, tf} from 'captioner';
import {readScenes} from 'captioner/dist/datasets/synthetic/scenes';
import type {CaptionReply, Loaded} from 'captioner/dist/serve/page/api';
import {serve, type CaptionServer} from 'captioner/dist/serve/server';
import {expect} from 'chai';
import {flickr8k, projectRoot, temporaryFolder} from '../support';
import {ask, wordsOf, type Answer} from './ask';

const bundled = join(projectRoot, 'checkpoints', 'flickr8k');

/** Photographs of their own sizes where they are given, else drawn scenes. */
async function imageFiles(count: number): Promise<string[]> {
  const originals = join(flickr8k() ?? '', 'originals');
  if (flickr8k() !== undefined && existsSync(originals))
    return readdirSync(originals)
      .slice(0, count)
      .map((name) => join(originals, name));
  const drawn = join(temporaryFolder(), 'drawn');
  await drawScenes(drawn, {train: 0, validation: 0, test: count});
  return readScenes(drawn).images.map(({file}) => file);
}

describe('Captions on the page', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();
  let server: CaptionServer;
  let captioner: Captioner;
  let files: string[];

  before(async () => {
    for (const name of ['one', 'two', 'three', 'cut']) cpSync(bundled, join(folder, name), {recursive: true});
    truncateSync(join(folder, 'cut', 'weights.safetensors'), 1000);
    files = await imageFiles(20);
    captioner = await Captioner.load(bundled);
    server = await serve({port: 0, folder, waiting: 2, onError: (error) => expect.fail(String(error))});
  });
  after(async () => {
    await server.close();
    captioner.dispose();
  });

  const caption = (body: Uint8Array, query = 'run=one'): Promise<Answer> =>
    ask(`${server.url}api/caption?${query}`, {method: 'POST', body});

  async function captioned(file: string, query?: string): Promise<CaptionReply> {
    const {status, text} = await caption(readFileSync(file), query);
    expect(status, text).to.equal(200);
    return JSON.parse(text) as CaptionReply;
  }

  it('are those of the library, with all hypotheses, probabilities and attention', async () => {
    for (const [at, file] of files.slice(0, 4).entries()) {
      const beams = [3, 5, 1, 2][at]!;
      const reply = await captioned(file, `run=one&beams=${beams}`);
      const [expected] = (await captioner.caption([file], {beams})) as [Captioned];
      expect(reply).to.include({run: 'one', decoder: 'attention', fit: 'stretch'});
      expect(reply.hypotheses.map((one) => one.caption)).to.deep.equal(
        expected.hypotheses.map((one) => one.caption),
      );
      for (const [rank, {words, end, probability, score}] of reply.hypotheses.entries()) {
        const hypothesis = expected.hypotheses[rank]!;
        expect(score).to.equal(hypothesis.score);
        expect(words.map(({text}) => text).join(' ')).to.equal(
          captioner.vocabulary.decode(hypothesis.tokens),
        );
        const probabilities = hypothesis.logProbabilities.map(Math.exp);
        const own = words.map((word) => word.probability);
        expect(end === undefined ? own : [...own, end]).to.deep.equal(probabilities);
        expect(probability).to.be.closeTo(
          probabilities.reduce((product, one) => product * one, 1),
          1e-12,
        );
        for (const [place, {attention}] of words.entries()) {
          const map = hypothesis.attention![place]!;
          expect(attention).to.have.length(64);
          for (const [cell, weight] of attention!.entries()) expect(weight).to.be.closeTo(map[cell]!, 1e-4);
          expect(attention!.reduce((sum, weight) => sum + weight, 0)).to.be.closeTo(1, 0.01);
        }
      }
    }
  });

  it('are the same for bytes in memory as for the file', async () => {
    const [file] = files as [string];
    const name = basename(file);
    const [fromFile] = (await captioner.caption([file])) as [Captioned];
    const [inMemory] = (await captioner.caption([{name, bytes: readFileSync(file)}])) as [Captioned];
    expect(inMemory).to.deep.equal({...fromFile, file: name});
  });

  it('are refused for what is no image, in words', async () => {
    const whole = readFileSync(files[0]!);
    const script = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
    for (const [body, words] of [
      [Buffer.from('no image'), /^The image: expected JPEG, PNG, WebP, GIF, got something else$/],
      [Buffer.from(script), /^The image: expected JPEG, PNG, WebP, GIF, got something else$/],
      [Buffer.alloc(0), /^The image: expected an image, got an empty file$/],
      [whole.subarray(0, whole.length / 2), /^The image: cannot be decoded: /],
    ] as const) {
      const answer = await caption(body);
      expect(answer.status).to.equal(422);
      expect(wordsOf(answer)).to.match(words);
    }
  });

  it('are refused with options that the search does not take, in its words', async () => {
    const body = readFileSync(files[0]!);
    for (const [query, words] of [
      ['beams=0', 'search: `beams`: expected an integer from 1 to 100, got 0'],
      ['beams=2.5', 'search: `beams`: expected an integer from 1 to 100, got 2.5'],
      ['beams=', 'search: `beams`: expected an integer from 1 to 100, got NaN'],
      ['beams=3&beamGroups=2', 'search: `beamGroups`: expected a number that divides `beams`, got 2'],
      ['beam=3', /unknown option `beam`/],
    ] as const) {
      const answer = await caption(body, `run=one&${query}`);
      expect(answer.status).to.equal(400);
      expect(wordsOf(answer)).to.match(words instanceof RegExp ? words : new RegExp(`^${words}$`));
    }
  });

  it('are refused of a damaged run, without telling where it lies', async () => {
    for (const path of ['api/load', 'api/caption']) {
      const answer = await ask(`${server.url}${path}?run=cut`, {
        method: 'POST',
        body: readFileSync(files[0]!),
      });
      expect(answer.status).to.equal(500);
      expect(wordsOf(answer)).to.match(/cut\/weights\.safetensors: expected \d+ bytes, got 1000$/);
      expect(answer.text).to.not.include(folder);
    }
  });

  it('come from at most two models at a time; those of before are freed', async () => {
    const load = async (run: string): Promise<Loaded> =>
      JSON.parse((await ask(`${server.url}api/load?run=${run}`, {method: 'POST'})).text) as Loaded;
    // Afterwards neither has written a caption, for which some keep a tensor.
    for (const run of ['one', 'two', 'three', 'one']) await load(run);
    const {numTensors} = tf.memory();
    for (const run of ['two', 'three', 'one', 'two']) {
      expect((await load(run)).run).to.equal(run);
      expect(server.loaded).to.equal(2);
      expect(tf.memory().numTensors).to.equal(numTensors);
    }
    // One that is in memory is used as it is.
    expect((await load('one')).seconds).to.be.below(0.5);
  });

  /** A request whose body has begun and does not end. */
  function begin(body: Buffer): Promise<{asked: ClientRequest; answer: Promise<number>}> {
    return new Promise((ready) => {
      const asked = request(`${server.url}api/caption?run=one`, {method: 'POST', agent: false});
      const answer = new Promise<number>((resolve) => {
        asked.on('response', (response) => response.resume().on('end', () => resolve(response.statusCode!)));
        asked.on('error', () => resolve(0));
      });
      asked.write(body.subarray(0, 100), () => ready({asked, answer}));
    });
  }

  it('wait for each other, few at a time', async () => {
    const body = readFileSync(files[0]!);
    const begun = [await begin(body), await begin(body), await begin(body)];
    await new Promise((done) => setTimeout(done, 200));
    const [first, second] = [
      await caption(body),
      await ask(`${server.url}api/load?run=one`, {method: 'POST'}),
    ];
    for (const refused of [first, second]) {
      expect([refused.status, refused.headers['retry-after']]).to.deep.equal([503, '1']);
      expect(wordsOf(refused)).to.equal('3 images are waiting already; try again in a moment');
    }
    // The page itself is there all the same, and one that gives up makes room.
    expect((await ask(server.url)).status).to.equal(200);
    begun[2]!.asked.destroy();
    expect(await begun[2]!.answer).to.equal(0);
    const third = caption(body);
    for (const {asked} of begun.slice(0, 2)) asked.end(body.subarray(100));
    expect([(await third).status, await begun[0]!.answer, await begun[1]!.answer]).to.deep.equal([
      200, 200, 200,
    ]);
  });

  it('come out of order but right when they are asked for at the same time', async () => {
    const some = files.slice(0, 3);
    const replies = await Promise.all(some.map((file) => captioned(file)));
    const expected = (await captioner.caption(some)) as Captioned[];
    expect(replies.map(({hypotheses}) => hypotheses[0]!.caption)).to.deep.equal(
      expected.map((one) => one.caption),
    );
  });

  it('take no more memory after a hundred than after a few', async () => {
    const memory = (): number => process.memoryUsage().rss / 1e6;
    const write = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at++) await captioned(files[at % files.length]!, 'run=one&beams=2');
    };
    await write(20);
    const {numTensors} = tf.memory();
    const before = memory();
    await write(100);
    expect(tf.memory().numTensors).to.equal(numTensors);
    expect(memory() - before).to.be.below(60);
  });
});

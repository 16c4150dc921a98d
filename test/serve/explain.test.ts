/** Explaining words and hiding parts of an image on the page. */
import {cpSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {type Captioned, Captioner, drawScenes, explain} from 'captioner';
import {hiding, withHidden} from 'captioner/dist/serve/hide';
import type {CaptionReply, ExplainReply} from 'captioner/dist/serve/page/api';
import {serve, type CaptionServer} from 'captioner/dist/serve/server';
import {expect} from 'chai';
import sharp from 'sharp';
import {saveToyCheckpoint} from '../checkpoints/toy';
import {refusal, temporaryFolder} from '../support';
import {ask, expectRefusal, type Answer} from './ask';

const cells = hiding.side ** 2;

describe('Explanations on the page', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const image = join(folder, 'drawn', 'test-0001.jpg');
  let server: CaptionServer;
  let captioner: Captioner;
  before(async () => {
    await drawScenes(join(folder, 'drawn'), {train: 0, validation: 0, test: 10});
    await saveToyCheckpoint(join(folder, 'runs', 'looking'), join(folder, 'drawn'), {kind: 'attention'});
    await saveToyCheckpoint(join(folder, 'runs', 'plain'), join(folder, 'drawn'));
    cpSync(join(folder, 'runs', 'looking'), join(folder, 'same'), {recursive: true});
    captioner = await Captioner.load(join(folder, 'same'));
    server = await serve({
      port: 0,
      folder: join(folder, 'runs'),
      onError: (error) => expect.fail(String(error)),
    });
  });
  after(async () => {
    await server.close();
    captioner.dispose();
  });

  const post = (
    path: string,
    query: Record<string, string>,
    body: Uint8Array = readFileSync(image),
  ): Promise<Answer> =>
    ask(`${server.url}api/${path}?${new URLSearchParams({run: 'looking', ...query}).toString()}`, {
      method: 'POST',
      body,
    });
  async function answer<T>(...given: Parameters<typeof post>): Promise<T> {
    const {status, text} = await post(...given);
    expect(status, text).to.equal(200);
    return JSON.parse(text) as T;
  }

  it('offer the methods that suit the decoder', async () => {
    const names = async (run: string): Promise<string[]> =>
      (await answer<CaptionReply>('caption', {run, maximumLength: '4'})).methods.map(({name}) => name);
    expect(await names('looking')).to.include.members(['attention', 'saliency']);
    const plain = await names('plain');
    expect(plain).to.include('saliency').and.not.include('attention');
  });

  it('are those of the library, for each word', async () => {
    const caption = 'a red ball';
    const reply = await answer<ExplainReply>('explain', {method: 'attention', caption});
    const {image: expected} = await explain(captioner, image, {method: 'attention', caption});
    expect(reply.maps).to.have.length(3);
    for (const [at, map] of reply.maps.entries())
      for (const [cell, value] of map.entries())
        expect(value).to.be.closeTo(expected.values[at * map.length + cell]!, 1e-4);
    const {maps} = await answer<ExplainReply>('explain', {method: 'saliency', caption});
    expect(maps[0]).to.have.length(48 * 48);
  });

  it('hide parts of the image before anything else sees it', async () => {
    const half = '1'.repeat(cells / 2) + '0'.repeat(cells / 2);
    const named = {name: 'image', bytes: readFileSync(image)};
    const {bytes} = await withHidden(named, half);
    const {width, height} = await sharp(image).metadata();
    const meanOf = async (source: Buffer | string, top: number): Promise<number[]> => {
      const part = {left: 0, top, width, height: height / 2};
      const {channels} = await sharp(await sharp(source).extract(part).toBuffer()).stats();
      return channels.slice(0, 3).map(({mean}) => mean);
    };
    expect(await meanOf(bytes, 0)).to.deep.equal([128, 128, 128]);
    for (const [channel, mean] of (await meanOf(bytes, height / 2)).entries())
      expect(mean).to.be.closeTo((await meanOf(image, height / 2))[channel]!, 0.6);

    const [expected] = (await captioner.caption([bytes], {beams: 2})) as [Captioned];
    const reply = await answer<CaptionReply>('caption', {beams: '2', hidden: half});
    expect(reply.hypotheses[0]!.caption).to.equal(expected.caption);
    expect(reply.hypotheses[0]!.score).to.be.closeTo(expected.hypotheses[0]!.score, 1e-6);
  });

  it('mark words that changed', async () => {
    const {hypotheses} = await answer<CaptionReply>('caption', {});
    const words = hypotheses[0]!.words.map(({text}) => text);
    const before = [...words.slice(0, -1), 'other'].join(' ');
    const reply = await answer<CaptionReply>('caption', {before});
    expect(reply.before).to.equal(before);
    expect(reply.hypotheses[0]!.words.map(({changed}) => changed ?? false)).to.deep.equal(
      words.map((_, at) => at === words.length - 1),
    );
  });

  it('stop when nobody waits for them any more', async () => {
    // 1,200 images through the network: a minute, for which the next request would wait.
    const query = {run: 'looking', method: 'shapley-value-sampling', caption: 'a red ball'};
    const controller = new AbortController();
    const given = fetch(`${server.url}api/explain?${new URLSearchParams(query).toString()}`, {
      method: 'POST',
      body: readFileSync(image),
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 1500);
    expect(await given.catch((error: unknown) => (error as Error).name)).to.equal('AbortError');
    const start = performance.now();
    await answer<CaptionReply>('caption', {maximumLength: '4'});
    expect(performance.now() - start).to.be.below(15_000);
  });

  it('are refused for what makes no sense, without paths', async () => {
    expectRefusal(await post('caption', {hidden: '01'}), 400, /^Expected `hidden` to be 576 characters/);
    expectRefusal(await post('caption', {hidden: '2'.repeat(cells)}), 400, /^Expected `hidden`/);
    expectRefusal(await post('explain', {method: 'magic', caption: 'a'}), 400, /^Unknown method "magic"/);
    expectRefusal(await post('explain', {method: 'saliency', caption: 'zyx'}), 400, /"zyx"/);
    expectRefusal(await post('explain', {method: 'saliency', caption: ''}), 400, /at least one word/);
    expectRefusal(await post('explain', {method: 'attention', caption: 'a', run: 'plain'}), 400, /attention/);
    expectRefusal(await post('explain', {method: 'saliency', caption: 'a', run: 'none'}), 404, /no run/);
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    expectRefusal(await post('caption', {hidden: '1'.repeat(cells)}, svg), 422, /^The image: /);
    expectRefusal(await post('explain', {method: 'saliency', caption: 'a'}, svg), 422, /^The image: /);
    expectRefusal(await ask(`${server.url}api/explain?run=looking`), 405, /^Expected POST/);
    const {code} = await refusal(withHidden({name: 'x', bytes: svg}, '0'.repeat(cells)));
    expect(code).to.equal('image');
  });
});

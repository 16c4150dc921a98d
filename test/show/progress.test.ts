import {setTimeout as pause} from 'node:timers/promises';
import {expect} from 'chai';
import {FeatureStore, progress} from 'captioner';
import {startProgress} from 'captioner/dist/show-progress';
import {colourEncoder, drawImages} from '../features/colours';
import {temporaryFolder} from '../support';
import {htmlOf, inKernel, printed, textOf} from './kernel';

describe('progress', () => {
  it('is a bar in a notebook, and finishes when all is done', async () => {
    const sent = await inKernel(async () => {
      const {update} = progress('Encoding <b>', 4000);
      for (let done = 1; done <= 4000; done++) await update(done);
    });
    expect(sent.length).to.be.at.most(6);
    expect(new Set(sent.map(({transient}) => transient.display_id)).size).to.equal(1);
    expect(textOf(sent.at(-1))).to.match(/^Encoding <b> 4,000 of 4,000 \(100 %\), .*\d s$/);
    expect(htmlOf(sent.at(-1)))
      .to.include('aria-valuenow="100"')
      .and.include('Encoding &#60;b&#62;');
  });

  it('says how long the rest will take', async () => {
    const sent = await inKernel(async () => {
      const bar = progress('Encoding', 100);
      await bar.update(0);
      await pause(3000); // drawing again waits as long as fifty drawings took
      await bar.update(30);
      await bar.finish();
    });
    expect(sent.map(textOf).join('\n')).to.match(
      /^Encoding 30 of 100 \(30 %\), [\d.]+ a second, [\d.]+ s left$/m,
    );
  });

  it('accepts total and note with an update, and can stop early', async () => {
    const sent = await inKernel(async () => {
      const bar = progress('Download');
      await bar.update(10);
      await bar.update(20, 80, 'part 2');
      await bar.finish('stopped');
      await bar.finish('twice');
    });
    expect(textOf(sent.at(-1))).to.match(/^Download 20 of 80 \(25 %\), .*stopped$/);
  });

  it('prints occasional lines to a log', async function () {
    if (process.stderr.isTTY) this.skip(); // a terminal shows a bar
    const text = await printed(async () => {
      const {update} = progress('Encoding', 3);
      for (const done of [1, 2, 3]) await update(done);
    });
    expect(text).to.match(/^Encoding 3 of 3 \(100 %\), [^\n]*\n$/);
  });

  it('says the rate of a feature store once, and counts what cannot be read', async () => {
    const images = await drawImages(temporaryFolder(), 40);
    const damaged = {id: 'none.png', file: `${images[0]!.file}.none`};
    const sent = await inKernel(() =>
      FeatureStore.build(colourEncoder(undefined, 60), [...images, damaged], temporaryFolder(), {
        batch: 2,
        progress,
      }),
    );
    const last = textOf(sent.at(-1));
    expect(last).to.match(/^Encoding images 41 of 41 \(100 %\), [\d.]+ a second, [\d.]+ s, 1 unreadable$/);
    for (const one of sent) expect(textOf(one).match(/a second|\/s\b/g) ?? []).to.have.length.below(2);
  });
});

describe('The display of a long call', () => {
  const call = async (progress: false | undefined, milliseconds: number, done = 5): Promise<void> => {
    const bar = startProgress({progress}, 'Captions', 10);
    await bar.update(1);
    await pause(milliseconds);
    await bar.update(done);
    await bar.finish();
  };

  it('is a bar in a notebook if the call takes longer than half a second, unless it is switched off', async () => {
    expect(await inKernel(() => call(undefined, 10))).to.deep.equal([]);
    expect(await inKernel(() => call(false, 600))).to.deep.equal([]);
    const sent = await inKernel(() => call(undefined, 600));
    expect(textOf(sent.at(-1))).to.match(/^Captions 5 of 10 \(50 %\)/);
    expect(await inKernel(() => call(undefined, 600, 10))).to.deep.equal([]);
  });

  it('is nothing elsewhere', async () => {
    expect(await printed(() => call(undefined, 600))).to.equal('');
  });
});

import {expect} from 'chai';
import {progress} from 'captioner';
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
});

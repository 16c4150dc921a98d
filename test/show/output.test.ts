import {expect} from 'chai';
import {breathe, CaptionerError, inNotebook, show, Slot} from 'captioner';
import {Throttle} from 'captioner/dist/show/throttle';
import {inKernel, printed} from './kernel';

describe('show', () => {
  it('sends all forms in one message in a notebook, and prints the text elsewhere', async () => {
    const bundle = {'text/html': '<b>1</b>', 'text/plain': 'one'};
    const sent = await inKernel(() => {
      expect(inNotebook()).to.equal(true);
      show(bundle);
    });
    expect(sent).to.have.length(1);
    expect(sent[0]).to.deep.include({data: bundle, update: false});
    expect(inNotebook()).to.equal(false);
    expect(await printed(() => show(bundle))).to.equal('one\n');
  });

  it('rejects a flood that would hang the cell, and says what to do', async () => {
    await breathe();
    await inKernel(async () => {
      const flood = (): void => {
        for (let at = 0; at < 301; at++) show({'text/plain': String(at)});
      };
      expect(flood).to.throw(CaptionerError, /at most 300 outputs without a pause/);
      await breathe();
      expect(() => show({'text/plain': 'after a pause'})).not.to.throw();
    });
  });
});

describe('Slot', () => {
  it('replaces its content', async () => {
    const sent = await inKernel(() => {
      const slot = new Slot();
      for (const text of ['a', 'b', 'c']) slot.show({'text/plain': text});
    });
    expect(sent.map(({update}) => update)).to.deep.equal([false, true, true]);
    expect(new Set(sent.map(({transient}) => transient.display_id)).size).to.equal(1);
  });

  it('defers the newest state of a flood', async () => {
    await breathe();
    const sent = await inKernel(async () => {
      const slot = new Slot();
      for (let at = 1; at <= 2000; at++) slot.show({'text/plain': String(at)});
      await breathe();
      await breathe();
    });
    expect(sent.length).to.be.within(300, 310);
    expect(sent.at(-1)?.data['text/plain']).to.equal('2000');
  });
});

describe('Throttle', () => {
  it('draws at most ten times a second, all throttles together, and the last state in the end', async () => {
    let drawn = 0;
    let last = -1;
    let state = 0;
    const draw = (): void => {
      drawn++;
      last = state;
    };
    const painters = [new Throttle(draw, 10), new Throttle(draw, 10)];
    const start = performance.now();
    while (performance.now() - start < 550) {
      state++;
      await Promise.all(painters.map((painter) => painter.request()));
      await breathe();
    }
    expect(drawn).to.be.within(3, 7);
    await painters[0]!.finish();
    expect(last).to.equal(state);
  });

  it('draws an early request once the interval has passed', async () => {
    let drawn = 0;
    const painter = new Throttle(() => drawn++, 50);
    await painter.finish();
    await painter.request();
    expect(drawn).to.equal(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(drawn).to.equal(2);
  });
});

import {expect} from 'chai';
import {breathe, lossCurves, type LossPoint} from 'captioner';
import {htmlOf, inKernel, printed, textOf} from './kernel';

interface Trace {
  name: string;
  x: number[];
  y: number[];
}

function traces(data: readonly unknown[]): Map<string, Trace> {
  return new Map((data as Trace[]).map((trace) => [trace.name, trace]));
}

const run = (from: number, to: number): LossPoint[] =>
  Array.from({length: to - from}, (_, at) => ({
    step: from + at,
    loss: 4 / (1 + from + at),
    learningRate: 1e-3,
  }));

describe('lossCurves', () => {
  it('updates one output at most ten times a second, and shows the final state', async () => {
    const start = performance.now();
    const sent = await inKernel(async () => {
      const curves = lossCurves();
      for (const point of run(1, 5001)) {
        await curves.add(point);
        if (point.step % 50 === 0) await breathe();
      }
      await curves.finish();
    });
    const seconds = (performance.now() - start) / 1000;
    expect(sent.length).to.be.at.most(2 + 10 * seconds);
    expect(new Set(sent.map(({transient}) => transient.display_id)).size).to.equal(1);
    expect(textOf(sent.at(-1))).to.match(/^step 5,000, training loss 0\.0008/);
  });

  it('shows an image during training and an interactive figure at the end', async () => {
    const sent = await inKernel(async () => {
      const curves = lossCurves({title: 'A <b> & c'});
      await curves.add({step: 1, loss: 3, learningRate: 1e-3, validationLoss: 3});
      await curves.add({step: 2, loss: NaN, learningRate: 1e-3, validationLoss: 2.5});
      await curves.finish();
    });
    const types = sent.map(({data}) => Object.keys(data)[0]);
    expect(types).to.deep.equal(['text/html', 'text/html', 'application/vnd.plotly.v1+json']);
    const [, uri] = /src="data:image\/svg\+xml;base64,([^"]*)"/.exec(htmlOf(sent[1]))!;
    const svg = Buffer.from(uri!, 'base64').toString();
    expect(svg)
      .to.include('A &#60;b&#62; &#38; c')
      .and.not.match(/NaN|Infinity|undefined/);
    expect(svg.match(/<circle/g)).to.have.length(2);
  });

  it('draws each epoch at once', async () => {
    const sent = await inKernel(async () => {
      const curves = lossCurves();
      await curves.add({step: 10, epoch: 1, loss: 2, validationLoss: 2.5});
      await curves.add({step: 20, epoch: 2, loss: 1, validationLoss: 2.7});
    });
    expect(textOf(sent.at(-1))).to.equal(
      'step 20, training loss 1.4737, validation loss 2.7000, best 2.5000 at step 10',
    );
  });

  it('continues the points of a resumed run', () => {
    const curves = lossCurves({history: [...run(1, 101), {step: 100, validationLoss: 1}]});
    void curves.add({step: 101, loss: 0.5});
    const byName = traces(curves.figure().data);
    expect(byName.get('training')!.x.at(0)).to.equal(1);
    expect(byName.get('training')!.x.at(-1)).to.equal(101);
    expect(byName.get('validation')!.x).to.deep.equal([100]);
  });

  it('sorts points by step and keeps one per step', () => {
    const epochs = [
      {step: 10, epoch: 1, loss: 9, validationLoss: 2, learningRate: 1},
      {step: 20, epoch: 2, loss: 9, validationLoss: 1, learningRate: 1},
    ];
    const curves = lossCurves({history: [...run(1, 21), ...epochs], smoothing: 0});
    const byName = traces(curves.figure().data);
    expect(byName.get('each step')!.x).to.deep.equal(run(1, 21).map(({step}) => step));
    expect(Math.max(...byName.get('training')!.y)).to.equal(2);
    expect(byName.get('validation')!.x).to.deep.equal([10, 20]);
    expect(byName.get('learning rate')!.x).to.deep.equal(run(1, 21).map(({step}) => step));
  });

  it('thins a long run, and preserves its ends and its mean', () => {
    const history = Array.from({length: 30_000}, (_, step) => ({step, loss: step % 2}));
    const each = traces(lossCurves({history}).figure().data).get('each step')!;
    expect(each.x.length).to.be.at.most(601);
    expect(each.x.at(-1)).to.equal(29_999);
    expect(each.y.slice(0, -1).every((loss) => Math.abs(loss - 0.5) < 0.02)).to.equal(true);
  });

  it('smooths without bias at the start', () => {
    const history = Array.from({length: 50}, (_, step) => ({step, loss: 3}));
    const smooth = traces(lossCurves({history}).figure().data).get('training')!;
    smooth.y.forEach((loss) => expect(loss).to.be.closeTo(3, 1e-9));
  });

  it('prints one line per epoch in a terminal', async () => {
    const text = await printed(async () => {
      const curves = lossCurves();
      for (const point of run(1, 11)) await curves.add(point);
      await curves.add({step: 10, epoch: 1, validationLoss: 2});
      await curves.finish();
    });
    expect(text.trim().split('\n')).to.have.length(1);
    expect(text).to.include('validation loss 2.0000');
  });

  it('has a text before the first step', () => {
    expect(lossCurves().figure().text).to.equal('No steps yet');
  });
});

import {expect} from 'chai';
import {appendFileSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {readEvents, type TrainingEvent} from 'captioner';
import {cutBack, MetricsLog, MetricsReader, unfinishedSeconds} from 'captioner/dist/training/metrics-log';
import {temporaryFolder} from '../support';

const folder = temporaryFolder();
let files = 0;
const newFile = (): string => join(folder, `metrics-${files++}.jsonl`);

/** An event so many seconds after the first. */
function event(type: string, step: number, seconds = 0, more: object = {}): TrainingEvent {
  return {type, time: new Date(1.7e12 + 1000 * seconds).toISOString(), step, ...more} as TrainingEvent;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('MetricsLog', () => {
  it('appends a few times a second, and the rest when it is flushed', async () => {
    const log = new MetricsLog(newFile());
    const sizes = new Set<number>();
    const start = performance.now();
    let step = 0;
    while (performance.now() - start < 1500) {
      log.write(event('step', ++step));
      sizes.add(statSync(log.file).size);
      if (step % 50 === 0) await sleep(1);
    }
    expect(step).to.be.above(500);
    expect(sizes.size).to.be.within(2, 6);
    log.close();
    expect(readEvents(log.file).map((one) => one.step)).to.deep.equal(
      Array.from({length: step}, (_, at) => at + 1),
    );
  });

  it('writes what came before a pause without another event', async () => {
    const log = new MetricsLog(newFile());
    log.write(event('begin', 0));
    log.write(event('step', 1));
    expect(readEvents(log.file)).to.have.length(1);
    await sleep(600);
    expect(readEvents(log.file)).to.have.length(2);
  });

  it('warns once and lets training go on when it can not write', async () => {
    const warnings: string[] = [];
    const keep = ({message}: Error): void => void warnings.push(message);
    process.on('warning', keep);
    const log = new MetricsLog(join(folder, 'nowhere', 'metrics.jsonl'));
    for (let step = 1; step < 5; step++) {
      log.write(event('step', step));
      log.flush();
    }
    await sleep(20);
    process.off('warning', keep);
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.include('nowhere').and.include('no more events are logged');
  });

  it('is read without what is no event, and without half a line at its end', () => {
    const file = newFile();
    writeFileSync(
      file,
      `${JSON.stringify(event('step', 1))}\nnonsense\n{"type":"tea"}\n${JSON.stringify(event('step', 2))}\n{"type":"st`,
    );
    expect(readEvents(file).map(({step}) => step)).to.deep.equal([1, 2]);
    expect(readEvents(join(folder, 'missing.jsonl'))).to.deep.equal([]);
  });

  it('is cut back to a step, and to an epoch that had not ended', () => {
    const events = [
      event('begin', 0),
      event('step', 1),
      event('step', 2),
      event('epoch', 2, 0, {epoch: 1}),
      event('step', 3),
    ];
    const file = newFile();
    const write = (): void =>
      writeFileSync(file, `${events.map((one) => JSON.stringify(one)).join('\n')}\n{"type":"step","ste`);
    write();
    expect(cutBack(file, {step: 3, epoch: 1})).to.deep.equal(events);
    expect(readFileSync(file, 'utf8').endsWith('}\n')).to.equal(true);
    expect(cutBack(file, {step: 2, epoch: 1})).to.deep.equal(events.slice(0, 4));
    write();
    // The checkpoint was saved in the middle of validation.
    expect(cutBack(file, {step: 2, epoch: 0})).to.deep.equal(events.slice(0, 3));
    expect(readEvents(file)).to.deep.equal(events.slice(0, 3));
    expect(cutBack(join(folder, 'missing.jsonl'), {step: 1, epoch: 0})).to.deep.equal([]);
  });

  it('tells how long an epoch has taken in all sittings', () => {
    const events = [
      event('begin', 0, 0),
      event('step', 1, 10),
      event('epoch', 1, 15, {epoch: 1}),
      event('step', 2, 20),
      event('stop', 2, 22),
      event('resume', 2, 1000),
      event('validation', 2, 1005),
      event('resume', 2, 5000), // killed before
      event('step', 3, 5001),
    ];
    expect(unfinishedSeconds(events)).to.equal(7 + 5 + 1);
    expect(unfinishedSeconds(events.slice(0, 3))).to.equal(0);
    expect(unfinishedSeconds([])).to.equal(0);
  });
});

describe('MetricsReader', () => {
  it('reads what is new, in whole lines, also where a chunk ends within a character', () => {
    const file = newFile();
    const reader = new MetricsReader(file);
    expect(reader.read()).to.deep.equal({fresh: false, events: []});
    const line = Buffer.from(`${JSON.stringify(event('alarm', 1, 0, {message: '“größer”'}))}\n`);
    appendFileSync(file, line.subarray(0, line.indexOf('ß') + 1));
    expect(reader.read().events).to.deep.equal([]);
    appendFileSync(file, line.subarray(line.indexOf('ß') + 1));
    expect(reader.read().events).to.deep.equal([event('alarm', 1, 0, {message: '“größer”'})]);
    expect(reader.read()).to.deep.equal({fresh: false, events: []});
  });

  it('begins anew when the file was cut back, even if it has grown beyond since', () => {
    const file = newFile();
    const line = (step: number): string => `${JSON.stringify(event('step', step))}\n`;
    writeFileSync(file, line(1) + line(2) + line(3));
    const reader = new MetricsReader(file);
    expect(reader.read().events).to.have.length(3);
    writeFileSync(file, line(1));
    expect(reader.read()).to.deep.equal({fresh: true, events: [event('step', 1)]});
    writeFileSync(file, line(1) + line(2));
    expect(reader.read()).to.deep.equal({fresh: false, events: [event('step', 2)]});
    writeFileSync(file, line(1) + line(7) + line(8) + line(9));
    const {fresh, events} = reader.read();
    expect([fresh, events.map(({step}) => step)]).to.deep.equal([true, [1, 7, 8, 9]]);
  });
});

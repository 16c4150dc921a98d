import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {expect} from 'chai';

interface Found {
  readonly preparing: number;
  readonly scoring: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly atOnce: Readonly<Record<string, number>>;
}

describe('A scorer of many images', () => {
  it('lets other events through, with the same scores', async () => {
    // A process of its own: the garbage of other tests would count.
    const {stdout} = await promisify(execFile)(process.execPath, [join(__dirname, 'score-alone.js')]);
    const {preparing, scoring, metrics, atOnce} = JSON.parse(stdout) as Found;
    console.log(`      preparing ${preparing.toFixed(0)} ms, scoring ${scoring.toFixed(0)} ms`);
    // Usually below 100 ms; the threads of the garbage collector count too. Without pauses it is 500 and more.
    expect(preparing, 'preparing').to.be.at.most(200);
    expect(scoring, 'scoring').to.be.at.most(200);
    expect(metrics).to.deep.equal(atOnce);
  }).timeout(240_000);
});

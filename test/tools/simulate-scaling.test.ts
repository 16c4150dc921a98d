import {spawnSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';

describe('The simulation of many workers', () => {
  const file = join(temporaryFolder(), 'scaling.json');
  const simulated = (...flags: string[]): string => {
    const program = join(projectRoot, 'tools', 'simulate-scaling.mjs');
    const {status, stdout, stderr} = spawnSync(process.execPath, [program, file, ...flags], {
      encoding: 'utf8',
    });
    expect(status, stderr).to.equal(0);
    return stdout;
  };

  before(() => {
    // Batches of a second; a sum of 0.2 s, of which two messages wait 2 ms each.
    const rows = [
      {workers: 1, step: 4, steps: [4, 4, 4], sum: 0, ping: 0},
      {workers: 2, step: 2.2, steps: [2.2, 2.2, 2.2], sum: 0.2, ping: 0.002},
      {workers: 4, step: 3, steps: [3, 3, 3], sum: 0.5, ping: 0.006},
    ];
    writeFileSync(file, JSON.stringify([{weights: 8_000_000, accumulate: 4, cores: 2, rows}]));
  });

  it('takes what the arithmetic of its model says where batches take no random time', () => {
    const lines = simulated('--check').trim().split('\n').slice(1);
    const found = lines.map((line) => Number(line.trim().split(/\s+/)[2]));
    const bandwidth = (8_000_000 * 4) / (0.2 - 2 * 0.002);
    // Four workers on two cores: each batch and each message takes twice as long.
    const four = 2 * (1 + ((6 / 4) * 8_000_000 * 4) / bandwidth + 6 * 0.001 * 2);
    expect(found).to.deep.equal([4, 2.2, Number(four.toFixed(3))]);
  });

  it('foretells an epoch of COCO, on one worker and on eight with a slow network', () => {
    const lines = simulated().split('\n');
    const hours = 600_000 / 64 / 3600;
    const row = (start: RegExp): string[] =>
      lines
        .find((line) => start.test(line))!
        .trim()
        .split(/\s{2,}/);
    expect(row(/^COCO +1 +1 /).slice(3)).to.deep.equal([hours.toFixed(1), '100 %', '64']);
    const sum = ((14 / 8) * 8_000_000 * 4) / 125e6 + 14 * 0.001 * 2;
    const eight = row(/^COCO +8 +4 +1 Gbit/);
    expect(eight.at(-1)).to.equal('2048');
    expect(eight.at(-2)).to.equal(`${Math.round(100 * (4 / (4 + sum)))} %`);
  });
});

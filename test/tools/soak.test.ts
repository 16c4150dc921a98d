/** A short soak: rounds of training, stopping, resuming, captioning, explaining, evaluating and errors leave nothing behind. */
import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {expect} from 'chai';
import {projectRoot} from '../support';

describe('A process that lives long', function () {
  this.timeout(600_000);

  it('holds no more tensors or files after some rounds, and computes the same', () => {
    const script = join(projectRoot, 'tools', 'soak.mjs');
    const {status, stdout, stderr} = spawnSync(process.execPath, [script, '--seconds', '20'], {
      encoding: 'utf8',
    });
    expect(status, `${stdout}\n${stderr}`).to.equal(0);
    const {rounds, failures} = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as {
      rounds: number;
      failures: string[];
    };
    expect(failures).to.deep.equal([]);
    expect(rounds).to.be.at.least(3);
  });
});

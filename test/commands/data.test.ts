import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {expect} from 'chai';
import {lay, imageFiles} from '../datasets/lay';
import {projectRoot} from '../support';

async function stderrOf(folder: string): Promise<string> {
  const script = `const {open, introduce} = require('captioner/dist/commands/data');
    open(process.argv[1]).then(introduce);`;
  const options = {cwd: projectRoot, timeout: 110_000, killSignal: 'SIGKILL'} as const;
  return (await promisify(execFile)(process.execPath, ['-e', script, folder], options)).stderr;
}

const table = (lines: number): Record<string, string> => ({
  'captions.csv': ['image,split,caption', ...Array<string>(lines).fill('a.jpg,train,A dog .')].join('\n'),
  ...imageFiles(['a.jpg']),
});

describe('The data set of a command', () => {
  it('is told of in a line', async () => {
    const folder = lay(table(3));
    expect(await stderrOf(folder)).to.equal(
      `captioner: ${folder} (own): 1 train images; 3 captions, 3 an image; 2 different words\n`,
    );
  });

  it('comes with a bar where its caption file is large', async () => {
    // On a busy machine, lines of the progress come first.
    const [bar, told] = (await stderrOf(lay(table(850_000)))).trimEnd().split('\n').slice(-2);
    expect(bar).to.match(/^Reading captions \(MB\) 17 of 17 \(100 %\)/);
    expect(told).to.include('850,000 captions');
  });
});

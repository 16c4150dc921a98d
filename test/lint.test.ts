import {execFile} from 'node:child_process';
import {join, relative} from 'node:path';
import {promisify} from 'node:util';
import {expect} from 'chai';
import {ESLint} from 'eslint';
import {projectRoot} from './support';

describe('The code', () => {
  it('is formatted as prettier does it', async () => {
    const prettier = join(projectRoot, 'node_modules', 'prettier', 'bin', 'prettier.cjs');
    const args = [prettier, '--list-different', '.'];
    const {stdout, stderr} = await promisify(execFile)(process.execPath, args, {cwd: projectRoot}).catch(
      (error: {stdout: string; stderr: string}) => error,
    );
    expect(stderr).to.equal('');
    expect(stdout.split('\n').filter(Boolean)).to.deep.equal([]);
  });

  it('has nothing that eslint objects to', async () => {
    const results = await new ESLint({cwd: projectRoot}).lintFiles(['.']);
    const found = results.flatMap(({filePath, messages}) =>
      messages.map(
        ({line, message}) => `${relative(projectRoot, filePath)}:${line}: ${message.split('\n')[0]}`,
      ),
    );
    expect(results).to.not.have.length(0);
    expect(found).to.deep.equal([]);
  });
});

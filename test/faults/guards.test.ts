/** The lint rules that keep what comes from others behind the guards. */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {ESLint} from 'eslint';
import {expect} from 'chai';
import {projectRoot} from '../support';

describe('The lint rules', function () {
  this.timeout(120_000);

  it('forbid ways around the guards', async () => {
    const lint = new ESLint({cwd: projectRoot});
    const file = join(projectRoot, 'lib', 'commands', 'io.ts');
    const source = readFileSync(file, 'utf8');
    for (const bypass of [
      'process.stdout.write(String(process.argv));',
      'process.stderr.write(String(process.argv));',
      'console.log(process.argv);',
      'console.warn(String(process.argv));',
      'process.emitWarning(String(process.argv));',
      "import {readFileSync} from 'node:fs';",
      "import {open} from 'node:fs/promises';",
      "import sharp from 'sharp';",
    ]) {
      const [result] = await lint.lintText(`${bypass}\n${source}`, {filePath: file});
      const rules = result!.messages.filter(({message}) => /lib\/[\w/-]+\.ts/.test(message));
      expect(rules, bypass).to.have.length(1);
    }
  });
});

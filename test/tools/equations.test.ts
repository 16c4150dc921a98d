/** Equations in the pages of reports. */
import {spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {notebooks} from '../notebooks/quick';
import {projectRoot, python} from '../support';

/** Converts Markdown as reports do. */
function convert(markdown: string): string {
  const code =
    'import sys; from equations import markdown_to_html; print(markdown_to_html(sys.stdin.read()))';
  const {stdout, stderr, status} = spawnSync(python(), ['-c', code], {
    input: markdown,
    encoding: 'utf8',
    cwd: join(projectRoot, 'tools'),
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

describe('Equations in reports', () => {
  it('are MathML, in the line or on their own', () => {
    const page = convert('The loss $\\mathcal{L}$ is\n\n$$-\\frac{1}{N} \\sum_n \\log p(w_n)$$\n');
    expect(page).to.match(/The loss <math[^>]*display="inline">[^]*<\/math> is/);
    expect(page).to.match(/<span class="equation"><math[^>]*display="block">[^]*<mfrac>[^]*<munder/);
    expect(page).not.to.include('$');
  });

  it('stay as they were written where they are not known LaTeX', () => {
    const page = convert('$$\\begin{aligned} a &= b \\end{aligned}$$\n');
    expect(page).not.to.include('<math');
    expect(page).to.include('aligned');
    expect(convert('$$\\nonsense x$$\n')).to.include('nonsense x$$');
  });

  it('are known LaTeX in every chapter', () => {
    for (const name of notebooks) {
      const {cells} = JSON.parse(readFileSync(join(projectRoot, 'notebooks', name), 'utf8')) as {
        cells: {cell_type: string; source: string[]}[];
      };
      const texts = cells
        .filter(({cell_type}) => cell_type === 'markdown')
        .map(({source}) => source.join(''));
      const page = convert(texts.join('\n\n')).replace(/<(code|pre)[^>]*>[^]*?<\/\1>/g, '');
      expect(page, name).not.to.match(/\$\$|\\[a-z]/);
    }
  }).timeout(60_000);

  it('leave other Markdown as it is', () => {
    const page = convert(
      '## Costs\n\nIt costs \\$5, **not** `$6$`.\n\n<details><summary>Solution</summary>\n\n*Yes.*\n</details>\n',
    );
    expect(page).not.to.include('<math');
    expect(page).to.match(/<strong>not<\/strong> <code>\$6\$<\/code>/);
    expect(page).to.match(/<details><summary>Solution<\/summary>[^]*<em>Yes\.<\/em>[^]*<\/details>/);
  });
});

/** Facts that a report states about itself, and those that it must not contain. */
import {readFileSync} from 'node:fs';
import {homedir} from 'node:os';
import {join} from 'node:path';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';
import {reportTool} from './quick';
import {writeNotebook} from './write';

function notebook(folder: string, name: string, ...sources: string[]): string {
  return writeNotebook(folder, name, sources, '# A trial\n\nOf reports.');
}

describe('A report', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();

  it('names its versions, data, seed and parameters, and shows the recorded scores', async () => {
    const file = notebook(
      folder,
      'facts',
      "let seed = 7; // of nothing\nlet name = 'x';",
      `import {openDataset, recordFact, recordScores} from 'captioner';`,
      `const data = await openDataset('scenes'); console.log(data.images.length);`,
      `recordScores({'CIDEr-D': 0.875, 'BLEU-1': 0.5}, {intervals: {'CIDEr-D': {low: 0.75, high: 1}}, label: 'of <nothing>'});
       recordFact('Remark', 'none & all');`,
    );
    const {report} = await reportTool();
    const {html, ipynb, index} = await report(file, [['name', 'y']], {folder, log: () => {}});
    expect(html).to.equal(join(folder, 'facts-name-y', 'facts-name-y.html'));
    const page = readFileSync(html, 'utf8');
    const facts = Object.fromEntries(
      [...page.matchAll(/<dt>([^<]*)<\/dt><dd>(.*?)<\/dd><\/div>/g)].map(
        ([, name, value]) => [name!, value!] as const,
      ),
    );
    const {version} = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(facts['Version']).to.match(
      new RegExp(`^captioner ${version.replaceAll('.', '\\.')}(, commit [0-9a-f]{7,})?`),
    );
    expect(facts['Data']).to.match(/^scenes, \d+ images, \d+ captions, fingerprint [0-9a-f]{12}$/);
    expect(facts['Parameters']).to.equal('<b>name = y</b>, <span>seed = 7</span>');
    expect(facts).to.include({Seed: '7', Remark: 'none &amp; all'});
    expect(facts).to.include.keys('Executed', 'Duration', 'Machine', 'Notebook');
    expect(facts['CIDEr-D']).to.equal('0.875<small>0.750 to 1.000</small>');
    expect(page).to.include('of &lt;nothing&gt;');
    expect(readFileSync(index, 'utf8'))
      .to.include('0.875<small>0.750 to 1.000</small>')
      .and.include('name = y');
    expect(readFileSync(ipynb, 'utf8')).not.to.include('captioner-report');
  });

  it('has no path of the machine, in the page or in the notebook', async () => {
    const secret = join(temporaryFolder(), 'private-place', 'photos');
    const file = notebook(
      join(folder, 'where it lies'),
      'paths',
      `let data = '';`,
      `import {homedir} from 'node:os';
       import {projectFolder, showTable, show, userPath} from 'captioner';
       const places = [data, projectFolder(), projectFolder() + '/checkpoints/x', homedir() + '/x', process.cwd(), userPath('x')];`,
      `showTable(places.map((place) => ({place: place}))); console.log(places.join('\\n')); console.error('in ' + data + '/a b.jpg');
       show({'text/html': '<a href="file://' + encodeURI(data) + '">' + data + '</a>', 'text/plain': data});
       show({'application/json': {at: data, [data]: [projectFolder()]}, 'text/plain': ''});`,
    );
    const before = process.env['CAPTIONER_CWD'];
    process.env['CAPTIONER_CWD'] = join(folder, 'where it lies');
    try {
      const {report} = await reportTool();
      const {html, ipynb} = await report(file, [['data', secret]], {folder, log: () => {}});
      for (const text of [html, ipynb].map((one) => readFileSync(one, 'utf8'))) {
        for (const place of [
          projectRoot,
          `${homedir()}/`,
          'private-place',
          'where it lies',
          'where%20it',
          folder,
        ])
          expect(text).not.to.include(place);
        expect(text).to.include('…/photos').and.include('checkpoints/x').and.include('~/x');
      }
      expect(readFileSync(join(html, '..', 'report.json'), 'utf8')).not.to.include('private-place');
    } finally {
      if (before === undefined) delete process.env['CAPTIONER_CWD'];
      else process.env['CAPTIONER_CWD'] = before;
    }
  });

  it('keeps every form of a chart in the notebook, so that others can show it', async () => {
    const file = notebook(
      folder,
      'chart',
      'let a = 1;',
      `import {figureBundle, show} from 'captioner';`,
      `show({...figureBundle({data: [{x: [1, 2], y: [3, 4]}], text: 'A line'}), 'image/svg+xml': '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'});`,
    );
    const {report} = await reportTool();
    const {ipynb, html} = await report(file, [], {folder, sharedAssets: true, log: () => {}});
    const {cells} = JSON.parse(readFileSync(ipynb, 'utf8')) as {cells: {outputs?: {data: object}[]}[]};
    const types = ['application/vnd.plotly.v1+json', 'image/svg+xml', 'text/plain'];
    expect(cells.at(-1)?.outputs?.[0]?.data).to.have.all.keys(types);
    const page = readFileSync(html, 'utf8');
    const [, shared] = /<script nonce="[^"]+" src="\.\.\/(assets\/plotly-[\d.]+\.min\.js)"/.exec(page) ?? [];
    expect(page.length).to.be.below(200_000);
    expect(readFileSync(join(folder, shared!)).length).to.be.above(1_000_000);
  });
});

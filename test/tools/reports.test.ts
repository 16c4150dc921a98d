/** Which folder a report is written to, and the page that lists all of them. */
import {spawn} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {expect} from 'chai';
import sharp from 'sharp';
import {projectRoot, temporaryFolder} from '../support';

type Parameters = readonly (readonly [string, string])[];

interface NameModule {
  readonly nameOf: (notebook: string, parameters: Parameters) => string;
  readonly identityOf: (notebook: string, parameters: Parameters) => string;
  readonly checkName: (name: string | undefined) => string;
  readonly refuseOther: (folder: string, name: string, identity: string) => void;
}

interface PublishModule {
  readonly publish: (
    folder: string,
    unfinished: string,
    options: {wanted: string; identity: string; replace: boolean},
  ) => Promise<{name: string; html: string}>;
  readonly writeIndex: (folder: string) => Promise<string>;
}

const url = (file: string): string => pathToFileURL(join(projectRoot, 'tools', 'report', file)).href;
const names = async (): Promise<NameModule> => (await import(url('name.mjs'))) as NameModule;
const publishing = async (): Promise<PublishModule> => (await import(url('publish.mjs'))) as PublishModule;

interface About {
  readonly title?: string;
  readonly date?: string;
  readonly notebook?: string;
  readonly parameters?: Record<string, unknown>;
  readonly record?: object;
  readonly outputs?: object[];
}

let count = 0;

/** Folder of an execution until its report is published. */
function executed(folder: string, about: About = {}): string {
  const {title = 'A report', date = '2026-03-01T10:00:00+00:00', outputs = [], ...captioner} = about;
  const unfinished = join(folder, `.unfinished-${process.pid}-${count++}`);
  mkdirSync(unfinished, {recursive: true});
  const cells = [
    {cell_type: 'markdown', source: `# ${title}\n\nThe **first** paragraph.`, metadata: {}},
    {cell_type: 'code', source: '1', outputs, metadata: {}, execution_count: 1},
  ];
  const metadata = {papermill: {start_time: date, duration: 83}, captioner};
  writeFileSync(join(unfinished, 'report.ipynb'), JSON.stringify({cells, metadata}));
  writeFileSync(join(unfinished, 'report.html'), `<title>${title}</title>`);
  return unfinished;
}

describe('Names of reports', () => {
  it('come from the notebook and the parameters that were set', async () => {
    const {nameOf} = await names();
    const cases: [string, Parameters, string][] = [
      ['/p/notebooks/05-training.ipynb', [], '05-training'],
      ['/p/notebooks/06-search.ipynb', [['data', 'data/flickr8k']], '06-search-data-flickr8k'],
      ['/p/a.ipynb', [['units', '64'], ['data', '/x/y/']], 'a-data-y-units-64'], // prettier-ignore
      ['/p/My test, größer.ipynb', [['names', '["a/b"]']], 'My-test-größer-names-a-b'],
      ['/p/a.ipynb', [['x', '1'], ['x', '2']], 'a-x-2'], // prettier-ignore
    ];
    for (const [notebook, parameters, name] of cases) expect(nameOf(notebook, parameters)).to.equal(name);
  });

  it('stay short and distinct', async () => {
    const {nameOf} = await names();
    const long = ['a', 'b'].map((end) => nameOf('/p/a.ipynb', [['caption', `${'word '.repeat(30)}${end}`]]));
    for (const name of long)
      expect(name)
        .to.match(/^a-caption-word-.*-[0-9a-f]{8}$/)
        .and.have.length.at.most(60);
    expect(long[0]).not.to.equal(long[1]);
  });

  it('are refused where they are no names of folders', async () => {
    const {checkName} = await names();
    for (const name of ['a/b', '..', '.hidden', 'assets', 'index.html', '', 'a b', undefined, '--replace'])
      expect(() => checkName(name), name).to.throw(/Expected/);
    expect(checkName('flickr8k-baseline_2.1')).to.equal('flickr8k-baseline_2.1');
  });

  it('stand for the same report, from whichever folder its paths are given', async () => {
    const {identityOf} = await names();
    const notebook = join(projectRoot, 'notebooks', '05-training.ipynb');
    const before = process.env['CAPTIONER_CWD'];
    const from = (folder: string, data: string): string => {
      process.env['CAPTIONER_CWD'] = folder;
      return identityOf(notebook, [['data', data], ['units', '64']]); // prettier-ignore
    };
    try {
      const identity = from(projectRoot, 'lib/metrics');
      expect(from(join(projectRoot, 'lib'), 'metrics')).to.equal(identity);
      expect(from('/', join(projectRoot, 'lib', 'metrics'))).to.equal(identity);
      expect(from(projectRoot, 'metrics')).not.to.equal(identity);
      expect(identityOf(notebook, [])).not.to.equal(identity);
    } finally {
      if (before === undefined) delete process.env['CAPTIONER_CWD'];
      else process.env['CAPTIONER_CWD'] = before;
    }
  });
});

describe('The folder of reports', () => {
  it('replaces a report by its new version only, and numbers others of the same name', async () => {
    const {publish} = await publishing();
    const folder = temporaryFolder();
    const put = async (identity: string, title: string): Promise<string> =>
      (await publish(folder, executed(folder, {title}), {wanted: 'compare', identity, replace: false})).name;
    expect(await put('one', 'First')).to.equal('compare');
    writeFileSync(join(folder, 'compare', 'my-remarks.txt'), 'kept');
    expect(await put('two', 'Other')).to.equal('compare-2');
    expect(await put('three', 'Third')).to.equal('compare-3');
    expect(await put('one', 'First again')).to.equal('compare');
    expect(readFileSync(join(folder, 'compare', 'compare.html'), 'utf8')).to.include('First again');
    expect(readFileSync(join(folder, 'compare', 'my-remarks.txt'), 'utf8')).to.equal('kept');
    // A gap is not taken by a report that has a number already.
    rmSync(join(folder, 'compare'), {recursive: true});
    expect(await put('three', 'Third again')).to.equal('compare-3');
    expect(await put('four', 'Fourth')).to.equal('compare');
    expect(readdirSync(folder).sort()).to.deep.equal(['compare', 'compare-2', 'compare-3', 'index.html']);
  });

  it('says what holds the name that was asked for, unless it may be replaced', async () => {
    const {publish} = await publishing();
    const {refuseOther} = await names();
    const folder = temporaryFolder();
    const about = {notebook: 'notebooks/a.ipynb', parameters: {units: 64}};
    await publish(folder, executed(folder, about), {wanted: 'mine', identity: 'one', replace: false});
    expect(() => refuseOther(folder, 'mine', 'one')).not.to.throw();
    expect(() => refuseOther(folder, 'other', 'two')).not.to.throw();
    expect(() => refuseOther(folder, 'mine', 'two')).to.throw(
      /mine holds the report of notebooks\/a\.ipynb with units = 64; choose another name, or add --replace/,
    );
    const {name, html} = await publish(folder, executed(folder, {title: 'New'}), {
      ...{wanted: 'mine', identity: 'two', replace: true},
    });
    expect([name, readFileSync(html, 'utf8')]).to.deep.equal(['mine', '<title>New</title>']);
  });

  it('lists all reports, the newest first, with parameters, scores and thumbnails', async () => {
    const {publish} = await publishing();
    const folder = temporaryFolder();
    const png = await sharp({create: {width: 600, height: 400, channels: 3, background: '#3a7fd0'}})
      .png()
      .toBuffer();
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="40"><rect width="90" height="40"/></svg>';
    const scores = {'BLEU-1': {value: 0.7}, 'CIDEr-D': {value: 1.0234, low: 0.95, high: 1.1}};
    const about: [string, About][] = [
      [
        'old',
        {title: 'Old <b>', date: '2026-03-01T10:00:00+00:00', outputs: [{data: {'image/svg+xml': svg}}]},
      ],
      ['newest', {title: 'Newest', date: '2026-03-03T10:00:00+00:00', parameters: {data: '</a>'}}],
      ['middle', {title: 'Middle', date: '2026-03-02T10:00:00+00:00', record: {scores, label: 'test split'}, outputs: [{data: {'image/png': png.toString('base64')}}]}], // prettier-ignore
    ];
    for (const [wanted, one] of about)
      await publish(folder, executed(folder, one), {wanted, identity: wanted, replace: false});
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    expect([...page.matchAll(/<li class="card"><a href="([^"]*)"/g)].map(([, link]) => link)).to.deep.equal([
      'newest/newest.html',
      'middle/middle.html',
      'old/old.html',
    ]);
    expect(page.match(/<img src="data:image\/webp;base64,/g)).to.have.length(2);
    expect(page).to.include('data = &#60;/a&#62;').and.include('Old &#60;b&#62;').and.not.include('Old <b>');
    expect(page)
      .to.include('1.023<small>0.950 to 1.100</small>')
      .and.include('test split')
      .and.include('1 min 23 s');
    expect(page).not.to.include('BLEU-1');
    expect(page.length).to.be.below(60_000);
  });

  it('lists reports whose record is damaged, and leaves out what is none', async () => {
    const {publish, writeIndex} = await publishing();
    const folder = temporaryFolder();
    for (const wanted of ['whole', 'damaged', 'bare', 'gone'])
      await publish(folder, executed(folder, {title: `Title ${wanted}`}), {wanted, identity: wanted, replace: false}); // prettier-ignore
    writeFileSync(join(folder, 'damaged', 'report.json'), '{"title": 3, "thumbn');
    rmSync(join(folder, 'bare', 'report.json'));
    writeFileSync(join(folder, 'bare', 'bare.ipynb'), 'no JSON');
    rmSync(join(folder, 'gone', 'gone.html'));
    renameSync(join(folder, 'whole'), join(folder, 'renamed'));
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'earlier.html'), 'of an earlier version');
    const page = readFileSync(await writeIndex(folder), 'utf8');
    expect([...page.matchAll(/href="([^"]*)"/g)].map(([, link]) => link)).to.have.members([
      'renamed/whole.html',
      'damaged/damaged.html',
      'bare/bare.html',
      'earlier.html',
    ]);
    expect(page).to.include('Title whole').and.include('Title damaged').and.include('<h2>bare</h2>');
  });

  it('is written by one process at a time', async () => {
    const folder = temporaryFolder();
    const writers = ['a', 'b', 'c', 'd', 'e'].map((identity) => {
      const options = JSON.stringify({wanted: 'same', identity, replace: false});
      const script = `const {publish} = await import(${JSON.stringify(url('publish.mjs'))});
        await publish(${JSON.stringify(folder)}, ${JSON.stringify(executed(folder, {title: identity}))}, ${options});`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {stdio: 'inherit'});
      return new Promise((done) => child.on('exit', done));
    });
    expect(await Promise.all(writers)).to.deep.equal([0, 0, 0, 0, 0]);
    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    expect(page.match(/<li class="card">/g)).to.have.length(5);
    const folders = ['same', 'same-2', 'same-3', 'same-4', 'same-5'];
    expect(readdirSync(folder).sort()).to.deep.equal([...folders, 'index.html'].sort());
    for (const name of folders) expect(existsSync(join(folder, name, `${name}.ipynb`))).to.equal(true);
  }).timeout(60_000);
});

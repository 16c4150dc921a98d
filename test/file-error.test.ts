/** Folders that can't be written to: one line that names the folder and the way out, from every command and call, and no stack. */
import {spawn} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {drawScenes, exportCheckpoint} from 'captioner';
import {explainFileError} from 'captioner/dist/file-error';
import {writeFileAtomic, writeFolderAtomic} from 'captioner/dist/files/atomic';
import {lockFolder} from 'captioner/dist/files/lock';
import {expect} from 'chai';
import {saveToyCheckpoint} from './checkpoints/toy';
import {projectRoot, refusal, temporaryFolder} from './support';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const command = join(projectRoot, 'lib', 'bin', 'captioner.js');
const isRoot = process.getuid?.() === 0;
/** Nobody's, since root may write anywhere. */
const other = isRoot ? {uid: 65534, gid: 65534} : {};

function run(program: string, args: readonly string[], options: object): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(program, args, options);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const greeting = /^(WARNING: All log messages before absl|I0000 ).*\n/gm;
    child.on('close', (code) => resolve({code, stdout, stderr: stderr.replace(greeting, '')}));
  });
}

describe('A folder that is not ours to write in', function () {
  this.timeout(240_000);
  const folder = temporaryFolder();
  const [home, mine] = [join(folder, 'home'), join(folder, 'mine')];

  const captioner = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
    run(process.execPath, [command, ...args], {
      ...other,
      cwd: folder,
      env: {...process.env, HOME: mine, CAPTIONER_HOME: home, INIT_CWD: folder, ...env},
    });

  before(async () => {
    mkdirSync(join(home, 'data'), {recursive: true});
    mkdirSync(join(home, 'checkpoints'));
    symlinkSync(join(projectRoot, 'data', 'encoders'), join(home, 'data', 'encoders'));
    await drawScenes(join(folder, 'drawn'), {train: 12, validation: 2, test: 2});
    await saveToyCheckpoint(join(folder, 'checkpoint'), join(folder, 'drawn'));
    mkdirSync(mine);
    for (const one of [folder, home, join(home, 'data'), join(home, 'checkpoints')]) chmodSync(one, 0o555);
    chmodSync(mine, 0o777);
  });
  after(() => {
    for (const one of [folder, home, join(home, 'data'), join(home, 'checkpoints')]) chmodSync(one, 0o755);
  });

  const tiny = ['--epochs', '1', '--set', 'units=8', '--set', 'embedding=8', '--set', 'meteor=false'];
  const refusals: Readonly<Record<string, readonly [args: readonly string[], where: string]>> = {
    'features': [['features', '--data', 'drawn'], 'home/data/features/drawn-'],
    'features --out': [['features', '--data', 'drawn', '--out', 'out'], 'out'],
    'train': [['train', '--data', 'drawn', '--run', 'run', ...tiny], ''],
    'export': [['export', 'checkpoint', '--to', 'shipped'], ''],
    'evaluate --json': [
      ['evaluate', '--checkpoint', 'checkpoint', '--data', 'drawn', '--json', 'scores.json'],
      'home/data/features/drawn-',
    ],
    'card': [['card', 'checkpoint', '--data', 'drawn', '--to', 'card'], ''],
    'download': [['download', 'flickr8k'], 'home/data/flickr8k'],
    'scenes': [['features', '--data', 'scenes'], 'home/data/scenes'],
    'download --to': [['download', 'mobilenet-v2', '--to', 'weights'], 'weights'],
  };
  for (const [name, [args, where]] of Object.entries(refusals))
    it(`is named in one line, with the way out: ${name}`, async () => {
      const {code, stderr} = await captioner(args);
      expect(code, stderr).to.equal(1);
      const last = stderr.trimEnd().split('\n').at(-1);
      expect(last).to.match(/^captioner: \/.*: no permission \(EACCES, \w+\); .*CAPTIONER_OUTPUT$/);
      expect(last).to.include(join(folder, where)).and.not.include('.tmp');
      expect(stderr).to.not.match(/^ +at /m);
    });

  it('needs no more than CAPTIONER_OUTPUT: features and runs go there, and are found there', async () => {
    const output = {CAPTIONER_OUTPUT: join(mine, 'output')};
    const features = await captioner(['features', '--data', 'drawn', '--kind', 'pooled'], output);
    expect(features.code, features.stderr).to.equal(0);
    expect(features.stdout).to.match(
      new RegExp(`^16 images in ${output.CAPTIONER_OUTPUT}/data/features/drawn-`),
    );
    const own = join(output.CAPTIONER_OUTPUT, 'checkpoints', 'scenes');
    const trained = await captioner(['train', '--data', 'drawn', '--run', own, ...tiny], output);
    expect(trained.code, trained.stderr).to.equal(0);
    expect(readdirSync(join(output.CAPTIONER_OUTPUT, 'data', 'features'))).to.have.length(1);
    const library = JSON.stringify(join(projectRoot, 'lib', 'dist', 'index.js'));
    const opened = `require(${library}).openDataset('scenes').then(({folder}) => console.log(folder))`;
    const scenes = await run(process.execPath, ['-e', opened], {
      ...other,
      cwd: folder,
      env: {...process.env, CAPTIONER_HOME: home, ...output},
    });
    expect(scenes.stdout.trim(), scenes.stderr).to.equal(join(output.CAPTIONER_OUTPUT, 'data', 'scenes'));
    expect(readdirSync(join(output.CAPTIONER_OUTPUT, 'data'))).to.have.members(['features', 'scenes']);
    const listed = await captioner(['runs'], output);
    expect(listed.stdout).to.match(/^ *scenes /m);
    const said = await captioner(['caption', 'drawn/test-0001.jpg'], output);
    expect([said.code, said.stdout.length > 1], said.stderr).to.deep.equal([0, true]);
  });

  it('can still be captioned from, with the table where the shell sends it', async () => {
    const {code, stdout, stderr} = await captioner([
      'caption',
      'drawn',
      '--checkpoint',
      'checkpoint',
      '--csv',
    ]);
    expect(code, stderr).to.equal(0);
    expect(stdout.trimEnd().split('\n')).to.have.length(17);
  });
});

describe('explainFileError', () => {
  it('says in words what the file system refuses, wherever a file is written', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'file');
    writeFileSync(file, 'a file');
    const below = join(file, 'below');
    for (const write of [
      () => writeFileAtomic(below, 'text'),
      () => writeFolderAtomic(below, {one: 'text'}),
      () => Promise.resolve().then(() => lockFolder(file)),
      () => Promise.resolve().then(() => exportCheckpoint([file], join(below, 'to'))),
    ]) {
      const {code, message} = await refusal(write());
      expect([code, message.startsWith(file)], message).to.deep.equal(['not-found', true]);
    }
    const long = join(folder, 'n'.repeat(300));
    const {code, message} = await refusal(writeFileAtomic(long, 'text'));
    expect(code).to.equal('not-found');
    expect(message).to.match(
      /n: the name is too long for this file system \(ENAMETOOLONG, open\); choose a shorter one$/,
    );
    expect(readdirSync(folder)).to.deep.equal(['file']);
  });

  it('leaves alone what is no error of the file system, and what it has explained', () => {
    const errors = [new RangeError('no'), explainFileError(new Error('no')), 'text', undefined];
    for (const error of errors) expect(explainFileError(error)).to.equal(error);
    const codeless = Object.assign(new Error('no'), {code: 'ENOSPC'}); // not of a system call
    expect(explainFileError(codeless)).to.equal(codeless);
  });

  it('explains a full disk, a read-only one and too many open files, as the system reports them', async function () {
    if (!isRoot || !existsSync('/usr/bin/unshare')) this.skip();
    const folder = temporaryFolder();
    const library = join(projectRoot, 'lib', 'dist', 'files');
    const write = `
      const {writeFileAtomic} = require(${JSON.stringify(join(library, 'atomic.js'))});
      const {openSync} = require('node:fs');
      if (process.argv[2] === 'many') try { for (;;) openSync('/dev/null'); } catch {}
      writeFileAtomic(process.argv[1] + '/file', 'x'.repeat(1e6)).catch((error) => console.log(error.code + ' ' + error.message));`;
    const mounted = (options: string, limit = 1024, open = 'few'): Promise<Ended> => {
      const script = `mount -t tmpfs -o ${options} tmpfs "$1" && ulimit -n ${limit} && exec "$0" -e "$2" "$1" ${open}`;
      return run('unshare', ['-m', 'sh', '-c', script, process.execPath, folder, write], {});
    };
    const full = await mounted('size=64k');
    if (/unshare|mount/.test(full.stderr)) this.skip();
    const file = join(folder, 'file');
    expect(full.stdout).to.match(
      new RegExp(`^no-space ${file}: the disk is full \\(ENOSPC, write\\); free some space`),
    );
    const readOnly = await mounted('ro');
    expect(readOnly.stdout).to.match(
      new RegExp(
        `^not-permitted ${file}: the file system is read-only \\(EROFS, open\\); .*CAPTIONER_OUTPUT`,
      ),
    );
    const many = await mounted('size=4m', 64, 'many');
    expect(many.stdout).to.match(/^too-many-files .*: too many open files \(EMFILE, open\); raise the limit/);
  });
});

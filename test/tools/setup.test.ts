import {existsSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';
import {
  barePath,
  copyOfProject,
  failureOf,
  loadSetup,
  openProject,
  run,
  start,
  withoutNetwork,
  type Ended,
} from './project';

const sources = ['tools/setup.mjs', 'tools/setup', 'environment.yml', 'package.json', 'package-lock.json'];
function expectOneMessage({code, stderr}: Ended): void {
  expect(code).to.equal(1);
  expect(stderr).to.match(/captioner: \S[^]*What to do: \S/);
  expect(stderr).not.to.match(/^\s+at .*\d+:\d+\)?$/m);
}

describe('Set-up', () => {
  describe('of the project', () => {
    const stamp = join(projectRoot, 'data', 'encoders', '.efficientnet-lite2.json');
    const setup = [join(projectRoot, 'tools', 'setup.mjs')];

    it('has nothing to do the second time, and says nothing when told to be quiet', async () => {
      expect((await run(projectRoot, setup)).code).to.equal(0);
      const second = await run(projectRoot, setup);
      expect(second.code).to.equal(0);
      expect(second.stdout).to.match(/^Everything is set up; nothing to do \([\d.]+ s\)\.\n$/);
      expect(await run(projectRoot, [...setup, '--quiet'])).to.deep.equal({code: 0, stdout: '', stderr: ''});
    });

    it('resumes where a killed one stopped, and two at once do the work once', async () => {
      rmSync(stamp, {force: true});
      const killed = start(projectRoot, setup);
      await killed.printed('Converting the weights');
      killed.kill();
      await killed.ended;
      expect(existsSync(stamp)).to.equal(false);

      const first = start(projectRoot, setup);
      await first.printed('Converting the weights');
      const second = start(projectRoot, setup);
      await second.printed('Another set-up is running');
      const [one, two] = await Promise.all([first.ended, second.ended]);
      expect([one.code, two.code]).to.deep.equal([0, 0]);
      expect(one.stdout).to.include('encoder weights: done');
      expect(two.stdout).not.to.include('encoder weights');
      expect((await run(projectRoot, setup)).stdout).to.include('nothing to do');
    });

    it('refuses an option that it does not know', async () => {
      const {code, stderr} = await run(projectRoot, [...setup, '--fast']);
      expect(code).to.equal(2);
      expect(stderr).to.include('got --fast');
    });
  });

  describe('on a machine that lacks something', () => {
    it('tells an old or too new Node what is expected', async () => {
      const {nodeProblem} = await loadSetup();
      for (const version of ['20.19.0', '22.12.0', '23.0.0', '24.21.0', '26.10.0'])
        expect(nodeProblem(version, 'linux'), version).to.equal(undefined);
      for (const version of ['16.20.2', '18.20.0', '20.18.9', '21.7.0', '22.11.0', '27.0.0'])
        expect(nodeProblem(version, 'linux'), version).to.match(
          /expected Node 20\.19.*got Node \d+[^]*What to do/,
        );
      expect(nodeProblem('24.0.0', 'win32')).to.include('WSL');
    });

    it('stops before any download when there is no Python, or only an old one', async () => {
      const folder = copyOfProject(sources);
      const none = await run(folder, ['tools/setup.mjs'], {PATH: barePath(), CAPTIONER_PYTHON: ''});
      expectOneMessage(none);
      expect(none.stderr).to.include('Expected Python 3.10 to 3.13, found no Python on PATH');

      const old = barePath({python3: 'echo "3.9.18 /usr/bin/python3.9 True"'});
      const tooOld = await run(folder, ['tools/setup.mjs'], {PATH: old, CAPTIONER_PYTHON: ''});
      expectOneMessage(tooOld);
      expect(tooOld.stderr).to.include('got: python3 is Python 3.9.18');

      const bare = barePath({'python3.12': 'echo "3.12.1 /usr/bin/python3.12 False"'});
      const incomplete = await run(folder, ['tools/setup.mjs'], {PATH: bare, CAPTIONER_PYTHON: ''});
      expectOneMessage(incomplete);
      expect(incomplete.stderr).to.include('python3.12 (Python 3.12.1) lacks the venv module');
      expect(existsSync(join(folder, 'node_modules'))).to.equal(false);
    });

    it('says that npm can not reach the registry', async () => {
      const folder = copyOfProject(sources);
      const env = {...withoutNetwork, npm_config_cache: temporaryFolder()};
      const failed = await run(folder, ['tools/setup.mjs'], env);
      expectOneMessage(failed);
      expect(failed.stderr).to.include("npm ci failed: the package registry can't be reached");
    });

    it('says that pip can not reach the registry', async () => {
      const {pythonStep} = await loadSetup();
      const project = await openProject(copyOfProject(['environment.yml']), withoutNetwork);
      const step = pythonStep(project);
      const failure = await failureOf(() => step.run());
      expect(failure.message).to.equal("pip install failed: the package registry can't be reached.");
      expect(step.done()).to.equal(false);
    });

    it('says that the disk is full', async function () {
      if (!existsSync('/dev/full')) return this.skip();
      const setup = await loadSetup();
      const project = await openProject(temporaryFolder());
      const failure = await failureOf(() =>
        setup.run(project, 'npm ci', ['dd', 'if=/dev/zero', 'of=/dev/full', 'count=1']),
      );
      expect(failure.message).to.equal('npm ci failed: the disk is full.');
      expect(failure.advice).to.match(/^Free about/);
    });

    it('shows the last lines of any other failure, and where the rest is', async () => {
      const {explain} = await loadSetup();
      const {message, advice} = explain('npm ci', 'first\nnpm error code EUSAGE\n', '/log');
      expect(message).to.match(/npm ci failed:\s+first\s+npm error code EUSAGE$/);
      expect(advice).to.equal('The full output is in /log.');
      const missing = explain('pip install', 'ERROR: No matching distribution found for x==1', '/log');
      expect(missing.message).to.include('no build of x==1 for this machine');
    });
  });
});

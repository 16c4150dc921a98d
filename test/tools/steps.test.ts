import {execFileSync} from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {dirname, isAbsolute, join, relative} from 'node:path';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';
import {
  barePath,
  copyOfProject,
  failureOf,
  loadSetup,
  openProject,
  programs,
  withoutNetwork,
  type Step,
} from './project';

describe('A step of set-up', () => {
  describe('of Python packages', () => {
    it('takes the list from environment.yml and chooses TensorFlow for the machine', async () => {
      const {requirements} = await loadSetup();
      const project = await openProject(projectRoot);
      const lines = (device: 'cpu' | 'gpu', arch: string) =>
        requirements({...project, device}, arch).map(({line}) => line);
      if (process.platform === 'linux') expect(lines('cpu', 'x64')[0]).to.equal('tensorflow-cpu==2.21.0');
      expect(lines('cpu', 'arm64')[0]).to.equal('tensorflow==2.21.0');
      expect(lines('gpu', 'x64')[0]).to.equal('tensorflow[and-cuda]==2.21.0');
      expect(lines('cpu', 'x64').slice(1)).to.include.members(['jupyterlab==4.6.6', 'papermill==2.7.0']);
      expect(
        lines('cpu', 'x64')
          .join()
          .match(/tensorflow/g),
      ).to.have.length(1);
    });

    it('refuses a line of environment.yml that pins nothing', async () => {
      const {parseEnvironment} = await loadSetup();
      const text = (line: string) =>
        `dependencies:\n  - pip\n  - pip:\n      # why\n      - ${line}\nother: 1\n`;
      expect(parseEnvironment(text('A_b==1.0  # reason'))[0]).to.deep.include({
        name: 'a-b',
        line: 'A_b==1.0',
      });
      expect(() => parseEnvironment(text('numpy>=2'))).to.throw(
        'line 5: expected "- name==version", got "- numpy>=2"',
      );
    });

    it('looks for an NVIDIA driver, unless told which device', async () => {
      const {wantedDevice} = await loadSetup();
      const none = join(temporaryFolder(), 'version');
      const driver = join(projectRoot, 'package.json');
      const working = programs({'nvidia-smi': 'echo "GPU 0: NVIDIA"'});
      const broken = programs({'nvidia-smi': 'exit 9'});
      expect(wantedDevice({PATH: '', CAPTIONER_DEVICE: 'gpu'}, none)).to.equal('gpu');
      expect(wantedDevice({PATH: working, CAPTIONER_DEVICE: 'cpu'}, driver)).to.equal('cpu');
      expect((await failureOf(() => wantedDevice({CAPTIONER_DEVICE: 'tpu'}))).message).to.include(
        'got "tpu"',
      );
      if (process.platform !== 'linux') return;
      expect(wantedDevice({PATH: ''}, driver)).to.equal('gpu');
      expect(wantedDevice({PATH: working}, none)).to.equal('gpu');
      expect(wantedDevice({PATH: broken}, none)).to.equal('cpu');
    });

    it('uses an active conda environment that has them, but not one that lacks some', async () => {
      const {environment} = await loadSetup();
      const folder = copyOfProject(['environment.yml']);
      const {root} = environment(await openProject(projectRoot));
      const kind = async (CONDA_PREFIX: string, home = folder) =>
        environment(await openProject(home, {CONDA_PREFIX})).kind;
      expect(await kind(root)).to.equal('conda');
      expect(await kind(temporaryFolder())).to.equal('venv');
      mkdirSync(join(folder, '.venv'));
      expect(await kind(root)).to.equal('venv');
    });

    it('takes an environment for damaged that pip was killed in, that was moved, or whose Python is gone', async () => {
      const {damage, environment} = await loadSetup();
      const project = await openProject(copyOfProject(['environment.yml']));
      const root = join(project.home, '.venv');
      expect(damage(project, root)).to.equal('is missing or incomplete');
      const python = realpathSync(join(environment(await openProject(projectRoot)).root, 'bin', 'python'));
      execFileSync(python, ['-m', 'venv', root]);
      expect(damage(project, root)).to.equal(undefined);

      const {site} = environment(project);
      const pip = readdirSync(site).find((name) => /^pip-.*\.dist-info$/.test(name))!;
      writeFileSync(join(site, 'pip', '__init__.py'), '');
      expect(damage(project, root)).to.equal(`is incomplete: ${pip}`);
      rmSync(join(site, pip, 'RECORD'));
      expect(damage(project, root)).to.equal(`is incomplete: ${pip}`);
      writeFileSync(join(root, 'captioner.json'), JSON.stringify({root: '/elsewhere'}));
      expect(damage(project, root)).to.equal('was moved from another folder');
      rmSync(join(root, 'captioner.json'));
      rmSync(join(root, 'bin', 'python'));
      expect(damage(project, root)).to.equal('has lost its Python');
    });

    it('asks no registry when pip is told to use wheels only, and names the folder that lacks one', async () => {
      const {environment, run} = await loadSetup();
      const wheels = temporaryFolder();
      const env = {...withoutNetwork, PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels};
      const {python} = environment(await openProject(projectRoot));
      const project = await openProject(copyOfProject(['environment.yml']), env);
      const into = ['--dry-run', '--no-deps', '--target', temporaryFolder()];
      const pip = [python, '-I', '-m', 'pip', 'install', ...into, 'captioner-absent==1.0'];
      const {message, advice} = await failureOf(() => run(project, 'pip install', pip));
      expect(message)
        .to.match(/no wheel of captioner-absent==1.0 .* in /)
        .and.include(wheels);
      expect(advice).to.include('PIP_FIND_LINKS');
    });
  });

  describe('of JavaScript packages', () => {
    const locked = (version: string) => ({
      packages: {'node_modules/one': {version, integrity: 'sha512-x'}},
    });

    async function project(present: object): Promise<Step> {
      const {packagesStep} = await loadSetup();
      const folder = temporaryFolder();
      mkdirSync(join(folder, 'node_modules', 'one'), {recursive: true});
      writeFileSync(join(folder, 'node_modules', 'one', 'package.json'), '{}');
      writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify(present));
      writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(locked('1.0.0')));
      return packagesStep(
        await openProject(folder, {...withoutNetwork, npm_config_cache: temporaryFolder()}),
      );
    }

    it('asks no registry when npm is offline, and says how to fill the cache', async () => {
      const asked: string[] = [];
      const registry = createServer((request, response) => {
        asked.push(request.url!);
        response.writeHead(500).end();
      });
      await new Promise<void>((done) => registry.listen(0, '127.0.0.1', done));
      const {port} = registry.address() as AddressInfo;
      const {packagesStep} = await loadSetup();
      const folder = temporaryFolder();
      const dependencies = {one: '1.0.0'};
      writeFileSync(
        join(folder, 'package.json'),
        JSON.stringify({name: 'some', version: '1.0.0', dependencies}),
      );
      const lock = {name: 'some', version: '1.0.0', lockfileVersion: 3, requires: true};
      const packages = {'': {dependencies}, 'node_modules/one': {version: '1.0.0', integrity: 'sha512-eA=='}};
      writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({...lock, packages}));
      const env = {
        npm_config_cache: temporaryFolder(),
        npm_config_registry: `http://127.0.0.1:${port}`,
        npm_config_offline: 'true',
      };
      const {message, advice} = await failureOf(async () =>
        packagesStep(await openProject(folder, env)).run(),
      );
      registry.close();
      expect(asked).to.deep.equal([]);
      expect(message).to.match(/npm is offline .* its cache lacks a package/);
      expect(advice).to.include('npm_config_cache');
    });

    it('installs them when one is missing, of another version or for another machine', async () => {
      expect((await project(locked('1.0.0'))).done()).to.equal(true);
      expect((await project(locked('1.0.1'))).done()).to.equal(false);
      expect((await project({packages: {}})).done()).to.equal(false);
      const foreign = locked('1.0.0');
      Object.assign(foreign.packages['node_modules/one'], {os: ['aix']});
      expect((await project(foreign)).done()).to.equal(false);
    });
  });

  describe('of the binding', () => {
    const parts = [
      'node_modules/@tensorflow/tfjs-node-gpu/package.json',
      'node_modules/@tensorflow/tfjs-node-gpu/binding',
    ];

    async function bindingIn(env: NodeJS.ProcessEnv = {}): Promise<Step & {binding: string}> {
      const {bindingStep, environment} = await loadSetup();
      const folder = copyOfProject(['environment.yml', ...parts], ['node_modules/node-api-headers']);
      symlinkSync(environment(await openProject(projectRoot)).root, join(folder, '.venv'));
      return bindingStep(await openProject(folder, env));
    }

    it('links a damaged one again', async () => {
      const step = await bindingIn();
      mkdirSync(dirname(step.binding), {recursive: true});
      writeFileSync(step.binding, 'half of a file');
      cpSync(
        join(projectRoot, 'node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/captioner.json'),
        join(dirname(step.binding), 'captioner.json'),
      );
      expect(step.done()).to.equal(false);
      await step.run();
      expect(step.done()).to.equal(true);

      const bytes = readFileSync(step.binding);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(step.binding, bytes);
      expect(step.done()).to.equal(false);
    });

    it("loads the library of CUDA's that TensorFlow would not find", async () => {
      const {environment, bindingStep} = await loadSetup();
      const folder = copyOfProject(['environment.yml', ...parts], ['node_modules/node-api-headers']);
      const {root, site} = environment(await openProject(projectRoot));
      const own = join(folder, '.venv', relative(root, site));
      const link = (from: string, to: string, without: string): void => {
        mkdirSync(to, {recursive: true});
        for (const name of readdirSync(from))
          if (name !== without) symlinkSync(join(from, name), join(to, name));
      };
      link(root, join(folder, '.venv'), 'lib');
      // Where there is a GPU the folder has CUDA itself, which is not to be written over.
      link(site, own, 'nvidia');
      const library = join(own, 'nvidia', 'cusolver', 'lib', 'libcusolver.so.11');
      mkdirSync(dirname(library), {recursive: true});
      const command = ['-shared', '-Wl,-soname,libcusolver.so.11', '-x', 'c', '-', '-o', library];
      execFileSync('g++', command, {input: ''});

      const step = bindingStep(await openProject(folder));
      await step.run();
      const script = `process.dlopen({exports: {}}, ${JSON.stringify(step.binding)});
        console.log(require('fs').readFileSync('/proc/self/maps', 'utf8'))`;
      const loaded = execFileSync(process.execPath, ['-e', script], {encoding: 'utf8', stdio: 'pipe'});
      expect(loaded).to.include(library);
    });

    it('without a compiler turns to the one of PyPI, and says what to install when that fails too', async () => {
      const step = await bindingIn({...withoutNetwork, PATH: barePath(), CXX: ''});
      const {message, advice} = await failureOf(() => step.run());
      expect(message).to.include('No C++ compiler was found');
      expect(message).to.include("the package registry can't be reached");
      expect(advice).to.include('apt-get install g++');
      expect(step.done()).to.equal(false);
    });

    it('leaves what is there when a new one does not load', async () => {
      const step = await bindingIn({
        CXX: join(programs({cxx: 'for last; do :; done; echo broken > "$last"'}), 'cxx'),
      });
      const {message} = await failureOf(() => step.run());
      expect(message).to.include('compiled but does not load');
      expect(existsSync(step.binding)).to.equal(false);
    });
  });

  describe('of the library', () => {
    it('compiles what changed, repairs what was damaged and removes what has no source', async () => {
      const {libraryStep} = await loadSetup();
      const folder = copyOfProject(
        ['package-lock.json', 'tsconfig.json', 'lib/tsconfig.json', 'lib/serve/page'],
        ['node_modules'],
      );
      const step = libraryStep(await openProject(folder));
      const output = join(folder, 'lib', 'dist', 'one.js');
      writeFileSync(join(folder, 'lib', 'one.ts'), 'export const one = 1;\n');
      writeFileSync(join(folder, 'lib', 'two.ts'), 'export const two = 2;\n');
      await step.run();
      expect(step.done()).to.equal(true);
      const compiled = readFileSync(output, 'utf8');

      writeFileSync(output, compiled.slice(0, 20));
      expect(step.done()).to.equal(false);
      await step.run();
      expect(readFileSync(output, 'utf8')).to.equal(compiled);

      rmSync(join(folder, 'lib', 'two.ts'));
      writeFileSync(join(folder, 'lib', 'one.ts'), 'export const one = 11;\n');
      expect(step.done()).to.equal(false);
      await step.run();
      expect(readFileSync(output, 'utf8')).to.include('11');
      expect(existsSync(join(folder, 'lib', 'dist', 'two.js'))).to.equal(false);

      writeFileSync(join(folder, 'lib', 'one.ts'), 'export const one: string = 1;\n');
      const {message} = await failureOf(() => step.run());
      expect(message).to.match(/does not compile: 1 error\.\s+lib\/one\.ts\(1,14\): error TS2322/);
    });
  });

  it('converts the encoder’s weights, and again when they were changed', async () => {
    const {environment, weightsStep} = await loadSetup();
    const folder = copyOfProject(['environment.yml'], ['lib']);
    symlinkSync(environment(await openProject(projectRoot)).root, join(folder, '.venv'));
    const step = weightsStep(await openProject(folder));
    const weights = join(folder, 'data', 'encoders', 'efficientnet-lite2.safetensors');
    expect(step.done()).to.equal(false);
    await step.run();
    expect(step.done()).to.equal(true);
    const bytes = readFileSync(weights);
    writeFileSync(weights, bytes.subarray(0, -1));
    expect(step.done()).to.equal(false);
  });

  it('registers the kernel with absolute paths, so that it starts whatever PATH is', async () => {
    const {kernelStep} = await loadSetup();
    const folder = copyOfProject(['environment.yml', 'tools/kernel.cjs', 'tools/kernel'], ['node_modules']);
    const step = kernelStep(await openProject(folder));
    expect(step.done()).to.equal(false);
    await step.run();
    expect(step.done()).to.equal(true);
    const file = join(folder, '.venv', 'share', 'jupyter', 'kernels', 'tslab', 'kernel.json');
    const {argv} = JSON.parse(readFileSync(file, 'utf8')) as {argv: [string, string, string, ...string[]]};
    const [program, flag, script] = argv;
    expect([program, script].every(isAbsolute)).to.equal(true);
    const version = execFileSync(program, [flag, script, '--version'], {
      env: {PATH: '/nowhere'},
      encoding: 'utf8',
    });
    expect(version).to.match(/^tslab 1\./);
    writeFileSync(file, '{"argv": ["tslab"]}');
    expect(step.done()).to.equal(false);
  });
});

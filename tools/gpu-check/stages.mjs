/** The checks, in the order of their importance, each with the seconds it may take. A check returns a verdict, a line, and its numbers. */
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {readJson} from '../setup/files.mjs';

const node = process.execPath;
const full = {NVIDIA_TF32_OVERRIDE: '0'};
const program = (home, name) => join(home, 'tools', 'gpu-check', name);

const training = ['train-lstm', 'train-attention', 'train-transformer'];
const others = [
  'beam-search',
  'train-lstm-16',
  'train-attention-16',
  'train-transformer-16',
  'encode-efficientnet-lite2',
  'encode-inception-v3',
  'encode-files',
  'beam-search-1',
];

export function stages({home, gpu, small}) {
  const known = readFileSync(join(home, 'tools', 'bench.mjs'), 'utf8');
  const hasBench = (name) =>
    existsSync(join(home, 'tools', 'bench', `${name}.py`)) || known.includes(`'${name}':`);
  const eager = canBeEager(join(home, 'lib', 'dist'));
  return [
    {name: 'libraries', limit: 60, run: libraries},
    {name: 'device', limit: 60, run: (context) => device(context, gpu)},
    {name: 'captions', limit: 90, run: captions},
    {name: 'resume', limit: 120, run: resume},
    ...training.map((name) => bench(name, small)),
    {name: 'parity', limit: 150, run: parity},
    epoch('lstm', 128),
    epoch('attention', 64),
    ...(eager ? training.map((name) => bench(name, small, {CAPTIONER_EAGER: '1'})) : []),
    ...others.filter(hasBench).map((name) => bench(name, small)),
  ];
}

/** Whether the library compiles training steps, which this variable turns off. */
function canBeEager(folder) {
  const files = ['tensorflow', 'training'].flatMap((name) => {
    const place = join(folder, name);
    return existsSync(place) ? readdirSync(place).map((file) => join(place, file)) : [];
  });
  return files.some((file) => file.endsWith('.js') && readFileSync(file, 'utf8').includes('CAPTIONER_EAGER'));
}

/** Whether every library that TensorFlow opens is found, as `captioner doctor` says. */
async function libraries({execute, lastJson, limit, gpu}) {
  const script = "require('captioner/dist/doctor').doctor().then((all) => console.log(JSON.stringify(all)))";
  const {output} = await execute(node, ['-e', script], {limit});
  const findings = lastJson(output);
  if (findings === undefined) return failure('doctor gave no answer', output);
  const relevant = findings.filter(({part}) =>
    ['TensorFlow', 'device', 'binding', 'compiled functions', 'CUDA libraries'].includes(part),
  );
  const wrong = relevant.filter(({verdict}) => verdict !== 'ok');
  const shown = wrong.length > 0 ? wrong : relevant;
  return {
    verdict: wrong.length === 0 ? 'ok' : gpu ? 'failed' : 'noted',
    detail: shown.map(({part, detail}) => `${part}: ${detail}`).join('; '),
    findings: relevant,
  };
}

async function device({execute, lastJson, home, limit}, gpu) {
  const {code, output} = await execute(node, [program(home, 'device.mjs')], {
    limit,
    more: {TF_CPP_MIN_LOG_LEVEL: '0'},
  });
  const found = lastJson(output);
  if (code !== 0 || found === undefined) return failure('TensorFlow did not compute', output);
  const reasons = output.split('\n').filter((line) => /dlopen|Could not|Cannot|CUDA_ERROR/.test(line));
  return {
    verdict: gpu && found.device !== 'gpu' ? 'failed' : 'ok',
    detail: `${found.device}, ${found.teraflops.toFixed(2)} TFLOP/s in a product of ${found.side} x ${found.side}${gpu && found.device !== 'gpu' ? `; ${reasons[0] ?? ''}` : ''}`,
    ...found,
  };
}

/** Captions of drawn scenes by the bundled checkpoint: on the GPU in 32 bits as on the CPU; with TF32 they may differ. */
async function captions({execute, lastJson, home, small, limit}) {
  const write = (more) => execute(node, [program(home, 'captions.mjs'), small ? '3' : '16'], {limit, more});
  const runs = [];
  // The first run draws the scenes.
  for (const more of [full, {CUDA_VISIBLE_DEVICES: '-1'}, {}]) runs.push(await write(more));
  const [exact, cpu, rough] = runs.map(({output}) => lastJson(output)?.captions);
  if (exact === undefined || cpu === undefined)
    return failure('no captions', runs[exact === undefined ? 0 : 1].output);
  const same = (list) => cpu.filter((caption, at) => caption === list?.[at]).length;
  return {
    verdict: same(exact) === cpu.length ? 'ok' : 'failed',
    detail: `${same(exact)} of ${cpu.length} as on the CPU, ${same(rough)} with TF32; "${cpu[0]}"`,
    cpu,
    exact,
    rough,
  };
}

/** A run that another process resumes in the middle against one that is not interrupted. */
async function resume({execute, lastJson, home, small, limit}) {
  const steps = small ? 6 : 20;
  const take = async (...args) => {
    const {output} = await execute(node, [program(home, 'resume.mjs'), `${steps}`, ...args], {
      limit: limit / 3,
    });
    return lastJson(output) ?? {problem: output.trim().split('\n').at(-1)};
  };
  const [whole, first, second] = [await take('whole'), await take('first'), await take('second')];
  const problem = [whole, first, second].find((one) => one.problem)?.problem;
  if (problem !== undefined) return {verdict: 'failed', detail: problem.slice(0, 300)};
  const joined = Object.fromEntries(
    Object.entries(first.losses).map(([kind, losses]) => [kind, [...losses, ...second.losses[kind]]]),
  );
  const same =
    JSON.stringify(joined) === JSON.stringify(whole.losses) &&
    JSON.stringify(second.weights) === JSON.stringify(whole.weights);
  return {
    verdict: same ? 'ok' : 'failed',
    detail: same
      ? `losses of ${steps} steps and the weights after them, to the bit: ${Object.keys(joined).join(', ')}`
      : 'losses or weights differ',
    whole,
    joined,
  };
}

/** Tests against PyTorch's and other reference values, which need 24 bits of mantissa. */
async function parity({execute, home, small, limit}) {
  const folders = small ? ['optim'] : ['ops', 'decoders', 'optim', 'tensorflow'];
  const files = folders.map((name) => join(home, '.build', 'test', name, '*.test.js'));
  const results = join(home, '.build', 'parity.json');
  const mocha = join(home, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const args = [
    mocha,
    '--no-config',
    '--timeout',
    '60000',
    '--reporter',
    join(home, 'tools', 'reporter.mjs'),
    ...files,
  ];
  const {code, output} = await execute(node, args, {limit, more: {...full, CAPTIONER_TEST_RESULTS: results}});
  const found = readJson(results);
  if (found === undefined)
    return failure(code === 'late' ? `not done in ${limit.toFixed(0)} s` : 'no results', output);
  const {passes, failures} = found.stats;
  const failed = found.failures.map(({fullTitle, err}) => ({fullTitle, message: err.message}));
  return {
    verdict: failures === 0 && passes > 0 ? 'ok' : 'failed',
    detail: `${passes} passed, ${failures} failed${
      failures > 0
        ? `: ${failed
            .map(({fullTitle}) => fullTitle)
            .join('; ')
            .slice(0, 500)}`
        : ''
    }`,
    failed,
  };
}

/** One benchmark against PyTorch, both sides on the GPU and with TF32, TensorFlow's default. */
function bench(name, small, more = {}) {
  const label = more.CAPTIONER_EAGER ? `bench ${name} eager` : `bench ${name}`;
  return {
    name: label,
    // A round of beam-search-1 is 100 searches one after the other, each of up to 21 steps: with the first round, 600 on each side.
    limit: small ? 240 : name === 'beam-search-1' ? 150 : 75,
    async run({execute, home, python, gpu, limit}) {
      const json = join(home, '.build', 'bench.json');
      const torch = await execute(
        python,
        ['-c', 'import torch; print(torch.__version__, torch.cuda.is_available())'],
        {limit},
      );
      if (torch.code !== 0) return {verdict: 'skipped', detail: `${python} has no PyTorch`};
      const rounds = gpu && name !== 'beam-search-1' ? '15' : '5';
      const args = [join(home, 'tools', 'bench.mjs'), name, '--rounds', rounds, '--json', json];
      const {code, output} = await execute(node, args, {limit, more});
      if (code !== 0)
        return failure(
          code === 'late' ? `not done in ${limit.toFixed(0)} s` : 'the benchmark failed',
          output,
        );
      const [result] = readJson(json);
      const [version, cuda] = torch.output.trim().split('\n').at(-1).split(' ');
      const line = output.split('\n').find((one) => one.startsWith(name));
      return {
        verdict: 'ok',
        detail: `${line.replace(/\s+/g, ' ')}, PyTorch ${version}${cuda === 'True' ? ' with CUDA' : ''}`,
        ...result,
      };
    },
  };
}

/** An epoch as long as Flickr8k's, on features drawn by a seed. */
function epoch(kind, batch) {
  return {
    name: `epoch ${kind}`,
    limit: 120,
    async run({execute, lastJson, home, small, limit}) {
      const args = [program(home, 'epoch.mjs'), kind, `${batch}`, small ? '40' : '6000'];
      const {code, output} = await execute(node, args, {limit});
      const found = lastJson(output);
      if (code !== 0 || found === undefined)
        return failure(code === 'late' ? `not done in ${limit.toFixed(0)} s` : 'no epoch', output);
      const {steps, captions: count, train, validate, step, first, prepare} = found;
      return {
        verdict: Number.isFinite(found.loss) ? 'ok' : 'failed',
        detail: `${count} captions in ${steps} steps: ${train.toFixed(1)} s, a step ${(step * 1000).toFixed(1)} ms (median), the first ${first.toFixed(1)} s; validation ${validate.toFixed(1)} s; features ${prepare.toFixed(1)} s`,
        ...found,
      };
    },
  };
}

function failure(what, output) {
  const lines = output
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '');
  const reason = lines.findLast((line) => /Error|rror:|expected|killed/i.test(line)) ?? lines.at(-1) ?? '';
  return {verdict: 'failed', detail: `${what}: ${reason.slice(0, 300)}`, tail: lines.slice(-15)};
}

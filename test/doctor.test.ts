import {cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {doctor, parts, type Finding} from 'captioner/dist/doctor';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from './support';

async function doctorOf(folder: string): Promise<Map<string, Finding>> {
  const before = {...process.env};
  process.env['CAPTIONER_HOME'] = folder;
  delete process.env['CONDA_PREFIX'];
  try {
    const findings = await doctor();
    expect(findings.map(({part}) => part)).to.deep.equal([...parts]);
    for (const {verdict, detail, advice} of findings) {
      expect(detail).to.match(/^\S[^\n]*$/);
      expect(advice !== undefined).to.equal(verdict === 'wrong');
    }
    return new Map(findings.map((finding) => [finding.part, finding]));
  } finally {
    process.env = before;
  }
}

describe('doctor', () => {
  it('reports no problem in a project that is set up', async () => {
    const wrong = (await doctor()).filter(({verdict}) => verdict !== 'ok');
    expect(wrong).to.deep.equal([]);
  });

  it('gives advice for each missing part', async () => {
    const findings = await doctorOf(temporaryFolder());
    const wrong = [...findings.values()].filter(({verdict}) => verdict === 'wrong').map(({part}) => part);
    expect(wrong).to.deep.equal([
      'Python',
      'TensorFlow',
      'CUDA libraries',
      'encoder weights',
      'kernel',
      'Jupyter',
      'METEOR',
      'sweeps',
    ]);
    expect(findings.get('Python')!.detail).to.include('.venv, found none');
    expect(findings.get('Python')!.advice).to.include('npm start');
  });

  it('finds truncated weights and versions that differ from environment.yml', async () => {
    const folder = temporaryFolder();
    symlinkSync(join(projectRoot, '.venv'), join(folder, '.venv'));
    const list = readFileSync(join(projectRoot, 'environment.yml'), 'utf8');
    writeFileSync(join(folder, 'environment.yml'), list.replace(/papermill==\S+/, 'papermill==0.0.1'));
    const weights = join('data', 'encoders', 'efficientnet-lite2.safetensors');
    mkdirSync(join(folder, 'data', 'encoders'), {recursive: true});
    cpSync(join(projectRoot, weights), join(folder, weights));
    writeFileSync(join(folder, weights), readFileSync(join(folder, weights)).subarray(0, 1_000_000));
    const findings = await doctorOf(folder);
    expect(findings.get('encoder weights')).to.deep.include({verdict: 'wrong'});
    expect(findings.get('encoder weights')!.detail).to.include(weights);
    expect(findings.get('Jupyter')!.detail).to.match(/^expected papermill 0\.0\.1, got \d/);
    expect(findings.get('TensorFlow')!.verdict).to.equal('ok');
  });
});

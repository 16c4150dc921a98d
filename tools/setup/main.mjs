/** Runs the steps of set-up in order, reports progress, and turns a failure into a message with advice. */
import {join} from 'node:path';
import {bindingStep} from './binding.mjs';
import {explainSystemError, SetupError} from './failure.mjs';
import {kernelStep} from './kernel.mjs';
import {libraryStep} from './library.mjs';
import {Lock} from './lock.mjs';
import {packagesStep} from './packages.mjs';
import {openProject} from './project.mjs';
import {pythonStep} from './venv.mjs';
import {weightsStep} from './weights.mjs';

/** All steps, each with its name, whether it is done, and how to run it. Later steps depend on earlier ones. */
export const stepsOf = (project) =>
  [packagesStep, pythonStep, bindingStep, libraryStep, weightsStep, kernelStep].map((step) => step(project));

/** @param {readonly string[]} argv `--quiet`: prints nothing if everything is set up. */
export async function main(argv, {folder, env} = {}) {
  const unknown = argv.find((word) => word !== '--quiet');
  if (unknown !== undefined) {
    console.error(`captioner: expected no argument but --quiet, got ${unknown}`);
    process.exitCode = 2;
    return;
  }
  const began = performance.now();
  try {
    const project = openProject(folder, env);
    const steps = stepsOf(project);
    const worked = steps.every((step) => step.done()) ? 0 : await setUp(project, steps);
    if (worked > 0) console.log(`Set-up is complete (${seconds(began)}).`);
    else if (!argv.includes('--quiet'))
      console.log(`Everything is set up; nothing to do (${seconds(began)}).`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`\ncaptioner: ${error.message}\n  What to do: ${error.advice}`);
    process.exitCode = 1;
  }
}

/** @returns {Promise<number>} The number of steps that had something to do. */
async function setUp(project, steps) {
  const lock = new Lock(join(project.home, '.build', 'setup.lock'));
  const stop = (signal) => {
    for (const end of project.running) end();
    lock.release();
    console.error(`\ncaptioner: set-up was stopped; run the command again to continue from here.`);
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, stop);
  try {
    await lock.take((holder) =>
      console.log(`Another set-up is running (pid ${holder}); waiting for it to finish`),
    );
    project.lock = lock;
    let worked = 0;
    for (const step of steps) {
      if (step.done()) continue;
      if (worked++ === 0) {
        console.log(
          `Setting up captioner in ${project.home} (TensorFlow for ${project.device.toUpperCase()})`,
        );
        for (const one of steps) one.check?.();
      }
      await carryOut(project, step);
    }
    return worked;
  } catch (error) {
    throw explainSystemError('Set-up', error);
  } finally {
    lock.release();
    for (const signal of signals) process.off(signal, stop);
  }
}

async function carryOut(project, step) {
  const began = performance.now();
  project.say = (line) => console.log(`  ${step.name}: ${line}`);
  try {
    await step.run();
  } catch (error) {
    throw explainSystemError(`Set-up of the ${step.name}`, error);
  }
  console.log(`  ${step.name}: done in ${seconds(began)}`);
}

const seconds = (began) => `${((performance.now() - began) / 1000).toFixed(1)} s`;

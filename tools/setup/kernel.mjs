/** Step: registers the Jupyter kernel in the Python environment, with absolute paths so that it starts with any PATH. */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {writeWhole} from './files.mjs';
import {environment} from './python.mjs';

export function kernelStep(project) {
  return {
    name: 'Jupyter kernel',

    done() {
      try {
        return readFileSync(file(), 'utf8') === content();
      } catch {
        return false;
      }
    },

    run() {
      project.say('Registering tslab');
      writeWhole(file(), content());
    },
  };

  function file() {
    return join(environment(project).root, 'share', 'jupyter', 'kernels', 'tslab', 'kernel.json');
  }

  function content() {
    const start = join(project.home, 'tools', 'kernel.cjs');
    const spec = {
      // Without this flag, Node ends the process when code that it called itself is interrupted.
      argv: [
        process.execPath,
        '--no-force-async-hooks-checks',
        ...[start, 'kernel', '--config-path', '{connection_file}'],
      ],
      interrupt_mode: 'message',
      display_name: 'TypeScript',
      language: 'typescript',
      env: {TF_CPP_MIN_LOG_LEVEL: '2'},
    };
    return `${JSON.stringify(spec, undefined, 2)}\n`;
  }
}

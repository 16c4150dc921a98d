/** `captioner doctor`: checks the parts of the installation. */
import {doctor as examine} from '../doctor';
import {print} from './io';

export async function doctor(): Promise<void> {
  const parts = await examine();
  const width = Math.max(...parts.map(({part}) => part.length));
  for (const {part, verdict, detail, advice} of parts) {
    print(`${part.padEnd(width)}  ${verdict.padEnd(5)}  ${detail}`);
    if (verdict === 'wrong' && advice !== undefined) print(`${''.padEnd(width)}         ${advice}`);
  }
  if (parts.some(({verdict}) => verdict === 'wrong')) process.exitCode = 1;
}

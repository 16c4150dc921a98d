/** The record of a sweep in the folder of a run: which trial of which study it is, and how that ended. Loads no TensorFlow. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {z} from 'zod';
import {writeFileAtomic} from '../files/atomic';
import {readTextChecked} from '../files/regular-file';
import {trialName} from './run-layout';

/** A trial of a sweep, as its run's folder records it. */
export interface TrialRecord {
  readonly study: string;
  /** Number of the trial in its study, from 0. */
  readonly trial: number;
  /** `pruned` where the trial was stopped because others were better, or its loss diverged. */
  readonly state: 'complete' | 'pruned';
  /** The score that trials are compared by. */
  readonly metric: string;
  /** Its value in the best epoch. */
  readonly value?: number | undefined;
  /** Why it was pruned. */
  readonly reason?: string | undefined;
}

const schema: z.ZodType<TrialRecord> = z.object({
  study: z.string(),
  trial: z.int(),
  state: z.enum(['complete', 'pruned']),
  metric: z.string(),
  value: z.number().optional(),
  reason: z.string().optional(),
});

export async function writeTrialRecord(run: string, record: TrialRecord): Promise<void> {
  await writeFileAtomic(join(run, trialName), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** Reads the record of a run; undefined where there is none, or none that can be read. */
export function readTrialRecord(run: string): TrialRecord | undefined {
  const file = join(run, trialName);
  if (!existsSync(file)) return undefined;
  try {
    return schema.safeParse(JSON.parse(readTextChecked(file, {code: 'header', largest: 1 << 20}))).data;
  } catch {
    return undefined;
  }
}

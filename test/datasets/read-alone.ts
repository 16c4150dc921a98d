/** Run as a separate process: opens a data set and prints its summary, peak memory and time. */
import {existsSync, readFileSync} from 'node:fs';
import {openDataset} from 'captioner/dist/datasets/open-dataset';

/** Peak memory in kilobytes. On Linux, `maxRSS` starts at that of the parent process, here the test runner. */
function peak(): number {
  const status = '/proc/self/status';
  const [, own] = (existsSync(status) && /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(status, 'utf8'))) || [];
  return own === undefined ? process.resourceUsage().maxRSS : Number(own);
}

async function main(folder: string): Promise<void> {
  const start = performance.now();
  let [calls, last, total] = [0, 0, 0];
  const dataset = await openDataset(folder, {
    onProgress: (done, all) => {
      calls++;
      if (done <= last) throw new Error(`progress went from ${last} to ${done}`);
      [last, total] = [done, all];
    },
  });
  const found = {
    layout: dataset.layout,
    images: dataset.images.length,
    captions: dataset.images.reduce((sum, {captions}) => sum + captions.length, 0),
    missing: dataset.missing.length,
    rejected: dataset.rejected.length,
    calls,
    last,
    total,
    tensorflow: Object.keys(require.cache).some((file) => file.includes('tfjs')),
    seconds: (performance.now() - start) / 1000,
    megabytes: peak() / 1024,
  };
  process.stdout.write(JSON.stringify(found));
}

void main(process.argv[2]!);

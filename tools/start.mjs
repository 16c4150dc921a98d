/**
 * The walk-through: executes the chapters that take least on the drawn scenes, or with `--all` every one, two at a time where there are two
 * cores. Chapter 1 comes first, by itself; from then on `reports/index.html` is there and grows with each report. Its path is the last line
 * printed.
 */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {command, display, report, reports, ReportError} from './report.mjs';
import {home} from './setup/project.mjs';
import {WalkBar} from './start/bar.mjs';
import {chaptersIn} from './start/chapters.mjs';
import {lanesOf} from './start/machine.mjs';
import {runTasks} from './start/schedule.mjs';

await command(async () => {
  const unknown = process.argv.slice(2).filter((word) => word !== '--all');
  if (unknown.length > 0)
    throw new ReportError(`Unknown option ${unknown[0]}; known: --all (also chapters 7 and 9 to 11)`, 2);
  const folder = join(home, 'notebooks');
  const chapters = existsSync(folder) ? chaptersIn(folder, process.argv.includes('--all')) : [];
  if (chapters.length === 0) throw new ReportError(`Expected notebooks in ${folder}, found none`);
  const {lanes, environment} = lanesOf();
  const index = join(reports, 'index.html');
  const bar = new WalkBar(chapters);
  let done = 0;

  const execute = async (chapter) => {
    const {name, number} = chapter;
    bar.detail(`${number}  notebooks/${name}`);
    const {html, seconds} = await report(join(folder, name), [], {
      // Nothing else runs beside the first one.
      environment: chapter === chapters[0] ? {} : environment,
      log: (line) => bar.detail(`${number} ${line}`),
      onSection: (section, fraction) => bar.at(chapter, fraction, section),
    });
    bar.end(chapter);
    done += 1;
    const time = `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
    bar.say(`${done} of ${chapters.length} done: ${display(html)} in ${time}`);
    if (done === 1) bar.say(`This page lists the reports, more from minute to minute: ${display(index)}`);
  };

  try {
    await runTasks(chapters, lanes, execute);
  } finally {
    bar.stop();
  }
  console.log(`The reports are ready; open this page in a browser:\n${display(index)}`);
});

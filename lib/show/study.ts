/** A study of `captioner sweep`: its runs, and figures that Optuna makes of it. */
import {existsSync} from 'node:fs';
import {listRuns} from '../training/list-runs';
import {readStudy, storageOf, studyFolder} from '../training/study';
import {showFigure} from './figure';
import {showRuns} from './runs';

/** Options of `showStudy`. */
export interface StudyOptions {
  /** Folder of its runs, relative to where the command was given. @default the study's name in the project's checkpoints */
  readonly run?: string;
  /** Address of its database. @default `study.db` in the folder of its runs */
  readonly storage?: string;
}

/**
 * Shows a study of `captioner sweep`, while it runs or later: its runs with their scores, which options matter (PED-ANOVA), and all trials
 * as lines through their options.
 *
 * @param study Name of the study.
 * @throws CaptionerError `options` where there is no such study; `not-found` without Optuna
 * @example await showStudy('rates');
 */
export async function showStudy(study: string, {run, storage}: StudyOptions = {}): Promise<void> {
  const folder = studyFolder(study, run);
  const {metric, figures, trials} = await readStudy({study, storage: storageOf(storage, folder)});
  const runs = existsSync(folder) ? listRuns(folder).filter(({trial}) => trial?.study === study) : [];
  if (runs.length > 0) showRuns(runs, {title: `Study ${study}`});
  const complete = trials.filter(({state}) => state === 'complete').length;
  const counted = trials.filter(({state}) => state !== 'fail').length;
  const text = `${complete} of ${counted} trials are complete.`;
  for (const [name, title] of [
    ['importance', `Which options decide: ${metric}`],
    ['parallel', `Trials: options and ${metric}`],
  ] as const) {
    const figure = figures[name];
    if (!figure) continue;
    const {xaxis, yaxis} = figure.layout;
    showFigure({
      title,
      text: `${title}. ${text}`,
      data: figure.data,
      layout: {...(xaxis !== undefined && {xaxis}), ...(yaxis !== undefined && {yaxis}), showlegend: false},
    });
  }
}

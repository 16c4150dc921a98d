/** A training run as one watches it in a notebook: live curves, and below them the panel's newest captions. */
import type {EpochReport, History, StepReport} from '../checkpoints/history';
import {lossCurves} from './curves';
import {captionPanel} from './grid';

/** Callbacks of `watchTraining`. */
export interface Watch {
  readonly onStep: (report: StepReport) => Promise<void>;
  readonly onEpoch: (report: EpochReport) => Promise<void>;
}

/**
 * Shows loss curves and captions while a model trains.
 *
 * @param history What the run went through before; the curves go on from there.
 * @returns The trainer's callbacks.
 * @example await trainer.train({epochs: 5, ...watchTraining(trainer.history)});
 */
export function watchTraining(history: History = {steps: [], epochs: []}, title: string = 'Loss'): Watch {
  const curves = lossCurves({title, history: [...history.steps, ...history.epochs]});
  const panel = captionPanel();
  return {
    onStep: curves.add,
    onEpoch: async (report) => {
      await curves.add(report);
      await curves.finish();
      const items = report.panel.map(({file, caption, references}) => ({image: file, caption, references}));
      await panel.show(items, `epoch ${report.epoch}`);
    },
  };
}

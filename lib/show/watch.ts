/** Live view of a training run in a notebook: loss curves, and below them the newest captions of the panel images. */
import type {EpochReport, History, StepReport} from '../checkpoints/history';
import {lossCurves} from './curves';
import {captionPanel} from './grid';

/** Callbacks for the trainer that show its progress. */
export interface Watch {
  readonly onStep: (report: StepReport) => Promise<void>;
  readonly onEpoch: (report: EpochReport) => Promise<void>;
}

/**
 * Creates a live view of training.
 *
 * @param history Earlier history of a resumed run, which the curves continue.
 * @returns Callbacks for the trainer.
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

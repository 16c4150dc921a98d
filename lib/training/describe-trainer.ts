/** Describes trainers for consoles and notebooks. */
import type {History} from '../checkpoints/history';
import type {Position} from '../checkpoints/metadata';
import type {Decoder} from '../decoders/decoder';
import {counted, countNumbers, description, describeOptions, grouped} from '../description';
import {fieldsOf} from '../option-fields';
import {trainerOptions, type TrainerSettings} from './trainer-options';

/** The parts of a trainer that its description is made of. */
interface DescribedTrainer {
  readonly decoder: Decoder;
  readonly options: TrainerSettings;
  readonly position: Position;
  readonly stepsPerEpoch: number;
  readonly history: History;
  readonly leftOut: readonly string[];
}

/** Describes a trainer: where it stands, its best score, and the options that differ from the default. */
export function describeTrainer(trainer: DescribedTrainer): string {
  const {decoder, options, position, stepsPerEpoch, history, leftOut} = trainer;
  const {step, epoch, learningRate, best} = position;
  const last = history.steps.at(-1);
  const reached = best && history.epochs.find((report) => report.step === best.step)?.epoch;
  const selectBy = options.selectBy === 'auto' ? 'score' : options.selectBy;
  const defaults = Object.fromEntries(
    fieldsOf(trainerOptions.schema).map((field) => [field.name, field.default]),
  );
  return description(
    `Trainer of a decoder of kind ${decoder.kind} (${counted(countNumbers(decoder.weights.values()), 'weight')})`,
    {
      'position': `${epoch} of ${counted(options.epochs, 'epoch')}, step ${grouped(step)} of ${grouped(options.epochs * stepsPerEpoch)}`,
      'learning rate': String(learningRate),
      'last loss': last && last.loss.toFixed(4),
      'best': best
        ? `${selectBy} ${best.score.toFixed(4)}${reached === undefined ? '' : ` after epoch ${reached}`}`
        : 'no epoch yet',
      'options': describeOptions(options, defaults),
      'left out': leftOut.length > 0 && `${counted(leftOut.length, 'image')} without features`,
    },
  );
}

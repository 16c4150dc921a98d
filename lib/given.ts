/**
 * Returns the options that have a value: leaves out those that are undefined, empty or 0. A notebook's parameter cell can then say
 * “0: suits the data”.
 *
 * @example await prepareTraining(dataset, {trainerOptions: given({epochs: 4, learningRate: 0})});
 */
export function given<T extends object>(options: T): Partial<T> {
  const entries = Object.entries(options) as [string, unknown][];
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined && value !== '' && value !== 0),
  ) as Partial<T>;
}

/** Converts files of earlier versions to the current format, so that only this module knows their names. */

type Json = Readonly<Record<string, unknown>>;

/** Format version of `checkpoint.json`. */
export const formatVersion = 2;

/** Options of the trainer by the names of version 1. */
const trainerOptions: Readonly<Record<string, string>> = {
  rate: 'learningRate',
  encoderRate: 'encoderLearningRate',
  together: 'captionsPerImage',
  judged: 'validationImages',
  panel: 'panelImages',
  best: 'selectBy',
  clip: 'clipNorm',
  movingAverage: 'emaDecay',
  lengthExponent: 'lengthPenalty',
};

/** @param json `checkpoint.json`, already parsed. @returns The same in the current format; unchanged unless it has version 1. */
export function migrateMetadata(json: unknown): unknown {
  if (!isObject(json) || json['version'] !== 1) return json;
  const {decoder, settings, training, tuning, ...rest} = json;
  return {
    ...rest,
    version: formatVersion,
    decoder: isObject(decoder)
      ? {...decoder, options: renamed(decoder['options'], {image: 'imageInput'})}
      : decoder,
    ...(tuning !== undefined && {fineTuned: tuning}),
    ...(settings !== undefined && {settings: migrateSettings(settings)}),
    ...(isObject(training) && {
      training: {
        ...training,
        settings: migrateSettings(training['settings']),
        position: renamed(training['position'], {rate: 'learningRate'}),
      },
    }),
  };
}

/** @param json `history.json` beside a `checkpoint.json` of version 1, already parsed. */
export function migrateHistory(json: unknown): unknown {
  if (!isObject(json)) return json;
  const entries = (list: unknown): unknown =>
    Array.isArray(list)
      ? list.map((entry: unknown) => {
          const report = renamed(entry, {rate: 'learningRate'});
          if (!isObject(report) || !isObject(report['metrics'])) return report;
          return {...report, metrics: renamed(report['metrics'], {true: 'factual'})};
        })
      : list;
  return {...json, steps: entries(json['steps']), epochs: entries(json['epochs'])};
}

/** @returns The current name of a weight of version 1. */
export function migrateWeightName(name: string): string {
  return name === 'features.deviation' ? 'features.std' : name;
}

function migrateSettings(settings: unknown): unknown {
  const found = renamed(settings, trainerOptions);
  return isObject(found) && found['selectBy'] === 'true' ? {...found, selectBy: 'factual'} : found;
}

function renamed(json: unknown, names: Readonly<Record<string, string>>): unknown {
  if (!isObject(json)) return json;
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [Object.hasOwn(names, name) ? names[name]! : name, value]),
  );
}

function isObject(json: unknown): json is Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

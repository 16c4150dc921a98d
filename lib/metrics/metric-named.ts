/** Looks a metric up by the name that a user gave it. */
import {CaptionerError} from '../errors';
import {metricNames} from '../metric-names';
import {unknownName} from '../option-names';

/**
 * Checks the name of a metric, for instance of a notebook's parameter, before scores are looked up by it.
 *
 * @param name Name as in `metricNames`, or `factual`.
 * @param scores Scores that must include the metric. @default every metric that there is
 * @returns The name.
 * @throws CaptionerError `options` for a name that no metric has, naming the nearest; or for one that wasn't computed.
 * @example
 * const result = await evaluate(captioner, store, images);
 * const score = result.metrics[metricNamed('CIDEr-D', result)];
 */
export function metricNamed(
  name: string,
  scores?: {readonly metrics: Readonly<Record<string, number>>},
): string {
  const known = [...metricNames, 'factual'];
  const computed = scores === undefined ? known : Object.keys(scores.metrics);
  if (computed.includes(name)) return name;
  if (known.includes(name))
    throw new CaptionerError(
      'options',
      `Expected a metric that was computed for these captions (${computed.join(', ')}), got "${name}"`,
    );
  if (name.toUpperCase() === 'SPICE')
    throw new CaptionerError(
      'options',
      `Unknown metric "${name}": SPICE needs a parser in Java and is not computed; known: ${computed.join(', ')}`,
    );
  throw new CaptionerError('options', unknownName('metric', name, computed));
}

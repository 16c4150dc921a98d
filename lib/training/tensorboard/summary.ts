/** Events as TensorBoard reads them: a step with its scalars, images, texts and histograms (tensorflow/core/util/event.proto). */
import {double, float, integer, nested} from '../../files/protobuf';

/** A value of an event, encoded. */
export type SummaryValue = Buffer;

/** An encoded image. */
export interface EncodedImage {
  /** PNG or JPEG. */
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Counts of values in buckets. */
export interface Histogram {
  /** Edges of the buckets, one more than there are buckets. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** An event: what was measured at a step. */
export function eventOf(step: number, values: readonly SummaryValue[], time: Date = new Date()): Buffer {
  return Buffer.concat([
    double(1, time.getTime() / 1000),
    integer(2, step),
    nested(5, ...values.map((value) => nested(1, value))),
  ]);
}

/** @param description Shown beside the chart's title. */
export function scalarValue(tag: string, value: number, description = ''): SummaryValue {
  return Buffer.concat([
    nested(1, tag),
    float(2, value),
    metadata('scalars', '', dataClass.scalar, description),
  ]);
}

export function imageValue(tag: string, {bytes, width, height}: EncodedImage): SummaryValue {
  const rgb = 3;
  return Buffer.concat([
    nested(1, tag),
    nested(4, integer(1, height), integer(2, width), integer(3, rgb), nested(4, bytes)),
  ]);
}

/** @param content Markdown. */
export function textValue(tag: string, content: string): SummaryValue {
  const tensor = nested(8, integer(1, dtype.string), nested(2), nested(8, content));
  return Buffer.concat([nested(1, tag), tensor, metadata('text', '', dataClass.tensor)]);
}

/** @param description Shown beside the chart's title. */
export function histogramValue(tag: string, {edges, counts}: Histogram, description = ''): SummaryValue {
  const rows = Float32Array.from(counts.flatMap((count, at) => [edges[at]!, edges[at + 1]!, count]));
  const shape = [counts.length, 3].map((size) => nested(2, integer(1, size)));
  const tensor = nested(
    8,
    integer(1, dtype.float),
    nested(2, ...shape),
    nested(4, new Uint8Array(rows.buffer)),
  );
  return Buffer.concat([nested(1, tag), tensor, metadata('histograms', '', dataClass.tensor, description)]);
}

/** A value that consists of what a plug-in is told, with the empty tensor that TensorBoard expects. */
export function pluginValue(tag: string, plugin: string, content: Uint8Array): SummaryValue {
  const tensor = nested(8, integer(1, dtype.float), nested(2, nested(2, integer(1, 0))));
  return Buffer.concat([nested(1, tag), tensor, metadata(plugin, content, dataClass.tensor)]);
}

const dtype = {float: 1, string: 7} as const;
const dataClass = {scalar: 1, tensor: 2} as const;

function metadata(plugin: string, content: string | Uint8Array, kind: number, description = ''): Buffer {
  return nested(
    9,
    nested(1, nested(1, plugin), nested(2, content)),
    nested(3, description),
    integer(4, kind),
  );
}

/** Names of the metrics, apart from their code, so that an option can name one without loading it. */

/** In the order in which they are reported. SPICE, which needs a parser in Java, is not computed. */
export const metricNames = ['BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4', 'METEOR', 'ROUGE-L', 'CIDEr-D'] as const;
/** The name of a metric. */
export type MetricName = (typeof metricNames)[number];

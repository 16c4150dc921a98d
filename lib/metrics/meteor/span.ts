/** Consecutive words of a sentence. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

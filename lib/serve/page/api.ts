/** Messages between the server and the page, as JSON. */

/** A checkpoint or a run that can be chosen. */
export interface RunChoice {
  readonly name: string;
  /** Decoder, encoder and epoch, in words. */
  readonly detail: string;
  /** Reason why it cannot be chosen. */
  readonly problem?: string;
}

/** A numeric option of the search. */
export interface NumberField {
  readonly name: string;
  readonly description: string;
  readonly default: number;
  readonly minimum?: number;
  readonly maximum?: number;
  /** Whether it has to be an integer. */
  readonly whole: boolean;
}

/** How parts of an image are hidden: `hidden` has a character for each cell of a square grid, row by row, and 1 hides it. */
export interface Hiding {
  /** Columns and rows of the grid. */
  readonly side: number;
  /** Grey level in place of hidden cells. */
  readonly grey: number;
}

/** Answer to `GET api/start`: runs, options and limits. */
export interface Start {
  readonly runs: readonly RunChoice[];
  /** Name of the run that is chosen first; absent where none can be loaded. */
  readonly selected?: string;
  readonly options: readonly NumberField[];
  /** Largest image that is accepted, in bytes. */
  readonly byteLimit: number;
  readonly hiding: Hiding;
}

/** Answer to `POST api/load?run=NAME`. */
export interface Loaded {
  readonly run: string;
  readonly seconds: number;
}

/** A word of a hypothesis. */
export interface Word {
  readonly text: string;
  /** Probability of the word, given the image and the words before it. */
  readonly probability: number;
  /** Attention weight of each cell of the image, row by row. Absent where the decoder has no attention. */
  readonly attention?: readonly number[];
  /** Whether it is new, compared with the caption before. */
  readonly changed?: boolean;
}

/** A caption that the search found. */
export interface FoundCaption {
  readonly caption: string;
  /** Probability of the whole sentence. */
  readonly probability: number;
  /** Rating by which the search ranks its captions. */
  readonly score: number;
  readonly words: readonly Word[];
  /** Probability that the sentence ends after its last word; absent where it was cut off. */
  readonly end?: number;
}

/** A method of explanation. */
export interface MethodChoice {
  readonly name: string;
  readonly title: string;
  readonly about: string;
}

/**
 * Answer to `POST api/caption?run=NAME&beams=3…`, of which the body is the content of an image file. `hidden=…` hides cells of the image,
 * see `Hiding`; `before=…` is a caption to compare with.
 */
export interface CaptionReply {
  readonly run: string;
  /** The best first. */
  readonly hypotheses: readonly FoundCaption[];
  /** Time that encoding and search took. */
  readonly seconds: number;
  readonly decoder: string;
  /** Part of the image that the attention's cells cover: all of it, or the square in its centre. */
  readonly fit: 'stretch' | 'crop';
  /** Methods that explain this decoder's words. */
  readonly methods: readonly MethodChoice[];
  /** The caption that the words are compared with. */
  readonly before?: string;
}

/** Answer to `POST api/explain?run=NAME&method=NAME&caption=…`, of which the body is the content of an image file; `hidden` as above. */
export interface ExplainReply {
  readonly method: string;
  /** For each word of the caption, the values of a square map, row by row: positive ones made the word more likely, negative ones less. */
  readonly maps: readonly (readonly number[])[];
  readonly seconds: number;
}

/** Answer to a request that failed. */
export interface Problem {
  readonly error: string;
}

/**
 * The one error class that the library throws for what a user can mend. The message says what was expected,
 * what came and where; `code` lets a program tell the cases apart. Anything else that is thrown is a defect.
 */
import {inspect} from 'node:util';

export const errorCodes = [
  'options', // an option is unknown, has the wrong type or lies outside its range
  'tensorflow', // native TensorFlow or its binding is missing or cannot be loaded
  'not-found', // a file or folder that was named does not exist
  'dataset', // no known layout, no captions, no images
  'captions', // a caption file that cannot be read, or too many bad lines
  'vectors', // a file of word vectors that cannot be read, or that has none of the words
  'image', // an image that cannot be decoded, or that is refused
  'weights', // encoder weights that are missing or do not fit the architecture
  'header', // a safetensors header that is malformed
  'truncated', // a file shorter than it says it is
  'checksum', // content that does not match its SHA-256 or MD5
  'overlap', // tensors that overlap or leave gaps in a file
  'dtype', // a tensor of another type than expected
  'shape', // a tensor of another shape than expected
  'version', // a file written by a newer format
  'mismatch', // parts that do not belong together: vocabulary, encoder, options
  'no-space', // the disk is full
  'download', // a file that cannot be fetched, or an answer that is refused
  'archive', // an archive that is damaged, or that is refused
  'locked', // another process is using the run folder
  'diverged', // a loss or gradient that is not finite
  'stopped', // work that was asked to stop, and did
] as const;
/** The code of an error. */
export type ErrorCode = (typeof errorCodes)[number];

/** An error that the user can mend. */
export class CaptionerError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CaptionerError';
    this.code = code;
    // What `console.error` and a notebook show: no stack, which would only hide the message.
    const shown = code === 'stopped' ? message : `${this.name}: ${message}`;
    Object.defineProperty(this, inspect.custom, {value: () => shown});
  }
}

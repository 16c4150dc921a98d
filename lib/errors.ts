/**
 * The one error class that the library throws for problems that a user can fix. The message says what was expected,
 * what was found and where; `code` lets a program tell the cases apart. Any other exception is a bug.
 */
import {inspect} from 'node:util';
import {shown} from './terminal';

export const errorCodes = [
  'options', // an option is unknown, has the wrong type or is out of range
  'tensorflow', // native TensorFlow or its binding is missing or cannot be loaded
  'not-found', // a file or folder that was named does not exist
  'dataset', // no known layout, no captions, no images
  'captions', // a caption file is unreadable or has too many bad lines
  'vectors', // a word vector file is unreadable or contains none of the words
  'image', // an image cannot be decoded or is refused
  'weights', // encoder weights are missing or do not fit the architecture
  'header', // a header or manifest is malformed
  'truncated', // a file is shorter than its header says
  'checksum', // content does not match its SHA-256 or MD5
  'overlap', // tensors overlap or leave gaps in a file
  'dtype', // a tensor has an unexpected type
  'shape', // a tensor has an unexpected shape
  'version', // a file has another format version
  'mismatch', // parts do not belong together: vocabulary, encoder, options
  'no-space', // the disk is full
  'memory', // work would need more memory than the machine has
  'not-permitted', // a file or folder may not be read or written
  'too-many-files', // more files are open than the system allows
  'download', // a file cannot be fetched, or the response is refused
  'archive', // an archive is damaged or refused
  'locked', // another process is using the folder
  'closed', // a trainer is used after it was closed
  'cluster', // another worker of a cluster is missing or lost
  'diverged', // a loss or gradient is not finite
  'stopped', // work stopped on request
] as const;
/** The code of an error. */
export type ErrorCode = (typeof errorCodes)[number];

/** Characters of a message; what a file claims may be longer. */
const longest = 4000;

/** Messages quote untrusted names, headers and words. */
function inOneLine(message: string): string {
  const text = shown(message.slice(0, longest + 1));
  return text.length > longest ? `${text.slice(0, longest)} …` : text;
}

/** An error that the user can mend. Its message is one line that is safe to print. */
export class CaptionerError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(inOneLine(message), options);
    this.name = 'CaptionerError';
    this.code = code;
    // `console.error` and notebooks show this. A stack trace would only hide the message.
    const text = code === 'stopped' ? this.message : `${this.name}: ${this.message}`;
    Object.defineProperty(this, inspect.custom, {value: () => (debugging() ? stackOf(this) : text)});
  }
}

/** Whether errors are to show their stacks: the environment variable `DEBUG` names `captioner`, among others perhaps. */
export function debugging(): boolean {
  return /(^|[\s,])(captioner|\*)($|[\s,])/.test(process.env['DEBUG'] ?? '');
}

/** The stack of an error and of what caused it. */
export function stackOf(error: Error): string {
  const {stack, message, cause} = error;
  const own = stack ?? message;
  return cause instanceof Error ? `${own}\nCaused by ${stackOf(cause)}` : own;
}

/**
 * Text on its way to a terminal or into a message. Untrusted words, names, paths and headers may hold characters that move the cursor, set
 * the window's title or turn lines around; here they become visible escapes. Only this module writes to a terminal, which eslint checks.
 */
import {once} from 'node:events';

/** Control characters, line and paragraph separators, what changes the direction of writing, and lone surrogates. */
const unsafe = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const unsafeWithin = /(?![\n\t])[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Returns text in one line, with `\u001b` for an escape character and so on. */
export function shown(text: string): string {
  return text.replace(unsafe, escaped);
}

/** Returns text of several lines like `shown`; line ends and tabs stay. */
export function shownLines(text: string): string {
  return text.replace(unsafeWithin, escaped);
}

/** Whether text holds characters that `shown` escapes. */
export function isUnsafe(text: string): boolean {
  return text.search(unsafe) >= 0;
}

function escaped(character: string): string {
  const short = JSON.stringify(character).slice(1, -1);
  if (short.startsWith('\\')) return short;
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Prints lines on stdout. */
export function printLines(text: string): void {
  process.stdout.write(`${shownLines(text)}\n`);
}

/** Prints lines by `console.log`, where a program may catch what the library shows. */
export function logLines(text: string): void {
  console.log(shownLines(text));
}

/** Prints lines on stderr. */
export function printErrorLines(text: string): void {
  process.stderr.write(`${shownLines(text)}\n`);
}

/** Writes a line whose untrusted parts are `shown` already, with our own styles, on stdout. */
export function printStyled(line: string): void {
  process.stdout.write(`${line}\n`);
}

/**
 * Writes data on stdout and waits for a slow reader, so that nothing piles up in memory. Where a terminal reads it, it is shown; a file or a
 * pipe gets it unchanged.
 */
export async function writeData(text: string): Promise<void> {
  if (process.stdout.destroyed) return; // nobody reads any more
  if (!process.stdout.write(process.stdout.isTTY ? shownLines(text) : text))
    await once(process.stdout, 'drain');
}

/** Clears the bar from the current line of the terminal; it is drawn again below what is printed next. */
export function clearLine(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
}

/** Warns of something that doesn't end the work, in a notebook below the cell, elsewhere on stderr. */
export function emitWarning(message: string): void {
  process.emitWarning(shown(message));
}

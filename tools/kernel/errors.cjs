/**
 * How errors are shown below a cell: the message, and the lines of the cells that led to it. Stacks, which name the kernel's and the
 * library's compiled files, are shown only where `process.env.DEBUG` names `captioner`.
 */
'use strict';

const {inspect, types} = require('node:util');

const frame = /\bcell-(\d+):(\d+):(\d+)\)?$/gm;
/** Lines shown of an error that went through functions of several cells. */
const mostLines = 5;
const longestLine = 120;

class Errors {
  /** Source and compiled code of each cell, by its number. */
  #cells = new Map();
  #current;

  /** Remembers a cell that is about to run. @returns The file name by which stacks call it. */
  begin(number, source, compiled) {
    this.#current = number;
    this.#cells.set(number, {source, compiled});
    return `cell-${number}`;
  }

  /** @param error Whatever was thrown. */
  describe(error) {
    if (!types.isNativeError(error)) return inspect(error);
    if (error.code === 'stopped') return error.message;
    if (debugging()) return inspect(error);
    const places = this.#placesOf(error);
    // Its message says what is wrong; where in the cell is enough.
    const own = error.name === 'CaptionerError';
    const shown = own ? places.filter(({current}) => current).slice(0, 1) : places.slice(0, mostLines);
    return [messageOf(error), ...causesOf(own ? {} : error), ...shown.map(({text}) => `  ${text}`)].join(
      '\n',
    );
  }

  /** The lines of cells in a stack, the innermost first. */
  #placesOf({stack}) {
    const places = new Map();
    for (const [, number, line, column] of String(stack).matchAll(frame)) {
      const cell = this.#cells.get(Number(number));
      const at = cell && sourceLine(cell.source, cell.compiled, Number(line), Number(column));
      if (at === undefined) continue;
      const current = Number(number) === this.#current;
      const code = cell.source.split('\n')[at].trim();
      const cut = code.length > longestLine ? `${code.slice(0, longestLine)} …` : code;
      const text = `cell ${current ? '' : `[${number}] `}line ${at + 1}: ${cut}`;
      places.set(text, {text, current});
    }
    return [...places.values()];
  }
}

function debugging() {
  return /(^|[\s,])(captioner|\*)($|[\s,])/.test(process.env.DEBUG ?? '');
}

function messageOf({name, message, errors}) {
  const inner = message === '' && Array.isArray(errors) ? String(errors[0]?.message ?? '') : message;
  return inner === '' ? String(name) : `${name}: ${inner}`;
}

/** Network errors, for example, say what happened only in their cause. */
function causesOf({cause}) {
  return types.isNativeError(cause) ? [`  because of ${messageOf(cause)}`, ...causesOf(cause)] : [];
}

/**
 * The line of a cell's source that a place in its compiled code comes from. The compiler keeps names, numbers and the words of texts in
 * their order, adds some (`exports`, `void`) and drops others (types), so the two are aligned word by word.
 *
 * @returns Counted from 0; undefined where it can't be told.
 */
function sourceLine(source, compiled, line, column) {
  if (line === compiled.split('\n').length) return undefined; // where the cell was called
  const [from, to] = [wordsOf(source), wordsOf(compiled)];
  if (from.length * to.length > 4e6) return undefined;
  const partners = align(
    from.map(({text}) => text),
    to.map(({text}) => text),
  );
  const reached = (word) => word.line > line - 1 || (word.line === line - 1 && word.end > column - 1);
  const start = to.findIndex(reached);
  const after = start < 0 ? [] : [...to.keys()].slice(start).filter((at) => to[at].line === line - 1);
  const before = [...to.keys()].slice(0, start < 0 ? undefined : start).reverse();
  const found = [...after, ...before].find((at) => partners[at] >= 0);
  return found === undefined ? undefined : from[partners[found]].line;
}

function wordsOf(code) {
  return code.split('\n').flatMap((text, line) =>
    [...text.matchAll(/[\p{L}\p{N}_$]+/gu)].map((word) => {
      return {text: word[0], line, end: word.index + word[0].length};
    }),
  );
}

/** @returns For each word of `to` the position of its partner in `from` in a longest common subsequence, or -1. */
function align(from, to) {
  const width = to.length + 1;
  const lengths = new Uint16Array((from.length + 1) * width);
  for (let i = from.length - 1; i >= 0; i--)
    for (let j = to.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        from[i] === to[j]
          ? lengths[(i + 1) * width + j + 1] + 1
          : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
  const partners = new Int32Array(to.length).fill(-1);
  for (let i = 0, j = 0; i < from.length && j < to.length;) {
    if (from[i] === to[j]) partners[j++] = i++;
    else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i++;
    else j++;
  }
  return partners;
}

module.exports = {Errors, sourceLine};

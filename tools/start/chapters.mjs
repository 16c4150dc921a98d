/** The chapters of the walk-through: which must be executed before which, and about how long each takes. */
import {readdirSync} from 'node:fs';

/**
 * By number: the chapters whose runs it loads, its seconds on one core of two, and whether it is left out unless all are asked for: those
 * train more decoders, or explain many images.
 */
const known = {
  '01': {after: [], seconds: 15},
  '02': {after: ['01'], seconds: 15},
  '03': {after: ['01'], seconds: 15},
  '04': {after: ['01'], seconds: 45},
  '05': {after: ['01'], seconds: 150},
  '06': {after: ['05'], seconds: 25},
  '07': {after: ['01'], seconds: 200, more: true},
  '08': {after: ['05'], seconds: 25},
  '09': {after: ['01'], seconds: 110, more: true},
  '10': {after: ['07'], seconds: 140, more: true},
  '11': {after: ['01'], seconds: 60, more: true},
};

/**
 * @typedef {{name: string, number: string, after: string[], seconds: number}} Chapter `after`: numbers of chapters that have to be done.
 * @param {string} folder
 * @param {boolean} all Whether the chapters that take longer are among them.
 * @returns {Chapter[]} In reading order.
 */
export function chaptersIn(folder, all = false) {
  const names = readdirSync(folder)
    .filter((name) => /^\d\d-.*\.ipynb$/.test(name) && (all || !known[name.slice(0, 2)]?.more))
    .sort();
  const numbers = names.map((name) => name.slice(0, 2));
  return names.map((name) => {
    const number = name.slice(0, 2);
    const {after, seconds} = known[number] ?? {after: [], seconds: 60};
    // A chapter that isn't there can't be waited for.
    return {name, number, seconds, after: after.filter((one) => numbers.includes(one))};
  });
}

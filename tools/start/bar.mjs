/** The display of the walk-through: in a terminal a bar at the bottom and a line for each chapter that is done, elsewhere lines alone. */
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {home} from '../setup/project.mjs';

const format = '{bar} {percentage} %  {done}/{all} chapters  {clock}  {now}';

/** A display of chapters that run at the same time. */
export class WalkBar {
  #bars;
  #bar;
  #started = performance.now();
  #seconds = new Map();
  #now = new Map();
  #done = 0;
  #chapters;
  #timer;

  /** @param {readonly import('./chapters.mjs').Chapter[]} chapters */
  constructor(chapters, terminal = process.stderr.isTTY === true) {
    this.#chapters = chapters;
    if (!terminal) return;
    // The library's own dependency.
    const {MultiBar} = createRequire(join(home, 'lib', 'package.json'))('cli-progress');
    const options = {format, barsize: 24, hideCursor: true, barCompleteChar: '█', barIncompleteChar: '░'};
    this.#bars = new MultiBar({...options, gracefulExit: false, clearOnComplete: true});
    this.#bar = this.#bars.create(this.#total(), 0, this.#words());
    this.#timer = setInterval(() => this.#draw(), 1000);
  }

  /** @param {number} fraction Part of the chapter that is done. @param {string} section Heading that it is at. */
  at({number, seconds}, fraction, section) {
    this.#seconds.set(number, fraction * seconds);
    this.#now.set(number, section);
    this.#draw();
  }

  /** A chapter has ended. */
  end({number, seconds}) {
    this.#now.delete(number);
    this.#seconds.set(number, seconds);
    this.#done += 1;
    this.#draw();
  }

  /** Part of all chapters that is done, by the time that each takes. */
  get fraction() {
    return [...this.#seconds.values()].reduce((sum, one) => sum + one, 0) / this.#total();
  }

  /** Prints a line of what is going on, which a bar shows anyway. */
  detail(line) {
    if (!this.#bars) console.log(line);
  }

  /** Prints a line above the bar. */
  say(line) {
    if (this.#bars) this.#bars.log(`${line}\n`);
    else console.log(line);
    this.#draw();
  }

  stop() {
    clearInterval(this.#timer);
    this.#bars?.stop();
  }

  #draw() {
    this.#bar?.update(this.fraction * this.#total(), this.#words());
  }

  #total() {
    return this.#chapters.reduce((sum, {seconds}) => sum + seconds, 0);
  }

  #words() {
    const seconds = Math.floor((performance.now() - this.#started) / 1000);
    const now = [...this.#now].map(([number, section]) => `${Number(number)} ${section}`.slice(0, 28));
    return {
      done: this.#done,
      all: this.#chapters.length,
      clock: `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`,
      now: now.join(' · '),
    };
  }
}

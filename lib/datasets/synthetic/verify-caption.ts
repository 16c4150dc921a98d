/**
 * Finds the false claims of a caption about a scene. The caption may come from a decoder early in training, so it is read phrase by phrase
 * without assumptions, and anything that cannot be parsed counts as a false claim.
 */
import {tokenize} from '../../text/tokenizer';
import type {Composition} from './composition';
import {lexicon, longest, type Meaning} from './lexicon';
import type {Action, Colour, Kind, Place, Relation, Size} from './scene';
import {inverses, numberWords} from './phrases';

/** A caption's mention of objects. */
interface Mention {
  readonly words: string;
  readonly kind: Kind | 'garment';
  readonly many: boolean;
  readonly number?: number;
  readonly sizes: readonly Size[];
  readonly colours: readonly Colour[];
}

/**
 * Verifies a caption against a scene.
 *
 * @param caption Any text.
 * @returns One line for each claim that is false or cannot be parsed; empty for a true caption.
 */
export function falseClaims(caption: string, scene: Composition): string[] {
  return new Reading(tokenize(caption), scene).claims();
}

class Reading {
  readonly #words: readonly string[];
  readonly #scene: Composition;
  readonly #false: string[] = [];
  readonly #named = new Set<Kind>();
  #at = 0;
  /** Subject of the sentence: the first mention. */
  #subject: Mention | undefined;
  /** The last mention, to which `in a red coat` refers. */
  #latest: Mention | undefined;
  /** Words that require a continuation: `a dog and …`. */
  #open: string | undefined;

  constructor(words: readonly string[], scene: Composition) {
    this.#words = words;
    this.#scene = scene;
  }

  claims(): string[] {
    const ofSubject: (() => void)[] = [];
    while (this.#at < this.#words.length) {
      const {words, meaning} = this.#next();
      if (!meaning) {
        this.#complain(`"${words}" means nothing here`);
        this.#at++;
        continue;
      }
      switch (meaning.type) {
        case 'time':
          if (meaning.time !== this.#scene.time) this.#complain(`"${words}": it is ${this.#scene.time}`);
          break;
        case 'background':
          if (meaning.background !== this.#scene.background)
            this.#complain(`"${words}": the background is ${this.#scene.background}`);
          if (meaning.over) ofSubject.push(() => this.#checkAction('fly', words));
          break;
        case 'place':
          ofSubject.push(() => this.#checkPlace(meaning.place, words));
          break;
        case 'verb':
          if (!this.#subject) this.#complain(`"${words}": nothing is named that does so`);
          ofSubject.push(() => this.#checkAction(meaning.action, words));
          break;
        case 'relation':
          this.#at += words.split(' ').length;
          this.#readRelated(meaning.relation, words);
          continue;
        case 'open':
          this.#at += words.split(' ').length;
          this.#readOpen(words);
          continue;
        default:
          this.#readUnjoined();
          continue;
      }
      this.#at += words.split(' ').length;
      this.#open = undefined;
    }
    if (this.#open) this.#complain(`"${this.#open}" leads to nothing`);
    if (this.#subject) for (const check of ofSubject) check();
    else this.#complain('it names no thing');
    return this.#false;
  }

  /** Returns the longest known phrase at the current position, or one word. */
  #next(): {words: string; meaning?: Meaning} {
    for (let length = Math.min(longest, this.#words.length - this.#at); length > 0; length--) {
      const words = this.#words.slice(this.#at, this.#at + length).join(' ');
      const meaning = lexicon.get(words);
      if (meaning) return {words, meaning};
    }
    return {words: this.#words[this.#at] ?? ''};
  }

  /** Reads a noun with its modifiers: `two small red balls`. Without a noun, it reports a false claim and returns undefined. */
  #readMention(): Mention | undefined {
    const start = this.#at;
    const [named, shades]: [Size[], Colour[]] = [[], []];
    let number: number | undefined;
    let determined = false;
    for (;;) {
      const {words, meaning} = this.#next();
      const so = () => this.#words.slice(start, this.#at).join(' ');
      if (meaning?.type === 'determiner' && this.#at === start) {
        number = meaning.number;
        determined = true;
      } else if (meaning?.type === 'size') named.push(meaning.size);
      else if (meaning?.type === 'colour') shades.push(meaning.colour);
      else if (meaning?.type === 'noun') {
        this.#at += words.split(' ').length;
        if (meaning.size) named.push(meaning.size);
        const {kind, many} = meaning;
        if (number !== undefined ? number > 1 !== many : !determined && !many)
          this.#complain(`"${so()}": number and noun do not agree`);
        return {
          words: so(),
          kind,
          many,
          ...(number !== undefined && {number}),
          sizes: named,
          colours: shades,
        };
      } else {
        this.#complain(`"${so()}" names no thing`);
        return undefined;
      }
      this.#at += words.split(' ').length;
    }
  }

  #readUnjoined(): void {
    const mention = this.#readMention();
    if (!mention) return;
    if (mention.kind === 'garment') return this.#complain(`"${mention.words}": nobody is named who wears it`);
    if (this.#subject && this.#open !== 'and') this.#complain(`"${mention.words}" is joined to nothing`);
    this.#checkMention(mention, mention.kind);
    this.#subject ??= mention;
    this.#open = undefined;
  }

  #readRelated(relation: Relation | 'behind', words: string): void {
    const subject = this.#subject;
    if (!subject) this.#complain(`"${words}": nothing is named that is there`);
    this.#open = undefined;
    const mention = this.#readMention();
    if (!mention) return;
    if (mention.kind === 'garment') return this.#complain(`"${words} ${mention.words}": a coat is worn`);
    this.#checkMention(mention, mention.kind);
    const {main, relation: drawn} = this.#scene;
    const holds =
      drawn &&
      subject &&
      ((subject.kind === main && mention.kind === drawn.second && relation === drawn.name) ||
        (subject.kind === drawn.second && mention.kind === main && relation === inverses[drawn.name]));
    if (!holds)
      this.#complain(
        `"${words} ${mention.words}": ` +
          (drawn ? `the ${main} is ${drawn.name} the ${drawn.second}` : 'no two kinds are there'),
      );
  }

  #readOpen(words: string): void {
    if (words === 'in') return this.#readGarment();
    if (this.#open) this.#complain(`"${this.#open} ${words}" can't be read`);
    if (words.startsWith('there') ? this.#subject : !this.#subject)
      this.#complain(`"${words}" is out of place`);
    this.#open = words;
  }

  #readGarment(): void {
    const wearer = this.#latest;
    const mention = this.#readMention();
    if (!mention) return;
    if (mention.kind !== 'garment') return this.#complain(`"in ${mention.words}": nothing is in it`);
    if (wearer?.kind !== 'child') return this.#complain(`"in ${mention.words}": no child is named before`);
    if (mention.many !== wearer.many) this.#complain(`"in ${mention.words}": not as many as children`);
    this.#checkColours(mention, 'child');
    for (const size of mention.sizes) this.#complain(`"${size} ${mention.words}": no coat has a size`);
  }

  #checkMention(mention: Mention, kind: Kind): void {
    const {words, many, number} = mention;
    this.#latest = mention;
    if (this.#named.has(kind)) this.#complain(`"${words}": that was named before`);
    this.#named.add(kind);
    const drawn = this.#scene.objects.filter((object) => object.kind === kind);
    if (drawn.length === 0) return this.#complain(`"${words}": there is no ${kind}`);
    if (number !== undefined ? drawn.length !== number : drawn.length > 1 !== many)
      this.#complain(`"${words}": there ${drawn.length === 1 ? 'is' : 'are'} ${numberWords[drawn.length]!}`);
    for (const size of mention.sizes)
      if (!drawn.every((object) => object.size === size)) this.#complain(`"${words}": not ${size}`);
    // The colour of a child is its coat's.
    if (kind === 'child')
      for (const colour of mention.colours) this.#complain(`"${words}": no child is ${colour}`);
    else this.#checkColours(mention, kind);
  }

  #checkColours({words, colours: named}: Mention, kind: Kind): void {
    for (const object of this.#scene.objects.filter((one) => one.kind === kind).slice(0, 1))
      for (const colour of named)
        if (object.colour !== colour)
          this.#complain(`"${words}": ${object.colour ?? 'no colour is drawn'}, not ${colour}`);
  }

  #checkAction(action: Action, words: string): void {
    for (const {kind, action: drawn} of this.#ofSubject().slice(0, 1))
      if (drawn !== action) this.#complain(`"${words}": the ${kind} does not ${action}`);
  }

  #checkPlace(place: Place, words: string): void {
    if (this.#ofSubject().some((object) => object.place !== place)) this.#complain(`"${words}": not there`);
  }

  #ofSubject(): Composition['objects'] {
    return this.#scene.objects.filter(({kind}) => kind === this.#subject?.kind);
  }

  #complain(claim: string): void {
    this.#false.push(claim);
  }
}

/**
 * Finds the false claims of a caption about a scene. The caption may come from a decoder early in training, so it is read phrase by phrase
 * without assumptions, and anything that cannot be parsed counts as a false claim.
 */
import {tokenize} from '../../text/tokenizer';
import type {Composition} from './composition';
import type {Action, Kind, Place, Relation} from './scene';
import {inverses, numberWords} from './phrases';
import {PhraseReader, type Mention} from './phrase-reader';

/** A word's claim about the scene. */
export interface WordClaim {
  /** Kind of the objects that the word is about: a noun, or its number, size or colour. */
  readonly kind?: Kind;
  readonly type:
    'noun' | 'number' | 'size' | 'colour' | 'action' | 'place' | 'relation' | 'background' | 'time';
  readonly isTrue: boolean;
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

/**
 * Verifies the words of a caption one by one. Of a phrase, the word that decides its meaning counts: `sandy` of `on a sandy beach`. What is said
 * of objects that are not in the scene is neither true nor false; their noun is false.
 *
 * @returns For each word of the caption, as `tokenize` divides it, what it claims; `undefined` where that is nothing.
 */
export function wordClaims(caption: string, scene: Composition): (WordClaim | undefined)[] {
  const words = tokenize(caption);
  const reading = new Reading(words, scene);
  reading.claims();
  return words.map((_, at) => reading.words.get(at));
}

class Reading {
  /** The claims of the words, by position. */
  readonly words = new Map<number, WordClaim>();
  readonly #text: PhraseReader;
  readonly #scene: Composition;
  readonly #false: string[] = [];
  readonly #named = new Set<Kind>();
  /** Subject of the sentence: the first mention. */
  #subject: Mention | undefined;
  /** The last mention, to which `in a red coat` refers. */
  #latest: Mention | undefined;
  /** Words that require a continuation: `a dog and …`. */
  #open: string | undefined;

  constructor(words: readonly string[], scene: Composition) {
    this.#text = new PhraseReader(words);
    this.#scene = scene;
  }

  claims(): string[] {
    const text = this.#text;
    const ofSubject: (() => void)[] = [];
    while (text.at < text.words.length) {
      const {words, meaning} = text.next();
      if (!meaning) {
        this.#complain(`"${words}" means nothing here`);
        text.at++;
        continue;
      }
      const at = text.decisive(words);
      switch (meaning.type) {
        case 'time':
          this.#check(
            {type: 'time'},
            at,
            meaning.time === this.#scene.time,
            () => `"${words}": it is ${this.#scene.time}`,
          );
          break;
        case 'background':
          this.#check(
            {type: 'background'},
            at,
            meaning.background === this.#scene.background,
            () => `"${words}": the background is ${this.#scene.background}`,
          );
          if (meaning.over) ofSubject.push(() => this.#checkAction('fly', words));
          break;
        case 'place':
          ofSubject.push(() => this.#checkPlace(meaning.place, words, at));
          break;
        case 'verb':
          if (!this.#subject) this.#complain(`"${words}": nothing is named that does so`);
          ofSubject.push(() => this.#checkAction(meaning.action, words, at));
          break;
        case 'relation':
          text.skip(words);
          this.#readRelated(meaning.relation, words, at);
          continue;
        case 'open':
          text.skip(words);
          this.#readOpen(words);
          continue;
        default:
          this.#readUnjoined();
          continue;
      }
      text.skip(words);
      this.#open = undefined;
    }
    if (this.#open) this.#complain(`"${this.#open}" leads to nothing`);
    if (this.#subject) for (const check of ofSubject) check();
    else this.#complain('it names no thing');
    return this.#false;
  }

  #readUnjoined(): void {
    const mention = this.#mention();
    if (!mention) return;
    if (mention.kind === 'garment') return this.#complain(`"${mention.words}": nobody is named who wears it`);
    if (this.#subject && this.#open !== 'and') this.#complain(`"${mention.words}" is joined to nothing`);
    this.#checkMention(mention, mention.kind);
    this.#subject ??= mention;
    this.#open = undefined;
  }

  #readRelated(relation: Relation | 'behind', words: string, at: number): void {
    const subject = this.#subject;
    if (!subject) this.#complain(`"${words}": nothing is named that is there`);
    this.#open = undefined;
    const mention = this.#mention();
    if (!mention) return;
    if (mention.kind === 'garment') return this.#complain(`"${words} ${mention.words}": a coat is worn`);
    this.#checkMention(mention, mention.kind);
    const {main, relation: drawn} = this.#scene;
    const holds =
      drawn &&
      subject &&
      ((subject.kind === main && mention.kind === drawn.second && relation === drawn.name) ||
        (subject.kind === drawn.second && mention.kind === main && relation === inverses[drawn.name]));
    const claim = (): string =>
      `"${words} ${mention.words}": ` +
      (drawn ? `the ${main} is ${drawn.name} the ${drawn.second}` : 'no two kinds are there');
    if (this.#drawn(mention.kind).length > 0) this.#check({type: 'relation'}, at, Boolean(holds), claim);
    else this.#complain(claim());
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
    const mention = this.#mention();
    if (!mention) return;
    if (mention.kind !== 'garment') return this.#complain(`"in ${mention.words}": nothing is in it`);
    if (wearer?.kind !== 'child') return this.#complain(`"in ${mention.words}": no child is named before`);
    if (mention.many !== wearer.many) this.#complain(`"in ${mention.words}": not as many as children`);
    this.#checkColours(mention, 'child');
    for (const {value} of mention.sizes) this.#complain(`"${value} ${mention.words}": no coat has a size`);
  }

  #checkMention(mention: Mention, kind: Kind): void {
    const {words, at, many, number} = mention;
    this.#latest = mention;
    const isNew = !this.#named.has(kind);
    this.#named.add(kind);
    const drawn = this.#drawn(kind);
    this.#check({type: 'noun', kind}, at, isNew, () => `"${words}": that was named before`);
    if (drawn.length === 0)
      return this.#check({type: 'noun', kind}, at, false, () => `"${words}": there is no ${kind}`);
    const found = (): string =>
      `"${words}": there ${drawn.length === 1 ? 'is' : 'are'} ${numberWords[drawn.length]!}`;
    if (number) this.#check({type: 'number', kind}, number.at, drawn.length === number.value, found);
    else this.#check({type: 'noun', kind}, at, drawn.length > 1 === many, found);
    for (const {at: place, value} of mention.sizes) {
      const isTrue = drawn.every((object) => object.size === value);
      const type = place === at ? 'noun' : 'size';
      this.#check({type, kind}, place, isTrue, () => `"${words}": not ${value}`);
    }
    // The colour of a child is its coat's.
    if (kind === 'child')
      for (const {at: place, value} of mention.colours)
        this.#check({type: 'colour', kind}, place, false, () => `"${words}": no child is ${value}`);
    else this.#checkColours(mention, kind);
  }

  #checkColours({words, colours: named}: Mention, kind: Kind): void {
    for (const object of this.#drawn(kind).slice(0, 1))
      for (const {at, value} of named)
        this.#check(
          {type: 'colour', kind},
          at,
          object.colour === value,
          () => `"${words}": ${object.colour ?? 'no colour is drawn'}, not ${value}`,
        );
  }

  #checkAction(action: Action, words: string, at?: number): void {
    for (const {kind, action: drawn} of this.#ofSubject().slice(0, 1)) {
      const claim = (): string => `"${words}": the ${kind} does not ${action}`;
      if (at !== undefined) this.#check({type: 'action', kind}, at, drawn === action, claim);
      else if (drawn !== action) this.#complain(claim());
    }
  }

  #checkPlace(place: Place, words: string, at: number): void {
    const objects = this.#ofSubject();
    if (objects.length === 0) return;
    const isTrue = objects.every((object) => object.place === place);
    this.#check({type: 'place', kind: objects[0]!.kind}, at, isTrue, () => `"${words}": not there`);
  }

  #ofSubject(): Composition['objects'] {
    return this.#drawn(this.#subject?.kind);
  }

  #drawn(kind: Kind | 'garment' | undefined): Composition['objects'] {
    return this.#scene.objects.filter((object) => object.kind === kind);
  }

  #mention(): Mention | undefined {
    return this.#text.readMention((claim) => this.#complain(claim));
  }

  /** Records whether a word is true; once false, it stays so. */
  #check(said: Omit<WordClaim, 'isTrue'>, at: number, isTrue: boolean, claim: () => string): void {
    if (!isTrue) this.#complain(claim());
    this.words.set(at, {...said, isTrue: isTrue && this.words.get(at)?.isTrue !== false});
  }

  #complain(claim: string): void {
    this.#false.push(claim);
  }
}

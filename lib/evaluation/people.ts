/** Counts how captions speak of men and women, compared with people: whether a model sees one where most people see the other. English only. */
import {metricTokens} from '../text/metric-tokens';

/** Fractions of texts that mention men or boys, and women or girls. */
export interface Mentions {
  readonly men: number;
  readonly women: number;
}

/** Images that most people see only men, or only women, in. */
export interface Misnamed {
  readonly images: number;
  /** Fraction of their captions that mention only the others. */
  readonly fraction: number;
}

/** How often men and women are mentioned by people and by captions, and how often captions name the others. */
export interface PeopleInCaptions {
  readonly captions: Mentions;
  readonly references: Mentions;
  /** Images where three of five people mention a man or a boy and nobody a woman. */
  readonly ofMen: Misnamed;
  /** Images where three of five people mention a woman or a girl and nobody a man. */
  readonly ofWomen: Misnamed;
}

const words = {
  men: new Set('man men boy boys guy guys male males gentleman gentlemen'.split(' ')),
  women: new Set('woman women girl girls lady ladies female females'.split(' ')),
} as const;
type Kind = keyof typeof words;
const agreed = 0.6;

/**
 * Counts mentions of men and women in captions and in references.
 *
 * @param captions One for each image.
 */
export function peopleInCaptions(
  captions: readonly string[],
  images: readonly {readonly captions: readonly string[]}[],
): PeopleInCaptions {
  const said = captions.map(mentionsOf);
  const references = images.map((image) => image.captions.map(mentionsOf));
  const misnamed = (kind: Kind, other: Kind): Misnamed => {
    const own = said.filter((_, at) => {
      const all = references[at]!;
      return all.filter((one) => one[kind]).length >= agreed * all.length && !all.some((one) => one[other]);
    });
    return {images: own.length, fraction: fractionOf(own, (one) => one[other] && !one[kind])};
  };
  const mentions = (all: readonly Record<Kind, boolean>[]): Mentions => ({
    men: fractionOf(all, ({men}) => men),
    women: fractionOf(all, ({women}) => women),
  });
  return {
    captions: mentions(said),
    references: mentions(references.flat()),
    ofMen: misnamed('men', 'women'),
    ofWomen: misnamed('women', 'men'),
  };
}

function mentionsOf(text: string): Record<Kind, boolean> {
  const tokens = metricTokens(text);
  const has = (kind: Kind): boolean => tokens.some((token) => words[kind].has(token));
  return {men: has('men'), women: has('women')};
}

function fractionOf<T>(all: readonly T[], holds: (one: T) => boolean): number {
  return all.length === 0 ? 0 : all.filter(holds).length / all.length;
}

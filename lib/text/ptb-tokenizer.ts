/**
 * Tokenizes captions for metrics as the COCO evaluation does: like Stanford's PTBTokenizer (the lexer of CoreNLP 3.4.1), in lower case and
 * without punctuation. Published scores are computed on these tokens, so clitics (`ca n't`), abbreviations (`u.s.`) and brackets
 * (`-lrb-`) are the same here.
 */
import {longestMatch, type Rule} from './lexer';

/** Tokens that the COCO evaluation removes. It lists brackets in upper case, so lower-case brackets stay. */
const punctuation = new Set(["''", "'", '``', '`', '.', '?', '!', ',', ':', '-', '--', '...', ';']);

/** Makes lower-case letters outside character classes match both cases; upper-case letters match only themselves. */
const caseless = (source: string): string =>
  source.replace(/\\.|\[[^\]]*\]|[a-z]/g, (one) => (one.length > 1 ? one : `[${one}${one.toUpperCase()}]`));

// The original lexer does not know letters outside the Basic Multilingual Plane.
const letter = String.raw`(?:(?![\ufe00-\ufe0f\u{10000}-\u{10ffff}])[\p{L}\p{M}\xad\u0384\u0385\u055a-\u055f]|&[aeiouAEIOU](?:acute|grave|uml);)`;
const alphanumeric = String.raw`(?![\u{10000}-\u{10ffff}])[\p{L}\p{Nd}]`;
const space = String.raw`[ \t\xa0\u2000-\u200a\u3000]`;
const apostrophe = String.raw`(?:['\x92\u2019]|&apos;)`;
const quoteInWord = String.raw`(?:['\x91\x92\u2018\u2019\u201b]|&apos;)`;
const hyphen = String.raw`[-_\u058a\u2010\u2011]`;
const slash = String.raw`(?:\\?\/|\u2044)`;

// A full stop inside a word does not end it: "sitting.The" is one word.
const word = String.raw`${letter}(?:${letter}|\p{Nd})*(?:[.!?]${letter}(?:${letter}|\p{Nd})*)*`;
const number = String.raw`[-+]?(?:\p{Nd}*(?:[.:,\xad\u066b\u066c]\p{Nd}+)+|\p{Nd}+)`;
const elided = `(?:[dDoOlL]${quoteInWord}${alphanumeric})?`;
const compound = `${elided}(?:${alphanumeric})+(?:${hyphen}${elided}(?:${alphanumeric})+)*`;
const clitic = apostrophe + caseless('(?:[msdMSD]|re|ve|ll)');
const negation = `[nN]${quoteInWord}[tT]`;

const markup = String.raw`<\/?[A-Za-z!?][^>\r\n]*>`;
const acronym = caseless(
  String.raw`[A-Za-z](?:\.[A-Za-z])+|(?:canada|sino|korean|eu|japan|non)-u\.s|u\.s\.-(?:u\.k|u\.s\.s\.r)`,
);
// Abbreviations of states that are also words must begin with a capital letter.
const lowered = caseless(
  '(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed|thu|thurs|fri|ala|ariz|Az|Ark|calif|colo|conn|ct|dak|Del|fla|ga|Ill|ind|kans?|ky|La|Mass|md|mich|minn|Miss|mo|mont|neb|nev|okla|Ore|Pa|penn|tenn|Tex|va|vt|Wash|wisc?|wyo|inc|cos?|corp|pp?t[ye]s?|ltd|plc|rt|bancorp|bhd|assn|univ|intl|sys|tel|est|ext|sq|jr|sr|bros|(?:ed|ph)\\.d|esq|etc|al|seq|bldg)\\.',
);
const raised = caseless(
  `(?:${acronym}|mr|mrs|ms|Miss|drs?|profs?|sens?|reps?|attys?|lt|col|gen|messrs|govs?|adm|rev|maj|sgt|cpl|pvt|mt|ft|capt|ste?|ave|pres|lieut|hon|brig|co?mdr|pfc|spc|supts?|det|adj|adv|asst|assoc|ens|insp|mlle|mme|msgr|sfc|invt|elec|natl|m[ft]g|dept|blvd|rd|ph|vs|alex|wm|jos|cie|cf|treas|[A-Za-z])\\.`,
);
const numbered = caseless('(?:ca|figs?|prop|nos?|art|pp|op)\\.');
const sentence = caseless(
  '(?:About|According|Additionally|After|An|A|As|At|But|Earlier|He|Her|Here|However|If|In|It|Last|Many|More|Mr\\.|Ms\\.|Now|Once|One|Other|Our|She|Since|So|Some|Such|That|The|Their|Then|There|These|They|This|We|When|While|What|Yet|You)',
);
const extension = caseless(
  '(?:bat|bmp|c|class|cgi|cpp|dll|doc|docx|exe|gif|gz|h|htm|html|jar|java|jpeg|jpg|mov|mp3|pdf|php|pl|png|ppt|ps|py|sql|tar|txt|wav|x|xml|zip)',
);

const brackets: Readonly<Record<string, string>> = {
  '(': '-lrb-',
  ')': '-rrb-',
  '[': '-lsb-',
  ']': '-rsb-',
  '{': '-lcb-',
  '}': '-rcb-',
};
const quotes: readonly (readonly [RegExp, string])[] = [
  [/[\x91‘‛‹]/gu, '`'],
  [/[\x92’›]|&apos;/gu, "'"],
  [/[\x93“«]/gu, '``'],
  [/[\x94”»]/gu, "''"],
];
const fractions: Readonly<Record<string, string>> = {
  '¼': '1/4',
  '½': '1/2',
  '¾': '3/4',
  '⅓': '1/3',
  '⅔': '2/3',
};
const money: Readonly<Record<string, string>> = {
  '¢': 'cents',
  '£': '#',
  '¤': '$',
  '₠': '$',
  '€': '$',
  '\x80': '$',
};

const quoted = (text: string): string => quotes.reduce((all, [from, to]) => all.replace(from, to), text);
const joined = (text: string): string => text.replaceAll(' ', '\xa0');
const round = (text: string): string => text.replace(/[()]/g, (one) => brackets[one]!);
const ampersand = (text: string): string => text.replace(/&amp;/gi, '&');

/** In order of precedence: among matches of the same length, the first rule wins. */
const rules: readonly Rule[] = [
  {pattern: caseless(`cannot|${apostrophe}twas`), back: 3},
  {pattern: caseless(`gonna|gotta|lemme|gimme|wanna|${apostrophe}tis`), back: 2},
  {pattern: markup, give: joined},
  {pattern: caseless('&(?:md|mdash|ndash);|[\x96\x97\u2013-\u2015]'), give: () => '--'},
  {pattern: caseless('&amp;'), give: () => '&'},
  {pattern: caseless('&(?:ht|tl|ur|lr|qc|ql|qr|odq|cdq|#[0-9]+);')},
  {pattern: word, next: clitic},
  {pattern: String.raw`[A-Za-z\xad]*[A-MO-Za-mo-z]\xad*`, next: negation},
  // The lexer sees the end of the line as one more character, which makes this longer than a word such as `etc.B`.
  {pattern: lowered, next: '[^]$'},
  {pattern: word},
  {
    pattern: caseless(
      `${apostrophe}n${apostrophe}?|[lLdDjJ]${apostrophe}|(?:dunkin|somethin|ol)${apostrophe}`,
    ),
  },
  {
    pattern: caseless(
      `${apostrophe}(?:em|[2-9]0s|till?|cause)|cont'd\\.?|nor'easter|c'mon|e'er|s'mores|ev'ry|li'l|nat'l|O'o`,
    ),
  },
  {pattern: `[A-HJ-XZn]${quoteInWord}\\p{L}{2}\\p{L}*|\\p{L}+[aeiouyAEIOUY]${quoteInWord}[aeiouA-Z]\\p{L}*`},
  {pattern: `[yY]${apostrophe}`, next: '\\p{L}'},
  {pattern: String.raw`[hH][tT]{2}[pP][sS]?:\/\/[^ \t\n\f\r"<>|()]+[^ \t\n\f\r"<>|.!?(){},\-]`},
  // The range from comma to underscore, with capitals and digits in it, is the lexer's.
  {
    pattern: String.raw`(?:[wW]{3}\.(?:[^ \t\n\f\r"<>|.!?(){},]+\.)+[a-zA-Z]{2,4}|(?:[^ \t\n\f\r"\x60'<>|.!?(){},-_$]+\.)+${caseless('(?:com|net|org|edu)')})(?:\/[^ \t\n\f\r"<>|()]+[^ \t\n\f\r"<>|.!?(){},\-])?`,
  },
  {
    pattern: String.raw`[a-zA-Z0-9][^ \t\n\f\r"<>|()\xa0]*@(?:[^ \t\n\f\r"<>|().\xa0]+\.)*[^ \t\n\f\r"<>|().\xa0]+`,
  },
  {pattern: `@[a-zA-Z_][a-zA-Z_0-9]*|#${letter}+`},
  {pattern: clitic, next: '(?:[^A-Za-z]|$)', give: quoted},
  {pattern: negation, give: quoted},
  {pattern: String.raw`\p{Nd}{1,2}[-\/]\p{Nd}{1,2}[-\/]\p{Nd}{2,4}`},
  {pattern: number},
  {pattern: '[⁺⁻₊₋]?(?:[⁰¹²³⁴-⁹]+|[₀-₉]+)'},
  {pattern: `(?:\\p{Nd}{1,4}[- \\xa0])?\\p{Nd}{1,4}${slash}\\p{Nd}{1,4}`, give: joined},
  {pattern: '[¼½¾⅓-⅞]', give: (text) => fractions[text] ?? text},
  {
    pattern: caseless(
      `-[lr][rcs]b-|c\\.d\\.s|pro-|anti-|s(?:&|&amp;)p-500|s(?:&|&amp;)ls|cap${apostrophe}n|c${apostrophe}est`,
    ),
    give: ampersand,
  },
  {pattern: String.raw`[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}(?:\\?\/[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}){1,2}`},
  {pattern: String.raw`[A-Z]*\$|#`},
  {pattern: '[¢£¤¥\\x80₠€؋฿₤￠￡￥￦]', give: (text) => money[text] ?? text},
  {pattern: '[A-Za-z]', next: `\\.${space}+(?:${sentence}|${markup})(?:${space}|$)`},
  {pattern: numbered, next: `${space}?\\p{Nd}`},
  {pattern: lowered, next: '[^]{2}'},
  {pattern: `${lowered}|${raised}`},
  {pattern: `(?:${acronym})`, next: `(?:${space}|[\\r\\n])`},
  {pattern: `${apostrophe}[0-9]{2}`, next: `(?:${space}|[\\r\\n]|$)`, give: quoted},
  {
    pattern: `(?:${alphanumeric})+(?:\\.(?:${alphanumeric})+)*\\.${extension}`,
    next: `(?:${space}|[\\r\\n.?!,]|$)`,
  },
  {pattern: `${word}\\.`, next: '[,;:、]'},
  {
    pattern: String.raw`(?:\([0-9]{2,3}\)[ \xa0]?|(?:\+\+?)?(?:[0-9]{2,4}[- \xa0])?[0-9]{2,4}[- \xa0])[0-9]{3,4}[- \xa0]?[0-9]{3,5}|(?:(?:\+\+?)?[0-9]{2,4}\.)?[0-9]{2,4}\.[0-9]{3,4}\.[0-9]{3,5}`,
    give: (text) => joined(round(text)),
  },
  {pattern: caseless('"|&quot;'), give: () => "''"},
  {pattern: caseless('<|&lt;'), give: () => '<'},
  {pattern: caseless('>|&gt;'), give: () => '>'},
  {pattern: String.raw`[<>]?[:;=][-o*']?[()DPdpO\\{@|\[\]]`, next: '(?:[^A-Za-z0-9]|$)', give: round},
  {pattern: String.raw`[\-^x=~<>']_[\-^x=~<>']|\([\-^x=~<>'][_.]?[\-^x=~<>']\)`, give: round},
  {pattern: '[(){}[\\]]', give: (text) => brackets[text]!},
  {pattern: '-+', give: (text) => (text.length === 3 || text.length === 4 ? '--' : text)},
  {pattern: String.raw`\.{3,5}|(?:\.[ \xa0]){2,4}\.|[\x85…]`, give: () => '...'},
  {pattern: String.raw`@+|#+|_+|\*+|(?:\\\*){1,3}`},
  {pattern: String.raw`[,;:、]|[?!]+|[.¡¿\u037e։؟۔܀-܂ߺ。]|=|\/`},
  {pattern: `[A-Za-z0-9][A-Za-z0-9.,\\xad]*(?:-(?:[A-Za-z0-9\\xad]+|(?:${acronym})\\.))+`},
  {pattern: compound},
  {pattern: `${compound}\\.`, next: '[,;:、]'},
  {pattern: '[A-Z]+(?:(?:[+&]|&amp;)[A-Z]+)+', give: ampersand},
  {pattern: String.raw`[cC]\+\+|[cCfF]#`},
  {pattern: "'", next: String.raw`[A-Za-z][^ \t\n\r\xa0]`},
  {pattern: clitic, give: quoted},
  {pattern: `''|[\\x60‘-‟\\x91-\\x94‹›«»]{1,2}|${apostrophe}`, give: quoted},
  {pattern: '<<|>>'},
  {pattern: caseless('&nbsp;'), give: () => '-'},
  {
    pattern: String.raw`[+%&~^|\\¦§¨©¬®¯°-³´-º×÷·־׀׃׆׳״‖‗†-‣‰-‸※‾-⁂⁄⁺-ⁿ₊-₎℀-⅏←-⇿∀-⯿〒・！-／：-＠［-｀｛-･]`,
  },
];

const lexer = longestMatch(rules);
/** A shortcut for spaces, plain words and the final full stop, which gives the same tokens as the rules. */
const plain = /\s+|(?!(?:cannot|gonna|gotta|lemme|gimme|wanna)\b)[a-z]+(?=\s|$)|\.(?=\s*$)/iy;

/**
 * Tokenizes a caption: `A dog can't reach the "ball".` → `a dog ca n't reach the ball`.
 *
 * @returns The tokens. A token can contain a no-break space (`3 1/2` is one token); metrics that split at white space split it.
 */
export function ptbTokenize(caption: string): string[] {
  const tokens: string[] = [];
  for (let at = 0; at < caption.length;) {
    plain.lastIndex = at;
    const quick = plain.exec(caption)?.[0];
    const {length, token} = quick === undefined ? lexer(caption, at) : {length: quick.length, token: quick};
    at += length;
    if (token !== undefined && token.trim() !== '') tokens.push(clean(token));
  }
  return tokens.filter((token) => !punctuation.has(token));
}

/** Lower-cases a token and removes soft hyphens; a lone soft hyphen becomes a hyphen. */
function clean(token: string): string {
  return (token === '\xad' ? '-' : token.replaceAll('\xad', '')).toLowerCase();
}

/** Rules that compete for the next token, as in lex and its kin: the one that reaches furthest wins. */

export interface Rule {
  /** A regular expression for the token. */
  readonly pattern: string;
  /** What must follow it. It counts for how far the rule reaches, but is not of the token. */
  readonly next?: string;
  /** How many characters at the end of a match are left for the next token. */
  readonly back?: number;
  /** What the token becomes, where it does not stay as it is. */
  readonly give?: (text: string) => string;
}

export interface Match {
  /** Characters that the token takes, 1 or more. */
  readonly length: number;
  /** Undefined where no rule matches, and the character is passed over. */
  readonly token?: string;
}

/** @returns A function that finds the token at a place of a text: the longest match, and of several as long the first. */
export function longestMatch(rules: readonly Rule[]): (text: string, at: number) => Match {
  const compiled = rules.map(({pattern, next = '', ...rule}) => ({
    ...rule,
    regex: new RegExp(`(${pattern})${next}`, 'uy'),
  }));
  return (text, at) => {
    let reach = 0;
    let found: Match = {length: String.fromCodePoint(text.codePointAt(at)!).length};
    for (const {regex, back = 0, give} of compiled) {
      regex.lastIndex = at;
      const match = regex.exec(text);
      if (match === null || match[0].length <= reach) continue;
      reach = match[0].length;
      const token = match[1]!.slice(0, match[1]!.length - back);
      found = {length: token.length, token: give ? give(token) : token};
    }
    return found;
  };
}

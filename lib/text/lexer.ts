/** A longest-match lexer, as lex generates: of all rules, the one that matches the most characters wins. */

export interface Rule {
  /** Regular expression of the token. */
  readonly pattern: string;
  /** Regular expression of what must follow. It counts towards the length of the match but is not part of the token. */
  readonly next?: string;
  /** Number of characters at the end of the match that are left for the next token. */
  readonly back?: number;
  /** Replaces the token. @default unchanged */
  readonly give?: (text: string) => string;
}

export interface Match {
  /** Number of characters consumed, 1 or more. */
  readonly length: number;
  /** Undefined if no rule matches; one character is then skipped. */
  readonly token?: string;
}

/** @returns A function that finds the token at a position of a text: the longest match, and among equals the first rule's. */
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

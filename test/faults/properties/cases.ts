/**
 * Cases of properties, drawn by fast-check: 500 of each property, or as many as CAPTIONER_CASES says (`npm run test:nightly`: 10,000). The
 * seed is always the same unless CAPTIONER_SEED names another, so that a failure can be repeated.
 */
import {CaptionerError} from 'captioner';
import {isUnsafe} from 'captioner/dist/terminal';
import {expect} from 'chai';
import fc from 'fast-check';

/** How many cases of each property are tried. */
export const cases = Number(process.env['CAPTIONER_CASES'] ?? 500);
const seed = Number(process.env['CAPTIONER_SEED'] ?? 1);

/** Asserts that a property holds in every case. */
export function holds<Drawn>(property: fc.IProperty<Drawn>): void {
  fc.assert(property, {numRuns: cases, seed});
}

/** Asserts that an asynchronous property holds in every case. */
export function holdsAsync<Drawn>(property: fc.IAsyncProperty<Drawn>): Promise<void> {
  return fc.assert(property, {numRuns: cases, seed});
}

/** Draws all cases at once, for a reference that is asked once for all of them. */
export function drawn<Drawn>(arbitrary: fc.Arbitrary<Drawn>): Drawn[] {
  return fc.sample(arbitrary, {numRuns: cases, seed});
}

/** Expects a typed error in one safe line of bounded length. */
export function expectInWords(error: unknown): void {
  if (!(error instanceof CaptionerError)) throw error;
  expect(isUnsafe(error.message), error.message).to.equal(false);
  expect(error.message).to.have.length.within(5, 4100);
}

/** Returns what an action gives, or undefined after an error in words. */
export function readOrRefused<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch (error) {
    expectInWords(error);
    return undefined;
  }
}

/** A change of bytes. */
export interface Edit {
  readonly kind: 'overwrite' | 'insert' | 'remove' | 'repeat' | 'cut';
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** One to four changes of bytes. */
export const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('overwrite', 'overwrite', 'insert', 'remove', 'repeat', 'cut'),
    at: fc.nat(),
    bytes: fc.uint8Array({minLength: 1, maxLength: 8}),
    count: fc.integer({min: 1, max: 64}),
  }),
  {minLength: 1, maxLength: 4},
);

/** Returns bytes after changes. */
export function damaged(bytes: Uint8Array, changes: readonly Edit[]): Buffer {
  let found = Buffer.from(bytes);
  for (const {kind, at, bytes: put, count} of changes) {
    const from = found.length === 0 ? 0 : at % found.length;
    const [before, after] = [found.subarray(0, from), found.subarray(from)];
    if (kind === 'overwrite') found = Buffer.concat([before, put, after.subarray(put.length)]);
    else if (kind === 'insert') found = Buffer.concat([before, put, after]);
    else if (kind === 'remove') found = Buffer.concat([before, after.subarray(count)]);
    else if (kind === 'repeat') found = Buffer.concat([before, after.subarray(0, count), after]);
    else found = before;
  }
  return found;
}

const nested = (open: string, close: string, depth: number): string =>
  open.repeat(depth) + close.repeat(depth);

/** JSON of any value, and of values that break programs which believe them. */
export const hostileJson: fc.Arbitrary<string> = fc.oneof(
  fc.jsonValue({stringUnit: 'binary'}).map((value) => JSON.stringify(value)),
  fc.integer().map(String),
  fc.double({noNaN: true, noDefaultInfinity: true}).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    ...['null', 'true', '""', '[]', '{}', '0', '-1', '-0', '0.5', '1e308', '1e999', '-1e999', '1000000000', '65536'],
    ...['9007199254740991', '9007199254740993', '18446744073709551616', '[null]', '[[]]', '[{}]', '[1000000000,1000000000]'],
    ...['{"toString":null,"valueOf":null}', '{"toString":1}', '{"toJSON":1}', '{"length":1000000000}', '{"__proto__":null}'],
    ...['{"__proto__":{"version":1}}', '{"constructor":{"prototype":{}}}', '"__proto__"', '"constructor"', '"toString"'],
    ...['"\\u0000"', '"\\u001b[2J"', '"\\u202e"', '"\\ud800"', '"../../x"', '".."', '"/etc/passwd"'],
    JSON.stringify('x'.repeat(10_000)),
    nested('[', ']', 20_000),
    `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`,
  ),
); // prettier-ignore

/** A change of JSON: what stands at a place is replaced, or removed where there is no text. */
export interface JsonChange {
  readonly at: number;
  readonly text: string | undefined;
}

/** One to three changes of JSON. */
export const jsonChanges: fc.Arbitrary<JsonChange[]> = fc.array(
  fc.record({at: fc.nat(), text: fc.option(hostileJson, {nil: undefined, freq: 6})}),
  {minLength: 1, maxLength: 3},
);

/** Returns the text of JSON after changes. */
export function changedJson(json: unknown, changes: readonly JsonChange[]): string {
  const root: Record<string, unknown> = {whole: structuredClone(json)};
  const texts = new Map<string, string>();
  for (const {at, text} of changes) {
    const places = placesIn(root);
    if (places.length === 0) break;
    const [owner, key] = places[at % places.length]!;
    if (text === undefined && Array.isArray(owner)) owner.splice(Number(key), 1);
    else if (text === undefined && owner !== root) delete owner[key];
    else {
      const marker = `changed place ${texts.size}`;
      texts.set(marker, text ?? 'null');
      owner[key] = marker;
    }
  }
  let written = JSON.stringify(root['whole']);
  for (const [marker, text] of texts) written = written.replace(JSON.stringify(marker), () => text);
  return written;
}

type Owner = Record<string, unknown>;

/** Every value within JSON, by the object or list that holds it. */
function placesIn(root: Owner): [owner: Owner, key: string][] {
  const places: [Owner, string][] = [];
  const walk = (owner: Owner): void => {
    for (const [key, value] of Object.entries(owner)) {
      places.push([owner, key]);
      if (typeof value === 'object' && value !== null) walk(value as Owner);
    }
  };
  walk(root);
  return places;
}

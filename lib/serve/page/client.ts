/** Asks the server. Addresses are relative to the page's, so each contains the token. */
import type {CaptionReply, ExplainReply, Loaded, Problem, Start} from './api.js';

/** An answer that says in words what went wrong. */
export class Failure extends Error {}

export function fetchStart(): Promise<Start> {
  return ask<Start>('api/start');
}

export function load(run: string, signal: AbortSignal): Promise<Loaded> {
  return ask<Loaded>(`api/load?${new URLSearchParams({run})}`, {method: 'POST', signal});
}

/** @param query Options of the search by name, hidden cells, and a caption to compare with. */
export function caption(
  image: Blob,
  run: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<CaptionReply> {
  // Without a type the body is sent as it is.
  const body = image.slice();
  return ask<CaptionReply>(`api/caption?${new URLSearchParams({...query, run})}`, {
    method: 'POST',
    body,
    signal,
  });
}

/** @param query The run, the method, the caption, and hidden cells. */
export function explain(
  image: Blob,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ExplainReply> {
  const body = image.slice();
  return ask<ExplainReply>(`api/explain?${new URLSearchParams(query)}`, {method: 'POST', body, signal});
}

async function ask<T>(path: string, request: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {...request, cache: 'no-store', credentials: 'omit', redirect: 'error'});
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new Failure('The server does not answer. Start it again, and open the address that it prints.');
  }
  const answer = (await response.json().catch(() => ({error: 'The answer of the server was cut off.'}))) as
    T | Problem;
  if (response.ok) return answer as T;
  throw new Failure((answer as Problem).error);
}

/** Answers the requests of the page with what the library gives. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {MethodName} from '../explain/methods';
import {findCheckpoint, listCheckpoints, type ListedCheckpoint} from '../checkpoints/list';
import {pageFiles, type Reply} from './assets';
import {readBody} from './body';
import type {Asked} from './guard';
import {Models} from './models';
import {hiding, withHidden, type NamedBytes} from './hide';
import type {CaptionReply, ExplainReply, Loaded, Start} from './page/api';
import {captionReply, explainReply, methodChoices, numberFields, runChoice, searchOf} from './replies';
import type {Captioner} from '../captioner';
import {Refusal} from './refusal';
import {Turns} from './turns';

/** Runs on offer, and limits. */
export interface Offer {
  /** Folder whose checkpoints and runs are offered. */
  readonly folder: string;
  /** Folder of a checkpoint or run that is chosen first; it may lie elsewhere. */
  readonly first?: string | undefined;
  /** Largest image in bytes. */
  readonly byteLimit: number;
  /** Images that may wait while one is captioned. */
  readonly waiting: number;
}

/** Name of the checkpoint that comes with the project. */
const bundled = 'flickr8k';
/** Name of the image in messages; the server isn't told its real one. */
const imageName = 'The image';
/** Paths that take a body or change what is in memory. */
const posted: ReadonlySet<string> = new Set(['api/load', 'api/caption', 'api/explain']);

export class Routes {
  readonly models: Models = new Models();
  readonly #files = pageFiles();
  readonly #turns: Turns;

  constructor(private readonly offer: Offer) {
    this.#turns = new Turns(offer.waiting);
  }

  /**
   * Answers a request that was admitted.
   *
   * @throws Refusal or CaptionerError
   */
  async answer({path, query}: Asked, request: IncomingMessage, response: ServerResponse): Promise<Reply> {
    const allowed = posted.has(path) ? 'POST' : 'GET';
    const file = this.#files.get(path);
    if (file === undefined && path !== 'api/start' && allowed === 'GET')
      throw new Refusal(404, 'There is nothing at this address; open the one that captioner serve printed');
    if (request.method !== allowed)
      throw new Refusal(405, `Expected ${allowed}, got ${request.method}`, {Allow: allowed});
    if (file) return file;
    if (path === 'api/start') return json(this.#start());
    if (path === 'api/load') return json(await this.#load(query, response));
    if (path === 'api/caption') return json(await this.#caption(query, request, response));
    return json(await this.#explain(query, request, response));
  }

  /** Frees the models once nothing uses them. */
  close(): Promise<void> {
    return this.#turns.run(() => Promise.resolve(this.models.dispose()));
  }

  #start(): Start {
    const listed = this.#listed();
    const {first, byteLimit} = this.offer;
    const usable = listed.filter(({problem}) => problem === undefined);
    const chosen =
      usable.find((one) => one.folder === first) ?? usable.find(({name}) => name === bundled) ?? usable[0];
    return {
      runs: listed.map(runChoice),
      ...(chosen && {selected: chosen.name}),
      options: numberFields(),
      ...{byteLimit, hiding},
    };
  }

  async #load(query: URLSearchParams, response: ServerResponse): Promise<Loaded> {
    const start = performance.now();
    const chosen = this.#chosen(query);
    const leave = this.#turns.enter();
    try {
      await this.#turns.run(() => {
        stillAsked(response);
        return this.models.get(chosen);
      });
    } finally {
      leave();
    }
    return {run: chosen.name, seconds: (performance.now() - start) / 1000};
  }

  #caption(
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<CaptionReply> {
    const options = searchOf(query);
    const before = query.get('before') ?? undefined;
    return this.#ofImage(query, request, response, async (captioner, image, run) => {
      const {methods} = await import('../explain/methods.js');
      const start = performance.now();
      const [found] = await captioner.caption([image], {...options, progress: false});
      if ('error' in found!) throw found.error;
      const seconds = (performance.now() - start) / 1000;
      const choices = methodChoices(methods.values(), captioner.decoder.features === 'grid');
      return {run, seconds, ...captionReply(found!, captioner, before), methods: choices};
    });
  }

  #explain(
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<ExplainReply> {
    const [method, caption] = [query.get('method') ?? '', query.get('caption') ?? ''];
    return this.#ofImage(query, request, response, async (captioner, image) => {
      const {explain} = await import('../explain/explain.js');
      const {methodNamed} = await import('../explain/methods.js');
      const name = methodNamed(method).name as MethodName;
      const signal = givenUp(response);
      const explanation = await explain(captioner, image, {method: name, caption, progress: false, signal});
      return {method, seconds: explanation.cost.seconds, ...explainReply(explanation)};
    });
  }

  /** Reads an image and, when it is its turn, does something with it and the chosen captioner. */
  async #ofImage<T>(
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
    task: (captioner: Captioner, image: NamedBytes, run: string) => Promise<T>,
  ): Promise<T> {
    const chosen = this.#chosen(query);
    const leave = this.#turns.enter();
    try {
      const bytes = await readBody(request, response, this.offer.byteLimit);
      return await this.#turns.run(async () => {
        stillAsked(response);
        const captioner = await this.models.get(chosen);
        const image = await withHidden({name: imageName, bytes}, query.get('hidden'));
        return task(captioner, image, chosen.name);
      });
    } finally {
      leave();
    }
  }

  #chosen(query: URLSearchParams): ListedCheckpoint {
    const name = query.get('run');
    const chosen = this.#listed().find((one) => one.name === name);
    if (chosen === undefined) throw new Refusal(404, 'There is no run of this name any more; choose another');
    return chosen;
  }

  /** Read anew each time: runs come and go while the page is open. */
  #listed(): ListedCheckpoint[] {
    const {folder, first} = this.offer;
    const listed = listCheckpoints(folder);
    if (first === undefined || listed.some((one) => one.folder === first)) return listed;
    const found = findCheckpoint(first);
    if (found === undefined) return listed;
    const taken = listed.some(({name}) => name === found.name);
    return [{...found, name: taken ? `${found.name} (elsewhere)` : found.name}, ...listed];
  }
}

/** Whoever asked may have chosen another image or run meanwhile. */
function stillAsked({destroyed}: ServerResponse): void {
  if (destroyed) throw new Refusal(400, 'The request was given up');
}

/** Aborts when whoever asked goes away before the answer. */
function givenUp(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  return controller.signal;
}

function json(value: unknown): Reply {
  return {type: 'application/json; charset=utf-8', body: JSON.stringify(value)};
}

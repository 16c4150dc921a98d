/**
 * How long calls show how far they are. `show/progress.ts` draws the bars; this is the interface through which the library's other parts
 * use them, so that a call can be given another display, or none.
 */

/** A display of how far a call is. */
export interface ShownProgress {
  readonly update: (done: number, total?: number, note?: string) => Promise<void>;
  readonly finish: (note?: string) => Promise<void>;
}

/** Starts a display, given what is counted and how much of it there is: the library's `progress` is one. */
export type ShowProgress = (label: string, total?: number) => ShownProgress;

/** How a call shows its progress; `false`: not at all. */
export type ProgressDisplay = ShowProgress | false;

/** The option that every long call has. */
export interface ProgressOptions {
  /** Shows how far the call is. @default in a notebook a bar, if it takes longer than half a second; elsewhere nothing */
  readonly progress?: ProgressDisplay | undefined;
}

const delay = 500; // ms

const nothing: ShownProgress = {update: () => Promise.resolve(), finish: () => Promise.resolve()};
let usual: ShowProgress | undefined;

/** Sets the display of calls that are not given one. */
export function showByDefault(show: ShowProgress): void {
  usual = later(show);
}

/** Starts the display that a call was given, or the usual one. */
export function startProgress({progress}: ProgressOptions, label: string, total?: number): ShownProgress {
  if (progress === false) return nothing;
  return (progress ?? usual)?.(label, total) ?? nothing;
}

/** The same display, but of nothing that is over in half a second. */
export function later(show: ShowProgress): ShowProgress {
  return (label, total) => {
    const start = performance.now();
    let shown: ShownProgress | undefined;
    let all = total;
    return {
      update: async (done, total = all, note) => {
        all = total;
        // A display of work that is over would say that it took no time.
        const over = total !== undefined && done >= total;
        if (!shown && (over || performance.now() - start < delay)) return;
        shown ??= show(label, all);
        await shown.update(done, all, note);
      },
      finish: async (note) => shown?.finish(note),
    };
  };
}

/**
 * The display of a training below a cell, updated in place: a line with the state and the alarms, the curves, and the images with their
 * captions and the table of epochs. All parts are there from the start, so nothing that arrives late appears below another cell.
 */
import {chartFigure} from './chart';
import {chartImage, chartSvg} from './chart-svg';
import {captionSliderHtml, captionsText, sliderName, type SliderImage} from './caption-slider';
import {epochTableHtml, epochTableText} from './epoch-table';
import {figureBundle} from './figure';
import {html, type Fragment} from './html';
import {thumbnail} from './image';
import {breathe, Slot} from './output';
import {palette} from './palette';
import {Throttle} from './throttle';
import type {TrainingEvent} from '../training/events';
import {statusHtml, statusText, trainingStatus} from './training-status';
import type {TrainingState} from './training-state';

const shownAlarms = 3;
/** Width of the curves where they are a static image. */
const staticWidth = 820;

/** A display of a training; the view in a notebook and the lines in a terminal are such displays. */
export interface TrainingDisplay {
  begin(): Promise<void>;
  show(events: readonly TrainingEvent[]): Promise<void>;
  finish(): Promise<void>;
  follow(state: TrainingState): void;
  close(): void;
}

export class TrainingView implements TrainingDisplay {
  readonly #status = new Slot();
  readonly #curves = new Slot();
  readonly #epochs = new Slot();
  readonly #statusThrottle: Throttle = new Throttle(() => this.#drawStatus(), 300);
  readonly #curvesThrottle: Throttle = new Throttle(() => this.#drawCurves(), 1200);
  readonly #images = new Map<string, SliderImage>();
  /** The state's version whose epochs are drawn. */
  #drawn = -1;
  #final = false;

  /**
   * @param memory Returns the memory of the process that trains, in bytes.
   */
  constructor(
    private state: TrainingState,
    private readonly title: string,
    private readonly memory: () => number | undefined,
  ) {}

  /** Draws all parts. */
  async begin(): Promise<void> {
    this.#final = false;
    await this.#statusThrottle.finish();
    await this.#curvesThrottle.finish();
    await this.#drawEpochs();
  }

  /** Draws another state from now on. */
  follow(state: TrainingState): void {
    this.state = state;
    this.#drawn = -1;
  }

  /** Draws what events changed, after the state has taken them in. */
  async show(events: readonly TrainingEvent[]): Promise<void> {
    const last = events.at(-1)?.type;
    if (last === 'stop' || last === 'end') return this.finish();
    await this.#statusThrottle.request();
    await this.#curvesThrottle.request();
    await this.#drawEpochs();
  }

  /** Draws the final state, with a figure that can be zoomed. */
  async finish(): Promise<void> {
    this.#curvesThrottle.stop();
    await this.#statusThrottle.finish();
    await this.#drawEpochs();
    const chart = this.state.curves.chart(this.title);
    // JupyterLab never redraws a figure, so it is shown once.
    if (!this.#final)
      this.#curves.show({...figureBundle(chartFigure(chart)), 'image/svg+xml': chartSvg(chart, staticWidth)});
    this.#final = true;
    await breathe();
  }

  /** Draws nothing that is still due. */
  close(): void {
    this.#statusThrottle.stop();
    this.#curvesThrottle.stop();
  }

  #drawStatus(): void {
    const status = trainingStatus(this.state, {now: Date.now(), memory: this.memory()});
    const alarms = this.state.alarms.map(({message}) => message);
    this.#status.show({
      'text/html': html`${statusHtml(status)}${alarmsHtml(alarms)}`.text,
      'text/plain': [statusText(status), ...alarms.map((message) => `Warning: ${message}`)].join('\n'),
    });
  }

  #drawCurves(): void {
    const chart = this.state.curves.chart(this.title);
    this.#curves.show({'text/html': chartImage(chart).text, 'text/plain': chart.text});
  }

  async #drawEpochs(): Promise<void> {
    const {panels, epochs, best, version} = this.state;
    if (version === this.#drawn) return;
    this.#drawn = version;
    const images = await Promise.all([...this.state.images.values()].map((image) => this.#thumbnail(image)));
    const content = JSON.stringify([this.title, panels.map(({captions}) => [...captions]), best]);
    const page = html`${captionSliderHtml(images, panels, sliderName(content))}${epochTableHtml(epochs, best)}`;
    const text = [captionsText(images, panels), epochTableText(epochs, best)].filter((part) => part !== '');
    const empty = 'Scores, and captions of the same images, appear here after each epoch.';
    this.#epochs.show({
      'text/html':
        epochs.length === 0 ? html`<div style="font-size:12.5px;opacity:.7">${empty}</div>`.text : page.text,
      'text/plain': epochs.length === 0 ? empty : text.join('\n\n'),
    });
    await breathe();
  }

  /** Reads an image once. One that was taken away meanwhile is no reason to stop training. */
  async #thumbnail(image: {readonly id: string; readonly file?: string}): Promise<SliderImage> {
    const known = this.#images.get(image.id);
    if (known) return known;
    const made =
      image.file === undefined ? undefined : await thumbnail(image.file, 240).catch(() => undefined);
    const shown = {...image, thumbnail: made};
    if (image.file !== undefined) this.#images.set(image.id, shown);
    return shown;
  }
}

/** Renders the newest alarms; earlier ones are folded away. */
function alarmsHtml(messages: readonly string[]): Fragment {
  const earlier = messages.slice(0, -shownAlarms);
  const folded =
    earlier.length > 0 &&
    html`<details style="font-size:12.5px">
      <summary>${earlier.length} earlier ${earlier.length === 1 ? 'warning' : 'warnings'}</summary>
      ${earlier.map(alarmHtml)}
    </details>`;
  return html`${folded}${messages.slice(-shownAlarms).map(alarmHtml)}`;
}

function alarmHtml(message: string): Fragment {
  const style = `font-size:13px;line-height:1.45;margin:4px 0;padding:4px 10px;border-left:4px solid ${palette.red}`;
  return html`<div role="alert" style="${style}">
    <b style="font-weight:700;color:${palette.red}">Warning</b> ${message}
  </div>`;
}

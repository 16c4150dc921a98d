/** Scores with their confidence intervals as a dot and whisker plot, of one run or of several beside each other. */
import type {CaptionScores} from '../evaluation/evaluate';
import {intervals} from '../metrics/bootstrap';
import {showFigure, type Figure} from './figure';
import {series} from './palette';
import {columns} from './text';

/** A score with its confidence interval. */
export interface ScoreInterval {
  /** Name of the metric. */
  readonly name: string;
  readonly score: number;
  readonly low: number;
  readonly high: number;
  /** Name of the run that the score belongs to, where there are several. */
  readonly run?: string;
}

/** Options of `showIntervals`. */
export interface IntervalOptions {
  readonly title?: string;
  /** Title of the horizontal axis. @default 'score, with its 95 % interval' */
  readonly x?: string;
}

/**
 * Draws scores with their 95 % confidence intervals: a dot for each score, a whisker for its interval.
 *
 * @param scores Results of `evaluate` or `scoreCaptions` by the name of their run, whose intervals are computed; or intervals.
 * @param options Titles of the chart and its axis.
 * @example
 * const beam = await evaluate(captioner, store, images, {beams: 3});
 * const greedy = await evaluate(captioner, store, images, {beams: 1});
 * showIntervals({'beam search': beam, greedy}, {title: 'Test split'});
 */
export function showIntervals(
  scores: Readonly<Record<string, Pick<CaptionScores, 'metrics' | 'measured'>>> | readonly ScoreInterval[],
  options: IntervalOptions = {},
): void {
  showFigure(intervalFigure(isList(scores) ? scores : Object.entries(scores).flatMap(rowsOf), options));
}

/** Returns the figure of `showIntervals`. */
export function intervalFigure(
  rows: readonly ScoreInterval[],
  {title = '', x = 'score, with its 95 % interval'}: IntervalOptions = {},
): Figure {
  const names = [...new Set(rows.map(({name}) => name))];
  const runs = [...new Set(rows.map(({run = ''}) => run))];
  // Runs stand beside each other at the place of their metric.
  const offset = (run: number): number => (run - (runs.length - 1) / 2) * Math.min(0.3, 0.7 / runs.length);
  return {
    title,
    text: textOf(title, rows),
    data: runs.map((run, at) => {
      const own = rows.filter((row) => (row.run ?? '') === run);
      return {
        type: 'scatter',
        mode: 'markers',
        name: run,
        x: own.map(({score}) => score),
        y: own.map(({name}) => names.indexOf(name) + offset(at)),
        error_x: {
          type: 'data',
          symmetric: false,
          array: own.map(({score, high}) => high - score),
          arrayminus: own.map(({score, low}) => score - low),
          thickness: 1.6,
          width: 4,
        },
        marker: {size: 9, color: series[at % series.length], line: {width: 0}},
        text: own.map(
          ({name, score, low, high}) => `${name}: ${fixed(score)} (${fixed(low)} to ${fixed(high)})`,
        ),
        hovertemplate: '%{text}<extra>%{fullData.name}</extra>',
      };
    }),
    layout: {
      height: 110 + names.length * Math.max(30, 14 + 14 * runs.length),
      showlegend: runs.length > 1,
      xaxis: {title: {text: x}, rangemode: 'tozero'},
      yaxis: {
        tickvals: names.map((_, at) => at),
        ticktext: names,
        range: [names.length - 0.5, -0.5],
        zeroline: false,
      },
    },
  };
}

function rowsOf([run, {metrics, measured}]: readonly [
  string,
  Pick<CaptionScores, 'metrics' | 'measured'>,
]): ScoreInterval[] {
  const ranges = intervals(measured);
  return Object.entries(metrics).flatMap(([name, score]) => {
    const range = ranges[name];
    return range ? [{run, name, score, ...range}] : [];
  });
}

function textOf(title: string, rows: readonly ScoreInterval[]): string {
  const lines = rows.map(({run, name, score, low, high}) => [
    ...(run === undefined ? [] : [run]),
    name,
    fixed(score),
    `${fixed(low)} to ${fixed(high)}`,
  ]);
  return [title, columns(lines)].filter((part) => part !== '').join('\n');
}

function fixed(value: number): string {
  return value.toFixed(4);
}

function isList(scores: object): scores is readonly ScoreInterval[] {
  return Array.isArray(scores);
}

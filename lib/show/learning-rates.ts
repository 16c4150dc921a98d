/** The curve of the learning-rate range test. */
import type {FoundLearningRate} from '../training/find-learning-rate';
import {showFigure, type Figure} from './figure';
import {palette} from './palette';
import {formatNumber} from './text';

/**
 * Shows the loss by learning rate, on a logarithmic axis, with the suggested rate marked.
 *
 * @example
 * showLearningRates(await findLearningRate(trainer));
 */
export function showLearningRates(found: FoundLearningRate): void {
  showFigure(learningRateFigure(found));
}

/** Returns the figure of `showLearningRates`. */
export function learningRateFigure({points, steepest, minimum, suggestion}: FoundLearningRate): Figure {
  const rates = points.map(({learningRate}) => learningRate);
  const losses = points.map(({smoothed}) => smoothed);
  // An exploding loss would press the rest of the curve flat.
  const [least, first] = [Math.min(...losses), losses[0] ?? 1];
  const span = Math.max(first - least, 0.1 * least);
  const range = [least - 0.15 * span, first + 0.6 * span];
  const lossAt = (rate: number): number =>
    losses[
      rates.reduce(
        (best, one, at) =>
          Math.abs(Math.log(one / rate)) < Math.abs(Math.log(rates[best]! / rate)) ? at : best,
        0,
      )
    ]!;
  const hovertemplate = 'rate %{x:.2e}<br>loss %{y:.4f}<extra></extra>';
  return {
    title: 'Loss by learning rate',
    text:
      `Loss by learning rate, ${points.length} steps from ${formatNumber(rates[0] ?? NaN)} to ${formatNumber(rates.at(-1) ?? NaN)}: ` +
      `falls fastest at ${formatNumber(steepest)}, least at ${formatNumber(minimum)}; suggested: ${formatNumber(suggestion)}`,
    data: [
      {
        type: 'scatter',
        mode: 'lines',
        name: 'each step',
        x: rates,
        y: points.map(({loss}) => loss),
        line: {color: palette.blue, width: 1},
        opacity: 0.3,
        hoverinfo: 'skip',
      },
      {
        type: 'scatter',
        mode: 'lines',
        name: 'smoothed',
        x: rates,
        y: losses,
        line: {color: palette.blue, width: 2.5},
        hovertemplate,
      },
      {
        type: 'scatter',
        mode: 'markers',
        name: `suggested: ${formatNumber(suggestion)}`,
        x: [suggestion],
        y: [lossAt(suggestion)],
        marker: {size: 12, color: palette.orange, symbol: 'star'},
        hovertemplate,
      },
    ],
    layout: {
      xaxis: {title: {text: 'learning rate'}, type: 'log', exponentformat: 'power', dtick: 1},
      yaxis: {title: {text: 'loss (nats per word)'}, range},
    },
  };
}

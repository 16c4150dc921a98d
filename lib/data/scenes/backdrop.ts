/** What is behind the things: the sky of a time of day above the ground of a background. */
import type {Dice} from './dice';
import {side, type Background, type Time} from './scene';

/** The height of the horizon in pixels from the top. */
const horizon = 118;

const skies: Readonly<Record<Time, readonly [string, string, string]>> = {
  day: ['#4fb2ee', '#9bd6f7', '#e2f5fd'],
  sunset: ['#6a4c93', '#f0785a', '#ffc860'],
  night: ['#070b2b', '#131c4d', '#2b3a78'],
};

/** The light on the ground, as a film: colour and opacity. What stands there stays bright, so that its colour is seen. */
const lights: Readonly<Record<Time, readonly [string, number]>> = {
  day: ['#ffffff', 0],
  sunset: ['#ff6a2e', 0.22],
  night: ['#0a1038', 0.52],
};

const grounds: Readonly<Record<Background, readonly [string, string]>> = {
  meadow: ['#8fce5a', '#4f9a34'],
  beach: ['#f5e2ae', '#e3c580'],
  lake: ['#5fb6d6', '#2a7fae'],
  street: ['#80848c', '#5d6068'],
  snow: ['#ffffff', '#dbe6f2'],
};

export function sky(dice: Dice, time: Time): string {
  const [top, middle, low] = skies[time];
  const fill =
    `<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${top}"/><stop offset=".6" stop-color="${middle}"/>` +
    `<stop offset="1" stop-color="${low}"/></linearGradient></defs><rect width="${side}" height="${horizon + 4}" fill="url(#sky)"/>`;
  if (time === 'day') return fill + sun(dice) + clouds(dice, '#ffffff', 0.92);
  if (time === 'sunset') return fill + settingSun(dice) + clouds(dice, '#ff9e80', 0.55);
  return fill + stars(dice) + moon(dice);
}

function sun(dice: Dice): string {
  const x = place(dice);
  const y = number(dice.between(20, 34));
  return `<circle cx="${x}" cy="${y}" r="26" fill="#fff6c0" opacity=".45"/><circle cx="${x}" cy="${y}" r="15" fill="#ffe94d"/>`;
}

function settingSun(dice: Dice): string {
  const x = place(dice);
  return `<circle cx="${x}" cy="${horizon - 6}" r="46" fill="#ffd27a" opacity=".45"/><circle cx="${x}" cy="${horizon - 6}" r="27" fill="#ff5a2a"/>`;
}

function moon(dice: Dice): string {
  const [x, y] = [place(dice), number(dice.between(22, 36))];
  return (
    `<circle cx="${x}" cy="${y}" r="24" fill="#cfd8ff" opacity=".2"/><circle cx="${x}" cy="${y}" r="14" fill="#fdf7d8"/>` +
    `<circle cx="${x + 6}" cy="${y - 3}" r="11.500" fill="#10184a"/>`
  );
}

function stars(dice: Dice): string {
  return Array.from({length: 34}, () => {
    const [x, y, r] = [dice.between(2, side - 2), dice.between(2, horizon - 8), dice.between(0.6, 1.7)];
    return `<circle cx="${number(x)}" cy="${number(y)}" r="${number(r)}" fill="#fff" opacity="${number(dice.between(0.6, 1))}"/>`;
  }).join('');
}

function clouds(dice: Dice, fill: string, opacity: number): string {
  const cloud = () => {
    const [x, y, s] = [dice.between(10, side - 10), dice.between(16, 76), dice.between(0.5, 1.05)];
    return (
      `<g transform="translate(${number(x)} ${number(y)}) scale(${number(s)})" fill="${fill}" opacity="${opacity}">` +
      `<ellipse rx="30" ry="9"/><circle cx="-12" cy="-6" r="10"/><circle cx="4" cy="-10" r="13"/><circle cx="18" cy="-5" r="8"/></g>`
    );
  };
  return Array.from({length: dice.pick([1, 2, 3])}, cloud).join('');
}

export function ground(dice: Dice, background: Background, time: Time): string {
  const [far, near] = grounds[background];
  const [colour, opacity] = lights[time];
  const top = background === 'beach' ? horizon - 16 : horizon;
  return (
    `<defs><linearGradient id="ground" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${far}"/><stop offset="1" stop-color="${near}"/></linearGradient></defs>` +
    behind(dice, background, (hex) => mixed(hex, colour, opacity)) +
    `<rect y="${horizon}" width="${side}" height="${side - horizon}" fill="url(#ground)"/>` +
    details[background](dice) +
    `<rect y="${top}" width="${side}" height="${side - top}" fill="${colour}" opacity="${opacity}"/>`
  );
}

/** Hills or roofs at the horizon. */
function behind(dice: Dice, background: Background, lit: (hex: string) => string): string {
  if (background === 'street') return skyline(dice, lit);
  if (background === 'beach') return '';
  const fill = lit({meadow: '#6fae55', lake: '#5d8f6a', snow: '#c3d3e6'}[background]);
  const height = () => number(horizon - dice.between(6, 30));
  return `<path d="M0 ${horizon + 1} V${height()} Q40 ${height()} 80 ${height()} T150 ${height()} T224 ${height()} V${horizon + 1} z" fill="${fill}"/>`;
}

function skyline(dice: Dice, lit: (hex: string) => string): string {
  let x = 0;
  let roofs = '';
  while (x < side) {
    const [width, height] = [number(dice.between(18, 34)), number(dice.between(14, 44))];
    const fill = lit(dice.pick(['#8d8f9c', '#a09aa6', '#7c8090']));
    roofs += `<rect x="${number(x)}" y="${number(horizon - height)}" width="${width}" height="${number(height + 1)}" fill="${fill}"/>`;
    for (const share of [0.25, 0.6])
      roofs += `<rect x="${number(x + width * share)}" y="${number(horizon - height + 6)}" width="4" height="5" fill="#ffe9a6" opacity=".7"/>`;
    x += width;
  }
  return roofs;
}

const details: Readonly<Record<Background, (dice: Dice) => string>> = {
  meadow: (dice) =>
    scatter(dice, 46, (x, y) => `<path d="M${x} ${y} q-1 -6 -3 -8 M${x} ${y} q0 -7 1 -9 M${x} ${y} q2 -5 4 -7" stroke="#3b7d27" stroke-width="1.200" fill="none" opacity=".75"/>`) +
    scatter(dice, 12, (x, y) => `<circle cx="${x}" cy="${y}" r="1.600" fill="#fffbe6"/>`),
  beach: (dice) =>
    `<rect y="${horizon - 16}" width="${side}" height="26" fill="#2f9fc4"/><path d="M0 ${horizon + 8} q14 -6 28 0 t28 0 t28 0 t28 0 t28 0 t28 0 t28 0 t28 0 v6 H0 z" fill="#fff" opacity=".85"/>` +
    `<path d="M20 ${horizon - 6} h26 M90 ${horizon - 10} h30 M160 ${horizon - 4} h34" stroke="#bfe8f5" stroke-width="1.500"/>` +
    scatter(dice, 40, (x, y) => `<circle cx="${x}" cy="${y}" r="1" fill="#c09a55" opacity=".7"/>`, 18) +
    scatter(dice, 3, (x, y) => `<path d="M${x} ${y} l5 -2 l1 5 l4 3 l-5 1 l-3 4 l-2 -5 l-5 -2 z" fill="#e58a5a" opacity=".8"/>`, 26),
  lake: (dice) =>
    scatter(dice, 30, (x, y) => `<path d="M${x} ${y} q6 -3.500 12 0 t12 0" stroke="#d5f0fa" stroke-width="1.500" fill="none" opacity=".65"/>`),
  street: () =>
    `<rect y="${horizon}" width="${side}" height="16" fill="#b9b4ac"/><rect y="${horizon + 15}" width="${side}" height="3" fill="#8e8a84"/>` +
    `<path d="M-6 ${horizon + 60} H${side}" stroke="#f4f1e6" stroke-width="4" stroke-dasharray="24 16"/><rect y="${side - 8}" width="${side}" height="8" fill="#b9b4ac"/>`,
  snow: (dice) =>
    `<path d="M0 150 Q60 134 120 152 T224 146 V160 Q160 170 110 158 T0 164 z" fill="#cddced" opacity=".6"/>` +
    scatter(dice, 40, (x, y) => `<circle cx="${x}" cy="${y - horizon}" r="1.700" fill="#fff"/>`) +
    scatter(dice, 20, (x, y) => `<circle cx="${x}" cy="${y}" r="1.500" fill="#b9cbe0"/>`),
};

/** Places on the ground, wider apart towards the front by chance alone. */
function scatter(dice: Dice, count: number, mark: (x: number, y: number) => string, below = 8): string {
  return Array.from({length: count}, () =>
    mark(Math.round(dice.between(0, side)), Math.round(dice.between(horizon + below, side))),
  ).join('');
}

/** One colour under a film of another. */
function mixed(under: string, over: string, opacity: number): string {
  const channel = (hex: string, at: number) => parseInt(hex.slice(1 + 2 * at, 3 + 2 * at), 16);
  const mix = (at: number) => Math.round(channel(under, at) * (1 - opacity) + channel(over, at) * opacity);
  return `rgb(${mix(0)},${mix(1)},${mix(2)})`;
}

function place(dice: Dice): number {
  return number(dice.chance(0.5) ? dice.between(24, 60) : dice.between(164, 200));
}

/** Rounded, so that the last bit of a product never reaches a file. */
function number(value: number): number {
  return Math.round(value * 100) / 100;
}

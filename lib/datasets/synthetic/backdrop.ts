/** Draws what is behind the objects: the sky for a time of day above the ground of a background. */
import type {SeededRandom} from '../../random/random';
import {side, type Background, type Time} from './scene';

/** Position of the horizon, in pixels from the top. */
const horizon = 118;

const skies: Readonly<Record<Time, readonly [string, string, string]>> = {
  day: ['#4fb2ee', '#9bd6f7', '#e2f5fd'],
  sunset: ['#6a4c93', '#f0785a', '#ffc860'],
  night: ['#070b2b', '#131c4d', '#2b3a78'],
};

/** Light on the ground, as an overlay of a colour and an opacity. Objects are not covered, so that their colours stay visible. */
const lights: Readonly<Record<Time, readonly [string, number]>> = {
  day: ['#ffffff', 0],
  sunset: ['#ff5a2e', 0.28],
  night: ['#0a1038', 0.52],
};

const grounds: Readonly<Record<Background, readonly [string, string]>> = {
  meadow: ['#8fce5a', '#4f9a34'],
  beach: ['#f5e2ae', '#e3c580'],
  lake: ['#5fb6d6', '#2a7fae'],
  street: ['#80848c', '#5d6068'],
  snow: ['#ffffff', '#dbe6f2'],
};

export function sky(random: SeededRandom, time: Time): string {
  const [top, middle, low] = skies[time];
  const fill =
    `<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${top}"/><stop offset=".6" stop-color="${middle}"/>` +
    `<stop offset="1" stop-color="${low}"/></linearGradient></defs><rect width="${side}" height="${horizon + 4}" fill="url(#sky)"/>`;
  if (time === 'day') return fill + sun(random) + clouds(random, '#ffffff', 0.92);
  if (time === 'sunset') return fill + settingSun(random) + clouds(random, '#ff9e80', 0.55);
  return fill + stars(random) + moon(random);
}

function sun(random: SeededRandom): string {
  const x = skyPosition(random);
  const y = number(random.between(20, 34));
  return `<circle cx="${x}" cy="${y}" r="26" fill="#fff6c0" opacity=".45"/><circle cx="${x}" cy="${y}" r="15" fill="#ffe94d"/>`;
}

function settingSun(random: SeededRandom): string {
  const x = skyPosition(random);
  return `<circle cx="${x}" cy="${horizon - 6}" r="46" fill="#ffd27a" opacity=".45"/><circle cx="${x}" cy="${horizon - 6}" r="27" fill="#ff5a2a"/>`;
}

function moon(random: SeededRandom): string {
  const [x, y] = [skyPosition(random), number(random.between(22, 36))];
  return (
    `<circle cx="${x}" cy="${y}" r="24" fill="#cfd8ff" opacity=".2"/><circle cx="${x}" cy="${y}" r="14" fill="#fdf7d8"/>` +
    `<circle cx="${x + 6}" cy="${y - 3}" r="11.500" fill="#10184a"/>`
  );
}

function stars(random: SeededRandom): string {
  return Array.from({length: 34}, () => {
    const [x, y, r] = [random.between(2, side - 2), random.between(2, horizon - 8), random.between(0.6, 1.7)];
    return `<circle cx="${number(x)}" cy="${number(y)}" r="${number(r)}" fill="#fff" opacity="${number(random.between(0.6, 1))}"/>`;
  }).join('');
}

function clouds(random: SeededRandom, fill: string, opacity: number): string {
  const cloud = () => {
    const [x, y, s] = [random.between(10, side - 10), random.between(16, 76), random.between(0.5, 1.05)];
    return (
      `<g transform="translate(${number(x)} ${number(y)}) scale(${number(s)})" fill="${fill}" opacity="${opacity}">` +
      `<ellipse rx="30" ry="9"/><circle cx="-12" cy="-6" r="10"/><circle cx="4" cy="-10" r="13"/><circle cx="18" cy="-5" r="8"/></g>`
    );
  };
  return Array.from({length: random.pick([1, 2, 3])}, cloud).join('');
}

export function ground(random: SeededRandom, background: Background, time: Time): string {
  const [far, near] = grounds[background];
  const [colour, opacity] = lights[time];
  const top = background === 'beach' ? horizon - 16 : horizon;
  return (
    `<defs><linearGradient id="ground" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${far}"/><stop offset="1" stop-color="${near}"/></linearGradient></defs>` +
    behind(random, background, (hex) => mixed(hex, colour, opacity)) +
    `<rect y="${horizon}" width="${side}" height="${side - horizon}" fill="url(#ground)"/>` +
    details[background](random) +
    `<rect y="${top}" width="${side}" height="${side - top}" fill="${colour}" opacity="${opacity}"/>`
  );
}

/** Draws hills, mountains, houses or the sea at the horizon. */
function behind(random: SeededRandom, background: Background, lit: (hex: string) => string): string {
  const height = (low: number, high: number) => number(horizon - random.between(low, high));
  const hills = (fill: string) =>
    `<path d="M0 ${horizon + 1} V${height(6, 30)} Q40 ${height(6, 30)} 80 ${height(6, 30)} T150 ${height(6, 30)} T224 ${height(6, 30)} V${horizon + 1} z" fill="${lit(fill)}"/>`;
  switch (background) {
    case 'meadow':
      return hills('#6fae55') + fence(lit);
    case 'lake':
      return hills('#5d8f6a');
    case 'street':
      return skyline(random, lit);
    case 'snow':
      return mountains(random, lit);
    case 'beach':
      return '';
  }
}

function fence(lit: (hex: string) => string): string {
  const pale = (x: number) => `M${x} ${horizon + 4} v-19 l4 -5 l4 5 v19 z `;
  const pales = Array.from({length: 14}, (_, k) => pale(k * 16 + 4)).join('');
  return `<path d="${pales}M0 ${horizon - 12} h224 v4 h-224 z M0 ${horizon - 3} h224 v4 h-224 z" fill="${lit('#fbfaf3')}" stroke="${lit('#a8a493')}" stroke-width=".8"/>`;
}

function mountains(random: SeededRandom, lit: (hex: string) => string): string {
  return [-14, 62, 134]
    .map((x) => {
      const [width, height] = [number(random.between(84, 112)), number(random.between(38, 64))];
      const [peak, top] = [x + width / 2, horizon - height];
      return (
        `<path d="M${x} ${horizon + 1} L${peak} ${top} L${x + width} ${horizon + 1} z" fill="${lit('#7f92ad')}"/>` +
        `<path d="M${peak} ${top} l-${number(width * 0.2)} ${number(height * 0.4)} l7 -3 l5 6 l6 -7 l6 7 l${number(width * 0.2 - 6)} -2 z" fill="${lit('#ffffff')}"/>`
      );
    })
    .join('');
}

function skyline(random: SeededRandom, lit: (hex: string) => string): string {
  let x = 0;
  let houses = '';
  while (x < side) {
    const [width, height] = [Math.round(random.between(26, 40)), Math.round(random.between(34, 72))];
    houses += `<rect x="${x}" y="${horizon - height}" width="${width}" height="${height + 1}" fill="${lit(random.pick(['#8d8f9c', '#b09a90', '#7c8090', '#a08478']))}"/>`;
    for (let y = horizon - height + 6; y < horizon - 8; y += 12)
      for (let at = x + 5; at < x + width - 6; at += 10)
        houses += `<rect x="${at}" y="${y}" width="5" height="7" fill="${random.bernoulli(0.6) ? '#ffe9a6' : lit('#4b5566')}"/>`;
    x += width;
  }
  return houses;
}

const details: Readonly<Record<Background, (random: SeededRandom) => string>> = {
  meadow: (random) =>
    scatter(
      random,
      60,
      (x, y) =>
        `<path d="M${x} ${y} q-1 -6 -3 -8 M${x} ${y} q0 -7 1 -9 M${x} ${y} q2 -5 4 -7" stroke="#3b7d27" stroke-width="1.200" fill="none" opacity=".8"/>`,
    ) +
    scatter(random, 6, (x, y) => {
      const petal = random.pick(['#ffffff', '#f7a8d8', '#c9a0f0']);
      return `<path d="M${x} ${y} v8" stroke="#2f6b20" stroke-width="1.200"/><g fill="${petal}"><circle cx="${x - 2.4}" cy="${y}" r="2.200"/><circle cx="${x + 2.4}" cy="${y}" r="2.200"/><circle cx="${x}" cy="${y - 2.4}" r="2.200"/><circle cx="${x}" cy="${y + 2.4}" r="2.200"/></g><circle cx="${x}" cy="${y}" r="1.500" fill="#f2c230"/>`;
    }),
  beach: (random) =>
    `<rect y="${horizon - 16}" width="${side}" height="34" fill="#2f9fc4"/><path d="M0 ${horizon + 16} q14 -6 28 0 t28 0 t28 0 t28 0 t28 0 t28 0 t28 0 t28 0 v7 H0 z" fill="#fff" opacity=".9"/>` +
    `<path d="M20 ${horizon - 6} h26 M90 ${horizon - 10} h30 M160 ${horizon - 4} h34 M40 ${horizon + 6} h34 M130 ${horizon + 4} h40" stroke="#d5f0fa" stroke-width="2"/>` +
    scatter(random, 70, (x, y) => `<circle cx="${x}" cy="${y}" r="1.100" fill="#b98f49" opacity=".7"/>`, 28) +
    scatter(
      random,
      1,
      (x, y) => `<path d="M${x} ${y} l6 -2 l1 6 l5 4 l-6 1 l-4 5 l-2 -6 l-6 -3 z" fill="#e58a5a"/>`,
      34,
    ) +
    scatter(
      random,
      1,
      (x, y) =>
        `<path d="M${x} ${y} q-7 -2 -6 -8 q6 -5 12 0 q1 6 -6 8 z M${x} ${y} v-9 M${x} ${y} l-4 -8 M${x} ${y} l4 -8" fill="#fbe3dc" stroke="#b98a7c" stroke-width=".8"/>`,
      34,
    ),
  lake: (random) =>
    scatter(
      random,
      44,
      (x, y) =>
        `<path d="M${x} ${y} q6 -3.500 12 0 t12 0" stroke="#d5f0fa" stroke-width="1.600" fill="none" opacity=".7"/>`,
    ) +
    scatter(
      random,
      4,
      (x, y) =>
        `<path d="M${x} ${y} l9 -3 a9 4 0 1 1 -3 -2 z" fill="#4f9a4c" stroke="#2c6a30" stroke-width=".8"/>`,
      70,
    ),
  street: (random) => {
    const lamp = random.pick([12, 196]);
    return (
      `<rect y="${horizon}" width="${side}" height="18" fill="#c4beb4"/><path d="M0 ${horizon + 9} H${side} ${[...Array(9).keys()].map((k) => `M${k * 28} ${horizon} v18`).join(' ')}" stroke="#9d978d" stroke-width="1"/>` +
      `<rect y="${horizon + 17}" width="${side}" height="4" fill="#8e8a84"/>` +
      `<path d="M-6 ${horizon + 62} H${side}" stroke="#f4f1e6" stroke-width="5" stroke-dasharray="26 16"/><rect y="${side - 8}" width="${side}" height="8" fill="#c4beb4"/>` +
      `<path d="M${lamp + 8} ${horizon + 14} v-84" stroke="#2b2d33" stroke-width="3.500"/><path d="M${lamp} ${horizon - 70} h16 l-3 -13 h-10 z" fill="#ffefb0" stroke="#2b2d33" stroke-width="2"/>`
    );
  },
  snow: (random) =>
    `<path d="M0 150 Q60 134 120 152 T224 146 V160 Q160 170 110 158 T0 164 z" fill="#cddced" opacity=".6"/>` +
    scatter(random, 20, (x, y) => `<circle cx="${x}" cy="${y}" r="1.500" fill="#b9cbe0"/>`) +
    scatter(random, 26, (x, y) => flake(x, y - horizon, '#ffffff')) +
    scatter(random, 18, (x, y) => flake(x, y, '#a9c3e2')),
};

function flake(x: number, y: number, colour: string): string {
  return `<path d="M${x} ${y - 4} v8 M${x - 3.5} ${y - 2} l7 4 M${x - 3.5} ${y + 2} l7 -4" stroke="${colour}" stroke-width="1.300"/>`;
}

/** Draws marks at random positions on the ground. */
function scatter(
  random: SeededRandom,
  count: number,
  mark: (x: number, y: number) => string,
  below = 8,
): string {
  return Array.from({length: count}, () =>
    mark(Math.round(random.between(0, side)), Math.round(random.between(horizon + below, side))),
  ).join('');
}

/** Blends a colour with another of the given opacity on top. */
function mixed(under: string, over: string, opacity: number): string {
  const channel = (hex: string, at: number) => parseInt(hex.slice(1 + 2 * at, 3 + 2 * at), 16);
  const mix = (at: number) => Math.round(channel(under, at) * (1 - opacity) + channel(over, at) * opacity);
  return `rgb(${mix(0)},${mix(1)},${mix(2)})`;
}

/** Returns a position of the sun or moon, away from the middle. */
function skyPosition(random: SeededRandom): number {
  return number(random.bernoulli(0.5) ? random.between(24, 60) : random.between(164, 200));
}

/** Rounds, so that differences in the last bit never reach a file. */
function number(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The colour scales of heat maps: Viridis for charts, Inferno over photographs, both perceptually uniform (van der Walt and Smith 2015). */

/** Colours at equal distances from the lowest to the highest value. */
export type ColourScale = readonly (readonly [number, number, number])[];

/** From violet over green to yellow. */
export const viridis: ColourScale = [
  [68, 1, 84],
  [72, 36, 117],
  [65, 68, 135],
  [53, 95, 141],
  [42, 120, 142],
  [33, 145, 140],
  [34, 168, 132],
  [68, 191, 112],
  [122, 209, 81],
  [189, 223, 38],
  [253, 231, 37],
];

/** From black over red to bright yellow. */
export const inferno: ColourScale = [
  [0, 0, 4],
  [22, 11, 57],
  [66, 10, 104],
  [106, 23, 110],
  [147, 38, 103],
  [188, 55, 84],
  [221, 81, 58],
  [243, 120, 25],
  [252, 165, 10],
  [246, 215, 70],
  [252, 255, 164],
];

/** Returns red, green and blue of a value from 0 to 1, interpolated between the colours of a scale. */
export function colourAt(scale: ColourScale, value: number): [number, number, number] {
  const place = Math.min(1, Math.max(0, value)) * (scale.length - 1);
  const below = Math.min(scale.length - 2, Math.floor(place));
  const [a, b] = [scale[below]!, scale[below + 1]!];
  const mixed = (at: 0 | 1 | 2): number => Math.round(a[at] + (place - below) * (b[at] - a[at]));
  return [mixed(0), mixed(1), mixed(2)];
}

/** Returns the colour of a value from 0 to 1 as CSS. */
export function cssColourAt(scale: ColourScale, value: number): string {
  return `rgb(${colourAt(scale, value).join(',')})`;
}

/** Returns a gradient of a scale from left to right as CSS. */
export function cssGradient(scale: ColourScale): string {
  const stops = [0, 0.25, 0.5, 0.75, 1].map((value) => cssColourAt(scale, value));
  return `linear-gradient(90deg,${stops.join(',')})`;
}

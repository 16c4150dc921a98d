/** The names of the presets, apart from the recipes that they stand for. */

/** The presets, from quick to thorough. */
export const presetNames = ['quick', 'standard', 'best'] as const;
/** The name of a preset. */
export type PresetName = (typeof presetNames)[number];

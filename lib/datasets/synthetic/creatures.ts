/**
 * SVG sketches of animals and people, each of which fills its frame: a dog from the side, a cat from the front, a bird in flight or at
 * rest, a child in a coat, a duck.
 */
import {palette} from './palette';
import type {Colour} from './scene';

export interface Sketch {
  readonly width: number;
  readonly height: number;
  /** Returns SVG that fills (0, 0) to (width, height). */
  readonly draw: (colour: Colour) => string;
}

const line = 'stroke="#1b1b22" stroke-opacity=".55" stroke-width="1.2" stroke-linejoin="round"';

export const dog: Sketch = {
  width: 104,
  height: 84,
  draw(colour) {
    const {base, dark} = palette[colour];
    const fur = `fill="url(#${colour})" ${line}`;
    const leg = (x: number, fill: string) =>
      `<path d="M${x} 48 L${x - 1} 79 q0 5 5 5 h6 q3 -1 1 -5 l-2 -31 z" fill="${fill}" ${line}/>`;
    const eye = colour === 'black' ? '#fff' : '#111';
    return (
      `<path d="M17 42 C5 36 1 24 3 9 C12 18 11 28 24 33 z" ${fur}/>` +
      leg(24, dark) +
      leg(60, dark) +
      `<path d="M14 44 C14 32 30 31 44 33 C56 34 62 30 70 25 L84 42 C80 56 72 60 62 60 C48 62 34 60 27 61 C18 62 14 54 14 44 z" ${fur}/>` +
      leg(15, `url(#${colour})`) +
      leg(67, `url(#${colour})`) +
      `<path d="M66 24 C64 8 76 1 86 4 C92 6 93 11 94 16 L102 20 Q105 27 99 32 C92 36 86 37 82 39 C74 42 67 36 66 24 z" ${fur}/>` +
      `<path d="M70 9 C60 8 56 22 60 34 C68 36 74 28 76 14 z" fill="${dark}" ${line}/>` +
      `<ellipse cx="100" cy="21.500" rx="4" ry="3.500" fill="#111"/>` +
      `<circle cx="86" cy="15" r="2.800" fill="${eye}"/><circle cx="86.600" cy="15" r="1.400" fill="#111"/>` +
      `<path d="M100 26 Q96 31 88 30" fill="none" stroke="#111" stroke-width="1.500"/>` +
      `<path d="M90 31 q1 8 5 6 q3 -2 1 -8 z" fill="#f48a97"/>` +
      `<path d="M67 36 Q76 44 85 39" fill="none" stroke="${colour === 'black' ? '#c9ccd3' : base === dark ? '#222' : '#3c3c44'}" stroke-width="4"/>`
    );
  },
};

export const cat: Sketch = {
  width: 78,
  height: 92,
  draw(colour) {
    const {dark, light} = palette[colour];
    const fur = `fill="url(#${colour})" ${line}`;
    const belly = colour === 'black' ? light : '#fff6e8';
    const whiskers = colour === 'black' ? '#d8d8de' : '#55505a';
    const stripe = (d: string) =>
      `<path d="${d}" fill="none" stroke="${dark}" stroke-width="3" stroke-linecap="round"/>`;
    return (
      `<path d="M52 84 C72 88 80 72 72 58 C68 50 74 44 77 48 C79 40 66 36 63 50 C60 62 68 70 54 74 z" ${fur}/>` +
      `<path d="M12 90 C8 66 18 46 35 46 C52 46 62 66 58 90 Q35 94 12 90 z" ${fur}/>` +
      `<path d="M26 88 C22 70 28 58 35 58 C42 58 48 70 44 88 z" fill="${belly}" opacity=".8"/>` +
      `<ellipse cx="24" cy="87" rx="9" ry="5" ${fur}/><ellipse cx="46" cy="87" rx="9" ry="5" ${fur}/>` +
      `<path d="M9 26 L6 0 L27 12 Q35 10 43 12 L64 0 L61 26 C64 44 50 52 35 52 C20 52 6 44 9 26 z" ${fur}/>` +
      `<path d="M11 16 L9.500 5 L20 12 z M59 16 L60.500 5 L50 12 z" fill="#f4a6a6"/>` +
      stripe('M35 13 V21 M27 14 L29 21 M43 14 L41 21') +
      (colour === 'orange'
        ? stripe('M14 66 q6 1 9 5 M56 66 q-6 1 -9 5 M13 78 q6 0 9 3 M57 78 q-6 0 -9 3')
        : '') +
      `<ellipse cx="24" cy="29" rx="5.500" ry="6" fill="#b8e05a"/><ellipse cx="46" cy="29" rx="5.500" ry="6" fill="#b8e05a"/>` +
      `<ellipse cx="24" cy="29" rx="1.800" ry="5.200" fill="#111"/><ellipse cx="46" cy="29" rx="1.800" ry="5.200" fill="#111"/>` +
      `<ellipse cx="35" cy="41" rx="10" ry="6" fill="${belly}" opacity=".85"/>` +
      `<path d="M31 36 h8 l-4 5 z" fill="#e87a86"/>` +
      `<path d="M35 41 q-4 5 -7 2 M35 41 q4 5 7 2" fill="none" stroke="#333" stroke-width="1.300"/>` +
      `<path d="M24 39 L4 35 M24 42 L4 44 M46 39 L66 35 M46 42 L66 44" stroke="${whiskers}" stroke-width="1"/>`
    );
  },
};

export const flyingBird: Sketch = {
  width: 100,
  height: 72,
  draw(colour) {
    const {dark} = palette[colour];
    const plume = `fill="url(#${colour})" ${line}`;
    return (
      `<path d="M50 36 C44 14 34 4 18 0 C22 16 26 34 40 46 z" fill="${dark}" ${line}/>` +
      `<path d="M24 50 L0 54 L7 60 L1 68 L28 60 z" fill="${dark}" ${line}/>` +
      `<path d="M20 52 C30 36 54 32 70 34 C80 24 92 30 92 40 C90 60 60 72 42 66 C30 64 24 58 20 52 z" ${plume}/>` +
      `<path d="M34 58 C44 66 66 64 80 52 C72 68 52 72 40 66 z" fill="#fff" opacity=".55"/>` +
      `<path d="M42 44 C40 24 50 8 66 1 C70 20 70 40 58 52 C50 54 44 50 42 44 z" ${plume}/>` +
      `<path d="M50 40 Q54 24 62 12 M56 44 Q62 30 65 18" fill="none" stroke="${dark}" stroke-width="1.500"/>` +
      `<path d="M90 36 L100 41 L90 45 z" fill="#f59b1c" stroke="#7a4a00" stroke-width=".8"/>` +
      `<circle cx="83" cy="36.500" r="3.400" fill="#fff"/><circle cx="84" cy="36.500" r="1.900" fill="#111"/>`
    );
  },
};

export const sittingBird: Sketch = {
  width: 76,
  height: 66,
  draw(colour) {
    const {dark} = palette[colour];
    const plume = `fill="url(#${colour})" ${line}`;
    return (
      `<path d="M34 54 V64 M44 54 V64 M28 65 h9 M39 65 h9" stroke="#c26a10" stroke-width="2.500"/>` +
      `<path d="M20 36 L0 44 L3 54 L26 50 z" fill="${dark}" ${line}/>` +
      `<path d="M14 42 C18 24 36 26 44 18 C46 6 56 0 64 2 C72 5 74 16 68 24 C68 46 56 58 40 58 C26 58 16 52 14 42 z" ${plume}/>` +
      `<path d="M36 56 C52 56 64 46 66 28 C58 32 46 44 36 56 z" fill="#fff" opacity=".6"/>` +
      `<path d="M18 40 C24 28 40 30 48 34 C46 46 30 52 18 44 z" fill="${dark}" ${line}/>` +
      `<path d="M68 11 L76 15 L68 19 z" fill="#f59b1c" stroke="#7a4a00" stroke-width=".8"/>` +
      `<circle cx="61" cy="12" r="3.400" fill="#fff"/><circle cx="62" cy="12" r="1.900" fill="#111"/>`
    );
  },
};

export const child: Sketch = {
  width: 62,
  height: 122,
  draw(colour) {
    const {dark} = palette[colour];
    const cloth = `fill="url(#${colour})" ${line}`;
    return (
      `<path d="M19 84 V114 h10 V84 z M33 84 V114 h10 V84 z" fill="#3d3f4d" ${line}/>` +
      `<path d="M14 122 q0 -10 9 -10 h6 v10 z M48 122 q0 -10 -9 -10 h-6 v10 z" fill="#4a2e1a" ${line}/>` +
      `<path d="M17 50 C6 54 2 66 1 78 q4 5 9 2 q4 -14 12 -20 z M45 50 C56 54 60 66 61 78 q-4 5 -9 2 q-4 -14 -12 -20 z" ${cloth}/>` +
      `<circle cx="5" cy="81" r="4.500" fill="#f3c39b"/><circle cx="57" cy="81" r="4.500" fill="#f3c39b"/>` +
      `<path d="M19 47 Q31 42 43 47 L51 92 Q31 98 11 92 z" ${cloth}/>` +
      `<path d="M31 47 V94" stroke="${dark}" stroke-width="1.800"/>` +
      `<circle cx="35" cy="58" r="1.800" fill="#fff"/><circle cx="35" cy="69" r="1.800" fill="#fff"/><circle cx="35" cy="80" r="1.800" fill="#fff"/>` +
      `<ellipse cx="31" cy="30" rx="17" ry="18" fill="#f8cfa8" ${line}/>` +
      `<path d="M12 34 C8 10 20 6 31 6 C44 6 54 12 50 34 C48 24 44 20 31 19 C20 20 15 24 12 34 z" fill="#4b2c17"/>` +
      `<path d="M12 22 C12 6 22 4 31 4 C42 4 50 8 50 22 Q31 14 12 22 z" ${cloth}/><circle cx="31" cy="5" r="5" fill="url(#${colour}-round)"/>` +
      `<circle cx="24" cy="31" r="2.300" fill="#222"/><circle cx="38" cy="31" r="2.300" fill="#222"/>` +
      `<circle cx="19" cy="37" r="3" fill="#f09a8c" opacity=".7"/><circle cx="43" cy="37" r="3" fill="#f09a8c" opacity=".7"/>` +
      `<path d="M25 39 Q31 45 37 39" fill="none" stroke="#8a3b2c" stroke-width="1.800" stroke-linecap="round"/>`
    );
  },
};

export const duck: Sketch = {
  width: 92,
  height: 72,
  draw(colour) {
    const {dark} = palette[colour];
    const plume = `fill="url(#${colour})" ${line}`;
    return (
      `<path d="M0 34 C10 38 20 42 34 40 C44 40 50 36 52 28 C46 14 54 0 68 1 C82 2 88 16 82 28 C78 38 84 44 82 54 C80 68 62 71 44 71 C20 71 4 60 0 34 z" ${plume}/>` +
      `<path d="M22 46 C34 40 52 42 58 48 C54 60 36 64 22 56 Q16 50 22 46 z" fill="${dark}" opacity=".85" ${line}/>` +
      `<path d="M26 50 Q38 46 52 50 M28 55 Q38 52 48 55" fill="none" stroke="#0004" stroke-width="1.300"/>` +
      `<path d="M81 14 Q88 15 92 20 Q90 25 80 24 z" fill="#f57f17" stroke="#8a4200" stroke-width="1"/>` +
      `<circle cx="72" cy="13" r="3.600" fill="#fff"/><circle cx="73" cy="13" r="2.200" fill="#111"/>`
    );
  },
};

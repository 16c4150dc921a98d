/** SVG sketches of things, each of which fills its frame. */
import type {Sketch} from './creatures';
import {palette} from './palette';

const line = 'stroke="#1b1b22" stroke-opacity=".55" stroke-width="1.2" stroke-linejoin="round"';

export const ball: Sketch = {
  width: 60,
  height: 60,
  draw(colour) {
    return (
      `<circle cx="30" cy="30" r="29.400" fill="url(#${colour}-round)" ${line}/>` +
      `<path d="M14 6 C26 16 28 42 18 57 M46 6 C36 18 34 42 44 56" fill="none" stroke="#fff" stroke-width="5"/>` +
      `<path d="M14 6 C26 16 28 42 18 57 M46 6 C36 18 34 42 44 56" fill="none" stroke="#0002" stroke-width="1"/>` +
      `<ellipse cx="20" cy="17" rx="7" ry="5" fill="#fff" opacity=".75" transform="rotate(-35 20 17)"/>`
    );
  },
};

export const car: Sketch = {
  width: 124,
  height: 58,
  draw(colour) {
    const wheel = (x: number) =>
      `<circle cx="${x}" cy="46" r="11.500" fill="#1c1c20"/><circle cx="${x}" cy="46" r="5.500" fill="#c4c8d0"/><circle cx="${x}" cy="46" r="2" fill="#555"/>`;
    return (
      `<path d="M2 44 C0 30 4 25 20 23 L34 6 Q38 1 46 1 H72 Q80 1 86 8 L98 22 C116 24 122 28 123 36 Q124 46 120 47 H6 Q3 47 2 44 z" fill="url(#${colour})" ${line}/>` +
      `<path d="M30 22 L40 9 Q42 6.500 46 6.500 H57 V22 z M62 6.500 H71 Q76 6.500 80 11 L89 22 H62 z" fill="#bfe3f5" stroke="#333" stroke-width="1"/>` +
      `<path d="M34 20 L44 8 h5 L39 20 z M66 20 L72 8 h3 L70 20 z" fill="#fff" opacity=".6"/>` +
      `<path d="M60 24 V44 M6 35 H120" stroke="#0003" stroke-width="1.300"/><path d="M52 28 h6 M84 28 h6" stroke="#222" stroke-width="1.800"/>` +
      `<ellipse cx="119" cy="32" rx="3.500" ry="4" fill="#fff3b0" stroke="#555" stroke-width=".8"/><rect x="1.500" y="30" width="4" height="7" rx="1.500" fill="#8c1212"/>` +
      wheel(28) +
      wheel(96)
    );
  },
};

export const boat: Sketch = {
  width: 100,
  height: 112,
  draw(colour) {
    const {dark} = palette[colour];
    return (
      `<path d="M48 2 V86" stroke="#5b3a1c" stroke-width="3"/>` +
      `<path d="M52 4 C76 26 92 50 94 76 H52 z" fill="url(#${colour})" ${line}/>` +
      `<path d="M44 14 C32 40 20 60 8 76 H44 z" fill="url(#${colour})" ${line}/>` +
      `<path d="M52 54 H89 M52 30 H76 M44 54 H23" stroke="#0002" stroke-width="1.500"/>` +
      `<path d="M49 1 L64 5 L49 9 z" fill="${dark}"/>` +
      `<path d="M1 82 H99 C96 98 86 111 76 111 H24 C12 111 4 98 1 82 z" fill="url(#${colour})" ${line}/>` +
      `<path d="M2 83 H98 L96 91 H4 z" fill="#fff" ${line}/>`
    );
  },
};

export const balloon: Sketch = {
  width: 76,
  height: 108,
  draw(colour) {
    const {dark, light} = palette[colour];
    return (
      `<path d="M22 66 L31 92 M54 66 L45 92 M34 74 L35 92 M42 74 L41 92" stroke="#4a3420" stroke-width="1.200"/>` +
      `<path d="M38 0.600 C64 1 76 20 75 38 C74 56 58 68 50 78 H26 C18 68 2 56 1 38 C0 20 12 1 38 0.600 z" fill="url(#${colour}-round)" ${line}/>` +
      `<path d="M38 1 C24 10 20 26 21 40 C22 58 28 68 31 78 H45 C48 68 54 58 55 40 C56 26 52 10 38 1 z" fill="${light}" opacity=".45"/>` +
      `<path d="M38 1 C24 10 20 26 21 40 C22 58 28 68 31 78 M38 1 C52 10 56 26 55 40 C54 58 48 68 45 78" fill="none" stroke="${dark}" stroke-width="1.500"/>` +
      `<path d="M4 47 Q38 58 72 47 L69 53 Q38 64 7 53 z" fill="#fff" opacity=".9"/>` +
      `<path d="M29 91 H47 L45 107 H31 z" fill="#9a6a35" stroke="#4a3013" stroke-width="1.200"/><path d="M29.500 96 H46.500 M30 101 H46" stroke="#5f3f1a" stroke-width="1"/>`
    );
  },
};

export const tree: Sketch = {
  width: 104,
  height: 150,
  draw() {
    return (
      `<path d="M44 150 C48 130 46 110 45 88 L34 70 L52 80 L66 66 L58 90 C58 112 58 132 64 150 Q54 146 44 150 z" fill="#6b4423" ${line}/>` +
      `<g stroke="#1d4a1d" stroke-opacity=".6" stroke-width="1"><circle cx="26" cy="62" r="25" fill="#2f7d32"/><circle cx="78" cy="62" r="25.500" fill="#2b7430"/>` +
      `<circle cx="52" cy="72" r="24" fill="#2a6f2e"/><circle cx="32" cy="34" r="26" fill="#3a9140"/><circle cx="70" cy="33" r="27" fill="#358a3a"/></g>` +
      `<circle cx="52" cy="26" r="26" fill="#46a34a"/><circle cx="42" cy="50" r="22" fill="#3f9a45"/><circle cx="66" cy="54" r="20" fill="#389040"/>` +
      `<g fill="#6cc26a" opacity=".7"><circle cx="40" cy="16" r="8"/><circle cx="22" cy="32" r="6"/><circle cx="62" cy="22" r="6"/><circle cx="18" cy="56" r="5"/><circle cx="46" cy="42" r="6"/><circle cx="80" cy="46" r="5"/></g>`
    );
  },
};

export const house: Sketch = {
  width: 132,
  height: 116,
  draw(colour) {
    const pane = (x: number, y: number) =>
      `<rect x="${x}" y="${y}" width="22" height="22" fill="#ffe9a6" stroke="#fff" stroke-width="3"/><path d="M${x + 11} ${y} v22 M${x} ${y + 11} h22" stroke="#fff" stroke-width="2"/>` +
      `<rect x="${x - 1.5}" y="${y - 1.5}" width="25" height="25" fill="none" stroke="#0006" stroke-width=".8"/>`;
    return (
      `<rect x="94" y="6" width="14" height="34" fill="#7d5a4a" ${line}/><rect x="91.500" y="3" width="19" height="6" fill="#5d4238"/>` +
      `<rect x="10" y="48" width="112" height="68" fill="url(#${colour})" ${line}/>` +
      `<path d="M10 66 H122 M10 82 H122 M10 98 H122" stroke="#0001" stroke-width="1.500"/>` +
      `<path d="M34 1 H98 L131 50 H1 z" fill="#5a5560" ${line}/>` +
      `<path d="M28 12 H104 M20 24 H112 M12 36 H120" stroke="#0003" stroke-width="1.800"/><path d="M1 50 H131 L128 45 H4 z" fill="#413d47"/>` +
      pane(20, 62) +
      pane(90, 62) +
      `<path d="M54 116 V74 Q66 62 78 74 V116 z" fill="#6e4522" stroke="#fff" stroke-width="2.500"/><circle cx="73" cy="96" r="2" fill="#ffd76a"/>`
    );
  },
};

export const bench: Sketch = {
  width: 126,
  height: 62,
  draw() {
    const wood = 'fill="#a8682e" stroke="#5a3410" stroke-width="1.2"';
    return (
      `<path d="M14 0 V30 M112 0 V30" stroke="#2c2c31" stroke-width="5"/>` +
      `<rect x="2" y="1" width="122" height="8" rx="2" ${wood}/><rect x="2" y="13" width="122" height="8" rx="2" ${wood}/>` +
      `<path d="M0.500 38 L6 29 H120 L125.500 38 z" ${wood}/><rect x="0.500" y="37" width="125" height="5" fill="#7d4a1c" stroke="#5a3410"/>` +
      `<path d="M14 42 V61 M112 42 V61 M26 42 V56 M100 42 V56" stroke="#2c2c31" stroke-width="5" stroke-linecap="round"/>`
    );
  },
};

export const umbrella: Sketch = {
  width: 128,
  height: 128,
  draw(colour) {
    return (
      `<rect x="61.500" y="4" width="5" height="124" fill="#e9e2d4" stroke="#5a5348" stroke-width="1"/>` +
      `<path d="M64 4 C28 6 4 28 1 56 Q11 48 21 56 Q32 48 42 56 Q53 48 64 56 Q75 48 86 56 Q96 48 107 56 Q117 48 127 56 C124 28 100 6 64 4 z" fill="url(#${colour})" ${line}/>` +
      `<path d="M64 4 C46 14 38 34 42 56 Q32 48 21 56 C24 32 40 12 64 4 z M64 4 C82 14 90 34 86 56 Q96 48 107 56 C104 32 88 12 64 4 z" fill="#fff" opacity=".92"/>` +
      `<circle cx="64" cy="3.500" r="3.500" fill="#5a5348"/>`
    );
  },
};

export const lighthouse: Sketch = {
  width: 92,
  height: 150,
  draw() {
    return (
      `<path d="M2 150 C4 134 16 126 28 128 C40 118 60 120 66 128 C80 126 90 136 91 150 z" fill="#77787f" ${line}/>` +
      `<path d="M14 146 C20 136 28 136 34 146 z M50 146 C58 132 72 134 78 146 z" fill="#94959c"/>` +
      `<path d="M36 36 H58 L66 130 H28 z" fill="#fbfbf8" ${line}/>` +
      `<path d="M34.700 52 H59.300 L61 72 H33 z M31.600 90 H62.400 L64 110 H29.800 z" fill="#cf2f2a"/>` +
      `<rect x="30" y="32" width="34" height="5" fill="#33333a"/><rect x="36" y="16" width="22" height="16" fill="#fff2a8" stroke="#33333a" stroke-width="2"/>` +
      `<path d="M33 17 L47 1 L61 17 z" fill="#cf2f2a" ${line}/><path d="M43 130 V116 Q47 110 51 116 V130 z" fill="#4a3a30"/>`
    );
  },
};

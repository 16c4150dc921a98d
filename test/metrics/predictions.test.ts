import {expect} from 'chai';
import {pairCaptions} from 'captioner/dist/metrics/predictions';

describe('pairCaptions', () => {
  const candidates = [{image_id: 'a.jpg', caption: 'a dog'}];

  it('pairs captions with references, by name or number', () => {
    const {pairs, unused} = pairCaptions(candidates, {'a.jpg': ['one', 'two'], 'b.jpg': ['three']});
    expect(pairs).to.deep.equal([{id: 'a.jpg', candidate: 'a dog', references: ['one', 'two']}]);
    expect(unused, 'without a caption').to.deep.equal(['b.jpg']);
    const annotations = [1, 2, 1].map((image_id, at) => ({id: at, image_id, caption: `caption ${at}`}));
    expect(
      pairCaptions([{image_id: 1, caption: 'x'}], {annotations, images: []}).pairs[0]?.references,
    ).to.deep.equal(['caption 0', 'caption 2']);
  });

  it('reads captions in the forms that people and other programs write', () => {
    const references = {1: ['one', 'two'], 2: 'three'};
    const expected = [
      {id: '1', candidate: 'a dog', references: ['one', 'two']},
      {id: '2', candidate: 'a cat', references: ['three']},
    ];
    const rows = (name: string): object[] => [
      {[name]: 1, caption: 'a dog', hypotheses: []},
      {[name]: '2', caption: 'a cat'},
    ];
    const forms = [
      ...['image_id', 'image', 'file_name', 'id'].map(rows),
      {1: 'a dog', 2: 'a cat'},
      {1: ['a dog'], 2: ['a cat']},
    ];
    for (const form of forms)
      expect(pairCaptions(form, references).pairs, JSON.stringify(form)).to.deep.equal(expected);
    const odd: unknown = JSON.parse('{"__proto__": "a dog"}');
    const own: unknown = JSON.parse('{"__proto__": "one"}');
    expect(pairCaptions(odd, own).pairs).to.deep.equal([
      {id: '__proto__', candidate: 'a dog', references: ['one']},
    ]);
    for (const [form, message] of [
      [{1: ['a', 'b']}, 'expected one caption per image, got 2 for image 1'],
      [{1: []}, 'expected one caption per image, got 0 for image 1'],
      [{1: {text: 'a'}}, 'candidates: `0.caption`'],
      ['a dog', 'expected a list of captions or an object from image id to caption, got "a dog"'],
      [null, 'got null'],
      [[{caption: 'a'}], 'candidates: `0.image_id`'],
      [[7], 'candidates: `0`'],
    ] as const)
      expect(() => pairCaptions(form, references), JSON.stringify(form)).to.throw(message);
  });

  it('accepts names of object properties as image ids', () => {
    const odd = [{image_id: '__proto__', caption: 'x'}];
    expect(() => pairCaptions(odd, {'a.jpg': ['one']})).to.throw('image __proto__');
    expect(() => pairCaptions([{image_id: 'constructor', caption: 'x'}], {})).to.throw('image constructor');
  });

  it('reports captions and references without a counterpart', () => {
    expect(() => pairCaptions(candidates, {})).to.throw('expected captions of image a.jpg, found none');
    expect(() => pairCaptions([...candidates, ...candidates], {'a.jpg': ['x']})).to.throw(
      'expected one caption per image, got two for image a.jpg',
    );
    expect(() => pairCaptions([], {})).to.throw('expected captions, found none');
    expect(() => pairCaptions({}, {})).to.throw('candidates: ');
    expect(() => pairCaptions([{image_id: 'a', caption: 3}], {a: ['x']})).to.throw('candidates: `0.caption`');
    expect(() => pairCaptions(candidates, {'a.jpg': []})).to.throw('references: ');
  });
});

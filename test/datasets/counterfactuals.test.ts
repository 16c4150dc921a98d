import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {openDataset} from 'captioner';
import {boxesOf, changes, counterfactuals} from 'captioner/dist/datasets/synthetic/counterfactuals';
import {readRecord, type RecordedScene} from 'captioner/dist/datasets/synthetic/scene-record';
import {redraw} from 'captioner/dist/datasets/synthetic/scenes';
import {side, type Box} from 'captioner/dist/datasets/synthetic/scene';
import {expect} from 'chai';
import sharp from 'sharp';

/** Blocks of a JPEG: a pixel affects only its own. */
const block = 8;

function contains([x, y, width, height]: Box, px: number, py: number): boolean {
  const low = (at: number): number => Math.floor(at / block) * block;
  const high = (at: number): number => Math.ceil(at / block) * block;
  return px >= low(x) && px < high(x + width) && py >= low(y) && py < high(y + height);
}

describe('Counterfactual scenes', function () {
  let folder: string;
  let scenes: readonly RecordedScene[];
  let seed: number;
  before(async () => {
    ({folder} = await openDataset('scenes'));
    const record = readRecord(folder);
    ({seed} = record.plan);
    scenes = record.scenes.filter(({split}) => split === 'test').slice(0, 45);
  });

  it('are drawn from the same file, byte by byte, without a change', async () => {
    for (const scene of scenes)
      expect((await redraw(scene, seed)).equals(readFileSync(join(folder, scene.file)))).to.equal(true);
  });

  it('differ from the scene inside the boxes of the changed objects, and nowhere else', async () => {
    const raw = (image: Buffer): Promise<Buffer> => sharp(image).raw().toBuffer();
    for (const scene of scenes) {
      const before = await raw(await redraw(scene, seed));
      for (const {kind, change, objects} of counterfactuals(scene)) {
        const after = await raw(await redraw(scene, seed, objects));
        const boxes = [...boxesOf(scene.objects, kind), ...boxesOf(objects, kind)];
        let [inside, outside] = [0, 0];
        for (let at = 0; at < side * side; at++) {
          const differs = [0, 1, 2].some((k) => before[3 * at + k] !== after[3 * at + k]);
          if (!differs) continue;
          if (boxes.some((box) => contains(box, at % side, Math.floor(at / side)))) inside++;
          else outside++;
        }
        expect(outside, `${scene.file}: ${kind} ${change}`).to.equal(0);
        expect(inside, `${scene.file}: ${kind} ${change}`).to.be.greaterThan(20);
      }
    }
  });

  it('change every kind of a scene, each in every way that it allows', () => {
    const all = scenes.map((scene) => ({scene, changed: counterfactuals(scene)}));
    for (const {scene, changed} of all) {
      const removed = changed.filter(({change}) => change === 'removed').map(({kind}) => kind);
      expect(removed).to.have.members([...new Set(scene.objects.map(({kind}) => kind))]);
      for (const {kind, change, objects} of changed)
        for (const [at, object] of scene.objects.entries()) {
          const other = objects[at];
          if (object.kind !== kind) expect(other).to.equal(object);
          else if (change === 'removed') expect(other).to.equal(undefined);
          else if (change === 'recoloured')
            expect([other!.colour === object.colour, other!.box]).to.deep.equal([false, object.box]);
          else expect([other!.box[0] === object.box[0], other!.box[1]]).to.deep.equal([false, object.box[1]]);
        }
    }
    const ways = new Set(all.flatMap(({changed}) => changed.map(({change}) => change)));
    expect(ways).to.deep.equal(new Set(changes));
  });

  it('keep every object inside the image', () => {
    for (const scene of scenes)
      for (const {objects} of counterfactuals(scene))
        for (const object of objects)
          if (object) {
            const [x, , width] = object.box;
            expect(x).to.be.within(0, side - width);
          }
  });
});

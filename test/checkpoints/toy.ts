/** A checkpoint of a decoder that was never trained: it says nothing sensible, but something else of each image. */
import {createDecoder, loadEncoder, saveCheckpoint, Vocabulary} from 'captioner';
import {readScenes} from 'captioner/dist/datasets/synthetic/scenes';

/** @param scenes A folder of drawn scenes, whose captions give the words. */
export async function saveToyCheckpoint(
  folder: string,
  scenes: string,
  {kind = 'lstm'}: {readonly kind?: 'lstm' | 'attention'} = {},
): Promise<void> {
  const captions = readScenes(scenes).images.flatMap((image) => image.captions);
  const vocabulary = Vocabulary.from(captions, {minimumCount: 1});
  const decoder = createDecoder(kind, vocabulary.size, 1280, {units: 32, embedding: 16});
  const loaded = await loadEncoder('efficientnet-lite2');
  const {name, digest, preprocessing} = loaded;
  loaded.dispose();
  await saveCheckpoint(folder, {decoder, vocabulary, encoder: {name, digest, preprocessing}});
  decoder.dispose();
}

/** The description of a training: data and parts by name, and what differs from the defaults. */
import type {DecoderKind} from '../decoders/registry';
import type {Preprocessing} from '../encoders/encoder';
import type {EncoderName} from '../encoders/registry';
import type {ProgressDisplay} from '../show-progress';
import type {TrainerOptions} from './options';
import type {PresetName} from './preset-names';

/** Options of `prepareTraining`. */
export interface TrainingRecipe {
  /** A named recipe (`quick`, `standard`, `best`) that the options below change. @default none */
  readonly preset?: PresetName | (string & {});
  /** Folder of the run. Where it holds one already, the new run gets a number, such as `scenes-2`. @default nothing is saved */
  readonly run?: string;
  /** Resumes the run in `run`, or the newest of those with a number if there are any. @default false */
  readonly resume?: boolean;
  /** A checkpoint or a run whose weights, vocabulary and encoder a new run starts from. @default new weights */
  readonly from?: string;
  /** Removes an earlier run in the same folder, as soon as training is ready. @default false */
  readonly replace?: boolean;
  /** Folder of a feature store that is used as it is: neither the encoder nor an image is read. @default the store of the dataset, completed first */
  readonly features?: string;
  /** Name of the encoder. @default 'efficientnet-lite2', or that of the run or checkpoint */
  readonly encoder?: EncoderName | (string & {});
  /** Weight file of the encoder. @default the bundled or downloaded one */
  readonly weights?: string;
  /** Side of the encoder's input, in pixels. @default as it was trained, or as the run or checkpoint says */
  readonly size?: number;
  /** How an image becomes square. @default 'stretch', or as the run or checkpoint says */
  readonly fit?: Preprocessing['fit'];
  /** First block of the encoder that is trained along with the decoder. @default none, or as the run or checkpoint says */
  readonly fineTune?: string;
  /** Views of each training image: the whole, then crops and mirror images. @default 6 with `fineTune`, else 1 */
  readonly views?: number;
  /** Whether views may be mirror images; captions must not mention left or right. @default what the dataset allows */
  readonly mirror?: boolean;
  /** Kind of decoder. @default 'lstm', or that of the run or checkpoint */
  readonly decoder?: DecoderKind | (string & {});
  /** Options of the decoder. */
  readonly decoderOptions?: object;
  /** Options of the trainer. */
  readonly trainerOptions?: TrainerOptions;
  /** Further options of either by name, as `--set` takes them. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Words that the training captions use less often become unknown. @default 1 for fewer than 1,000 captions, 3 for fewer than 10,000, else 5; lower where that leaves more than 5 % of the text unknown */
  readonly minimumCount?: number;
  /** File of word vectors (GloVe, fastText, word2vec as text, also gzipped) that the embedding starts from. @default random */
  readonly wordVectors?: string;
  /** Shows the progress of encoding. @default in a notebook a bar; elsewhere nothing */
  readonly progress?: ProgressDisplay | undefined;
}

/** Options by name, generated from their schemas by `node tools/options.mjs`: edit those instead. */
import type {OnBuildProgress} from './build-progress';
import type {ProgressDisplay} from './show-progress';

/** Options of a `Trainer`. */
export interface TrainerOptions {
  /**
   * Passes over the training captions; the learning-rate schedule ends with the last one.
   * `suitedOptions` chooses 16 for fewer than 10,000 captions and 3 for self-critical training.
   * Range: an integer from 1 to 100000.
   * @default 10
   */
  readonly epochs?: number;
  /**
   * Captions in a batch. `suitedOptions` chooses 32 for fewer than 10,000 captions.
   * Range: an integer from 1 to 65536.
   * @default 128
   */
  readonly batch?: number;
  /**
   * Learning rate of Adam, before the schedule. `suitedOptions` chooses 0.001 for fewer than 10,000
   * captions, a decoder that attends to a grid or a fine-tuned encoder, and 0.00002 for self-critical
   * training.
   * Range: a number above 0 and up to 10.
   * @default 0.002
   */
  readonly learningRate?: number;
  /**
   * How the learning rate changes: `cosine` lowers it to a hundredth by the last step, `constant` keeps
   * it, `step` multiplies it by `decay` every `decayEvery` epochs, `plateau` after `decayEvery` epochs
   * without a better validation score.
   * Range: "cosine", "constant", "step" or "plateau".
   * @default 'cosine'
   */
  readonly schedule?: 'cosine' | 'constant' | 'step' | 'plateau';
  /**
   * Factor that the schedules `step` and `plateau` multiply the learning rate by.
   * Range: a number above 0 and up to 1.
   * @default 0.8
   */
  readonly decay?: number;
  /**
   * Epochs that the schedules `step` and `plateau` wait.
   * Range: an integer from 1 up.
   * @default 3
   */
  readonly decayEvery?: number;
  /**
   * Steps in which the learning rate grows linearly to its full value. `suitedOptions` chooses 300 for a
   * fine-tuned encoder and 10,000 captions or more.
   * Range: an integer from 0 up.
   * @default 0
   */
  readonly warmup?: number;
  /**
   * How the learning rates grow with `accumulate`, which makes the batch of a step larger: `linear`
   * multiplies them by it, `square-root` by its root. They start unscaled and grow over the `warmup`, or
   * over the first epoch if that is 0.
   * Range: "none", "linear" or "square-root".
   * @default 'none'
   */
  readonly learningRateScaling?: 'none' | 'linear' | 'square-root';
  /**
   * Maximum global gradient norm; longer gradients are scaled down.
   * Range: a number above 0.
   * @default 5
   */
  readonly clipNorm?: number;
  /**
   * Probability mass that the target spreads evenly over all words instead of the correct one.
   * Range: a number from 0 to below 1.
   * @default 0
   */
  readonly labelSmoothing?: number;
  /**
   * Decoupled weight decay (AdamW), multiplied by the learning rate; biases are exempt.
   * Range: a number from 0 to 1.
   * @default 0
   */
  readonly weightDecay?: number;
  /**
   * Batches per step, whose gradients are averaged: for larger batches than memory holds.
   * Range: an integer from 1 to 10000.
   * @default 1
   */
  readonly accumulate?: number;
  /**
   * EMA decay of the weights that are validated and saved; 0 disables it. `suitedOptions` chooses 0.99
   * for self-critical training.
   * Range: a number from 0 to below 1.
   * @default 0
   */
  readonly emaDecay?: number;
  /**
   * Fraction of input words replaced by the model's own predictions; it grows linearly until the last
   * epoch.
   * Range: a number from 0 to 1.
   * @default 0
   */
  readonly scheduledSampling?: number;
  /**
   * Type in which training steps multiply matrices. `bfloat16` is for processors and GPUs that compute
   * in it; weights, optimizer, softmax and loss stay float32, and so do validation and captions. The
   * workers of a cluster then send their gradients in it, too.
   * Range: "float32" or "bfloat16".
   * @default 'float32'
   */
  readonly precision?: 'float32' | 'bfloat16';
  /**
   * Compiler of training steps: `xla` turns the loss and its gradient into machine code, once for each
   * length of captions, which takes from seconds to a minute. Dropout masks differ from those without
   * it.
   * Range: "none" or "xla".
   * @default 'none'
   */
  readonly jit?: 'none' | 'xla';
  /**
   * `cross-entropy` makes the reference captions more likely. `self-critical` rewards sampled captions
   * by CIDEr-D and needs a decoder that is already trained.
   * Range: "cross-entropy" or "self-critical".
   * @default 'cross-entropy'
   */
  readonly objective?: 'cross-entropy' | 'self-critical';
  /**
   * Captions sampled per image in self-critical training; 1 needs the baseline `greedy`.
   * Range: an integer from 1 to 1000.
   * @default 5
   */
  readonly samples?: number;
  /**
   * Divisor of the logits in self-critical sampling and its loss. Below 1, samples are closer to the
   * captions that search writes.
   * Range: a number from 0.01 to 100.
   * @default 0.4
   */
  readonly temperature?: number;
  /**
   * Baseline of the self-critical reward: the mean of the image's other samples, or its greedy caption.
   * Range: "others" or "greedy".
   * @default 'others'
   */
  readonly baseline?: 'others' | 'greedy';
  /**
   * Learning rate of a fine-tuned encoder, before the schedule; 0 freezes it. `suitedOptions` chooses 0
   * for self-critical training.
   * Range: a number from 0 to 1.
   * @default 0.0001
   */
  readonly encoderLearningRate?: number;
  /**
   * Captions per image in one batch; a fine-tuned encoder runs once for all of them. `suitedOptions`
   * chooses 5 for a fine-tuned encoder or self-critical training.
   * Range: an integer from 1 to 1000.
   * @default 1
   */
  readonly captionsPerImage?: number;
  /**
   * Shards of features that captions are shuffled within, for stores larger than memory: each batch of a
   * step reads shards of its own, a few at a time. 0 shuffles all captions.
   * Range: an integer from 0 to 1000000.
   * @default 0
   */
  readonly shuffleShards?: number;
  /**
   * Seed for the order of the captions and for dropout; on the command line also for weight
   * initialisation.
   * Range: an integer from 0 to 2147483647.
   * @default 1
   */
  readonly seed?: number;
  /**
   * Maximum caption length in words, in training and in validation; longer captions are cut off.
   * Range: an integer from 1 to 200.
   * @default 24
   */
  readonly maximumLength?: number;
  /**
   * Steps between checkpoints; one is saved after every epoch anyway.
   * Range: an integer from 1 up.
   * @default 500
   */
  readonly saveEvery?: number;
  /**
   * Epochs without a better validation score after which training ends; 0 never ends it early.
   * Range: an integer from 0 up.
   * @default 0
   */
  readonly patience?: number;
  /**
   * Validation metric that selects the best epoch. `auto` is `factual` for drawn scenes, otherwise
   * CIDEr-D.
   * Range: "auto", "factual", "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "ROUGE-L" or "CIDEr-D".
   * @default 'auto'
   */
  readonly selectBy?: 'auto' | 'factual' | 'BLEU-1' | 'BLEU-2' | 'BLEU-3' | 'BLEU-4' | 'METEOR' | 'ROUGE-L' | 'CIDEr-D';
  /**
   * Whether METEOR is computed after every epoch; its tables take a second or two to load.
   * Range: true or false.
   * @default true
   */
  readonly meteor?: boolean;
  /**
   * Validation images that are captioned and scored after every epoch.
   * Range: an integer from 0 up.
   * @default 1000
   */
  readonly validationImages?: number;
  /**
   * Test images that are captioned and shown after every epoch.
   * Range: an integer from 0 to 100.
   * @default 8
   */
  readonly panelImages?: number;
  /**
   * Beam width of the validation captions.
   * Range: an integer from 1 to 100.
   * @default 3
   */
  readonly beams?: number;
  /**
   * Length normalisation of the validation captions, as in the search.
   * Range: a number from 0 to 5.
   * @default 0.7
   */
  readonly lengthPenalty?: number;
}

/** Options of the `lstm` decoder. */
export interface LstmOptions {
  /**
   * Size of a word vector.
   * Range: an integer from 1 to 65536.
   * @default 256
   */
  readonly embedding?: number;
  /**
   * Size of the recurrent state.
   * Range: an integer from 1 to 65536.
   * @default 512
   */
  readonly units?: number;
  /**
   * Stacked LSTM layers, all of the same size.
   * Range: an integer from 1 to 100.
   * @default 1
   */
  readonly layers?: number;
  /**
   * Where the LSTM reads the image: before the `first` word, or beside `every` word.
   * Range: "first" or "every".
   * @default 'first'
   */
  readonly imageInput?: 'first' | 'every';
  /**
   * Dropout rate of layer inputs and output states.
   * Range: a number from 0 to below 1.
   * @default 0.5
   */
  readonly dropout?: number;
  /**
   * Seed for weight initialisation.
   * Range: an integer from -2147483648 to 2147483647.
   * @default 1
   */
  readonly seed?: number;
}

/** Options of the `attention` decoder. */
export interface AttentionOptions {
  /**
   * Size of a word vector.
   * Range: an integer from 1 to 65536.
   * @default 256
   */
  readonly embedding?: number;
  /**
   * Size of the recurrent state, and of a grid cell after projection.
   * Range: an integer from 1 to 65536.
   * @default 512
   */
  readonly units?: number;
  /**
   * Size of the space in which attention compares states with cells.
   * Range: an integer from 1 to 65536.
   * @default 512
   */
  readonly attention?: number;
  /**
   * Dropout rate of word vectors, cells and outputs.
   * Range: a number from 0 to below 1.
   * @default 0.5
   */
  readonly dropout?: number;
  /**
   * Weight of doubly stochastic regularization, by which the attention on each cell sums to 1 over a
   * caption (Xu et al. 2015, equation 14).
   * Range: a number from 0 to 1000.
   * @default 1
   */
  readonly regularization?: number;
  /**
   * Seed for weight initialisation.
   * Range: an integer from -2147483648 to 2147483647.
   * @default 1
   */
  readonly seed?: number;
}

/** Options of the `adaptive` decoder. */
export interface AdaptiveOptions {
  /**
   * Size of a word vector, and of the vector of the whole image.
   * Range: an integer from 1 to 65536.
   * @default 256
   */
  readonly embedding?: number;
  /**
   * Size of the recurrent state, and of a grid cell after projection.
   * Range: an integer from 1 to 65536.
   * @default 512
   */
  readonly units?: number;
  /**
   * Size of the space in which attention compares states with cells.
   * Range: an integer from 1 to 65536.
   * @default 512
   */
  readonly attention?: number;
  /**
   * Dropout rate of word vectors, cells and outputs.
   * Range: a number from 0 to below 1.
   * @default 0.5
   */
  readonly dropout?: number;
  /**
   * Seed for weight initialisation.
   * Range: an integer from -2147483648 to 2147483647.
   * @default 1
   */
  readonly seed?: number;
}

/** Options of the `transformer` decoder. */
export interface TransformerOptions {
  /**
   * Model size: word vectors, cells and everything between the layers. `heads` must divide it.
   * Range: an integer from 1 to 65536, a multiple of 4.
   * @default 384
   */
  readonly units?: number;
  /**
   * Attention heads; their number must divide `units`.
   * Range: an integer from 1 to 65536.
   * @default 8
   */
  readonly heads?: number;
  /**
   * Layers over the words.
   * Range: an integer from 1 to 100.
   * @default 2
   */
  readonly layers?: number;
  /**
   * Layers over the grid cells.
   * Range: an integer from 1 to 100.
   * @default 1
   */
  readonly encoderLayers?: number;
  /**
   * Inner size of the feed-forward layers.
   * Range: an integer from 1 to 65536.
   * @default 1536
   */
  readonly feedForward?: number;
  /**
   * Dropout rate of word vectors, cells and the output of each sublayer.
   * Range: a number from 0 to below 1.
   * @default 0.3
   */
  readonly dropout?: number;
  /**
   * Seed for weight initialisation.
   * Range: an integer from -2147483648 to 2147483647.
   * @default 1
   */
  readonly seed?: number;
}

/** Length and words of captions, for search and sampling alike. */
export interface Limits {
  /**
   * Minimum caption length in words; a caption is shorter only if no other word is allowed.
   * Range: an integer from 0 to 200.
   * @default 0
   */
  readonly minimumLength?: number;
  /**
   * Maximum caption length in words.
   * Range: an integer from 1 to 200.
   * @default 24
   */
  readonly maximumLength?: number;
  /**
   * Words that are never written, such as `["man"]`; functions that know no vocabulary take word ids.
   * @default []
   */
  readonly suppressWords?: readonly number[];
}

/** Options of beam search. */
export interface SearchOptions extends Limits {
  /**
   * Beam width; 1 is greedy search.
   * Range: an integer from 1 to 100.
   * @default 3
   */
  readonly beams?: number;
  /**
   * Length normalisation: log-probabilities are divided by the length, end included, to this power (Wu
   * et al. 2016, arXiv 1609.08144, equation 14, simplified); 0 disables it.
   * Range: a number from 0 to 5.
   * @default 0.7
   */
  readonly lengthPenalty?: number;
  /**
   * No n-gram of this size occurs twice in a caption (Paulus et al. 2018, arXiv 1705.04304, section
   * 2.5); 0 disables it.
   * Range: an integer from 0 to 200.
   * @default 0
   */
  readonly noRepeatNgramSize?: number;
  /**
   * Groups of diverse beam search, each of which avoids the words of those before it; their number must
   * divide `beams`.
   * Range: an integer from 1 to 100.
   * @default 1
   */
  readonly beamGroups?: number;
  /**
   * Log-probability that a word loses each time that an earlier group writes it at the same position.
   * Range: a number from 0 to 100.
   * @default 0.5
   */
  readonly diversityPenalty?: number;
  /**
   * Phrases that every caption contains, such as `["red ball"]`; functions that know no vocabulary take
   * lists of word ids. The beam is widened to their number of words plus one, and they may repeat an
   * n-gram that `noRepeatNgramSize` forbids where there is no other way.
   * @default []
   */
  readonly requiredPhrases?: readonly (readonly number[])[];
}

/** Options of sampling. */
export interface SampleOptions extends Limits {
  /**
   * Captions per image; on the command line, `--sample N` sets it.
   * Range: an integer from 1 to 10000.
   * @default 1
   */
  readonly samples?: number;
  /**
   * Divisor of the logits: below 1, likely words become likelier; close to 0, it is greedy search.
   * Range: a number from 0.01 to 100.
   * @default 1
   */
  readonly temperature?: number;
  /**
   * Samples from the k most likely words only (Fan et al. 2018, arXiv 1805.04833); 0 disables it.
   * Range: an integer from 0 up.
   * @default 0
   */
  readonly topK?: number;
  /**
   * Samples from the fewest likeliest words whose probabilities reach this sum (nucleus sampling,
   * Holtzman et al. 2020, arXiv 1904.09751).
   * Range: a number above 0 and up to 1.
   * @default 1
   */
  readonly topP?: number;
  /**
   * Seed for sampling.
   * Range: an integer from -2147483648 to 2147483647.
   * @default 1
   */
  readonly seed?: number;
  /**
   * Number of the first image, where images come in several calls: it decides the random numbers.
   * Range: an integer from 0 up.
   * @default 0
   */
  readonly first?: number;
}

/** Options of `FeatureStore.build`. */
export interface BuildOptions {
  /**
   * A vector for each grid cell (`grid`), or their mean (`pooled`).
   * Range: "pooled" or "grid".
   * @default 'pooled'
   */
  readonly kind?: 'pooled' | 'grid';
  /**
   * Images that the encoder reads at once.
   * Range: an integer from 1 to 65536.
   * @default 16
   */
  readonly batch?: number;
  /**
   * Images per shard file, which are also the most that a killed run loses.
   * Range: an integer from 1 up.
   * @default 256
   */
  readonly shard?: number;
  /**
   * Only every `of`-th shard, starting with shard `number` (from 1), so that several machines share the
   * work. Each needs a folder of its own; files copied into one folder are one store.
   * @default {"number":1,"of":1}
   */
  readonly part?: {readonly number: number; readonly of: number};
  /**
   * Called with the number of images that are done.
   */
  readonly onProgress?: OnBuildProgress;
  /**
   * Shows how far the build is. By default a notebook has a bar if it takes longer than half a second.
   */
  readonly progress?: ProgressDisplay;
}

/** Options of `Vocabulary.from`. */
export interface VocabularyOptions {
  /**
   * Minimum number of occurrences; rarer words become unknown.
   * Range: an integer from 1 up.
   * @default 5
   */
  readonly minimumCount?: number;
  /**
   * Maximum number of words; the most frequent are kept. By default there is no limit.
   * Range: an integer from 1 up.
   */
  readonly maximumSize?: number;
}

/** Options of `drawScenes`. */
export interface SceneOptions {
  /**
   * Seed of the scenes.
   * Range: an integer from 0 to 4294967295.
   * @default 1
   */
  readonly seed?: number;
  /**
   * Number of training images.
   * Range: an integer from 0 to 99999.
   * @default 600
   */
  readonly train?: number;
  /**
   * Number of validation images.
   * Range: an integer from 0 to 99999.
   * @default 100
   */
  readonly validation?: number;
  /**
   * Number of test images.
   * Range: an integer from 0 to 99999.
   * @default 100
   */
  readonly test?: number;
  /**
   * Whether captions use rare nouns now and then, most of them a few times only, as people do.
   * Range: true or false.
   * @default false
   */
  readonly rareWords?: boolean;
  /**
   * Fewest captions of an image. Below 5, each image has a number drawn from here to 5.
   * Range: an integer from 1 to 5.
   * @default 5
   */
  readonly fewestCaptions?: number;
  /**
   * Probability that a child wears blue in a training or validation scene, whatever it would wear.
   * Without this bias, and always in test scenes, blue and yellow are equally frequent.
   * Range: a number from 0 to 1.
   * @default 0
   */
  readonly bias?: number;
}

/** Options of the method `saliency`. */
export interface SaliencyOptions {
  /**
   * Takes absolute values, before those of a pixel's colours are summed.
   * Range: true or false.
   * @default true
   */
  readonly absolute?: boolean;
}

/** Options of the method `integrated-gradients`. */
export interface IntegratedGradientsOptions {
  /**
   * Points on the path (Gauss–Legendre quadrature).
   * Range: an integer from 1 to 10000.
   * @default 50
   */
  readonly steps?: number;
  /**
   * Where the path starts; the values of several are averaged.
   * @default ["black"]
   */
  readonly baselines?: readonly ('black' | 'mean' | 'blurred')[];
  /**
   * Where the words before start: `zero`: from embeddings of zeros; `given`: they stay, and the image
   * alone is explained.
   * Range: "zero" or "given".
   * @default 'zero'
   */
  readonly previousWords?: 'zero' | 'given';
}

/** Options of the methods `smoothgrad`, `smoothgrad-sq` and `vargrad`. */
export interface SmoothGradOptions {
  /**
   * Noisy images.
   * Range: an integer from 1 to 10000.
   * @default 25
   */
  readonly samples?: number;
  /**
   * Standard deviation of the noise, as a fraction of the range of brightness, 255.
   * Range: a number above 0 and up to 10.
   * @default 0.15
   */
  readonly noise?: number;
  /**
   * Seed of the noise.
   * Range: an integer from -2147483648 to 2147483647.
   * @default 1
   */
  readonly seed?: number;
}

/** Options of the methods `grad-cam` and `grad-cam++`. */
export interface GradCamOptions {
  /**
   * Block of the encoder whose feature map is weighted, such as `blocks.15`.
   * @default 'last'
   */
  readonly block?: string;
  /**
   * Sets negative values to 0, as the paper does.
   * Range: true or false.
   * @default false
   */
  readonly positive?: boolean;
}

/** Options of the method `guided-grad-cam`. */
export interface GuidedGradCamOptions {
  /**
   * Block of the encoder for Grad-CAM, such as `blocks.15`.
   * @default 'last'
   */
  readonly block?: string;
}

/** Options of the method `deep-lift`. */
export interface DeepLiftOptions {
  /**
   * The image to compare with.
   * Range: "black", "mean" or "blurred".
   * @default 'black'
   */
  readonly baseline?: 'black' | 'mean' | 'blurred';
  /**
   * How the decoder passes the change: `average`: by its gradient, averaged from the baseline to the
   * image, so that the values sum to the change; `gradient`: by that at the image, as Captum does with
   * what isn't a module.
   * Range: "average" or "gradient".
   * @default 'average'
   */
  readonly decoder?: 'average' | 'gradient';
}

/** Options of the method `occlusion`. */
export interface OcclusionOptions {
  /**
   * Side of the window in pixels. By default it is two sevenths of the image's side.
   * Range: an integer from 1 up.
   */
  readonly window?: number;
  /**
   * Distance between the positions of the window in pixels. By default it is half the window.
   * Range: an integer from 1 up.
   */
  readonly stride?: number;
  /**
   * Number of windows of different size, each twice as large as the one before, whose maps are averaged.
   * Range: an integer from 1 to 8.
   * @default 1
   */
  readonly scales?: number;
  /**
   * Content of a hidden pixel: black, the mean colour of the image, or the blurred image.
   * Range: "black", "mean" or "blurred".
   * @default 'mean'
   */
  readonly baseline?: 'black' | 'mean' | 'blurred';
}

/** Options of the method `feature-ablation`. */
export interface FeatureAblationOptions {
  /**
   * Regions to hide: square cells, or superpixels that follow the image's edges.
   * Range: "cells" or "superpixels".
   * @default 'cells'
   */
  readonly regions?: 'cells' | 'superpixels';
  /**
   * Cells per side of the image.
   * Range: an integer from 1 to 64.
   * @default 7
   */
  readonly cells?: number;
  /**
   * Approximate number of superpixels.
   * Range: an integer from 1 to 4096.
   * @default 50
   */
  readonly segments?: number;
  /**
   * Content of a hidden pixel: black, the mean colour of the image, or the blurred image.
   * Range: "black", "mean" or "blurred".
   * @default 'mean'
   */
  readonly baseline?: 'black' | 'mean' | 'blurred';
}

/** Options of the method `shapley-value-sampling`. */
export interface ShapleyValueSamplingOptions {
  /**
   * Number of random orders.
   * Range: an integer from 1 to 100000.
   * @default 25
   */
  readonly samples?: number;
  /**
   * Seed of the orders.
   * Range: an integer from 0 to 4294967295.
   * @default 1
   */
  readonly seed?: number;
  /**
   * Regions to hide: square cells, or superpixels that follow the image's edges.
   * Range: "cells" or "superpixels".
   * @default 'cells'
   */
  readonly regions?: 'cells' | 'superpixels';
  /**
   * Cells per side of the image.
   * Range: an integer from 1 to 64.
   * @default 7
   */
  readonly cells?: number;
  /**
   * Approximate number of superpixels.
   * Range: an integer from 1 to 4096.
   * @default 50
   */
  readonly segments?: number;
  /**
   * Content of a hidden pixel: black, the mean colour of the image, or the blurred image.
   * Range: "black", "mean" or "blurred".
   * @default 'mean'
   */
  readonly baseline?: 'black' | 'mean' | 'blurred';
}

/** Options of the method `kernel-shap`. */
export interface KernelShapOptions {
  /**
   * Number of images with regions hidden. Captum's default of 25 is fewer than the regions.
   * Range: an integer from 4 to 1000000.
   * @default 512
   */
  readonly samples?: number;
  /**
   * Seed of what is hidden.
   * Range: an integer from 0 to 4294967295.
   * @default 1
   */
  readonly seed?: number;
  /**
   * Regions to hide: square cells, or superpixels that follow the image's edges.
   * Range: "cells" or "superpixels".
   * @default 'cells'
   */
  readonly regions?: 'cells' | 'superpixels';
  /**
   * Cells per side of the image.
   * Range: an integer from 1 to 64.
   * @default 7
   */
  readonly cells?: number;
  /**
   * Approximate number of superpixels.
   * Range: an integer from 1 to 4096.
   * @default 50
   */
  readonly segments?: number;
  /**
   * Content of a hidden pixel: black, the mean colour of the image, or the blurred image.
   * Range: "black", "mean" or "blurred".
   * @default 'mean'
   */
  readonly baseline?: 'black' | 'mean' | 'blurred';
}

/** Options of the method `lime`. */
export interface LimeOptions {
  /**
   * Number of images with regions hidden. Captum's default of 50 is about the number of regions.
   * Range: an integer from 2 to 1000000.
   * @default 128
   */
  readonly samples?: number;
  /**
   * Weight of the lasso's penalty: higher values leave fewer regions with a value.
   * Range: a number from 0 up.
   * @default 0.01
   */
  readonly alpha?: number;
  /**
   * Width of the kernel that weights samples by their cosine distance to the image.
   * Range: a number above 0.
   * @default 1
   */
  readonly kernelWidth?: number;
  /**
   * Seed of what is hidden.
   * Range: an integer from 0 to 4294967295.
   * @default 1
   */
  readonly seed?: number;
  /**
   * Regions to hide: square cells, or superpixels that follow the image's edges.
   * Range: "cells" or "superpixels".
   * @default 'cells'
   */
  readonly regions?: 'cells' | 'superpixels';
  /**
   * Cells per side of the image.
   * Range: an integer from 1 to 64.
   * @default 7
   */
  readonly cells?: number;
  /**
   * Approximate number of superpixels.
   * Range: an integer from 1 to 4096.
   * @default 50
   */
  readonly segments?: number;
  /**
   * Content of a hidden pixel: black, the mean colour of the image, or the blurred image.
   * Range: "black", "mean" or "blurred".
   * @default 'mean'
   */
  readonly baseline?: 'black' | 'mean' | 'blurred';
}

/** Options of the method `rise`. */
export interface RiseOptions {
  /**
   * Number of masks.
   * Range: an integer from 2 to 1000000.
   * @default 512
   */
  readonly samples?: number;
  /**
   * Cells per side of a mask, before it is enlarged.
   * Range: an integer from 1 to 64.
   * @default 7
   */
  readonly cells?: number;
  /**
   * Probability that a cell is shown.
   * Range: a number above 0 and below 1.
   * @default 0.5
   */
  readonly probability?: number;
  /**
   * Seed of the masks.
   * Range: an integer from 0 to 4294967295.
   * @default 1
   */
  readonly seed?: number;
  /**
   * Content of a hidden pixel: black, the mean colour of the image, or the blurred image.
   * Range: "black", "mean" or "blurred".
   * @default 'mean'
   */
  readonly baseline?: 'black' | 'mean' | 'blurred';
}

/** Options of the method `attention-x-gradient`. */
export interface AttentionXGradientOptions {
  /**
   * Sets negative values to 0, as the paper does.
   * Range: true or false.
   * @default false
   */
  readonly positive?: boolean;
}

/** The options of the methods of explanation. Loads no TensorFlow, as set-up generates types and documents from them. */
import {z} from 'zod';
import {optionGroup, type OptionGroup} from '../option-group';
import type {
  AttentionXGradientOptions,
  DeepLiftOptions,
  FeatureAblationOptions,
  GradCamOptions,
  GuidedGradCamOptions,
  IntegratedGradientsOptions,
  KernelShapOptions,
  LimeOptions,
  OcclusionOptions,
  RiseOptions,
  SaliencyOptions,
  ShapleyValueSamplingOptions,
  SmoothGradOptions,
} from '../option-types';

/** Names of images without information. */
export const baselineNames = ['black', 'mean', 'blurred'] as const;

/** The name that stands for the encoder's last block. */
export const lastBlock = 'last';

const baselineShape = {
  baseline: z
    .enum(baselineNames)
    .default('mean')
    .describe('Content of a hidden pixel: black, the mean colour of the image, or the blurred image.'),
};

/** Options of methods that hide regions. */
const regionShape = {
  regions: z
    .enum(['cells', 'superpixels'])
    .default('cells')
    .describe("Regions to hide: square cells, or superpixels that follow the image's edges."),
  cells: z.int().min(1).max(64).default(7).describe('Cells per side of the image.'),
  segments: z.int().min(1).max(4096).default(50).describe('Approximate number of superpixels.'),
  ...baselineShape,
};

type OcclusionSettings = Readonly<Required<Omit<OcclusionOptions, 'window' | 'stride'>>> & {
  readonly window?: number | undefined;
  readonly stride?: number | undefined;
};

export const saliencyOptions: OptionGroup<Readonly<Required<SaliencyOptions>>> = optionGroup<SaliencyOptions>(
  {
    owner: 'saliency method',
    type: 'SaliencyOptions',
    about: 'Options of the method `saliency`.',
  },
)(
  z.strictObject({
    absolute: z
      .boolean()
      .default(true)
      .describe("Takes absolute values, before those of a pixel's colours are summed."),
  }),
);

export const integratedGradientsOptions: OptionGroup<Readonly<Required<IntegratedGradientsOptions>>> =
  optionGroup<IntegratedGradientsOptions>({
    owner: 'integrated-gradients method',
    type: 'IntegratedGradientsOptions',
    about: 'Options of the method `integrated-gradients`.',
  })(
    z.strictObject({
      steps: z
        .int()
        .min(1)
        .max(10_000)
        .default(50)
        .describe('Points on the path (Gauss–Legendre quadrature).'),
      baselines: z
        .array(z.enum(baselineNames))
        .min(1)
        .readonly()
        .default(['black'])
        .describe('Where the path starts; the values of several are averaged.'),
      previousWords: z
        .enum(['zero', 'given'])
        .default('zero')
        .describe(
          'Where the words before start: `zero`: from embeddings of zeros; `given`: they stay, and the image alone is explained.',
        ),
    }),
  );

export const smoothGradOptions: OptionGroup<Readonly<Required<SmoothGradOptions>>> =
  optionGroup<SmoothGradOptions>({
    owner: 'smoothgrad method',
    type: 'SmoothGradOptions',
    about: 'Options of the methods `smoothgrad`, `smoothgrad-sq` and `vargrad`.',
  })(
    z.strictObject({
      samples: z.int().min(1).max(10_000).default(25).describe('Noisy images.'),
      noise: z
        .number()
        .gt(0)
        .max(10)
        .default(0.15)
        .describe('Standard deviation of the noise, as a fraction of the range of brightness, 255.'),
      seed: z
        .int()
        .min(-(2 ** 31))
        .max(2 ** 31 - 1)
        .default(1)
        .describe('Seed of the noise.'),
    }),
  );

export const gradCamOptions: OptionGroup<Readonly<Required<GradCamOptions>>> = optionGroup<GradCamOptions>({
  owner: 'grad-cam method',
  type: 'GradCamOptions',
  about: 'Options of the methods `grad-cam` and `grad-cam++`.',
})(
  z.strictObject({
    block: z
      .string()
      .default(lastBlock)
      .describe('Block of the encoder whose feature map is weighted, such as `blocks.15`.'),
    positive: z.boolean().default(false).describe('Sets negative values to 0, as the paper does.'),
  }),
);

export const guidedGradCamOptions: OptionGroup<Readonly<Required<GuidedGradCamOptions>>> =
  optionGroup<GuidedGradCamOptions>({
    owner: 'guided-grad-cam method',
    type: 'GuidedGradCamOptions',
    about: 'Options of the method `guided-grad-cam`.',
  })(
    z.strictObject({
      block: z
        .string()
        .default(lastBlock)
        .describe('Block of the encoder for Grad-CAM, such as `blocks.15`.'),
    }),
  );

export const deepLiftOptions: OptionGroup<Readonly<Required<DeepLiftOptions>>> = optionGroup<DeepLiftOptions>(
  {
    owner: 'deep-lift method',
    type: 'DeepLiftOptions',
    about: 'Options of the method `deep-lift`.',
  },
)(
  z.strictObject({
    baseline: z.enum(baselineNames).default('black').describe('The image to compare with.'),
    decoder: z
      .enum(['average', 'gradient'])
      .default('average')
      .describe(
        "How the decoder passes the change: `average`: by its gradient, averaged from the baseline to the image, so that the values sum to the change; `gradient`: by that at the image, as Captum does with what isn't a module.",
      ),
  }),
);

export const occlusionOptions: OptionGroup<OcclusionSettings> = optionGroup<OcclusionOptions>({
  owner: 'occlusion method',
  type: 'OcclusionOptions',
  about: 'Options of the method `occlusion`.',
})(
  z.strictObject({
    window: z
      .int()
      .min(1)
      .optional()
      .describe("Side of the window in pixels. By default it is two sevenths of the image's side."),
    stride: z
      .int()
      .min(1)
      .optional()
      .describe('Distance between the positions of the window in pixels. By default it is half the window.'),
    scales: z
      .int()
      .min(1)
      .max(8)
      .default(1)
      .describe(
        'Number of windows of different size, each twice as large as the one before, whose maps are averaged.',
      ),
    ...baselineShape,
  }),
);

export const featureAblationOptions: OptionGroup<Readonly<Required<FeatureAblationOptions>>> =
  optionGroup<FeatureAblationOptions>({
    owner: 'feature-ablation method',
    type: 'FeatureAblationOptions',
    about: 'Options of the method `feature-ablation`.',
  })(z.strictObject(regionShape));

export const shapleyValueSamplingOptions: OptionGroup<Readonly<Required<ShapleyValueSamplingOptions>>> =
  optionGroup<ShapleyValueSamplingOptions>({
    owner: 'shapley-value-sampling method',
    type: 'ShapleyValueSamplingOptions',
    about: 'Options of the method `shapley-value-sampling`.',
  })(
    z.strictObject({
      samples: z.int().min(1).max(100_000).default(25).describe('Number of random orders.'),
      seed: z.int().min(0).max(0xffffffff).default(1).describe('Seed of the orders.'),
      ...regionShape,
    }),
  );

export const kernelShapOptions: OptionGroup<Readonly<Required<KernelShapOptions>>> =
  optionGroup<KernelShapOptions>({
    owner: 'kernel-shap method',
    type: 'KernelShapOptions',
    about: 'Options of the method `kernel-shap`.',
  })(
    z.strictObject({
      samples: z
        .int()
        .min(4)
        .max(1_000_000)
        .default(512)
        .describe("Number of images with regions hidden. Captum's default of 25 is fewer than the regions."),
      seed: z.int().min(0).max(0xffffffff).default(1).describe('Seed of what is hidden.'),
      ...regionShape,
    }),
  );

export const limeOptions: OptionGroup<Readonly<Required<LimeOptions>>> = optionGroup<LimeOptions>({
  owner: 'lime method',
  type: 'LimeOptions',
  about: 'Options of the method `lime`.',
})(
  z.strictObject({
    samples: z
      .int()
      .min(2)
      .max(1_000_000)
      .default(128)
      .describe(
        "Number of images with regions hidden. Captum's default of 50 is about the number of regions.",
      ),
    alpha: z
      .number()
      .min(0)
      .default(0.01)
      .describe("Weight of the lasso's penalty: higher values leave fewer regions with a value."),
    kernelWidth: z
      .number()
      .gt(0)
      .default(1)
      .describe('Width of the kernel that weights samples by their cosine distance to the image.'),
    seed: z.int().min(0).max(0xffffffff).default(1).describe('Seed of what is hidden.'),
    ...regionShape,
  }),
);

export const riseOptions: OptionGroup<Readonly<Required<RiseOptions>>> = optionGroup<RiseOptions>({
  owner: 'rise method',
  type: 'RiseOptions',
  about: 'Options of the method `rise`.',
})(
  z.strictObject({
    samples: z.int().min(2).max(1_000_000).default(512).describe('Number of masks.'),
    cells: z.int().min(1).max(64).default(7).describe('Cells per side of a mask, before it is enlarged.'),
    probability: z.number().gt(0).lt(1).default(0.5).describe('Probability that a cell is shown.'),
    seed: z.int().min(0).max(0xffffffff).default(1).describe('Seed of the masks.'),
    ...baselineShape,
  }),
);

export const attentionXGradientOptions: OptionGroup<Readonly<Required<AttentionXGradientOptions>>> =
  optionGroup<AttentionXGradientOptions>({
    owner: 'attention-x-gradient method',
    type: 'AttentionXGradientOptions',
    about: 'Options of the method `attention-x-gradient`.',
  })(
    z.strictObject({
      positive: z.boolean().default(false).describe('Sets negative values to 0, as the paper does.'),
    }),
  );

/** All groups; some serve several methods. */
export const methodOptions: readonly OptionGroup[] = [
  saliencyOptions,
  integratedGradientsOptions,
  smoothGradOptions,
  gradCamOptions,
  guidedGradCamOptions,
  deepLiftOptions,
  occlusionOptions,
  featureAblationOptions,
  shapleyValueSamplingOptions,
  kernelShapOptions,
  limeOptions,
  riseOptions,
  attentionXGradientOptions,
];

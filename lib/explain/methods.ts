/** The methods of explanation by name. To add one, write its file in methods/ and register it here. */
import {CaptionerError} from '../errors';
import {unknownName} from '../option-names';
import type {Method, NoOptions} from './method';
import {attention} from './methods/attention';
import {attentionRollout} from './methods/attention-rollout';
import {attentionXGradient, type AttentionXGradientOptions} from './methods/attention-x-gradient';
import {deepLift, type DeepLiftOptions} from './methods/deep-lift';
import {featureAblation, type FeatureAblationOptions} from './methods/feature-ablation';
import {gradCam, gradCamPlusPlus, type GradCamOptions} from './methods/grad-cam';
import {guidedBackprop} from './methods/guided-backprop';
import {guidedGradCam, type GuidedGradCamOptions} from './methods/guided-grad-cam';
import {inputXGradient} from './methods/input-x-gradient';
import {integratedGradients, type IntegratedGradientsOptions} from './methods/integrated-gradients';
import {kernelShap, type KernelShapOptions} from './methods/kernel-shap';
import {lime, type LimeOptions} from './methods/lime';
import {lrp} from './methods/lrp';
import {occlusion, type OcclusionOptions} from './methods/occlusion';
import {rise, type RiseOptions} from './methods/rise';
import {saliency, type SaliencyOptions} from './methods/saliency';
import {shapleyValueSampling, type ShapleyValueSamplingOptions} from './methods/shapley-value-sampling';
import {smoothGrad, smoothGradSquared, varGrad, type SmoothGradOptions} from './methods/smoothgrad';

/** The options of each method. */
export interface MethodOptions {
  readonly 'saliency': SaliencyOptions;
  readonly 'input-x-gradient': NoOptions;
  readonly 'integrated-gradients': IntegratedGradientsOptions;
  readonly 'smoothgrad': SmoothGradOptions;
  readonly 'smoothgrad-sq': SmoothGradOptions;
  readonly 'vargrad': SmoothGradOptions;
  readonly 'grad-cam': GradCamOptions;
  readonly 'grad-cam++': GradCamOptions;
  readonly 'guided-backprop': NoOptions;
  readonly 'guided-grad-cam': GuidedGradCamOptions;
  readonly 'deep-lift': DeepLiftOptions;
  readonly 'lrp': NoOptions;
  readonly 'occlusion': OcclusionOptions;
  readonly 'feature-ablation': FeatureAblationOptions;
  readonly 'shapley-value-sampling': ShapleyValueSamplingOptions;
  readonly 'kernel-shap': KernelShapOptions;
  readonly 'lime': LimeOptions;
  readonly 'rise': RiseOptions;
  readonly 'attention-x-gradient': AttentionXGradientOptions;
  readonly 'attention-rollout': NoOptions;
  readonly 'attention': NoOptions;
}

/** The name of a method. */
export type MethodName = keyof MethodOptions;

const all: readonly Method[] = [
  saliency,
  inputXGradient,
  integratedGradients,
  smoothGrad,
  smoothGradSquared,
  varGrad,
  gradCam,
  gradCamPlusPlus,
  guidedBackprop,
  guidedGradCam,
  deepLift,
  lrp,
  occlusion,
  featureAblation,
  shapleyValueSampling,
  kernelShap,
  lime,
  rise,
  attention,
  attentionXGradient,
  attentionRollout,
];

/** The methods by name, in the order in which they are listed. */
export const methods: ReadonlyMap<string, Method> = new Map(all.map((method) => [method.name, method]));

/** Names of the methods that `explain` accepts. */
export const methodNames: readonly MethodName[] = [...methods.keys()] as MethodName[];

/** Returns a method. @throws CaptionerError `options` for an unknown name. */
export function methodNamed(name: string): Method {
  const found = methods.get(name);
  if (found) return found;
  throw new CaptionerError('options', unknownName('method', name, methodNames));
}

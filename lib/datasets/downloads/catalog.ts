/** The catalogue of `captioner download`: addresses, checksums, licences and citations. */
import {dataFolder, downloadedEncoders} from '../../paths';

export const downloadNames = [
  'flickr8k',
  'flickr8k-kaggle',
  'coco2014',
  'coco2017',
  'inception-v3',
  'inception-v3-no-top',
  'mobilenet-v2',
  'mobilenet-v2-no-top',
] as const;
export type DownloadName = (typeof downloadNames)[number];

/** A published file. */
export interface RemoteFile {
  readonly address: string;
  readonly size?: number;
  readonly sha256?: string;
  readonly md5?: string;
  /** For archives: returns the path of an entry, relative to the folder, or undefined to leave it out. */
  readonly unpack?: (entry: string) => string | undefined;
}

export interface Downloadable {
  readonly title: string;
  readonly licence: string;
  readonly citation: string;
  /** Default folder. */
  readonly folder: () => string;
  readonly files: readonly RemoteFile[];
  /** Instructions for a manual download, if the publisher requires an account; `files` is then empty. */
  readonly byHand?: string;
}

const flickr8k = {
  licence: 'for non-commercial research; the photographs belong to their authors',
  citation:
    'M. Hodosh, P. Young, J. Hockenmaier: Framing Image Description as a Ranking Task. JAIR 47, 2013, 853–899',
  folder: () => dataFolder('flickr8k'),
};
const flickr8kFiles = 'https://github.com/jbrownlee/Datasets/releases/download/Flickr8k/';

const coco = {
  licence: 'captions: CC BY 4.0; each photograph has the Flickr licence that its author chose',
  citation:
    'T.-Y. Lin et al.: Microsoft COCO: Common Objects in Context. ECCV 2014, arXiv 1405.0312; ' +
    'captions: X. Chen et al., arXiv 1504.00325',
};
// The publisher's own bucket: images.cocodataset.org, its other name, has no certificate.
const cocoFiles = 'https://s3.amazonaws.com/images.cocodataset.org/';

const weights = {
  licence: 'Apache 2.0 (Keras); trained on ImageNet, whose images are for non-commercial research',
  folder: downloadedEncoders,
};
const imageNet = 'J. Deng et al.: ImageNet: A Large-Scale Hierarchical Image Database. CVPR 2009';
const inception = `C. Szegedy et al.: Rethinking the Inception Architecture for Computer Vision. CVPR 2016, arXiv 1512.00567; ${imageNet}`;
const mobileNet = `M. Sandler et al.: MobileNetV2: Inverted Residuals and Linear Bottlenecks. CVPR 2018, arXiv 1801.04381; ${imageNet}`;
const kerasFiles = 'https://storage.googleapis.com/tensorflow/keras-applications/';

export const downloads: Readonly<Record<DownloadName, Downloadable>> = {
  'flickr8k': {
    ...flickr8k,
    title: 'Flickr8k, 8,000 photographs with five captions each and the official split (1.1 GB)',
    files: [
      {
        address: `${flickr8kFiles}Flickr8k_text.zip`,
        md5: 'bf6c1abcb8e4a833b7f922104de18627',
        unpack: (entry) => withoutFinder(entry)?.replace(/^Flickr8k_text\//, ''),
      },
      {
        address: `${flickr8kFiles}Flickr8k_Dataset.zip`,
        md5: 'f18a1e2920de5bd84dae7cf08ec78978',
        unpack: withoutFinder,
      },
    ],
  },
  'flickr8k-kaggle': {
    ...flickr8k,
    title: 'Flickr8k in the Kaggle layout (manual download, requires an account)',
    files: [],
    byHand:
      'Kaggle requires an account, so download it manually: sign in, download the archive from ' +
      'https://www.kaggle.com/datasets/adityajn105/flickr8k and unzip it, so that the folder contains Images/ and captions.txt.',
  },
  'coco2014': {
    ...coco,
    title: 'COCO 2014, 123,000 photographs with five captions each (20 GB)',
    folder: () => dataFolder('coco2014'),
    files: [
      {
        address: `${cocoFiles}annotations/annotations_trainval2014.zip`,
        size: 252_872_794,
        sha256: '031296bbc80c45a1d1f76bf9a90ead27e94e99ec629208449507a4917a3bf009',
        unpack: captionsOnly,
      },
      {
        address: `${cocoFiles}zips/val2014.zip`,
        size: 6_645_013_297,
        sha256: 'fe9be816052049c34717e077d9e34aa60814a55679f804cd043e3cbee3b9fde0',
        unpack: withoutFinder,
      },
      {
        address: `${cocoFiles}zips/train2014.zip`,
        size: 13_510_573_713,
        sha256: 'ede4087e640bddba550e090eae701092534b554b42b05ac33f0300b984b31775',
        unpack: withoutFinder,
      },
    ],
  },
  'coco2017': {
    ...coco,
    title: 'COCO 2017, the photographs of COCO 2014 in another split (20 GB)',
    folder: () => dataFolder('coco2017'),
    files: [
      {
        address: `${cocoFiles}annotations/annotations_trainval2017.zip`,
        size: 252_907_541,
        sha256: '113a836d90195ee1f884e704da6304dfaaecff1f023f49b6ca93c4aaae470268',
        unpack: captionsOnly,
      },
      {
        address: `${cocoFiles}zips/val2017.zip`,
        size: 815_585_330,
        sha256: '4f7e2ccb2866ec5041993c9cf2a952bbed69647b115d0f74da7ce8f4bef82f05',
        unpack: withoutFinder,
      },
      {
        address: `${cocoFiles}zips/train2017.zip`,
        size: 19_336_861_798,
        sha256: '69a8bb58ea5f8f99d24875f21416de2e9ded3178e903f1f7603e283b9e06d929',
        unpack: withoutFinder,
      },
    ],
  },
  'inception-v3': {
    ...weights,
    title: 'Inception v3, weights of Keras (96 MB)',
    citation: inception,
    files: [
      {
        address: `${kerasFiles}inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels.h5`,
        size: 96_112_376,
        sha256: '00c9ea4e4762f716ac4d300d6d9c2935639cc5e4d139b5790d765dcbeea539d0',
        md5: '9a0d58056eeedaa3f26cb7ebd46da564',
      },
    ],
  },
  'inception-v3-no-top': {
    ...weights,
    title: 'Inception v3 without its classifier, weights of Keras (88 MB)',
    citation: inception,
    files: [
      {
        address: `${kerasFiles}inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5`,
        size: 87_910_968,
        md5: 'bcbd6486424b2319ff4ef7d526e38f63',
      },
    ],
  },
  // Keras publishes no checksums of these two.
  'mobilenet-v2': {
    ...weights,
    title: 'MobileNetV2, weights of Keras (15 MB)',
    citation: mobileNet,
    files: [
      {
        address: `${kerasFiles}mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5`,
        size: 14_536_120,
      },
    ],
  },
  'mobilenet-v2-no-top': {
    ...weights,
    title: 'MobileNetV2 without its classifier, weights of Keras (9 MB)',
    citation: mobileNet,
    files: [
      {
        address: `${kerasFiles}mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5`,
        size: 9_406_464,
      },
    ],
  },
};

export function isDownloadName(name: string): name is DownloadName {
  return Object.hasOwn(downloads, name);
}

/** Leaves out the metadata that macOS adds to archives. */
function withoutFinder(entry: string): string | undefined {
  return /^__MACOSX\/|(^|\/)\.DS_Store$/.test(entry) ? undefined : entry;
}

/** Keeps the captions; boxes and keypoints make up eight times as much of the archive. */
function captionsOnly(entry: string): string | undefined {
  return /^annotations\/captions_\w+\.json$/.test(entry) ? entry : undefined;
}

/** What can be fetched: data sets and weights, from where, and on which terms. */
import {join} from 'node:path';
import {encoderFolder, home} from './places';

export interface RemoteFile {
  readonly address: string;
  /** Published checksums. */
  readonly sha256?: string;
  readonly md5?: string;
}

export interface Downloadable {
  readonly title: string;
  readonly licence: string;
  readonly citation: string;
  /** Where it goes, unless the user says where. */
  readonly folder: () => string;
  readonly files: readonly RemoteFile[];
  /** Of archives: where a file within goes; undefined leaves it out. */
  readonly place?: (name: string) => string | undefined;
  /** What to do by hand: the whole thing where there are no files, else what to do with them. */
  readonly next: (folder: string) => readonly string[];
}

const dataFolder = (name: string) => (): string => join(home(), 'data', name);
const use = (folder: string): string[] => [
  `Now: npx captioner train --data ${folder} --run checkpoints/mine`,
];

const flickr8k = {
  licence: 'for non-commercial research; the photographs belong to their authors',
  citation:
    'M. Hodosh, P. Young, J. Hockenmaier (2013): Framing Image Description as a Ranking Task, JAIR 47, 853-899',
  folder: dataFolder('flickr8k'),
};
const release = 'https://github.com/jbrownlee/Datasets/releases/download/Flickr8k';

const coco = (year: 2014 | 2017): Downloadable => ({
  title: `COCO captions ${year} (train and val)`,
  licence: 'annotations CC BY 4.0; the photographs belong to their authors, on Flickr’s terms',
  citation:
    'T.-Y. Lin and others (2014): Microsoft COCO: Common Objects in Context, arXiv 1405.0312; X. Chen and others (2015): Microsoft COCO Captions, arXiv 1504.00325',
  folder: dataFolder(`coco${year}`),
  files: [],
  next: (folder) => [
    'COCO is offered over HTTP without encryption only, so it is not fetched from here.',
    `Get train${year}.zip, val${year}.zip and annotations_trainval${year}.zip from https://cocodataset.org/#download`,
    `and unpack them into ${folder}: it then holds annotations/, train${year}/ and val${year}/.`,
    ...use(folder),
  ],
});

const keras = 'https://storage.googleapis.com/tensorflow/keras-applications';
const weights = {
  licence: 'Apache 2.0 (Keras); trained on ImageNet, whose pictures are for non-commercial research',
  folder: encoderFolder,
};
const inception = {
  ...weights,
  citation:
    'C. Szegedy and others (2016): Rethinking the Inception Architecture for Computer Vision, arXiv 1512.00567',
  next: () => ['Now: npx captioner features --encoder inception-v3 --data data/flickr8k --out features'],
};
const mobilenet = {
  ...weights,
  citation:
    'M. Sandler and others (2018): MobileNetV2: Inverted Residuals and Linear Bottlenecks, arXiv 1801.04381',
  next: () => ['Now: npx captioner features --encoder mobilenet-v2 --data data/flickr8k --out features'],
};

export const catalogue: Readonly<Record<string, Downloadable>> = {
  'flickr8k': {
    ...flickr8k,
    title: 'Flickr8k: 8,000 photographs with five captions each (1 GB)',
    files: [
      {address: `${release}/Flickr8k_text.zip`, md5: 'bf6c1abcb8e4a833b7f922104de18627'},
      {address: `${release}/Flickr8k_Dataset.zip`, md5: 'f18a1e2920de5bd84dae7cf08ec78978'},
    ],
    place: (name) => (name.startsWith('__MACOSX/') || name.endsWith('.DS_Store') ? undefined : name),
    next: use,
  },
  'flickr8k-kaggle': {
    ...flickr8k,
    title: 'Flickr8k as Kaggle has it',
    files: [],
    next: (folder) => [
      'Kaggle asks for an account, so it is not fetched from here.',
      'Get the archive from https://www.kaggle.com/datasets/adityajn105/flickr8k',
      `and unpack it into ${folder}: it then holds Images/ and captions.txt.`,
      ...use(folder),
    ],
  },
  'coco2014': coco(2014),
  'coco2017': coco(2017),
  'inception-v3': {
    ...inception,
    title: 'Inception v3, with its classes (92 MB)',
    files: [
      {
        address: `${keras}/inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels.h5`,
        sha256: '00c9ea4e4762f716ac4d300d6d9c2935639cc5e4d139b5790d765dcbeea539d0',
        md5: '9a0d58056eeedaa3f26cb7ebd46da564',
      },
    ],
  },
  'inception-v3-no-top': {
    ...inception,
    title: 'Inception v3, without classes (84 MB)',
    files: [
      {
        address: `${keras}/inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5`,
        md5: 'bcbd6486424b2319ff4ef7d526e38f63',
      },
    ],
  },
  'mobilenet-v2': {
    ...mobilenet,
    title: 'MobileNetV2, with its classes (14 MB)',
    files: [{address: `${keras}/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5`}],
  },
  'mobilenet-v2-no-top': {
    ...mobilenet,
    title: 'MobileNetV2, without classes (9 MB)',
    files: [
      {address: `${keras}/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5`},
    ],
  },
};

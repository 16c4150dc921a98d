/**
 * Test files, or folders of them, that `npm run test:quick` leaves out, each with its reason: together the others take less than two
 * minutes on two cores. A file belongs here when it takes more than a few seconds by itself (mocha prints what a slow test takes).
 */
export const slowTests = {
  'caption-in-groups': 'captions while other events wait',
  'captioner': 'captions with the bundled checkpoint',
  'browser': 'opens reports in Chromium',
  'card/model-card': 'trains, evaluates and writes cards',
  'cli': 'starts the command line, with trainings of its own',
  'commands/caption': 'starts the command line again and again',
  'commands/explain': 'starts the command line again and again',
  'commands/sweep': 'trains a dozen trials of a sweep',
  'commands/data': 'reads a caption file that is large enough for a progress bar',
  'datasets/million': 'reads a million captions',
  'datasets/scenes': 'draws many scenes',
  'decoders/transformer': 'compares with fixtures of many sizes',
  'doctor': 'starts the command line',
  'file-error': 'starts the command line again and again',
  'encoders/keras': 'compares with Keras',
  'encoders/pth': 'reads networks of every kind',
  'evaluation/compare-runs': 'evaluates runs',
  'evaluation/evaluate': "reads METEOR's tables again and again",
  'explain': 'explains small captioners by every method',
  'faults/ended': 'starts trainings and ends them',
  'faults/full-disk': 'trains on disks that fill up',
  'faults/guards': 'runs eslint',
  'faults/nth-call': 'runs every command again and again',
  'faults/properties': 'tries hundreds of cases of each property',
  'faults/replace': 'kills processes again and again',
  'features/merge': 'kills a worker',
  'features/store': 'builds feature stores again and again',
  'interrupt': 'stops processes in the middle of long work',
  'lint': 'runs prettier and eslint over the project',
  'notebooks': 'executes notebooks',
  'reference': 'compiles every example of the API reference',
  'search/compiled-search': 'compares compiled search with search op by op',
  'search/diverse-beam': 'compares with a plain search in many cases',
  'search/required-phrases': 'compares with exhaustive search',
  'serve': 'serves the bundled checkpoint',
  'serve/captions': 'captions a hundred images',
  'serve/process': 'starts the server again and again',
  'shipped': 'captions with the checkpoint that ships',
  'show/curves': 'starts kernels',
  'show/live': 'starts kernels that train',
  'show/output': 'starts kernels',
  'show/watch-run': 'follows trainings of other processes',
  'tensorflow/signals': 'sends signals to processes that compute',
  'tools/bench': 'runs a benchmark',
  'tools/equations': 'starts Python again and again',
  'tools/gpu-check': 'packs and unpacks a checkout',
  'tools/left-behind': 'starts trainings and JupyterLab, and ends them',
  'tools/results': 'compiles and tests copies of the project',
  'tools/setup': 'sets up copies of the project',
  'tools/soak': 'trains, captions and explains again and again',
  'tools/steps': 'sets up copies of the project',
  'training/best-epoch': 'trains to the end again and again',
  'training/cluster': 'trains, kills and stops the workers of clusters',
  'training/events': 'trains, stops and is killed',
  'training/find-learning-rate': 'compares whole trainings',
  'training/fine-tuning': 'trains an encoder',
  'training/languages': 'trains in several languages',
  'training/list-runs': 'trains runs to list',
  'training/open-trainings': 'trains and opens runs again and again',
  'training/recipe': 'trains with every preset',
  'training/resume': 'trains, is killed and resumes',
  'training/scenes': 'trains on the drawn scenes',
  'training/self-critical': 'trains with two objectives',
  'training/sweep': 'trains several runs',
  'training/tensorboard': "reads logs with TensorFlow's Python",
  'training/trainer': 'trains hundreds of steps and many epochs',
  'training/xla': 'compiles for seconds',
};

/**
 * How a whole run shares the machine. The files, or folders of them, of `first` run beside all others but those of `alone`; they are the
 * tests of notebooks and pages, which also share the chapters that one of them has run.
 */
export const lanes = {
  first: ['browser', 'notebooks', 'show', 'serve'],
  alone: [
    'caption-in-groups', // other events must get through in time
    'faults/linear', // measures times
    'interrupt', // must stop in time
    'notebooks/stop', // must stop in time
    'serve/captions', // must answer in time
    'serve/process', // must answer in time
    'show/live', // must draw in time
    'tensorflow/signals', // computes as much as it can
    'tools/bench', // measures times
    'training/cluster', // workers must hear of each other in time
  ],
};

/**
 * Test files, or folders of them, that `npm run test:quick` leaves out, each with its reason: together the others take less than two
 * minutes on two cores. A file belongs here when it takes more than a few seconds by itself (mocha prints what a slow test takes).
 */
export const slowTests = {
  'browser': 'opens reports in Chromium',
  'card/model-card': 'trains, evaluates and writes cards',
  'cli': 'starts the command line, with trainings of its own',
  'commands/data': 'reads a caption file that is large enough for a progress bar',
  'datasets/million': 'reads a million captions',
  'datasets/scenes': 'draws many scenes',
  'encoders/keras': 'compares with Keras',
  'evaluation/evaluate': "reads METEOR's tables again and again",
  'lint': 'runs prettier and eslint over the project',
  'notebooks': 'executes notebooks',
  'search/diverse-beam': 'compares with a plain search in many cases',
  'search/required-phrases': 'compares with exhaustive search',
  'shipped': 'captions with the checkpoint that ships',
  'tensorflow/signals': 'sends signals to processes that compute',
  'tools/bench': 'runs a benchmark',
  'tools/results': 'compiles and tests copies of the project',
  'tools/setup': 'sets up copies of the project',
  'tools/steps': 'sets up copies of the project',
  'training/fine-tuning': 'trains an encoder',
  'training/recipe': 'trains with every preset',
  'training/resume': 'trains, is killed and resumes',
  'training/scenes': 'trains on the drawn scenes',
  'training/self-critical': 'trains with two objectives',
  'training/tensorboard': "reads logs with TensorFlow's Python",
  'training/trainer': 'trains hundreds of steps and many epochs',
};

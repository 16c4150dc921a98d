import {expect} from 'chai';
import {CaptionerError} from 'captioner';
import {cluster, joinCluster} from 'captioner/dist/tensorflow/cluster';

describe('TF_CONFIG', () => {
  const joined = (config: unknown, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => {
    const env = {TF_CONFIG: typeof config === 'string' ? config : JSON.stringify(config), ...more};
    joinCluster(env);
    return env;
  };
  const two = ['host0:2222', 'host1:2222'];
  const task = (index: unknown, type = 'worker'): object => ({type, index});

  it('is refused, in words, where it names no cluster of which this process is a task', () => {
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      ['{', /TF_CONFIG: expected JSON such as .*, got \{/],
      ['[]', /TF_CONFIG: `options`/],
      [{cluster: {worker: two}}, /TF_CONFIG: `task`/],
      [{cluster: {worker: two}, task: task(2)}, /one of the cluster's 2, got worker 2/],
      [{cluster: {worker: two}, task: task(0, 'chief')}, /one of the cluster's 2, got chief 0/],
      [{cluster: {worker: two}, task: task('one')}, /`task\.index`/],
      [{cluster: {worker: two}, task: task(0, 'evaluator')}, /`task\.type`: expected .*got "evaluator"/],
      [{cluster: {worker: two, ps: ['host2:2222']}, task: task(0)}, /`cluster/],
      [{cluster: {worker: ['host0']}, task: task(0)}, /`cluster\.worker\.0`: expected host:port/],
      [
        {cluster: {worker: ['host0:1', 'host1:1', 'host0:1']}, task: task(0)},
        /its own, got host0:1 twice|got host0:1 twice/,
      ],
      [{cluster: {chief: ['host0:1'], worker: ['host0:1']}, task: task(0)}, /got host0:1 twice/],
    ];
    for (const [config, message] of wrong)
      expect(() => joined(config), JSON.stringify(config))
        .to.throw(CaptionerError, message)
        .with.property('code', 'options');
    const valid = {cluster: {worker: two}, task: task(0)};
    for (const seconds of ['0', '-5', 'long', '1.5'])
      expect(() => joined(valid, {CAPTIONER_HEARTBEAT: seconds})).to.throw(
        CaptionerError,
        `CAPTIONER_HEARTBEAT: expected whole seconds from 1 up, got ${seconds}`,
      );
  });

  it('changes nothing where it is not set or names one worker only', () => {
    for (const env of [{}, joined({cluster: {worker: ['host0:2222']}, task: task('0')})]) {
      joinCluster(env);
      expect(env).to.not.have.property('CAPTIONER_SERVER_DEF');
      expect(cluster()).to.include({rank: 0, size: 1, task: ''});
    }
  });
});

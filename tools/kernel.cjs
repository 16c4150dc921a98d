/**
 * Starts tslab, the notebook kernel, with some of its parts replaced; each replacement says why. They rely on tslab's internals, so its
 * version is pinned.
 */
'use strict';

const {once} = require('node:events');
const {rmSync} = require('node:fs');
const path = require('node:path');
const {setTimeout: pause} = require('node:timers/promises');
const vm = require('node:vm');
const {Worker} = require('node:worker_threads');
const {sys} = require('@tslab/typescript-for-tslab');
const converter = require('tslab/dist/converter.js');
const executor = require('tslab/dist/executor.js');
const {JupyterHandlerImpl, ZmqServer} = require('tslab/dist/jupyter.js');
const zmq = require('zeromq');
const {Cells} = require('./kernel/cells.cjs');
const {Errors} = require('./kernel/errors.cjs');
const {Message} = require('./kernel/message.cjs');
require('./kernel/inspect.cjs');

// The kernel runs in the notebook's folder; npm names the one in which the user typed.
if (process.env.INIT_CWD) process.env.CAPTIONER_CWD ??= process.env.INIT_CWD;

// By default the compiler watches the declarations of imported libraries, and a rebuild while a cell runs fails the cell.
const watch = () => ({close() {}});
sys.watchFile = watch;
sys.watchDirectory = watch;

const stops = new BigInt64Array(new SharedArrayBuffer(16));
const cells = new Cells(stops);
/** Tells the library whether its cell was stopped, and waits for work that the library is ending. */
globalThis[Symbol.for('captioner.kernel')] = cells;

// zeromq refuses a message while another is being sent, which tslab does not expect: occasionally, and in every burst of more than 512,
// a message was lost, such as the one that ends a cell. Here each waits for the one before, and none is dropped.
const last = new WeakMap();
for (const kind of ['Publisher', 'Router'])
  zmq[kind] = class extends zmq[kind] {
    constructor() {
      super({sendHighWaterMark: 0});
    }
    send(frames) {
      const sent = (last.get(this) ?? Promise.resolve()).then(() => super.send(frames));
      last.set(
        this,
        sent.catch((error) => process.emitWarning(error)),
      );
      return sent;
    }
  };

// Every cell is awaited, so that each can be stopped.
let source;
const {createConverter} = converter;
converter.createConverter = (...args) => {
  const made = createConverter(...args);
  const convert = made.convert.bind(made);
  made.convert = (declarations, code) => {
    source = code;
    return {...convert(declarations, code), hasToplevelAwait: true};
  };
  return made;
};

// Stacks must reach up to the cell, through whatever it called.
Error.stackTraceLimit = 50;
const errors = new Errors();
let handler;
const {runInThisContext} = vm;
vm.runInThisContext = (code, options) => {
  if (!options?.breakOnSigint) return runInThisContext(code, options);
  const filename = errors.begin(handler.execCount, source, code);
  return cells.start(() => runInThisContext(code, {...options, filename, breakOnSigint: false}));
};
// tslab would end the cell at once, while its work continues, and print errors with their stacks.
const {createExecutor} = executor;
executor.createExecutor = (folder, converters, output) => {
  const error = (...words) => output.error(...(words.length === 1 ? [errors.describe(words[0])] : words));
  return {...createExecutor(folder, converters, {...output, error}), interrupt() {}};
};

JupyterHandlerImpl.prototype.handleExecute = function (request, writeStream, writeDisplayData) {
  handler = this;
  return cells.run(request, () => this.handleExecuteImpl(request, writeStream, writeDisplayData));
};

const {bindSocket, close, handleExecute, handleShellMessage} = ZmqServer.prototype;
let [server, channels] = [];

/** Requests arrive on the thread of kernel/channels.cjs, which forwards them to a local port. */
ZmqServer.prototype.bindSocket = async function (socket, port) {
  if (socket !== this.shell && socket !== this.control) return bindSocket.call(this, socket, port);
  server = this;
  channels ??= openChannels(this.connInfo);
  await socket.bind('tcp://127.0.0.1:*');
  channels.postMessage({
    channel: socket === this.shell ? 'shell' : 'control',
    back: socket.lastEndpoint,
  });
};

/** Returns the time of arrival. channels.cjs puts it before the frames, which makes it the second part of the address. */
function arrivalOf(request) {
  return BigInt(request.identity[1].toString());
}

function openChannels(connection) {
  const worker = new Worker(path.join(__dirname, 'kernel', 'channels.cjs'), {
    workerData: {connection, stops},
  });
  worker.on('error', (error) => {
    process.stderr.write(`The kernel is no longer reachable: ${error.message}\n`);
    process.exit(1);
  });
  worker.on('message', (message) => {
    if (message !== 'orphaned') return;
    rmSync(process.argv.at(-1), {force: true}); // Jupyter's description of this kernel
    void end();
  });
  return worker;
}

const savingTime = 30_000; // ms, enough for large checkpoints
const closingTime = 1000;
let ended;

/** Ends the kernel once its cell is stopped and what the cell was doing is saved. */
function end() {
  ended ??= (async () => {
    channels?.postMessage('ending');
    await Promise.race([cells.close(), pause(savingTime)]);
    // Sockets in use must not see the process end: zeromq would abort it.
    if (channels) {
      const closed = once(channels, 'exit');
      channels.postMessage('close');
      await Promise.race([closed, pause(closingTime)]);
      close.call(server);
    }
    process.exit(0);
  })();
  return ended;
}

/** Called when Jupyter asks to shut down or restart. */
ZmqServer.prototype.close = end;
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, end);

ZmqServer.prototype.handleShellMessage = function (socket, ...frames) {
  const request = socket === this.control ? Message.read(this.connInfo.key, frames) : undefined;
  if (request?.header.msg_type !== 'interrupt_request')
    return handleShellMessage.call(this, socket, ...frames);
  this.publishStatus('busy', request);
  void cells.stop(arrivalOf(request));
  const reply = request.createReply();
  reply.header.msg_type = 'interrupt_reply';
  reply.content = {status: 'ok'};
  void reply.signAndSend(this.connInfo.key, socket);
  this.publishStatus('idle', request);
};

ZmqServer.prototype.handleExecute = function (socket, message) {
  message.content.arrival = arrivalOf(message);
  return handleExecute.call(this, socket, message);
};

require('tslab/dist/main.js').main();

// tslab's listeners print stacks, too.
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.removeAllListeners(event);
  process.on(event, (error) => {
    const stopped = error?.code === 'stopped';
    console.error(stopped ? error.message : `${errors.describe(error)}\n  in work that no cell awaited`);
  });
}

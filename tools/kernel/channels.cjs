/**
 * A thread that owns the sockets on which Jupyter sends requests, so that it receives a stop while a cell computes without a pause. It
 * stamps each request with its time of arrival, forwards it to the kernel's main thread and returns the replies. The time of the last
 * stop is in memory that both threads share. If the main thread does not react to the stop, a second stop, a second or more later,
 * breaks off the code that it executes. The thread also notices when Jupyter itself is gone.
 */
'use strict';

const {Session} = require('node:inspector');
const {parentPort, workerData} = require('node:worker_threads');
const zmq = require('zeromq');
const {Message} = require('./message.cjs');

const {connection, stops} = workerData;
const patience = 1000; // ms
const open = [];
/** Time of the stop that the main thread has not answered yet. */
let unanswered;

/** Time of the last stop by the sender's clock. */
let stopDate;

/**
 * Whether a stop overtook a request that was sent before it, which happens when both are sent at once on two channels. Clocks of two
 * senders may differ, so only requests within 50 ms of the stop count.
 */
function overtaken(request, now) {
  return now - Atomics.load(stops, 0) < 50_000_000n && Date.parse(request?.header.date) <= stopDate;
}

/** Forwards the messages of a channel. @param back Address on which the main thread listens. */
async function carry(channel, back) {
  const front = new zmq.Router();
  const inner = new zmq.Dealer();
  open.push(front, inner);
  inner.connect(back);
  await front.bind(`${connection.transport}://${connection.ip}:${connection[`${channel}_port`]}`);
  const requests = async () => {
    for await (const frames of front) {
      const request = Message.read(connection.key, frames);
      const now = process.hrtime.bigint();
      if (channel === 'control') notice(request, now);
      await inner.send([
        `${channel === 'shell' && overtaken(request, now) ? Atomics.load(stops, 0) - 1n : now}`,
        ...frames,
      ]);
    }
  };
  const answers = async () => {
    for await (const [, ...frames] of inner) {
      if (Message.read(connection.key, frames)?.header.msg_type === 'interrupt_reply') unanswered = undefined;
      await front.send(frames);
    }
  };
  await Promise.all([requests(), answers()]);
}

function notice(request, arrival) {
  if (request?.header.msg_type === 'shutdown_request') insist(arrival);
  if (request?.header.msg_type !== 'interrupt_request') return;
  Atomics.store(stops, 0, arrival);
  stopDate = Date.parse(request.header.date);
  if (unanswered === undefined) unanswered = arrival;
  else if (arrival - unanswered > BigInt(patience * 1e6)) breakOff(arrival);
}

function breakOff(arrival) {
  unanswered = undefined;
  Atomics.store(stops, 1, arrival);
  const session = new Session();
  session.connectToMainThread();
  session.post('Runtime.terminateExecution', () => session.disconnect());
}

/** The kernel has to end. Code without a pause doesn't hear of it: that is broken off, or at last killed. */
function insist(arrival) {
  Atomics.store(stops, 0, arrival);
  setTimeout(() => ending || breakOff(process.hrtime.bigint()), 4000).unref();
  setTimeout(() => ending || process.kill(process.pid, 'SIGKILL'), 8000).unref();
}

/**
 * Tells the main thread when the process that started the kernel has ended, however it ended: nobody could reach the kernel any more.
 * A page that is closed changes nothing, since Jupyter lives on.
 */
function watchParent() {
  const parent = Number(process.env.JPY_PARENT_PID);
  if (!parent) return; // meant to outlive whoever started it
  const direct = process.ppid === parent;
  const timer = setInterval(() => {
    if (direct ? process.ppid === parent : exists(parent)) return;
    clearInterval(timer);
    parentPort.postMessage('orphaned');
    insist(process.hrtime.bigint());
  }, 500).unref();
}

let ending = false;

function exists(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

parentPort.on('message', (message) => {
  if (message === 'ending') {
    ending = true;
    return;
  }
  if (message === 'close') {
    // The last replies have 100 ms to be sent.
    setTimeout(() => {
      for (const socket of open) socket.close();
      parentPort.close();
    }, 100);
    return;
  }
  const {channel, back} = message;
  carry(channel, back).catch((error) => {
    throw error; // ends the thread, and with it the kernel
  });
});
watchParent();

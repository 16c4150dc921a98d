/** Jupyter's wire protocol: reads frames as messages, and sends signed replies. */
'use strict';

const {createHmac, randomUUID, timingSafeEqual} = require('node:crypto');

const delimiter = Buffer.from('<IDS|MSG>');

/** @returns The signature of header, parent, metadata and content, hexadecimal. */
function sign(key, parts) {
  const hash = createHmac('sha256', key);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

class Message {
  constructor(identity, header, parent = {}, content = {}) {
    Object.assign(this, {identity, header, parent, metadata: {}, content});
  }

  /** @returns The message, or undefined if the frames are not a message with a valid signature. */
  static read(key, frames) {
    const at = frames.findIndex((frame) => frame.equals(delimiter));
    if (at < 0 || frames.length < at + 6) return undefined;
    const [signature, ...parts] = frames.slice(at + 1);
    const expected = Buffer.from(sign(key, parts));
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return undefined;
    const [header, parent, , content] = parts.slice(0, 4).map((part) => JSON.parse(part.toString()));
    return new Message(frames.slice(0, at), header, parent, content);
  }

  createReply() {
    const {session, username, msg_type} = this.header;
    const header = {
      version: '5.3',
      date: new Date().toISOString(),
      session,
      username,
      msg_type,
      msg_id: randomUUID(),
    };
    return new Message(this.identity, header, this.header);
  }

  signAndSend(key, socket) {
    const parts = [this.header, this.parent, this.metadata, this.content].map((part) => JSON.stringify(part));
    return socket.send([...this.identity, delimiter, sign(key, parts), ...parts]);
  }
}

module.exports = {Message};

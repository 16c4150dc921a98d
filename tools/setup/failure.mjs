/** What stops set-up: one message that says what went wrong, and what to do about it. Anything else that is thrown is a defect. */
import {statfsSync} from 'node:fs';
import {EOL} from 'node:os';

export class SetupError extends Error {
  /** @param {string} advice What the user can do, one sentence or more. */
  constructor(message, advice, options) {
    super(message, options);
    this.name = 'SetupError';
    this.advice = advice;
  }
}

const full = /ENOSPC|No space left on device|Disk quota exceeded|EDQUOT/i;
const unreachable =
  /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET_TIMEOUT|socket hang up|NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|Max retries exceeded|Connection broken|ProxyError|Temporary failure in name resolution|Connection refused|Network is unreachable|timed out/i;
const untrusted =
  /SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY)|CERTIFICATE_VERIFY_FAILED|self.signed certificate/i;
const forbidden = /EACCES|EPERM|EROFS|Permission denied|Read-only file system/i;
const noMatch = /No matching distribution found for (\S+)/;

/**
 * Finds in the output of a program that failed what a user can mend.
 *
 * @param {string} what What failed, as a noun: `npm ci`.
 * @param {string} output Everything that it printed.
 * @param {string} log Where that was kept.
 */
export function explain(what, output, log) {
  if (full.test(output)) return diskFull(what);
  if (untrusted.test(output))
    return new SetupError(
      `${what} failed: the package registry's certificate is not trusted here.`,
      'Behind a proxy that inspects traffic, point NODE_EXTRA_CA_CERTS and PIP_CERT at its certificate, then run the command again.',
    );
  if (unreachable.test(output))
    return new SetupError(
      `${what} failed: the package registry can't be reached.`,
      'Check the network and the proxy settings (HTTPS_PROXY, npm config, pip config), then run the command again; what was done is kept.',
    );
  const missing = noMatch.exec(output);
  if (missing)
    return new SetupError(
      `${what} failed: no build of ${missing[1]} for this machine and its Python (${process.platform}, ${process.arch}).`,
      'Use Linux on x86-64 or ARM, or macOS on ARM, with Python 3.10 to 3.13 (CAPTIONER_PYTHON names another one), and see that pip finds the registry (pip config list).',
    );
  if (forbidden.test(output))
    return new SetupError(
      `${what} failed: a file or folder may not be written.`,
      `Make the project's folder writable for you; the whole output is in ${log}.`,
    );
  const last = output.trim().split(/\r?\n/).slice(-6).join(`${EOL}    `);
  return new SetupError(
    `${what} failed:${EOL}    ${last || '(it printed nothing)'}`,
    `The whole output is in ${log}.`,
  );
}

export function diskFull(what) {
  return new SetupError(
    `${what} failed: the disk is full.`,
    'Free about 3 GB (10 GB with an NVIDIA GPU) where the project lies and in the folder for temporary files, then run the command again.',
  );
}

/** For programs that fail on a full disk without saying so. */
export function isFull(folder) {
  const {bavail, bsize} = statfsSync(folder);
  return bavail * bsize < 100_000_000;
}

/** An error of Node's own file functions, as one of ours where a user can mend it. */
export function explainSystemError(what, error) {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return diskFull(what);
  if (error.code === 'EACCES' || error.code === 'EPERM' || error.code === 'EROFS')
    return new SetupError(
      `${what} failed: ${error.path ?? 'a file'} may not be written.`,
      "Make the project's folder writable for you, then run the command again.",
    );
  return error;
}

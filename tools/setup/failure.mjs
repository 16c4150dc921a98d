/** Errors that stop set-up: a message that says what went wrong, and advice on how to fix it. Any other error is a bug. */
import {statfsSync} from 'node:fs';
import {EOL} from 'node:os';

export class SetupError extends Error {
  /** @param {string} advice How the user can fix it, in one or more sentences. */
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
/** npm was told to use its cache only, and the cache lacks a package. */
const notCached = /ENOTCACHED/;
const noMatch = /No matching distribution found for (\S+)/;

/**
 * Finds the cause that the user can fix in the output of a failed program.
 *
 * @param {string} what The command or step that failed, as a noun: `npm ci`.
 * @param {string} output Everything that the program printed.
 * @param {string} log The file that holds the output.
 */
export function explain(what, output, log) {
  if (full.test(output)) return diskFull(what);
  if (untrusted.test(output))
    return new SetupError(
      `${what} failed: this machine does not trust the package registry's certificate.`,
      'If you are behind a proxy that inspects traffic, set NODE_EXTRA_CA_CERTS and PIP_CERT to its certificate, then run the command again.',
    );
  if (notCached.test(output))
    return new SetupError(
      `${what} failed: npm is offline (npm_config_offline), and its cache lacks a package of package-lock.json.`,
      'Fill the cache where there is a network (npm ci --cache FOLDER) and name it with npm_config_cache=FOLDER, or unset npm_config_offline; docs/reliability.md says more.',
    );
  if (unreachable.test(output))
    return new SetupError(
      `${what} failed: the package registry can't be reached.`,
      'Check your network and proxy settings (HTTPS_PROXY, npm config, pip config), then run the command again; it continues with the step that failed.',
    );
  const missing = noMatch.exec(output);
  // pip says which indexes it looks in, unless it was told to use none.
  if (missing && /Looking in links/.test(output) && !/Looking in indexes/.test(output))
    return new SetupError(
      `${what} failed: no wheel of ${missing[1]} for this machine and its Python in ${/Looking in links: (.*)/.exec(output)[1]}.`,
      'Fill the folder of PIP_FIND_LINKS for this platform and version of Python, or let pip use a registry (unset PIP_NO_INDEX); docs/reliability.md says more.',
    );
  if (missing)
    return new SetupError(
      `${what} failed: no build of ${missing[1]} for this machine and its Python (${process.platform}, ${process.arch}).`,
      'Use Linux on x86-64 or ARM, or macOS on ARM, with Python 3.10 to 3.13 (set CAPTIONER_PYTHON to choose one), and check that pip finds the registry (pip config list).',
    );
  if (forbidden.test(output))
    return new SetupError(
      `${what} failed: no permission to write a file or folder.`,
      `Make the project's folder writable, then run the command again; the full output is in ${log}.`,
    );
  const last = output.trim().split(/\r?\n/).slice(-6).join(`${EOL}    `);
  return new SetupError(
    `${what} failed:${EOL}    ${last || '(it printed nothing)'}`,
    `The full output is in ${log}.`,
  );
}

export function diskFull(what) {
  return new SetupError(
    `${what} failed: the disk is full.`,
    'Free about 3 GB (10 GB with an NVIDIA GPU) on the disks of the project and of temporary files, then run the command again.',
  );
}

/** Detects a full disk for programs that don't report it. */
export function isFull(folder) {
  const {bavail, bsize} = statfsSync(folder);
  return bavail * bsize < 100_000_000;
}

/** Turns an error of Node's file functions into a `SetupError` if the user can fix it. */
export function explainSystemError(what, error) {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return diskFull(what);
  if (error.code === 'EACCES' || error.code === 'EPERM' || error.code === 'EROFS')
    return new SetupError(
      `${what} failed: no permission to write ${error.path ?? 'a file'}.`,
      "Make the project's folder writable, then run the command again.",
    );
  return error;
}

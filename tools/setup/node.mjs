/** Checks the Node version. Uses only ES2015 syntax, so that an old Node can parse it. */

/**
 * @param {string} version As in `process.versions.node`.
 * @returns {string | undefined} What is wrong with it and how to fix it; `undefined` if it is supported.
 */
export function nodeProblem(version, platform) {
  if (platform === 'win32') {
    return 'captioner: expected Linux or macOS, got Windows.\n  What to do: work inside WSL (wsl --install), with a clone in its own file system.';
  }
  const parts = version.split('.').map(Number);
  const major = parts[0];
  const minor = parts[1];
  // From these versions on, CommonJS can load ES modules, which the tests and notebooks need.
  const recent = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major >= 23;
  if (recent && major < 27) return undefined;
  return (
    'captioner: expected Node 20.19 or later, 22.12 or later, or 23 to 26; got Node ' +
    version +
    '.\n  What to do: install Node 24 (nvm install 24, or conda env create --file environment.yml) and run the command again.'
  );
}

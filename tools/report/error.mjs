/** An error that the user can fix: one line on stderr and an exit code, 1 for a failed run, 2 for wrong use. */
export class ReportError extends Error {
  constructor(message, code = 1) {
    super(message);
    this.code = code;
  }
}

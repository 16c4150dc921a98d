/** Exit codes of the command line by the code of an error; 1 for others. */
export const exitCodes = {
  /** Wrong use. */
  options: 2,
  /** EX_TEMPFAIL of sysexits.h: the same command may succeed, with --resume. */
  cluster: 75,
  /** As of a program that SIGINT ended. */
  stopped: 130,
} as const;

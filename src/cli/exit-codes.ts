/** Exit statuses of `face-verify`: 0 to 2 are answers, the others errors with the numbers of sysexits.h. */
export const EXIT = {
  match: 0,
  noMatch: 1,
  couldNotTell: 2,
  /** The command line is wrong. */
  usage: 64,
  /** The service or the command refuses the data: a field, a CSV file. */
  data: 65,
  /** A file or a job does not exist. */
  noInput: 66,
  /** No service answers. */
  unavailable: 69,
  internal: 70,
  /** The same command can succeed later. */
  temporary: 75,
  noPermission: 77,
  /** A setting of the environment is wrong. */
  config: 78,
  interrupted: 130,
} as const;

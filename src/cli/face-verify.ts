// `face-verify`: compares photos by a running service, or with --local without one.
import { faceVerify } from './face-verify/program.js';
import { runCommandLine } from './face-verify/run-command-line.js';

// The reader of a pipe has seen enough.
process.stdout.on('error', () => process.exit());
process.exitCode = await runCommandLine(faceVerify, process.argv.slice(2), {
  print: (line) => console.log(line),
  say: (line) => console.error(line),
});

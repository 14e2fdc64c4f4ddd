import { inspect, stripVTControlCharacters } from 'node:util';
import { type ArgsDef, defineCommand, renderUsage, runCommand } from 'citty';
import { ConfigError } from '../../shared/config/config.js';
import { EXIT } from '../exit-codes.js';
import { findMeant, refuseUnknown } from '../refuse-unknown.js';
import { UserError } from '../user-error.js';

/** The arguments as citty parses them; `_` has those without a name. */
export interface Arguments {
  readonly _: readonly string[];
  readonly [name: string]: unknown;
}

export interface Command {
  readonly meta: { readonly description: string };
  readonly args: ArgsDef;
  /** Returns the exit status. */
  readonly run: (args: Arguments, output: Output) => Promise<number>;
}

export interface Output {
  /** Prints answers, to standard output. */
  readonly print: (line: string) => void;
  /** Prints everything else, to standard error. */
  readonly say: (line: string) => void;
}

/** A command with subcommands. */
export interface Program {
  readonly name: string;
  readonly description: string;
  readonly commands: Readonly<Record<string, Command>>;
}

/**
 * Runs one of the program's commands and returns the exit status. citty's own `runMain` ends every error with 1, colours
 * its help in files and accepts unknown options.
 */
export async function runCommandLine(
  program: Program,
  args: readonly string[],
  output: Output,
): Promise<number> {
  try {
    return await runNamed(program, args, output);
  } catch (error) {
    return report(error, output);
  }
}

async function runNamed(
  program: Program,
  [name, ...rest]: readonly string[],
  output: Output,
): Promise<number> {
  if (name === undefined) {
    output.say(await usageOf(program));
    return EXIT.usage;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    output.print(await usageOf(program));
    return 0;
  }
  const { meta, args, run } = findCommand(program, name);
  if (asksForHelp(rest)) {
    output.print(plain(await renderUsage({ meta: { ...meta, name: `${program.name} ${name}` }, args })));
    return 0;
  }
  let exitCode: number = EXIT.internal;
  const command = defineCommand({
    args,
    run: async ({ args: given }) => {
      refuseUnknown(given, args);
      refuseSurplus(given, args);
      exitCode = await run(given, output);
    },
  });
  await runCommand(command, { rawArgs: rest });
  return exitCode;
}

/** Photos are the only arguments of which there can be several. */
function refuseSurplus({ _: given }: Arguments, args: ArgsDef): void {
  const names = Object.keys(args).filter((name) => args[name]?.type === 'positional');
  const surplus = names.includes('photos') ? undefined : given[names.length];
  if (surplus !== undefined)
    throw new UserError(`${JSON.stringify(surplus)} is one argument too many. See --help.`);
}

function findCommand({ name: program, commands }: Program, name: string): Command {
  const known = Object.keys(commands);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command) return command;
  const meant = findMeant(name, known);
  const hint = meant ? `Did you mean ${meant}?` : `There are: ${known.join(', ')}.`;
  throw new UserError(`There is no command ${name}. ${hint} See ${program} --help.`);
}

function asksForHelp(args: readonly string[]): boolean {
  const options = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  return options.includes('--help') || options.includes('-h');
}

async function usageOf({ name, description, commands }: Program): Promise<string> {
  const subCommands = Object.fromEntries(
    Object.entries(commands).map(([command, { meta }]) => [command, defineCommand({ meta })]),
  );
  return plain(await renderUsage(defineCommand({ meta: { name, description }, subCommands })));
}

/** citty colours its help whatever it is printed to. */
function plain(text: string): string {
  return process.stdout.isTTY && process.stdout.hasColors() ? text : stripVTControlCharacters(text);
}

/** Prints an error and returns the exit status. An unexpected one is printed with its stack. */
function report(error: unknown, { say }: Output): number {
  if (error instanceof UserError) {
    say(error.message);
    return error.exitCode ?? EXIT.usage;
  }
  if (error instanceof ConfigError) {
    say(error.message);
    return EXIT.config;
  }
  // citty does not export its error of a missing argument.
  if (error instanceof Error && error.name === 'CLIError') {
    say(`${stripVTControlCharacters(error.message)}. See --help.`);
    return EXIT.usage;
  }
  say(inspect(error));
  return EXIT.internal;
}

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromRoot } from './read-dockerfile.js';

/** A call that writes a line of the level `warn` or above, at least in some cases. */
const CALLS = /logger(?:\.(?:warn|error|fatal)|\[[^\]]+\])\(|logUnlessAway\(/g;

/** Returns the messages of all lines of these folders whose level can be `warn` or above. */
export function readLogMessages(folders: readonly string[]): readonly string[] {
  const messages = folders.flatMap((folder) =>
    readdirSync(fromRoot(folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => messagesIn(readFileSync(fromRoot(join(folder, name)), 'utf8'))),
  );
  return [...new Set(messages)].toSorted();
}

function messagesIn(code: string): readonly string[] {
  return [...code.matchAll(CALLS)].flatMap(({ 0: call, index }) => {
    const texts = argumentTexts(code, index + call.length);
    // The definition of logUnlessAway has none, and codes such as EADDRINUSE are no messages.
    return texts.filter((text) => /[a-z]/.test(text));
  });
}

/** Returns the texts in quotes that are arguments of the call whose bracket opens before `start`, or parts of them. */
function argumentTexts(code: string, start: number): readonly string[] {
  const texts: string[] = [];
  let depth = 1;
  for (let index = start; depth > 0 && index < code.length; index += 1) {
    const character = code.charAt(index);
    if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    else if (`'"`.includes(character)) {
      const end = code.indexOf(character, index + 1);
      if (depth === 1) texts.push(code.slice(index + 1, end));
      index = end;
    }
  }
  return texts;
}

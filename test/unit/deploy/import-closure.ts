import { dirname, join, normalize } from 'node:path';
import { readFromRoot } from './read-dockerfile.js';

export interface ImportClosure {
  /** Source files from the repository's root; the entries included. */
  readonly files: ReadonlySet<string>;
  /** Names of npm packages, without node's own modules. */
  readonly packages: ReadonlySet<string>;
}

/** Types leave no import in the compiled module. */
const TYPE_IMPORT = /^(?:import|export) type\b[^;]*;/gm;
const IMPORT = /(?:from|import)\s*\(?\s*['"]([\w@./:-]+)['"]/g;

/** Returns what `entries` (TypeScript files, from the root) import when they run, directly or through others. */
export function importClosure(entries: readonly string[]): ImportClosure {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    for (const [, specifier = ''] of readFromRoot(file).replace(TYPE_IMPORT, '').matchAll(IMPORT)) {
      if (specifier.startsWith('.'))
        waiting.push(normalize(join(dirname(file), specifier)).replace(/\.js$/, '.ts'));
      else if (!specifier.startsWith('node:')) packages.add(packageOf(specifier));
    }
  }
  return { files, packages };
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

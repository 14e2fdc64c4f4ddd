import { dirname, join, normalize } from 'node:path';
import { readFromRoot } from './read-dockerfile.js';

export interface ImportClosure {
  /** Source files from the repository's root, the entry included. */
  readonly files: ReadonlySet<string>;
  /** Names of npm packages, without node's own modules. */
  readonly packages: ReadonlySet<string>;
}

const IMPORT = /(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;

/** Returns everything that `entry` (a TypeScript file, from the root) imports, directly or through others; types too. */
export function importClosure(entry: string): ImportClosure {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    for (const [, specifier = ''] of readFromRoot(file).matchAll(IMPORT)) {
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

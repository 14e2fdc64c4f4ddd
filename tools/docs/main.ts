// `npm run docs`: writes the generated parts of the documents. With --check it writes nothing and fails if one is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderErrorTables, renderReasonTables } from './render-error-tables.js';
import { replacePart } from './replace-part.js';

const DOCUMENTS: readonly { readonly path: string; readonly render: (present: string) => string }[] = [
  {
    path: 'docs/errors.md',
    render: (present) =>
      replacePart(replacePart(present, 'codes', renderErrorTables()), 'reasons', renderReasonTables()),
  },
];

const isCheck = process.argv.includes('--check');
for (const { path, render } of DOCUMENTS) {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const present = readFileSync(file, 'utf8');
  const current = render(present);
  if (current === present) continue;
  if (isCheck) {
    console.error(`${path} is not up to date: run npm run docs and commit the result.`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, current);
    console.log(`Wrote ${path}.`);
  }
}

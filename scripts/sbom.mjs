// Writes what is shipped, packages and model packs, as a CycloneDX document: `npm run sbom [-- FILE]`.
// npm lists the packages; the models are added here, since they are fetched and no package manager knows of them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';

const DEFAULT_FILE = 'reports/sbom.cdx.json';

/** Returns the components of one pack: a model for each of its files, with its digest and where it comes from. */
export function modelComponents({ name, files, licence, source }) {
  return files.map((file) => ({
    'bom-ref': `model:${name}/${file.name}`,
    type: 'machine-learning-model',
    group: name,
    name: file.name,
    scope: 'optional',
    hashes: [{ alg: 'SHA-256', content: file.sha256 }],
    licenses: [{ license: { name: licence.name, url: licence.url } }],
    ...originOf(source, file.name),
  }));
}

function originOf(source, fileName) {
  switch (source.kind) {
    case 'npm':
      return { purl: `pkg:npm/${source.package}@${source.version}` };
    case 'wheel':
      return { purl: `pkg:pypi/${source.package}@${source.version}` };
    default: {
      const url = source.kind === 'files' ? source.urls[fileName] : source.url;
      return { externalReferences: [{ type: 'distribution', url }] };
    }
  }
}

/** Returns npm's document with the models added. */
export function addModels(document, manifests) {
  return { ...document, components: [...document.components, ...manifests.flatMap(modelComponents)] };
}

/** Returns the document with the name of the package; npm takes that of the folder. */
export function nameSubject(document, name) {
  const { metadata } = document;
  return { ...document, metadata: { ...metadata, component: { ...metadata.component, name } } };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = process.argv[2] ?? DEFAULT_FILE;
  const manifests = readdirSync('models')
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(`models/${name}`, 'utf8')));
  const text = execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--omit=dev', '--package-lock-only'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  mkdirSync(dirname(file), { recursive: true });
  const { name } = JSON.parse(readFileSync('package.json', 'utf8'));
  const document = nameSubject(addModels(JSON.parse(text), manifests), name);
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  console.log(`${file} written`);
}

// `npm run docs`: writes the generated parts of the documents. With --check it writes nothing and fails if one is stale.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readScale } from '../../bench/scale/save-scale.js';
import { describeReceipt } from './client-types/describe-receipt.js';
import { readSchemas } from './client-types/read-schemas.js';
import { renderPythonTypes } from './client-types/render-python-types.js';
import { renderTypeScriptTypes } from './client-types/render-typescript-types.js';
import { renderDashboard } from './dashboard/render-dashboard.js';
import { renderChartSchema } from './render-chart-schema.js';
import { renderConfiguration } from './render-configuration.js';
import { renderErrorTables, renderReasonTables } from './render-error-tables.js';
import { renderOpenApi } from './render-openapi.js';
import { replacePart } from './replace-part.js';
import { renderCurveChart, renderLoadChart } from './scale/render-scale-charts.js';
import { renderScaleTables } from './scale/render-scale-tables.js';

const openApi = renderOpenApi();
const clientTypes = readSchemas(openApi, describeReceipt());
/** A chart cannot read files outside of its folder. */
const CHART = 'deploy/helm/face-verification';
const DASHBOARD = 'deploy/observability/grafana/dashboards/face-verification.json';
const scale = readScale();

interface GeneratedDocument {
  readonly path: string;
  readonly render: (present: string) => string | Promise<string>;
}

const DOCUMENTS: readonly GeneratedDocument[] = [
  {
    path: 'docs/errors.md',
    render: (present) =>
      replacePart(replacePart(present, 'codes', renderErrorTables()), 'reasons', renderReasonTables()),
  },
  { path: 'docs/openapi.json', render: () => openApi },
  { path: 'clients/typescript/src/types.ts', render: () => renderTypeScriptTypes(clientTypes) },
  { path: 'clients/python/src/face_verification/types.py', render: () => renderPythonTypes(clientTypes) },
  { path: DASHBOARD, render: renderDashboard },
  { path: `${CHART}/files/dashboard.json`, render: renderDashboard },
  { path: `${CHART}/files/alerts.yaml`, render: () => readFromRoot('deploy/observability/alerts.yaml') },
  { path: `${CHART}/values.schema.json`, render: renderChartSchema },
  {
    path: 'docs/scale.md',
    render: (present) =>
      Object.entries(renderScaleTables(scale)).reduce(
        (document, [name, text]) => replacePart(document, name, text),
        present,
      ),
  },
  { path: 'docs/scale-curve.svg', render: () => renderCurveChart(scale) },
  { path: 'docs/scale-load.svg', render: () => renderLoadChart(scale) },
  { path: 'docs/configuration.md', render: () => renderConfiguration(readFromRoot('.env.example')) },
];

const isCheck = process.argv.includes('--check');
for (const { path, render } of DOCUMENTS) {
  const present = existsSync(fromRoot(path)) ? readFromRoot(path) : '';
  const current = await render(present);
  if (current === present) continue;
  if (isCheck) {
    console.error(`${path} is not up to date: run npm run docs and commit the result.`);
    process.exitCode = 1;
  } else {
    writeFileSync(fromRoot(path), current);
    console.log(`Wrote ${path}.`);
  }
}

function fromRoot(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

function readFromRoot(path: string): string {
  return readFileSync(fromRoot(path), 'utf8');
}

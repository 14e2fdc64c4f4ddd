import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lint, renderText } from './support/render-chart.js';
import { MATRIX } from './support/values.js';
import { writeSchemas } from './support/write-schemas.js';

const { KUBECONFORM: kubeconform, KUBERNETES_SWAGGER: swagger, CRD_FOLDERS: folders = '' } = process.env;
const schemas = mkdtempSync(join(tmpdir(), 'schemas-'));

describe.skipIf(!kubeconform || !swagger)(
  'kubeconform with the schemas of Kubernetes, KEDA and the Prometheus operator',
  () => {
    beforeAll(() =>
      writeSchemas(schemas, {
        swagger: swagger ?? '',
        definitions: folders.split(delimiter).filter(Boolean),
      }),
    );
    afterAll(() => rmSync(schemas, { recursive: true }));

    function validate(text: string) {
      const location = join(schemas, '{{.ResourceKind}}{{.KindSuffix}}.json');
      const args = ['-schema-location', location, '-verbose', '-summary', '-'];
      return spawnSync(kubeconform ?? '', args, { input: text, encoding: 'utf8' });
    }

    it.each(MATRIX)('accepts %s', (_name, values) => {
      const { status, stdout, stderr } = validate(renderText(values));

      expect(status, stdout + stderr).toBe(0);
      expect(stdout).toMatch(/Valid: \d{2,}, Invalid: 0, Errors: 0, Skipped: 0/);
    });

    it('refuses a field that does not exist, in objects of each kind of schema', () => {
      const text = renderText(MATRIX[2]?.[1] ?? {});
      const wrong = text
        .replace('enableServiceLinks:', 'enableServiceLink:')
        .replace('minReplicaCount:', 'minReplicasCount:')
        .replace('honorLabels:', 'honourLabels:');

      const { stdout } = validate(wrong);

      for (const name of ['enableServiceLink', 'minReplicasCount', 'honourLabels'])
        expect(stdout).toContain(name);
    });
  },
);

describe('helm lint --strict', () => {
  it.each(MATRIX.slice(0, 3))('accepts %s', (_name, values) => {
    expect(lint(values)).toBe('');
  });
});

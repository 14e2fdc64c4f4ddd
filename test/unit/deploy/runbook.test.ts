import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readFromRoot } from './read-dockerfile.js';
import { readLogMessages } from './read-log-messages.js';

const runbook = readFromRoot('docs/runbook.md');

describe('docs/runbook.md', () => {
  it('has a section for each alert, which links to it', () => {
    const rule = z.object({ alert: z.string(), annotations: z.object({ runbook: z.string() }) });
    const alerts = z
      .object({ groups: z.tuple([z.object({ rules: z.array(rule) })]) })
      .parse(parse(readFromRoot('deploy/observability/alerts.yaml'))).groups[0].rules;
    const sections = [...runbook.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);

    expect(sections.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
    for (const { alert, annotations } of alerts)
      expect(annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
  });

  it('names every message that the programs log as a warning or an error, and no other', () => {
    const [, section = ''] = runbook.split('## Log messages\n');
    const rows = (section.split('\n## ')[0] ?? '').matchAll(/^\| (`[^|]*`) \|/gm);
    const named = [...rows].flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)]);

    expect(named.map(([, message]) => message).toSorted()).toEqual(
      readLogMessages(['src/api', 'src/worker', 'src/shared']),
    );
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readDashboard } from './support/dashboard/dashboard-schema.js';

const LIST = 'Programs gone or with wrong models, by name';

/** A program, scraped once a minute; `runs`: values that promtool repeats, then `stale` if its target is removed. */
interface Scraped {
  readonly instance: string;
  readonly service?: string;
  readonly runs: string;
  /** Of its target; as `runs` if absent. */
  readonly up?: string;
  /** Of its recogniser; a worker has one. */
  readonly digest?: string;
  readonly pack?: string;
}

function seriesOf({ instance, service = 'worker', runs, up = runs, digest, pack = 'lite' }: Scraped) {
  const labels = `service="${service}",instance="${instance}"`;
  const model = `face_model_info{${labels},pack="${pack}",detector="d",recogniser="${digest}"}`;
  return [
    { series: `face_redis_up{${labels}}`, values: runs },
    { series: `up{job="face-verification",instance="${instance}"}`, values: up },
    ...(digest === undefined ? [] : [{ series: model, values: runs }]),
  ];
}

/** Asserts what the list names after so many minutes: `what instance`. */
function expectNamed(programs: readonly Scraped[], minutes: number, named: readonly string[]): void {
  const [list] = readDashboard().flatMap((panel) =>
    panel.title === LIST && panel.type !== 'row' ? panel.targets : [],
  );
  const query = `count by (named) (label_join(${list?.expr}, "named", " ", "what", "instance"))`;
  const expected = named.map((text) => ({ labels: `{named="${text}"}`, value: 1 }));
  const test = {
    interval: '1m',
    input_series: [{ series: 'face_workers{pack="lite"}', values: '1x60' }, ...programs.flatMap(seriesOf)],
    promql_expr_test: [{ expr: query, eval_time: `${minutes}m`, exp_samples: expected }],
  };
  const folder = mkdtempSync(join(tmpdir(), 'named-'));
  writeFileSync(join(folder, 'test.yaml'), stringify({ tests: [test] }));
  const promtool = join(process.env.PROMETHEUS_FOLDER ?? '', 'promtool');
  const { status, stdout, stderr } = spawnSync(promtool, ['test', 'rules', join(folder, 'test.yaml')], {
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });

  expect(status, stdout + stderr).toBe(0);
}

const always = (instance: string, digest?: string): Scraped => ({
  instance,
  runs: '1x60',
  ...(digest === undefined ? {} : { digest }),
});
/** Its target is removed after twenty minutes. */
const removed = (instance: string): Scraped => ({ instance, runs: '1x20 stale' });
/** It is new at this minute. */
const added = (instance: string, minute: number): Scraped => ({ instance, runs: `_x${minute} 1x60` });

it('names a program whose target was removed, for five minutes', () => {
  const programs = [removed('a'), always('b'), always('c')];

  expectNamed(programs, 20, []);
  expectNamed(programs, 23, ['gone a']);
  expectNamed(programs, 30, []);
});

it('names the last program of its kind', () => {
  expectNamed([{ ...removed('a'), service: 'api' }, always('b')], 23, ['gone a']);
});

it('names none after a rollout, which replaces all and has more of them for a while', () => {
  expectNamed([removed('a'), removed('b'), added('c', 18), added('d', 18)], 23, []);
});

it('names a program that does not answer, although another has replaced it', () => {
  const silent = { ...removed('a'), up: '1x20 0x40' };

  expectNamed([silent, always('b'), added('c', 21)], 40, ['gone a']);
});

it('names the worker whose models most others do not have', () => {
  expectNamed([always('a', 'm'), always('b', 'n'), always('c', 'm')], 10, ['wrong models b']);
});

it('names both of two workers that differ, because either can be wrong', () => {
  expectNamed([always('a', 'm'), always('b', 'n')], 10, ['wrong models a', 'wrong models b']);
});

it('names a worker of a pack that no API uses', () => {
  const stray = { ...always('b', 'm'), pack: 'open' };

  expectNamed([always('a', 'm'), stray], 10, ['wrong models b']);
});

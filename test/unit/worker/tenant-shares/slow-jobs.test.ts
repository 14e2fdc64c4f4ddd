import { describe, expect, it } from 'vitest';
import { createSlowJobs, type SlowJobs } from '../../../../src/worker/tenant-shares/slow-jobs.js';

const books = (limit: number, now: () => number = () => 0) => createSlowJobs(limit, now);

/** Starts jobs, slow at once, until the tenant is postponed; returns how many started. */
function fill(jobs: SlowJobs, tenant: string, host = `${tenant}.com`): number {
  let started = 0;
  while (jobs.waitFor({ tenant, hosts: [host] }) === undefined && started < 1_000) {
    jobs.follow(tenant).enter(`${host}:${started}`);
    started += 1;
  }
  return started;
}

describe('createSlowJobs', () => {
  it('gives one tenant half of the places and the next half of the rest', () => {
    const jobs = books(60);

    expect([fill(jobs, 'a'), fill(jobs, 'b'), jobs.count]).toEqual([30, 15, 45]);
  });

  it('leaves room for the first slow job of any tenant', () => {
    const jobs = books(8);
    for (let tenant = 0; tenant < 20; tenant += 1) fill(jobs, `t${tenant}`);

    expect(jobs.waitFor({ tenant: 'another', hosts: [] })).toBeUndefined();
  });

  it('gives one host less than its tenant, and lets the tenant’s other hosts continue', () => {
    const jobs = books(60);
    const [dead, alive] = [
      { tenant: 'a', hosts: ['dead.com'] },
      { tenant: 'a', hosts: ['alive.com'] },
    ];
    while (jobs.waitFor(dead) === undefined) jobs.follow('a').enter('dead.com');

    expect([jobs.count, jobs.waitFor(alive)]).toEqual([20, undefined]);
    expect(jobs.waitFor({ tenant: 'b', hosts: ['dead.com'] })).toBeUndefined();
  });

  it('counts a job once however many of its fetches are slow, until the last has ended', () => {
    const jobs = books(10);
    const counts: number[] = [];
    jobs.watch(() => counts.push(jobs.count));
    const job = jobs.follow('a');

    for (const host of ['x.com', 'y.com', 'x.com']) job.enter(host);
    for (const host of ['x.com', 'y.com', 'x.com']) job.leave(host);

    expect(counts).toEqual([1, 0]);
  });

  it('lets postponed jobs return one after the other', () => {
    let now = 1_000;
    const jobs = books(4, () => now);
    for (const host of ['x.com', 'y.com']) jobs.follow('a').enter(host);
    const away = Array.from({ length: 3 }, () => jobs.waitFor({ tenant: 'a', hosts: [] }));
    now += 5_000;

    expect([...away, jobs.waitFor({ tenant: 'a', hosts: [] })]).toEqual([250, 270, 290, 250]);
  });

  it('postpones nothing with a limit of 0', () => {
    const jobs = books(0);
    jobs.follow('a').enter('x.com');

    expect(jobs.waitFor({ tenant: 'a', hosts: ['x.com'] })).toBeUndefined();
  });
});

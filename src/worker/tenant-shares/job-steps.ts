// Why this folder exists: the jobs of all tenants share one worker, and none may use it up. Each part limits one
// resource so that a single tenant gets at most about half of it and the next tenant always finds room:
//   slow-jobs     jobs that wait for slow image hosts; they do not occupy the places in which photos are analysed
//   byte-budget   memory for downloaded photos
//   compute-gate  computing time in the vision pool: urgent photos first, and each tenant for its share of the time,
//                 which compute-accounts keeps
// job-steps.ts (this file) applies all three to the photos of one job.

import { hostOfSource, type LoadOptions, type PhotoOwner, type PhotoSource } from '../images/load-image.js';
import type { AnalysisRequest, PhotoSteps } from '../verification/analyse-photo.js';
import type { ByteBudget, ByteClaim } from './byte-budget.js';
import type { Turn } from './compute-gate.js';
import type { SlowJobs } from './slow-jobs.js';

/**
 * A fetch that takes longer than this makes its job a slow one, ms. So does an analysis of a costly tenant, including the
 * wait for its turn.
 */
const SLOW_AFTER_MS = 100;
/** Takes the place of the host when slow jobs are counted by host. */
const VISION = 'vision processes';

type Analyse = PhotoSteps['analyse'];

/** The resources that all jobs of a worker share. */
export interface SharedResources {
  readonly slowJobs: SlowJobs;
  readonly budget: ByteBudget;
  readonly loadImage: (source: PhotoSource, options: LoadOptions) => Promise<Uint8Array>;
  /** Waits for its turn before it uses a vision process. */
  readonly analyse: (bytes: Uint8Array, role: AnalysisRequest['role'], turn: Turn) => ReturnType<Analyse>;
  /** True if the tenant's photos cost many times as much as those of others. */
  readonly isCostly: (tenant: string) => boolean;
}

/** The photo steps of one job, limited to its tenant's share. */
export interface JobSteps extends PhotoSteps {
  /** Returns the memory that the job still holds. Call it when the job ends. */
  release(): void;
}

export interface StepsOwner extends PhotoOwner {
  /** True if a caller waits for the answer. */
  readonly urgent: boolean;
}

/** Returns the photo steps for a job that starts. */
export function createJobSteps({ urgent, ...owner }: StepsOwner, resources: SharedResources): JobSteps {
  const { tenant } = owner;
  const claims = new Set<ByteClaim>();
  const claimOf = new WeakMap<Uint8Array, ByteClaim>();
  const slowness = resources.slowJobs.follow(tenant);

  const release = (claim: ByteClaim): void => {
    claim.release();
    claims.delete(claim);
  };

  /** Runs a step. Its job counts as slow once the step has taken `afterMs` and `isSlow` returns true, until it ends. */
  const follow = async <T>(
    host: string,
    { afterMs, isSlow }: { readonly afterMs: number; readonly isSlow: () => boolean },
    step: () => Promise<T>,
  ): Promise<T> => {
    let slow = false;
    const timer = setInterval(() => {
      slow = isSlow();
      if (!slow) return;
      clearInterval(timer);
      slowness.enter(host);
    }, afterMs);
    try {
      return await step();
    } finally {
      clearInterval(timer);
      if (slow) slowness.leave(host);
    }
  };

  return {
    loadImage: async (source, signal) => {
      const memory = resources.budget.claim(tenant);
      claims.add(memory);
      const load = (): Promise<Uint8Array> => resources.loadImage(source, { owner, signal, memory });
      try {
        const rule = { afterMs: SLOW_AFTER_MS, isSlow: () => true };
        const bytes = await follow(hostOfSource(source), rule, load);
        claimOf.set(bytes, memory);
        return bytes;
      } catch (error) {
        release(memory);
        throw error;
      }
    },
    analyse: async (bytes, { role, signal, needed }) => {
      const turn = { tenant, urgent, signal, needed };
      const analyse = (): ReturnType<Analyse> => resources.analyse(bytes, role, turn);
      const rule = { afterMs: SLOW_AFTER_MS, isSlow: () => resources.isCostly(tenant) };
      try {
        return await follow(VISION, rule, analyse);
      } finally {
        const claim = claimOf.get(bytes);
        if (claim) release(claim);
      }
    },
    release: () => {
      for (const claim of claims) release(claim);
    },
  };
}

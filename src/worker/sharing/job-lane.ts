import type { PhotoSteps } from '../verification/verify-person.js';
import type { ByteBudget, ByteClaim } from './byte-budget.js';
import type { Turn } from './compute-gate.js';
import type { JobOwner, SlowJobs } from './slow-jobs.js';

/** A fetch that lasts longer than this makes its job a slow one, ms. */
const SLOW_AFTER_MS = 100;

/** An analysis that lasts longer than this, the wait for its turn included, makes the job of a costly tenant slow, ms. */
const SLOW_ANALYSIS_AFTER_MS = 1_000;
/** Stands for the vision processes where slow jobs are counted by host. */
const VISION = 'vision processes';

type Analyse = PhotoSteps['analyse'];

/** What all jobs of a worker share, and the steps that use it. */
export interface SharedParts {
  readonly slowJobs: SlowJobs;
  readonly budget: ByteBudget;
  readonly fetchImage: (url: string, signal: AbortSignal, memory: ByteClaim) => Promise<Uint8Array>;
  /** Passes the gate before a vision process is needed. */
  readonly analyse: (bytes: Uint8Array, role: Parameters<Analyse>[1], turn: Turn) => ReturnType<Analyse>;
  /** True if the tenant's photos cost many times what the photos of others cost. */
  readonly isCostly: (tenant: string) => boolean;
}

/** The steps of one job, which take its tenant's share and no more. */
export interface JobLane extends PhotoSteps {
  /** Gives back whatever the job still holds. */
  end(): void;
}

export interface LaneOwner extends Pick<JobOwner, 'tenant'> {
  /** A caller waits for the answer. */
  readonly urgent: boolean;
}

/** Opens the lane of a job that starts; whoever opens it ends it. */
export function openJobLane({ tenant, urgent }: LaneOwner, parts: SharedParts): JobLane {
  const claims = new Set<ByteClaim>();
  const claimOf = new WeakMap<Uint8Array, ByteClaim>();
  const slowness = parts.slowJobs.follow(tenant);

  const release = (claim: ByteClaim): void => {
    claim.release();
    claims.delete(claim);
  };

  /** Runs a step; after `afterMs` its job counts as slow as soon as `isSlow` says so, until the step ends. */
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
    fetchImage: async (url, signal) => {
      const claim = parts.budget.claim(tenant);
      claims.add(claim);
      const fetchImage = (): Promise<Uint8Array> => parts.fetchImage(url, signal, claim);
      try {
        const bytes = await follow(hostOf(url), { afterMs: SLOW_AFTER_MS, isSlow: () => true }, fetchImage);
        claimOf.set(bytes, claim);
        return bytes;
      } catch (error) {
        release(claim);
        throw error;
      }
    },
    analyse: async (bytes, role, signal) => {
      const analyse = (): ReturnType<Analyse> => parts.analyse(bytes, role, { tenant, urgent, signal });
      const rule = { afterMs: SLOW_ANALYSIS_AFTER_MS, isSlow: () => parts.isCostly(tenant) };
      try {
        return await follow(VISION, rule, analyse);
      } finally {
        const claim = claimOf.get(bytes);
        if (claim) release(claim);
      }
    },
    end: () => {
      for (const claim of claims) release(claim);
    },
  };
}

/** Returns the host and port of a photo's URL; empty for what is no URL, which fails on its own. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : '';
}

import type { PhotoSteps } from '../verification/verify-person.js';
import type { ByteBudget, ByteClaim } from './byte-budget.js';
import type { Turn } from './compute-gate.js';
import type { JobOwner, SlowJobs } from './slow-jobs.js';

/** A fetch that lasts longer than this makes its job a slow one, ms. */
const SLOW_AFTER_MS = 100;

type Analyse = PhotoSteps['analyse'];

/** What all jobs of a worker share, and the steps that use it. */
export interface SharedParts {
  readonly slowJobs: SlowJobs;
  readonly budget: ByteBudget;
  readonly fetchImage: (url: string, signal: AbortSignal, memory: ByteClaim) => Promise<Uint8Array>;
  /** Passes the gate before a vision process is needed. */
  readonly analyse: (bytes: Uint8Array, role: Parameters<Analyse>[1], turn: Turn) => ReturnType<Analyse>;
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

  return {
    fetchImage: async (url, signal) => {
      const claim = parts.budget.claim(tenant);
      claims.add(claim);
      const host = hostOf(url);
      let slow = false;
      const timer = setTimeout(() => {
        slow = true;
        slowness.enter(host);
      }, SLOW_AFTER_MS);
      try {
        const bytes = await parts.fetchImage(url, signal, claim);
        claimOf.set(bytes, claim);
        return bytes;
      } catch (error) {
        release(claim);
        throw error;
      } finally {
        clearTimeout(timer);
        if (slow) slowness.leave(host);
      }
    },
    analyse: async (bytes, role, signal) => {
      try {
        return await parts.analyse(bytes, role, { tenant, urgent, signal });
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

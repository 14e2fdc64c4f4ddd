import { alternate, type PairReport, sideOf } from './alternate.js';
import { startFleet } from './fleet.js';
import { packEnvironment, type Setting } from './measure-service.js';

/** Callers at a time: one, as on a quiet machine, and enough to fill two cores. */
const CALLERS = [8, 1] as const;

/** Compares EARLY_DECISION=true with false, in turn, for busy and for quiet machines. */
export async function measureEarly(setting: Setting, runs: number): Promise<PairReport[]> {
  const { photos, pack, kind, seconds } = setting;
  const start = (early: boolean) =>
    startFleet({
      photos,
      workers: [undefined],
      env: { ...packEnvironment(pack), EARLY_DECISION: String(early) },
    });
  const early = await start(true);
  try {
    const exhaustive = await start(false);
    try {
      const sides = [sideOf('early', early), sideOf('exhaustive', exhaustive)] as const;
      const reports: PairReport[] = [];
      for (const inFlight of CALLERS)
        reports.push(
          await alternate(sides, { kind, photoOrigin: early.photoOrigin, inFlight, runs, seconds }),
        );
      return reports;
    } finally {
      await exhaustive.stop();
    }
  } finally {
    await early.stop();
  }
}

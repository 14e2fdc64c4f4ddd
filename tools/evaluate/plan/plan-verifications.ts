import type { PlanLimits, PlannedVerification } from './evaluation-plan.js';
import { createRandom, drawSample, type Random } from './random.js';

/** The photos of one person, by index. */
export type PersonPhotos = readonly number[];

/** Returns true if two photos are known to show different people. */
export type AreOthers = (one: number, other: number) => boolean;

/**
 * Returns attempts of three photos against a reference. Mated: every photo of a person with at least four photos is once
 * the reference for three others of that person. Non-mated: every photo is once the reference for three photos of every
 * other person with three. Above the limit of a kind, a random sample.
 */
export function planVerifications(
  persons: readonly PersonPhotos[],
  areOthers: AreOthers,
  limits: Pick<PlanLimits, 'maxVerifications' | 'seed'>,
): readonly PlannedVerification[] {
  const random = createRandom(limits.seed);
  return [...planMated(persons, limits, random), ...planNonMated(persons, areOthers, { ...limits, random })];
}

function planMated(
  persons: readonly PersonPhotos[],
  { maxVerifications }: Pick<PlanLimits, 'maxVerifications'>,
  random: Random,
): readonly PlannedVerification[] {
  const attempts = persons.flatMap((photos) =>
    photos.length < 4 ? [] : photos.map((reference) => ({ reference, photos })),
  );
  return drawSample(attempts.length, maxVerifications, random).flatMap((index) => {
    const attempt = attempts[index];
    if (!attempt) return [];
    const { reference, photos } = attempt;
    const probes = drawThree(
      photos.filter((photo) => photo !== reference),
      random,
    );
    return probes ? [{ reference, probes, mated: true }] : [];
  });
}

function planNonMated(
  persons: readonly PersonPhotos[],
  areOthers: AreOthers,
  { maxVerifications, random }: Pick<PlanLimits, 'maxVerifications'> & { readonly random: Random },
): readonly PlannedVerification[] {
  const probePersons = persons.filter((photos) => photos.length >= 3);
  const references = persons.flat();
  return drawSample(references.length * probePersons.length, maxVerifications, random).flatMap((index) => {
    const reference = references[Math.floor(index / probePersons.length)];
    const photos = probePersons[index % probePersons.length];
    if (reference === undefined || !photos || photos.includes(reference)) return [];
    const probes = drawThree(
      photos.filter((photo) => areOthers(photo, reference)),
      random,
    );
    return probes ? [{ reference, probes, mated: false }] : [];
  });
}

function drawThree(photos: readonly number[], random: Random): PlannedVerification['probes'] | undefined {
  const [first, second, third] = drawSample(photos.length, 3, random).map((index) => photos[index]);
  return first === undefined || second === undefined || third === undefined
    ? undefined
    : [first, second, third];
}

import { describe, expect, it } from 'vitest';
import { listManifests } from '../../../../src/shared/models/model-catalogue.js';

const manifests = listManifests('models');

describe('the manifests that come with the service', () => {
  it('are those of seven packs', () => {
    expect(manifests.map(({ name }) => name)).toEqual([
      'antelopev2',
      'buffalo_l',
      'buffalo_m',
      'buffalo_s',
      'buffalo_sc',
      'lite',
      'open',
    ]);
  });

  it.each(manifests)('name every file that the models of $name need', ({ files, detector, recogniser }) => {
    const needed = [detector.file, recogniser.file];
    if (detector.kind === 'ultraface') needed.push(detector.landmark_file);

    expect(files.map(({ name }) => name).sort()).toEqual(needed.sort());
  });

  it('give the same digest to a file that several packs share', () => {
    const digests = new Map<string, Set<string>>();
    for (const file of manifests.flatMap(({ files }) => files)) {
      digests.set(file.name, (digests.get(file.name) ?? new Set()).add(file.sha256));
    }

    expect([...digests.values()].every((set) => set.size === 1)).toBe(true);
  });

  it('have a stricter threshold for each lower false match rate', () => {
    for (const { calibration } of manifests) {
      const points = [...(calibration?.points ?? [])].sort((a, b) => b.fmr - a.fmr);
      const thresholds = points.map(({ threshold }) => threshold);

      expect(thresholds).toEqual([...thresholds].sort((a, b) => a - b));
    }
  });

  it('state for lite and open the FNMR at each threshold, and recommend one of these', () => {
    for (const name of ['lite', 'open']) {
      const calibration = manifests.find((manifest) => manifest.name === name)?.calibration;
      const points = calibration?.points ?? [];

      expect(points.map(({ fmr }) => fmr)).toEqual(expect.arrayContaining([1e-3, 1e-4, 1e-5]));
      expect(points.every(({ fnmr }) => fnmr !== undefined)).toBe(true);
      expect(points.map(({ threshold }) => threshold)).toContain(calibration?.recommended_threshold);
      expect(calibration).toMatchObject({ non_mated_pairs: 11_860_000, mated_pairs: 5_312 });
    }
  });

  it('allow commercial use only of lite and open', () => {
    const allowed = manifests.filter(({ licence }) => licence.commercial_use).map(({ name }) => name);

    expect(allowed).toEqual(['lite', 'open']);
  });
});

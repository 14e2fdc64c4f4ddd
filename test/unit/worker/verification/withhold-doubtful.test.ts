import { describe, expect, it } from 'vitest';
import type { ImageName } from '../../../../src/shared/contract/compare-request.js';
import { VerificationError } from '../../../../src/shared/errors.js';
import type { PhotoResult } from '../../../../src/worker/verification/analyse-photo.js';
import { withholdDoubtful } from '../../../../src/worker/verification/withhold-doubtful.js';
import { analysisAt } from '../../tools/evaluate/support.js';

/** A face whose cosine with that of the reference is `similarity`. */
function face(similarity: number, doubtMargin: number): PhotoResult {
  const analysis = analysisAt((Math.acos(similarity) * 180) / Math.PI, String(similarity));
  return { usable: true, analysis: { ...analysis, doubtMargin }, fetchMs: 1, bytes: 1 };
}

const UNUSABLE: PhotoResult = { usable: false, error: new VerificationError('face_not_found') };

function photos(reference: PhotoResult, front: PhotoResult): Record<ImageName, PhotoResult> {
  const plain = face(0.9, 0);
  return { front_image1: front, front_image2: plain, front_image3: UNUSABLE, back_image: reference };
}

describe('withholdDoubtful', () => {
  it.each([0.59, 0.5, 0.2, -0.5])(
    'withholds a doubtful face at %d from a doubtful reference',
    (similarity) => {
      const judged = photos(face(1, 0.1), face(similarity, 0.1));

      const result = withholdDoubtful(judged, 0.5);

      expect(result.front_image1).toMatchObject({
        usable: false,
        error: { code: 'low_quality', reason: 'both_unclear' },
      });
      expect(result).toMatchObject({
        front_image2: judged.front_image2,
        front_image3: UNUSABLE,
        back_image: judged.back_image,
      });
    },
  );

  it.each([
    ['a doubtful face beside a clear reference', 0, 0.1, 0.41],
    ['a doubtful face just below the threshold', 0, 0.1, 0.499],
    ['a clear face beside a doubtful reference', 0.1, 0, 0.45],
  ] as const)(
    'withholds %s that is little less similar than the threshold',
    (_, reference, front, similarity) => {
      const result = withholdDoubtful(photos(face(1, reference), face(similarity, front)), 0.5);

      expect(result.front_image1).toMatchObject({
        usable: false,
        error: { code: 'low_quality', reason: 'one_unclear' },
      });
      expect(result.front_image2).toMatchObject({ usable: true });
    },
  );

  it.each([
    ['two doubtful faces that are far more similar than the threshold', 0.1, 0.1, 0.61],
    ['a doubtful face far below the threshold beside a clear reference', 0, 0.1, 0.39],
    ['a clear face far below the threshold beside a doubtful reference', 0.1, 0, 0.39],
    ['a doubtful face at the threshold beside a clear reference', 0, 0.1, 0.501],
    ['two clear faces above the threshold', 0, 0, 0.52],
    ['two clear faces just below the threshold', 0, 0, 0.499],
  ] as const)('leaves %s alone', (_, reference, front, similarity) => {
    const judged = photos(face(1, reference), face(similarity, front));

    expect(withholdDoubtful(judged, 0.5)).toEqual(judged);
  });

  it('changes nothing if the reference is unusable', () => {
    const judged = photos(UNUSABLE, face(0.2, 0.1));

    expect(withholdDoubtful(judged, 0.5)).toEqual(judged);
  });
});

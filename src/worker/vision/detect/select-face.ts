import { VerificationError } from '../../../shared/errors.js';
import type { FaceDetection, FaceSelection } from '../types.js';

/**
 * Returns the subject of a photo: the largest face by area, the face whose box centre is nearest to the photo's centre,
 * or the only face. Never the one that matches best: a bystander must not produce the match.
 * @throws face_not_found if there is no face; multiple_faces if the policy is `single` and there are several.
 */
export function selectFace(
  faces: readonly FaceDetection[],
  policy: FaceSelection,
  photo: { readonly width: number; readonly height: number },
): FaceDetection {
  const [first, ...others] = faces;
  if (!first) throw new VerificationError('face_not_found');
  switch (policy) {
    case 'single':
      if (others.length > 0) {
        throw new VerificationError('multiple_faces', { context: { faces_found: faces.length } });
      }
      return first;
    case 'largest':
      return best(faces, ({ box }) => box.width * box.height);
    case 'central':
      return best(faces, ({ box }) => {
        const x = box.x + box.width / 2 - photo.width / 2;
        const y = box.y + box.height / 2 - photo.height / 2;
        return -(x * x + y * y);
      });
  }
}

/**
 * Returns the face with the highest rank. Ties go to the better detection score, then to the face further left, then
 * further up, so the order of the faces does not matter.
 */
function best(faces: readonly FaceDetection[], rank: (face: FaceDetection) => number): FaceDetection {
  return faces.reduce((winner, face) => {
    const lead =
      rank(face) - rank(winner) ||
      face.score - winner.score ||
      winner.box.x - face.box.x ||
      winner.box.y - face.box.y;
    return lead > 0 ? face : winner;
  });
}

import { VerificationError } from '../../../shared/errors.js';
import type { FaceDetection, FaceSelection } from '../types.js';

/**
 * Returns the face of a photo that stands for its subject: the largest by area, the one whose box centre is nearest to
 * the photo's, or the only one. Never the one that matches best: a bystander must not produce the match.
 * @throws face_not_found when there is none; multiple_faces when `single` is asked for and there are more.
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
 * The face with the highest rank; among equals the better detection score, then the one further left, then further up,
 * so that the order of faces is no matter.
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

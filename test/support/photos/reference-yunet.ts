import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { type Picture, type ReferenceFace, resize, suppress } from './reference-vision.js';

// YuNet's way from a picture to faces written a second time, slowly and plainly in double precision, to compare ours with.
// It shares no code with src/. Source: opencv/opencv modules/objdetect/src/face_detect.cpp (Apache-2.0).

const SIDE = 640;

/** Returns the faces of a picture laid at the top left of 640 × 640 black pixels, best score first. */
export async function detectByReferenceYunet(
  session: InferenceSession,
  picture: Picture,
  minScore: number,
): Promise<ReferenceFace[]> {
  const ratio = picture.height / picture.width;
  const height = ratio > 1 ? SIDE : Math.trunc(SIDE * ratio);
  const width = ratio > 1 ? Math.trunc(SIDE / ratio) : SIDE;
  const scale = height / picture.height;
  const resized = resize(picture, width, height);
  const blob = new Float32Array(3 * SIDE * SIDE);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [red = 0, green = 0, blue = 0] = resized.data.subarray((y * width + x) * 3);
      blob[y * SIDE + x] = blue;
      blob[SIDE * SIDE + y * SIDE + x] = green;
      blob[2 * SIDE * SIDE + y * SIDE + x] = red;
    }
  }
  const results = await session.run({ input: new Tensor('float32', blob, [1, 3, SIDE, SIDE]) });
  const numbers = (name: string) => Array.from(results[name]?.data as Float32Array);
  const faces: ReferenceFace[] = [];
  for (const stride of [8, 16, 32]) {
    const [face, object] = [numbers(`cls_${stride}`), numbers(`obj_${stride}`)];
    const [boxes, points] = [numbers(`bbox_${stride}`), numbers(`kps_${stride}`)];
    const columns = SIDE / stride;
    for (let row = 0; row < columns; row++) {
      for (let column = 0; column < columns; column++) {
        const cell = row * columns + column;
        const score = Math.sqrt((face[cell] ?? 0) * (object[cell] ?? 0));
        if (score < minScore) continue;
        const [dx = 0, dy = 0, logWidth = 0, logHeight = 0] = boxes.slice(cell * 4, cell * 4 + 4);
        const [centreX, centreY] = [(column + dx) * stride, (row + dy) * stride];
        const [halfWidth, halfHeight] = [
          (Math.exp(logWidth) * stride) / 2,
          (Math.exp(logHeight) * stride) / 2,
        ];
        const box = [centreX - halfWidth, centreY - halfHeight, centreX + halfWidth, centreY + halfHeight];
        const five = points.slice(cell * 10, cell * 10 + 10);
        faces.push({
          box: box.map((value) => value / scale),
          score,
          points: [0, 2, 4, 6, 8].map((k): [number, number] => [
            ((column + (five[k] ?? Number.NaN)) * stride) / scale,
            ((row + (five[k + 1] ?? Number.NaN)) * stride) / scale,
          ]),
        });
      }
    }
  }
  return suppress(faces, 0.3);
}

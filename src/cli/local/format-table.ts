import type { VerificationError } from '../../shared/errors.js';
import type { ComparedPhoto } from './compare-photos.js';

const HEADER = ['photo', 'role', 'face (x y w h)', 'faces', 'score', 'quality', 'similarity', 'matched'];

/** Returns the photos as lines of a text table, header first. */
export function formatTable(photos: readonly ComparedPhoto[]): readonly string[] {
  const rows = [HEADER, ...photos.map(rowOf)];
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function rowOf({ name, role, analysis, error, comparison }: ComparedPhoto): readonly string[] {
  if (!analysis) return [name, role, error ? describeError(error) : '-', '-', '-', '-', '-', '-'];
  const { x, y, width, height } = analysis.face.box;
  return [
    name,
    role,
    [x, y, width, height].map(Math.round).join(' '),
    String(analysis.facesFound),
    analysis.face.score.toFixed(3),
    analysis.quality.score.toFixed(3),
    ...(comparison ? [comparison.similarity.toFixed(4), comparison.matched ? 'yes' : 'no'] : ['-', '-']),
  ];
}

function describeError({ code, reason }: VerificationError): string {
  return reason === undefined ? code : `${code} (${reason})`;
}

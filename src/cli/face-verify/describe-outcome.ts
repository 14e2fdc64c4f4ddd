import { styleText } from 'node:util';
import { IMAGE_NAMES } from '../../shared/contract/compare-request.js';
import { EXIT } from '../exit-codes.js';
import { exitCodeOf, kindOf, type Outcome, type Problem, type Result } from './outcome.js';

type Style = Parameters<typeof styleText>[0];

/** Returns the text in a style on a terminal with colours; NO_COLOR turns them off. */
export function paint(style: Style, text: string): string {
  const { stdout } = process;
  return stdout.isTTY && stdout.hasColors() ? styleText(style, text) : text;
}

/** The photos as the user named them, by the names of the contract. */
export type PhotoNames = Readonly<Record<string, string>>;

/** Returns the outcome for a person, as lines. */
export function describeOutcome(outcome: Outcome, names: PhotoNames = {}): readonly string[] {
  return 'result' in outcome
    ? describeResult(outcome.result, names)
    : describeProblem(outcome.problem, {
        heading: exitCodeOf(outcome) === EXIT.couldNotTell ? 'Could not tell' : 'Error',
        names,
      });
}

function describeResult(
  { matched, borderline, receipt, warnings = [], evidence }: Result,
  names: PhotoNames,
): string[] {
  const verdict = matched
    ? paint(['green', 'bold'], 'Match: the photos show the same person.')
    : paint(['red', 'bold'], 'No match: too few photos show the person of the reference.');
  return [
    verdict,
    ...(borderline ? ['Borderline: the decision is close. Let a person look at the photos.'] : []),
    ...describeEvidence(evidence, names),
    ...(receipt ? [`Receipt: ${receipt}`] : []),
    ...warnings.map(
      // Some name another photo: near_identical_to_front_image3.
      ({ image, field, code }) =>
        `Warning: ${nameOf(image ?? field, names)}: ${code.replace(/_(?!image)/g, ' ')}`,
    ),
  ];
}

function describeEvidence(evidence: Result['evidence'], names: PhotoNames): string[] {
  if (!evidence) return [];
  const rows = IMAGE_NAMES.map((name) => {
    const { status, similarity, code, reason } = evidence.images[name] ?? { status: 'unknown' };
    const why = code ? ` (${[code, reason].filter(Boolean).join(', ')})` : '';
    return [nameOf(name, names), similarity?.toFixed(4) ?? '', `${status.replaceAll('_', ' ')}${why}`];
  });
  const width = Math.max(...rows.map(([name = '']) => name.length));
  return [
    `Threshold ${evidence.threshold}, ${evidence.min_matches} of 3 must match:`,
    ...rows.map(([name = '', similarity = '', status]) =>
      `  ${name.padEnd(width)}  ${similarity.padStart(7)}  ${status}`.trimEnd(),
    ),
  ];
}

/** Returns what is wrong and what to do about it, as lines. */
export function describeProblem(
  problem: Problem,
  { heading, names = {} }: { readonly heading: string; readonly names?: PhotoNames },
): string[] {
  const { code, reason, detail, image, errors = [], request_id: requestId, evidence } = problem;
  const about = image ? `, ${nameOf(image, names)}` : '';
  const codes = [code, reason].filter(Boolean).join(', ');
  const advice = kindOf(code)?.advice.replaceAll('`', '');
  return [
    `${paint(['yellow', 'bold'], `${heading}:`)} ${detail} (${codes}${about})`,
    ...errors.map(
      ({ field, image: item, code: own, detail: why }) =>
        `  ${nameOf(field ?? item, names)}: ${why} (${own})`,
    ),
    ...describeEvidence(evidence, names),
    ...(advice ? [advice] : []),
    ...(requestId ? [paint('dim', `Request ${requestId}`)] : []),
  ];
}

function nameOf(field: string | undefined, names: PhotoNames): string {
  if (field === undefined) return 'request';
  return names[field] === undefined ? field : `${field} (${names[field]})`;
}

// `npm run check:commits`: checks the subject of every commit since the rule in CONTRIBUTING.md came into force.
import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';

/** The last commit that the rule does not apply to. */
const LAST_EXEMPT = '4191a1b7a013a85237117badc5c8d2b3f9fa132f';
const MAX_LENGTH = 60;

/** Verbs in the base form that end like another form. */
const BASE_FORMS = new Set([
  'address',
  'bring',
  'compress',
  'embed',
  'exceed',
  'express',
  'feed',
  'focus',
  'need',
  'pass',
  'process',
  'seed',
  'speed',
  'string',
  'suppress',
]);

/** Returns what is wrong with the subject of a commit, or undefined. */
export function findSubjectProblem(subject) {
  if (subject.length > MAX_LENGTH) return `has ${subject.length} characters; the limit is ${MAX_LENGTH}`;
  const verb = /^[a-z0-9][a-z0-9, /-]*: ([a-z][a-z-]*)\b/.exec(subject)?.[1];
  if (verb === undefined) return 'must look like "area: imperative sentence", in lower case';
  if (
    /^(a|an|the|no|one|two|three|all|another|some|it|this|that|when|if)$/.test(verb) ||
    (/(s|ed|ing)$/.test(verb) && !BASE_FORMS.has(verb))
  )
    return `must start with a verb in the imperative, not "${verb}"`;
  return subject.endsWith('.') ? 'must not end with a full stop' : undefined;
}

function readSubjects() {
  const git = (...args) =>
    execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const log = (...range) =>
    git('log', '--no-merges', '--format=%h %s', ...range)
      .split('\n')
      .filter(Boolean);
  try {
    return log(`${LAST_EXEMPT}..HEAD`);
  } catch {
    return log('-1'); // A shallow clone holds nothing else.
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const problems = readSubjects().flatMap((line) => {
    const [hash, subject] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)];
    const problem = findSubjectProblem(subject);
    return problem === undefined ? [] : [`${hash} "${subject}" ${problem}`];
  });
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}

// `npm run check:prose`: finds words and turns of phrase that this project does not use, in documents, user-visible text
// and comments. CONTRIBUTING.md explains the list; a hit names the plain alternative.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './setup/root.mjs';

/** What to avoid, without regard to case, and what to write instead. */
const RULES = [
  [/(is|are|was|were|be|been|being|gets?|got) told(?! apart)/, 'is reported, learns, hears'],
  [/tells? (of|that|what|how|whether|who|when|where|which|why|nothing)/, 'reports, says, describes'],
  [/what [\w ]{1,30} came to/, 'the result of'],
  [/(?<!there )(is|are|was|were) none(?! of (the|them|these|those|its)\b)/, 'does not exist, is not one'],
  [/to be had/, 'available'],
  [/anew/, 'again'],
  [/of late/, 'recently'],
  [/till/, 'until'],
  [/whoever/, 'anyone who, any caller'],
  [/dear(er|est)?/, 'expensive'],
  [/mend(s|ed|ing)?/, 'fix, repair'],
  [/let in/, 'accepted'],
  [/(goes|went|gone) on(?! to\b)/, 'continues, continued'],
  [
    /Redis (is|was|being|goes|went) away|(absent|away) Redis|with Redis away|when it is away/,
    'Redis is unavailable',
  ],
  [
    /(a|one|first|second|third|last|closer|small|large) look(?! (at|like)\b)|(two|three|second|further) looks/,
    'a pass',
  ],
  [/(a|the|two|of|few) finds?(?= (in|with|that|of|is|are|was|were)\b)/, 'a detection'],
  [/mak(e|es|ing) [\w' ]{1,40} be there/, 'ensure … exists'],
  [/what there is/, 'what exists, the available'],
  [/seldom/, 'rarely'],
  [/ought/, 'should'],
  [/therein|thereof|wherein|whereof|hitherto|thereby/, 'a plain preposition'],
  [/at last/, 'finally'],
  [/looks? for itself/, 'checks'],
  [/(?<!(?:other|plain|few|many) )in words/, 'with a message'],
  [/callers? on the line/, 'a waiting caller'],
  [/costs? [\w ]{1,40} (its life|their lives)/, 'kills, crashes'],
  [/(can|could|may)(not| not)? be had/, 'available, unavailable'],
  [/(?<=\/\*\* )Whether/, 'True if …'],
].map(([{ source }, instead]) => ({
  pattern: new RegExp(`(?<![\\w-])(?:${source})(?![\\w-])`, 'giu'),
  instead,
}));

const CHECKED = /\.(ts|mjs|cjs|js|md|html|ya?ml|sh|py)$|Dockerfile|\.env\.example$/;
/** Texts of others, lists of inputs, and the two files that name what to avoid. */
const EXEMPT =
  /^(LICENSE|package-lock\.json|test\/fixtures\/|bench\/results\/|scripts\/check-prose\.mjs$|test\/unit\/setup\/check-prose\.test\.ts$)/;
/** A part of a document between these two comments is not checked. */
const UNCHECKED_PART = /<!-- prose: off -->[\s\S]*?<!-- prose: on -->/g;

/** The word of Python, not the English one. */
const PYTHON_NONE = /\b(is|are) None\b/g;

/** Returns each unwanted phrase of `text` as `{line, phrase, instead}`, line counted from 1. */
export function findUnwantedPhrases(text) {
  const checked = text
    .replace(UNCHECKED_PART, (part) => part.replace(/[^\n]/g, ' '))
    .replace(PYTHON_NONE, '$1 NULL');
  return RULES.flatMap(({ pattern, instead }) =>
    [...checked.matchAll(pattern)].map(({ 0: phrase, index }) => ({
      line: checked.slice(0, index).split('\n').length,
      phrase: phrase.replace(/\s+/g, ' '),
      instead,
    })),
  ).sort((one, other) => one.line - other.line);
}

function listFiles(folders) {
  const list = execFileSync('git', ['ls-files', ...folders], { cwd: ROOT, encoding: 'utf8' });
  return list.split('\n').filter((file) => CHECKED.test(file) && !EXEMPT.test(file));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const hits = listFiles(process.argv.slice(2)).flatMap((file) =>
    findUnwantedPhrases(readFileSync(join(ROOT, file), 'utf8')).map((hit) => ({ file, ...hit })),
  );
  for (const { file, line, phrase, instead } of hits)
    console.error(`${file}:${line} "${phrase}": write ${instead}`);
  if (hits.length > 0) console.error(`\n${hits.length} phrases to rewrite; CONTRIBUTING.md says why.`);
  process.exitCode = hits.length > 0 ? 1 : 0;
}

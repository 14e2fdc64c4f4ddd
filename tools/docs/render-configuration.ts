import { programsThatUse } from './programs-that-use.js';
import { type EnvExample, readEnvExample } from './read-env-example.js';

/** The section of variables that docker-compose.yml alone reads. */
export const COMPOSE_SECTION = 'Docker Compose only';

const NOTE = '<!-- Made from .env.example: change that file, then run npm run docs -->';

/** Returns docs/configuration.md for the text of .env.example. */
export function renderConfiguration(envExample: string): string {
  const { preface, variables } = readEnvExample(envExample);
  const sections = [...new Set(variables.map(({ section }) => section))];
  const paragraphs = preface.filter((line) => !line.startsWith('docs/configuration.md'));
  const parts = [
    NOTE,
    '# Configuration',
    paragraphs.join('\n').trim(),
    ...sections.map((section) => renderSection(section, variables)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function renderSection(section: string, variables: EnvExample['variables']): string {
  const entries = variables
    .filter((variable) => variable.section === section)
    .map(({ name, value, explanation }) => {
      const fallback = value === '' ? 'not set' : `\`${value}\``;
      const users = section === COMPOSE_SECTION ? 'compose' : programsThatUse(name).join(', ');
      return `**\`${name}\`** · default: ${fallback} · used by: ${users}  \n${explanation}`;
    });
  return [`## ${section}`, ...entries].join('\n\n');
}

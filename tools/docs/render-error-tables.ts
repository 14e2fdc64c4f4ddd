import { STAGES, type Stage } from '../../src/shared/error-kind.js';
import { ERROR_KINDS, type ErrorCode, errorCodesOf } from '../../src/shared/errors.js';
import { NAMED_REASONS, type Reason, reasonKindOf } from '../../src/shared/reasons.js';

const HEADINGS: Readonly<Record<Stage, string>> = {
  access: 'API key',
  request: 'Request',
  queue: 'Queue',
  job: 'Job',
  batch: 'Batch',
  webhook: 'Webhook',
  fetch: 'Download of an image',
  photo: 'Photo',
  comparison: 'Comparison',
  service: 'Service',
};

/** Returns one Markdown table of error codes per stage, each code with the anchor that a problem's `type` points to. */
export function renderErrorTables(): string {
  const sections = STAGES.map((stage) => [
    `### ${HEADINGS[stage]}`,
    '',
    '| code | status | retryable | who acts | text | what to do |',
    '|---|---|---|---|---|---|',
    ...errorCodesOf(stage).map(renderError),
  ]);
  return sections.map((lines) => lines.join('\n')).join('\n\n');
}

/** Returns the Markdown tables of the reasons: those of a photo, then those of a download. */
export function renderReasonTables(): string {
  const reasons: readonly Reason[] = [...NAMED_REASONS, 'http_404'];
  const table = (stage: 'photo' | 'fetch', title: string): string =>
    [
      title,
      '',
      '| reason | text | what to do |',
      '|---|---|---|',
      ...reasons.filter((reason) => reasonKindOf(reason).stage === stage).map(renderReason),
    ].join('\n');
  return [
    table('photo', 'Of a photo (`low_quality`, `face_not_found`, `face_too_small`):'),
    table(
      'fetch',
      'Of a download (`image_not_available`, `image_fetch_failed`); `http_404` stands for any other status too:',
    ),
  ].join('\n\n');
}

function renderError(code: ErrorCode): string {
  const { status, retryable, fault, text, advice } = ERROR_KINDS[code];
  const cells = [status, retryable ? 'yes' : 'no', fault, text, advice];
  return `| <a id="${code}"></a>\`${code}\` | ${cells.join(' | ')} |`;
}

function renderReason(reason: Reason): string {
  const { text, advice } = reasonKindOf(reason);
  return `| \`${reason}\` | ${text} | ${advice} |`;
}

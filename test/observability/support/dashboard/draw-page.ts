import type { Series } from '../prometheus-server.js';
import type { Panel, Place } from './dashboard-schema.js';
import { drawLines, LINE_COLOURS } from './draw-lines.js';
import type { Shown } from './show-panel.js';

/** Grafana's grid on a screen that is 1,920 px wide: 24 columns, rows of 30 px, gaps of 8 px. */
const WIDTH_PX = 1_920;
const MARGIN_PX = 16;
const GAP_PX = 8;
const UNIT_PX = 30;
const COLUMN_PX = (WIDTH_PX - 2 * MARGIN_PX + GAP_PX) / 24;
/** Grafana's bars above a dashboard. */
const BARS_PX = 130;
const TITLE_PX = 34;
const LEGEND_PX = 26;

const STYLE = `
body { margin: 0; background: #111217; color: #ccccdc; font: 14px "Inter", "DejaVu Sans", sans-serif }
main { position: relative; margin: ${MARGIN_PX}px }
section { position: absolute; box-sizing: border-box; overflow: hidden; background: #181b1f; border: 1px solid #25272c; border-radius: 2px }
section.row { background: none; border: 0; font-size: 18px }
h2 { margin: 0; padding: 7px 8px; height: ${TITLE_PX - 14}px; font-size: 14px; font-weight: 500; white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
.value { position: absolute; inset: ${TITLE_PX}px 12px 40px; font-size: 34px; font-weight: 500; text-align: center; white-space: nowrap }
.stat svg { position: absolute; bottom: 0; left: 0 }
.green { background: #299c46 } .orange { background: #d9730d } .red { background: #c4162a }
.green, .orange, .red { color: #fff }
ul { display: flex; flex-wrap: wrap; gap: 0 14px; margin: 0; padding: 0 10px; list-style: none; font-size: 12px; overflow: hidden; height: ${LEGEND_PX - 6}px }
li::before { content: ""; display: inline-block; width: 14px; height: 4px; margin-right: 5px; vertical-align: middle; background: var(--line) }
table { width: 100%; border-collapse: collapse; table-layout: auto } th { color: #6e9fff; font-weight: 500 }
th, td { text-align: left; padding: 6px 8px; border-bottom: 1px solid #25272c; max-width: 340px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.empty { text-align: center; padding-top: 30px }`;

/** Returns a page without scripts that shows the panels as Grafana places them. `panels` and `shown` belong together. */
export async function drawPage(panels: readonly Panel[], shown: readonly Shown[]): Promise<string> {
  const drawn = panels.map(async (panel, index) => {
    const place = placeOf(panel.gridPos);
    const content = shown[index];
    if (!content) throw new Error(`nothing shown for ${panel.title}`);
    const style = `left:${place.x}px;top:${place.y}px;width:${place.width}px;height:${place.height}px`;
    const colour = content.type === 'stat' ? content.colour : '';
    const title = content.type === 'row' ? escapeHtml(panel.title) : `<h2>${escapeHtml(panel.title)}</h2>`;
    return `<section class="${content.type} ${colour}" style="${style}">${title}${await drawContent(content, place)}</section>`;
  });
  const bottom = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * (UNIT_PX + GAP_PX);
  return `<!doctype html><meta charset="utf-8"><title>Face verification</title><style>${STYLE}</style>
<main style="padding-top:${BARS_PX}px;height:${bottom}px">${(await Promise.all(drawn)).join('\n')}</main>`;
}

interface PlacePx {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function placeOf({ x, y, w, h }: Place): PlacePx {
  return {
    x: Math.round(x * COLUMN_PX),
    y: BARS_PX - MARGIN_PX + y * (UNIT_PX + GAP_PX),
    width: Math.round(w * COLUMN_PX) - GAP_PX,
    height: h * (UNIT_PX + GAP_PX) - GAP_PX,
  };
}

async function drawContent(shown: Shown, { width, height }: PlacePx): Promise<string> {
  switch (shown.type) {
    case 'row':
      return '';
    case 'stat':
      return `<div class="value">${escapeHtml(shown.text)}</div>${drawSparkline(shown.graph, width)}`;
    case 'timeseries': {
      if (shown.series.length === 0) return '<div class="empty">No data</div>';
      const size = { width: width - 16, height: height - TITLE_PX - LEGEND_PX };
      const names = shown.series.map(
        ({ name }, index) =>
          `<li style="--line:${LINE_COLOURS[index % LINE_COLOURS.length]}">${escapeHtml(name)}</li>`,
      );
      return `${await drawLines(shown, size)}<ul>${names.join('')}</ul>`;
    }
    case 'table':
      return shown.rows.length > 0 ? drawTable(shown) : '<div class="empty">None</div>';
  }
}

function drawTable({ head, rows }: Extract<Shown, { type: 'table' }>): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  return `<table>${line(head, 'th')}${rows.map((row) => line(row, 'td')).join('')}</table>`;
}

/** The area behind a value, from the smallest to the largest one. */
function drawSparkline([series]: readonly Series[], width: number): string {
  const points = series?.points.filter(([, value]) => Number.isFinite(value)) ?? [];
  const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0];
  if (last <= first) return '';
  const values = points.map(([, value]) => value);
  const [least, span] = [Math.min(...values), Math.max(...values) - Math.min(...values) || 1];
  const path = points.map(
    ([time, value]) =>
      `${(((time - first) / (last - first)) * width).toFixed(1)},${(36 - ((value - least) / span) * 30).toFixed(1)}`,
  );
  return `<svg width="${width}" height="40"><polygon fill="#ffffff40" points="0,40 ${path.join(' ')} ${width},40"/></svg>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

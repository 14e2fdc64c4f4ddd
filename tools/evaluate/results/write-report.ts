import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rateFloor } from '../charts/chart-style.js';
import { drawChart } from '../charts/draw-chart.js';
import { qualityChart } from '../charts/quality-chart.js';
import { ratesChart } from '../charts/rates-chart.js';
import { similarityChart } from '../charts/similarity-chart.js';
import { detChart, rocChart } from '../charts/trade-off-charts.js';
import type { Measurement } from '../measure/measure.js';
import type { Thumbnails } from '../page/pictures-section.js';
import { captionOf, createReportPage, type DrawnChart } from '../page/report-page.js';
import { thinCurve, traceErrorCurve } from '../statistics/error-curve.js';

/** Writes report.json and report.html to a folder, each atomically, and returns their paths. */
export async function writeReport(
  folder: string,
  measurement: Measurement,
  thumbnails: Thumbnails,
): Promise<{ readonly json: string; readonly page: string }> {
  const charts = await drawCharts(measurement);
  const json = join(folder, 'report.json');
  const page = join(folder, 'report.html');
  replaceFile(json, `${JSON.stringify(measurement.report, null, 2)}\n`);
  replaceFile(page, createReportPage(measurement.report, charts, thumbnails));
  return { json, page };
}

async function drawCharts({ report, sample, qualities }: Measurement): Promise<readonly DrawnChart[]> {
  const charts: DrawnChart[] = [];
  const caption = captionOf(report);
  const { threshold } = report;
  const add = async (name: string, spec: Parameters<typeof drawChart>[0]): Promise<void> => {
    charts.push({ name, svg: await drawChart(spec) });
  };
  if (sample.mated.total > 0 || sample.nonMated.total > 0)
    await add('How often each similarity occurs', similarityChart(sample, { threshold, caption }));
  if (sample.mated.total > 0 && sample.nonMated.total > 0) {
    const points = thinCurve(traceErrorCurve(sample));
    const fmrFloor = rateFloor(sample.nonMated.total);
    const fnmrFloor = rateFloor(sample.mated.total);
    const { fmr, fnmr } = report.atThreshold;
    const inUse = { threshold, fmr: fmr.rate ?? 0, fnmr: fnmr.rate ?? 0 };
    const options = { inUse, caption, fmrFloor, fnmrFloor };
    await add(
      'Error rates by threshold',
      ratesChart(points, { ...options, threshold, floor: Math.min(fmrFloor, fnmrFloor) }),
    );
    await add('FNMR against FMR', detChart(points, options));
    await add('Mated pairs that match against FMR', rocChart(points, options));
  }
  if (qualities.total > 0)
    await add(
      'How often each quality score occurs',
      qualityChart(qualities, `${qualities.total} faces; ${caption}`),
    );
  return charts;
}

function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

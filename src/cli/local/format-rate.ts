const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** Formats a rate: `8.2 %`, `0.031 %`, below 0.01 % as `4.4·10⁻⁶`. Two digits, three from 1 % upwards. */
export function formatRate(rate: number): string {
  if (rate === 0) return '0';
  if (rate >= 0.0001) return `${Number((rate * 100).toPrecision(rate >= 0.01 ? 3 : 2))} %`;
  const [digits, exponent] = rate.toExponential(1).split('e-');
  const raised = [...(exponent ?? '')].map((digit) => SUPERSCRIPTS[Number(digit)]).join('');
  return `${digits?.replace('.0', '')}·10⁻${raised}`;
}

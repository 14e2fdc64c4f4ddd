/** Returns an SVG of a smiling face of a few shapes, 300 × 300 px, which many detectors take for a face. */
export function drawSmiley(skin: string, eyePx: number): Buffer {
  const body = `<circle cx="150" cy="150" r="110" fill="${skin}"/>
    <ellipse cx="110" cy="125" rx="${eyePx}" ry="${eyePx * 1.4}" fill="#3a2010"/>
    <ellipse cx="190" cy="125" rx="${eyePx}" ry="${eyePx * 1.4}" fill="#3a2010"/>
    <path d="M90 185 Q150 250 210 185" fill="none" stroke="#3a2010" stroke-width="9"/>`;
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300">${body}</svg>`);
}

/** Style of the report: light, for screen and print, without external fonts or files. */
export const PAGE_STYLE = `
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; background: #fff; color: #222;
  font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", Arial, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid #ddd; padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
.notice { background: #fff4e5; border-left: 5px solid #d55e00; padding: .6rem 1rem; margin: 1rem 0; }
.small { font-size: .85rem; color: #555; }
.muted { color: #666; }
table { border-collapse: collapse; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid #eee; }
th { font-weight: 600; }
th[scope="row"] { font-weight: normal; }
.scroll { overflow-x: auto; margin: 1rem 0 1.6rem; }
img.chart { display: block; max-width: 100%; min-width: 38rem; height: auto; }
.pairs { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; max-width: 21rem; }
figure div { display: flex; gap: .3rem; align-items: flex-end; }
figure rect { fill: none; stroke: #00e5ff; stroke-width: 2; }
figcaption { font-size: .8rem; overflow-wrap: anywhere; }
code { font-size: .9em; }
`;

/** Style of the report, for light and dark screens, phones and print, without external fonts or files. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ground: light-dark(#fff, #14181f); --text: light-dark(#222, #e6e9ef);
  --quiet: light-dark(#555, #a8b0bf); --edge: light-dark(#ddd, #3a4250); --notice: light-dark(#fff4e5, #3d2c10); }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem clamp(.8rem, 4vw, 1.5rem); background: var(--ground);
  color: var(--text); font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", Arial, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--edge); padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
.conclusion { font-size: 1.15rem; font-weight: 600; }
.notice { background: var(--notice); border-left: 5px solid #d55e00; padding: .6rem 1rem; margin: 1rem 0; }
.small, .muted { color: var(--quiet); }
.small { font-size: .85rem; }
table { border-collapse: collapse; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--edge); }
th { overflow-wrap: normal; }
th[scope="row"] { font-weight: normal; }
.scroll { overflow-x: auto; margin: 1rem 0 1.6rem; }
img.chart { display: block; max-width: 100%; min-width: 38rem; height: auto; }
.pairs { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; max-width: 21rem; }
figure div { display: flex; gap: .3rem; align-items: flex-end; }
figure svg { min-width: 0; height: auto; }
figure rect { fill: none; stroke: #00e5ff; stroke-width: 2; }
figcaption { font-size: .8rem; }
code { font-size: .9em; }
`;

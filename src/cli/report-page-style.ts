/** Of the report's page: light or dark as its reader has it, light on paper. */
export const STYLE = `
:root { color-scheme: light dark; --line: #7d859055; --soft: #7d859018; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
header p, .note, figcaption { opacity: .75; margin: 0; font-size: .9rem; }
.headline { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); margin-top: 1.25rem; }
.headline div { border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; background: var(--soft); }
.headline h2 { margin: 0 0 .25rem; }
.headline p { margin: 0 0 .4rem; }
.headline p::first-letter, dd::first-letter { text-transform: uppercase; }
figure { margin: 1.25rem 0; break-inside: avoid; }
svg { max-width: 100%; height: auto; display: block; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; margin: .5rem 0; }
th, td { text-align: right; padding: .3rem .75rem; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th { font-weight: 600; }
th:first-child { text-align: left; }
tbody th { font-weight: 400; min-width: 9rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1rem; margin: 1rem 0; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } }
@media print { :root { color-scheme: light; } main { padding: 0; } section { break-inside: auto; } h2 { break-after: avoid; } }
`;

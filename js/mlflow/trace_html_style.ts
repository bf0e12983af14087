// The style of the self-contained page: two themes, no colour outside the first block, no file from
// outside. Positions of bars are attributes of SVG, so that a policy without inline styles leaves them.

/** Rows deeper than this stand at its indentation, with their depth in words. */
export const MAX_INDENT = 24;

const indents = Array.from({ length: MAX_INDENT + 1 }, (_, depth) => `.d${String(depth)}{--x:${String(depth * 16)}px}`).join("");

export const PAGE_STYLE = `
:root{color-scheme:light dark;--bg:#fff;--panel:#f7f8fa;--hover:#f0f2f6;--line:#e4e7ec;--grid:#e9ecf1;--text:#1a1f2b;--muted:#596275;
--error:#c4262e;--error-bg:#fdf0f0;--warn:#8a5a00;--warn-bg:#fdf5e3;--ok:#17703c;--ok-bg:#eaf7ef;--live:#0f6fb8;--live-bg:#e9f4fc;--focus:#4f46e5;
--violet:#7c3aed;--amber:#b45309;--teal:#0f766e;--blue:#1d64d8;--indigo:#4f46e5;--pink:#be2d7a;--green:#2b7a34;--grey:#5d6679;
--mono:ui-monospace,"SF Mono","Cascadia Code",Menlo,Consolas,"DejaVu Sans Mono",monospace;
--sans:Inter,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans","DejaVu Sans",sans-serif}
@media (prefers-color-scheme:dark){:root{--bg:#0f1218;--panel:#151922;--hover:#1d2330;--line:#262c38;--grid:#222834;--text:#e7eaf0;--muted:#a3acbd;
--error:#ff7b80;--error-bg:#2e181c;--warn:#eabf60;--warn-bg:#2b2312;--ok:#68cf8e;--ok-bg:#14281c;--live:#6bbcf5;--live-bg:#122536;--focus:#8b8cf7;
--violet:#b197fc;--amber:#f0b35b;--teal:#4fd0bf;--blue:#7fb2ff;--indigo:#a5a8ff;--pink:#f48cc0;--green:#7fd08a;--grey:#a3acbd}}
*{box-sizing:border-box}
body{margin:0;padding:12px 16px 24px;background:var(--bg);color:var(--text);font:13px/1.45 var(--sans)}
h1,h2,h3,p,ul,dl,dd,pre{margin:0;padding:0}ul{list-style:none}
bdi,dd,pre{unicode-bidi:isolate;overflow-wrap:anywhere}
.trace+.trace{margin-top:28px;padding-top:20px;border-top:1px solid var(--line)}
h1{font-size:17px;font-weight:600;overflow-wrap:anywhere}
.facts{display:flex;flex-wrap:wrap;gap:2px 14px;margin-top:4px;color:var(--muted)}.facts b{font-weight:600}.facts .id{font-family:var(--mono);font-size:12px}
.state{padding:0 8px;border-radius:9px;color:var(--muted);background:var(--panel)}
.state.ok{color:var(--ok);background:var(--ok-bg)}.state.error{color:var(--error);background:var(--error-bg)}.state.live{color:var(--live);background:var(--live-bg)}
.note{margin-top:8px;padding:5px 10px;border-radius:6px;background:var(--warn-bg);color:var(--warn)}
.preview{display:grid;grid-template-columns:70px minmax(0,1fr);gap:2px 10px;margin-top:10px}.preview dt{color:var(--muted)}
.preview dd{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2;overflow:hidden}
.about{margin-top:8px}.about .pairs{margin-top:6px;padding:8px 12px;border-radius:6px;background:var(--panel)}.about>summary{color:var(--muted);cursor:pointer}
.axis{display:grid;grid-template-columns:minmax(0,46%) 84px minmax(0,1fr);column-gap:10px;margin-top:14px;padding:0 8px;color:var(--muted);font-size:11px}
.axis div{display:flex;justify-content:space-between;grid-column:3;font-variant-numeric:tabular-nums}
.tree{margin-top:2px;border-top:1px solid var(--line)}
.tree li{position:relative}
summary:focus-visible{outline:2px solid var(--focus);outline-offset:-2px;border-radius:4px}
.row{display:grid;grid-template-columns:minmax(0,46%) 84px minmax(0,1fr);column-gap:10px;align-items:center;min-height:28px;padding:0 8px;border-bottom:1px solid var(--grid);
cursor:pointer;list-style:none}
.row::-webkit-details-marker,.kids>summary::-webkit-details-marker{display:none}
.row:hover{background:var(--hover)}.span[open]>.row{background:var(--hover)}
.name{display:flex;align-items:center;gap:7px;min-width:0;padding-left:calc(var(--x) + 20px)}
.name bdi{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;overflow-wrap:normal}
.type{flex:none;max-width:110px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;padding:0 5px;border:1px solid;border-radius:4px;font-size:10px;line-height:15px;letter-spacing:.03em;color:var(--hue)}
.flag{flex:none;font-size:11px;color:var(--muted)}.flag.error{color:var(--error);font-weight:600}
.time{text-align:right;font-variant-numeric:tabular-nums;color:var(--muted);white-space:nowrap}
.bar{display:block;width:100%;height:12px;overflow:visible}.bar rect{fill:var(--hue)}.is-error>.span .bar rect{fill:var(--error)}.bar .open{opacity:.45}
.kids>summary{position:absolute;top:0;left:calc(8px + var(--x));width:20px;height:28px;cursor:pointer;list-style:none}
.kids>summary::before{content:"";position:absolute;left:6px;top:10px;border:4px solid transparent;border-left:6px solid var(--muted)}
.kids[open]>summary::before{left:4px;top:12px;border:4px solid transparent;border-top:6px solid var(--muted)}
.vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.more{padding:5px 8px 5px calc(var(--x) + 28px);border-bottom:1px solid var(--grid);color:var(--warn)}
.panel{margin:0 0 0 calc(8px + var(--x));padding:10px 12px 14px 20px;border-left:2px solid var(--hue);border-bottom:1px solid var(--grid);background:var(--panel)}
.panel h3{margin:12px 0 4px;font-size:11px;font-weight:600;letter-spacing:.05em;text-transform:uppercase;color:var(--muted)}.panel h3:first-child{margin-top:0}
.failure{margin-bottom:10px;padding:6px 10px;border-radius:6px;background:var(--error-bg);color:var(--error);white-space:pre-wrap;overflow-wrap:anywhere}
pre{max-height:340px;overflow:auto;padding:8px 10px;border:1px solid var(--line);border-radius:6px;background:var(--bg);font:12px/1.5 var(--mono);white-space:pre-wrap}
.left{margin-top:3px;color:var(--warn);font-size:12px}
.pairs{display:grid;grid-template-columns:minmax(110px,max-content) minmax(0,1fr);gap:3px 14px}.pairs dt{max-width:280px;overflow-wrap:anywhere;color:var(--muted)}
.pairs dd{font:12px/1.5 var(--mono);white-space:pre-wrap;max-height:180px;overflow:auto}
.event+.event{margin-top:10px}.event p{margin-bottom:3px}.event .at{color:var(--muted);font-variant-numeric:tabular-nums}
.foot{margin-top:20px;color:var(--muted);font-size:12px}
.h-violet{--hue:var(--violet)}.h-amber{--hue:var(--amber)}.h-teal{--hue:var(--teal)}.h-blue{--hue:var(--blue)}.h-indigo{--hue:var(--indigo)}.h-pink{--hue:var(--pink)}.h-green{--hue:var(--green)}.h-grey{--hue:var(--grey)}
${indents}
@media (max-width:560px){.row,.axis{grid-template-columns:minmax(0,1fr) 76px}.bar{grid-column:1/3;height:5px;margin-bottom:4px}.row{min-height:34px}.kids>summary{top:-4px}.axis div{grid-column:1/3}.pairs{grid-template-columns:minmax(0,1fr)}}
@media (forced-colors:active){.bar rect{fill:CanvasText}.is-error>.span .bar rect{fill:Mark}}
@media print{pre,.pairs dd{max-height:none}}
`;

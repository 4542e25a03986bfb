// The style of the elements. Hosts change it through the --rro-… properties; light and dark follow
// color-scheme.
export const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host{--text:var(--rro-text,light-dark(#1b2430,#e3e8ef));--faint:var(--rro-faint,light-dark(#556172,#a3aebc));
--line:var(--rro-line,light-dark(#d9dfe7,#323c49));--ground:var(--rro-ground,light-dark(#fff,#161c24));
--raised:var(--rro-raised,light-dark(#f5f7fa,#1d2530));--accent:var(--rro-accent,light-dark(#14589c,#82b8f5));
--warranty:var(--rro-warranty,light-dark(#7d4a00,#f0c377));--warranty-ground:var(--rro-warranty-ground,light-dark(#fdf2df,#38290f));
--good:var(--rro-good,light-dark(#1b6535,#83cf9c));--bad:var(--rro-bad,light-dark(#a2231d,#f6a29b));
--bad-ground:var(--rro-bad-ground,light-dark(#fdeeed,#3a1b1a));--wait-ground:var(--rro-wait-ground,light-dark(#eef4fb,#182a3d));--on-accent:var(--rro-on-accent,light-dark(#fff,#0d1622));
--field-line:var(--rro-field-line,light-dark(#7d8897,#6d7a8b));--radius:var(--rro-radius,5px);--space:var(--rro-density,1);
display:block;color:var(--text);font:var(--rro-font,.875rem/1.45 system-ui,"Segoe UI",Roboto,sans-serif)}
:host([hidden]){display:none}
:host(related-ro-cell){display:inline-block}
:host(related-ro-status) .box:empty{display:none}
:host(:not(related-ro-cell)) .box{container-type:inline-size;display:grid;gap:calc(.75rem*var(--space))}
.vh{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
*{box-sizing:border-box}
h2,h3,p,dl,dd,ul,figure,fieldset{margin:0;padding:0;border:0;min-width:0}
ul{list-style:none}
small{font-size:.8125rem;color:var(--faint)}
.faint,dt,.label,legend,figcaption{color:var(--faint)}
.num{font-variant-numeric:tabular-nums;font-weight:600;overflow-wrap:anywhere}
s.num{font-weight:400}
.icon{width:1em;height:1em;flex:none;fill:none;stroke:currentColor;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round;vertical-align:-.125em}
.solid{fill:currentColor}.knock{stroke:var(--ground)}
button,input{font:inherit;color:inherit}
button{cursor:pointer;display:inline-flex;align-items:center;gap:.35rem;border-radius:var(--radius)}
button[aria-disabled]{opacity:.65;cursor:default}
:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
.plain,.primary{padding:calc(.3rem*var(--space)) .7rem;border:1px solid var(--line);background:var(--ground);min-height:1.9rem;justify-self:start}
.plain:hover{border-color:var(--accent);color:var(--accent)}
.primary{background:var(--accent);border-color:var(--accent);color:var(--on-accent);font-weight:600;letter-spacing:.02em}
.link,.more{font:inherit;display:inline-flex;align-items:center;padding:.1rem .15rem;margin:-.1rem -.15rem;border:0;background:none;color:var(--accent);text-decoration:underline;text-underline-offset:2px;font-variant-numeric:tabular-nums;min-height:1.5rem}
.copy{padding:.25rem;border:0;background:none;color:var(--faint);min-width:1.5rem;min-height:1.5rem;justify-content:center}
.copy.words{padding:.1rem .3rem;font-size:.8125rem;color:var(--accent)}
.copy:hover{color:var(--accent);background:var(--raised)}
.withcopy{display:inline-flex;align-items:center;gap:.2rem;white-space:nowrap}
.fields{display:flex;flex-wrap:wrap;gap:.25rem 2.5rem}
dt,.label,legend{font-size:.8125rem}
dd{display:flex;flex-wrap:wrap;align-items:center;gap:.1rem .9rem;font-size:1rem;min-height:1.6rem}
.own{gap:.2rem}.own .num{font-size:1.125rem}
.mark{display:inline-flex;align-items:center;gap:.3rem;white-space:nowrap}
.mark.warranty{padding:.05rem .45rem .05rem .35rem;border:1px solid currentColor;border-radius:3px;color:var(--warranty);background:var(--warranty-ground);font-weight:600;font-size:.8125rem}
.mark.open,.mark.waiting,.mark.unreachable{color:var(--accent)}
.mark.invoiced,.mark.active{color:var(--good)}
.mark.voided,.mark.gone{color:var(--faint)}.mark.gone{white-space:normal}
.mark.new{padding:0 .35rem;border:1px solid currentColor;border-radius:3px;color:var(--accent);font-weight:600;font-size:.8125rem}
.mark.warning,.mark.not_activated{color:var(--bad)}
.brief{display:inline-flex;flex-wrap:wrap;align-items:baseline;gap:0 .35rem}
.sign{font-size:.8125rem;color:var(--faint)}.sign.warranty{color:var(--warranty)}
table{width:100%;border-collapse:collapse;border:1px solid var(--line);border-radius:var(--radius)}
th,td{text-align:start;vertical-align:top;padding:calc(.4rem*var(--space)) .6rem;border-top:1px solid var(--line);font-weight:400;overflow-wrap:break-word}
td small,.field small{display:block}
thead th{background:var(--raised);color:var(--faint);font-size:.8125rem;border:0;white-space:nowrap}
tr.void td,tr.void th{color:var(--faint)}
.note{display:flex;gap:.6rem;padding:.5rem .75rem;border:1px solid var(--line);border-inline-start:4px solid var(--faint);border-radius:var(--radius);background:var(--raised)}
.note .icon{margin-top:.2em}.note button{margin:.15rem 0 0 .5rem}
.note.bad{border-inline-start-color:var(--bad);background:var(--bad-ground)}.note.bad>.icon{color:var(--bad)}
.note.wait{border-inline-start-color:var(--accent);background:var(--wait-ground)}
.note.good{border-inline-start-color:var(--good)}.note.good>.icon{color:var(--good)}
.foot{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.5rem 1rem;color:var(--faint);font-size:.8125rem}
.foot button{color:var(--text);font-size:.875rem}.foot .primary{color:var(--on-accent)}
.loading{display:grid;gap:.5rem;min-width:7rem}
.bone{height:.8rem;border-radius:3px;background:var(--line);opacity:.6}
.bone:last-child:not(:only-of-type){width:60%}
.family{display:grid;gap:.35rem}.family figcaption{font-size:.8125rem}
.family svg{display:block;max-width:100%;height:auto}.family .tall{display:none}
.branch{fill:none;stroke:var(--faint);stroke-width:1.25}
.node rect{fill:var(--ground);stroke:var(--faint)}
.node.warranty rect{stroke:var(--warranty);fill:var(--warranty-ground)}
.node.this rect{fill:var(--accent);stroke:var(--accent)}
.node.voided rect{stroke-dasharray:4 3}.node.voided .no{text-decoration:line-through}
.node text{fill:var(--text);font-size:12px}.node .no{font-size:13px;font-weight:600}
.node .what{font-size:11px}
.node.this text{fill:var(--on-accent)}
.cell{display:flex;flex-wrap:wrap;gap:.1rem .6rem;align-items:center}
.trouble{display:inline-flex;align-items:baseline;gap:.3rem}
.linked,.hits,.line{display:flex;flex-wrap:wrap;gap:.15rem .75rem;align-items:center}
.hits{flex-direction:column;align-items:flex-start}.hits li{display:flex;align-items:center;gap:0 .5rem}.hits small{white-space:nowrap}
.linked .link{margin:0}
.billed{display:inline-flex;flex-wrap:wrap;align-items:baseline;gap:.1rem .5rem;overflow-wrap:anywhere}
.date{white-space:nowrap}
.more{font-weight:600;text-decoration:none;gap:.15rem}
.card{position:fixed;inset:auto;margin:0;padding:.5rem .75rem;border:1px solid var(--line);border-radius:var(--radius);background:var(--ground);color:var(--text);box-shadow:0 6px 24px #0003;max-width:min(44rem,calc(100vw - 1rem));max-height:60vh;overflow:auto;overscroll-behavior:contain}
.cardhead{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem}.cardhead>:last-child{margin-inline-start:auto}
.card li{display:flex;flex-wrap:wrap;gap:.1rem .9rem;align-items:center;padding:.15rem 0}
.cases{border:1px solid var(--line);border-radius:var(--radius)}
.cases>li{padding:calc(.5rem*var(--space)) .75rem;display:grid;gap:.35rem}
.cases>li+li{border-top:1px solid var(--line)}
.caseline,.relatedline{display:flex;flex-wrap:wrap;align-items:center;gap:.15rem 1rem}
.relatedline{padding-inline-start:1rem;border-inline-start:3px solid var(--line)}
.relatedline ul{flex-basis:100%;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr));gap:.15rem 1.5rem}
.relatedline li{display:inline-flex;flex-wrap:wrap;align-items:center;gap:.1rem .6rem}
.search{display:grid;gap:.75rem}
.ask{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem .8rem}
.ask small{flex-basis:100%}
input:not([type=radio],[type=checkbox]),.field select{padding:.35rem .55rem;border:1px solid var(--field-line);border-radius:var(--radius);background:var(--ground);min-width:0;width:100%}
.ask input[type=search]{max-width:16rem}
input[readonly]{background:var(--raised)!important;border-color:var(--line)!important}
input[type=radio],input[type=checkbox]{accent-color:var(--accent);margin:0;width:1rem;height:1rem}
.check,.option{display:inline-flex;align-items:center;gap:.4rem;min-height:1.5rem}
mark{background:none;color:inherit;text-decoration:underline 2px var(--accent);text-underline-offset:3px}
.settings{display:grid;gap:.9rem;max-width:46rem}
h2{font-size:1.0625rem}h3{font-size:.9375rem}
.switch{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;padding:.6rem .75rem;border:1px solid var(--line);border-radius:var(--radius)}
.switch legend{padding:0 .25rem;margin-inline-start:-.25rem}.karmak legend{padding:0 0 .35rem;font-weight:600}
.option{font-weight:600}
.activation{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem 1rem}
.sentence{flex-basis:100%}
.wrong{flex-basis:100%;color:var(--bad);font-size:.8125rem}.wrong .icon{margin-inline-end:.3rem}
[aria-invalid=true]{border-color:var(--bad)!important;outline-color:var(--bad)}
.busy{display:flex;flex-wrap:wrap;align-items:center;gap:.75rem}progress{accent-color:var(--accent)}
.karmak{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr));gap:.6rem 1rem}
.field{display:grid;gap:.15rem;align-content:start}.field label{font-size:.8125rem;color:var(--faint)}
.wide{grid-column:1/-1}
.history{display:grid;gap:.5rem;margin-top:.75rem}.history tbody th{white-space:nowrap}
.deep6 .broad{display:none}.deep6 .tall{display:block}
@container (max-width:24rem){.deep2 .broad{display:none}.deep2 .tall{display:block}}
@container (max-width:37rem){.deep3 .broad{display:none}.deep3 .tall{display:block}}
@container (max-width:49rem){.deep4 .broad{display:none}.deep4 .tall{display:block}}
@container (max-width:62rem){.deep5 .broad{display:none}.deep5 .tall{display:block}}
@container (max-width:48rem){th,td{padding-inline:.45rem}}
@container (max-width:37rem){
table,tbody,tr,th,td{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tbody tr{padding:.4rem 0}tbody tr+tr{border-top:1px solid var(--line)}
th,td{border:0;padding:.15rem .6rem}
td{display:grid;grid-template-columns:6rem 1fr;gap:0 .5rem}
td::before{content:attr(data-label);color:var(--faint);font-size:.8125rem}
td>*{grid-column:2;justify-self:start}
td:empty{display:none}}
@media (prefers-reduced-motion:no-preference){.bone{animation:pulse 1.2s ease-in-out infinite alternate}@keyframes pulse{to{opacity:.25}}}
@media (forced-colors:active){.node.this rect{stroke-width:3}}
`);

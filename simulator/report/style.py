"""The look of report.html: style (light, dark, print, telephone) and the script of the cross-hair.

May import nothing. Colours are those of Okabe & Ito (2008), "Color universal design", lighter on dark ground.
"""

from __future__ import annotations

from typing import Final

_LIGHT: Final = (
    "--bg:#fff;--panel:#fff;--ink:#1d2127;--dim:#5c6570;--faint:#e3e6ea;--edge:#d5dae0;"
    "--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#e69f00;--c5:#56b4e9;--c6:#8a929c;--c7:#b8a800;"
    "--c8:#1d2127;--fault:rgba(106,61,232,.14);--ill:#6a3de8;--warm:rgba(130,140,150,.13);--met:#00694d;--missed:#b03a00;"
    "--undecided:#7a5c00;--shade:rgba(29,33,39,.3);--soft:#f4f6f8;--sea:#f2f6fa;"
)
_DARK: Final = (
    "--bg:#14171b;--panel:#1b1f25;--ink:#e4e7eb;--dim:#9aa4b0;--faint:#2b3139;--edge:#343b45;"
    "--c0:#4aa8e0;--c1:#ff8a4c;--c2:#33c79c;--c3:#e8a3c9;--c4:#f4b63f;--c5:#9ad6f8;--c6:#8b95a1;--c7:#dfd34a;"
    "--c8:#e4e7eb;--fault:rgba(160,130,255,.24);--ill:#ab93ff;--warm:rgba(150,160,170,.14);--met:#43d3a6;--missed:#ff9a66;"
    "--undecided:#e6c25a;--shade:rgba(228,231,235,.32);--soft:#21262d;--sea:#1e242c;"
)

CHART_STYLE: Final = """
.chart{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;display:block;width:100%;height:auto}
.chart text{fill:var(--ink)}.chart .tick,.chart .unit,.chart .tiny{fill:var(--dim)}
.chart .tick{font-variant-numeric:tabular-nums}.chart .tiny{font-size:10.5px}
.chart .tiny{paint-order:stroke;stroke:var(--panel);stroke-width:2.5px;stroke-linejoin:round;stroke-opacity:.7}
.chart .grid{stroke:var(--faint);fill:none}.chart .axis{stroke:var(--dim);fill:none}
.chart .l{fill:none;stroke-width:1.7;stroke-linejoin:round}.chart .dash{stroke-dasharray:5 3}
.chart .band{opacity:.16}.chart .layer{opacity:.88}.chart .fault{fill:var(--fault)}.chart .warm{fill:var(--warm)}
.chart .faultedge{stroke:var(--ink);stroke-width:.8;stroke-dasharray:3 3;opacity:.55;fill:none}
.chart .name{font-weight:600}.chart .nothing{fill:var(--soft)}.chart .sea{fill:var(--sea);rx:6px}
.chart .mark{fill:none;stroke:var(--ill);stroke-width:1.8}.chart .px{image-rendering:pixelated}
.chart .hollow{fill:var(--panel);stroke-width:1.8}.chart .best{stroke:var(--ink);stroke-width:1.6;fill:none}
.chart .ribbon{opacity:.5}.chart .flow{fill:none;stroke:var(--c4);opacity:.62}
.chart .home{fill:var(--c4);opacity:.5}.chart .flow{stroke-linecap:round}
.chart .coremark{fill:var(--bg);stroke:var(--ink);stroke-width:1.2}
.chart .cross{stroke:var(--ink);stroke-width:.8;stroke-dasharray:2 2;opacity:.7}
""" + "".join(
    f".chart .f{k}{{fill:var(--c{k})}}.chart .s{k}{{stroke:var(--c{k})}}.chart .dot.s{k}{{fill:var(--c{k})}}"
    f".chart .t{k}{{fill:var(--c{k})}}"
    for k in range(9)
)

STYLE: Final = (
    f":root{{color-scheme:light dark;{_LIGHT}}}"
    f"@media (prefers-color-scheme:dark){{:root:not(.light){{{_DARK}}}}}:root.dark{{{_DARK}}}"
    f"@media print{{:root,:root.dark,:root:not(.light){{color-scheme:light;{_LIGHT}}}}}"
    """
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;max-width:72rem;margin:0 auto;
  padding:1.2rem 1rem 3rem;color:var(--ink);background:var(--bg)}
h1{margin:0 0 .2rem;font-size:1.7rem;line-height:1.2;overflow-wrap:anywhere}
h2{margin:2.2rem 0 .5rem;font-size:1.2rem}
h3{margin:0 0 .15rem;font-size:.98rem}
p{margin:.4rem 0;max-width:48rem}
table{border-collapse:collapse;margin:.5rem 0;font-size:.93rem}
td,th{padding:.2rem 1rem .2rem 0;text-align:left;vertical-align:top}
th{border-bottom:1px solid var(--edge);font-weight:600}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.wide td:first-child{white-space:nowrap}
.wide{overflow-x:auto;--under:var(--bg);background:
  linear-gradient(to right,var(--under) 35%,transparent) -1px 0/2.4rem 100%,
  linear-gradient(to left,var(--under) 35%,transparent) right -1px top/2.4rem 100%,
  linear-gradient(to right,var(--shade),transparent) left/1rem 100%,
  linear-gradient(to left,var(--shade),transparent) right/1rem 100%;
  background-repeat:no-repeat;background-attachment:local,local,scroll,scroll}
.verdict .wide{--under:var(--soft)}
.question{font-size:1.12rem}
.dim,figcaption{color:var(--dim)}
.met{color:var(--met)}.missed{color:var(--missed);font-weight:600}.undecided{color:var(--undecided)}
.best{font-weight:700;color:var(--met)}
.answer{font-size:1.1rem;font-weight:600}
.verdict{border-left:5px solid var(--edge);background:var(--soft);padding:.6rem 1rem;margin:1rem 0;
  border-radius:0 6px 6px 0}
.verdict.met{border-color:var(--c2);color:inherit}.verdict.missed{border-color:var(--c1);color:inherit;font-weight:400}
.verdict.undecided{border-color:var(--c4);color:inherit}
.trouble{border-left:5px solid var(--c1);background:var(--soft);padding:.6rem 1rem;margin:1rem 0}
.story li{margin:.35rem 0;max-width:52rem}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem;align-items:start}
.grid.numbers{grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:.3rem 2rem}
.numbers h3{margin-top:.7rem}
figure{margin:0;padding:.8rem;border:1px solid var(--edge);border-radius:8px;background:var(--panel);min-width:0}
figure svg{max-width:100%;height:auto}figure svg:not(.chart){background:#fff;border-radius:4px}
.grid>figure:only-child{max-width:38rem}
figcaption{font-size:.86rem;line-height:1.4;margin-bottom:.3rem}
details{margin:.6rem 0;border:1px solid var(--edge);border-radius:8px;padding:.5rem .8rem}
summary{cursor:pointer;font-weight:600}
pre{overflow-x:auto;font-size:.82rem;line-height:1.4;white-space:pre-wrap;overflow-wrap:anywhere}
code{overflow-wrap:anywhere}
#tip{position:fixed;pointer-events:none;background:var(--panel);border:1px solid var(--edge);border-radius:6px;
  padding:.3rem .6rem;font-size:.82rem;line-height:1.35;box-shadow:0 2px 10px rgba(0,0,0,.2);display:none;z-index:9}
#look{float:right;font:inherit;font-size:.85rem;color:var(--dim);background:none;border:1px solid var(--edge);
  border-radius:6px;padding:.15rem .6rem;cursor:pointer}
@media (min-width:60rem),print{.grid>#map{grid-column:2;grid-row:1/span 3}}
@media (max-width:34rem){body{padding:.8rem .7rem 2rem}figure{padding:.6rem .45rem}td,th{padding-right:.6rem}
  h1{font-size:1.4rem}}
@media print{body{max-width:none;padding:0;font-size:11pt}#look,#tip{display:none}figure,.verdict,tr{break-inside:avoid}
  .grid{grid-template-columns:1fr 1fr}h2,h3{break-after:avoid}details:not([open]){display:none}
  *{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
""" + CHART_STYLE + "@media (max-width:34rem){.chart{font-size:13.5px}.chart .tiny{font-size:11.5px}}"
)

FIGURE_STYLE: Final = f".chart{{{_LIGHT}background:var(--bg)}}{CHART_STYLE}"
"""For a figure in a file of its own."""

SCRIPT: Final = """
(function(){
var root=document.documentElement,look=document.getElementById('look'),tip=document.getElementById('tip');
function dark(){return root.classList.contains('dark')||(!root.classList.contains('light')&&
 matchMedia('(prefers-color-scheme:dark)').matches)}
look.onclick=function(){var d=dark();root.classList.toggle('dark',!d);root.classList.toggle('light',d)};
var charts=[].slice.call(document.querySelectorAll('svg[data-time]')),NS='http://www.w3.org/2000/svg';
charts.forEach(function(svg){
 var t=svg.dataset.time.split(' '),x0=+t[0],x1=+t[1],end=+t[2],unit=+t[3],box=svg.viewBox.baseVal;
 var line=document.createElementNS(NS,'line');line.setAttribute('class','cross');
 line.setAttribute('y1',14);line.setAttribute('y2',box.height-34);line.style.display='none';svg.appendChild(line);
 svg.at=function(s){if(s===null){line.style.display='none';return}
  var x=x0+(x1-x0)*s/end;line.setAttribute('x1',x);line.setAttribute('x2',x);line.style.display=''};
 svg.seconds=function(e){var r=svg.getBoundingClientRect(),x=(e.clientX-r.left)*box.width/r.width;
  return x<x0||x>x1?null:end*(x-x0)/(x1-x0)};
 var y=(svg.dataset.y||'').split(' '),top=null,bottom=null;
 svg.values=function(s){var out=[],px=x0+(x1-x0)*s/end,seen={};
  if(!svg.dataset.y)return out;
  if(top===null){var g=svg.querySelector('.grid');top=+svg.dataset.top;bottom=box.height-34}
  function inv(v){var f=(bottom-v)/(bottom-top),a=+y[0],b=+y[1];
   return y[2]==='log'?Math.pow(10,Math.log10(a)+f*(Math.log10(b)-Math.log10(a))):a+f*(b-a)}
  [].forEach.call(svg.querySelectorAll('[data-n]'),function(el){
   var p=el.points,n=el.tagName==='polygon'?p.length/2:p.length,best=-1,d=9;
   for(var i=0;i<n;i++){var e=Math.abs(p[i].x-px);if(e<d){d=e;best=i}}
   if(best<0)return;var v=inv(p[best].y);
   if(el.tagName==='polygon')v-=inv(p[2*n-1-best].y);
   if(seen[el.dataset.n]===undefined){seen[el.dataset.n]=1;out.push([el.dataset.n,v])}});
  return out};
 function move(e){var s=svg.seconds(e);charts.forEach(function(c){c.at(s)});
  if(s===null){tip.style.display='none';return}
  tip.textContent='';var b=document.createElement('b');
  b.textContent=(s/unit).toPrecision(4).replace(/\\.?0+$/,'')+' '+t[4];tip.appendChild(b);
  svg.values(s).reverse().forEach(function(v){var d=document.createElement('div');
   d.textContent=v[0]+': '+(Math.abs(v[1])<1e-9?0:+v[1].toPrecision(3))+' '+(svg.dataset.unit||'');tip.appendChild(d)});
  tip.style.display='block';var w=tip.offsetWidth;
  tip.style.left=Math.max(4,Math.min(e.clientX+14,innerWidth-w-8))+'px';
  tip.style.top=Math.max(4,Math.min(e.clientY+14,innerHeight-tip.offsetHeight-8))+'px'}
 svg.addEventListener('pointermove',move);
 svg.addEventListener('pointerleave',function(){charts.forEach(function(c){c.at(null)});tip.style.display='none'});
});
addEventListener('beforeprint',function(){tip.style.display='none'});
})();
"""

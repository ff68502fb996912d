"""How the HTML document and its pictures look: on wide and narrow screens, by night, on paper."""

COLOURS = """
:root{--ink:#1b1f24;--soft:#5a6470;--line:#d5dae0;--paper:#fff;--shade:#f5f7f9;--mark:#b42318;
--calm:#175cd3;--hold:#b54708;--good:#067647;--link:#175cd3}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa5b1;--line:#343c46;
--paper:#14181d;--shade:#1d232a;--mark:#f97066;--calm:#84adff;--hold:#fdb022;--good:#47cd89;
--link:#84adff}}
@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--shade:#f4f4f4;--mark:#b42318;
--calm:#175cd3;--hold:#b54708;--good:#067647;--link:#000}}
"""

PICTURE_STYLE = """
.drawn{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.drawn text{fill:var(--ink)}.drawn .soft{fill:var(--soft)}.drawn .small{font-size:11px}
.drawn .bold{font-weight:600}.drawn .end{text-anchor:end}.drawn .mid{text-anchor:middle}
.drawn .rule{stroke:var(--line);stroke-width:1}.drawn .rail{stroke:var(--soft);stroke-width:2}
.drawn .box{fill:var(--shade);stroke:var(--line)}.drawn .page{fill:var(--mark)}
.drawn .notify{fill:var(--paper);stroke:var(--calm);stroke-width:2}
.drawn .ticket{fill:var(--paper);stroke:var(--soft);stroke-width:2}
.drawn .limit{fill:var(--hold)}.drawn .phase{fill:var(--calm)}.drawn .update{fill:var(--good)}
.drawn .milestone{fill:var(--good)}.drawn .faint{opacity:.28}.drawn .stripe{fill:var(--shade)}
.drawn .alarm{fill:none;stroke:var(--mark);stroke-width:2;stroke-dasharray:4 3}
"""

PAGE_STYLE = (
    COLOURS
    + PICTURE_STYLE
    + """
*{box-sizing:border-box}
html{color:var(--ink);background:var(--paper);font:16px/1.55 system-ui,-apple-system,"Segoe UI",
Roboto,"DejaVu Sans",sans-serif;-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0 auto;max-width:78rem;padding:0 1.25rem 4rem}
main{min-width:0;max-width:52rem}
h1,h2,h3,h4{line-height:1.2;text-wrap:balance;overflow-wrap:anywhere}
h1{font-size:2.1rem;margin:2.5rem 0 .5rem;letter-spacing:-.015em}
h2{font-size:1.5rem;margin:3.25rem 0 1rem;padding-top:1rem;border-top:2px solid var(--ink)}
h3{font-size:1.15rem;margin:2rem 0 .6rem}
h4{font-size:1rem;margin:1.4rem 0 .4rem}
p,li,dd,td{overflow-wrap:break-word}
p{margin:.6rem 0;max-width:42rem}
a{color:var(--link)}
code{font:.86em ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;
background:var(--shade);padding:.1em .3em;border-radius:3px;overflow-wrap:anywhere}
pre{font:.84em/1.5 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;
background:var(--shade);border-left:3px solid var(--line);padding:.8rem 1rem;margin:.6rem 0;
white-space:pre-wrap;overflow-wrap:anywhere}
.lead{font-size:1.1rem;color:var(--soft)}
.cover{margin-bottom:1rem}
.remark{border-left:3px solid var(--hold);padding:.1rem 0 .1rem .9rem;color:var(--soft)}
dl{margin:.8rem 0}
dl>div{display:grid;grid-template-columns:minmax(7rem,12rem) 1fr;gap:0 1rem;padding:.35rem 0;
border-bottom:1px solid var(--line)}
dt{color:var(--soft)}
dd{margin:0;min-width:0}
ul{padding-left:1.2rem;margin:.5rem 0}
li{margin:.25rem 0}
.notes{list-style:none;padding:0;margin:.05rem 0 .3rem;color:var(--soft);font-size:.9em}
.notes li{display:inline}
.notes li:not(:last-child)::after{content:" · "}
.checks{list-style:none;padding-left:0}
.checks>li{position:relative;padding-left:1.9rem;margin:.45rem 0}
.checks>li::before{content:"";position:absolute;left:.1rem;top:.28em;width:.95em;height:.95em;
border:1.5px solid var(--soft);border-radius:3px}
.scroll{overflow-x:auto;margin:.8rem 0}
table{border-collapse:collapse;width:100%;font-size:.94rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .9rem .45rem 0;
border-bottom:1px solid var(--line)}
thead th{color:var(--soft);font-weight:500;font-size:.86rem;border-bottom:1.5px solid var(--soft);
white-space:nowrap}
tbody th{font-weight:600}
tbody th code{overflow-wrap:normal}
th:last-child,td:last-child{padding-right:0}
#clauses table{font-size:.84rem}
#clauses th,#clauses td{padding-top:.2rem;padding-bottom:.2rem;font-weight:400}
figure{margin:1.2rem 0}
.drawing{overflow-x:auto}
.drawing svg{max-width:100%;height:auto;display:block}
figcaption{color:var(--soft);font-size:.86rem;margin-top:.4rem}
nav{font-size:.92rem}
nav summary{font-weight:600;cursor:pointer}
nav ol{list-style:none;margin:.4rem 0;padding:0}
nav li{margin:.2rem 0}
nav a{color:inherit;text-decoration:none}
nav a:hover,nav a:focus{text-decoration:underline}
@media screen and (min-width:64rem){
body{display:grid;grid-template-columns:14rem minmax(0,1fr);gap:0 3rem}
nav{position:sticky;top:0;align-self:start;max-height:100vh;overflow-y:auto;padding:2.9rem 0 2rem}
}
@media screen and (max-width:63.99rem){nav{border-bottom:1px solid var(--line);padding:1rem 0}}
@media screen and (max-width:38rem){
html{font-size:15px}h1{font-size:1.7rem;margin-top:1.5rem}
dl>div{grid-template-columns:1fr}
.drawing:not(.fits) svg{max-width:none}
table.wide{min-width:34rem}
}
@media print{
@page{margin:18mm 16mm}
html{font-size:10.5pt}
body{max-width:none;padding:0}main{max-width:none}
nav{display:none}
h1{margin-top:0}
h2{break-after:avoid}h3,h4{break-after:avoid}
#escalation,#phases,#communication,#clauses{break-before:page}
tr,li,figure,dl>div{break-inside:avoid}
thead{display:table-header-group}
.scroll,.drawing{overflow:visible}
a{text-decoration:none}
p,li{orphans:3;widows:3}
}
"""
)

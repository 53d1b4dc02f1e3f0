// What is wrong with how a page is laid out, as lines; run from outside, since the page itself allows no script.
(() => {
  const faults = [];
  const told = (what, text) => faults.push(`${what}: ${String(text).trim().replace(/\s+/g, " ").slice(0, 60)}`);
  const page = document.scrollingElement;
  if (page.scrollWidth > page.clientWidth) told(`the page is ${page.scrollWidth - page.clientWidth} px too wide`, location.pathname);

  // Of two boxes that share more than a hair.
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;

  // Pictures: in their own units, by the ink of each label.
  const pen = document.createElement("canvas").getContext("2d");
  const label = text => {
    const style = getComputedStyle(text), box = text.getBBox(), base = text.y.baseVal[0].value;
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const ink = pen.measureText(text.textContent);
    return { text, left: box.x, right: box.x + box.width, top: base - ink.actualBoundingBoxAscent, bottom: base + ink.actualBoundingBoxDescent };
  };
  for (const figure of document.querySelectorAll("figure")) {
    const svg = figure.querySelector("svg"), caption = figure.querySelector("figcaption")?.textContent;
    if (!svg) { told("a figure without a picture", caption); continue; }
    const room = svg.getBoundingClientRect(), view = svg.viewBox.baseVal;
    if (room.width < 100 || room.height < 20) told(`a picture of ${room.width} by ${room.height} px`, caption);
    const shapes = [...svg.querySelectorAll("path,rect,line")].filter(s => !s.closest("defs"));
    if (!shapes.some(s => { const box = s.getBBox(); return box.width + box.height > 4; })) told("nothing is drawn", caption);
    const labels = [...svg.querySelectorAll("text")].filter(t => getComputedStyle(t).display !== "none").map(label);
    for (const [i, a] of labels.entries()) {
      if (!(a.right > a.left)) told("a label of no size", a.text.textContent);
      if (a.left < -0.5 || a.top < -0.5 || a.right > view.width + 0.5 || a.bottom > view.height + 0.5) told("a label leaves the picture", a.text.textContent);
      const box = a.text.closest(".entity")?.querySelector("rect")?.getBBox();
      if (box && (a.left < box.x + 2 || a.right > box.x + box.width - 2)) told("a label leaves its box", a.text.textContent);
      for (const b of labels.slice(i + 1)) if (meet(a, b)) told("labels meet", `${a.text.textContent} / ${b.text.textContent}`);
    }
  }

  // Words: line by line, without what is folded or for screen readers alone.
  const unseen = ".hidden, .skip, svg, style, title, details:not([open]) > :not(summary), .stack thead";
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const lines = [], range = document.createRange();
  // A page in Korean keeps words in Hangul whole; any page keeps short ones in Latin letters so.
  const short = document.documentElement.lang === "ko" ? /(?<!\S)[\p{L}\p{N}.,:]{2,10}(?!\S)/gu : /(?<!\S)[a-zA-Z0-9.,:]{2,10}(?!\S)/gu;
  while (walk.nextNode()) {
    const node = walk.currentNode, holder = node.parentElement;
    if (!node.data.trim() || holder.closest(unseen) || !holder.checkVisibility()) continue;
    const size = parseFloat(getComputedStyle(holder).fontSize);
    if (size < 8) told(`words of ${size} px`, node.data);
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()].filter(r => r.width > 0.5);
    if (rects.length === 0) told("words of no size", node.data);
    if (rects.length > 1) for (const word of node.data.matchAll(short)) {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].filter(r => r.width > 0.5).map(r => Math.round(r.top / 4))).size > 1) told("a word is broken", word[0]);
    }
    let block = holder;
    while (getComputedStyle(block).display.startsWith("inline")) block = block.parentElement;
    const room = block.getBoundingClientRect(), scrolls = holder.closest("pre, details ul");
    for (const r of rects) {
      // Letters stand in the middle of their line.
      const rim = Math.max(0, (r.height - size * 0.8) / 2);
      if (!scrolls) lines.push({ node, left: r.left, right: r.right, top: r.top + rim, bottom: r.bottom - rim });
      if (!scrolls && (r.right > room.right + 2 || r.left < room.left - 2)) told("words leave their place", node.data);
    }
  }
  for (const cut of document.querySelectorAll("body *")) {
    if (cut.closest(unseen) || cut.matches(".wide, .wide *, pre, details ul")) continue;
    if (cut.scrollWidth > cut.clientWidth + 1 && getComputedStyle(cut).overflowX !== "visible") told("cut", cut.textContent);
  }
  lines.sort((a, b) => a.top - b.top);
  for (const [i, a] of lines.entries()) {
    for (let j = i + 1; j < lines.length && lines[j].top < a.bottom - 1; j++) {
      if (a.node !== lines[j].node && meet(a, lines[j])) told("words meet", `${a.node.data.trim().slice(0, 28)} / ${lines[j].node.data.trim().slice(0, 28)}`);
    }
  }
  return { faults: [...new Set(faults)].slice(0, 20), lines: lines.length, pictures: document.querySelectorAll("figure svg").length, height: page.scrollHeight };
})()

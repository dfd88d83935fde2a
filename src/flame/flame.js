// What a picture does in a browser: zoom, search, details, keys. It knows of each frame its depth,
// start and value (data-f) and its title; from these it places boxes and names anew.
(() => {
	"use strict";
	const svg = document.currentScript.closest("svg");
	const HTML = "http://www.w3.org/1999/xhtml", SVG = "http://www.w3.org/2000/svg";
	const margin = Number(svg.dataset.margin), padding = Number(svg.dataset.padding);
	const rowHeight = Number(svg.dataset.frame), fontSize = Number(svg.getAttribute("font-size"));
	const isIcicle = "icicle" in svg.dataset;
	const box = svg.querySelector(".frames"), details = svg.querySelector(".details");
	// Between neighbours, where there is room for it.
	const gap = 0.6;
	let width = svg.viewBox.baseVal.width;

	// In the order of the file: a parent before its children, those from left to right.
	const frames = Array.from(box.children, (g, index) => {
		const [depth, start, value] = g.dataset.f.split(" ").map(Number);
		const [title, rect, text] = g.children;
		return { g, index, title, rect, text, depth, start, value, end: start + value, name: null,
			isShown: true };
	});
	const root = frames[0];
	// Sums of fractions are not exact.
	const slack = root.value * 1e-9;
	let zoomed = root, focused = root, pattern = null;

	const contains = (a, b) =>
		a.depth <= b.depth && a.start <= b.start + slack && b.end <= a.end + slack;
	const lines = (f) => f.title.textContent.split("\n");
	const name = (f) => f.name ?? (f.name = lines(f)[0]);
	// What is above a frame are those behind it, up to `after`.
	const open = [];
	const close = (depth, index) => {
		while (open.length > depth)
			open.pop().after = index;
	};
	for (const f of frames) {
		close(f.depth, f.index);
		f.parent = open[open.length - 1] || null;
		open.push(f);
	}
	close(0, frames.length);

	// ---- names, as long as there is room

	const ruler = document.createElementNS(SVG, "text");
	ruler.setAttribute("visibility", "hidden");
	svg.append(ruler);
	const measure = (s) => {
		ruler.textContent = s;
		return ruler.getComputedTextLength();
	};
	const cell = Math.max(measure("M".repeat(20)) / 20, measure("…".repeat(20)) / 20);
	const isPlain = (s) => /^[ -~…]*$/.test(s);

	// The text, or its beginning and an ellipsis, or nothing.
	const fit = (s, room) => {
		const chars = Array.from(s), most = Math.floor(room / cell + 1e-6);
		if (isPlain(s) ? chars.length <= most : measure(s) <= room)
			return s;
		let n = Math.min(most - 1, chars.length - 1);
		while (n >= 2 && !isPlain(s) && measure(chars.slice(0, n).join("") + "…") > room)
			n--;
		return n < 2 ? "" : chars.slice(0, n).join("") + "…";
	};

	const label = (f, x, w) => {
		const room = w - 2 * padding;
		const s = room < 3 * cell ? "" : fit(name(f), room);
		if (!s && !f.text)
			return;
		if (!f.text) {
			f.text = document.createElementNS(SVG, "text");
			const y = Number(f.rect.getAttribute("y"));
			f.text.setAttribute("y", y + (rowHeight - 1) / 2 + fontSize * 0.35);
			f.g.append(f.text);
		}
		f.text.setAttribute("x", x + padding);
		f.text.textContent = s;
	};

	// ---- boxes

	const place = (f) => {
		const isBelow = f !== zoomed && contains(f, zoomed);
		const isShown = isBelow || (f.depth >= zoomed.depth && contains(zoomed, f));
		if (!isShown && !f.isShown)
			return;
		f.isShown = isShown;
		f.g.classList.toggle("hidden", !isShown);
		f.g.classList.toggle("below", isBelow);
		if (!isShown)
			return;
		const scale = (width - 2 * margin) / zoomed.value;
		const x = isBelow ? margin : margin + (f.start - zoomed.start) * scale;
		const w = isBelow ? width - 2 * margin : f.value * scale;
		f.rect.setAttribute("x", x);
		f.rect.setAttribute("width", w > 3 ? w - gap : w);
		label(f, x, w);
	};

	const draw = () => {
		frames.forEach(place);
		unzoom.hidden = zoomed === root;
		count();
	};

	const zoom = (f) => {
		if (zoomed === f)
			return;
		zoomed = f;
		draw();
	};

	// ---- details

	const percent = (part, whole) => (whole > 0 ? (100 * part / whole).toFixed(2) : "0") + "%";

	const describe = (f) => {
		if (!f) {
			details.textContent = " ";
			return;
		}
		let facts = lines(f).slice(1).join(" ");
		if (f.parent && f.parent !== root)
			facts += `, ${percent(f.value, f.parent.value)} of its caller`;
		if (zoomed !== root && f !== zoomed && contains(zoomed, f))
			facts += `, ${percent(f.value, zoomed.value)} of what is shown`;
		const kind = f === root ? "" : `${svg.dataset.type}: `;
		const room = width - 2 * margin, rest = kind.length + facts.length + 3;
		const short = fit(name(f), Math.max(room - rest * cell, 12 * cell));
		details.textContent = fit(`${kind}${short} (${facts})`, room);
	};

	const frameOf = (event) => {
		const g = event.target.closest ? event.target.closest(".f") : null;
		return g && g.parentNode === box ? frames[indexOf.get(g)] : null;
	};
	const indexOf = new Map(frames.map((f) => [f.g, f.index]));

	// ---- search

	// The share of what is shown that is in matching frames, each sample counted once.
	const count = () => {
		let sum = 0, until = 0;
		for (const f of frames) {
			const isMatch = pattern !== null && f !== root && pattern.test(name(f));
			f.g.classList.toggle("match", isMatch);
			if (!isMatch || f.index < until)
				continue;
			until = f.after;
			if (contains(f, zoomed))
				sum = zoomed.value;
			else if (contains(zoomed, f))
				sum += f.value;
		}
		matched.textContent = pattern === null ? "" : `matched: ${percent(sum, zoomed.value)}`;
	};

	const search = () => {
		let wrong = false;
		pattern = null;
		try {
			// Capitals in the pattern matter if there are any.
			if (input.value)
				pattern = new RegExp(input.value, /[A-Z]/.test(input.value) ? "" : "i");
		} catch {
			wrong = true;
		}
		input.setAttribute("aria-invalid", wrong);
		input.title = wrong ? "This is not a regular expression" : "";
		clear.hidden = !input.value;
		count();
	};

	// ---- controls

	const make = (parent, tag, props) => {
		const e = document.createElementNS(HTML, tag);
		Object.assign(e, props);
		parent.append(e);
		return e;
	};
	const frame = document.createElementNS(SVG, "foreignObject");
	frame.setAttribute("x", margin);
	frame.setAttribute("y", svg.dataset.controls);
	frame.setAttribute("height", 30);
	const bar = make(frame, "div", { className: "bar" });
	const unzoom = make(bar, "button", { type: "button", className: "unzoom", hidden: true,
		textContent: "Reset zoom", title: "Escape" });
	const matched = make(bar, "output", { className: "matched" });
	const input = make(bar, "input", { type: "text", placeholder: "Search (Ctrl-F)",
		spellcheck: false, autocomplete: "off" });
	input.setAttribute("aria-label", "Search for functions by a regular expression");
	const clear = make(bar, "button", { type: "button", className: "clear", hidden: true,
		textContent: "Reset", title: "Forget the search" });
	box.before(frame);

	const forget = () => {
		input.value = "";
		search();
	};
	input.addEventListener("input", search);
	clear.addEventListener("click", () => { forget(); input.focus(); });
	unzoom.addEventListener("click", () => { zoom(root); focusOn(root); });

	// ---- mouse and keys

	// One frame at a time is in the order of the Tab key; arrows go from there.
	const focusOn = (f) => {
		focused.g.setAttribute("tabindex", -1);
		focused = f;
		f.g.setAttribute("tabindex", 0);
		f.g.focus({ preventScroll: false });
	};
	const beside = (f, step) => {
		for (let i = f.index + step; frames[i]; i += step)
			if (frames[i].depth === f.depth && frames[i].isShown)
				return frames[i];
		return null;
	};
	const widestAbove = (f) => frames.slice(f.index + 1, f.after)
		.filter((c) => c.parent === f && c.isShown)
		.reduce((best, c) => (!best || c.value > best.value ? c : best), null);

	box.addEventListener("click", (event) => {
		const f = frameOf(event);
		if (f) {
			zoom(f);
			focusOn(f);
			describe(f);
		}
	});
	box.addEventListener("mouseover", (event) => describe(frameOf(event)));
	box.addEventListener("mouseleave", () => describe(null));
	// Not on the box: an element that listens for it is a stop of the Tab key in Chromium.
	document.addEventListener("focusin", (event) => {
		const f = frameOf(event);
		if (f)
			describe(f);
	});
	box.addEventListener("keydown", (event) => {
		const f = frameOf(event) || focused;
		const up = isIcicle ? "ArrowDown" : "ArrowUp", down = isIcicle ? "ArrowUp" : "ArrowDown";
		let to = null;
		if (event.ctrlKey || event.metaKey || event.altKey)
			return;
		if (event.key === up)
			to = widestAbove(f);
		else if (event.key === down)
			to = f.parent;
		else if (event.key === "ArrowLeft")
			to = beside(f, -1);
		else if (event.key === "ArrowRight")
			to = beside(f, 1);
		else if (event.key === "Home")
			to = root;
		else if (event.key === "Enter" || event.key === " ")
			zoom(f);
		else
			return;
		event.preventDefault();
		if (to)
			focusOn(to);
		describe(to || f);
	});
	const keys = (event) => {
		const isFind = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f";
		// The second Ctrl-F is the browser's.
		if ((isFind || event.key === "/") && document.activeElement !== input) {
			event.preventDefault();
			input.focus();
			input.select();
		} else if (event.key === "Escape" && document.activeElement === input) {
			forget();
			focusOn(focused);
		} else if (event.key === "Escape") {
			if (zoomed !== root)
				zoom(root);
			else
				forget();
		}
	};
	// Alone in its window a picture takes all keys, within a page those that are for it.
	const isAlone = document.documentElement === svg;
	(isAlone ? window : svg).addEventListener("keydown", keys);

	// ---- for those who do not see it

	box.setAttribute("role", "tree");
	box.setAttribute("aria-label", "Stacks, from the root on");
	for (const f of frames) {
		f.g.setAttribute("role", "treeitem");
		f.g.setAttribute("aria-level", f.depth + 1);
		f.g.setAttribute("tabindex", f === root ? 0 : -1);
	}
	matched.setAttribute("aria-live", "polite");

	// ---- size

	const headings = Array.from(svg.querySelectorAll(".title, .subtitle"),
		(line) => ({ line, text: Array.from(line.textContent) }));
	const legend = svg.querySelector(".legend");
	const fitHeadings = () => {
		const room = width - 2 * margin;
		for (const { line, text } of headings) {
			let n = text.length;
			line.textContent = text.join("");
			while (n > 1 && line.getComputedTextLength() > room)
				line.textContent = text.slice(0, --n).join("") + "…";
		}
		if (legend)
			legend.style.transform = `scale(${Math.min(1, room / legend.getBBox().width)})`;
	};
	const resize = () => {
		if (isAlone && "fluid" in svg.dataset)
			width = Math.max(320, window.innerWidth);
		const height = svg.viewBox.baseVal.height;
		svg.setAttribute("width", width);
		svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
		frame.setAttribute("width", width - 2 * margin);
		fitHeadings();
		draw();
	};
	if (isAlone && "fluid" in svg.dataset)
		window.addEventListener("resize", resize);
	resize();
})();

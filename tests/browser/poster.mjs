// The page of a poster works from file:// without network: it shows the tiles, zooms, moves, logs no error, and the command that
// it shows makes the view around the cursor, to the pixel.
//
// node poster.mjs MANDEL CHROMIUM [FOLDER FOR SCREENSHOTS]

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

const [mandel, executablePath, screenshots] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "mandel-browser-"));
const render = (args) => execFileSync(resolve(mandel), ["render", "-q", "-f", ...args], { cwd: folder });

// A map that finds nothing in its view, so that a part of the picture has the colors that it has in the whole.
const look = ["--map", "cyclic", "-p", "#123,#fed,#a40,#123", "--light", "none"];
const posters = {
  "a valley": ["--at", "seahorse", "-s", "3000x2000", "-n", "1500"],
  // Beyond f64, and turned.
  deep: ["--at", "needle", "--rotate", "33.5", "-s", "1200x900"],
  stretched: ["--region", "-0.7480,-0.7426,0.1110,0.1170", "--aspect", "stretch", "-s", "1600x900", "-n", "1500"],
};

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 900, height: 640 } });
await context.setOffline(true);

/** The mean difference of the bytes of two pictures, the second moved by x and y, in a square around a point of each. */
async function difference(page, pictures, points, [x, y]) {
  const urls = pictures.map((png) => "data:image/png;base64," + png.toString("base64"));
  return page.evaluate(async ([urls, [[ax, ay], [bx, by]], x, y]) => {
    const SIDE = 160;
    const read = async (url, left, top) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      const canvas = new OffscreenCanvas(SIDE, SIDE).getContext("2d");
      canvas.drawImage(image, -left, -top);
      return canvas.getImageData(0, 0, SIDE, SIDE).data;
    };
    const one = await read(urls[0], ax - SIDE / 2, ay - SIDE / 2);
    const other = await read(urls[1], bx - SIDE / 2 + x, by - SIDE / 2 + y);
    return one.reduce((sum, byte, i) => sum + Math.abs(byte - other[i]), 0) / one.length;
  }, [urls, points, x, y]);
}

async function check(name, args) {
  const stem = name.replaceAll(" ", "-");
  render([...look, ...args, "-o", `${name}.dzi`]);
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("requestfailed", (request) => problems.push(`${request.url()} failed`));
  await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
  const settled = async () => {
    await page.waitForTimeout(700);
    await page.waitForFunction(() => viewer.world.getItemAt(0)?.getFullyLoaded());
  };
  const shown = async (step) => {
    await settled();
    const path = screenshots ? join(screenshots, `${stem}-${step}.png`) : undefined;
    return page.screenshot({ path });
  };
  const zoom = () => page.evaluate(() => viewer.viewport.getZoom());
  const line = () => page.inputValue("#line");

  await settled();
  const home = await shown("home");
  assert(await page.evaluate(() => viewer.drawer.getType()) === "canvas");
  const start = await zoom();
  // Something is drawn: not all pixels are alike.
  assert(await difference(page, [home, home], [[450, 290], [450, 290]], [5, 3]) > 0.2, `${name}: nothing is drawn`);

  // Keys and the wheel zoom; arrows and the mouse move.
  await page.keyboard.press("+");
  await settled();
  assert(await zoom() > start, `${name}: + zooms in`);
  await page.mouse.move(400, 300);
  await page.mouse.wheel(0, -240);
  await settled();
  const before = await page.evaluate(() => viewer.viewport.getCenter());
  await page.keyboard.press("ArrowRight");
  await page.mouse.down();
  await page.mouse.move(360, 280, { steps: 5 });
  await page.mouse.up();
  await settled();
  const after = await page.evaluate(() => viewer.viewport.getCenter());
  assert(after.x > before.x, `${name}: moves`);

  // A pixel of the window for each of the poster, and a cursor off its middle.
  await page.evaluate(() => { viewer.viewport.zoomTo(viewer.viewport.imageToViewportZoom(1), null, true); });
  const cursor = [517, 263];
  await page.mouse.move(...cursor);
  const view = await shown("view");
  const command = await line();
  assert(command.startsWith("mandel render "), command);
  const words = command.match(/"[^"]*"|\S+/g).slice(2).map((word) => word.replaceAll('"', ""));
  render([...words, "-o", "view.png"]);
  const made = readFileSync(join(folder, "view.png"));
  const [columns, rows] = words[words.indexOf("-s") + 1].split("x").map(Number);
  const points = [cursor, [columns / 2, rows / 2].map(Math.round)];
  const here = await difference(page, [view, made], points, [0, 0]);
  for (const by of [[2, 0], [-2, 0], [0, 2], [0, -2]]) {
    const there = await difference(page, [view, made], points, by);
    assert(here < there, `${name}: ${command}\n${here} where it should be, ${there} moved by ${by}`);
  }
  assert(here < 12, `${name}: ${command}\ndiffers by ${here}`);

  // A click keeps the command; Escape lets it go.
  await page.mouse.click(...cursor);
  await settled();
  const pinned = await line();
  await page.mouse.move(100, 100);
  assert.equal(await line(), pinned, `${name}: pinned`);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.click("#copy");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), pinned);
  await page.keyboard.press("Escape");
  await page.mouse.move(120, 130);
  assert.notEqual(await line(), pinned, `${name}: let go`);
  await page.keyboard.press("0");
  await settled();
  assert(Math.abs(await zoom() / start - 1) < 1e-6, `${name}: 0 shows all again`);
  assert.deepEqual(problems, [], name);
  console.log(`${name}: ok, ${here.toFixed(2)} of 255 between the window and ${command.slice(0, 100)}`);
  await page.close();
}

try {
  for (const [name, args] of Object.entries(posters)) await check(name, args);
  console.log(`${Object.keys(posters).length} passed, 0 failed`);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}

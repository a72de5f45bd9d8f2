// Builds ../static from this folder. `--check` builds aside and fails when the committed files differ.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const published = join(here, "..", "static");
const check = process.argv.includes("--check");
const target = check ? mkdtempSync(join(tmpdir(), "styles-")) : published;

function buildStyles(name) {
  const cli = join(here, "node_modules", "@tailwindcss", "cli", "dist", "index.mjs");
  const input = join(here, "css", `${name}.css`);
  execFileSync(process.execPath, [cli, "-i", input, "-o", join(target, `${name}.css`), "--minify"], {
    cwd: here,
    stdio: ["ignore", "ignore", "pipe"],
  });
}

function copyFonts() {
  const files = join(here, "node_modules", "@fontsource-variable", "inter", "files");
  mkdirSync(join(target, "fonts"), { recursive: true });
  for (const subset of ["latin", "latin-ext", "cyrillic", "greek", "vietnamese"]) {
    const name = `inter-${subset}-wght-normal.woff2`;
    cpSync(join(files, name), join(target, "fonts", name));
  }
  cpSync(join(here, "node_modules", "@fontsource-variable", "inter", "LICENSE"), join(target, "fonts", "LICENSE.txt"));
  const source = readFileSync(join(here, "node_modules", "@fontsource-variable", "inter", "index.css"), "utf8");
  const faces = source.match(/@font-face \{[^}]*\}/g).filter((face) => /inter-(latin|latin-ext|cyrillic|greek|vietnamese)-wght-normal/.test(face));
  const css = faces.join("\n").replaceAll("url(./files/", "url(./fonts/");
  writeFileSync(join(target, "fonts.css"), `/* Inter, SIL Open Font License 1.1: fonts/LICENSE.txt */\n${css}\n`);
}

function buildSprite() {
  const icons = JSON.parse(readFileSync(join(here, "icons.json"), "utf8"));
  const symbols = icons.sort().map((icon) => {
    const svg = readFileSync(join(here, "node_modules", "lucide-static", "icons", `${icon}.svg`), "utf8");
    const shapes = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
    return `<symbol id="${icon}" viewBox="0 0 24 24">${shapes.replace(/\s*\n\s*/g, "")}</symbol>`;
  });
  const note = "Icons by Lucide contributors, ISC licence; some from Feather, MIT licence.";
  writeFileSync(join(target, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg"><!-- ${note} -->\n${symbols.join("\n")}\n</svg>\n`);
}

function listFiles(folder, prefix = "") {
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = join(prefix, entry.name);
    return entry.isDirectory() ? listFiles(folder, path) : [path];
  });
}

mkdirSync(target, { recursive: true });
buildStyles("portal");
buildStyles("admin");
copyFonts();
buildSprite();

if (check) {
  const stale = listFiles(target).filter((path) => {
    const committed = join(published, path);
    return !existsSync(committed) || !readFileSync(committed).equals(readFileSync(join(target, path)));
  });
  rmSync(target, { recursive: true });
  if (stale.length > 0) {
    console.error(`Not fresh: ${stale.join(", ")}. Run 'npm run build' in branding/static_src and commit the result.`);
    process.exit(1);
  }
  console.log("Styles are fresh.");
}

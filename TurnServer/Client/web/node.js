// What Node loads: Node 18 has no global crypto, which draws the tokens.

import { webcrypto } from "node:crypto";

if (typeof crypto === "undefined") global.crypto = webcrypto;

export * from "./turn-client.js";
